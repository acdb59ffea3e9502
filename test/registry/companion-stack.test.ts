import {
  App, Aspects, BootstraplessSynthesizer, CfnElement, CfnWaitConditionHandle, CliCredentialsStackSynthesizer, DefaultStackSynthesizer,
  IReusableStackSynthesizer, LegacyStackSynthesizer, NestedStack, PermissionsBoundary, Stack, StackProps, Stage, Tags,
} from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AwsCloudFormationStackProperties } from 'aws-cdk-lib/cloud-assembly-schema';
import { AssetManifestArtifact, CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService } from '../../src';
import { deployedBefore } from '../util/guarded';
import { inhabited, testApp } from '../util/synth';

const ENV = { account: '111111111111', region: 'eu-west-1' };

function serviceStack(app: App = testApp(), props?: StackProps): Stack {
  const stack = new Stack(app, 'Web', props);
  new CfnWaitConditionHandle(stack, 'Anything');
  return stack;
}

function artifactOf(stack: Stack): CloudFormationStackArtifact {
  return (stack.node.root as App).synth().stacksRecursively.find(({ hierarchicalId }) => hierarchicalId === stack.node.path)!;
}

describe('the registry stack', () => {
  test('is the child Registry of the service stack, named after it', () => {
    const registry = ImageRegistry.inCompanionStack(serviceStack(), 'Images');
    expect(registry.stack.node.path).toBe('Web/Registry');
    expect(registry.stack.stackName).toBe('Web-Registry');
    expect(registry.stack.nestedStackParent).toBeUndefined();
  });

  test('is shared by all registries of the service stack', () => {
    const stack = serviceStack();
    const [one, other] = ['One', 'Other'].map((id) => ImageRegistry.inCompanionStack(stack, id));
    expect(other.stack).toBe(one.stack);
    expect(other.repositoryName).not.toBe(one.repositoryName);
  });

  test('has a different name for each stack name, even if the stacks have the same ID', () => {
    const app = testApp();
    const registries = ['blue', 'green'].map((stackName) =>
      ImageRegistry.inCompanionStack(new Stack(new Construct(app, stackName), 'Web', { stackName }), 'Images'));
    expect(registries.map(({ stack }) => stack.stackName)).toEqual(['blue-Registry', 'green-Registry']);
    expect(registries.map(({ repositoryName }) => repositoryName)).toEqual(['blue-images', 'green-images']);
    expect(() => app.synth()).not.toThrow();
  });

  test('belongs to the outermost stack for a service in a nested stack', () => {
    const stack = serviceStack();
    const nested = new NestedStack(new NestedStack(stack, 'Outer'), 'Inner');
    const registry = ImageRegistry.inCompanionStack(nested, 'Images');
    expect(registry.stack.node.path).toBe('Web/Registry');
    expect(registry.repositoryName).toBe('web-outer-inner-images');
  });

  test('belongs to the stack itself if stacks are nested only in the construct tree', () => {
    const child = new Stack(serviceStack(), 'Child');
    expect(ImageRegistry.inCompanionStack(child, 'Images').stack.node.path).toBe('Web/Child/Registry');
  });

  test('is in the stage of the service stack', () => {
    const stage = new Stage(testApp(), 'Prod', { env: ENV });
    const registry = ImageRegistry.inCompanionStack(new Stack(stage, 'Web'), 'Images');
    expect(registry.stack.node.path).toBe('Prod/Web/Registry');
    expect(registry.stack.stackName).toBe('Prod-Web-Registry');
    expect(registry.env).toEqual(ENV);
  });

  test('gives its registries the name that they would have in the service stack', () => {
    const stack = serviceStack();
    const scope = new Construct(stack, 'Frontend');
    expect(ImageRegistry.inCompanionStack(scope, 'Images').repositoryName).toBe('web-frontend-images');
  });

  test('is deployed before the service stack if the service waits for an image in it', () => {
    const stack = serviceStack();
    const registry = ImageRegistry.inCompanionStack(stack, 'Images');
    new ImageGuard(stack, 'Guard', { registry });
    expect(deployedBefore((stack.node.root as App).synth(), 'Web')).toEqual(['Web/Registry']);
  });

  test('passes the options on to the registry', () => {
    const registry = ImageRegistry.inCompanionStack(serviceStack(), 'Images', { repositoryName: 'team/app', imageScanOnPush: false });
    Template.fromStack(registry.stack).hasResourceProperties('AWS::ECR::Repository', {
      RepositoryName: 'team/app',
      ImageScanningConfiguration: { ScanOnPush: false },
    });
  });
});

