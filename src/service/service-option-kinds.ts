import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { TaskOptions } from './task-options';
import { ImageGuard } from '../guard/image-guard';
import {
  anyFlag, anyNumber, anyText, durationIn, instance, Kind, Kinds, listOf, mapOf, oneOf, structOf,
} from '../private/option-kinds';
import { shown } from '../private/validation';

const aGuard: Kind = (name, value) => typeof value === 'object' && value !== null && ImageGuard.isImageGuard(value as ImageGuard)
  ? undefined
  : `${name} ${shown(value)} is not an ImageGuard: pass new ImageGuard(this, 'Guard', { registry })`;

export const aSubnetSelection = structOf({}, {
  subnetType: oneOf(...Object.values(ec2.SubnetType)),
  availabilityZones: listOf(anyText),
  onePerAz: anyFlag,
  subnetGroupName: anyText,
  subnetFilters: listOf(instance('an ec2.SubnetFilter', 'selectSubnets')),
  subnets: listOf(instance('an ec2.ISubnet', 'subnetId')),
});

/** ECS has two more strategies than the minimum aws-cdk-lib. */
const STRATEGIES = ['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'];

/** A class, interface, or enum for each option, as the types declare it. */
export const TASK_OPTION_KINDS: Kinds<TaskOptions> = {
  cpu: anyNumber,
  memoryLimitMiB: anyNumber,
  cpuArchitecture: instance('an ecs.CpuArchitecture', '_cpuArchitecture'),
  ephemeralStorageGiB: anyNumber,
  platformVersion: anyText,
  family: anyText,
  taskRole: instance('an iam.IRole', 'roleArn', 'grantPrincipal'),
  executionRole: instance('an iam.IRole', 'roleArn', 'grantPrincipal'),
  containerName: anyText,
  entryPoint: listOf(anyText),
  workingDirectory: anyText,
  user: anyText,
  environment: mapOf(anyText),
  environmentFiles: listOf(instance('an ecs.EnvironmentFile', 'bind')),
  secrets: mapOf(instance('an ecs.Secret', 'arn', 'grantRead')),
  imageInEnvironment: anyFlag,
  dockerLabels: mapOf(anyText),
  readonlyRootFilesystem: anyFlag,
  linuxParameters: instance('an ecs.LinuxParameters', 'renderLinuxParameters'),
  ulimits: listOf(structOf({ name: oneOf(...Object.values(ecs.UlimitName)), softLimit: anyNumber, hardLimit: anyNumber })),
  stopTimeout: durationIn('seconds'),
  logRetention: oneOf(...Object.values(logs.RetentionDays).filter((value): value is number => typeof value === 'number')),
  logDriver: instance('an ecs.LogDriver', 'bind'),
};

export const SERVICE_OPTION_KINDS: Kinds<GuardedFargateServiceProps> = {
  guard: aGuard,
  cluster: instance('an ecs.ICluster', 'clusterName', 'vpc'),
  vpc: instance('an ec2.IVpc', 'vpcId', 'selectSubnets'),
  natGateways: anyNumber,
  serviceName: anyText,
  scaling: instance('a Scaling, such as Scaling.exactly(1)', '_desiredCount'),
  ingress: instance('an Ingress, such as Ingress.internetFacing()', '_bind'),

  ...TASK_OPTION_KINDS,
  containerPort: anyNumber,
  command: listOf(anyText),
  healthCheck: structOf({ command: listOf(anyText) }, {
    interval: durationIn('seconds'), timeout: durationIn('seconds'), retries: anyNumber, startPeriod: durationIn('seconds'),
  }),

  deploymentStrategy: oneOf(...STRATEGIES),
  bakeTime: durationIn('minutes'),
  canaryPercent: anyNumber,
  canaryBakeTime: durationIn('minutes'),
  linearStepPercent: anyNumber,
  linearStepBakeTime: durationIn('minutes'),
  lifecycleHooks: listOf(instance('a hook, such as an ecs.DeploymentLifecycleLambdaTarget', 'bind')),
  rollbackOn: listOf(instance('an alarm, such as RollbackAlarm.serverErrors({ percent: 1 })', 'renderAlarmRule')),
  circuitBreaker: structOf({}, { enable: anyFlag, rollback: anyFlag }),
  circuitBreakerFailureCount: anyNumber,
  circuitBreakerResetOnHealthyTask: anyFlag,
  failureTopic: instance('an sns.ITopic', 'topicArn', 'grantPublish'),
  minHealthyPercent: anyNumber,
  maxHealthyPercent: anyNumber,
  healthCheckGracePeriod: durationIn('seconds'),

  capacityProviderStrategies: listOf(structOf({ capacityProvider: anyText }, { base: anyNumber, weight: anyNumber })),
  availabilityZoneRebalancing: oneOf(...Object.values(ecs.AvailabilityZoneRebalancing)),
  propagateTags: oneOf(...Object.values(ecs.PropagatedTagSource)),
  enableECSManagedTags: anyFlag,
  cloudMapOptions: structOf({}, {
    name: anyText,
    cloudMapNamespace: instance('an INamespace of Cloud Map', 'namespaceId', 'namespaceName'),
    dnsRecordType: oneOf('A', 'AAAA', 'A, AAAA', 'SRV', 'CNAME'),
    dnsTtl: durationIn('seconds'),
    failureThreshold: anyNumber,
    container: instance('an ecs.ContainerDefinition', 'containerName'),
    containerPort: anyNumber,
  }),
  enableExecuteCommand: anyFlag,
  taskSubnets: aSubnetSelection,
  assignPublicIp: anyFlag,
  securityGroups: listOf(instance('an ec2.ISecurityGroup', 'securityGroupId')),
};
