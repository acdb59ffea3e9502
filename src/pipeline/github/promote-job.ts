import { commands, logIn, logInToRegistry, summary } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { ImagePlan } from '../image-plan';
import { copy } from '../shell-calls';

/** Copies an image by its digest to the registry of the next stage, before that stage is deployed. */
export function promoteJob(settings: WorkflowSettings, image: ImagePlan, origin: ImagePlan, buildJob: string): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { 'id-token': 'write' },
    'environment': settings.buildEnvironment,
    'concurrency': { 'group': `${settings.name}-promote-${image.id}-\${{ github.sha }}`, 'cancel-in-progress': false },
    'steps': [
      logIn(settings, settings.pushRoleArn, origin.region, settings.buildTimeout),
      logInToRegistry(settings, origin),
      logInToRegistry(settings, image),
      {
        'name': 'Copy the image',
        // This job does not check out the repository.
        'working-directory': settings.appDirectory === '.' ? undefined : '.',
        'env': { TAG: `\${{ needs.${buildJob}.outputs.tag }}`, DIGEST: `\${{ needs.${buildJob}.outputs.digest }}` },
        'run': commands(copy(origin, image, { digest: '$DIGEST', tag: '$TAG' }), summary(['image', 'tag', 'digest', 'from'], [
          [image.repositoryName, '$TAG', '$DIGEST', `${origin.repositoryName} (${origin.account}, ${origin.region})`],
        ]).trimEnd()),
      },
    ],
  };
}
