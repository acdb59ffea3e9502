import { CfnResource, DefaultTokenResolver, IResolvable, IResolveContext, StringConcat, Tokenization } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { cloudMapWith, shiftsTraffic, strategyOf } from './service-option-checks';
import { isKnown, shown } from '../private/validation';

/**
 * Strategies that need a load balancer or Service Connect.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment-implementation.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/linear-deployment-implementation.html
 */
const IN_STEPS = ['LINEAR', 'CANARY'];

/** Properties of `linuxParameters` that Fargate does not support. */
const NOT_ON_FARGATE = ['devices', 'sharedMemorySize', 'maxSwap', 'swappiness'];

/** @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html */
const CAPABILITY_ON_FARGATE = 'SYS_PTRACE';

/** @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html */
const LOG_DRIVERS = ['awslogs', 'awsfirelens', 'splunk'];

/**
 * Finds errors in a service that are known only when the app is complete. Until then, load balancers, Cloud Map, devices,
 * and capacity can be added.
 */
export function* faultsAtSynthesis(service: ecs.FargateService, props: GuardedFargateServiceProps): Generator<string> {
  const { loadBalancers, serviceConnectConfiguration, serviceRegistries } = service.node.findChild('Service') as ecs.CfnService;
  if (props.healthCheckGracePeriod && !props.healthCheck && !service.stack.resolve(loadBalancers)) {
    yield 'healthCheckGracePeriod is set, but the service has no health checks: pass an ingress other than Ingress.none(), attach a load balancer ' +
      'to ecsService, or pass a healthCheck';
  }
  const strategy = strategyOf(props);
  if (shiftsTraffic(props) && service.stack.resolve(serviceRegistries)) yield cloudMapWith(strategy);
  if (IN_STEPS.includes(strategy) && !service.stack.resolve(loadBalancers) && !service.stack.resolve(serviceConnectConfiguration)) {
    yield `deploymentStrategy ${strategy} has no traffic to shift: pass an ingress other than Ingress.none(), enable Service Connect, or ` +
      'use BLUE_GREEN or ROLLING';
  }

  yield* faultsOfTaskDefinition(service.taskDefinition);
  yield* faultsOfCapacity(service.cluster, props.capacityProviderStrategies ?? []);
}

/** Finds errors in a task definition that are known only when the app is complete. */
export function* faultsOfTaskDefinition(taskDefinition: ecs.TaskDefinition): Generator<string> {
  for (const container of checkedProperties(taskDefinition)) {
    const { name, environment = [], secrets = [], linuxParameters = {}, logConfiguration: { logDriver } = {} as any } = container;
    const unsupported = NOT_ON_FARGATE.find((parameter) => linuxParameters[parameter] !== undefined);
    if (unsupported) yield `linuxParameters.${unsupported} of container "${name}" is not supported by Fargate: leave it out`;
    const { add = [] } = linuxParameters.capabilities ?? {};
    const added = add.find((capability: unknown) => isKnown(capability) && capability !== CAPABILITY_ON_FARGATE);
    if (added) yield `linuxParameters.capabilities.add ${added} of container "${name}" is not supported by Fargate: pass only ${CAPABILITY_ON_FARGATE}`;
    if (logDriver !== undefined && isKnown(logDriver) && !LOG_DRIVERS.includes(logDriver)) {
      yield `logDriver ${shown(logDriver)} of container "${name}" is not supported by Fargate: pass one of ${LOG_DRIVERS.join(', ')}`;
    }
    yield* faultsOfVariables(`environment of container "${name}"`, environment);
    yield* faultsOfVariables(`secrets of container "${name}"`, secrets);
    const variables = environment.map((variable: { name: string }) => variable.name);
    const twice = secrets.find((secret: { name: string }) => variables.includes(secret.name));
    if (twice) yield `environment and secrets of container "${name}" both set ${twice.name}: set it in only one of them`;
  }
}

/** Leaves out the other properties of the containers, because resolving them takes a percent of the synthesis. */
function checkedProperties(taskDefinition: ecs.TaskDefinition): any[] {
  const { containerDefinitions } = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
  const resolver = new OuterToken(new StringConcat());
  const containers: any[] = Tokenization.resolve(containerDefinitions, { scope: taskDefinition, resolver, preparing: false }) ?? [];
  return taskDefinition.stack.resolve(containers.map(({ name, environment, secrets, linuxParameters, logConfiguration }) =>
    ({ name, environment, secrets, linuxParameters, logConfiguration })));
}

/** Does not resolve the tokens in the value of a token. */
class OuterToken extends DefaultTokenResolver {
  public resolveToken(token: IResolvable, context: IResolveContext): any {
    return token.resolve(context);
  }
}

/** ECS refuses such variables with "Environment variable name cannot be null or blank." */
function faultsOfVariables(where: string, variables: { name: unknown }[]): string[] {
  const blank = variables.filter(({ name }) => typeof name === 'string' && name.trim() === '');
  return blank.map(({ name }) => `${where} has a variable with the blank name "${name}": pass a name`);
}

/** Finds capacity providers that a cluster of this app does not have. ECS would refuse the service. */
function faultsOfCapacity(cluster: ecs.ICluster, strategies: ecs.CapacityProviderStrategy[]): string[] {
  const resource = cluster.node.defaultChild;
  if (!resource || !isResource(resource, ecs.CfnCluster.CFN_RESOURCE_TYPE_NAME)) return [];

  const { capacityProviderNames = [], clusterScopedCapacityProviderNames = [] } = cluster as ecs.Cluster;
  const offered = [...capacityProviderNames, ...clusterScopedCapacityProviderNames, ...(resource as ecs.CfnCluster).capacityProviders ?? []];
  const missing = strategies.map(({ capacityProvider }) => capacityProvider)
    .filter((name) => isKnown(name) && !offered.includes(name));
  if (missing.length === 0 || isOfferedElsewhere(cluster)) return [];
  return [`capacityProviderStrategies needs ${missing.join(' and ')}, which cluster ${cluster.node.path} does not offer: ` +
    'pass enableFargateCapacityProviders: true to the cluster'];
}

/** Whether the user associates capacity providers with a separate resource. */
function isOfferedElsewhere(cluster: ecs.ICluster): boolean {
  return cluster.node.root.node.findAll().some((construct) =>
    isResource(construct, ecs.CfnClusterCapacityProviderAssociations.CFN_RESOURCE_TYPE_NAME) && !construct.node.scopes.includes(cluster));
}

function isResource(construct: IConstruct, type: string): boolean {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === type;
}
