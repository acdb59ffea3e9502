import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Aws, CfnOutput, CfnParameter, CfnResource, Fn, Lazy, NestedStack, Size, Stack, Stage, Token } from 'aws-cdk-lib';
import * as apprunner from 'aws-cdk-lib/aws-apprunner';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, IConstruct } from 'constructs';
import { GuardExemption, ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService, RequireGuardOptions } from '../../src';
import { testApp } from '../util/synth';

let app: App;
let stack: Stack;
let registry: ImageRegistry;
let guard: ImageGuard;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  registry = ImageRegistry.inCompanionStack(stack, 'Images');
  guard = new ImageGuard(stack, 'Guard', { registry, imageVersion: ImageVersion.tag('v1') });
});

function task(scope: Construct, image: ecs.ContainerImage | string, id = 'Task'): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(scope, id);
  definition.addContainer('app', { image: typeof image === 'string' ? ecs.ContainerImage.fromRegistry(image) : image });
  return definition;
}

function resource(type: string, properties: object, id = 'Any'): CfnResource {
  return new CfnResource(stack, id, { type, properties: { ...properties } });
}

/** The errors of the synthesis, one per line, as users see them. */
function faults(scope: IConstruct = app, options?: RequireGuardOptions): string[] {
  ImageGuard.requireOn(scope, options);
  try {
    app.synth();
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').filter((line) => line.includes('has no guard'));
  }
}

const dockerContext = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-test-'));
fs.writeFileSync(path.join(dockerContext, 'Dockerfile'), 'FROM scratch\n');
afterAll(() => fs.rmSync(dockerContext, { recursive: true }));

