import { NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { GuardedFargateService, GuardedFargateServiceOptions } from '../../src';
import { matches } from '../util/event-pattern';
import { anyGuard } from '../util/guard';

import { existingVpc } from '../util/network';
import { ReferenceGraph, Resource } from '../util/reference-graph';
import { testApp } from '../util/synth';

const RULE = 'AWS::Events::Rule';
const EVENT_LOG = { ResourcePolicyDocument: Match.anyValue() };

let stack: Stack;
let cluster: ecs.ICluster;

beforeEach(() => {
  stack = new Stack(testApp(), 'Web', { env: { account: '111111111111', region: 'eu-west-1' } });
  const vpc = existingVpc(stack);
  cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc });
});

function service(props: GuardedFargateServiceOptions = {}, id = 'Api'): GuardedFargateService {
  return new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), cluster, ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

const arn = (...parts: unknown[]) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ...parts]] });

const CLUSTER = 'arn:aws:ecs:eu-west-1:111111111111:cluster/mp-cluster';

/** Events in the format of ECS. */
const failedDeployment = (name: string, clusterArn = CLUSTER) => ({
  'source': 'aws.ecs',
  'detail-type': 'ECS Deployment State Change',
  'resources': [`${clusterArn.replace(':cluster/', ':service/')}/${name}`],
  'detail': { eventType: 'ERROR', eventName: 'SERVICE_DEPLOYMENT_FAILED', deploymentId: 'ecs-svc/123', reason: 'ECS deployment circuit breaker: task failed to start.' },
});
const stoppedTask = (group: string, clusterArn = CLUSTER, stoppedReason = 'Essential container in task exited') => ({
  'source': 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  'resources': [`${clusterArn.replace(':cluster/', ':task/')}/0123456789abcdef`],
  'detail': { clusterArn, group, lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedReason },
});

/** The targets to which the rules of the stack send an event. */
function targetsOf(event: object): string[] {
  return Object.values(template().findResources(RULE)).flatMap(({ Properties: { EventPattern, Targets } }) =>
    matches(written(EventPattern), event) ? Targets.map(({ Id }: { Id: string }) => Id) : []);
}

/** Resolves the references in a value as CloudFormation does, for a stack with a known account and region. */
function written(value: any): any {
  return JSON.parse(JSON.stringify(value), (_, each) => each?.Ref === 'AWS::Partition' ? 'aws' : each?.['Fn::Join']?.[1].join('') ?? each);
}

function generatedName(id = 'Api'): string {
  const ecsService = stack.node.findChild(id).node.findChild('Resource').node.findChild('Service') as ecs.CfnService;
  return `Web-${stack.getLogicalId(ecsService)}-0OqZgCjS2wTE`;
}

describe('the log receives', () => {
  test('failed deployments and stopped tasks of all services with generated names, in any cluster', () => {
    service();
    service({ cluster: ecs.Cluster.fromClusterAttributes(stack, 'Other', { clusterName: 'other', vpc: cluster.vpc }) }, 'Worker');
    const others = CLUSTER.replace('mp-cluster', 'other');
    expect(targetsOf(failedDeployment(generatedName()))).toEqual(['LogGroup']);
    expect(targetsOf(stoppedTask(`service:${generatedName()}`))).toEqual(['LogGroup']);
    expect(targetsOf(failedDeployment(generatedName('Worker'), others))).toEqual(['LogGroup']);
    expect(targetsOf(stoppedTask(`service:${generatedName('Worker')}`, others))).toEqual(['LogGroup']);
  });

  test('the events of a service with an explicit name', () => {
    service({ serviceName: 'mp-api-service' });
    expect(targetsOf(failedDeployment('mp-api-service'))).toEqual(['LogGroup']);
    expect(targetsOf(stoppedTask('service:mp-api-service'))).toEqual(['LogGroup']);
  });

  test.each([{}, { serviceName: 'mp-api-service' }])('nothing else with %j', (props) => {
    service(props);
    const name = props.serviceName ?? generatedName();
    expect(targetsOf(failedDeployment('mp-api-service-2'))).toEqual([]);
    expect(targetsOf(stoppedTask('service:mp-api-service-2'))).toEqual([]);
    expect(targetsOf(stoppedTask('family:mp-api-service'))).toEqual([]);
    expect(targetsOf(failedDeployment(`Old${name}`))).toEqual([]);
    expect(targetsOf({ ...failedDeployment(name), detail: { eventName: 'SERVICE_DEPLOYMENT_COMPLETED' } })).toEqual([]);
    expect(targetsOf({ ...stoppedTask(`service:${name}`), detail: { ...stoppedTask(`service:${name}`).detail, lastStatus: 'RUNNING' } })).toEqual([]);
    expect(targetsOf({ ...stoppedTask(`service:${name}`), source: 'mine' })).toEqual([]);
  });

  test('no events of a service with the same name in another cluster', () => {
    service({ serviceName: 'mp-api-service' });
    expect(targetsOf(failedDeployment('mp-api-service', CLUSTER.replace('mp-cluster', 'other')))).toEqual([]);
    expect(targetsOf(stoppedTask('service:mp-api-service', CLUSTER.replace('mp-cluster', 'other')))).toEqual([]);
  });
});

