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

/** Runs the recipe of the guide with the declarations of its fixture. */
function runRecipe(): Stack {
  const stack = new Stack(testApp(), 'Web');
  const names = { Duration, GuardedFargateService, ec2, ecs, elbv2, stack, guard: anyGuard(stack), cluster: new ecs.Cluster(stack, 'Cluster') };
  const recipe = snippetsOf('service-options.md', readFileSync(GUIDE, 'utf8')).find(({ source }) => source.includes('NetworkLoadBalancer'))!;
  new Function(...Object.keys(names), ts.transpile(recipe.source.replace(/^import .*$/gm, '')))(...Object.values(names));
  return stack;
}

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
