import { GuardedFargateService, ImageGuard } from '@org/phased-fargate';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** A service with an OpenTelemetry collector and a log router as sidecars, and files that outlive its tasks. */
export class Observed extends Construct {
  public readonly service: GuardedFargateService;

  constructor(scope: Construct, id: string, { guard, cluster }: { guard: ImageGuard; cluster: ecs.ICluster }) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const routing = { region: logGroup.env.region, log_group_name: logGroup.logGroupName, log_stream_prefix: 'app-' };

    this.service = new GuardedFargateService(this, 'Service', {
      guard,
      cluster,
      cpu: 512,
      memoryLimitMiB: 1024,
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
      logDriver: ecs.LogDrivers.firelens({ options: { Name: 'cloudwatch_logs', ...routing } }),
    });
    const { taskDefinition, container } = this.service;
    logGroup.grantWrite(taskDefinition.taskRole);

    // Datadog works the same way: image public.ecr.aws/datadog/agent:7, ECS_FARGATE=true, and DD_API_KEY as a secret.
    const collector = taskDefinition.addContainer('Collector', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3'),
      command: ['--config=/etc/ecs/ecs-default-config.yaml'],
      essential: false,
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'collector' }),
    });
    container.addContainerDependencies({ container: collector, condition: ecs.ContainerDependencyCondition.START });
    taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
      resources: ['*'],
    }));
    // Its default configuration sends metrics to this log group, in the embedded metric format.
    const metrics = Stack.of(this).formatArn({
      service: 'logs', resource: 'log-group', resourceName: '/aws/ecs/application/metrics:*', arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [metrics],
    }));

    taskDefinition.addFirelensLogRouter('LogRouter', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.17'),
      firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT },
      memoryReservationMiB: 64,
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'router' }),
    });

    // Keeps the file system, unless the deployment that creates it fails.
    const files = new efs.FileSystem(this, 'Files', { vpc: cluster.vpc, encrypted: true, removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE });
    const accessPoint = files.addAccessPoint('Data', {
      path: '/data',
      createAcl: { ownerUid: '1000', ownerGid: '1000', permissions: '750' },
      posixUser: { uid: '1000', gid: '1000' },
    });
    taskDefinition.addVolume({
      name: 'data',
      efsVolumeConfiguration: {
        fileSystemId: files.fileSystemId,
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: accessPoint.accessPointId, iam: 'ENABLED' },
      },
    });
    container.addMountPoints({ sourceVolume: 'data', containerPath: '/data', readOnly: false });
    files.grantReadWrite(this.service);
    files.connections.allowDefaultPortFrom(this.service);
    // Tasks need the file system when they start. Only the ECS service depends on it: a dependency of its security group would be circular.
    this.service.ecsService.node.findChild('Service').node.addDependency(files);
  }
}
