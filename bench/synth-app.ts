import { rmSync } from 'node:fs';
import { App, CfnElement, CfnOutput, CfnResource, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { PhasedFargateService } from '../src';

export type Variant = 'bare' | 'ours';

export interface Synthesis {
  /** Of the processor, so that it matters less what else the machine does. */
  readonly cpuMs: number;
  /** Of all stacks but that of the network, which is the same in both. */
  readonly resources: number;
  readonly outputs: number;
  /** The resources again, by what they are for. */
  readonly features: Readonly<Record<string, number>>;
}

/** A hundred would not fit in one stack, which takes 500 resources. */
const SERVICES_PER_STACK = 10;

/** The first that matches the path within the stack, or the type, names the feature. */
const FEATURES: ReadonlyArray<readonly [RegExp, string]> = [
  [/AWS::ECR::/, 'registry'],
  [/PhasedFargateImageGuard/, 'guard: its function, role and log group'],
  [/\/Guard\//, 'guard: the question'],
  [/PhasedFargateEvents|FailureEvents/, 'failure events'],
  [/AWS::ElasticLoadBalancingV2::/, 'load balancer'],
  [/AWS::EC2::SecurityGroup/, 'security groups'],
  [/AWS::IAM::/, 'roles and policies of the tasks'],
  [/AWS::Logs::/, 'log group of the tasks'],
  [/AWS::ECS::/, 'service and task definition'],
];

export function synthesise(variant: Variant, count: number): Synthesis {
  const start = process.cpuUsage();
  const app = new App({ analyticsReporting: false });
  const network = new Stack(app, 'Network');
  const cluster = new ecs.Cluster(network, 'Cluster', { vpc: new ec2.Vpc(network, 'Vpc') });
  for (let made = 0; made < count; made += SERVICES_PER_STACK) {
    const stack = new Stack(app, `Services${made / SERVICES_PER_STACK}`);
    for (let number = made; number < Math.min(count, made + SERVICES_PER_STACK); number++) {
      if (variant === 'ours') {
        new PhasedFargateService(stack, `Service${number}`, { cluster });
      } else {
        addBare(stack, `Service${number}`, cluster);
      }
    }
  }
  const { directory } = app.synth();
  const { user, system } = process.cpuUsage(start);
  rmSync(directory, { recursive: true });

  const elements = app.node.findAll().filter(CfnElement.isCfnElement).filter((element) => Stack.of(element) !== network);
  const resources = elements.filter(CfnResource.isCfnResource);
  const features: Record<string, number> = {};
  for (const resource of resources) {
    const feature = featureOf(resource);
    features[feature] = (features[feature] ?? 0) + 1;
  }
  const outputs = elements.filter((element) => element instanceof CfnOutput);
  return { cpuMs: (user + system) / 1e3, resources: resources.length, outputs: outputs.length, features };
}

/** The registry in a stack beside the service's, as it has to be where the image is pushed in between. */
function addBare(stack: Stack, id: string, cluster: ecs.ICluster): void {
  const registry = stack.node.tryFindChild('Registry') as Stack | undefined ?? new Stack(stack, 'Registry');
  const repository = new ecr.Repository(registry, id);
  new ApplicationLoadBalancedFargateService(stack, id, {
    cluster,
    taskImageOptions: { image: ecs.ContainerImage.fromEcrRepository(repository, 'v1') },
  });
}

function featureOf(resource: CfnResource): string {
  const names = `${resource.cfnResourceType} /${resource.node.path}/`;
  return FEATURES.find(([pattern]) => pattern.test(names))?.[1] ?? resource.cfnResourceType;
}

/** A process of its own for each synthesis, since that is how apps are synthesised: cold. */
if (require.main === module) {
  const [variant, count] = process.argv.slice(2);
  process.send?.(synthesise(variant as Variant, Number(count)));
}
