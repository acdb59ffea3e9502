import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, PhasedFargateService, PhasedFargateServiceProps, ReleaseTask } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { FlagSet, testApp } from '../util/synth';

const NUMBERS = [0, 1, 2];

let stack: Stack;

beforeEach(() => {
  stack = new Stack(testApp(), 'Web');
});

function phased(props: PhasedFargateServiceProps, flags?: FlagSet): Template {
  const made = new Stack(testApp({}, flags), 'Web');
  new PhasedFargateService(made, 'Api', props);
  return Template.fromStack(made);
}

function service(id: string, props: GuardedFargateServiceOptions = {}): GuardedFargateService {
  return new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), ...props });
}

function properties(template: Template, type: string): any[] {
  return Object.values(template.findResources(type)).map(({ Properties }) => Properties);
}

function network(template: Template): any {
  return properties(template, 'AWS::ECS::Service')[0].NetworkConfiguration.AwsvpcConfiguration;
}

/** For each subnet, the kind of gateway in its route to the internet, or undefined without such a route. */
function waysOut(template: Template, subnets: { Ref: string }[]): unknown[] {
  const associations = properties(template, 'AWS::EC2::SubnetRouteTableAssociation');
  return subnets.map((subnet) => {
    const { RouteTableId } = associations.find(({ SubnetId }) => SubnetId.Ref === subnet.Ref);
    const route = properties(template, 'AWS::EC2::Route').find((each) => each.RouteTableId.Ref === RouteTableId.Ref);
    return route && Object.keys(route).find((key) => key === 'GatewayId' || key === 'NatGatewayId');
  });
}

