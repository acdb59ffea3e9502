import { App, Duration, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import {
  GuardedFargateService, ImageGuard, ImageRegistry, ImageRequirement, ImageVersion, Ingress, LoadBalancerIngressOptions, PhasedFargateService,
  PhasedFargateServiceProps, ReleaseTask,
} from '../src';
import { anyGuard } from './util/guard';
import { testApp } from './util/synth';

/** The CDK CLI looks up values after a first synthesis with placeholders. If the first synthesis fails, it looks up nothing. */

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web', { env: { account: '111122223333', region: 'eu-west-1' } });
});

const parameter = () => ssm.StringParameter.valueFromLookup(stack, '/shop/value');
const vpc = (id = 'Vpc') => ec2.Vpc.fromLookup(stack, id, { vpcName: 'shop' });
const listener = () => elbv2.ApplicationListener.fromLookup(stack, 'Listener', { loadBalancerTags: { team: 'shop' } });
const balancer = () => elbv2.ApplicationLoadBalancer.fromLookup(stack, 'Balancer', { loadBalancerTags: { team: 'shop' } });
const zone = () => route53.HostedZone.fromLookup(stack, 'Zone', { domainName: 'example.com' });
const repository = () => ecr.Repository.fromLookup(stack, 'Images', { repositoryName: 'shop' });
const role = (id: string) => iam.Role.fromLookup(stack, id, { roleName: 'shop' });
const rule = { priority: 1, pathPatterns: ['/shop/*'] };

function service(props: PhasedFargateServiceProps): void {
  new PhasedFargateService(stack, 'Api', props);
}

function internetFacing(options: LoadBalancerIngressOptions): void {
  service({ ingress: Ingress.internetFacing(options) });
}

describe('the first synthesis succeeds before the CDK CLI looks up', () => {
  afterEach(() => {
    const { missing = [] } = app.synth().manifest;
    expect(missing).not.toEqual([]);
  });

  test.each<[string, () => void]>([
    ['the VPC', () => service({ vpc: vpc() })],
    ['a VPC whose subnets are selected by name', () =>
      service({ vpc: vpc(), taskSubnets: { subnetGroupName: 'app' }, ingress: Ingress.internetFacing({ subnets: { subnetGroupName: 'edge' } }) })],
    ['a VPC whose isolated subnets are selected', () =>
      service({ vpc: vpc(), taskSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }, ingress: Ingress.internalOnly({ subnets: { subnetGroupName: 'db' } }) })],
    ['the VPC of an imported cluster', () => service({ cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shop', vpc: vpc() }) })],
    ['the VPC of a release task', () => new ReleaseTask(stack, 'Migration', {
      guard: anyGuard(stack), command: ['migrate'], vpc: vpc(), taskSubnets: { subnetGroupName: 'app' },
    })],
    ['security groups', () => service({
      vpc: vpc(), securityGroups: [ec2.SecurityGroup.fromLookupById(stack, 'Id', 'sg-1'), ec2.SecurityGroup.fromLookupByName(stack, 'Name', 'shop', vpc('Again'))],
    })],
    ['the hosted zone', () => internetFacing({ domainName: 'shop.example.com', domainZone: zone() })],
    ['a listener', () => service({ ingress: Ingress.onListener(listener(), rule) })],
    ['a test listener', () => service({
      ingress: Ingress.onListener(listener(), {
        ...rule, testListener: elbv2.ApplicationListener.fromLookup(stack, 'Test', { loadBalancerTags: { team: 'shop' }, listenerPort: 9443 }),
      }),
      deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN,
    })],
    ['the load balancer of a new listener', () => service({
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-0123456789abcd0a1'],
      }),
      ingress: Ingress.onListener(balancer().addListener('New', { port: 8080, defaultAction: elbv2.ListenerAction.fixedResponse(404) }), rule),
    })],
    ['the repository', () => service({ registry: repository(), retainReleasedImages: true })],
    ['the repository of an image for Lambda', () => new lambda.Function(stack, 'Job', {
      code: new ImageGuard(stack, 'Guard', { registry: repository() }).lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE,
    })],
    ['the repository of an image that Amazon Inspector must scan', () =>
      service({ registry: repository(), requirements: [ImageRequirement.scanned({ enhancedScanning: true })] })],
    ['the name of a repository', () => service({ registry: ecr.Repository.fromRepositoryName(stack, 'Images', parameter()) })],
    ['the roles', () => service({ taskRole: role('Task'), executionRole: role('Execution') })],
    ['the key of a registry', () => service({
      registry: ImageRegistry.inCompanionStack(stack, 'Images', { encryptionKey: kms.Key.fromLookup(stack, 'Key', { aliasName: 'alias/shop' }) }),
    })],
    ['the name of a registry', () => service({ registry: ImageRegistry.inCompanionStack(stack, 'Images', { repositoryName: parameter() }) })],
    ['the signing profile of a registry', () => service({ registry: ImageRegistry.inCompanionStack(stack, 'Images', { signingProfile: parameter() }) })],
    ['the profile of a required signature', () => service({ requirements: [ImageRequirement.signedBy(parameter())] })],
    ['the tag', () => service({ imageVersion: ImageVersion.tag(parameter()) })],
    ['the moving tag', () => service({ imageVersion: ImageVersion.movingTag(parameter()) })],
    ['the digest', () => service({ imageVersion: ImageVersion.digest(parameter()) })],
    ['the certificate', () => internetFacing({ certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', parameter()) })],
    ['the TLS policy', () => internetFacing({
      certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', parameter()), sslPolicy: parameter() as elbv2.SslPolicy,
    })],
    ['the domain name', () => internetFacing({ domainName: parameter(), domainZone: zone() })],
    ['the path of the health check', () => internetFacing({ healthCheck: { path: parameter() } })],
    ['the names of service, task family, and container', () => service({ serviceName: parameter(), family: parameter(), containerName: parameter() })],
    ['the working directory', () => service({ workingDirectory: parameter() })],
    ['a capacity provider', () => service({ capacityProviderStrategies: [{ capacityProvider: parameter(), weight: 1 }] })],
    ['the date until which a finding is accepted', () =>
      service({ requirements: [ImageRequirement.scanned({ accept: [{ id: 'CVE-2026-1', reason: 'not reachable', until: parameter() }] })] })],
  ])('%s', (_, use) => {
    use();
  });
});

test('a value that only resembles a placeholder of the CDK CLI is still checked', () => {
  const guard = anyGuard(stack);
  expect(() => new GuardedFargateService(stack, 'Api', { guard, serviceName: 'dummy value' })).toThrow(/^serviceName "dummy value" is not a valid ECS name/);
  expect(() => Ingress.internetFacing({ idleTimeout: Duration.days(1) })).toThrow(/^Ingress.internetFacing: idleTimeout 1 day/);
});
