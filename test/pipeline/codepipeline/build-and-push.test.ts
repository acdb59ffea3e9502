import { App, Stack, Stage, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as pipelines from 'aws-cdk-lib/pipelines';
import {
  BuildAndPush, BuildAndPushProps, ImageBuild, ImageRegistry, ImageVersion, PhasedFargateService, PhasedFargateServiceProps,
} from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, inSources } from '../shop';

const COMMIT = ImageVersion.tag('4f9d2c1');

describe('the step', () => {
  test('runs after the registry and before the service are deployed', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } });
    expect(actions(template, 'Production')).toEqual([
      'Shop-Registry.Prepare', 'Shop-Registry.Deploy', 'Shop.Build_production-shop-api', 'Shop.Prepare', 'Shop.Deploy',
    ]);
  });

  test('logs in, builds for the platform of the service, and pushes with the tag in the template', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => ({ images: [{ registry, context: 'app', target: 'release' }] }));
    const [script] = scripts(template);
    expect(script).toContain('log_in eu-west-1 111122223333.dkr.ecr.eu-west-1.amazonaws.com/production-shop-api');
    expect(script).toMatch(/push_image 111122223333 eu-west-1 production-shop-api "\$tag" \\\n +--tag "111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/production-shop-api:\$tag"/);
    expect(script).toContain('--platform linux/amd64');
    expect(script).toContain('--target release');
    expect(script).toContain('--file app/Dockerfile app');
    expect(script).toMatch(/tag=\$\(awaited_tag \.\.\/assembly\/assembly-Production\/ProductionShop\w+\.template\.json Custom::ImageGuard production-shop-api\)/);
    expect(script).not.toContain('4f9d2c1'); // Otherwise, the pipeline would change with each commit.
  });

  test('can push only to that registry', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } });
    const statements = Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('ecr:')));
    expect(statements.map(({ Action, Resource }) => [[Action].flat().includes('ecr:PutImage'), Resource])).toEqual([
      [true, 'arn:aws:ecr:eu-west-1:111122223333:repository/production-shop-api'],
      [false, '*'],
    ]);
  });

  test('builds on Graviton for a service on Graviton', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT, cpuArchitecture: ecs.CpuArchitecture.ARM64 } });
    template.hasResourceProperties('AWS::CodeBuild::Project', { Environment: { Type: 'ARM_CONTAINER', PrivilegedMode: true } });
    expect(scripts(template)[0]).toContain('--platform linux/arm64');
  });

  test('always builds an image with a moving tag, without looking it up', () => {
    const { template, shop } = pipeline({ Api: { imageVersion: ImageVersion.movingTag('main') } });
    const [script] = scripts(template);
    expect(script).toContain('\ndigest=$(push_moving_image ');
    expect(script).not.toContain('push_image()');
    expect(script).not.toContain('\ndigest=$(look_up ');
    expect(awaitedTags(shop)).toEqual(['main']);
  });

  test('is shared by all services with the same registry, and is absent for an image that is built elsewhere', () => {
    const { template } = pipeline({
      Api: { imageVersion: COMMIT },
      Worker: { imageVersion: COMMIT, registry: 'of Api' as any },
      Old: { imageVersion: ImageVersion.digest(`sha256:${'0'.repeat(64)}`) },
    });
    expect(actions(template, 'Production').filter((name) => name.includes('Build'))).toEqual(['Shop.Build_production-shop-api']);
  });
});

