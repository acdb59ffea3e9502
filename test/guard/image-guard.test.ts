import { App, Aspects, Aws, CfnParameter, CfnResource, Duration, Fn, Lazy, NestedStack, RemovalPolicy, Size, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ImageGuard, ImageGuardOptions, ImageRegistry, ImageVersion, PhasedFargateService, WhenMissing } from '../../src';
import { conditional } from '../util/conditional';
import { guardProperties } from '../util/guard';
import { ReferenceGraph } from '../util/reference-graph';
import { testApp } from '../util/synth';

const GUARD = 'Custom::ImageGuard';

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function guardIn(scope: Construct, registry: ecr.IRepository, options?: ImageGuardOptions): ImageGuard {
  return new ImageGuard(scope, 'Guard', { registry, imageVersion: ImageVersion.tag('v1'), ...options });
}

function guard(options?: ImageGuardOptions): ImageGuard {
  return guardIn(stack, ecr.Repository.fromRepositoryName(stack, 'Images', 'app-mp'), options);
}

function taskDefinition(scope: Construct, id: string, image: ecs.ContainerImage, runtimePlatform?: ecs.RuntimePlatform): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(scope, id, { runtimePlatform, cpu: 1024, memoryLimitMiB: 2048 });
  definition.addContainer('app', { image });
  return definition;
}

describe('the answer of the guard', () => {
  const answer = (attribute: string) => ({ 'Fn::GetAtt': [expect.stringMatching(/^Guard/), attribute] });

  test('contains the digest and the tag', () => {
    const { imageDigest, imageTag } = guard();
    expect(stack.resolve(imageDigest)).toEqual(answer('ImageDigest'));
    expect(stack.resolve(imageTag)).toEqual(answer('ImageTag'));
  });

  test('results in an image URI that ends with the digest', () => {
    expect(stack.resolve(guard().imageUri)).toEqual({
      'Fn::Join': ['', [
        { Ref: 'AWS::AccountId' }, '.dkr.ecr.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/app-mp@', answer('ImageDigest'),
      ]],
    });
  });

  test('appears in the outputs of the stack', () => {
    guard();
    const outputs = Object.values(Template.fromStack(stack).findOutputs('*'));
    expect(outputs).toEqual([
      { Description: 'Tag of the deployed image', Value: answer('ImageTag') },
      { Description: 'Digest of the deployed image', Value: answer('ImageDigest') },
    ]);
  });
});

describe('the properties of the guard', () => {
  test('contain the location of the image', () => {
    guardIn(stack, ecr.Repository.fromRepositoryArn(stack, 'Images', 'arn:aws:ecr:eu-central-1:222222222222:repository/team/app'));
    expect(guardProperties(stack)).toMatchObject({
      RepositoryName: 'team/app',
      RegistryId: '222222222222',
      RegistryRegion: 'eu-central-1',
      RepositoryUri: { 'Fn::Join': ['', ['222222222222.dkr.ecr.eu-central-1.', { Ref: 'AWS::URLSuffix' }, '/team/app']] },
    });
  });

  test('contain the version of the contract', () => {
    guard();
    expect(guardProperties(stack).ContractVersion).toBe('3');
  });

  test('contain the stack IDs for cdk deploy', () => {
    const service = new Stack(new Stage(app, 'Prod'), 'Web');
    guardIn(service, ImageRegistry.inCompanionStack(service, 'Images'));
    expect(guardProperties(service)).toMatchObject({ ServiceStack: 'Prod/Web', RegistryStack: 'Prod/Web/Registry' });
  });

  test('contain the outermost stacks, because users do not deploy nested stacks', () => {
    const nested = new NestedStack(stack, 'Nested');
    guardIn(nested, new ImageRegistry(new NestedStack(new Stack(app, 'Other'), 'Nested'), 'Images'));
    expect(guardProperties(nested)).toMatchObject({ ServiceStack: 'Web', RegistryStack: 'Other' });
  });

  test.each([
    ['the stack of the service creates', () => new ImageRegistry(stack, 'Images')],
    ['a nested stack of the service stack creates', () => new ImageRegistry(new NestedStack(stack, 'Nested'), 'Images')],
    ['is imported', () => ecr.Repository.fromRepositoryName(stack, 'Images', 'app')],
  ])('name no separate registry stack for a registry that %s', (_, make) => {
    guardIn(stack, make());
    expect(guardProperties(stack).RegistryStack).toBeUndefined();
  });

  test('contain no parameter if there is none to pass', () => {
    guard();
    expect(guardProperties(stack).ParameterName).toBeUndefined();
  });
});

