import { Annotations, CfnResource, Reference, Stack, Stage, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct } from 'constructs';
import { TaskPlace } from './before-tasks';
import { listed, renderedContainers } from '../private/rendered';

/** Network and task definition of tasks. Together, they determine which endpoints the tasks must reach. */
export interface TaskNetwork extends TaskPlace {
  readonly vpc: ec2.IVpc;
  readonly taskDefinition: ecs.TaskDefinition;

  /** Endpoints that the tasks need after they have started. */
  readonly otherEndpoints?: string[];
}

/**
 * Warns about networks in which a task can never start, or in which it lacks endpoints that it needs later. If a task cannot
 * start, ECS retries forever, with the error `ResourceInitializationError: unable to pull secrets or registry auth`.
 *
 * For an imported VPC, the endpoints and the routes of private subnets are unknown. Public subnets are known, and tasks in
 * them need a public IP address.
 */
export function warnOfUnreachableRegistry(scope: Construct, network: TaskNetwork): void {
  // Runs at the end of synthesis, because endpoints, containers, and secrets can be added until then, also by aspects.
  scope.node.addValidation({
    validate: () => {
      check(scope, network);
      return [];
    },
  });
}

function check(scope: Construct, network: TaskNetwork): void {
  const { vpc, taskSubnets, assignPublicIp, otherEndpoints = [] } = network;
  const selected = vpc.selectSubnets(taskSubnets).subnets;
  const isolated = isMadeHere(vpc) && selected.some((subnet) => vpc.isolatedSubnets.includes(subnet));
  const withoutPublicIp = !assignPublicIp && selected.some((subnet) => vpc.publicSubnets.includes(subnet));
  if (!isolated && !withoutPublicIp) return;

  const existing = endpointServices(vpc);
  const missingOf = (endpoints: string[]) => endpoints.filter((service) => !existing.some((name) => name.endsWith(`.${service}`)));
  const missingAtStart = missingOf(endpointsAtStart(network));
  const missing = [...missingAtStart, ...missingOf(otherEndpoints)];
  if (isolated && missing.length > 0) {
    Annotations.of(scope).addWarningV2('@org/phased-fargate:isolatedSubnetsWithoutEndpoints',
      `tasks in isolated subnets of ${vpc.node.path} need VPC endpoints for ${missing.join(', ')}: ` +
      'add them to the VPC, or pass taskSubnets with outbound internet access');
  }
  if (withoutPublicIp && missingAtStart.length > 0) {
    Annotations.of(scope).addWarningV2('@org/phased-fargate:publicSubnetsWithoutPublicIp',
      `tasks in public subnets of ${vpc.node.path} cannot pull their image without a public IP address: ` +
      'pass assignPublicIp: true, or private taskSubnets');
  }
}

function endpointsAtStart({ taskDefinition }: TaskNetwork): string[] {
  const containers = renderedContainers(taskDefinition);
  const secrets = containers.flatMap((container) => listed(container.secrets)).map((secret) => JSON.stringify(secret));
  const inSecretsManager = secrets.filter((secret) => !secret.includes(':ssm:'));
  return [
    'ecr.api', 'ecr.dkr', 's3',
    ...(containers.some((container) => container.logConfiguration?.logDriver === 'awslogs') ? ['logs'] : []),
    ...(inSecretsManager.length > 0 ? ['secretsmanager'] : []),
    ...(secrets.length > inSecretsManager.length ? ['ssm'] : []),
  ];
}

interface Endpoint {
  /** The construct, if it is in this app. A logical ID would not be enough, because another stack can have the same ID. */
  readonly vpc?: IConstruct;
  readonly vpcId: string;
  readonly service: string;
}

const endpointsByStage = new WeakMap<IConstruct, Endpoint[]>();

function endpointServices(vpc: ec2.IVpc): string[] {
  // Stages are synthesized one at a time, so later stages may not exist yet.
  const stage = Stage.of(vpc)!;
  // Cached for all services, because it visits every construct of the stage.
  const endpoints = endpointsByStage.get(stage) ?? stage.node.findAll().filter(isEndpoint).map((endpoint) => ({
    vpc: referenced(endpoint.vpcId),
    vpcId: endpoint.vpcId,
    // An intrinsic function can build the name, so only its last words are compared.
    service: JSON.stringify(Stack.of(endpoint).resolve(endpoint.serviceName ?? '')).replace(/["\]}]+$/, ''),
  }));
  endpointsByStage.set(stage, endpoints);
  return endpoints
    .filter((endpoint) => isMadeHere(vpc) ? endpoint.vpc === vpc.node.defaultChild : endpoint.vpcId === vpc.vpcId)
    .map(({ service }) => service);
}

function referenced(value: string): IConstruct | undefined {
  const { firstToken } = Tokenization.reverseString(value);
  return Reference.isReference(firstToken) ? firstToken.target : undefined;
}

function isEndpoint(construct: IConstruct): construct is ec2.CfnVPCEndpoint {
  return CfnResource.isCfnResource(construct)
    && construct.cfnResourceType === ec2.CfnVPCEndpoint.CFN_RESOURCE_TYPE_NAME;
}

function isMadeHere(vpc: ec2.IVpc): boolean {
  const resource = vpc.node.defaultChild;
  return resource !== undefined && CfnResource.isCfnResource(resource);
}
