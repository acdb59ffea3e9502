import { ContainerImageBuild } from '@cdklabs/deploy-time-build';
import { ImageRegistry, ImageVersion, PhasedFargateService } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';

const app = new App();
const stack = new Stack(app, 'FargateStack');

// Phase 1: in its own stack, so that a failed deployment never takes the images with it.
const registry = ImageRegistry.inCompanionStack(stack, 'Images');

// Phase 2, within the deployment: CodeBuild builds the sources when they change, and pushes under a new tag.
const build = new ContainerImageBuild(stack, 'Build', {
  directory: 'api',
  platform: Platform.LINUX_AMD64,
  repository: registry,
});

// Phase 3: the tag is an attribute of the build, so the guard looks for the image once it is built.
new PhasedFargateService(stack, 'Api', {
  registry,
  imageVersion: ImageVersion.tag(build.imageTag),
  containerPort: 8080,
});