describe('the platforms that the image must run on', () => {
  const { X86_64, ARM64 } = ecs.CpuArchitecture;

  test('are empty while no task definition uses it', () => {
    guard();
    expect(guardProperties(stack).Platforms).toEqual([]);
  });

  test('are those of all task definitions that use it, sorted and without duplicates', () => {
    const { image } = guard();
    for (const [id, cpuArchitecture] of Object.entries({ Web: X86_64, Worker: ARM64, Cron: X86_64 })) {
      taskDefinition(stack, id, image, { cpuArchitecture, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX });
    }
    expect(guardProperties(stack).Platforms).toEqual(['LINUX/ARM64', 'LINUX/X86_64']);
  });

  test('are the Fargate defaults if a task definition specifies none', () => {
    taskDefinition(stack, 'Web', guard().image);
    expect(guardProperties(stack).Platforms).toEqual(['LINUX/X86_64']);
  });

  test('can be Windows', () => {
    taskDefinition(stack, 'Web', guard().image, {
      cpuArchitecture: X86_64,
      operatingSystemFamily: ecs.OperatingSystemFamily.WINDOWS_SERVER_2022_CORE,
    });
    expect(guardProperties(stack).Platforms).toEqual(['WINDOWS_SERVER_2022_CORE/X86_64']);
  });

  test('are unknown on EC2, where the instances determine the platform', () => {
    new ecs.Ec2TaskDefinition(stack, 'Web').addContainer('app', { image: guard().image, memoryLimitMiB: 512 });
    expect(guardProperties(stack).Platforms).toEqual([]);
  });

  test.each<[string, (resource: ecs.CfnTaskDefinition) => void]>([
    ['its fields', (resource) => {
      resource.runtimePlatform = { cpuArchitecture: 'ARM64' };
    }],
    ['an override', (resource) => resource.addPropertyOverride('RuntimePlatform.CpuArchitecture', 'ARM64')],
    ['an aspect', (resource) => Aspects.of(app).add({
      visit: (construct) => construct === resource && resource.addPropertyOverride('RuntimePlatform', { CpuArchitecture: 'ARM64' }),
    })],
  ])('follow a late change of the task definition through %s', (_, change) => {
    change(taskDefinition(stack, 'Web', guard().image).node.defaultChild as ecs.CfnTaskDefinition);
    expect(guardProperties(stack).Platforms).toEqual(['LINUX/ARM64']);
  });

  test('stay tokens if only CloudFormation knows them', () => {
    const cpuArchitecture = ecs.CpuArchitecture.of(new CfnParameter(stack, 'Cpu').valueAsString);
    taskDefinition(stack, 'Web', guard().image, { cpuArchitecture });
    expect(guardProperties(stack).Platforms).toEqual([{ 'Fn::Join': ['', ['LINUX/', { Ref: 'Cpu' }]] }]);
  });

  test('are unknown if a CloudFormation condition determines them', () => {
    const resource = taskDefinition(stack, 'Web', guard().image).node.defaultChild as ecs.CfnTaskDefinition;
    resource.addPropertyOverride('RuntimePlatform', { 'Fn::If': ['Arm', { CpuArchitecture: 'ARM64' }, { Ref: 'AWS::NoValue' }] });
    expect(guardProperties(stack).Platforms).toEqual([]);
  });
});

