import { ImageVersion, PhasedFargateService } from '@org/phased-fargate';
import { Stack, Stage, StageProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** Commit that the pipeline is building. Outside the pipeline, the app is only synthesized, so any value works. */
const COMMIT = process.env.CODEBUILD_RESOLVED_SOURCE_VERSION ?? 'none';

export class ShopStage extends Stage {
  constructor(scope: Construct, id: string, props: StageProps) {
    super(scope, id, props);
    new PhasedFargateService(new Stack(this, 'Shop'), 'Api', {
      imageVersion: ImageVersion.tag(COMMIT),
      containerPort: 8080,
    });
  }
}
