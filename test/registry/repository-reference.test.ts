import { App, Aws, CfnParameter, Fn, Lazy, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { ImageGuard, ImageRegistry, ImageVersion } from '../../src';
import { testApp } from '../util/synth';

const GUARD = 'Custom::ImageGuard';
const ENV = { account: '111111111111', region: 'eu-west-1' };

let app: App;
let stack: Stack;
let other: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Service');
  other = new Stack(app, 'Other');
});

function guard(registry: ecr.IRepository, scope: Construct = stack): ImageGuard {
  return new ImageGuard(scope, 'Guard', { registry, imageVersion: ImageVersion.tag('v1') });
}

describe('a registry whose name would have to be exported is refused', () => {
  test('if another stack creates it without a name', () => {
    expect(() => guard(new ecr.Repository(other, 'Images'))).toThrow(new Error(
      'registry Other/Images is in another stack, but its name is unknown at synthesis: ' +
      'pass a repositoryName to the registry, or use an ImageRegistry, whose name is always known (at Service/Guard)'));
  });

  test('if another stack creates it with a name that is a token', () => {
    const repositoryName = new CfnParameter(other, 'Name').valueAsString;
    expect(() => guard(new ecr.Repository(other, 'Images', { repositoryName })))
      .toThrow('registry Other/Images is in another stack, but its name is unknown at synthesis');
  });

  test('if another environment creates it without a name', () => {
    expect(() => guard(new ecr.Repository(new Stack(app, 'Abroad', { env: ENV }), 'Images')))
      .toThrow('registry Abroad/Images is in another stack, but its name is unknown at synthesis');
  });

  test('if it is imported here by the name of a repository of another stack', () => {
    const { repositoryName } = new ecr.Repository(other, 'Images', { repositoryName: 'app-mp' });
    expect(() => guard(ecr.Repository.fromRepositoryName(stack, 'Imported', repositoryName))).toThrow(new Error(
      'registry Service/Imported gets its name or ARN from Other/Images/Resource in another stack, so CDK would create a CloudFormation export: ' +
      'pass the original repository, or import it by a name that is known at synthesis (at Service/Guard)'));
  });

  test('if it is imported here by the ARN of a repository of another stack', () => {
    const { repositoryArn } = new ecr.Repository(other, 'Images');
    expect(() => guard(ecr.Repository.fromRepositoryAttributes(stack, 'Imported', { repositoryArn, repositoryName: 'app-mp' })))
      .toThrow('registry Service/Imported gets its name or ARN from Other/Images/Resource');
  });

  test('if other tokens contain the reference', () => {
    const { repositoryName } = new ecr.Repository(other, 'Images');
    const hidden = Lazy.string({ produce: () => Fn.join('/', ['team', repositoryName]) });
    expect(() => guard(ecr.Repository.fromRepositoryName(stack, 'Imported', hidden)))
      .toThrow('registry Service/Imported gets its name or ARN from Other/Images/Resource');
  });

  test('if it is imported in another stack, by a parameter of that stack', () => {
    const name = new CfnParameter(other, 'Name').valueAsString;
    expect(() => guard(ecr.Repository.fromRepositoryName(other, 'Imported', name)))
      .toThrow('registry Other/Imported gets its name or ARN from Other/Name in another stack');
  });
});

