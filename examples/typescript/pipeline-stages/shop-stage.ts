import { Ingress, PhasedFargateService } from '@org/phased-fargate';
import { Stack, Stage, StageProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { RegistryStack } from './registry-stack';

export interface ShopStageProps extends StageProps {
  readonly registries: RegistryStack;
}

/** All services of the shop. Each stage has its own copy. */
export class ShopStage extends Stage {
  constructor(scope: Construct, id: string, { registries, ...props }: ShopStageProps) {
    super(scope, id, props);
    const stack = new Stack(this, 'Shop');
    const cluster = new ecs.Cluster(stack, 'Cluster');

    new PhasedFargateService(stack, 'Api', { registry: registries.api, cluster, containerPort: 8080 });
    new PhasedFargateService(stack, 'Worker', {
      registry: registries.worker,
      cluster,
      ingress: Ingress.none(),
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
    });
  }
}
