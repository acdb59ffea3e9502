import { ArnFormat, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ExecutionRole } from './execution-role';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { environmentOf } from './service-option-checks';
import { taskSize } from './task-size';
import { ImageGuard } from '../guard/image-guard';
import { references } from '../private/references';
import { isOverridden, renderedProperties } from '../private/rendered';
import { invalid, isKnown } from '../private/validation';

const DEFAULT_CONTAINER_PORT = 80;

/** Service Connect finds a port by its name. Users cannot add the name later, because ECS refuses two mappings of the same port. */
const PORT_NAME = 'app';

export interface ServiceTask {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly logGroup?: logs.ILogGroup;
}

/** A task definition with an `ExecutionRole`, which has the same logical ID as the role that aws-cdk-lib would create. */
class TaskDefinition extends ecs.FargateTaskDefinition {
  private createdRole?: ExecutionRole;

  /** @param roleResources see `ExecutionRole` */
  constructor(scope: Construct, id: string, props: ecs.FargateTaskDefinitionProps, private readonly roleResources: ReadonlyMap<string, string>) {
    super(scope, id, props);
  }

  public override get executionRole(): iam.IRole | undefined {
    return super.executionRole ?? this.createdRole;
  }

  public override obtainExecutionRole(): iam.IRole {
    return this.executionRole ?? (this.createdRole = new ExecutionRole(this, 'ExecutionRole', this.roleResources));
  }
}

/** Creates the task definition of a service, with the container that runs the guarded image. */
export function makeTaskDefinition(scope: Construct, props: GuardedFargateServiceProps, hasIngress: boolean): ServiceTask {
  const logGroup = props.logDriver ? undefined : makeLogGroup(scope, props);
  const taskDefinition = new TaskDefinition(scope, 'TaskDefinition', {
    family: props.family,
    ...taskSize(scope, props),
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    runtimePlatform: {
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
    },
    taskRole: props.taskRole,
    executionRole: props.executionRole,
  }, independentResources(props.guard, logGroup));
  const containerName = props.containerName ?? 'app';
  const port = props.containerPort ?? (hasIngress ? DEFAULT_CONTAINER_PORT : undefined);
  const container = taskDefinition.addContainer('Container', {
    containerName,
    image: props.guard.image,
    command: props.command,
    entryPoint: props.entryPoint,
    workingDirectory: props.workingDirectory,
    user: props.user,
    environment: environmentOf(props),
    environmentFiles: props.environmentFiles?.map((file, index) => new GrantedEnvironmentFile(file, index, taskDefinition)),
    dockerLabels: props.dockerLabels,
    readonlyRootFilesystem: props.readonlyRootFilesystem,
    secrets: props.secrets,
    linuxParameters: props.linuxParameters,
    ulimits: props.ulimits,
    stopTimeout: props.stopTimeout,
    healthCheck: props.healthCheck,
    portMappings: port === undefined ? [] : [{ containerPort: port, name: PORT_NAME }],
    logging: props.logDriver ?? ecs.LogDriver.awsLogs({ logGroup, streamPrefix: containerName }),
  });
  return { taskDefinition, container, logGroup };
}

/**
 * The policy of a repository in the same stack can refer to the execution role. The log group waits for the guard, and thus
 * for that repository.
 */
function independentResources(guard: ImageGuard, logGroup?: logs.LogGroup): Map<string, string> {
  const resources = new Map<string, string>();
  const { repositoryArn } = guard._repository;
  if (references(guard, [repositoryArn]).length > 0) return resources;
  resources.set(repositoryArn, repositoryArn);
  return logGroup ? resources.set(logGroup.logGroupArn, independentArn(logGroup)) : resources;
}

/**
 * The key of an encrypted log group can also encrypt a secret, and then its policy refers to the execution role. The role
 * therefore identifies such a log group by its name. CloudFormation starts a generated name with the name of the stack and
 * the logical ID.
 *
 * @see https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-logs/pull/32
 */
function independentArn(logGroup: logs.LogGroup): string {
  const { stack } = logGroup;
  const resource = logGroup.node.defaultChild as logs.CfnLogGroup;
  return Lazy.string({
    produce: () => {
      if (!resource.kmsKeyId && !isOverridden(resource)) return logGroup.logGroupArn;
      const { KmsKeyId, LogGroupName } = renderedProperties(resource);
      if (!KmsKeyId) return logGroup.logGroupArn;
      const name = LogGroupName === undefined ? `${stack.stackName}-${stack.getLogicalId(resource)}-*` : Token.asString(LogGroupName);
      return stack.formatArn({ service: 'logs', resource: 'log-group', resourceName: `${name}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    },
  });
}

function makeLogGroup(scope: Construct, { guard, logRetention }: GuardedFargateServiceProps): logs.LogGroup {
  const logGroup = new logs.LogGroup(scope, 'LogGroup', {
    retention: logRetention ?? logs.RetentionDays.ONE_MONTH,
    // A failed first deployment deletes all other resources, and these logs explain the failure.
    removalPolicy: RemovalPolicy.RETAIN,
  });
  logGroup.node.addDependency(guard);
  return logGroup;
}

/**
 * An environment file with read permission for the execution role, which aws-cdk-lib does not grant. Each file has its own
 * scope.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
 */
class GrantedEnvironmentFile extends ecs.EnvironmentFile {
  constructor(private readonly file: ecs.EnvironmentFile, private readonly index: number, private readonly taskDefinition: ecs.TaskDefinition) {
    super();
  }

  public bind(scope: Construct): ecs.EnvironmentFileConfig {
    const config = this.file.bind(new Construct(scope, `EnvironmentFile${this.index + 1}`));
    const { bucketName, objectKey } = config.s3Location;
    if (isKnown(objectKey) && !objectKey.endsWith('.env')) {
      // The error shows the path of a local file. Its object key is a hash, which users do not know.
      const { path = objectKey } = this.file as Partial<ecs.AssetEnvironmentFile>;
      throw invalid(this.taskDefinition.node.scope!, `environmentFiles[${this.index}] ${path} ` + (path.endsWith('.env')
        ? 'loses its extension when aws-cdk-lib uploads it: give the file a name before .env, such as app.env'
        : 'does not end with .env: ECS accepts no other files'));
    }
    const { partition } = Stack.of(scope);
    const bucket = `arn:${partition}:s3:::${bucketName}`;
    this.taskDefinition.addToExecutionRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [bucket] }));
    this.taskDefinition.addToExecutionRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [`${bucket}/${objectKey}`] }));
    return config;
  }
}