describe('a registry whose name is a token is accepted', () => {
  test('if the same stack creates it', () => {
    const repository = new ecr.Repository(stack, 'Images');
    guard(repository);
    Template.fromStack(stack).hasResourceProperties(GUARD, { RepositoryName: stack.resolve(repository.repositoryName) });
  });

  test('if the name is a parameter of the same stack', () => {
    guard(ecr.Repository.fromRepositoryName(stack, 'Images', new CfnParameter(stack, 'Name').valueAsString));
    Template.fromStack(stack).hasResourceProperties(GUARD, { RepositoryName: { Ref: 'Name' } });
  });

  test('if the name is a parameter of the stack around the nested one', () => {
    const nested = new NestedStack(stack, 'Nested');
    guard(ecr.Repository.fromRepositoryName(nested, 'Images', new CfnParameter(stack, 'Name').valueAsString), nested);
    Template.fromStack(nested).hasResourceProperties(GUARD, { RepositoryName: { Ref: Match.stringLikeRegexp('^referencetoServiceName') } });
  });

  test('if the name consists of pseudo parameters, even in another stack', () => {
    guard(ecr.Repository.fromRepositoryName(other, 'Images', `app-${Aws.REGION}`));
    Template.fromStack(stack).hasResourceProperties(GUARD, {
      RepositoryName: { 'Fn::Join': ['', ['app-', { Ref: 'AWS::Region' }]] },
    });
  });

  test('if the repository is in another environment, for which CDK generates a physical name', () => {
    const { repositoryName } = new ecr.Repository(new Stack(app, 'Abroad', { env: ENV }), 'Images', { repositoryName: 'app-mp' });
    guard(ecr.Repository.fromRepositoryName(stack, 'Images', repositoryName));
    Template.fromStack(stack).hasResourceProperties(GUARD, { RepositoryName: 'app-mp' });
  });

  test('if it is imported from an export on purpose', () => {
    guard(ecr.Repository.fromRepositoryName(stack, 'Images', Fn.importValue('RepositoryName')));
    Template.fromStack(stack).hasResourceProperties(GUARD, { RepositoryName: { 'Fn::ImportValue': 'RepositoryName' } });
  });
});

describe('other stacks refer by name to', () => {
  test.each([
    ['an ImageRegistry', (scope: Construct) => new ImageRegistry(scope, 'Images', { repositoryName: 'team/app' })],
    ['a plain repository', (scope: Construct) => new ecr.Repository(scope, 'Images', { repositoryName: 'team/app' })],
    ['a plain repository in a nested stack', (scope: Construct) =>
      new ecr.Repository(new NestedStack(scope, 'Nested'), 'Images', { repositoryName: 'team/app' })],
  ])('%s', (_, make) => {
    guard(make(new Stack(app, 'Abroad', { env: ENV })));
    Template.fromStack(stack).hasResourceProperties(GUARD, {
      RepositoryName: 'team/app',
      RegistryId: '111111111111',
      RegistryRegion: 'eu-west-1',
      RepositoryUri: { 'Fn::Join': ['', ['111111111111.dkr.ecr.eu-west-1.', { Ref: 'AWS::URLSuffix' }, '/team/app']] },
      RegistryStack: 'Abroad',
    });
  });
});

describe('a changed name, after other stacks refer to it, is refused', () => {
  const message = (name: string) => new RegExp(`\\[Other/Images/.*Resource\\] RepositoryName was changed to ${name}, but other stacks refer to the repository as "app-mp": ` +
    'pass repositoryName to the construct instead');

  test.each<[string, () => ecr.IRepository]>([
    ['an ImageRegistry', () => new ImageRegistry(other, 'Images', { repositoryName: 'app-mp' })],
    ['a plain repository', () => new ecr.Repository(other, 'Images', { repositoryName: 'app-mp' })],
  ])('for %s', (_, make) => {
    for (const [name, change] of Object.entries<(resource: ecr.CfnRepository) => void>({
      '"field"': (resource) => {
        resource.repositoryName = 'field';
      },
      '"override"': (resource) => resource.addPropertyOverride('RepositoryName', 'override'),
      '\\{"Ref":"AWS::StackName"\\}': (resource) => resource.addPropertyOverride('RepositoryName', { Ref: 'AWS::StackName' }),
      'undefined': (resource) => resource.addPropertyDeletionOverride('RepositoryName'),
    })) {
      app = testApp();
      stack = new Stack(app, 'Service');
      other = new Stack(app, 'Other');
      const registry = make();
      guard(registry);
      change(registry.node.findAll().find((construct) => construct instanceof ecr.CfnRepository)!);
      expect(() => app.synth()).toThrow(message(name));
    }
  });

  test('but is accepted in the stack of the guard, which refers to the resource', () => {
    const registry = new ecr.Repository(stack, 'Images', { repositoryName: 'app-mp' });
    guard(registry);
    (registry.node.defaultChild as ecr.CfnRepository).repositoryName = 'other';
    expect(() => app.synth()).not.toThrow();
  });
});

test.each(['a--b', 'a__b', 'team__one/app--two'])('an existing repository named %s is looked up by that name', (repositoryName) => {
  guard(ecr.Repository.fromRepositoryName(stack, 'Existing', repositoryName));
  Template.fromStack(stack).hasResourceProperties(GUARD, { RepositoryName: repositoryName });
});
