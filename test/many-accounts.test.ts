import { Annotations as AppAnnotations, App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { ImageRegistry, ImageVersion, Ingress, PhasedFargateService } from '../src';
import { existingVpc } from './util/network';
import { testApp } from './util/synth';

/** Claims of the guide `many-accounts`: one registry for many accounts, stages, and regions. */

const TOOLS = { account: '111111111111', region: 'eu-west-1' };
const STAGING = { account: '222222222222', region: 'eu-west-1' };
const PRODUCTION = { account: '333333333333', region: 'eu-west-1' };
const LOOK_UP = ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const WARNING = '@org/phased-fargate:registryInAnotherStage';

let app: App;
let registry: ImageRegistry;

beforeEach(() => {
  app = testApp();
  registry = new ImageRegistry(new Stack(app, 'Tools', { env: TOOLS }), 'Registry', { repositoryName: 'shop' });
});

/** Creates a stack with a service that uses the registry. */
function shop(scope: App | Stage, id: string, env?: typeof TOOLS, images = registry): Stack {
  const stack = new Stack(scope, id, { env });
  new PhasedFargateService(stack, 'Api', { registry: images, imageVersion: ImageVersion.tag('v1'), vpc: existingVpc(stack), ingress: Ingress.none() });
  return stack;
}

/** The actions that the policy of the repository allows, by account. */
function allowed(): Record<string, string[]> {
  const [{ Properties }] = Object.values(Template.fromStack(registry.stack).findResources('AWS::ECR::Repository'));
  const statements: any[] = Properties.RepositoryPolicyText?.Statement ?? [];
  return Object.fromEntries(statements.flatMap(({ Effect, Action, Principal, Condition }) => {
    expect([Effect, Condition]).toEqual(['Allow', undefined]);
    return [Principal.AWS].flat().map((principal) => [/\d{12}/.exec(JSON.stringify(principal))![0], Action]);
  }));
}

describe('a registry for many accounts', () => {
  test('lets each account look up and pull images, and nothing else', () => {
    shop(app, 'Staging', STAGING);
    shop(app, 'Production', PRODUCTION);
    shop(app, 'Here', TOOLS);
    const actions = [...LOOK_UP, 'ecr:BatchCheckLayerAvailability'];
    expect(allowed()).toEqual({ [STAGING.account]: actions, [PRODUCTION.account]: actions });
  });

  test('is deployed first, because its policy names each account', () => {
    shop(app, 'Staging', STAGING);
    expect(app.synth().getStackByName('Staging').dependencies.map(({ id }) => id)).toContain('Tools');
  });

  test('is the only registry that the function and the tasks in these accounts have access to', () => {
    const template = Template.fromStack(shop(app, 'Staging', STAGING));
    const repository = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111111111111:repository/shop']] };
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [{ PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: LOOK_UP, Resource: repository }]) } }],
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [{
        PolicyDocument: {
          Statement: Match.arrayWith([{
            Effect: 'Allow',
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            Resource: repository,
          }]),
        },
      }],
    });
  });

  test.each([[undefined, ['app-api']], [STAGING, [undefined]]])('gets release tags by default only from a service whose account is unknown or is that of the registry: %j', (env, names) => {
    const guards = Object.values(Template.fromStack(shop(app, 'App', env)).findResources('Custom::ImageGuard'));
    expect(guards.map(({ Properties }) => Properties.ReleaseTagName)).toEqual(names);
  });
});

describe('a registry for many stages', () => {
  test('lets the accounts of the stages pull images', () => {
    shop(new Stage(app, 'Production', { env: PRODUCTION }), 'Shop');
    expect(Object.keys(allowed())).toEqual([PRODUCTION.account]);
  });

  test('has a different release tag for each stage', () => {
    const names = ['Staging', 'Production'].map((name) => {
      const [{ Properties }] = Object.values(Template.fromStack(shop(new Stage(app, name, { env: TOOLS }), 'Shop')).findResources('Custom::ImageGuard'));
      return Properties.ReleaseTagName;
    });
    expect(names).toEqual(['staging-shop-api', 'production-shop-api']);
  });

  test.each([[1, 'before'], [0, 'after']])('causes %d warnings %s the warning is acknowledged', (times, when) => {
    const stack = shop(new Stage(app, 'Production', { env: TOOLS }), 'Shop');
    if (when === 'after') AppAnnotations.of(app).acknowledgeWarning(WARNING, 'the workflow deploys the registry first');
    expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(WARNING))).toHaveLength(times);
  });
});

test('each guard queries its own registry in the region of that registry', () => {
  const there = new ImageRegistry(new Stack(app, 'There', { env: { ...TOOLS, region: 'us-east-1' } }), 'Registry', { repositoryName: 'shop' });
  const regions = [
    shop(app, 'Home', TOOLS),
    shop(app, 'Away', { ...TOOLS, region: 'us-east-1' }, there),
    shop(app, 'AcrossRegions', { ...TOOLS, region: 'us-east-1' }),
  ].map((stack) => {
    const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('Custom::ImageGuard'));
    return [stack.region, Properties.RegistryRegion];
  });
  expect(regions).toEqual([['eu-west-1', 'eu-west-1'], ['us-east-1', 'us-east-1'], ['us-east-1', 'eu-west-1']]);
});
