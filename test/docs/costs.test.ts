import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { PhasedFargateService } from '../../src';

/** Compares the sums on the page about costs with the resources of the stacks. The prices are those of the page. */

const page = readFileSync(join(__dirname, '../../docs/guides/costs.md'), 'utf8');

const HOURS = 730;
const PRICE = { natGateway: 0.045, address: 0.005, loadBalancer: 0.0225, vcpu: 0.04048, gigabyte: 0.004445, endpoint: 0.01 };

const NETWORKS: Record<string, (stack: Stack) => void> = {
  'default': (stack) => new PhasedFargateService(stack, 'Api'),
  '[one NAT gateway](#one-nat-gateway)': (stack) => new PhasedFargateService(stack, 'Api', { natGateways: 1 }),
  '[VPC endpoints](#vpc-endpoints)': (stack) => {
    const { cluster: { vpc } } = new PhasedFargateService(stack, 'Api', { natGateways: 0, assignPublicIp: false });
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    vpc.addInterfaceEndpoint('EcrApi', { service: ec2.InterfaceVpcEndpointAwsService.ECR });
    vpc.addInterfaceEndpoint('EcrDocker', { service: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER });
    vpc.addInterfaceEndpoint('Logs', { service: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS });
  },
  '[public subnets](#public-subnets)': (stack) => new PhasedFargateService(stack, 'Api', { natGateways: 0 }),
};

test.each(Object.keys(PRICE) as (keyof typeof PRICE)[])('the page contains the price of each part: %s', (part) => {
  expect(page).toContain(`$${PRICE[part]} `);
});

test.each(Object.entries(NETWORKS))('the page contains the monthly cost of this network: %s', (network, make) => {
  const stack = new Stack(new App(), 'FargateStack', { env: { account: '111122223333', region: 'us-east-1' } });
  make(stack);
  expect(page).toMatch(rowOf(network, monthly(Template.fromStack(stack))));
});

function rowOf(network: string, costs: number): RegExp {
  const escaped = network.replace(/[[\]()]/g, '\\$&');
  return new RegExp(`^\\| ${escaped} \\| .*\\| \\$${costs.toFixed(2)} \\|$`, 'm');
}

function monthly(template: Template): number {
  const of = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties);
  const [service] = of('AWS::ECS::Service');
  const [task] = of('AWS::ECS::TaskDefinition');
  const [loadBalancer] = of('AWS::ElasticLoadBalancingV2::LoadBalancer');
  const publicTask = service.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp === 'ENABLED' ? 1 : 0;
  const endpoints = of('AWS::EC2::VPCEndpoint').flatMap(({ VpcEndpointType, SubnetIds }) => VpcEndpointType === 'Interface' ? SubnetIds : []);
  return HOURS * (
    of('AWS::EC2::NatGateway').length * PRICE.natGateway
    + (of('AWS::EC2::EIP').length + loadBalancer.Subnets.length + publicTask) * PRICE.address
    + PRICE.loadBalancer
    + Number(task.Cpu) / 1024 * PRICE.vcpu
    + Number(task.Memory) / 1024 * PRICE.gigabyte
    + endpoints.length * PRICE.endpoint
  );
}