describe('the image in a task definition', () => {
  test.each([
    ['a container beside others', (image: ecs.ContainerImage) => {
      const definition = new ecs.FargateTaskDefinition(stack, 'Task');
      definition.addContainer('sidecar', { image: ecs.ContainerImage.fromRegistry('public.ecr.aws/sidecar:1') });
      definition.addContainer('app', { image });
    }],
    ['a task definition for EC2', (image: ecs.ContainerImage) => {
      new ecs.Ec2TaskDefinition(stack, 'Task').addContainer('app', { image, memoryLimitMiB: 512 });
    }],
    ['a task definition in a nested stack', (image: ecs.ContainerImage) => {
      taskDefinition(new NestedStack(stack, 'Nested'), 'Task', image);
    }],
  ])('is pinned by the digest: %s', (_, use) => {
    use(guard().image);
    const graph = new ReferenceGraph(app.synth());
    const [{ path }] = graph.resources(GUARD);
    const [{ properties, template }] = graph.resources('AWS::ECS::TaskDefinition');
    const images = properties.ContainerDefinitions.map(({ Image }: any) => graph.text(Image, template));
    expect(images).toContain(`«AWS::AccountId».dkr.ecr.«AWS::Region».«AWS::URLSuffix»/app-mp@«${path}.ImageDigest»`);
  });

  test('can be pulled by the execution role, which has no access to other images of the registry', () => {
    const { executionRole } = taskDefinition(stack, 'Web', guard().image);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve(executionRole!.roleName)],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            Resource: {
              'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':repository/app-mp']],
            },
          },
          { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
        ],
      },
    });
  });

  test('of another stack is refused, and the error names both', () => {
    const { image } = guard();
    expect(() => taskDefinition(new Stack(app, 'Other'), 'Task', image)).toThrow(new Error(
      'the image of guard Web/Guard belongs to another stack: create an ImageGuard in this stack (at Other/Task)'));
  });
});

describe('the image of a job of AWS Batch', () => {
  const memory = Size.mebibytes(512);
  const fargate = (image: ecs.ContainerImage, props: Partial<batch.EcsFargateContainerDefinitionProps> = {}) =>
    new batch.EcsJobDefinition(stack, 'Job', { container: new batch.EcsFargateContainerDefinition(stack, 'Container', { image, cpu: 0.25, memory, ...props }) });
  const ec2 = (image: ecs.ContainerImage, id = 'Container') => new batch.EcsEc2ContainerDefinition(stack, id, { image, cpu: 1, memory });

  test.each<[string, string[], (image: ecs.ContainerImage) => unknown]>([
    ['on Fargate', ['LINUX/X86_64'], (image) => fargate(image)],
    ['on Fargate, for Arm', ['LINUX/ARM64'], (image) => fargate(image, { fargateCpuArchitecture: ecs.CpuArchitecture.ARM64 })],
    ['on Fargate, for Windows', ['WINDOWS_SERVER_2022_CORE/X86_64'], (image) => fargate(image, {
      fargateCpuArchitecture: ecs.CpuArchitecture.X86_64,
      fargateOperatingSystemFamily: ecs.OperatingSystemFamily.WINDOWS_SERVER_2022_CORE,
    })],
    ['on EC2', [], (image) => new batch.EcsJobDefinition(stack, 'Job', { container: ec2(image) })],
    ['on several nodes', [], (image) => new batch.MultiNodeJobDefinition(stack, 'Job', {
      containers: [{ container: ec2(image, 'Main'), startNode: 0, endNode: 1 }, { container: ec2(image, 'Other'), startNode: 2, endNode: 3 }],
    })],
    ['on EKS', [], (image) => new batch.EksJobDefinition(stack, 'Job', { container: new batch.EksContainerDefinition(stack, 'Container', { image }) })],
  ])('is pinned by the digest, and must run on the platform of the job if that is known: %s', (_, platforms, use) => {
    const { image, imageUri } = guard();
    use(image);
    const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Batch::JobDefinition'));
    const images = JSON.stringify(Properties).match(/"Image":(?:"[^"]*"|\{.*?\]\]\})/g);
    expect(new Set(images)).toEqual(new Set([`"Image":${JSON.stringify(stack.resolve(imageUri))}`]));
    expect(guardProperties(stack).Platforms).toEqual(platforms);
  });

  test.each([['Fargate', fargate], ['EC2', ec2]])('can be pulled by its execution role on %s', (_, use) => {
    use(guard().image);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['ecr:BatchGetImage']) })]) },
    });
  });

  test('of another stack is refused, and the error names both', () => {
    const { image } = guard();
    expect(() => new batch.EcsFargateContainerDefinition(new Stack(app, 'Other'), 'Container', { image, cpu: 1, memory })).toThrow(new Error(
      'the image of guard Web/Guard belongs to another stack: create an ImageGuard in this stack (at Other/Container)'));
  });
});

