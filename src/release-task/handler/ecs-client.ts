import { Run } from './request';
import { askJson, AwsError, endpoint, Service } from '../../handler/runtime/aws-client';
import { NetworkError } from '../../handler/runtime/http';
import { Redact } from '../../handler/runtime/redaction';
import { Runtime } from '../../handler/runtime/runtime';
import { commonTrouble, CommonTrouble } from '../../handler/runtime/trouble';
import { RUN_ACTIONS, TASK_ACTIONS } from '../contract';

type Action = (typeof RUN_ACTIONS | typeof TASK_ACTIONS)[number];

/** Derived from the permissions of the role, so the handler can only call granted operations. */
type Operation = Action extends `ecs:${infer Name}` ? Name : never;

/** A container, as ECS describes it. */
export interface Container {
  readonly name?: string;
  readonly exitCode?: number | null;
  readonly reason?: string;
}

/** A task, as ECS describes it. */
export interface Task {
  readonly taskArn: string;
  readonly lastStatus?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** In seconds since 1970. */
  readonly createdAt?: number | string;
  readonly containers?: readonly Container[];
}

/** ECS has accepted the request but did not find capacity for the task. */
export class NotPlaced extends Error {}

/** The ECS operations of the release task, in one cluster. Every method can throw an error that `troubleOf` explains. */
export interface EcsClient {
  /** Starts the task of this request, or finds the task that an earlier delivery of the same request has started. */
  runTask(): Promise<Task>;

  /** Undefined if ECS does not know the task: not yet, or no longer. */
  describeTask(taskArn: string): Promise<Task | undefined>;

  /** Sends SIGTERM, and then SIGKILL after the stop timeout of the container. */
  stopTask(taskArn: string, reason: string): Promise<void>;
}

const TARGET = 'AmazonEC2ContainerServiceV20141113';

interface Tasks {
  readonly tasks?: readonly Task[];
  readonly failures?: ReadonlyArray<{ readonly reason?: string; readonly detail?: string }>;
}

export function ecsClient(runtime: Runtime, redact: Redact, run: Run): EcsClient {
  const service: Service = {
    name: 'ecs',
    region: run.region,
    url: endpoint(runtime, 'ECS', `https://ecs.${run.region}.${run.domain}`),
    runtime,
    redact,
  };
  const ask = async (operation: Operation, input: object): Promise<Tasks> =>
    await askJson(service, TARGET, operation, { cluster: run.cluster, ...input }) as Tasks;

  async function runTask(): Promise<Task> {
    const { tasks: [task] = [], failures = [] } = await ask('RunTask', {
      taskDefinition: run.taskDefinition,
      launchType: 'FARGATE',
      platformVersion: run.platformVersion,
      count: 1,
      networkConfiguration: {
        awsvpcConfiguration: { subnets: run.subnets, securityGroups: run.securityGroups, assignPublicIp: run.assignPublicIp },
      },
      clientToken: run.clientToken,
      startedBy: run.startedBy,
    }).catch(knownByToken);
    if (task) return task;
    const why = failures.map(({ reason, detail }) => redact([reason, detail].filter((part) => part).join(': ')));
    throw new NotPlaced(why.join('; ') || 'ECS started no task and gave no reason');
  }

  async function describeTask(taskArn: string): Promise<Task | undefined> {
    const { tasks: [task] = [] } = await ask('DescribeTasks', { tasks: [taskArn] });
    return task;
  }

  async function stopTask(task: string, reason: string): Promise<void> {
    await ask('StopTask', { task, reason });
  }

  return { runTask, describeTask, stopTask };
}

/** An earlier delivery of the same request has started the task, but ECS no longer recognizes the requests as equal. */
function knownByToken(error: unknown): Tasks {
  const taskArn = error instanceof AwsError && error.code === 'ConflictException' && Array.isArray(error.details.resourceIds)
    ? error.details.resourceIds[0]
    : undefined;
  if (typeof taskArn !== 'string') throw error;
  return { tasks: [{ taskArn }] };
}

/** Reason of a failed call. Its kind determines whether a retry makes sense. */
export interface Trouble {
  readonly kind: CommonTrouble | 'noPlace' | 'refused';
  /** The IAM action of the call. */
  readonly action?: string;
  readonly message: string;
}

/** A new role takes time to propagate. Until then, ECS reports an invalid request. */
const ROLE_NOT_KNOWN = /unable to assume|service.linked role/i;

/** ECS passes on errors of EC2 as an invalid parameter, even if EC2 was only throttling. */
const FROM_EC2 = /\(ErrorCode: (\w+)\)/;

export function troubleOf(error: unknown): Trouble {
  if (error instanceof NetworkError) return { kind: 'unavailable', message: error.message };
  if (error instanceof NotPlaced) return { kind: 'noPlace', action: 'ecs:RunTask', message: error.message };
  if (!(error instanceof AwsError)) throw error;

  const { action, code, status } = error;
  const message = error.message === code ? code : `${code}: ${error.message}`;
  const [, codeOfEc2 = ''] = FROM_EC2.exec(error.message) ?? [];
  const kind = ROLE_NOT_KNOWN.test(error.message) ? 'denied' : commonTrouble(code, status) ?? commonTrouble(codeOfEc2, status) ?? 'refused';
  return { kind, action, message };
}
