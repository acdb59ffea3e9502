import { App, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { BuildAndPush, BuildAndPushProps, ImageRegistry, ImageVersion, PhasedFargateService, PhasedFargateServiceProps } from '../../../src';
import { testApp } from '../../util/synth';
import { ENV } from '../shop';

const COMMIT = ImageVersion.tag('4f9d2c1');

describe('the step', () => {
  test('comes after the registry and before the service', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } });
    expect(actions(template, 'Production')).toEqual([
      'Shop-Registry.Prepare', 'Shop-Registry.Deploy', 'Shop.Build_production-shop-api', 'Shop.Prepare', 'Shop.Deploy',
    ]);
  });

  test('logs in, builds for the platform of the service, and pushes with the tag that the template asks for', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } }, ({ images: [registry] }) => [{ registry, context: 'app', target: 'release' }]);
    const [script] = scripts(template);
    expect(script).toContain('docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com');
    expect(script).toContain('docker buildx build --platform linux/amd64 --push');
    expect(script).toContain('--tag "111122223333.dkr.ecr.eu-west-1.amazonaws.com/production-shop-api:$tag"');
    expect(script).toContain('--target release');
    expect(script).toContain('--file app/Dockerfile app');
    expect(script).toMatch(/tag=\$\(jq .* \.\.\/assembly\/assembly-Production\/ProductionShop\w+\.template\.json\)/);
    expect(script).not.toContain('4f9d2c1'); // Else the pipeline would change with each commit.
  });

  test('may push to that registry only', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT } });
    const statements = Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('ecr:')));
    expect(statements.map(({ Action, Resource }) => [[Action].flat().includes('ecr:PutImage'), Resource])).toEqual([
      [true, 'arn:aws:ecr:eu-west-1:111122223333:repository/production-shop-api'],
      [false, '*'],
    ]);
  });

  test('builds on Graviton for Graviton', () => {
    const { template } = pipeline({ Api: { imageVersion: COMMIT, cpuArchitecture: ecs.CpuArchitecture.ARM64 } });
    template.hasResourceProperties('AWS::CodeBuild::Project', { Environment: { Type: 'ARM_CONTAINER', PrivilegedMode: true } });
    expect(scripts(template)[0]).toContain('--platform linux/arm64');
  });

  test('looks no image up by a tag that moves', () => {
    const { template } = pipeline({ Api: { imageVersion: ImageVersion.movingTag('main') } });
    expect(scripts(template)[0]).toMatch(/^digest=$/m);
  });

  test('is one for all services that share a registry, and none for an image that exists', () => {
    const { template } = pipeline({
      Api: { imageVersion: COMMIT },
      Worker: { imageVersion: COMMIT, registry: 'of Api' as any },
      Old: { imageVersion: ImageVersion.digest(`sha256:${'0'.repeat(64)}`) },
    });
    expect(actions(template, 'Production').filter((name) => name.includes('Build'))).toEqual(['Shop.Build_production-shop-api']);
  });
});

test('a parameter is refused, with the reason', () => {
  expect(() => pipeline({ Api: {} })).toThrow(
    /^imageVersion is a parameter, and CDK Pipelines passes no parameters to stacks: pass ImageVersion\.tag\(\) .* \(at Production\/Shop\/Api\/Guard\)$/);
});

test('an image for two platforms is refused', () => {
  expect(() => pipeline({
    Api: { imageVersion: COMMIT },
    Worker: { imageVersion: COMMIT, registry: 'of Api' as any, cpuArchitecture: ecs.CpuArchitecture.ARM64 },
  })).toThrow('run it on linux/amd64 and linux/arm64, but a step of CDK Pipelines builds without emulation');
});

interface Shop {
  readonly app: App;
  readonly stage: Stage;
  readonly images: ImageRegistry[];
}

/** A pipeline that deploys one stage, with these services in one stack. */
function pipeline(
  services: Record<string, PhasedFargateServiceProps>, builds: (shop: Shop) => BuildAndPushProps['images'] = () => undefined,
): { template: Template } {
  const app = testApp();
  const stack = new Stack(app, 'PipelineStack', { env: ENV });
  const source = pipelines.CodePipelineSource.connection('octo-org/shop', 'main', { connectionArn: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1' });
  const codePipeline = new pipelines.CodePipeline(stack, 'Pipeline', { synth: new pipelines.ShellStep('Synth', { input: source, commands: ['npx cdk synth'] }) });

  const stage = new Stage(app, 'Production', { env: ENV });
  const shop = new Stack(stage, 'Shop');
  const images: ImageRegistry[] = [];
  for (const [id, { registry, ...props }] of Object.entries(services)) {
    images.push(new PhasedFargateService(shop, id, { ...props, registry: registry && images[0] }).registry as ImageRegistry);
  }
  codePipeline.addStage(stage, {
    stackSteps: BuildAndPush.stackSteps(stage, { pipeline: codePipeline, source, images: builds({ app, stage, images }) }),
  });
  return { template: Template.fromStack(stack) };
}

function actions(template: Template, stage: string): string[] {
  const [{ Properties: { Stages } }] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  return Stages.find(({ Name }: any) => Name === stage).Actions
    .sort((a: any, b: any) => a.RunOrder - b.RunOrder)
    .map(({ Name }: any) => Name);
}

function scripts(template: Template): string[] {
  return Object.values(template.findResources('AWS::CodeBuild::Project'))
    .map(({ Properties }) => JSON.parse(Properties.Source.BuildSpec).phases.build.commands.join('\n'))
    .filter((script) => script.includes('buildx'));
}