describe('the registry stack inherits', () => {
  const companionOf = (stack: Stack) => ImageRegistry.inCompanionStack(stack, 'Images').stack;

  test.each([
    ['the account and region', ENV],
    ['a region without an account', { region: 'eu-west-1' }],
    ['an unknown environment', {}],
  ])('%s', (_, env) => {
    const stack = serviceStack(testApp(), { env });
    expect(companionOf(stack).environment).toBe(stack.environment);
  });

  test.each(['no feature flags', 'all recommended feature flags'] as const)('the tags of the stack, with %s', (flags) => {
    const companion = companionOf(inhabited(serviceStack(testApp({}, flags), { tags: { team: 'web' } })));
    expect(artifactOf(companion).tags).toMatchObject({ team: 'web' });
  });

  test('tags that Tags.of(stack) adds later', () => {
    const stack = serviceStack();
    const companion = companionOf(stack);
    Tags.of(stack).add('team', 'web');
    expect(artifactOf(companion).tags).toMatchObject({ team: 'web' });
    Template.fromStack(companion).hasResourceProperties('AWS::ECR::Repository', { Tags: [{ Key: 'team', Value: 'web' }] });
  });

  test('the permissions boundary', () => {
    const companion = companionOf(serviceStack(testApp(), { permissionsBoundary: PermissionsBoundary.fromName('boundary') }));
    new iam.Role(companion, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
    Template.fromStack(companion).hasResourceProperties('AWS::IAM::Role', {
      PermissionsBoundary: { 'Fn::Join': ['', Match.arrayWith([':policy/boundary'])] },
    });
  });

  test('the aspects', () => {
    const stack = serviceStack();
    const companion = companionOf(stack);
    const visited: string[] = [];
    Aspects.of(stack).add({ visit: ({ node }) => visited.push(node.path) });
    artifactOf(companion);
    expect(visited).toContain('Web/Registry/Images/Resource/Resource');
  });

  test.each([true, false])('the termination protection %s', (terminationProtection) => {
    const companion = companionOf(serviceStack(testApp(), { terminationProtection }));
    expect(artifactOf(companion).terminationProtection ?? false).toBe(terminationProtection);
  });

  describe('the qualifier of the bootstrapped environment', () => {
    const roleOf = (stack: Stack) => artifactOf(stack).assumeRoleArn;

    test('by default', () => {
      expect(roleOf(companionOf(serviceStack()))).toContain('cdk-hnb659fds-deploy-role');
    });

    test('of the context', () => {
      const app = testApp({ context: { '@aws-cdk/core:bootstrapQualifier': 'context' } });
      expect(roleOf(companionOf(serviceStack(app)))).toContain('cdk-context-deploy-role');
    });

    test('of the app, with all settings of its synthesizer', () => {
      const app = testApp({
        defaultStackSynthesizer: new DefaultStackSynthesizer({ qualifier: 'wholeapp', deployRoleArn: 'arn:aws:iam::111111111111:role/deploy' }),
      });
      const companion = companionOf(serviceStack(app));
      expect(roleOf(companion)).toBe('arn:aws:iam::111111111111:role/deploy');
      expect(companion.synthesizer.bootstrapQualifier).toBe('wholeapp');
    });

    test('of the service stack', () => {
      const stack = serviceStack(testApp(), { synthesizer: new DefaultStackSynthesizer({ qualifier: 'own' }) });
      expect(roleOf(companionOf(stack))).toContain('cdk-own-deploy-role');
    });

    test('of the service stack instead of the app', () => {
      const app = testApp({ defaultStackSynthesizer: new DefaultStackSynthesizer({ qualifier: 'wholeapp' }) });
      const stack = serviceStack(app, { synthesizer: new DefaultStackSynthesizer({ qualifier: 'own' }) });
      expect(roleOf(companionOf(stack))).toContain('cdk-own-deploy-role');
    });

    test('of the service stack, although the app has another kind of synthesizer', () => {
      const app = testApp({ defaultStackSynthesizer: new CliCredentialsStackSynthesizer() });
      const stack = serviceStack(app, { synthesizer: new DefaultStackSynthesizer({ qualifier: 'own' }) });
      expect(roleOf(companionOf(stack))).toContain('cdk-own-deploy-role');
    });
  });

  describe.each<[string, () => IReusableStackSynthesizer]>([
    ['the default of CDK', () => new DefaultStackSynthesizer()],
    ['custom roles, buckets, and prefixes', organizations],
    ['no rule for the bootstrap version', () => new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })],
    ['no lookup role for stack operations', () => new DefaultStackSynthesizer({ useLookupRoleForStackOperations: false })],
    ['external IDs and session tags', () => new DefaultStackSynthesizer({
      deployRoleExternalId: 'one',
      fileAssetPublishingExternalId: 'two',
      lookupRoleExternalId: 'three',
      deployRoleAdditionalOptions: { Tags: [{ Key: 'team', Value: 'web' }] },
    })],
    ['the credentials of the CDK CLI', () => new CliCredentialsStackSynthesizer({ qualifier: 'cli', fileAssetsBucketName: 'org-assets', bucketPrefix: 'web/' })],
    ['the behavior of CDK v1', () => new LegacyStackSynthesizer()],
  ])('a synthesizer with %s', (_, make) => {
    test.each<[string, () => Stack]>([
      ['the app', () => serviceStack(testApp({ defaultStackSynthesizer: make() }), { env: ENV })],
      ['the stack', () => serviceStack(testApp(), { env: ENV, synthesizer: make() })],
      ['the stack if the app has another one', () => serviceStack(testApp({ defaultStackSynthesizer: organizations() }), { env: ENV, synthesizer: make() })],
      ['the stack if the app has an equal one', () =>
        serviceStack(testApp({ defaultStackSynthesizer: make() }), { env: ENV, synthesizer: make() })],
      ['a stack with an unknown environment', () => serviceStack(testApp(), { synthesizer: make() })],
    ])('from %s', (__, makeStack) => {
      const stack = makeStack();
      expect(deployment(companionOf(stack))).toEqual(deployment(stack));
    });
  });

  test.each([true, false])('tags and the termination protection %s even if they are set later', (terminationProtection) => {
    const stack = serviceStack(testApp(), { terminationProtection: !terminationProtection });
    const companion = companionOf(stack);
    stack.terminationProtection = terminationProtection;
    stack.tags.setTag('team', 'web');
    companion.tags.setTag('phase', 'one');
    expect(artifactOf(companion).terminationProtection ?? false).toBe(terminationProtection);
    expect(artifactOf(companion).tags).toEqual({ team: 'web', phase: 'one' });
    expect(artifactOf(stack).tags).toEqual({ team: 'web' });
  });

  test('no setting that it has set itself', () => {
    const stack = serviceStack(testApp(), { terminationProtection: false, tags: { team: 'web', cost: 'web' } });
    const companion = companionOf(stack);
    companion.terminationProtection = true;
    companion.tags.setTag('team', 'platform');
    Tags.of(companion).remove('cost');
    expect(artifactOf(companion)).toMatchObject({ terminationProtection: true, tags: { team: 'platform' } });
    expect(artifactOf(companion).tags).not.toHaveProperty('cost');
    expect(artifactOf(stack).terminationProtection ?? false).toBe(false);
  });
});

