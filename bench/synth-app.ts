import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { App, CfnResource, Stack } from 'aws-cdk-lib';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';

export type Variant = 'bare' | 'ours';

export interface Synthesis {
  /** Of the processor, so that it matters less what else the machine does; from before the libraries are loaded. */
  readonly cpuMs: number;
  /** Of all stacks but that of the network, which is the same in both. */
  readonly resources: number;
  readonly outputs: number;
  /** The resources again, by what they are for. */
  readonly features: Readonly<Record<string, number>>;
}

/** A hundred would not fit in one stack, which takes 500 resources. */
const SERVICES_PER_STACK = 10;

/** Unlike an import, within what is measured. */
const load = createRequire(__filename);

/** The first that matches the path within the stack, or the type, names the feature. */
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

/** The libraries are loaded in here, only those that the variant needs, since whoever synthesises waits for that too. */
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

/** As its users load it: compiled. */
function ours(): AddService {
  const { PhasedFargateService } = load('..') as typeof import('../src');
  return (stack, id, cluster) => new PhasedFargateService(stack, id, { cluster });
}

/** The registry in a stack beside the service's, as it has to be where the image is pushed in between. */
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

/** A process of its own for each synthesis, since that is how apps are synthesised: cold. */
if (require.main === module) {
  const [variant, count] = process.argv.slice(2);
  if (process.send) {
    process.send(measure(variant as Variant, Number(count)));
  } else {
    // The CDK CLI tells where to.
    makeApp(variant as Variant, Number(count)).app.synth();
  }
}
