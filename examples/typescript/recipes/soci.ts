import { SociIndexV2Build } from '@cdklabs/deploy-time-build';
import { GuardedFargateService, ImageGuard, ImageRegistry, ImageVersion } from '@org/phased-fargate';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** A service whose tasks start before Fargate has downloaded the whole image. The deployment adds a SOCI index to the image. */
export class Soci extends Construct {
  constructor(scope: Construct, id: string, { guard, registry, cluster }: { guard: ImageGuard; registry: ImageRegistry; cluster: ecs.ICluster }) {
    super(scope, id);
    // The tag is an attribute of the guard, so CodeBuild starts only if the image exists. It pushes the result as `<tag>-soci`.
    const { outputImageTag } = new SociIndexV2Build(this, 'Index', { repository: registry, inputImageTag: guard.imageTag });

    // This guard looks up the image that the build pushes, so the service waits for the build.
    const indexed = new ImageGuard(this, 'Guard', { registry, imageVersion: ImageVersion.tag(outputImageTag) });
    new GuardedFargateService(this, 'Service', { guard: indexed, cluster });
  }
}
