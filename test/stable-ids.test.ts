import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageGuard, ImageRegistry, PhasedFargateService, ReleaseTask } from '../src';
import { testApp } from './util/synth';

/**
 * A changed logical ID replaces the resource. Its data, address, or history is lost, or the deployment fails because the name
 * is taken. So every change in this file is a breaking change.
 */
const STATEFUL: Record<string, Record<string, string[]>> = {
  'FargateStack/Registry': {
    'AWS::ECR::Repository': ['Api9AF3637B'],
  },
  'FargateStack': {
    'AWS::EC2::EIP': ['PhasedFargateClusterVpcPublicSubnet1EIP1EEAB9B5', 'PhasedFargateClusterVpcPublicSubnet2EIP53FE1CE3'],
    'AWS::EC2::NatGateway': ['PhasedFargateClusterVpcPublicSubnet1NATGateway591A8957', 'PhasedFargateClusterVpcPublicSubnet2NATGateway54E909F7'],
    'AWS::EC2::SecurityGroup': ['ApiServiceLoadBalancerSecurityGroup8379B1E6', 'ApiServiceSecurityGroup6CDABFFF'],
    'AWS::EC2::Subnet': [
      'PhasedFargateClusterVpcPrivateSubnet1Subnet97998D5B', 'PhasedFargateClusterVpcPrivateSubnet2SubnetB81C2C88',
      'PhasedFargateClusterVpcPublicSubnet1Subnet68E381BE', 'PhasedFargateClusterVpcPublicSubnet2Subnet8E5CB2D8',
    ],
    'AWS::EC2::VPC': ['PhasedFargateClusterVpc1412FDDA'],
    'AWS::ECS::Cluster': ['PhasedFargateClusterFB5D05EE'],
    'AWS::ECS::Service': ['ApiServiceService2E43D15B'],
    'AWS::ElasticLoadBalancingV2::Listener': ['ApiServiceLoadBalancerHttpListener7D708EB4'],
    'AWS::ElasticLoadBalancingV2::LoadBalancer': ['ApiServiceLoadBalancer1CDA461A'],
    'AWS::ElasticLoadBalancingV2::TargetGroup': ['ApiServiceTargetGroup6D99F62D'],
    'AWS::IAM::Role': [
      'ApiServiceTaskDefinitionExecutionRoleA761EEBF', 'ApiServiceTaskDefinitionTaskRoleA13117A1', 'PhasedFargateImageGuardRole46D61B21',
    ],
    'AWS::Logs::LogGroup': ['ApiServiceLogGroup04B8602E', 'PhasedFargateEventsLogGroup87C77CAB', 'PhasedFargateImageGuardLogGroup8974AA35'],
    // Its physical ID contains its release history.
    'Custom::ImageGuard': ['ApiGuardB1F4F828'],
  },
};

/** Resources that a release task adds to the stack of its service. */
const STATEFUL_OF_RELEASE_TASK: Record<string, string[]> = {
  'AWS::EC2::SecurityGroup': ['MigrationSecurityGroupA23AF9FD'],
  'AWS::IAM::Role': [
    'MigrationTaskDefinitionExecutionRole1DA332F4', 'MigrationTaskDefinitionTaskRole415EAA1A', 'PhasedFargateReleaseTaskRoleB3EF36B8',
  ],
  'AWS::Logs::LogGroup': ['MigrationLogGroupF62BD9AA', 'PhasedFargateReleaseTaskLogGroupE66E30B0'],
  // Its physical ID contains its run history. A new resource would run tasks of earlier releases again.
  'Custom::ReleaseTask': ['MigrationC13A4580'],
};

/** Types of resources that can be replaced at any time. */
const STATELESS = [
  'AWS::EC2::InternetGateway', 'AWS::EC2::Route', 'AWS::EC2::RouteTable', 'AWS::EC2::SecurityGroupEgress', 'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::SubnetRouteTableAssociation', 'AWS::EC2::VPCGatewayAttachment', 'AWS::ECS::TaskDefinition', 'AWS::Events::Rule', 'AWS::IAM::Policy',
  'AWS::Lambda::Function', 'AWS::Logs::QueryDefinition', 'Custom::VpcRestrictDefaultSG',
];

/** Resources that aws-cdk-lib adds to a VPC with a feature flag. */
const PROVIDER_OF_CDK = /^CustomVpcRestrictDefaultSG/;

test.each(['no feature flags', 'all recommended feature flags'] as const)('with %s, stateful resources have the same logical IDs in every release', (flags) => {
  const stack = new Stack(testApp({}, flags), 'FargateStack');
  new PhasedFargateService(stack, 'Api');

  const found = Object.fromEntries([stack, stack.node.findChild('Registry') as Stack].map((each) => [each.node.path, stateful(each)]));
  expect(found).toEqual(STATEFUL);
});

test('resources of constructs that are used separately have the same logical IDs in every release', () => {
  const stack = new Stack(testApp(), 'AppStack');
  const registry = new ImageRegistry(stack, 'Images');
  new ImageGuard(new Stack(stack.node.root, 'GuardStack'), 'Guard', { registry });

  expect(stateful(stack)).toEqual({ 'AWS::ECR::Repository': ['ImagesF8C4E866'] });
});

test.each(['no feature flags', 'all recommended feature flags'] as const)('with %s, a release task adds the same logical IDs in every release, and changes no others', (flags) => {
  const stack = new Stack(testApp({}, flags), 'FargateStack');
  const { guard, service } = new PhasedFargateService(stack, 'Api');
  new ReleaseTask(stack, 'Migration', { guard, cluster: service.cluster, command: ['node', 'migrate.js'] }).runBefore(service);

  expect(stateful(stack)).toEqual(together(STATEFUL.FargateStack, STATEFUL_OF_RELEASE_TASK));
});

test('parameters and outputs, which pipelines refer to, keep their names', () => {
  const stack = new Stack(testApp(), 'FargateStack');
  new PhasedFargateService(stack, 'Api');

  const { Parameters, Outputs } = Template.fromStack(stack).toJSON();
  expect(Object.keys(Parameters)).toContain('ApiImageTag');
  expect(Object.keys(Outputs).sort()).toEqual([
    'ApiGuardImageDigest47A5DAF2', 'ApiGuardImageTag6C9D4158', 'ApiServiceStopCommand6CE89B73', 'ApiServiceUrl57B06750',
    'PhasedFargateEventsFailureQuery67578F03',
  ]);
  expect(Object.keys(Template.fromStack(stack.node.findChild('Registry') as Stack).toJSON().Outputs).sort()).toEqual([
    'ApiPushCommandsB0204536', 'ApiRepositoryUri20B12BB9',
  ]);
});

function together(one: Record<string, string[]>, other: Record<string, string[]>): Record<string, string[]> {
  const types = Object.keys({ ...one, ...other });
  return Object.fromEntries(types.map((type) => [type, [...one[type] ?? [], ...other[type] ?? []].sort()]));
}

/** Logical IDs by type, of all resources that are not known to be stateless, so that a new type does not go unnoticed. */
function stateful(stack: Stack): Record<string, string[]> {
  const ids: Record<string, string[]> = {};
  for (const [id, { Type }] of Object.entries<{ Type: string }>(Template.fromStack(stack).toJSON().Resources)) {
    if (!STATELESS.includes(Type) && !PROVIDER_OF_CDK.test(id)) (ids[Type] ??= []).push(id);
  }
  for (const each of Object.values(ids)) each.sort();
  return ids;
}