describe('the code of a Lambda function', () => {
  const functionOf = (scope: Construct, { lambdaCode }: ImageGuard, architecture?: lambda.Architecture) =>
    new lambda.Function(scope, 'Function', { code: lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE, architecture });

  test('is pinned by the digest', () => {
    const { imageUri, ...rest } = guard();
    functionOf(stack, { imageUri, ...rest } as ImageGuard);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      PackageType: 'Image',
      Code: { ImageUri: stack.resolve(imageUri) },
    });
  });

  test.each([
    [undefined, 'LINUX/X86_64'],
    [lambda.Architecture.X86_64, 'LINUX/X86_64'],
    [lambda.Architecture.ARM_64, 'LINUX/ARM64'],
  ])('must be a single manifest for the architecture of the function: %s', (architecture, platform) => {
    functionOf(stack, guard(), architecture);
    expect(guardProperties(stack)).toMatchObject({ Platforms: [platform], SingleManifest: 'true' });
  });

  test('must be for the architecture that an override sets', () => {
    (functionOf(stack, guard()).node.defaultChild as lambda.CfnFunction).addPropertyOverride('Architectures', ['arm64']);
    expect(guardProperties(stack).Platforms).toEqual(['LINUX/ARM64']);
  });

  test('can have an architecture that is known only at deployment, which the guard does not check', () => {
    const architectures = conditional(stack, ['arm64'], ['x86_64']);
    (functionOf(stack, guard()).node.defaultChild as lambda.CfnFunction).addPropertyOverride('Architectures', architectures);
    expect(guardProperties(stack).Platforms).toEqual([]);
  });

  test('is refused with a guard that starts without tasks, because Lambda cannot create a function without an image', () => {
    expect(() => functionOf(stack, guard({ whenMissing: WhenMissing.startWithoutTasks() }))).toThrow(new Error(
      'lambdaCode of guard Web/Guard does not support WhenMissing.startWithoutTasks(), because Lambda cannot create a function ' +
      'without an image: create a guard for the function with WhenMissing.fail() or WhenMissing.waitFor() (at Web/Function)'));
  });

  describe('of a registry in another region', () => {
    const REGISTRIES: [string, (scope: Stack) => ecr.IRepository][] = [
      ['made by another stack', () => new ImageRegistry(new Stack(app, 'Far', { env: { region: 'us-east-1' } }), 'Images')],
      ['imported by its ARN', (scope) => ecr.Repository.fromRepositoryArn(scope, 'Far', 'arn:aws:ecr:us-east-1:111122223333:repository/app')],
      ['imported by its attributes', (scope) => ecr.Repository.fromRepositoryAttributes(scope, 'Far', {
        repositoryArn: 'arn:aws:ecr:us-east-1:111122223333:repository/app',
        repositoryName: 'app',
      })],
    ];

    test.each(REGISTRIES)('is refused, because Lambda does not accept it: %s', (_, registry) => {
      const near = new Stack(app, 'Near', { env: { region: 'eu-west-1' } });
      expect(() => functionOf(near, guardIn(near, registry(near)))).toThrow(new Error(
        'lambdaCode of guard Near/Guard is in region us-east-1 and the function in eu-west-1, but Lambda accepts only images from its own region: ' +
        'pass a registry in eu-west-1, such as a replica (at Near/Function)'));
    });

    test.each(REGISTRIES)('is accepted if the region of the function is unknown: %s', (_, registry) => {
      expect(() => functionOf(stack, guardIn(stack, registry(stack)))).not.toThrow();
    });

    test.each(REGISTRIES)('is accepted for a task: %s', (_, registry) => {
      const near = new Stack(app, 'Near', { env: { region: 'eu-west-1' } });
      expect(() => taskDefinition(near, 'Task', guardIn(near, registry(near)).image)).not.toThrow();
    });
  });

  test('is refused together with tasks of another architecture, because one manifest cannot support both', () => {
    const both = guard();
    functionOf(stack, both, lambda.Architecture.ARM_64);
    taskDefinition(stack, 'Web', both.image);
    expect(() => app.synth()).toThrow('[Web/Guard] the image is for linux/amd64 and linux/arm64, so it is an index of several manifests, ' +
      'but Lambda functions accept only single manifests: create a guard for each platform');
  });

  test('can be shared with tasks of the same architecture', () => {
    const both = guard();
    functionOf(stack, both, lambda.Architecture.ARM_64);
    taskDefinition(stack, 'Web', both.image, { cpuArchitecture: ecs.CpuArchitecture.ARM64 });
    expect(guardProperties(stack)).toMatchObject({ Platforms: ['LINUX/ARM64'], SingleManifest: 'true' });
  });

  test('is refused by a DockerImageFunction, with an error that names lambda.Function', () => {
    const code = guard().lambdaCode as unknown as lambda.DockerImageCode;
    expect(() => new lambda.DockerImageFunction(stack, 'Function', { code })).toThrow(new Error(
      'lambdaCode of an ImageGuard is not a DockerImageCode: use new lambda.Function(this, <id>, ' +
      '{ code: guard.lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE })'));
  });

  test('can be an index if no function uses it', () => {
    taskDefinition(stack, 'Web', guard().image);
    expect(guardProperties(stack).SingleManifest).toBeUndefined();
  });

  test.each([
    ['an ImageRegistry of the companion stack', () => ImageRegistry.inCompanionStack(stack, 'Images')],
    ['an ImageRegistry of the same stack', () => new ImageRegistry(stack, 'Images')],
    ['a plain repository of another stack', () => new ecr.Repository(new Stack(app, 'Other'), 'Images', { repositoryName: 'app' })],
  ])('can be pulled by Lambda through the policy of the repository: %s', (_, make) => {
    const registry = make();
    functionOf(stack, guardIn(stack, registry));
    Template.fromStack(registry.stack).hasResourceProperties('AWS::ECR::Repository', {
      RepositoryPolicyText: {
        Statement: [{
          Effect: 'Allow',
          Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
          Principal: { Service: 'lambda.amazonaws.com' },
        }],
      },
    });
  });

  test('can be pulled by Lambda in another account only for functions in the account of the guard', () => {
    const [here, there] = ['111111111111', '222222222222'].map((account) => new Stack(app, `In${account}`, { env: { account, region: 'eu-west-1' } }));
    const registry = new ImageRegistry(there, 'Images');
    functionOf(here, guardIn(here, registry));
    const [{ Properties: { RepositoryPolicyText: { Statement } } }] = Object.values(Template.fromStack(there).findResources('AWS::ECR::Repository'));
    const toLambda = Statement.filter(({ Principal }: { Principal: { Service?: string } }) => Principal.Service === 'lambda.amazonaws.com');
    expect(toLambda).toEqual([expect.objectContaining({
      Condition: {
        StringLike: { 'aws:sourceArn': { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':lambda:eu-west-1:111111111111:function:*']] } },
      },
    })]);
  });

  test('determines the platform in the push commands', () => {
    const registry = ImageRegistry.inCompanionStack(stack, 'Images');
    functionOf(stack, guardIn(stack, registry), lambda.Architecture.ARM_64);
    const outputs = JSON.stringify(Template.fromStack(registry.stack).findOutputs('*'));
    expect(outputs).toContain('--platform linux/arm64 ');
  });

  test('of another stack is refused, and the error names both', () => {
    const other = new Stack(app, 'Other');
    expect(() => functionOf(other, guard())).toThrow(
      'the image of guard Web/Guard belongs to another stack: create an ImageGuard in this stack (at Other/Function)');
  });
});