function organizations(): DefaultStackSynthesizer {
  const role = (name: string) => `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/org/\${Qualifier}-${name}`;
  return new DefaultStackSynthesizer({
    qualifier: 'org',
    deployRoleArn: role('deploy'),
    cloudFormationExecutionRole: role('execute'),
    fileAssetPublishingRoleArn: role('publish'),
    lookupRoleArn: role('look-up'),
    fileAssetsBucketName: 'org-assets-\${AWS::Region}',
    bucketPrefix: 'web/',
    bootstrapStackVersionSsmParameter: '/org/bootstrap/version',
  });
}

/** Everything in the manifest that determines how the CDK CLI deploys a stack, except what identifies the stack. */
function deployment(stack: Stack): object {
  const { manifest, template, dependencies } = artifactOf(stack);
  const { templateFile, stackName, tags, stackTemplateAssetObjectUrl = '', additionalDependencies, ...properties } =
    manifest.properties as AwsCloudFormationStackProperties & { additionalDependencies?: string[] };
  const assets = dependencies.filter((artifact) => artifact instanceof AssetManifestArtifact)
    .flatMap(({ contents }) => Object.values(contents.files ?? {}))
    .filter(({ source }) => source.path === templateFile)
    .flatMap(({ destinations }) => Object.values(destinations))
    .map(({ objectKey, ...destination }) => ({ ...destination, prefix: objectKey.replace(/[^/]*$/, '') }));
  return {
    ...properties,
    environment: manifest.environment,
    templateUrl: stackTemplateAssetObjectUrl.replace(/[0-9a-f]{64}\.json$/, ''),
    assets,
    rule: template.Rules,
    parameters: template.Parameters,
  };
}

