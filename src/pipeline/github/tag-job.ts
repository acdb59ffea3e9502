import { keepOrder, ORDER_PERMISSIONS } from './commit-order';
import { commands, logIn, logInToRegistry, setUpNode } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { addTags } from '../image-commands';
import { ImagePlan } from '../image-plan';

/** Gives an image its further tags. As these may move, an older commit must not do so after a newer one. */
export function tagJob(settings: WorkflowSettings, name: string, image: ImagePlan, buildJob: string, rebuilds: string[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { ...ORDER_PERMISSIONS, 'id-token': 'write' },
    'environment': settings.buildEnvironment,
    'concurrency': { 'group': `tag-${image.repositoryUri}`, 'cancel-in-progress': false },
    'steps': [
      setUpNode(settings),
      keepOrder(settings, name, rebuilds),
      logIn(settings, settings.pushRoleArn, image.region, settings.buildTimeout),
      logInToRegistry(settings, image),
      {
        'name': 'Set further tags',
        // Nothing is checked out here.
        'working-directory': settings.appDirectory === '.' ? undefined : '.',
        'env': { DIGEST: `\${{ needs.${buildJob}.outputs.digest }}` },
        'run': commands(...addTags(image, '$DIGEST')),
      },
    ],
  };
}
