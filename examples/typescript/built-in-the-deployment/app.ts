import { ContainerImageBuild } from '@cdklabs/deploy-time-build';
import { ImageRegistry, ImageVersion, PhasedFargateService } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';

const app = new App();
const stack = new Stack(app, 'FargateStack');

// Phase 1: the registry is in its own stack, so that a failed deployment never deletes the images.
const registry = ImageRegistry.inCompanionStack(stack, 'Images');

// Phase 2 is part of the deployment: when the sources change, CodeBuild builds them and pushes the image under a new tag.
const build = new ContainerImageBuild(stack, 'Build', {
  directory: 'api',
  platform: Platform.LINUX_AMD64,
  repository: registry,
});

// Phase 3: the tag is an attribute of the build, so the guard looks up the image only after the build.
new PhasedFargateService(stack, 'Api', {
  registry,
  imageVersion: ImageVersion.tag(build.imageTag),
  containerPort: 8080,
});
