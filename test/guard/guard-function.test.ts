import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { App, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { AssetManifestArtifact } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { ImageGuard, ImageRegistry, ImageVersion } from '../../src';
import { FlagSet, testApp } from '../util/synth';

const LOOK_UP = ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const WRITE_TO_LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function imported(scope: Construct, name: string): ecr.IRepository {
  return ecr.Repository.fromRepositoryName(scope, name, name);
}

function guard(scope: Construct, id: string, registry = imported(scope, `${id.toLowerCase()}-images`)): ImageGuard {
  return new ImageGuard(scope, id, { registry, imageVersion: ImageVersion.tag('v1') });
}

function typesIn(scope: Stack): string[] {
  return Object.values<any>(Template.fromStack(scope).toJSON().Resources).map(({ Type }) => Type).sort();
}

function roleOf(scope: Stack): any {
  const roles = Object.values<any>(Template.fromStack(scope).findResources('AWS::IAM::Role'));
  expect(roles).toHaveLength(1);
  return roles[0].Properties;
}

function statementsOf(scope: Stack): any[] {
  const { Policies } = roleOf(scope);
  expect(Policies).toHaveLength(1);
  return Policies[0].PolicyDocument.Statement;
}

function registriesOf(scope: Stack): any {
  return statementsOf(scope).find(({ Action }) => Action.includes(LOOK_UP[0])).Resource;
}

const localArn = (name: string) => ({
  'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, `:repository/${name}`]],
});

describe('in a stack with guards,', () => {
  const FUNCTION = ['AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup'];

  test('the first guard adds itself, a function, a role, and a log group', () => {
    guard(stack, 'One');
    expect(typesIn(stack)).toEqual([...FUNCTION, 'Custom::ImageGuard']);
  });

  test('each further guard adds only itself', () => {
    guard(stack, 'One');
    guard(stack, 'Two');
    guard(new Construct(stack, 'Deep'), 'Three');
    expect(typesIn(stack)).toEqual([...FUNCTION, 'Custom::ImageGuard', 'Custom::ImageGuard', 'Custom::ImageGuard']);
  });

  test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('all guards share one function, with %s', (flags) => {
    stack = new Stack(testApp({}, flags), 'Web');
    guard(stack, 'One');
    guard(stack, 'Two');
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
    expect(typesIn(stack).length).toBeLessThanOrEqual(6);
  });

  test('each nested stack gets its own function', () => {
    const nested = new NestedStack(stack, 'Nested');
    guard(stack, 'One');
    guard(nested, 'Two');
    for (const each of [stack, nested]) Template.fromStack(each).resourceCountIs('AWS::Lambda::Function', 1);
  });
});

describe('the function', () => {
  beforeEach(() => {
    guard(stack, 'One');
  });

  test('runs the bundled handler on a current Node.js, long enough for the longest wait', () => {
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 900,
    });
  });

  test.each<[string, () => Construct]>([
    ['a stack of the app', () => app],
    ['a stack of a stage', () => new Stage(app, 'Prod')],
  ])('publishes the bundled handler from the cloud assembly, which is complete without the library: %s', (_, scope) => {
    const web = new Stack(scope(), 'Api');
    guard(web, 'Guard');
    const { Code: { S3Key } } = Object.values<any>(Template.fromStack(web).findResources('AWS::Lambda::Function'))[0].Properties;
    const assembly = Stage.of(web)!.synth();
    const manifest = assembly.artifacts.find((artifact) => AssetManifestArtifact.isAssetManifestArtifact(artifact)) as AssetManifestArtifact;
    const { source, displayName } = manifest.contents.files![S3Key.replace('.zip', '')];
    expect(displayName).toBe('PhasedFargateImageGuard/Code');
    expect(source).toEqual({ packaging: 'zip', path: expect.not.stringMatching(/^\//) });
    const handler = readFileSync(join(assembly.directory, source.path!, 'index.js'));
    expect(handler).toEqual(readFileSync(join(__dirname, '../../assets/guard/handler/index.lambda/index.js')));
    expect(realpathSync(join(assembly.directory, source.path!))).toContain(realpathSync(app.outdir));
  });

  test('is not in a VPC, where it might not reach CloudFormation', () => {
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { VpcConfig: Match.absent() });
  });

  test('waits for its role and all of its permissions', () => {
    const { Resources } = Template.fromStack(stack).toJSON();
    const [[role]] = Object.entries<any>(Resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Role: { 'Fn::GetAtt': [role, 'Arn'] } });
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 0);
  });

  test('logs to a log group that is deleted with the stack', () => {
    Template.fromStack(stack).hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
  });
});

