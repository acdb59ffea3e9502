import { App, Aws, CfnParameter, Lazy, NestedStack, PhysicalName, RemovalPolicies, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import * as fc from 'fast-check';
import { ImageGuard, ImageRegistry, ImageRegistryProps, PhasedFargateService } from '../../src';
import { testApp } from '../util/synth';

const REPOSITORY = 'AWS::ECR::Repository';

function registryIn(stack: Stack, props?: ImageRegistryProps) {
  const registry = new ImageRegistry(stack, 'Images', props);
  return { registry, template: () => Template.fromStack(stack) };
}

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'AppStack');
});

describe('the repository', () => {
  test('scans images on push, unless disabled', () => {
    new ImageRegistry(stack, 'Scanned');
    new ImageRegistry(stack, 'Unscanned', { imageScanOnPush: false });
    const template = Template.fromStack(stack);
    for (const [name, scanned] of [['appstack-scanned', true], ['appstack-unscanned', false]]) {
      template.hasResourceProperties(REPOSITORY, { RepositoryName: name, ImageScanningConfiguration: { ScanOnPush: scanned } });
    }
  });

  test('has immutable tags, except those that must be able to move', () => {
    registryIn(stack).template().hasResourceProperties(REPOSITORY, {
      ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      ImageTagMutabilityExclusionFilters: ['latest', 'cache*', 'deployed-*'].map((pattern) => ({
        ImageTagMutabilityExclusionFilterType: 'WILDCARD',
        ImageTagMutabilityExclusionFilterValue: pattern,
      })),
    });
  });

  test('is kept with its images, except if its first deployment fails', () => {
    registryIn(stack).template().hasResource(REPOSITORY, {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { EmptyOnDelete: Match.absent() },
    });
  });

  test('is deleted with its images with RemovalPolicy.DESTROY', () => {
    registryIn(stack, { removalPolicy: RemovalPolicy.DESTROY }).template().hasResource(REPOSITORY, {
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: { EmptyOnDelete: true },
    });
  });

  test('is not emptied with RemovalPolicy.RETAIN', () => {
    registryIn(stack, { removalPolicy: RemovalPolicy.RETAIN }).template().hasResource(REPOSITORY, {
      DeletionPolicy: 'Retain',
      Properties: { EmptyOnDelete: Match.absent() },
    });
  });

  test('supports applyRemovalPolicy, as other CDK resources do', () => {
    const { registry, template } = registryIn(stack);
    registry.applyRemovalPolicy(RemovalPolicy.DESTROY);
    template().hasResource(REPOSITORY, { DeletionPolicy: 'Delete' });
  });

  test('inherits a removal policy from a parent scope', () => {
    const { template } = registryIn(stack);
    RemovalPolicies.of(stack).destroy();
    template().hasResource(REPOSITORY, { DeletionPolicy: 'Delete' });
  });

  test('can be changed by the escape hatch that CDK documents', () => {
    const { registry, template } = registryIn(stack);
    (registry.node.defaultChild as ecr.CfnRepository).addPropertyOverride('LifecyclePolicy.RegistryId', '111111111111');
    template().hasResourceProperties(REPOSITORY, { LifecyclePolicy: { RegistryId: '111111111111' } });
  });

  test('is encrypted with a key of ECR by default', () => {
    registryIn(stack).template().hasResourceProperties(REPOSITORY, { EncryptionConfiguration: Match.absent() });
  });

  test('can be encrypted with a KMS key', () => {
    const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/abc');
    registryIn(stack, { encryptionKey: key }).template().hasResourceProperties(REPOSITORY, {
      EncryptionConfiguration: { EncryptionType: 'KMS', KmsKey: 'arn:aws:kms:eu-west-1:111111111111:key/abc' },
    });
  });

  test('is the only resource in the stack', () => {
    const resources = registryIn(stack).template().toJSON().Resources;
    expect(Object.values<any>(resources).map(({ Type }) => Type)).toEqual([REPOSITORY]);
  });
});

