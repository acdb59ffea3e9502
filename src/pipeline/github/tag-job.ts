import { checkCommitOrder, ORDER_PERMISSIONS } from './commit-order-step';
import { commands, logIn, logInToRegistry, setUpNode } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { ImagePlan } from '../image-plan';
import { addTags } from '../shell-calls';

/** Sets the additional tags of an image. These tags can move, so an older commit must not set them after a newer commit. */
export function tagJob(settings: WorkflowSettings, name: string, image: ImagePlan, buildJob: string, rebuilds: string[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { ...ORDER_PERMISSIONS, 'id-token': 'write' },
    'environment': settings.buildEnvironment,
    'concurrency': { 'group': `tag-${image.repositoryUri}`, 'cancel-in-progress': false },
    'steps': [
      setUpNode(settings),
      checkCommitOrder(settings, name, rebuilds),
      logIn(settings, settings.pushRoleArn, image.region, settings.buildTimeout),
      logInToRegistry(settings, image),
      {
        'name': 'Set further tags',
        // This job does not check out the repository.
        'working-directory': settings.appDirectory === '.' ? undefined : '.',
        'env': { DIGEST: `\${{ needs.${buildJob}.outputs.digest }}` },
        'run': commands(...addTags(image, '$DIGEST')),
      },
    ],
  };
}