describe('the rule', () => {
  test('exists before the service, whose first deployment can fail', () => {
    service();
    const graph = new ReferenceGraph((stack.node.root as any).synth());
    const [ecsService] = graph.resources('AWS::ECS::Service');
    expect([...graph.before(ecsService)].map(({ type }) => type)).toEqual(expect.arrayContaining([RULE, 'AWS::Logs::LogGroup']));
  });

  test('is shared by all services with generated names, because an account can have only 300 rules per region', () => {
    service();
    service({}, 'Worker');
    template().resourceCountIs(RULE, 1);
  });

  test('does not make clusters of services wait for each other', () => {
    const later = new ecs.Cluster(stack, 'Later', { vpc: cluster.vpc });
    later.node.addDependency(service());
    service({ cluster: later }, 'Worker');
    expect(template).not.toThrow();
  });

  test('refers to its log group without the asterisk at the end of its ARN', () => {
    service();
    const [logGroup] = Object.keys(template().findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }));
    template().hasResourceProperties(RULE, {
      Targets: [{ Id: 'LogGroup', Arn: arn(':logs:eu-west-1:111111111111:log-group:', { Ref: logGroup }) }],
    });
  });
});

describe('the log group', () => {
  test('is shared by all services of the stack, with one saved query', () => {
    service();
    service({}, 'Worker');
    expect(Object.keys(template().findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }))).toHaveLength(1);
    template().resourceCountIs('AWS::Logs::QueryDefinition', 1);
  });

  test('is kept if a first deployment fails', () => {
    service();
    template().hasResource('AWS::Logs::LogGroup', { Properties: { ...EVENT_LOG, RetentionInDays: 30 }, DeletionPolicy: 'Retain' });
  });

  test('contains the ID of the stack, so it does not collide with an earlier stack of that name', () => {
    service();
    const id = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
    template().hasResourceProperties('AWS::Logs::LogGroup', { ...EVENT_LOG, LogGroupName: { 'Fn::Join': ['', ['/aws/events/Web/', id]] } });
  });

  test('allows EventBridge access to itself only', () => {
    service();
    const [{ Properties: { LogGroupName, ResourcePolicyDocument } }] = Object.values(template().findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }));
    const name = LogGroupName['Fn::Join'][1];
    const [region, ...more] = ResourcePolicyDocument.Statement.map(({ Resource: resource }: any) => resource);
    expect(region).toEqual(arn(`:logs:eu-west-1:111111111111:log-group:${name[0]}`, name[1], ':*'));
    expect(more).toEqual([region]);
    expect(JSON.stringify(ResourcePolicyDocument)).not.toContain('"*"');
  });

  test('of a nested stack contains the ID of that stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    new GuardedFargateService(nested, 'Worker', { guard: anyGuard(nested), cluster });
    const [{ Properties: { LogGroupName } }] = Object.values(Template.fromStack(nested).findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }));
    expect(JSON.stringify(LogGroupName)).toContain(JSON.stringify({ 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] }));
  });

  test('accepts only events of rules in this account and region', () => {
    service();
    template().hasResourceProperties('AWS::Logs::LogGroup', {
      ResourcePolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Effect: 'Allow',
          Action: 'logs:PutLogEvents',
          Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
          Condition: { ArnLike: { 'aws:SourceArn': arn(':events:eu-west-1:111111111111:rule/*') } },
        })]),
      },
    });
  });

  test('adds neither a function nor a custom resource for its policy', () => {
    service();
    template().resourceCountIs('AWS::Lambda::Function', 1);
    template().resourceCountIs('Custom::CloudwatchLogResourcePolicy', 0);
  });

  test('waits for the guard, because a refused image causes no events', () => {
    service();
    const graph = new ReferenceGraph((stack.node.root as any).synth());
    const [eventLog] = graph.resources('AWS::Logs::LogGroup').filter(({ properties }: Resource) => properties.ResourcePolicyDocument);
    expect([...graph.before(eventLog)].map(({ type }) => type)).toContain('Custom::ImageGuard');
  });

  test('appears in the outputs with the name of its query', () => {
    service();
    template().hasResourceProperties('AWS::Logs::QueryDefinition', { Name: 'Web: failed deployments and stopped tasks' });
    template().hasOutput('*', { Value: 'Web: failed deployments and stopped tasks' });
  });

  test('is queried for the exit code of each container, including a sidecar', () => {
    service();
    const [{ Properties: { QueryString } }] = Object.values(template().findResources('AWS::Logs::QueryDefinition'));
    for (const container of ['detail.containers.0', 'detail.containers.1']) {
      for (const field of ['name', 'exitCode', 'reason']) expect(QueryString).toContain(`${container}.${field} as `);
    }
    const aliases = [...QueryString.matchAll(/ as (\w+)/g)].map(([, alias]) => alias);
    expect(new Set(aliases).size).toBe(aliases.length);
  });

  test('is a different one in a nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    service();
    new GuardedFargateService(nested, 'Worker', { guard: anyGuard(nested), cluster });
    for (const each of [stack, nested]) Template.fromStack(each).resourceCountIs('AWS::Logs::QueryDefinition', 1);
  });
});

