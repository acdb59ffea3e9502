import { ImageRegistry, ImageVersion, PhasedFargateService } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

export interface FargateStackProps extends StackProps {
  readonly registry: ImageRegistry;

  /** Commit that the image was built from. It is also the tag of the image. */
  readonly sha: string;
}

/** Phase 3: deployed after the image has been pushed. */
export class FargateStack extends Stack {
  constructor(scope: Construct, id: string, props: FargateStackProps) {
    super(scope, id, props);

    new PhasedFargateService(this, 'Api', {
      registry: props.registry,
      imageVersion: ImageVersion.tag(props.sha),
      cluster: new ecs.Cluster(this, 'Cluster', { clusterName: 'mp-cluster' }),
      serviceName: 'mp-api-service',
      containerPort: 8080,
    });
  }
}
