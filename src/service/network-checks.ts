import { Annotations, CfnResource, Reference, Stack, Stage, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct } from 'constructs';

/** Where tasks run, and what they have to reach from there before they can start. */
export interface TaskNetwork {
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly publicIp: boolean;
  readonly logsToCloudWatch: boolean;
  readonly secrets: ecs.Secret[];
}

/**
 * Warns of networks in which no task can ever start: ECS would try over and over, with
 * `ResourceInitializationError: unable to pull secrets or registry auth`. What was made elsewhere is left alone, since
 * nobody here knows its routes.
 */
export function warnOfUnreachableRegistry(scope: Construct, network: TaskNetwork): void {
  if (!isMadeHere(network.vpc)) return;
  // At the very end, because endpoints may be added to the VPC until then, also by aspects.
  scope.node.addValidation({
    validate: () => {
      check(scope, network);
      return [];
    },
  });
}

function check(scope: Construct, network: TaskNetwork): void {
  const { vpc, subnets, publicIp } = network;
  const selected = vpc.selectSubnets(subnets).subnets;
  const isolated = selected.some((subnet) => vpc.isolatedSubnets.includes(subnet));
  const withoutPublicIp = !publicIp && selected.some((subnet) => vpc.publicSubnets.includes(subnet));
  const missing = isolated || withoutPublicIp ? missingEndpoints(network) : [];
  if (missing.length === 0) return;

  if (isolated) {
    Annotations.of(scope).addWarningV2('@org/phased-fargate:isolatedSubnetsWithoutEndpoints',
      `tasks in isolated subnets of ${vpc.node.path} cannot start without VPC endpoints for ${missing.join(', ')}: ` +
      'add them to the VPC, or pass taskSubnets with a way out');
  }
  if (withoutPublicIp) {
    Annotations.of(scope).addWarningV2('@org/phased-fargate:publicSubnetsWithoutPublicIp',
      `tasks in public subnets of ${vpc.node.path} cannot pull their image without a public IP address: ` +
      'pass assignPublicIp: true, or taskSubnets that are private');
  }
}

function missingEndpoints({ vpc, logsToCloudWatch, secrets }: TaskNetwork): string[] {
  // Only secrets of Secrets Manager say whether a field of theirs is meant.
  const inSecretsManager = secrets.filter(({ hasField }) => hasField !== undefined).length;
  const needed = [
    'ecr.api', 'ecr.dkr', 's3',
    ...(logsToCloudWatch ? ['logs'] : []),
    ...(inSecretsManager > 0 ? ['secretsmanager'] : []),
    ...(secrets.length > inSecretsManager ? ['ssm'] : []),
  ];
  const existing = endpointServices(vpc);
  return needed.filter((service) => !existing.some((name) => name.endsWith(`.${service}`)));
}

interface Endpoint {
  readonly vpc?: IConstruct;
  readonly service: string;
}

const endpointsByStage = new WeakMap<IConstruct, Endpoint[]>();

function endpointServices(vpc: ec2.IVpc): string[] {
  // Stages are synthesised one by one, and the next may not have been made yet.
  const stage = Stage.of(vpc)!;
  // Once for all services, since it takes a walk through the whole tree.
  const endpoints = endpointsByStage.get(stage) ?? stage.node.findAll().filter(isEndpoint).map((endpoint) => ({
    vpc: referenced(endpoint.vpcId),
    // The name may be put together by an intrinsic; what matters are its last words.
    service: JSON.stringify(Stack.of(endpoint).resolve(endpoint.serviceName ?? '')).replace(/["\]}]+$/, ''),
  }));
  endpointsByStage.set(stage, endpoints);
  return endpoints.filter((endpoint) => endpoint.vpc === vpc.node.defaultChild).map(({ service }) => service);
}

/** The construct, and not only the logical id, which another stack may have as well. */
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
