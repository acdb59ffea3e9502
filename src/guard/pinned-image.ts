import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/**
 * The image of a guard in a task definition, named by its digest.
 *
 * `ContainerImage.fromEcrRepository` does not do: it writes `repository:<digest>` where the digest is a token.
 */
export class PinnedImage extends ecs.ContainerImage {
  constructor(
    private readonly repository: ecr.IRepository,
    private readonly imageUri: string,
    private readonly onBind: (taskDefinition: ecs.TaskDefinition) => void,
  ) {
    super();
  }

  public bind(_scope: Construct, { taskDefinition }: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    this.onBind(taskDefinition);
    this.repository.grantPull(taskDefinition.obtainExecutionRole());
    return { imageName: this.imageUri };
  }
}

/** What a task runs on, as ECS says it: `LINUX/X86_64`; `undefined` where its container instances decide. */
export function platformOf(taskDefinition: ecs.TaskDefinition): string | undefined {
  if (!taskDefinition.isFargateCompatible) return undefined;

  // Not public on the L2, and it may be changed on the L1 until the last moment.
  const { runtimePlatform } = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
  const { operatingSystemFamily, cpuArchitecture } = (runtimePlatform ?? {}) as ecs.CfnTaskDefinition.RuntimePlatformProperty;
  return `${operatingSystemFamily ?? 'LINUX'}/${cpuArchitecture ?? 'X86_64'}`;
}
