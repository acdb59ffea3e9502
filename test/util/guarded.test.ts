import { CfnParameter, CfnResource, Fn, NestedStack, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { madeBeforeAnyGuard, waysAroundTheGuard } from './guarded';
import { ReferenceGraph } from './reference-graph';
import { testApp } from './synth';
import { GuardedFargateService, ImageGuard, ImageRegistry, PhasedFargateService } from '../../src';

// The check that no service bypasses the guard must find those that do.

function stackWithGuard() {
  const app = testApp();
  const stack = new Stack(app, 'Stack');
  const registry = ImageRegistry.inCompanionStack(stack, 'Images');
  const guard = new ImageGuard(stack, 'Guard', { registry });
  return { stack, registry, guard, graph: () => new ReferenceGraph(app.synth()) };
}

function plainService(scope: Construct, image: ecs.ContainerImage): ecs.FargateService {
  const taskDefinition = new ecs.FargateTaskDefinition(scope, 'TaskDefinition');
  taskDefinition.addContainer('app', { image });
  return new ecs.FargateService(scope, 'Service', { cluster: new ecs.Cluster(scope, 'Cluster'), taskDefinition });
}

describe('the check finds a service that bypasses the guard', () => {
  test('with a tag of the repository', () => {
    const { stack, registry, graph } = stackWithGuard();
    plainService(stack, ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(waysAroundTheGuard(graph())).toEqual([
      'Stack/ServiceD69D759B runs «AWS::AccountId».dkr.ecr.«AWS::Region».«AWS::URLSuffix»/stack-images:v1',
    ]);
  });

  test('with a fixed digest', () => {
    const { stack, registry, graph } = stackWithGuard();
    plainService(stack, ecs.ContainerImage.fromRegistry(registry.repositoryUriForDigest(`sha256:${'0'.repeat(64)}`)));
    expect(waysAroundTheGuard(graph())).toHaveLength(1);
  });

  test('with the tag from the guard, because the tag may have moved', () => {
    const { stack, registry, guard, graph } = stackWithGuard();
    plainService(stack, ecs.ContainerImage.fromRegistry(registry.repositoryUriForTag(guard.imageTag)));
    expect(waysAroundTheGuard(graph())).toHaveLength(1);
  });

  test('with the digest of a guard for another repository', () => {
    const { stack, guard, graph } = stackWithGuard();
    const other = ImageRegistry.inCompanionStack(stack, 'Other');
    plainService(stack, ecs.ContainerImage.fromRegistry(other.repositoryUriForDigest(guard.imageDigest)));
    expect(waysAroundTheGuard(graph())).toHaveLength(1);
  });

  test('with the image given through Fn::Sub', () => {
    const { stack, graph } = stackWithGuard();
    plainService(stack, ecs.ContainerImage.fromRegistry(
      Fn.sub('${Account}.dkr.ecr.${AWS::Region}.amazonaws.com/stack-images:v1', { Account: stack.account })));
    expect(waysAroundTheGuard(graph())).toEqual([
      'Stack/ServiceD69D759B runs «AWS::AccountId».dkr.ecr.«AWS::Region».amazonaws.com/stack-images:v1',
    ]);
  });

  test('in a nested stack that gets the URI as a parameter', () => {
    const { stack, registry, graph } = stackWithGuard();
    const nested = new NestedStack(stack, 'Nested', { parameters: { Image: registry.repositoryUriForTag('v1') } });
    const image = new CfnParameter(nested, 'Image');
    plainService(nested, ecs.ContainerImage.fromRegistry(image.valueAsString));
    expect(waysAroundTheGuard(graph())).toEqual([
      expect.stringMatching(/^Stack\/Nested.*\/Service.* runs .*\/stack-images:v1$/),
    ]);
  });

  test('as a sidecar beside the guarded container', () => {
    const { stack, registry, guard, graph } = stackWithGuard();
    const { taskDefinition } = new GuardedFargateService(stack, 'Api', { guard });
    taskDefinition.addContainer('sidecar', { image: ecs.ContainerImage.fromEcrRepository(registry, 'sidecar-v1') });
    expect(waysAroundTheGuard(graph())).toHaveLength(1);
  });

  test('with a task definition from another source', () => {
    const { stack, guard, graph } = stackWithGuard();
    const { ecsService } = new GuardedFargateService(stack, 'Api', { guard });
    const resource = ecsService.node.findChild('Service') as ecs.CfnService;
    resource.taskDefinition = 'my-family:7';
    expect(waysAroundTheGuard(graph())).toEqual([`Stack/${stack.getLogicalId(resource)} runs a task definition that is not deployed with it`]);
  });
});

describe('the check finds other resources that bypass the guard', () => {
  const job = (stack: Stack, image: string) => new CfnResource(stack, 'Job', {
    type: 'AWS::Batch::JobDefinition', properties: { Type: 'container', ContainerProperties: { Image: image } },
  });

  test('with a tag of the repository', () => {
    const { stack, registry, graph } = stackWithGuard();
    job(stack, registry.repositoryUriForTag('v1'));
    expect(waysAroundTheGuard(graph())).toEqual(['Stack/Job runs «AWS::AccountId».dkr.ecr.«AWS::Region».«AWS::URLSuffix»/stack-images:v1']);
  });

  test('in a nested stack that gets the URI as a parameter', () => {
    const { stack, registry, graph } = stackWithGuard();
    const nested = new NestedStack(stack, 'Nested', { parameters: { Image: registry.repositoryUriForTag('v1') } });
    job(nested, new CfnParameter(nested, 'Image').valueAsString);
    expect(waysAroundTheGuard(graph())).toEqual([expect.stringMatching(/^Stack\/Nested.*\/Job runs .*\/stack-images:v1$/)]);
  });

  test('and accepts a resource with the image of a guard', () => {
    const { stack, guard, graph } = stackWithGuard();
    job(stack, guard.imageUri);
    expect(waysAroundTheGuard(graph())).toEqual([]);
  });
});

test('the check accepts a service of the library and a service with an image from a public registry', () => {
  const { stack, guard, graph } = stackWithGuard();
  const { taskDefinition } = new GuardedFargateService(stack, 'Api', { guard });
  taskDefinition.addContainer('sidecar', { image: ecs.ContainerImage.fromRegistry('public.ecr.aws/xray/aws-xray-daemon:3') });
  expect(waysAroundTheGuard(graph())).toEqual([]);
});

test('the check finds a cluster and a VPC that do not wait for the guard', () => {
  const { stack, registry, graph } = stackWithGuard();
  new PhasedFargateService(stack, 'Api', { registry });
  new ecs.Cluster(stack, 'Eager');
  const early = madeBeforeAnyGuard(graph());
  expect(early).toContain('Stack/EagerD0B64C6B');
  expect(early.every((path) => path.startsWith('Stack/Eager'))).toBe(true);
});
