import { App, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService } from '../../src';
import { testApp } from '../util/synth';

const HERE = { account: '111111111111', region: 'eu-west-1' };
const THERE = { account: '222222222222', region: 'eu-west-1' };

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web', { env: HERE });
});

function guard(registry: ecr.IRepository, retainReleasedImages?: boolean, scope: Construct = stack, id = 'Guard'): ImageGuard {
  return new ImageGuard(scope, id, { registry, imageVersion: ImageVersion.tag('v1'), retainReleasedImages });
}

function pinNames(scope = stack): (string | undefined)[] {
  return Object.values(Template.fromStack(scope).findResources('Custom::ImageGuard')).map(({ Properties }) => Properties.ReleaseTagName);
}

/** The repositories that the function can write to. */
function writable(scope = stack): unknown[] {
  const [{ Properties }] = Object.values(Template.fromStack(scope).findResources('AWS::IAM::Role'));
  const statements: any[] = Properties.Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => [Action].flat().includes('ecr:PutImage')).map(({ Resource }) => Resource);
}

const arnOf = (name: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:ecr:eu-west-1:111111111111:repository/${name}`]] });

const registryOf = (scope: Construct, name = 'app') => new ImageRegistry(scope, name, { repositoryName: name });
const plainOf = (scope: Construct, name = 'app') => new ecr.Repository(scope, name, { repositoryName: name });

describe('a guard sets release tags', () => {
  test.each([
    ['in an ImageRegistry of the companion stack', () => ImageRegistry.inCompanionStack(stack, 'Images', { repositoryName: 'app' })],
    ['in an ImageRegistry of the same stack', () => registryOf(stack)],
    ['in an ImageRegistry of another stack', () => registryOf(new Stack(app, 'Other', { env: HERE }))],
  ])('by default %s, with write access only to that repository', (_, make) => {
    guard(make());
    expect(pinNames()).toEqual(['web']);
    expect(writable()).toEqual([arnOf('app')]);
  });

  test('if requested, in a repository whose tags can move', () => {
    guard(plainOf(stack), true);
    expect(pinNames()).toEqual(['web']);
    expect(writable()).toHaveLength(1);
  });

  test('with write access only to the registries of guards that set release tags', () => {
    guard(registryOf(stack, 'marked'));
    guard(ecr.Repository.fromRepositoryName(stack, 'Images', 'unmarked'), undefined, stack, 'Other');
    guard(registryOf(stack, 'told-not-to'), false, stack, 'Silent');
    expect(pinNames()).toEqual(['web', undefined, undefined]);
    expect(writable()).toEqual([arnOf('marked')]);
  });

  test('with one permission for two guards of one registry', () => {
    const registry = registryOf(stack);
    guard(registry);
    guard(registry, undefined, stack, 'Other');
    expect(writable()).toEqual([arnOf('app')]);
  });

  test('if requested, in another account, whose policy then allows it', () => {
    const there = new Stack(app, 'There', { env: THERE });
    guard(registryOf(there), true);
    const [{ Properties }] = Object.values(Template.fromStack(there).findResources('AWS::ECR::Repository'));
    const actions = Properties.RepositoryPolicyText.Statement.flatMap(({ Action }: any) => Action);
    expect(actions).toContain('ecr:PutImage');
    expect(pinNames()).toEqual(['web']);
  });
});

describe('a guard sets no release tags and has no write access', () => {
  test.each([
    ['in a plain repository', () => plainOf(stack)],
    ['in an imported repository', () => ecr.Repository.fromRepositoryName(stack, 'Images', 'app')],
    ['in an ImageRegistry of another account', () => registryOf(new Stack(app, 'There', { env: THERE }))],
  ])('by default %s', (_, make) => {
    guard(make());
    expect(pinNames()).toEqual([undefined]);
    expect(writable()).toEqual([]);
  });

  test('if disabled', () => {
    guard(registryOf(stack), false);
    expect(pinNames()).toEqual([undefined]);
    expect(writable()).toEqual([]);
  });

  test('in another account, whose policy then does not allow it', () => {
    const there = new Stack(app, 'There', { env: THERE });
    guard(registryOf(there));
    expect(JSON.stringify(Template.fromStack(there).toJSON())).not.toContain('ecr:PutImage');
  });
});

describe('the release tag contains the location of the service', () => {
  test('for a service', () => {
    new PhasedFargateService(stack, 'Api_v2');
    expect(pinNames()).toEqual(['web-api-v2']);
  });

  test('in a nested stack, by the name of the outermost stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    guard(registryOf(stack), undefined, nested);
    expect(pinNames(nested)).toEqual(['web-nested']);
  });

  test('in a stage, by the name of the stack', () => {
    const prod = new Stack(new Stage(app, 'Prod'), 'Web');
    guard(ImageRegistry.inCompanionStack(prod, 'Images'), undefined, new Construct(prod, 'Api'));
    expect(pinNames(prod)).toEqual(['prod-web-api']);
  });
});