describe('a synthesizer that cannot be copied', () => {
  test.each([
    ['BootstraplessSynthesizer', () => new BootstraplessSynthesizer({ deployRoleArn: 'arn:aws:iam::111111111111:role/deploy' })],
    ['Homemade', () => new (class Homemade extends DefaultStackSynthesizer {})({ qualifier: 'own' })],
    ['Homemade', () => new (class Homemade extends DefaultStackSynthesizer {
      constructor(prefix: string) {
        super({ bucketPrefix: prefix });
      }
    })('own/')],
  ])('%s of the service stack is refused with its name and two remedies', (name, make) => {
    const stack = serviceStack(testApp(), { synthesizer: make() });
    expect(() => new PhasedFargateService(stack, 'Api')).toThrow(new Error(
      `synthesizer ${name} belongs to this stack alone, so the registry stack cannot use it: set it as defaultStackSynthesizer of the app, ` +
      'or create an ImageRegistry in a separate stack and pass that as registry (at Web)'));
  });

  test('is accepted if the user passes the registry', () => {
    const app = testApp();
    const stack = serviceStack(app, { synthesizer: new (class Homemade extends DefaultStackSynthesizer {})() });
    new PhasedFargateService(stack, 'Api', { registry: new ImageRegistry(new Stack(app, 'Images'), 'Images') });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('clashes', () => {
  test('with a construct with the ID Registry are refused, with two remedies', () => {
    const stack = serviceStack();
    new ImageRegistry(stack, 'Registry');
    expect(() => new PhasedFargateService(stack, 'Api')).toThrow(new Error(
      'the id "Registry" is reserved for the registry stack of Web: give this construct another id, or pass it as the registry of the service ' +
      '(at Web/Registry)'));
  });

  test('with a stack with the ID Registry are refused too', () => {
    const stack = serviceStack();
    new Stack(stack, 'Registry');
    expect(() => new PhasedFargateService(stack, 'Api')).toThrow('the id "Registry" is reserved for the registry stack of Web');
  });

  test('of two registries with one ID are refused by CDK', () => {
    const stack = serviceStack();
    ImageRegistry.inCompanionStack(stack, 'Images');
    expect(() => ImageRegistry.inCompanionStack(stack, 'Images')).toThrow("There is already a Construct with name 'Images' in RegistryStack");
  });

  test('of two registries with one repository name are refused', () => {
    const stack = serviceStack();
    ImageRegistry.inCompanionStack(stack, 'One', { repositoryName: 'app' });
    expect(() => ImageRegistry.inCompanionStack(stack, 'Other', { repositoryName: 'app' }))
      .toThrow('repositoryName "app" is taken by Web/Registry/One');
  });

  test('of a stack name with the length limit of CloudFormation are refused, with two remedies', () => {
    expect(() => ImageRegistry.inCompanionStack(serviceStack(testApp(), { stackName: 'a'.repeat(119) }), 'Images')).not.toThrow();
    expect(() => ImageRegistry.inCompanionStack(serviceStack(testApp(), { stackName: 'a'.repeat(120) }), 'Images')).toThrow(new Error(
      `the name "${'a'.repeat(120)}-Registry" of the registry stack has 129 characters, but CloudFormation allows 128: set a shorter stackName, ` +
      'or create an ImageRegistry in a separate stack and pass that as registry (at Web)'));
  });
});

test('without a stack, there is no companion stack', () => {
  expect(() => ImageRegistry.inCompanionStack(new Construct(testApp(), 'Nowhere'), 'Images'))
    .toThrow("Construct at 'Nowhere' should be created in the scope of a Stack, but no Stack found");
});

test('the logical IDs of the registry stack never change, because a changed ID would replace the repository', () => {
  const stack = serviceStack();
  const direct = ImageRegistry.inCompanionStack(stack, 'Images');
  const deep = ImageRegistry.inCompanionStack(new Construct(new NestedStack(stack, 'Nested'), 'Deep'), 'Images');
  const ids = [direct, deep].map(({ node, stack: companion }) => companion.getLogicalId(node.defaultChild as CfnElement));
  expect(ids).toEqual(['ImagesF8C4E866', 'NestedDeepImages6F06651D']);
});

describe('the parameters of image tags', () => {
  const parametersOf = (stack: Stack) =>
    Object.keys(Template.fromStack(stack).findParameters('*')).filter((name) => name !== 'BootstrapVersion');

  test('are accepted by the registry stack too, because the CLI passes parameters without a stack name to every stack', () => {
    const stack = serviceStack();
    const { cluster } = new PhasedFargateService(stack, 'Api').service;
    new PhasedFargateService(stack, 'Web', { cluster, imageVersion: ImageVersion.parameter('Release') });
    new PhasedFargateService(new NestedStack(stack, 'Nested'), 'Worker');
    const companion = stack.node.findChild('Registry') as Stack;
    expect(parametersOf(companion).sort()).toEqual(parametersOf(stack).sort());
    expect(parametersOf(stack)).toHaveLength(3);
    Template.fromStack(companion).hasParameter('ApiImageTag', { Type: 'String', Default: '', AllowedPattern: Match.absent() });
  });

  test('are checked by one rule of the registry stack, which refuses only the value that a script passes if its variable is not set', () => {
    const stack = serviceStack();
    const { cluster } = new PhasedFargateService(stack, 'Api');
    new PhasedFargateService(stack, 'Web', { cluster });
    const rules = Object.values(Template.fromStack(stack.node.findChild('Registry') as Stack).toJSON().Rules)
      .filter((rule) => JSON.stringify(rule).includes('ImageTag'));
    expect(rules).toEqual([{
      Assertions: ['ApiImageTag', 'WebImageTag'].map((name) => ({
        Assert: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: name }, 'undefined'] }] },
        AssertDescription: `the parameter ${name} has the value "undefined": pass the tag of an image`,
      })),
    }]);
  });

  test('are accepted for every stack with a guard of the registry', () => {
    const stack = serviceStack();
    const registry = ImageRegistry.inCompanionStack(stack, 'Images');
    new ImageGuard(stack, 'Guard', { registry });
    new ImageGuard(inhabited(new Stack(stack.node.root, 'Other')), 'Other', { registry });
    new ImageGuard(stack, 'Again', { registry, imageVersion: ImageVersion.parameter('OtherImageTag') });
    expect(parametersOf(registry.stack)).toEqual(['ImageTag', 'OtherImageTag']);
  });

  test('are absent if the guards of the registry stack have fixed images', () => {
    const stack = serviceStack();
    const registry = ImageRegistry.inCompanionStack(stack, 'Images');
    new ImageGuard(stack, 'Guard', { registry, imageVersion: ImageVersion.tag('v1') });
    expect(parametersOf(registry.stack)).toEqual([]);
  });

  test('are not added to a stack that the library did not create', () => {
    const app = testApp();
    const registry = new ImageRegistry(new Stack(app, 'AppStack'), 'Images');
    new ImageGuard(inhabited(new Stack(app, 'FargateStack')), 'Guard', { registry });
    expect(parametersOf(registry.stack)).toEqual([]);
  });

  test('can have the same name as a registry', () => {
    const stack = serviceStack();
    ImageRegistry.inCompanionStack(stack, 'ApiImageTag');
    new PhasedFargateService(stack, 'Api');
    expect(parametersOf(stack.node.findChild('Registry') as Stack)).toEqual(['ApiImageTag']);
  });
});