describe('the guard waits for the registry', () => {
  const before = () => {
    const graph = new ReferenceGraph(app.synth());
    const [found] = graph.resources(GUARD);
    return [...graph.before(found)].map(({ type }) => type);
  };

  test.each([
    ['in the same stack', () => new ImageRegistry(stack, 'Images')],
    ['in the same stack, without a name', () => new ecr.Repository(stack, 'Images')],
    ['in a nested stack', () => new ImageRegistry(new NestedStack(stack, 'Nested'), 'Images')],
  ])('%s', (_, make) => {
    guardIn(stack, make());
    expect(before()).toContain('AWS::ECR::Repository');
  });

  test('in the parent stack of the guard', () => {
    guardIn(new NestedStack(stack, 'Nested'), new ImageRegistry(stack, 'Images'));
    expect(before()).toContain('AWS::ECR::Repository');
  });

  test.each([
    ['an ImageRegistry', (scope: Construct) => new ImageRegistry(scope, 'Images')],
    ['a plain repository', (scope: Construct) => new ecr.Repository(scope, 'Images', { repositoryName: 'app' })],
  ])('in another stack of the stage: %s', (_, make) => {
    const other = new Stack(app, 'Other');
    guardIn(stack, make(other));
    app.synth();
    expect(stack.dependencies).toEqual([other]);
  });
});