describe('ImageGuard.requireOn refuses', () => {
  test.each([
    ['a tag of the registry', () => ecs.ContainerImage.fromEcrRepository(registry, 'v1')],
    ['a literal digest', () => registry.repositoryUriForDigest(`sha256:${'0'.repeat(64)}`)],
    ['the tag in the answer of the guard', () => registry.repositoryUriForTag(guard.imageTag)],
    ['a literal URI', () => '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1'],
    ['a literal URI of an IPv6 endpoint', () => '111111111111.dkr-ecr.eu-west-1.on.aws/app:v1'],
    ['a URI written with Fn::Sub', () => Fn.sub('${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:v1')],
    ['a URI written with Fn::Join', () => Fn.join('.', [Aws.ACCOUNT_ID, 'dkr', 'ecr', Aws.REGION, 'amazonaws.com/app:v1'])],
    ['a URI that is produced at synthesis', () => Lazy.string({ produce: () => registry.repositoryUriForTag('v1') })],
    ['a plain repository of the same stack', () => ecs.ContainerImage.fromEcrRepository(new ecr.Repository(stack, 'Plain'), 'v1')],
    ['a URI written with Fn::Sub and variables', () => Fn.sub('${Account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1', { Account: Aws.ACCOUNT_ID })],
    ['the image URI of a guard with a suffix', () => `${guard.imageUri}-suffix`],
    ['the digest of a guard as a tag', () => registry.repositoryUriForTag(guard.imageDigest)],
    ['the URI of an L1 repository of the same stack', () => `${new ecr.CfnRepository(stack, 'Raw').attrRepositoryUri}:v1`],
    ['the URI of an L1 repository of another stack', () => `${new ecr.CfnRepository(new Stack(app, 'Other'), 'Raw').attrRepositoryUri}:v1`],
    ['the URI of an L1 repository of a nested stack', () => `${new ecr.CfnRepository(new NestedStack(stack, 'Other'), 'Raw').attrRepositoryUri}:v1`],
    ['an image without a tag', () => '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app'],
  ])('%s', (_, image) => {
    task(stack, image());
    expect(faults()).toHaveLength(1);
  });

  test('with an error that contains the container, its path, and the remedy', () => {
    task(stack, '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1');
    expect(faults()).toEqual([expect.stringContaining(
      'image 111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1 of container "app" has no guard: ' +
      "use new ImageGuard(this, 'Guard', { registry, imageVersion }).image, " +
      'or add it to the exemptions of ImageGuard.requireOn with a reason (at Web/Task/Resource)')]);
  });

  test('each container separately', () => {
    const definition = task(stack, guard.image);
    definition.addContainer('one', { image: ecs.ContainerImage.fromEcrRepository(registry, 'v1') });
    definition.addContainer('two', { image: ecs.ContainerImage.fromEcrRepository(registry, 'v2') });
    expect(faults()).toHaveLength(2);
  });

  const IMAGE = '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1';

  test.each<[string, string, string, () => unknown]>([
    ['an L1 task definition', 'container "app"', 'image', () =>
      new ecs.CfnTaskDefinition(stack, 'Raw', { containerDefinitions: [{ name: 'app', image: IMAGE }] })],
    ['a resource without an L1', 'container "app"', 'image', () => resource('AWS::ECS::TaskDefinition', { ContainerDefinitions: [{ Name: 'app', Image: IMAGE }] })],
    ['an override', 'container "app"', 'image', () =>
      (task(stack, guard.image).node.defaultChild as CfnResource).addPropertyOverride('ContainerDefinitions.0.Image', IMAGE)],
    ['a container that an override adds', 'property ContainerDefinitions.1.Image', 'image', () =>
      (task(stack, guard.image).node.defaultChild as CfnResource).addPropertyOverride('ContainerDefinitions.1', { Image: IMAGE })],
    ['an ECS daemon', 'container "app"', 'imageUri', () =>
      resource('AWS::ECS::DaemonTaskDefinition', { ContainerDefinitions: [{ Name: 'app', Image: IMAGE }] })],
    ['an Express Mode service', 'property PrimaryContainer.Image', 'imageUri', () =>
      resource('AWS::ECS::ExpressGatewayService', { PrimaryContainer: { Image: IMAGE } })],
    ['an AWS Batch job on Fargate', 'property ContainerProperties.Image', 'image', () => new batch.EcsJobDefinition(stack, 'Job', {
      container: new batch.EcsFargateContainerDefinition(stack, 'Container', {
        image: ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryArn(stack, 'App', 'arn:aws:ecr:eu-west-1:111111111111:repository/app'), 'v1'),
        cpu: 1,
        memory: Size.mebibytes(2048),
      }),
    })],
    ['an AWS Batch job with several containers', 'container "app"', 'image', () => new batch.CfnJobDefinition(stack, 'Job', {
      type: 'container',
      ecsProperties: { taskProperties: [{ containers: [{ name: 'app', image: IMAGE }] }] },
    })],
    ['an AWS Batch job on several nodes', 'property NodeProperties.NodeRangeProperties.0.Container.Image', 'image', () => new batch.CfnJobDefinition(stack, 'Job', {
      type: 'multinode',
      nodeProperties: { mainNode: 0, numNodes: 1, nodeRangeProperties: [{ targetNodes: '0:', container: { image: IMAGE } }] },
    })],
    ['an AWS Batch job on EKS', 'property EksProperties.PodProperties.Containers.0.Image', 'image', () => new batch.CfnJobDefinition(stack, 'Job', {
      type: 'container',
      eksProperties: { podProperties: { containers: [{ image: IMAGE }] } },
    })],
    ['a Lambda function', 'property Code.ImageUri', 'lambdaCode', () => new lambda.DockerImageFunction(stack, 'Function', {
      code: lambda.DockerImageCode.fromEcr(ecr.Repository.fromRepositoryArn(stack, 'App', 'arn:aws:ecr:eu-west-1:111111111111:repository/app'), { tagOrDigest: 'v1' }),
    })],
    ['a SAM function', 'property ImageUri', 'imageUri', () => resource('AWS::Serverless::Function', { ImageUri: IMAGE })],
    ['App Runner', 'property SourceConfiguration.ImageRepository.ImageIdentifier', 'imageUri', () => new apprunner.CfnService(stack, 'Service', {
      sourceConfiguration: { imageRepository: { imageIdentifier: IMAGE, imageRepositoryType: 'ECR' } },
    })],
    ['an AgentCore runtime', 'property AgentRuntimeArtifact.ContainerConfiguration.ContainerUri', 'imageUri', () =>
      resource('AWS::BedrockAgentCore::Runtime', { AgentRuntimeArtifact: { ContainerConfiguration: { ContainerUri: IMAGE } } })],
    ['a SageMaker model', 'property PrimaryContainer.Image', 'imageUri', () => resource('AWS::SageMaker::Model', { PrimaryContainer: { Image: IMAGE } })],
    ['Elastic Beanstalk', 'property ImageConfiguration.Source.Uri', 'imageUri', () =>
      resource('AWS::ElasticBeanstalk::ApplicationVersion', { ImageConfiguration: { Source: { Uri: IMAGE } } })],
    ['a CodeBuild project', 'property Environment.Image', 'imageUri', () => new codebuild.Project(stack, 'Project', {
      buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }),
      environment: { buildImage: codebuild.LinuxBuildImage.fromDockerRegistry(IMAGE) },
    })],
    ['a Step Functions state machine', 'property DefinitionString.TrainingImage', 'imageUri', () => new sfn.CfnStateMachine(stack, 'States', {
      roleArn: 'arn:aws:iam::111111111111:role/states',
      definitionString: stack.toJsonString({
        States: { Train: { Parameters: { AlgorithmSpecification: { TrainingImage: IMAGE } }, TimeoutSeconds: Token.asNumber(Aws.REGION) } },
      }),
    })],
    ['an EKS manifest', 'property Manifest.image', 'imageUri', () =>
      resource('Custom::AWSCDK-EKS-KubernetesResource', { Manifest: stack.toJsonString([{ spec: { containers: [{ name: 'app', image: IMAGE }] } }]) })],
    ['both branches of a condition', 'container "app"', 'image', () =>
      task(stack, Token.asString(Fn.conditionIf('Old', IMAGE, Token.asString(Fn.conditionIf('Odd', guard.imageUri, Aws.NO_VALUE)))))],
    ['a container that a condition chooses', 'container "app"', 'image', () => resource('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [{ 'Fn::If': ['Old', { Name: 'app', Image: IMAGE }, { Ref: 'AWS::NoValue' }] }],
    })],
    ['a repository of another account with the name of an AWS repository', 'container "app"', 'image', () => task(stack, IMAGE.replace('app:v1', 'aws-for-fluent-bit:stable'))],
  ])('an image in %s, with its path and the remedy', (_, where, source, make) => {
    make();
    expect(faults()).toEqual([expect.stringMatching(new RegExp(
      `image 111111111111\\.dkr\\.ecr\\.\\S+ of ${escape(where)} has no guard: use new ImageGuard\\(.*\\)\\.${source}, or add it .* \\(at Web/`))]);
  });

  const escape = (text: string) => text.replace(/\./g, '\\.');

  test.each([
    ['an image in a nested stack', () => new NestedStack(stack, 'Nested')],
    ['an image in a stage', () => new Stack(new Stage(app, 'Prod'), 'Web')],
    ['an image in another stack of the app', () => new Stack(app, 'Other')],
  ])('%s', (_, scope) => {
    task(scope(), ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(faults()).toHaveLength(1);
  });

  test('an image that is added after requireOn', () => {
    ImageGuard.requireOn(app);
    task(stack, ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(() => app.synth()).toThrow('has no guard');
  });
});