describe('the permissions of the function', () => {
  test('are exactly these', () => {
    guard(stack, 'One');
    const [logGroup] = Object.keys(Template.fromStack(stack).findResources('AWS::Logs::LogGroup'));
    expect(statementsOf(stack)).toEqual([
      { Effect: 'Allow', Action: 'cloudformation:DescribeStacks', Resource: { Ref: 'AWS::StackId' } },
      { Effect: 'Allow', Action: WRITE_TO_LOG, Resource: { 'Fn::GetAtt': [logGroup, 'Arn'] } },
      { Effect: 'Allow', Action: LOOK_UP, Resource: localArn('one-images') },
    ]);
    expect(roleOf(stack).ManagedPolicyArns).toBeUndefined();
    expect(roleOf(stack).AssumeRolePolicyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
    ]);
  });

  test('cover the registry of each guard in the stack', () => {
    guard(stack, 'One');
    guard(stack, 'Two');
    expect(registriesOf(stack)).toEqual([localArn('one-images'), localArn('two-images')]);
  });

  test.each([
    ['an ImageRegistry of the companion stack', (service: Stack) => ImageRegistry.inCompanionStack(service, 'Images', { repositoryName: 'app' })],
    ['an ImageRegistry of the same stack', (service: Stack) => new ImageRegistry(service, 'Images', { repositoryName: 'app' })],
    ['a plain repository of another stack', (service: Stack) =>
      new ecr.Repository(new Stack(service.node.root as App, 'Other'), 'Images', { repositoryName: 'app' })],
    ['an imported repository', (service: Stack) => imported(service, 'app')],
  ])('contain a registry once for two guards: %s', (_, make) => {
    const registry = make(stack);
    guard(stack, 'One', registry);
    guard(stack, 'Two', registry);
    expect(registriesOf(stack)).toEqual(localArn('app'));
  });

  test('refer to the resource of a repository without a name', () => {
    const registry = new ecr.Repository(stack, 'Images');
    guard(stack, 'One', registry);
    guard(stack, 'Two', registry);
    expect(registriesOf(stack)).toEqual(stack.resolve(registry.repositoryArn));
  });

  test('in a nested stack cover the status of that stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    guard(nested, 'One');
    expect(statementsOf(nested)[0].Resource).toEqual({ Ref: 'AWS::StackId' });
  });
});

describe('a registry in another account', () => {
  const HERE = { account: '111111111111', region: 'eu-west-1' };
  const THERE = { account: '222222222222', region: 'eu-west-1' };
  const arn = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:222222222222:repository/app']] };
  const account = { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::111111111111:root']] } };

  beforeEach(() => {
    stack = new Stack(app, 'Here', { env: HERE });
  });

  const registries: [string, (scope: Stack) => ecr.IRepository][] = [
    ['an ImageRegistry', (scope) => new ImageRegistry(scope, 'Images', { repositoryName: 'app' })],
    ['a plain repository', (scope) => new ecr.Repository(scope, 'Images', { repositoryName: 'app' })],
  ];

  test.each(registries)('allows the account of the guards to look up and pull images, with one statement for all guards: %s', (_, make) => {
    const there = new Stack(app, 'There', { env: THERE });
    const registry = make(there);
    guard(stack, 'One', registry);
    guard(stack, 'Two', registry);
    guard(new NestedStack(stack, 'Nested'), 'Three', registry);
    Template.fromStack(there).hasResourceProperties('AWS::ECR::Repository', {
      RepositoryPolicyText: {
        Statement: [{ Effect: 'Allow', Action: [...LOOK_UP, 'ecr:BatchCheckLayerAvailability'], Principal: account }],
      },
    });
  });

  test.each(registries)('is covered by the permissions of the function: %s', (_, make) => {
    guard(stack, 'One', make(new Stack(app, 'There', { env: THERE })));
    expect(registriesOf(stack)).toEqual(arn);
  });

  test('that is imported is covered by the permissions, and its own policy must allow the access', () => {
    guard(stack, 'One', ecr.Repository.fromRepositoryArn(stack, 'Images', 'arn:aws:ecr:eu-west-1:222222222222:repository/app'));
    expect(registriesOf(stack)).toBe('arn:aws:ecr:eu-west-1:222222222222:repository/app');
  });

  test.each([
    ['of the same account', HERE],
    ['in another region of the same account', { ...HERE, region: 'us-east-1' }],
    ['of an unknown account', {}],
  ])('has a resource policy, unlike one %s', (_, env) => {
    const there = new Stack(app, 'There', { env });
    guard(stack, 'One', new ImageRegistry(there, 'Images'));
    Template.fromStack(there).hasResourceProperties('AWS::ECR::Repository', { RepositoryPolicyText: Match.absent() });
  });
});
