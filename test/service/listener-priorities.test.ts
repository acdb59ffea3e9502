import { App, CfnParameter, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { GuardedFargateService, Ingress } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule';
const { BLUE_GREEN } = ecs.DeploymentStrategy;

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  vpc = existingVpc(stack);
});

function blueGreen(): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc, ingress: Ingress.internetFacing(), deploymentStrategy: BLUE_GREEN });
}

function sharedListener(scope: Construct, id = 'Shared'): elbv2.ApplicationListener {
  return new elbv2.ApplicationLoadBalancer(scope, id, { vpc: existingVpc(scope, `${id}Vpc`) })
    .addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) });
}

function serviceAt(listener: elbv2.IApplicationListener, priority: number, id = 'Api', scope: Construct = stack): GuardedFargateService {
  return new GuardedFargateService(scope, id, {
    guard: anyGuard(scope, {}, `${id}Guard`),
    vpc: existingVpc(scope, `${id}Vpc`),
    ingress: Ingress.onListener(listener, { priority, pathPatterns: [`/${id}`] }),
  });
}

function deny(listener: elbv2.IApplicationListener, priority: number): void {
  listener.addAction('Deny', {
    priority, conditions: [elbv2.ListenerCondition.pathPatterns(['/admin/*'])], action: elbv2.ListenerAction.fixedResponse(403),
  });
}

describe('the rule that shifts traffic', () => {
  test('is the last one, so that rules of the user come first', () => {
    deny(blueGreen().listener!, 1);
    template().hasResourceProperties(RULE, { Priority: 50_000, Actions: [Match.objectLike({ ForwardConfig: Match.anyValue() })] });
    template().hasResourceProperties(RULE, { Priority: 1, Actions: [Match.objectLike({ Type: 'fixed-response' })] });
  });

  test('refuses a rule of the user with its priority, with an error that names both', () => {
    deny(blueGreen().listener!, 50_000);
    expect(() => app.synth()).toThrow('[Web/Api] ingress priority 50000 at listener Web/Api/LoadBalancer/HttpListener is taken by ' +
      'Web/Api/LoadBalancer/HttpListener/DenyRule: change one of the priorities');
  });
});

describe('the rule at a shared listener', () => {
  test('refuses the priority of another service, even if it is created later', () => {
    const listener = sharedListener(stack);
    serviceAt(listener, 1, 'A');
    serviceAt(listener, 1, 'B');
    expect(() => app.synth()).toThrow('[Web/A] ingress priority 1 at listener Web/Shared/Listener is taken by Web/B/ListenerRule');
  });

  test('refuses the priority of a rule that the user adds, before or after', () => {
    const listener = sharedListener(stack);
    deny(listener, 10);
    serviceAt(listener, 10, 'A');
    expect(() => app.synth()).toThrow('[Web/A] ingress priority 10 at listener Web/Shared/Listener is taken by Web/Shared/Listener/DenyRule');
  });

  test('refuses the priority of an L1 rule too', () => {
    const listener = sharedListener(stack);
    serviceAt(listener, 10, 'A');
    new elbv2.CfnListenerRule(stack, 'Mine', { listenerArn: listener.listenerArn, priority: 10, actions: [], conditions: [] });
    expect(() => app.synth()).toThrow('is taken by Web/Mine:');
  });

  test('refuses the priority of a service in another stack', () => {
    const listener = sharedListener(stack);
    serviceAt(listener, 1, 'A', new Stack(app, 'One'));
    serviceAt(listener, 1, 'B', new Stack(app, 'Two'));
    expect(() => app.synth()).toThrow('[One/A] ingress priority 1 at listener Web/Shared/Listener is taken by Two/B/ListenerRule');
  });

  test('refuses the priority of a service in another stage, which imports the same listener', () => {
    const place = (id: string) => new Stack(new Stage(app, id), 'Web');
    const imported = (scope: Construct) => elbv2.ApplicationListener.fromApplicationListenerAttributes(scope, 'Imported', {
      listenerArn: 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2',
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(scope, 'Group', 'sg-1'),
    });
    for (const scope of [place('Blue'), place('Green')]) serviceAt(imported(scope), 1, 'Api', scope);
    expect(() => app.synth()).toThrow('ingress priority 1 at listener arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2 is taken by');
  });

  test('accepts the same priority at another listener, and another priority at the same listener', () => {
    const [one, other] = [sharedListener(stack, 'One'), sharedListener(stack, 'Other')];
    serviceAt(one, 1, 'A');
    serviceAt(one, 2, 'B');
    serviceAt(other, 1, 'C');
    expect(() => app.synth()).not.toThrow();
  });

  test('accepts a priority that is a token', () => {
    const listener = sharedListener(stack);
    const priority = new CfnParameter(stack, 'Priority', { type: 'Number' }).valueAsNumber;
    serviceAt(listener, priority, 'A');
    serviceAt(listener, priority, 'B');
    expect(() => app.synth()).not.toThrow();
  });
});

describe('a shared test listener', () => {
  test('gets a rule with the same priority and conditions', () => {
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Shared', { vpc });
    const [listener, testListener] = [80, 8080].map((port) => loadBalancer.addListener(`On${port}`, {
      port, protocol: elbv2.ApplicationProtocol.HTTP, defaultAction: elbv2.ListenerAction.fixedResponse(404),
    }));
    const api = new GuardedFargateService(stack, 'Api', {
      guard: anyGuard(stack),
      vpc,
      deploymentStrategy: BLUE_GREEN,
      ingress: Ingress.onListener(listener, { priority: 7, pathPatterns: ['/api'], testListener }),
    });
    expect(api.testListener).toBe(testListener);
    for (const each of [listener, testListener]) {
      template().hasResourceProperties(RULE, {
        Priority: 7, ListenerArn: stack.resolve(each.listenerArn), Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/api'] } }],
      });
    }
    template().hasResourceProperties('AWS::ECS::Service', {
      LoadBalancers: [Match.objectLike({ AdvancedConfiguration: Match.objectLike({ TestListenerRule: Match.anyValue() }) })],
    });
  });

  test('is refused for rolling deployments', () => {
    const [listener, testListener] = [sharedListener(stack, 'One'), sharedListener(stack, 'Other')];
    expect(() => new GuardedFargateService(stack, 'Api', {
      guard: anyGuard(stack), vpc, ingress: Ingress.onListener(listener, { priority: 7, pathPatterns: ['/api'], testListener }),
    })).toThrow(new Error('ingress testListener Web/Other/Listener needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN (at Web/Api)'));
  });
});

function template(): Template {
  return Template.fromStack(stack);
}