describe('a registry', () => {
  const onDelete = (policy: string, EmptyOnDelete: unknown) => ({ DeletionPolicy: policy, Properties: { EmptyOnDelete } });

  test.each([
    ['is deleted if its first deployment fails', undefined, onDelete('RetainExceptOnCreate', true)],
    ['is never deleted with RemovalPolicy.RETAIN', RemovalPolicy.RETAIN, onDelete('Retain', Match.absent())],
    ['is deleted with its stack with RemovalPolicy.DESTROY', RemovalPolicy.DESTROY, onDelete('Delete', true)],
  ])('in the stack of the guard %s, even if it contains images', (_, removalPolicy, expected) => {
    guardIn(stack, new ImageRegistry(stack, 'Images', { removalPolicy }));
    Template.fromStack(stack).hasResource('AWS::ECR::Repository', expected);
  });

  test('in a nested stack of the stack of the guard is also deleted with its images', () => {
    const nested = new NestedStack(stack, 'Nested');
    guardIn(stack, new ImageRegistry(nested, 'Images'));
    Template.fromStack(nested).hasResource('AWS::ECR::Repository', onDelete('RetainExceptOnCreate', true));
  });

  test('in another stack of the app keeps its images', () => {
    const registry = ImageRegistry.inCompanionStack(stack, 'Images');
    guardIn(stack, registry);
    Template.fromStack(registry.stack).hasResource('AWS::ECR::Repository', onDelete('RetainExceptOnCreate', Match.absent()));
  });
});