describe('the tag', () => {
  const tagOf = (builds: Omit<ImageBuild, 'registry'>, props: PhasedFargateServiceProps = {}) =>
    awaitedTags(pipeline({ Api: { imageVersion: COMMIT, ...props } }, ({ images: [registry] }) => ({ images: [{ registry, ...builds }] })).shop)[0];

  test('consists of the commit and the hash of the build settings', () => {
    const tags = [
      tagOf({}), tagOf({ buildArgs: { MODE: 'debug' } }), tagOf({ buildArgs: { MODE: 'release' } }), tagOf({ target: 'dev' }),
      tagOf({}, { cpuArchitecture: ecs.CpuArchitecture.ARM64 }),
    ];
    for (const tag of tags) expect(tag).toMatch(/^4f9d2c1-[0-9a-f]{8}$/);
    expect(new Set(tags).size).toBe(tags.length);
    expect(tagOf({})).toBe(tags[0]);
  });

  test('is the same for every service of the image', () => {
    const { shop } = pipeline({ Api: { imageVersion: COMMIT }, Worker: { imageVersion: COMMIT, registry: 'of Api' as any } });
    expect(awaitedTags(shop)).toEqual([expect.stringMatching(/^4f9d2c1-/)]);
  });

  test('is refused if services of one image disagree, if it is a token, or if it is too long', () => {
    expect(() => pipeline({ Api: { imageVersion: COMMIT }, Worker: { imageVersion: ImageVersion.tag('other'), registry: 'of Api' as any } })).toThrow(
      'imageVersion "other" differs from "4f9d2c1" of Production/Shop/Api/Guard, but one step pushes the image of production-shop-api for both: ' +
      'pass the same version to both (at Production/Shop/Worker/Guard)');
    expect(() => pipeline({ Api: { imageVersion: ImageVersion.tag(Token.asString({ Ref: 'Tag' })) } })).toThrow('imageVersion is a token');
    expect(() => pipeline({ Api: { imageVersion: ImageVersion.tag('a'.repeat(120)) } })).toThrow(
      'with the hash of the build settings, it would exceed the 128 characters of a tag');
  });
});

describe('build secrets', () => {
  const NPM = (stack: Stack) => secretsmanager.Secret.fromSecretNameV2(stack, 'Npm', 'npm-token');

  test('are read by the step of the image that uses them, which has permission to read them', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT }, Web: { imageVersion: COMMIT } }, ({ images: [registry], stack }) => ({
      images: [{ registry, secrets: { npm: 'NPM_TOKEN' } }],
      secrets: { NPM_TOKEN: NPM(stack) },
    }));
    const variables = projects(template).map(({ Properties: { Environment } }) => (
      Environment.EnvironmentVariables?.map(({ Name, Type }: any) => [Name, Type])
    ));
    expect(variables.sort()).toEqual([[['NPM_TOKEN', 'SECRETS_MANAGER']], undefined]);
    expect(scripts(template).find((script) => script.includes('--secret'))).toContain('--secret id=npm,env=NPM_TOKEN');
    const readers = statementsOf(template).filter(({ Action }) => Action === 'secretsmanager:GetSecretValue');
    expect(readers).toHaveLength(1);
    expect(JSON.stringify(readers[0].Resource)).toContain('secret:npm-token-??????');
  });

  test('are refused if secrets does not contain them, or if no image uses them', () => {
    expect(() => pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => ({ images: [{ registry, secrets: { npm: 'NPM_TOKEN' } }] }))).toThrow(
      'secrets has no entry NPM_TOKEN, but the build of production-shop-api needs this secret: ' +
      'pass secrets: { NPM_TOKEN: <a secret of AWS Secrets Manager> } (at Production)');
    expect(() => pipeline({ Api: { imageVersion: COMMIT } }, ({ stack }) => ({ secrets: { NPM_TOKEN: NPM(stack) } })))
      .toThrow('secrets.NPM_TOKEN is not used by any image (at Production)');
  });
});

