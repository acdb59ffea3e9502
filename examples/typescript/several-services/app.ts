import { GuardedFargateService, Ingress, PhasedFargateService } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';

const app = new App();
const stack = new Stack(app, 'ShopStack');
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc, internetFacing: true, dropInvalidHeaderFields: true });
const listener = loadBalancer.addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) });

const api = new PhasedFargateService(stack, 'Api', {
  cluster,
  ingress: Ingress.onListener(listener, { priority: 10, pathPatterns: ['/api/*'] }),
});

// The same image, released together with the API.
new GuardedFargateService(stack, 'Worker', { guard: api.guard, cluster, command: ['node', 'worker.js'] });

// This service uses a repository that already exists outside the app.
new PhasedFargateService(stack, 'Web', {
  registry: ecr.Repository.fromRepositoryName(stack, 'WebImages', 'web'),
  cluster,
  ingress: Ingress.onListener(listener, { priority: 20, pathPatterns: ['/*'] }),
});