describe('the name', () => {
  const nameIn = (scope: Construct, id: string, props?: ImageRegistryProps) => new ImageRegistry(scope, id, props).repositoryName;

  test('consists of the stack name and the IDs below it, in the characters that ECR accepts', () => {
    expect(nameIn(stack, 'Images')).toBe('appstack-images');
    expect(nameIn(new Construct(stack, 'Web_Site'), 'API.v2')).toBe('appstack-web-site-api-v2');
  });

  test('depends on the stack name, not the ID of the stack', () => {
    expect(nameIn(new Stack(app, 'Other', { stackName: 'Prod-Web' }), 'Images')).toBe('prod-web-images');
  });

  test('contains the stage, through the stack name', () => {
    expect(nameIn(new Stack(new Stage(app, 'Prod'), 'Web'), 'Images')).toBe('prod-web-images');
  });

  test('in a nested stack begins with the name of the outermost stack, because the name of a nested stack is unknown', () => {
    expect(nameIn(new NestedStack(stack, 'Nested'), 'Images')).toBe('appstack-nested-images');
  });

  test('has no separators at its ends', () => {
    expect(nameIn(stack, '-_-')).toBe('appstack');
  });

  test.each(['ab', '42', 'app-mp', 'team/app', 'a.b_c-d/e', 'a--b', 'a__b', 'a---b/c__d', 'a'.repeat(256)])('can be %s', (repositoryName) => {
    const { registry, template } = registryIn(stack, { repositoryName });
    expect(registry.repositoryName).toBe(repositoryName);
    template().hasResourceProperties(REPOSITORY, { RepositoryName: repositoryName });
  });

  test('is valid if and only if the service model of ECR accepts it', () => {
    // From the shape RepositoryName in botocore 1.43.106. The maximum is 256 characters.
    const model = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
    const names = fc.oneof(fc.stringMatching(/^[a-z0-9._/A-]{1,12}$/), fc.array(fc.constantFrom('a', '1', '.', '_', '-', '/'), { maxLength: 9 }).map((parts) => parts.join('')));
    fc.assert(fc.property(names, (repositoryName) => {
      const accepted = () => nameIn(new Stack(testApp(), 'Any'), 'Images', { repositoryName });
      if (repositoryName.length > 1 && model.test(repositoryName)) expect(accepted()).toBe(repositoryName);
      else expect(accepted).toThrow(`repositoryName "${repositoryName}" is not valid in ECR`);
    }));
  }, 60_000);

  test.each([
    ['an ImageRegistry', (id: string) => new ImageRegistry(stack, id), `AppStack/${'x'.repeat(250)}`],
    ['a companion stack', (id: string) => ImageRegistry.inCompanionStack(stack, id), 'AppStack'],
    ['a PhasedFargateService', (id: string) => new PhasedFargateService(stack, id), 'AppStack'],
  ])('is refused with the remedy if the default is too long: %s', (_, make, path) => {
    const id = 'x'.repeat(250);
    expect(() => make(id)).toThrow(new Error(`the default repositoryName "appstack-${id}" has 259 characters, but ECR allows 256: set repositoryName; ` +
      `for a PhasedFargateService, pass registry: ImageRegistry.inCompanionStack(this, <id>, { repositoryName }) (at ${path})`));
    expect(() => ImageRegistry.inCompanionStack(stack, id, { repositoryName: 'short' })).not.toThrow();
  });

  test.each([
    '', 'a', 'a'.repeat(257), 'App', 'app_', '_app', 'a___b', 'a_-b', 'a..b', 'a//b', '/app', 'app/', 'app mp', 'äpp', 'app\n', 'app:v1', 'a.-b', '.',
  ])('%j is refused with path, property and value', (repositoryName) => {
    expect(() => nameIn(stack, 'Images', { repositoryName }))
      .toThrow(new Error(`repositoryName "${repositoryName}" is not valid in ECR: pass 2 to 256 lowercase letters and digits, ` +
        'in groups that are separated by ".", "_", "__", "/", or hyphens (at AppStack/Images)'));
  });

  test('is refused if it is unknown at synthesis', () => {
    const tokens = [
      Lazy.string({ produce: () => 'app' }),
      new CfnParameter(stack, 'Name').valueAsString,
      `app-${Aws.REGION}`,
      PhysicalName.GENERATE_IF_NEEDED,
    ];
    for (const [index, repositoryName] of tokens.entries()) {
      expect(() => nameIn(stack, `Images${index}`, { repositoryName }))
        .toThrow(`repositoryName must be known at synthesis, because other stacks refer to the repository by its name (at AppStack/Images${index})`);
    }
  });

  describe('that another registry has', () => {
    const refused = (one: Stack, other: Stack) => {
      nameIn(one, 'Images', { repositoryName: 'app' });
      expect(() => nameIn(other, 'Pictures', { repositoryName: 'app' })).toThrow(
        `repositoryName "app" is taken by ${one.node.path}/Images: give one of them another name, or share one registry ` +
        `(at ${other.node.path}/Pictures)`);
    };
    const accepted = (one: Stack, other: Stack) => {
      nameIn(one, 'Images', { repositoryName: 'app' });
      expect(nameIn(other, 'Images', { repositoryName: 'app' })).toBe('app');
    };
    const inPlace = (scope: Construct, id: string, account?: string, region?: string) => new Stack(scope, id, { env: { account, region } });

    test('is refused in the same stack', () => refused(stack, stack));
    test('is refused if default names are equal, because IDs differ only in case', () => {
      new ImageRegistry(stack, 'Images');
      expect(() => new ImageRegistry(stack, 'images')).toThrow('repositoryName "appstack-images" is taken by AppStack/Images');
    });
    test('is refused in another stack of the app', () => refused(stack, new Stack(app, 'Other')));
    test('is refused in another stage with the same account and region', () =>
      refused(inPlace(new Stage(app, 'A'), 'Stack', '1', 'r'), inPlace(new Stage(app, 'B'), 'Stack', '1', 'r')));
    test('is refused in a nested stack', () => refused(stack, new NestedStack(stack, 'Nested')));
    test('is accepted in another account', () => accepted(inPlace(app, 'A', '1', 'r'), inPlace(app, 'B', '2', 'r')));
    test('is accepted in another region', () => accepted(inPlace(app, 'A', '1', 'r'), inPlace(app, 'B', '1', 's')));
    test('is accepted in another region even if the account is unknown', () =>
      accepted(inPlace(app, 'A', undefined, 'r'), inPlace(app, 'B', undefined, 's')));
    test('is accepted in another stage if the environments of both stages are unknown', () =>
      accepted(new Stack(new Stage(app, 'A'), 'Stack'), new Stack(new Stage(app, 'B'), 'Stack')));
    test('is accepted in another app', () => accepted(stack, new Stack(testApp(), 'AppStack')));
  });

  test('requires a registry within a stack, and the error names the construct', () => {
    expect(() => new ImageRegistry(app, 'Images')).toThrow(/Images.* should be created in the scope of a Stack/);
  });
});

