import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService, WhenMissing } from '../../src';
import { testApp } from '../util/synth';
import { unclearErrors, WRONG_VALUES } from '../util/wrong-values';

/** Invalid values that only JavaScript programs can pass: jsii checks the types of values from other languages. */

jest.setTimeout(60_000);

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

const repository = () => ecr.Repository.fromRepositoryName(stack, 'Images', 'app');
const fresh = (use: (value: any) => void) => (value: any) => {
  app = testApp();
  stack = new Stack(app, 'Web');
  use(value);
  app.synth();
};

describe('any value is accepted, or refused with an error that names the option:', () => {
  test.each(['registry', 'imageVersion', 'whenMissing', 'retainReleasedImages'])('%s of a guard', (name) => {
    expect(unclearErrors(name, fresh((value) => new ImageGuard(stack, 'Guard', { registry: repository(), imageVersion: ImageVersion.tag('v1'), [name]: value })))).toEqual([]);
  });

  test.each(['registry', 'imageVersion', 'whenMissing', 'retainReleasedImages'])('%s of a service', (name) => {
    expect(unclearErrors(name, fresh((value) => new PhasedFargateService(stack, 'Api', { [name]: value })))).toEqual([]);
  });

  test.each([
    'repositoryName', 'removalPolicy', 'imageScanOnPush', 'maxImageCount', 'maxUntaggedImageAge', 'encryptionKey',
  ])('%s of a registry', (name) => {
    expect(unclearErrors(name, fresh((value) => new ImageRegistry(stack, 'Images', { [name]: value })))).toEqual([]);
    expect(unclearErrors(name, fresh((value) => ImageRegistry.inCompanionStack(stack, 'Images', { [name]: value })))).toEqual([]);
  });

  test.each(['strict', 'exemptions'])('%s of ImageGuard.requireOn', (name) => {
    expect(unclearErrors(name, fresh((value) => ImageGuard.requireOn(app, { [name]: value })))).toEqual([]);
  });

  test.each<[string, (value: any) => unknown]>([
    ['options', (value) => new ImageGuard(stack, 'Guard', value)],
    ['options', (value) => new ImageRegistry(stack, 'Images', value)],
    ['options', (value) => ImageGuard.requireOn(app, value)],
    ['scope', (value) => ImageGuard.requireOn(value)],
    ['ImageVersion.tag', (value) => ImageVersion.tag(value)],
    ['ImageVersion.movingTag', (value) => ImageVersion.movingTag(value)],
    ['ImageVersion.digest', (value) => ImageVersion.digest(value)],
    ['name', (value) => ImageVersion.parameter(value)],
    ['duration', (value) => WhenMissing.waitFor(value)],
    ['count', (value) => new ImageGuard(stack, 'Guard', { registry: repository(), whenMissing: WhenMissing.startWithoutTasks() }).taskCount(value)],
  ])('%s, attempt %#', (name, use) => {
    const namesAnother = (error: string) => /registry is missing|is not an option/.test(error);
    expect(unclearErrors(name, fresh(use)).filter((error) => !namesAnother(error))).toEqual([]);
  });
});

test('a guard without a registry is refused, with the remedy', () => {
  expect(() => new ImageGuard(stack, 'Guard', {} as any)).toThrow(new Error(
    'registry is missing: pass an ImageRegistry, or any other ECR repository (at Web/Guard)'));
});

test('isImageGuard and isImageRegistry return false for other values', () => {
  for (const value of WRONG_VALUES) {
    expect(ImageGuard.isImageGuard(value)).toBe(false);
    expect(ImageRegistry.isImageRegistry(value)).toBe(false);
  }
});

test('null means that an option is not set', () => {
  const options: any = { imageVersion: null, whenMissing: null, retainReleasedImages: null };
  expect(() => new ImageGuard(stack, 'Guard', { registry: new ImageRegistry(stack, 'Images', { maxImageCount: null } as any), ...options })).not.toThrow();
});

test('a duration does not have to be a whole number of minutes', () => {
  expect(() => WhenMissing.waitFor(Duration.seconds(90))).not.toThrow();
});
