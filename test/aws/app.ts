/** The deployed app. To cost little, it has no NAT gateways and the smallest tasks, and all resources are deleted with their stacks. */
export const APP = `import { App, Aspects, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ImageRegistry, ImageVersion, Ingress, PhasedFargateService, PhasedFargateServiceProps } from '@org/phased-fargate';

const app = new App();
const { registry: registryStack, service: serviceStack, blueGreen: blueGreenStack, repository } = JSON.parse(process.env.TEST_NAMES!);

const registry = new ImageRegistry(new Stack(app, 'Registry', { stackName: registryStack }), 'Registry', {
  repositoryName: repository,
  removalPolicy: RemovalPolicy.DESTROY,
});

function service(id: string, stackName: string, props: Partial<PhasedFargateServiceProps>): void {
  const stack = new Stack(app, id, { stackName });
  const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 0, maxAzs: 2 });
  new PhasedFargateService(stack, 'Api', {
    registry,
    vpc,
    assignPublicIp: true,
    imageInEnvironment: true,
    ingress: Ingress.internetFacing({ deregistrationDelay: Duration.seconds(5) }),
    imageVersion: process.env.TEST_MOVING_TAG ? ImageVersion.movingTag(process.env.TEST_MOVING_TAG) : ImageVersion.parameter('Image'),
    memoryLimitMiB: process.env.TEST_MEMORY ? Number(process.env.TEST_MEMORY) : undefined,
    ...props,
  });
  Aspects.of(stack).add({ visit: (node) => CfnResource.isCfnResource(node) && node.applyRemovalPolicy(RemovalPolicy.DESTROY) });
}

service('Service', serviceStack, {});
service('BlueGreen', blueGreenStack, { deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN });
`;
