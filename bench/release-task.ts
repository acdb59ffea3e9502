import { added, Resources, resourcesOf } from './resources';
import { digest, Simulation, update } from '../test/release-task/handler/simulation';

export interface ReleaseTaskCalls {
  readonly situation: string;
  readonly calls: readonly string[];
}

export interface ReleaseTaskCost {
  readonly calls: readonly ReleaseTaskCalls[];
  /** Resources that the first release task and each further release task add to a stack, by type. */
  readonly first: Resources;
  readonly further: Resources;
}

/** Counts the calls for each kind of request, and the resources in the template. */
export async function measureReleaseTask(): Promise<ReleaseTaskCost> {
  const [none, one, two] = [0, 1, 2].map(resourcesWith);
  return { calls: await countCalls(), first: added(one, none), further: added(two, one) };
}

async function countCalls(): Promise<ReleaseTaskCalls[]> {
  const aws = new Simulation();
  aws.ecs.plans.push({ provisioningMs: 10_000, runsMs: 30_000 });
  const { PhysicalResourceId: id } = await aws.request(update(''));
  const all = [{ situation: 'a release whose task runs for 40 s', calls: [...aws.actions] }];
  const ask = async (situation: string, status: string, message: object) => {
    aws.calls.length = 0;
    aws.stackStatus = status;
    await aws.request(message);
    all.push({ situation, calls: [...aws.actions] });
  };
  await ask('another deployment of the same release', 'UPDATE_IN_PROGRESS', update(id, { TaskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Migration:8' }));
  await ask('a rollback to that release', 'UPDATE_ROLLBACK_IN_PROGRESS', update(id));
  await ask('a rollback to a release that is not on record', 'UPDATE_ROLLBACK_IN_PROGRESS', update(id, { ImageDigest: digest('other') }));
  return all;
}

function resourcesWith(releaseTasks: number): Resources {
  return resourcesOf(({ PhasedFargateService, ReleaseTask }, stack) => {
    const { guard, service: { cluster } } = new PhasedFargateService(stack, 'Api');
    for (let number = 0; number < releaseTasks; number++) {
      new ReleaseTask(stack, `Task${number}`, { guard, cluster, command: ['node', 'migrate.js'] });
    }
  });
}
