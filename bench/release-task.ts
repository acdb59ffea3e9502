import { createRequire } from 'node:module';
import { digest, Simulation, update } from '../test/release-task/handler/simulation';

export interface ReleaseTaskCalls {
  readonly situation: string;
  readonly calls: readonly string[];
}

export interface ReleaseTaskCost {
  readonly calls: readonly ReleaseTaskCalls[];
  /** By type: what the first and each further release task of a stack add. */
  readonly first: Readonly<Record<string, number>>;
  readonly further: Readonly<Record<string, number>>;
}

const load = createRequire(__filename);

/** What it takes to answer CloudFormation, and what is in the template for it. */
export async function measureReleaseTask(): Promise<ReleaseTaskCost> {
  const [none, one, two] = [0, 1, 2].map(resourcesWith);
  return { calls: await countCalls(), first: difference(one, none), further: difference(two, one) };
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
  await ask('a rollback to it', 'UPDATE_ROLLBACK_IN_PROGRESS', update(id));
  await ask('a rollback to a release that is not on record', 'UPDATE_ROLLBACK_IN_PROGRESS', update(id, { ImageDigest: digest('other') }));
  return all;
}

/** As its users load it: compiled. */
function resourcesWith(releaseTasks: number): Record<string, number> {
  const { App, CfnResource, Stack } = load('aws-cdk-lib') as typeof import('aws-cdk-lib');
  const { PhasedFargateService, ReleaseTask } = load('..') as typeof import('../src');
  const stack = new Stack(new App({ analyticsReporting: false }), 'Stack');
  const { guard, service: { cluster } } = new PhasedFargateService(stack, 'Api');
  for (let number = 0; number < releaseTasks; number++) {
    new ReleaseTask(stack, `Task${number}`, { guard, cluster, command: ['node', 'migrate.js'] });
  }
  const counts: Record<string, number> = {};
  for (const { cfnResourceType } of stack.node.findAll().filter(CfnResource.isCfnResource)) {
    counts[cfnResourceType] = (counts[cfnResourceType] ?? 0) + 1;
  }
  return counts;
}

function difference(more: Record<string, number>, less: Record<string, number>): Record<string, number> {
  const added = Object.entries(more).map(([type, count]) => [type, count - (less[type] ?? 0)] as const);
  return Object.fromEntries(added.filter(([, count]) => count > 0).sort());
}
