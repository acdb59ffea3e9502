import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { App, CfnResource, Stack } from 'aws-cdk-lib';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';

export type Variant = 'bare' | 'ours';

export interface Synthesis {
  /** Processor time, including the time to load the libraries. Other work on the machine affects it less than elapsed time. */
  readonly cpuMs: number;
  /** Resources in all stacks, except the network stack, which is the same for both variants. */
  readonly resources: number;
  readonly outputs: number;
  /** Number of resources for each feature. */
  readonly features: Readonly<Record<string, number>>;
}

/** One hundred services would exceed the limit of 500 resources per stack. */
const SERVICES_PER_STACK = 10;

/** Loads libraries when the measurement runs. An import would load them before. */
const load = createRequire(__filename);

/** The first pattern that matches the type or the path of a resource determines its feature. */
const FEATURES: ReadonlyArray<readonly [RegExp, string]> = [
  [/AWS::ECR::/, 'registry'],
  [/PhasedFargateImageGuard/, 'guard: function, role, and log group'],
  [/\/Guard\//, 'guard: custom resource'],
  [/PhasedFargateEvents|FailureEvents/, 'failure events'],
  [/AWS::ElasticLoadBalancingV2::/, 'load balancer'],
  [/AWS::EC2::SecurityGroup/, 'security groups'],
  [/AWS::IAM::/, 'roles and policies of the tasks'],
  [/AWS::Logs::/, 'log group of the tasks'],
  [/AWS::ECS::/, 'service and task definition'],
];

function measure(variant: Variant, count: number): Synthesis {
  const start = process.cpuUsage();
  const { app, network } = makeApp(variant, count);
  const { directory } = app.synth();
  const cpuMs = cpuMsSince(start);
  rmSync(directory, { recursive: true });

  const cdk = load('aws-cdk-lib') as typeof import('aws-cdk-lib');
  const elements = app.node.findAll().filter(cdk.CfnElement.isCfnElement).filter((element) => cdk.Stack.of(element) !== network);
  const resources = elements.filter(cdk.CfnResource.isCfnResource);
  const features: Record<string, number> = {};
  for (const resource of resources) {
    const feature = featureOf(resource);
    features[feature] = (features[feature] ?? 0) + 1;
  }
  const outputs = elements.filter((element) => element instanceof cdk.CfnOutput);
  return { cpuMs, resources: resources.length, outputs: outputs.length, features };
}

/** Loads the libraries that the variant needs, because users also wait for that, and creates the app. */
function makeApp(variant: Variant, count: number): { readonly app: App; readonly network: Stack } {
  const cdk = load('aws-cdk-lib') as typeof import('aws-cdk-lib');
  const ec2 = load('aws-cdk-lib/aws-ec2') as typeof import('aws-cdk-lib/aws-ec2');
  const ecs = load('aws-cdk-lib/aws-ecs') as typeof import('aws-cdk-lib/aws-ecs');
  const addService = variant === 'ours' ? ours() : bare();

  const app = new cdk.App({ analyticsReporting: false });
  const network = new cdk.Stack(app, 'Network');
  const cluster = new ecs.Cluster(network, 'Cluster', { vpc: new ec2.Vpc(network, 'Vpc') });
  for (let made = 0; made < count; made += SERVICES_PER_STACK) {
    const stack = new cdk.Stack(app, `Services${made / SERVICES_PER_STACK}`);
    for (let number = made; number < Math.min(count, made + SERVICES_PER_STACK); number++) {
      addService(stack, `Service${number}`, cluster);
    }
  }
  return { app, network };
}

type AddService = (stack: Stack, id: string, cluster: ICluster) => void;

/** Loads the compiled library, as users do. */
function ours(): AddService {
  const { PhasedFargateService } = load('..') as typeof import('../src');
  return (stack, id, cluster) => new PhasedFargateService(stack, id, { cluster });
}

/** Puts the registry in a separate stack, so that users can push the image before they deploy the service. */
function bare(): AddService {
  const { Stack } = load('aws-cdk-lib') as typeof import('aws-cdk-lib');
  const { Repository } = load('aws-cdk-lib/aws-ecr') as typeof import('aws-cdk-lib/aws-ecr');
  const { ContainerImage } = load('aws-cdk-lib/aws-ecs') as typeof import('aws-cdk-lib/aws-ecs');
  const { ApplicationLoadBalancedFargateService } = load('aws-cdk-lib/aws-ecs-patterns') as typeof import('aws-cdk-lib/aws-ecs-patterns');
  return (stack, id, cluster) => {
    const registry = stack.node.tryFindChild('Registry') as Stack | undefined ?? new Stack(stack, 'Registry');
    const repository = new Repository(registry, id);
    new ApplicationLoadBalancedFargateService(stack, id, {
      cluster,
      taskImageOptions: { image: ContainerImage.fromEcrRepository(repository, 'v1') },
    });
  };
}

function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e3;
}

function featureOf(resource: CfnResource): string {
  const names = `${resource.cfnResourceType} /${resource.node.path}/`;
  return FEATURES.find(([pattern]) => pattern.test(names))?.[1] ?? resource.cfnResourceType;
}

/** Each synthesis runs in a new process, as in the CDK CLI. */
if (require.main === module) {
  const [variant, count] = process.argv.slice(2);
  if (process.send) {
    process.send(measure(variant as Variant, Number(count)));
  } else {
    // The CDK CLI sets the output directory.
    makeApp(variant as Variant, Number(count)).app.synth();
  }
}