describe('the default VPC without NAT gateways', () => {
  test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('has no NAT gateways, and tasks reach the registry through their own public addresses, with %s', (flags) => {
    const template = phased({ natGateways: 0 }, flags);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::EIP', 0);
    const { AssignPublicIp, Subnets } = network(template);
    expect(AssignPublicIp).toBe('ENABLED');
    expect(waysOut(template, Subnets)).toEqual(['GatewayId', 'GatewayId']);
  });

  test('allows only the load balancer to reach the tasks, on the container port', () => {
    const template = phased({ natGateways: 0, containerPort: 8080 });
    const [{ 'Fn::GetAtt': [group] }, ...others] = network(template).SecurityGroups;
    expect(others).toEqual([]);
    const [loadBalancer] = properties(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(template.findResources('AWS::EC2::SecurityGroup')[group].Properties.SecurityGroupIngress).toBeUndefined();
    const rules = properties(template, 'AWS::EC2::SecurityGroupIngress').filter(({ GroupId }) => GroupId['Fn::GetAtt'][0] === group);
    expect(rules).toEqual([expect.objectContaining({ FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: loadBalancer.SecurityGroups[0] })]);
  });

  test('allows no inbound traffic to the tasks of a worker', () => {
    service('Worker', { natGateways: 0 });
    Template.fromStack(stack).resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', Match.objectLike({ SecurityGroupIngress: Match.absent() }));
  });

  test('makes the service wait for the internet routes of its subnets', () => {
    const template = phased({ natGateways: 0 });
    const [{ DependsOn }] = Object.values(template.findResources('AWS::ECS::Service'));
    for (const zone of [1, 2]) expect(DependsOn).toContainEqual(expect.stringMatching(`VpcPublicSubnet${zone}DefaultRoute`));
  });

  test('has isolated subnets for tasks without a public IP address', () => {
    const { AssignPublicIp, Subnets } = network(phased({ natGateways: 0, assignPublicIp: false }));
    expect(AssignPublicIp).toBe('DISABLED');
    expect(waysOut(phased({ natGateways: 0, assignPublicIp: false }), Subnets)).toEqual([undefined, undefined]);
  });

  test('warns about tasks in its isolated subnets until the required endpoints are added', () => {
    const { cluster } = service('Api', { natGateways: 0, assignPublicIp: false });
    const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('@org/phased-fargate')).map(({ entry }) => entry.data);
    const vpc = cluster.vpc as ec2.Vpc;
    const { ECR, ECR_DOCKER, CLOUDWATCH_LOGS } = ec2.InterfaceVpcEndpointAwsService;
    for (const [id, endpoint] of Object.entries({ ECR, ECR_DOCKER })) vpc.addInterfaceEndpoint(id, { service: endpoint });
    expect(warnings()).toEqual([expect.stringContaining('need VPC endpoints for s3, logs')]);

    stack = new Stack(testApp(), 'Web');
    const other = service('Api', { natGateways: 0, assignPublicIp: false }).cluster.vpc as ec2.Vpc;
    other.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    for (const [id, endpoint] of Object.entries({ ECR, ECR_DOCKER, CLOUDWATCH_LOGS })) other.addInterfaceEndpoint(id, { service: endpoint });
    expect(warnings()).toEqual([]);
  });

  test('does not change explicit subnets', () => {
    service('Api', { natGateways: 0, taskSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
    expect(network(Template.fromStack(stack)).AssignPublicIp).toBe('DISABLED');
  });

  test('also gives public addresses to other services and release tasks', () => {
    const { cluster } = service('Api', { natGateways: 0 });
    const guard = anyGuard(stack, {}, 'Guard');
    service('Worker');
    new GuardedFargateService(stack, 'Another', { guard, cluster });
    new ReleaseTask(stack, 'Migration', { guard, command: ['migrate'], cluster });
    const template = Template.fromStack(stack);
    expect(properties(template, 'AWS::ECS::Service').map(({ NetworkConfiguration }) => NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp))
      .toEqual(['ENABLED', 'ENABLED', 'ENABLED']);
    template.hasResourceProperties('Custom::ReleaseTask', { AssignPublicIp: 'ENABLED' });
    template.resourceCountIs('AWS::EC2::VPC', 1);
  });

  test('puts an internal load balancer into its isolated subnets', () => {
    const template = phased({ natGateways: 0, ingress: Ingress.internalOnly() });
    const [{ Subnets }] = properties(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(waysOut(template, Subnets)).toEqual([undefined, undefined]);
  });
});

describe('the number of NAT gateways', () => {
  test.each(NUMBERS)('is the requested number: %d', (natGateways) => {
    phased({ natGateways }).resourceCountIs('AWS::EC2::NatGateway', natGateways);
  });

  test('is one in each zone by default, with tasks in private subnets', () => {
    expect(phased({}).toJSON()).toEqual(phased({ natGateways: 2 }).toJSON());
    const { AssignPublicIp, Subnets } = network(phased({}));
    expect(AssignPublicIp).toBe('DISABLED');
    expect(waysOut(phased({}), Subnets)).toEqual(['NatGatewayId', 'NatGatewayId']);
  });

  test('can change later without replacing the VPC, subnets, addresses, or load balancer', () => {
    const stays = (template: Template) => ['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ECS::Cluster'].map((type) =>
      Object.entries(template.findResources(type)).map(([id, { Properties: { Tags, ...rest } = {} as any }]) => [id, rest]));
    const [none, ...more] = NUMBERS.map((natGateways) => stays(phased({ natGateways })));
    expect(none.flat()).toHaveLength(1 + 4 + 1 + 1);
    for (const other of more) expect(other).toEqual(none);
  });

  test.each([
    [-1, 'natGateways -1 is not a whole number from 0 to 2, the number of availability zones of the VPC that the library creates (at Web/Api)'],
    [3, 'natGateways 3 is not a whole number from 0 to 2, the number of availability zones of the VPC that the library creates (at Web/Api)'],
    [0.5, 'natGateways 0.5 is not a whole number from 0 to 2, the number of availability zones of the VPC that the library creates (at Web/Api)'],
    [NaN, 'natGateways NaN is not a whole number from 0 to 2, the number of availability zones of the VPC that the library creates (at Web/Api)'],
    ['0', 'natGateways "0" is not a number (at Web/Api)'],
  ])('is refused if the default VPC cannot have it: %s', (natGateways, message) => {
    expect(() => service('Api', { natGateways: natGateways as number })).toThrow(new Error(message));
  });

  test('is refused if it is a token', () => {
    const parameter = new CfnParameter(stack, 'Gateways', { type: 'Number' });
    expect(() => service('Api', { natGateways: parameter.valueAsNumber })).toThrow(new Error('natGateways must be known at synthesis (at Web/Api)'));
  });

  test('is refused for a VPC that the library does not create', () => {
    const vpc = existingVpc(stack);
    expect(() => service('Api', { natGateways: 1, vpc }))
      .toThrow(new Error('natGateways and vpc conflict, because natGateways applies only to the VPC that the library creates: pass only one of them (at Web/Api)'));
    expect(() => service('Worker', { natGateways: 1, cluster: service('Shop', { vpc }).cluster }))
      .toThrow(new Error('natGateways and cluster conflict, because natGateways applies only to the VPC that the library creates: pass only one of them (at Web/Worker)'));
  });

  test('is refused if another service has already created the VPC with a different number', () => {
    service('Api');
    service('Web', { natGateways: 2 });
    expect(() => service('Worker', { natGateways: 0 })).toThrow(new Error(
      'natGateways 0 conflicts with Web/Api, which created the shared VPC with 2 NAT gateways: ' +
      'pass the same natGateways to both, or pass a vpc (at Web/Worker)'));
  });

  test('applies only to the stack of the service', () => {
    const app = new App();
    const stacks = NUMBERS.map((natGateways) => {
      stack = new Stack(app, `Web${natGateways}`);
      service('Api', { natGateways });
      return stack;
    });
    expect(stacks.map((each) => properties(Template.fromStack(each), 'AWS::EC2::NatGateway').length)).toEqual(NUMBERS);
  });
});