describe('a registry, which is an ecr.IRepository,', () => {
  test('has a name, ARN, and URI that do not refer to a resource, so no other stack imports them', () => {
    const { registry } = registryIn(stack);
    const resolved = JSON.stringify(stack.resolve([registry.repositoryName, registry.repositoryArn, registry.repositoryUri, registry.registryUri]));
    expect(resolved).not.toContain('Fn::GetAtt');
    expect(resolved.match(/"Ref":"[^"]*"/g)!.every((ref) => ref.includes('AWS::'))).toBe(true);
  });

  test('has a literal ARN and URI if its environment is literal', () => {
    const { registry } = registryIn(new Stack(app, 'Concrete', { env: { account: '111111111111', region: 'eu-west-1' } }), { repositoryName: 'team/app' });
    expect(stack.resolve(registry.repositoryArn)).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111111111111:repository/team/app']],
    });
    expect(stack.resolve(registry.repositoryUriForTag('v1'))).toEqual({
      'Fn::Join': ['', ['111111111111.dkr.ecr.eu-west-1.', { Ref: 'AWS::URLSuffix' }, '/team/app:v1']],
    });
  });

  test('grants a role permission to push to exactly this repository', () => {
    const { registry, template } = registryIn(stack);
    registry.grantPush(new iam.Role(stack, 'Ci', { assumedBy: new iam.AccountRootPrincipal() }));
    template().hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Action: Match.arrayWith(['ecr:PutImage']),
          Resource: stack.resolve(registry.repositoryArn),
        })]),
      },
    });
  });

  test('accepts statements for its resource policy', () => {
    const { registry, template } = registryIn(stack);
    const { statementAdded } = registry.addToResourcePolicy(new iam.PolicyStatement({
      actions: ['ecr:BatchGetImage'],
      principals: [new iam.AccountPrincipal('222222222222')],
    }));
    expect(statementAdded).toBe(true);
    template().hasResourceProperties(REPOSITORY, {
      RepositoryPolicyText: { Statement: [Match.objectLike({ Action: 'ecr:BatchGetImage', Effect: 'Allow' })] },
    });
  });

  test('is distinguished from other repositories', () => {
    const { registry } = registryIn(stack);
    expect(ImageRegistry.isImageRegistry(registry)).toBe(true);
    expect(ImageRegistry.isImageRegistry(new ecr.Repository(stack, 'Plain'))).toBe(false);
    expect(ImageRegistry.isImageRegistry(stack)).toBe(false);
  });
});

