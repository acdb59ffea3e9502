import { lines, logIn, summary } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { copy } from '../image-commands';
import { ImagePlan } from '../image-plan';
import { functions } from '../shell';

/** Between the stages: copies an image by its digest to the registry of the stage that comes next. */
export function promoteJob(settings: WorkflowSettings, image: ImagePlan, origin: ImagePlan, buildJob: string): JobBody {
  const run = copy(origin, image, { digest: '$DIGEST', tag: '$TAG' });
  return {
    'name': `Promote ${image.repositoryName}`,
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { 'id-token': 'write' },
    'environment': settings.buildEnvironment,
    'concurrency': { 'group': `deploy-promote-${image.id}-\${{ github.sha }}`, 'cancel-in-progress': false },
    'steps': [
      logIn(settings, settings.pushRoleArn, origin.region),
      ...[origin, image].map(({ account, region }) => settings.actions.step('aws-actions/amazon-ecr-login', {
        name: `Log in to the registry of ${account} in ${region}`,
        // The action asks in the region of the environment.
        env: { AWS_REGION: region },
        with: { registries: account },
      })),
      {
        'name': 'Copy the image',
        // Nothing is checked out here.
        'working-directory': '.',
        'env': { TAG: `\${{ needs.${buildJob}.outputs.tag }}`, DIGEST: `\${{ needs.${buildJob}.outputs.digest }}` },
        'run': lines(
          functions(run),
          run,
          summary(['image', 'tag', 'digest', 'from'], [[image.repositoryName, '$TAG', '$DIGEST', `${origin.repositoryName} (${origin.account}, ${origin.region})`]]).trimEnd(),
        ),
      },
    ],
  };
}