describe('a registry of another account', () => {
  const ELSEWHERE = { account: '444455556666', region: 'eu-west-1' };

  test('allows the account of the pipeline and the role of the step to push', () => {
    const { template, shop } = pipeline({ Api: { imageVersion: COMMIT } }, undefined, ELSEWHERE);
    expect(statementsOf(template).filter(({ Resource }) => Resource === 'arn:aws:ecr:eu-west-1:444455556666:repository/production-shop-api')).toHaveLength(1);
    const registry = Template.fromStack(Stack.of(shop.images[0]));
    registry.hasResourceProperties('AWS::ECR::Repository', {
      RepositoryPolicyText: {
        Statement: [{
          Effect: 'Allow',
          Principal: { AWS: Match.objectLike({ 'Fn::Join': ['', Match.arrayWith([':iam::111122223333:root'])] }) },
          Action: Match.arrayWith(['ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:BatchGetImage']),
        }],
      },
    });
  });

  test('that the app does not create causes a warning', () => {
    const { shop } = pipeline({ Api: { imageVersion: COMMIT, registry: 'imported' as any } }, undefined, ELSEWHERE);
    Annotations.fromStack(shop.stage.node.findChild('Shop') as Stack).hasWarning('/Production/Shop/Api/Guard',
      Match.stringLikeRegexp('the pipeline pushes to 444455556666\\.dkr\\.ecr\\.eu-west-1\\.amazonaws\\.com/theirs from account 111122223333.*pushNotGranted'));
  });

  test('gets a resource policy, unlike a registry of the account of the pipeline', () => {
    const { shop } = pipeline({ Api: { imageVersion: COMMIT } });
    Template.fromStack(Stack.of(shop.images[0])).hasResourceProperties('AWS::ECR::Repository', { RepositoryPolicyText: Match.absent() });
  });
});

describe('promotion', () => {
  test('builds in the registry of the first stage, and copies in the step of the next stage', () => {
    const app = testApp();
    const { stack, codePipeline, source } = emptyPipeline(app);
    const [dev, prod] = [['Dev', ENV], ['Prod', { account: '444455556666', region: 'us-east-1' }]].map(([id, env]: any) =>
      new PhasedFargateService(new Stack(new Stage(app, id, { env }), 'Shop'), 'Api', { imageVersion: COMMIT }));
    const images = [{ registry: dev.registry, promoteTo: [prod.registry], tags: ['latest'] }];
    for (const service of [dev, prod]) {
      const stage = Stage.of(service)!;
      const stackSteps = inSources({ directories: ['.'] }, () => BuildAndPush.stackSteps(stage, { pipeline: codePipeline, source, images }));
      codePipeline.addStage(stage, { stackSteps });
    }
    const template = Template.fromStack(stack);
    const [first, next] = scripts(template).sort((one, other) => Number(one.includes('prod-shop-api')) - Number(other.includes('prod-shop-api')));
    const [from, to] = ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/dev-shop-api', '444455556666.dkr.ecr.us-east-1.amazonaws.com/prod-shop-api'];
    expect(first).toContain(`--tag "${from}:$tag"`);
    expect(first).not.toContain('prod-shop-api');
    expect(next).toContain(`promote_image eu-west-1 ${from} "$digest" \\\n  444455556666 us-east-1 prod-shop-api ${to} "$tag"`);
    const tags = [dev, prod].map((service) => Object.values(Template.fromStack(Stack.of(service)).findResources('Custom::ImageGuard'))[0].Properties.VersionValue);
    expect(tags[0]).toMatch(/^4f9d2c1-/);
    expect(tags[1]).toBe(tags[0]);
    const resources = statementsOf(template).filter(({ Action }) => [Action].flat().includes('ecr:PutImage')).map(({ Resource }) => Resource);
    expect(resources).toContainEqual(['arn:aws:ecr:eu-west-1:111122223333:repository/dev-shop-api', 'arn:aws:ecr:us-east-1:444455556666:repository/prod-shop-api']);
    Template.fromStack(Stack.of(prod.registry)).hasResourceProperties('AWS::ECR::Repository', { RepositoryPolicyText: Match.objectLike({}) });
  });
});

