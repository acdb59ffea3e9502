import { CfnResource, DefaultTokenResolver, IResolvable, IResolveContext, StringConcat, Token, Tokenization } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { cloudMapWith, shiftsTraffic, strategyOf } from './service-option-checks';
import { listed, renderedProperties } from '../private/rendered';
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
  // Rendering is slow, and most services have none of the options that need it.
  const rendered: Record<string, any> = props.healthCheckGracePeriod || shiftsTraffic(props)
    ? renderedProperties(service.node.findChild('Service') as ecs.CfnService)
    : {};
  if (props.healthCheckGracePeriod && !props.healthCheck && !rendered.LoadBalancers) {
    yield 'healthCheckGracePeriod is set, but the service has no health checks: pass an ingress other than Ingress.none(), attach a load balancer ' +
      'to ecsService, or pass a healthCheck';
  }
  const strategy = strategyOf(props);
  if (shiftsTraffic(props) && rendered.ServiceRegistries) yield cloudMapWith(strategy);
  if (IN_STEPS.includes(strategy) && !rendered.LoadBalancers && !rendered.ServiceConnectConfiguration) {
    yield `deploymentStrategy ${strategy} has no traffic to shift: pass an ingress other than Ingress.none(), enable Service Connect, or ` +
      'use BLUE_GREEN or ROLLING';
  }

  yield* faultsOfTaskDefinition(service.taskDefinition);
  yield* faultsOfCapacity(service.cluster, props.capacityProviderStrategies ?? []);
}

/** Finds errors in a task definition that are known only when the app is complete. */
export function* faultsOfTaskDefinition(taskDefinition: ecs.TaskDefinition): Generator<string> {
  for (const { name, variables, secrets, linuxParameters, logDriver } of checkedContainers(taskDefinition)) {
    const unsupported = NOT_ON_FARGATE.find((parameter) => linuxParameters?.[parameter] !== undefined);
    if (unsupported) yield `linuxParameters.${unsupported} of container "${name}" is not supported by Fargate: leave it out`;
    const added = listed(linuxParameters?.capabilities?.add).find((capability) => isKnown(capability) && capability !== CAPABILITY_ON_FARGATE);
    if (added) yield `linuxParameters.capabilities.add ${added} of container "${name}" is not supported by Fargate: pass only ${CAPABILITY_ON_FARGATE}`;
    if (logDriver !== undefined && isKnown(logDriver) && !LOG_DRIVERS.includes(logDriver)) {
      yield `logDriver ${shown(logDriver)} of container "${name}" is not supported by Fargate: pass one of ${LOG_DRIVERS.join(', ')}`;
    }
    yield* faultsOfNames(`environment of container "${name}"`, variables);
    yield* faultsOfNames(`secrets of container "${name}"`, secrets);
    const twice = secrets.find((secret) => variables.includes(secret));
    if (twice) yield `environment and secrets of container "${name}" both set ${twice}: set it in only one of them`;
  }
}

interface CheckedContainer {
  readonly name: any;
  /** Names of the environment variables. */
  readonly variables: any[];
  /** Names of the secrets. */
  readonly secrets: any[];
  readonly linuxParameters: any;
  readonly logDriver: any;
}

/** Reads only the properties that are checked, because resolving whole containers takes about 1% of the synthesis time. */
function checkedContainers(taskDefinition: ecs.TaskDefinition): CheckedContainer[] {
  const outer = new OuterToken(new StringConcat());
  const valueOf = (value: any): any => Token.isUnresolved(value)
    ? valueOf(Tokenization.resolve(value, { scope: taskDefinition, resolver: outer, preparing: false }))
    : value;
  const namesIn = (list: any) => listed(valueOf(list)).map((entry) => valueOf(entry)?.name);

  const { containerDefinitions } = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
  const containers = listed(valueOf(containerDefinitions)).map((container) => {
    const { name, environment, secrets, linuxParameters, logConfiguration } = valueOf(container) ?? {};
    return { name, variables: namesIn(environment), secrets: namesIn(secrets), linuxParameters, logDriver: valueOf(logConfiguration)?.logDriver };
  });
  return taskDefinition.stack.resolve(containers);
}

/** Does not resolve the tokens in the value of a token. */
class OuterToken extends DefaultTokenResolver {
  public resolveToken(token: IResolvable, context: IResolveContext): any {
    return token.resolve(context);
  }
}

/** ECS refuses such variables with "Environment variable name cannot be null or blank." */
function faultsOfNames(where: string, names: any[]): string[] {
  const blank = names.filter((name) => typeof name === 'string' && name.trim() === '');
  return blank.map((name) => `${where} has a variable with the blank name "${name}": pass a name`);
}

/** Finds capacity providers that a cluster of this app does not have. ECS would refuse the service. */
function faultsOfCapacity(cluster: ecs.ICluster, strategies: ecs.CapacityProviderStrategy[]): string[] {
  const resource = cluster.node.defaultChild;
  if (strategies.length === 0 || !resource || !isResource(resource, ecs.CfnCluster.CFN_RESOURCE_TYPE_NAME)) return [];

  const { capacityProviderNames = [], clusterScopedCapacityProviderNames = [] } = cluster as ecs.Cluster;
  const { CapacityProviders = [] } = renderedProperties(resource);
  if (!Array.isArray(CapacityProviders)) return [];
  const offered = [...capacityProviderNames, ...clusterScopedCapacityProviderNames, ...CapacityProviders];
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

function isResource(construct: IConstruct, type: string): construct is CfnResource {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === type;
}
