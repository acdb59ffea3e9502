import { checkCommitOrder, oneAtATime, ORDER_PERMISSIONS } from './commit-order-step';
import { commands, logIn, setUp, summary } from './steps';
import { JobBody, Permissions } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { deploy, verify } from '../deploy-commands';
import { distinctImages, EnvironmentPlan, StackPlan } from '../deploy-plan';
import { ImagePlan, originOf } from '../image-plan';
import { imageVariable } from '../shell-calls';

const PERMISSIONS: Permissions = { ...ORDER_PERMISSIONS, 'id-token': 'write' };

/** Phase 1: deploys the registries. */
export function deployRegistriesJob(settings: WorkflowSettings, name: string, stacks: StackPlan[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.deployTimeout.toMinutes(),
    'permissions': PERMISSIONS,
    'concurrency': oneAtATime(stacks),
    'steps': [
      ...setUp(settings),
      checkCommitOrder(settings, name),
      logIn(settings, settings.deployRoleArn, stacks[0].region, settings.deployTimeout),
      { name: 'Deploy', run: deploy(settings.cdkCommand, stacks) },
    ],
  };
}

/** Phase 3: deploys the services of a stage, each with the tag and digest of its image. */
export function deployServicesJob(
  settings: WorkflowSettings, jobName: string, environment: EnvironmentPlan, buildJobOf: (image: ImagePlan) => string, rebuilds: string[],
): JobBody {
  const { name, deployRoleArn } = settings.environmentOf(environment);
  const label = name ?? (environment.stageName || 'services');
  const images = Object.fromEntries(distinctImages(environment).map(originOf).map((image) =>
    [imageVariable(image), `\${{ needs.${buildJobOf(image)}.outputs.tag }}@\${{ needs.${buildJobOf(image)}.outputs.digest }}`]));
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.deployTimeout.toMinutes(),
    'permissions': PERMISSIONS,
    'environment': name,
    'concurrency': oneAtATime(environment.stacks),
    'steps': [
      ...setUp(settings),
      checkCommitOrder(settings, jobName, rebuilds),
      logIn(settings, deployRoleArn, environment.stacks[0].region, settings.deployTimeout),
      { name: 'Deploy', env: environment.releases.length > 0 ? images : undefined, run: deploy(settings.cdkCommand, environment.stacks, environment.releases) },
      ...environment.releases.length > 0 ? [{
        name: 'Check the running images',
        env: images,
        run: commands(verify(environment.releases)),
      }, {
        name: 'Summarize',
        if: '${{ !cancelled() }}',
        env: { ...images, RESULT: '${{ job.status }}' },
        run: summary(['environment', 'stack', 'image', 'tag', 'digest', 'result'], environment.releases.map(({ stack, image }) => {
          const variable = imageVariable(originOf(image));
          return [label, stack.stackName, image.repositoryName, `\${${variable}%@*}`, `\${${variable}#*@}`, '$RESULT'];
        })),
      }] : [],
    ],
  };
}
