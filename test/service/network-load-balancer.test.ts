import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as ts from 'typescript';
import { GuardedFargateService } from '../../src';
import { snippetsOf } from '../docs/snippets';
import { anyGuard } from '../util/guard';
import { madeBeforeAnyGuard, waysAroundTheGuard } from '../util/guarded';
import { ReferenceGraph } from '../util/reference-graph';
import { testApp } from '../util/synth';

const GUIDE = join(__dirname, '../../docs/guides/service-options.md');

const certificates = [elbv2.ListenerCertificate.fromArn('arn:aws:acm:eu-west-1:111111111111:certificate/game')];
const names = { Duration, GuardedFargateService, ec2, ecs, elbv2, certificates };

function snippet(word: string): string {
  return snippetsOf('service-options.md', readFileSync(GUIDE, 'utf8')).find(({ source }) => source.includes(word))!.source.replace(/^import .*$/gm, '');
}

/** Runs the recipe of the guide with the declarations of its fixture. */
function runRecipe(change = (recipe: string) => recipe): Stack {
  const stack = new Stack(testApp(), 'Web');
  const all = { ...names, stack, guard: anyGuard(stack), cluster: new ecs.Cluster(stack, 'Cluster') };
  new Function(...Object.keys(all), ts.transpile(change(snippet('new elbv2.NetworkLoadBalancer'))))(...Object.values(all));
  return stack;
}

const SUBNETS = /vpcSubnets: .*,$/m;
const LISTENER_PORT = "'Listener', { port: 7000,";

test('the recipe of the guide creates a service behind a network load balancer, and both wait for the image', () => {
  const stack = runRecipe();
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Type: 'network', Scheme: 'internet-facing', SecurityGroups: [Match.anyValue()] });
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { Protocol: 'TCP', TargetType: 'ip', HealthCheckProtocol: 'TCP' });
  template.hasResourceProperties('AWS::ECS::Service', { HealthCheckGracePeriodSeconds: 60, LoadBalancers: [Match.objectLike({ ContainerPort: 7000 })] });
  const graph = new ReferenceGraph((stack.node.root as any).synth());
  expect(waysAroundTheGuard(graph)).toEqual([]);
  expect(madeBeforeAnyGuard(graph).filter((path) => path.includes('Game'))).toEqual([]);
});

test('the tasks allow only the load balancer to reach them', () => {
  const template = Template.fromStack(runRecipe());
  const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => Properties);
  expect(rules).toEqual([expect.objectContaining({
    FromPort: 7000, ToPort: 7000, SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringMatching(/^GameClients/), 'GroupId'] },
  })]);
});

test('the load balancer can be internal', () => {
  const template = Template.fromStack(runRecipe((recipe) => recipe.replace(SUBNETS, 'vpcSubnets: { onePerAz: true },').replace('internetFacing: true', 'internetFacing: false')));
  const [{ Properties }] = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::LoadBalancer'));
  expect(Properties).toMatchObject({ Scheme: 'internal', Subnets: [{ Ref: expect.stringContaining('Private') }, { Ref: expect.stringContaining('Private') }] });
});

test('the load balancer can terminate TLS', () => {
  const template = Template.fromStack(runRecipe((recipe) => recipe.replace(LISTENER_PORT, `${LISTENER_PORT} protocol: elbv2.Protocol.TLS, certificates,`)));
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 7000, Protocol: 'TLS', Certificates: [{ CertificateArn: Match.stringLikeRegexp('game$') }] });
});

test('the load balancer can have static addresses, and waits for the internet gateway', () => {
  const template = Template.fromStack(runRecipe((recipe) =>
    `${snippet('subnetMappings')}${recipe.replace(SUBNETS, 'subnetMappings,')}loadBalancer.node.addDependency(cluster.vpc);`));
  template.resourceCountIs('AWS::EC2::EIP', 4); // with those of the NAT gateways
  template.hasResource('AWS::ElasticLoadBalancingV2::LoadBalancer', {
    Properties: {
      Subnets: Match.absent(),
      SubnetMappings: ['1', '2'].map((index) => ({ SubnetId: Match.anyValue(), AllocationId: { 'Fn::GetAtt': [`GameAddress${index}`, 'AllocationId'] } })),
    },
    DependsOn: Match.arrayWith([Match.stringLikeRegexp('^ClusterVpcVPCGW')]),
  });
});