describe('a topic', () => {
  test.each([{}, { serviceName: 'mp-api-service' }])('receives only the failures of this service with %j', (props) => {
    service({ failureTopic: new sns.Topic(stack, 'Failures'), ...props });
    service({}, 'Worker');
    const name = props.serviceName ?? generatedName();
    expect(targetsOf(failedDeployment(name)).sort()).toEqual(['LogGroup', 'Topic']);
    expect(targetsOf(stoppedTask(`service:${name}`)).sort()).toEqual(['LogGroup', 'Topic']);
    expect(targetsOf(failedDeployment(generatedName('Worker')))).toEqual(['LogGroup']);
    expect(targetsOf(stoppedTask(`service:${generatedName('Worker')}`))).toEqual(['LogGroup']);
  });

  test.each([{}, { serviceName: 'mp-api-service' }])('does not receive the tasks that a release replaces, although the log does, with %j', (props) => {
    service({ failureTopic: new sns.Topic(stack, 'Failures'), ...props });
    const stopped = (reason: string) => targetsOf(stoppedTask(`service:${props.serviceName ?? generatedName()}`, CLUSTER, reason)).sort();
    expect(stopped('Scaling activity initiated by (deployment ecs-svc/6524458012816012998)')).toEqual(['LogGroup']);
    expect(stopped('Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/api/1)'))
      .toEqual(['LogGroup', 'Topic']);
  });

  test('in another region is refused, because EventBridge cannot send to it', () => {
    const failureTopic = sns.Topic.fromTopicArn(stack, 'Failures', 'arn:aws:sns:us-east-1:111111111111:failures');
    expect(() => service({ failureTopic })).toThrow(new Error(
      'failureTopic arn:aws:sns:us-east-1:111111111111:failures is in us-east-1, but the service is in eu-west-1: pass one in the same region (at Web/Api)'));
  });

  test('of a stack in another region is refused too', () => {
    const edge = new Stack(stack.node.root as Stack, 'Edge', { env: { account: '111111111111', region: 'us-east-1' }, crossRegionReferences: true });
    expect(() => service({ failureTopic: new sns.Topic(edge, 'Failures') })).toThrow(new Error(
      'failureTopic Edge/Failures is in us-east-1, but the service is in eu-west-1: pass one in the same region (at Web/Api)'));
  });

  test('grants EventBridge permission to publish to it', () => {
    const failureTopic = new sns.Topic(stack, 'Failures');
    service({ failureTopic });
    template().hasResourceProperties(RULE, { Targets: [{ Id: 'Topic', Arn: stack.resolve(failureTopic.topicArn) }] });
    template().hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'sns:Publish', Principal: { Service: 'events.amazonaws.com' } })] },
    });
  });
});
