import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CfnResource, Stack } from 'aws-cdk-lib';
import { ImageGuard } from '../../src';
import { python } from '../emulator/venv';
import { testApp } from '../util/synth';

const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1';

/** Properties that hold no image, although the schemas of CloudFormation describe them in the same words. */
const NO_IMAGES: Record<string, string> = {
  'AWS::GameLift::ContainerGroupDefinition ResolvedImageDigest': 'is read only',
  'AWS::ImageBuilder::ContainerRecipe DockerfileTemplateUri': 'is an object in S3',
  'AWS::SageMaker::ModelPackage ImageDigest': 'is a digest alone, beside the image',
};

test('ImageGuard.requireOn covers every property that can hold an image according to the schemas of CloudFormation', () => {
  const found: [string, string][] = JSON.parse(execFileSync(python(), [join(__dirname, 'container_images.py')], { encoding: 'utf8' }));
  expect(found.length).toBeGreaterThan(40);

  const app = testApp();
  const stack = new Stack(app, 'All');
  for (const [type, property] of found) new CfnResource(stack, `${type} ${property}`, { type, properties: { Deep: [{ [property]: IMAGE }] } });
  ImageGuard.requireOn(app);
  let problems = '';
  try {
    app.synth();
  } catch (error) {
    problems = (error as Error).message;
  }
  const overlooked = found.map((names) => names.join(' ')).filter((names) => !problems.includes(`(at All/${names})`));
  expect(overlooked).toEqual(Object.keys(NO_IMAGES));
});