describe('ImageGuard.requireOn accepts', () => {
  test.each([
    ['the image of a guard', () => guard.image],
    ['the URI of a guard', () => guard.imageUri],
    ['the digest of a guard', () => registry.repositoryUriForDigest(guard.imageDigest)],
    ['the digest of a guard in Fn::Join', () => Fn.join('@', [registry.repositoryUri, guard.imageDigest])],
    ['the digest of a guard in Fn::Sub', () => Fn.sub('1.dkr.ecr.r.amazonaws.com/app@${Digest}', { Digest: guard.imageDigest })],
    ['an image of a public registry', () => 'public.ecr.aws/docker/library/nginx:1'],
    ['an image of Docker Hub', () => 'nginx'],
    ['the FireLens log router', () => '906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable'],
    ['the FireLens log router in an opt-in region', () => '960320637246.dkr.ecr.eu-south-1.amazonaws.com/aws-for-fluent-bit:stable'],
    ['the CloudWatch agent', () => 'public.ecr.aws/cloudwatch-agent/cloudwatch-agent:latest'],
    ['the X-Ray daemon', () => 'public.ecr.aws/xray/aws-xray-daemon:3.x'],
    ['the Envoy image of App Mesh', () => '840364872350.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.29.12.1-prod'],
    ['an EKS add-on', () => '602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/coredns:v1.11.1'],
    ['a deep learning container', () => '763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312'],
    ['an image that only a parameter determines', () => new CfnParameter(stack, 'Image').valueAsString],
  ])('%s', (_, image) => {
    task(stack, image());
    expect(faults()).toEqual([]);
  });

  test('the log router that CDK adds', () => {
    task(stack, guard.image).addContainer('web', { image: guard.image, logging: ecs.LogDrivers.firelens({}) });
    expect(faults()).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ['an AWS Batch job', () => new batch.EcsJobDefinition(stack, 'Job', {
      container: new batch.EcsFargateContainerDefinition(stack, 'Container', { image: guard.image, cpu: 1, memory: Size.mebibytes(2048) }),
    })],
    ['a Lambda function', () => new lambda.Function(stack, 'Function', {
      code: guard.lambdaCode,
      handler: lambda.Handler.FROM_IMAGE,
      runtime: lambda.Runtime.FROM_IMAGE,
    })],
    ['an Express Mode service', () => resource('AWS::ECS::ExpressGatewayService', { PrimaryContainer: { Image: guard.imageUri } })],
    ['a state machine', () => resource('AWS::StepFunctions::StateMachine', { DefinitionString: stack.toJsonString({ Parameters: { Image: guard.imageUri } }) })],
    ['a Lambda function whose image CDK builds', () =>
      new lambda.DockerImageFunction(stack, 'Function', { code: lambda.DockerImageCode.fromImageAsset(dockerContext) })],
  ])('a guarded image in %s', (_, make) => {
    make();
    expect(faults()).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ['an environment variable', () => task(stack, guard.image).defaultContainer!.addEnvironment('IMAGE_URI', registry.repositoryUriForTag('v1'))],
    ['an output', () => new CfnOutput(stack, 'Image', { value: registry.repositoryUriForTag('v1') })],
    ['a custom resource that copies the image', () => resource('Custom::CDKECRDeployment', { SrcImage: 'docker://nginx', DestImage: registry.repositoryUriForTag('v1') })],
    ['a structure that only resembles a container image', () => resource('AWS::Bedrock::DataAutomationProject', { Standard: { Image: { Extraction: 'ENABLED' } } })],
    ['a function without an image', () => new lambda.Function(stack, 'Function', {
      code: lambda.Code.fromInline('exports.handler = () => {}'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
    })],
  ])('a resource that runs no image: %s', (_, make) => {
    make();
    expect(faults()).toEqual([]);
  });

  test('an image that CDK builds and pushes by itself', () => {
    task(stack, ecs.ContainerImage.fromAsset(dockerContext));
    task(stack, ecs.ContainerImage.fromDockerImageAsset(new assets.DockerImageAsset(stack, 'Asset', { directory: dockerContext })), 'Other');
    expect(faults()).toEqual([]);
  });

  test('the image of a guard in a nested stack of the guard', () => {
    task(new NestedStack(stack, 'Nested'), guard.image);
    expect(faults()).toEqual([]);
  });

  test('a whole service', () => {
    new PhasedFargateService(stack, 'Api');
    new PhasedFargateService(new NestedStack(stack, 'Nested'), 'Api');
    new PhasedFargateService(new Stack(new Stage(app, 'Prod'), 'Web'), 'Api');
    expect(faults()).toEqual([]);
  });

  test('an image outside the scope', () => {
    task(new Stack(app, 'Other'), ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(faults(stack)).toEqual([]);
  });
});

describe('exemptions of ImageGuard.requireOn', () => {
  const image = '999999999999.dkr.ecr.eu-west-1.amazonaws.com/security/agent:3';
  const reason = 'the platform team rolls it out';

  test.each([
    ['by name', image],
    ['by a pattern', '999999999999.dkr.ecr.*.amazonaws.com/security/*'],
  ])('allow an image without a guard, %s', (_, named) => {
    task(stack, image);
    expect(faults(app, { exemptions: [{ image: 'other', reason }, { image: named, reason }] })).toEqual([]);
  });

  test('can contain tokens', () => {
    task(stack, ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(faults(app, { exemptions: [{ image: registry.repositoryUriForTag('*'), reason }] })).toEqual([]);
  });

  test('also apply with strict', () => {
    task(stack, 'public.ecr.aws/xray/aws-xray-daemon:3.x');
    expect(faults(app, { strict: true, exemptions: [{ image: 'public.ecr.aws/xray/*', reason }] })).toEqual([]);
  });

  test.each([
    ['another image', '999999999999.dkr.ecr.eu-west-1.amazonaws.com/security/agent'],
    ['a part of the image name', 'security/agent:3'],
    ['an image with another character in place of a dot', image.replace(/\./g, '-')],
  ])('apply only to matching images: %s', (_, named) => {
    task(stack, image);
    expect(faults(app, { exemptions: [{ image: named, reason }] })).toHaveLength(1);
  });

  test.each<[string, GuardExemption]>([
    ['image "" is not the name of an image', { image: '', reason }],
    ['image "*" is not the name of an image', { image: '*', reason }],
    ['reason "" is blank', { image, reason: '' }],
    ['reason " " is blank', { image, reason: ' ' }],
  ])('are refused if they are incomplete: %s', (problem, exemption) => {
    expect(() => ImageGuard.requireOn(app, { exemptions: [{ image, reason }, exemption] })).toThrow(new Error(
      `ImageGuard.requireOn: exemptions[1].${problem}: each exemption needs an image and the reason why no guard checks it`));
  });
});

describe('ImageGuard.requireOn with strict', () => {
  test.each([
    ['an image of Docker Hub', () => ecs.ContainerImage.fromRegistry('nginx')],
    ['an image of a public registry', () => ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/nginx:1')],
    ['an image that CDK builds', () => ecs.ContainerImage.fromAsset(dockerContext)],
    ['a tag of the registry', () => ecs.ContainerImage.fromEcrRepository(registry, 'v1')],
    ['an AWS image', () => ecs.ContainerImage.fromRegistry('906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable')],
    ['an image that only a parameter determines', () => ecs.ContainerImage.fromRegistry(new CfnParameter(stack, 'Image').valueAsString)],
  ])('refuses %s too', (_, image) => {
    task(stack, image());
    expect(faults(app, { strict: true })).toHaveLength(1);
  });

  test('accepts the image of a guard', () => {
    task(stack, guard.image);
    expect(faults(app, { strict: true })).toEqual([]);
  });

  test('accepts a value that is not an image', () => {
    resource('AWS::BedrockAgentCore::Harness', { Gateway: { Uri: 'https://example.com' } });
    resource('AWS::EC2::LaunchTemplate', { Image: 'ami-0123456789abcdef0' }, 'Template');
    expect(faults(app, { strict: true })).toEqual([]);
  });
});