describe('the outputs', () => {
  const output = (key: string) => {
    const [[, { Value, Description }], ...others] = Object.entries(Template.fromStack(stack).findOutputs('*'))
      .filter(([logicalId]) => logicalId.startsWith(`Images${key}`));
    expect(others).toEqual([]);
    expect(Description).toBeTruthy();
    return Value;
  };

  beforeEach(() => {
    stack = new Stack(app, 'Concrete', { env: { account: '111111111111', region: 'eu-west-1' } });
  });

  const HERE = '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}';
  const pushFor = (platforms: string) => ({
    'Fn::Sub': `aws ecr get-login-password --region \${AWS::Region} | docker login --username AWS --password-stdin ${HERE}`
      + ` && docker buildx build --platform ${platforms} --tag ${HERE}/concrete-images:$TAG --push .`,
  });

  test('contain the URI to push to', () => {
    registryIn(stack);
    const [repository] = Object.keys(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
    expect(output('RepositoryUri')).toEqual({ 'Fn::GetAtt': [repository, 'RepositoryUri'] });
  });

  test('contain commands that build for x86 if no user of the image is known', () => {
    const { registry } = registryIn(stack);
    new ImageGuard(stack, 'Guard', { registry });
    expect(output('PushCommands')).toEqual(pushFor('linux/amd64'));
  });

  const service = (id: string, registry: ecr.IRepository, cpuArchitecture?: 'ARM64' | 'X86_64') => {
    const architecture = cpuArchitecture && ecs.CpuArchitecture[cpuArchitecture];
    new PhasedFargateService(new Stack(app, id), 'Api', { registry, cpuArchitecture: architecture });
  };

  test('contain commands that build for the architecture of the service', () => {
    const { registry } = registryIn(stack);
    service('Service', registry, 'ARM64');
    expect(output('PushCommands')).toEqual(pushFor('linux/arm64'));
  });

  test('contain commands that build for x86 if the service specifies no architecture', () => {
    const { registry } = registryIn(stack);
    service('Service', registry);
    expect(output('PushCommands')).toEqual(pushFor('linux/amd64'));
  });

  test('contain commands that build for both architectures of two services, in sorted order', () => {
    const { registry } = registryIn(stack);
    service('One', registry, 'ARM64');
    service('Two', registry, 'X86_64');
    service('Three', registry, 'ARM64');
    expect(output('PushCommands')).toEqual(pushFor('linux/amd64,linux/arm64'));
  });

  test('contain commands that follow a late change of the architecture', () => {
    const { registry } = registryIn(stack);
    const { service: { taskDefinition } } = new PhasedFargateService(new Stack(app, 'Service'), 'Api', { registry });
    (taskDefinition.node.defaultChild as ecs.CfnTaskDefinition).runtimePlatform = { cpuArchitecture: 'ARM64' };
    expect(output('PushCommands')).toEqual(pushFor('linux/arm64'));
  });
});
