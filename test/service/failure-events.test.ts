import { NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { GuardedFargateService, GuardedFargateServiceOptions } from '../../src';
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

function patterns(): { failed: any; stopped: any } {
  const [{ Properties: { EventPattern: { source, $or: [failed, stopped], ...rest } } }] = Object.values(template().findResources(RULE));
  expect(source).toEqual(['aws.ecs']);
  expect(rest).toEqual({});
  return { failed, stopped };
}

const arn = (...parts: unknown[]) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ...parts]] });

describe('the rule', () => {
  test('takes failed deployments of the service, by the name that it is given', () => {
    service({ serviceName: 'mp-api-service' });
    expect(patterns().failed).toEqual({
      'detail-type': ['ECS Deployment State Change'],
      'resources': [arn(':ecs:eu-west-1:111111111111:service/mp-cluster/mp-api-service')],
      'detail': { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
    });
  });

  test('takes failed deployments of the service, by the name that CloudFormation will make up', () => {
    service();
    const [logicalId] = Object.keys(template().findResources('AWS::ECS::Service'));
    expect(patterns().failed.resources).toEqual([
      { prefix: arn(':ecs:eu-west-1:111111111111:service/mp-cluster/', { Ref: 'AWS::StackName' }, `-${logicalId}-`) },
    ]);
  });

  test('takes stopped tasks of any revision of the task definition, and of no other family', () => {
    service({ family: 'api' });
    expect(patterns().stopped).toEqual({
      'detail-type': ['ECS Task State Change'],
      'detail': {
        lastStatus: ['STOPPED'],
        clusterArn: [stack.resolve(cluster.clusterArn)],
        taskDefinitionArn: [{ prefix: arn(':ecs:eu-west-1:111111111111:task-definition/api:') }],
      },
    });
  });

  test('takes stopped tasks by the family that the task definition really has', () => {
    const { taskDefinition } = service();
    template().hasResourceProperties('AWS::ECS::TaskDefinition', { Family: taskDefinition.family });
    expect(JSON.stringify(patterns().stopped)).toContain(`:task-definition/${taskDefinition.family}:`);
  });

  test('is there before the service, whose first deployment may be the one that fails', () => {
    service();
    const graph = new ReferenceGraph((stack.node.root as any).synth());
    const [ecsService] = graph.resources('AWS::ECS::Service');
    expect([...graph.before(ecsService)].map(({ type }) => type)).toEqual(expect.arrayContaining([RULE, 'AWS::Logs::LogGroup']));
  });

  test('is one for each service', () => {
    service();
    service({}, 'Worker');
    template().resourceCountIs(RULE, 2);
  });

  test('names its log group without the asterisk that its ARN ends with', () => {
    service();
    const [logGroup] = Object.keys(template().findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }));
    template().hasResourceProperties(RULE, {
      Targets: [{ Id: 'LogGroup', Arn: arn(':logs:eu-west-1:111111111111:log-group:', { Ref: logGroup }) }],
    });
  });
});

describe('the log group', () => {
  test('is one for all services of the stack, with one saved query', () => {
    service();
    service({}, 'Worker');
    expect(Object.keys(template().findResources('AWS::Logs::LogGroup', { Properties: EVENT_LOG }))).toHaveLength(1);
    template().resourceCountIs('AWS::Logs::QueryDefinition', 1);
  });

  test('stays when a first deployment fails, which takes everything else with it', () => {
    service();
    template().hasResource('AWS::Logs::LogGroup', { Properties: { ...EVENT_LOG, RetentionInDays: 30 }, DeletionPolicy: 'Retain' });
  });

  test('takes events of rules of this account and region only', () => {
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

  test('waits for the guard: where the image is refused, there is nothing to keep', () => {
    service();
    const graph = new ReferenceGraph((stack.node.root as any).synth());
    const [eventLog] = graph.resources('AWS::Logs::LogGroup').filter(({ properties }: Resource) => properties.ResourcePolicyDocument);
    expect([...graph.before(eventLog)].map(({ type }) => type)).toContain('Custom::ImageGuard');
  });

  test('is in the outputs, by the name of the query', () => {
    service();
    template().hasResourceProperties('AWS::Logs::QueryDefinition', { Name: 'Web: why did it fail' });
    template().hasOutput('*', { Value: 'Web: why did it fail' });
  });

  test('is another one in a nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    service();
    new GuardedFargateService(nested, 'Worker', { guard: anyGuard(nested), cluster });
    for (const each of [stack, nested]) Template.fromStack(each).resourceCountIs('AWS::Logs::QueryDefinition', 1);
  });
});

describe('a topic', () => {
  test('is sent the same events, which it allows', () => {
    const failureTopic = new sns.Topic(stack, 'Failures');
    service({ failureTopic });
    template().hasResourceProperties(RULE, { Targets: [Match.objectLike({ Id: 'LogGroup' }), { Id: 'Topic', Arn: stack.resolve(failureTopic.topicArn) }] });
    template().hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'sns:Publish', Principal: { Service: 'events.amazonaws.com' } })] },
    });
  });
});
