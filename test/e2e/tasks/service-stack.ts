import { setTimeout as sleep } from 'node:timers/promises';
import { Aws } from '../../emulator/aws';
import { ACCOUNT, Emulator, EmulatorOptions, REGION } from '../../emulator/emulator';
import { pushImage, pushIndex } from '../../emulator/oci';
import { Program } from '../../emulator/programs';

const REPOSITORY = 'app';
export const URI = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${REPOSITORY}`;
export const PLATFORM = 'linux/amd64';
const SERVICE = 'service';

export interface ServiceOptions {
  /** Tag of the image. */
  readonly tag: string;
  /** Port that the target group checks. Without one there is no load balancer. */
  readonly port?: number;
  readonly tasks?: number;
  /** Further properties of container, service and target group in the terms of CloudFormation. */
  readonly container?: object;
  readonly service?: object;
  readonly targetGroup?: object;
  readonly deployment?: object;
  readonly moreContainers?: object[];
}

export const BREAKER = { DeploymentCircuitBreaker: { Enable: true, Rollback: true } };

/** A service in plain CloudFormation, to test the emulator. */
export class ServiceStack {
  public static async start(options?: EmulatorOptions): Promise<ServiceStack> {
    const emulator = await Emulator.start(options);
    const stack = new ServiceStack(emulator);
    await stack.aws.ecr('CreateRepository', { repositoryName: REPOSITORY });
    return stack;
  }

  public readonly aws: Aws;

  private serial = 0;

  private constructor(public readonly emulator: Emulator) {
    this.aws = new Aws(emulator);
  }

  public async push(tag: string, content: Program, platform = PLATFORM): Promise<string> {
    return pushImage(this.emulator, { repository: REPOSITORY, tag, content, platform });
  }

  /** Pushes an image with this single layer, valid or not. */
  public async pushLayer(tag: string, layer: Buffer): Promise<string> {
    return pushImage(this.emulator, { repository: REPOSITORY, tag, content: { files: {}, config: { Cmd: ['/app'] } }, platform: PLATFORM, layer });
  }

  public async pushIndex(tag: string, content: Program, ...platforms: string[]): Promise<string> {
    return pushIndex(this.emulator, { repository: REPOSITORY, tag, content, platforms });
  }

  /** Continues with a new stack and new resources. The previous one is deleted meanwhile. */
  public async renew(): Promise<void> {
    if (await this.status() !== undefined) await this.aws.cloudFormation('DeleteStack', { StackName: this.name });
    this.serial++;
  }

  /** Creates or updates the stack. Returns its final status. */
  public async deploy(options: ServiceOptions): Promise<string | undefined> {
    await this.beginDeploy(options);
    return this.end();
  }

  public async beginDeploy(options: ServiceOptions): Promise<void> {
    const operation = await this.status() === undefined ? 'CreateStack' : 'UpdateStack';
    await this.aws.cloudFormation(operation, { StackName: this.name, TemplateBody: JSON.stringify(template(this.name, options)) });
  }

  /** Waits until the stack is done. Returns its final status. */
  public async end(): Promise<string | undefined> {
    let status = await this.status();
    while (status?.endsWith('_IN_PROGRESS')) {
      await sleep(100);
      status = await this.status();
    }
    return status;
  }

  public async delete(): Promise<void> {
    if (await this.status() === undefined) return;
    await this.aws.cloudFormation('DeleteStack', { StackName: this.name });
    await this.end();
  }

  public async status(): Promise<string | undefined> {
    return this.aws.stackStatus(this.name).catch(() => undefined);
  }

  /** Reason of the latest failure of the service. */
  public async failure(): Promise<string> {
    const events = await this.aws.stackEvents(this.name);
    const failed = events.filter(({ logicalId, status }) => logicalId === 'Service' && status.endsWith('_FAILED')).at(-1);
    return failed!.reason.replace(/&quot;/g, '"').replace(/&#x27;/g, "'");
  }

  public async service(): Promise<any> {
    return this.aws.describeService(this.name, SERVICE);
  }

  /** Messages of the service, oldest first, without generated ids. */
  public async messages(): Promise<string[]> {
    const { events } = await this.service();
    return events.map(({ message }: { message: string }) => message.replace(/\((task|deployment|target-group) \S+?\)/g, '($1)')).reverse();
  }

  public async runningTasks(): Promise<any[]> {
    return this.aws.tasks(this.name);
  }

  public async stoppedTasks(): Promise<any[]> {
    const tasks = await this.aws.tasks(this.name, 'STOPPED');
    return tasks.filter(({ lastStatus }) => lastStatus === 'STOPPED');
  }

  /** How tasks stopped by themselves, without duplicates. */
  public async ends(): Promise<{ code: string; reason: string; exitCode?: number }[]> {
    const ends = (await this.stoppedTasks()).map(({ stopCode, stoppedReason, containers }) => ({
      code: stopCode,
      reason: stoppedReason.replace(/\(target-group \S+?\)/g, '(target-group)'),
      exitCode: containers[0].exitCode,
    }));
    return [...new Map(ends.map((end) => [JSON.stringify(end), end])).values()].filter(({ reason }) => !/^(Scaling|Service deleted)/.test(reason));
  }

  public async updateService(input: object): Promise<void> {
    await this.aws.ecs('UpdateService', { cluster: this.name, service: SERVICE, ...input });
  }

  /** Lines printed by the containers. */
  public async logs(): Promise<string[]> {
    return this.aws.logLines(this.name);
  }

  /** Events of this stack that EventBridge has delivered. The previous stack may still be under deletion. */
  public async events(): Promise<any[]> {
    const events = (await this.aws.logLines(`${this.name}-events`)).map((line) => JSON.parse(line));
    return events.filter(({ resources: [arn] }) => arn.includes(`/${this.name}/`));
  }

  /** Answer to a client of the load balancer. */
  public async get(path = '/'): Promise<{ status: number; text: string }> {
    const host = (await this.aws.loadBalancerHosts()).find((name) => name.startsWith(`${this.name}-`))!;
    return this.aws.get(host, path);
  }

  private get name(): string {
    return `stack${this.serial}`;
  }
}

function template(name: string, options: ServiceOptions): object {
  const { tag, port, tasks = 1, container, service, targetGroup, deployment = BREAKER, moreContainers = [] } = options;
  const logging = { LogDriver: 'awslogs', Options: { 'awslogs-group': { Ref: 'Log' }, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'app' } };
  const resource = (Type: string, Properties: object, DependsOn: string[] = []) => ({ Type, Properties, DependsOn });
  // A failed creation leaves its resources for inspection.
  const kept = (Type: string, Properties: object) => ({ Type, Properties, DeletionPolicy: 'Retain' });
  return {
    Resources: {
      Cluster: kept('AWS::ECS::Cluster', { ClusterName: name }),
      Log: kept('AWS::Logs::LogGroup', { LogGroupName: name }),
      Events: kept('AWS::Logs::LogGroup', { LogGroupName: `${name}-events` }),
      Rule: resource('AWS::Events::Rule', {
        EventPattern: { source: ['aws.ecs'] },
        Targets: [{ Id: 'log', Arn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}-events` }],
      }, ['Events']),
      TaskDefinition: resource('AWS::ECS::TaskDefinition', {
        Family: name,
        Cpu: '256',
        Memory: '512',
        NetworkMode: 'awsvpc',
        RequiresCompatibilities: ['FARGATE'],
        ContainerDefinitions: [
          {
            Name: 'app',
            Image: `${URI}:${tag}`,
            Essential: true,
            LogConfiguration: logging,
            ...port && { PortMappings: [{ ContainerPort: port }] },
            ...container,
          },
          ...moreContainers.map((more) => ({ LogConfiguration: logging, ...more })),
        ],
      }),
      Service: resource('AWS::ECS::Service', {
        ServiceName: SERVICE,
        Cluster: { Ref: 'Cluster' },
        TaskDefinition: { Ref: 'TaskDefinition' },
        LaunchType: 'FARGATE',
        DesiredCount: tasks,
        DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 200, ...deployment },
        ...port && {
          HealthCheckGracePeriodSeconds: 60,
          LoadBalancers: [{ ContainerName: 'app', ContainerPort: port, TargetGroupArn: { Ref: 'TargetGroup' } }],
        },
        ...service,
      }, port ? ['Rule', 'Listener'] : ['Rule']),
      ...port && {
        Vpc: resource('AWS::EC2::VPC', { CidrBlock: '10.0.0.0/16' }),
        LoadBalancer: resource('AWS::ElasticLoadBalancingV2::LoadBalancer', { Name: `${name}-lb` }),
        TargetGroup: resource('AWS::ElasticLoadBalancingV2::TargetGroup', {
          TargetType: 'ip',
          Port: port,
          Protocol: 'HTTP',
          VpcId: { Ref: 'Vpc' },
          TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '60' }],
          ...targetGroup,
        }),
        Listener: resource('AWS::ElasticLoadBalancingV2::Listener', {
          LoadBalancerArn: { Ref: 'LoadBalancer' }, Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: 'TargetGroup' } }],
        }),
      },
    },
  };
}