describe('a step refuses', () => {
  test('an image version that is a parameter', () => {
    expect(() => pipeline({ Api: {} })).toThrow(
      /^imageVersion is a parameter, but CDK Pipelines does not pass parameters to stacks: pass ImageVersion\.tag\(\) .* \(at Production\/Shop\/Api\/Guard\)$/);
  });

  test('an image for two platforms', () => {
    expect(() => pipeline({
      Api: { imageVersion: COMMIT },
      Worker: { imageVersion: COMMIT, registry: 'of Api' as any, cpuArchitecture: ecs.CpuArchitecture.ARM64 },
    })).toThrow('must run on linux/amd64 and linux/arm64, but a step of CDK Pipelines has no emulation and builds for only one platform: '
      + 'run all services on linux/amd64, or all on linux/arm64');
  });

  test('a rebuild on a schedule', () => {
    expect(() => pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => ({ images: [{ registry, rebuildSchedule: '17 3 * * 1' }] })))
      .toThrow('rebuildSchedule of production-shop-api has no effect in CDK Pipelines, because a pipeline finds the image by the commit');
  });

  test('a context that does not exist in the source of the app', () => {
    const missing = () => pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => ({ images: [{ registry, context: 'web' }] }));
    expect(missing).toThrow('images[0].context "web" is not a directory of the source repository');
    const { CODEBUILD_SRC_DIR } = process.env;
    process.env.CODEBUILD_SRC_DIR = process.cwd();
    try {
      expect(() => inSources({ directories: ['app'] }, () => missing())).toThrow('images[0].context "web" is not a directory');
    } finally {
      if (CODEBUILD_SRC_DIR === undefined) delete process.env.CODEBUILD_SRC_DIR;
      else process.env.CODEBUILD_SRC_DIR = CODEBUILD_SRC_DIR;
    }
  });

  test('a missing context only if the source of the pipeline is the repository of the app', () => {
    expect(() => pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => ({
      source: pipelines.CodePipelineSource.connection('octo-org/web', 'main', { connectionArn: CONNECTION }),
      images: [{ registry, context: 'web' }],
    }))).not.toThrow();
  });
});

interface Shop {
  readonly stack: Stack;
  readonly stage: Stage;
  readonly images: ImageRegistry[];
}

const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1';

function emptyPipeline(app: App) {
  const stack = new Stack(app, 'PipelineStack', { env: ENV });
  const source = pipelines.CodePipelineSource.connection('octo-org/shop', 'main', { connectionArn: CONNECTION });
  const codePipeline = new pipelines.CodePipeline(stack, 'Pipeline', {
    crossAccountKeys: true,
    synth: new pipelines.ShellStep('Synth', { input: source, commands: ['npx cdk synth'] }),
  });
  return { stack, source, codePipeline };
}

/** Creates a pipeline that deploys one stage with a stack of these services. */
function pipeline(
  services: Record<string, PhasedFargateServiceProps>, props: (shop: Shop) => Partial<BuildAndPushProps> = () => ({}), env = ENV,
): { template: Template; shop: Shop } {
  const app = testApp();
  const { stack, source, codePipeline } = emptyPipeline(app);
  const stage = new Stage(app, 'Production', { env });
  const shop = new Stack(stage, 'Shop');
  const images: ImageRegistry[] = [];
  for (const [id, { registry, ...service }] of Object.entries(services)) {
    const given = (registry as unknown) === 'imported' ? ecr.Repository.fromRepositoryName(shop, 'Theirs', 'theirs') : registry && images[0];
    images.push(new PhasedFargateService(shop, id, { ...service, registry: given }).registry as ImageRegistry);
  }
  inSources({ directories: ['app', '.'] }, () => codePipeline.addStage(stage, {
    stackSteps: BuildAndPush.stackSteps(stage, { pipeline: codePipeline, source, ...props({ stack, stage, images }) }),
  }));
  return { template: Template.fromStack(stack), shop: { stack, stage, images } };
}

/** The tags that the guards request. */
function awaitedTags({ stage }: Shop): string[] {
  const guards = Object.values(Template.fromStack(stage.node.findChild('Shop') as Stack).findResources('Custom::ImageGuard'));
  return [...new Set(guards.map(({ Properties }) => Properties.VersionValue))];
}

function statementsOf(template: Template): any[] {
  return Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

function actions(template: Template, stage: string): string[] {
  const [{ Properties: { Stages } }] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  return Stages.find(({ Name }: any) => Name === stage).Actions
    .sort((a: any, b: any) => a.RunOrder - b.RunOrder)
    .map(({ Name }: any) => Name);
}

function scripts(template: Template): string[] {
  return projects(template).map(({ Properties }) => JSON.parse(Properties.Source.BuildSpec).phases.build.commands.join('\n'));
}

function projects(template: Template): any[] {
  return Object.values(template.findResources('AWS::CodeBuild::Project')).filter(({ Properties }) => Properties.Source.BuildSpec.includes('buildx'));
}