describe('warnings', () => {
  const warnings = (scope = stack) => Annotations.fromStack(scope).findWarning('*', Match.anyValue()).map(({ id, entry }) => `${id}: ${entry.data}`);

  test.each([
    ['by default', undefined],
    ['with fail', WhenMissing.fail()],
  ])('are given for a registry in the same stack, whose first deployment cannot find an image, %s', (_, whenMissing) => {
    guardIn(stack, new ImageRegistry(stack, 'Images'), { whenMissing });
    expect(warnings()).toEqual([
      '/Web/Guard: registry Web/Images is in the same stack, so the first deployment cannot find an image: ' +
      'put it in its own stack, such as with ImageRegistry.inCompanionStack, or pass whenMissing: WhenMissing.startWithoutTasks() [ack: @org/phased-fargate:registryInServiceStack]',
    ]);
  });

  test('are given for a registry in another stage, which CDK cannot order', () => {
    const registry = new ImageRegistry(new Stack(new Stage(app, 'Shared'), 'Images'), 'Images');
    guardIn(stack, registry);
    expect(warnings()).toEqual([
      '/Web/Guard: registry Shared/Images/Images is in another stage, so this stack cannot depend on it: deploy that stage first ' +
      '[ack: @org/phased-fargate:registryInAnotherStage]',
    ]);
  });

  test.each([
    ['the registry of the companion stack', () => ImageRegistry.inCompanionStack(stack, 'Images'), WhenMissing.fail()],
    ['a registry of another stack', () => new ImageRegistry(new Stack(app, 'Other'), 'Images'), WhenMissing.fail()],
    ['an imported repository', () => ecr.Repository.fromRepositoryName(stack, 'Images', 'app'), WhenMissing.fail()],
    ['a registry in the same stack that somebody pushes to meanwhile', () => new ImageRegistry(stack, 'Images'), WhenMissing.waitFor(Duration.minutes(5))],
    ['a registry in the same stack that tasks start without', () => new ImageRegistry(stack, 'Images'), WhenMissing.startWithoutTasks()],
  ])('are not given for %s', (_, make, whenMissing) => {
    guardIn(stack, make(), { whenMissing });
    expect(warnings()).toEqual([]);
  });

  describe('of a registry in the same stack', () => {
    const builder = (scope = stack) => new CfnResource(scope, 'Build', { type: 'Custom::ContainerImageBuild' }).getAtt('ImageTag').toString();

    test.each<[string, () => ImageVersion]>([
      ['by its tag', () => ImageVersion.tag(builder())],
      ['by its digest', () => ImageVersion.digest(builder())],
      ['by a tag with a prefix', () => ImageVersion.tag(Fn.join('-', ['v', builder()]))],
      ['by a tag of a nested stack', () => ImageVersion.tag(builder(new NestedStack(stack, 'Nested')))],
      ['by a tag that is produced at synthesis', () => ImageVersion.tag(Lazy.string({ produce: () => builder() }))],
    ])('are not given if the deployment itself builds the image, named %s', (_, imageVersion) => {
      guardIn(stack, new ImageRegistry(stack, 'Images'), { imageVersion: imageVersion() });
      expect(warnings()).toEqual([]);
    });

    test.each<[string, () => ImageVersion]>([
      ['the default parameter', () => ImageVersion.parameter()],
      ['a parameter', () => ImageVersion.tag(new CfnParameter(stack, 'Tag').valueAsString)],
      ['a pseudo parameter', () => ImageVersion.tag(Aws.REGION)],
      ['another stack', () => ImageVersion.tag(builder(new Stack(app, 'Other')))],
    ])('are given if the tag comes from elsewhere: %s', (_, imageVersion) => {
      guardIn(stack, new ImageRegistry(stack, 'Images'), { imageVersion: imageVersion() });
      expect(warnings().filter((warning) => warning.includes('registryInServiceStack'))).toHaveLength(1);
    });
  });

  test('are not given for a whole service with its defaults', () => {
    new PhasedFargateService(stack, 'Api');
    expect(warnings()).toEqual([]);
  });
});
