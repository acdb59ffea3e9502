import { App, Aws, CfnParameter, DefaultStackSynthesizer, Duration, Environment, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { ImageRegistry, ImageVersion, Ingress, PhasedFargateService, Scaling, WhenMissing } from '../src';
import { deployedBefore, ecrImages, madeBeforeAnyGuard, waysAroundTheGuard } from './util/guarded';
import { allPairs } from './util/pairs';
import { ReferenceGraph } from './util/reference-graph';
import { FlagSet, inhabited, templateFiles, testApp } from './util/synth';
import { deployedStack } from '../src/private/stacks';

const HERE: Environment = { account: '111111111111', region: 'eu-west-1' };
const OTHER_ACCOUNT: Environment = { account: '222222222222', region: 'eu-west-1' };
const OTHER_REGION: Environment = { account: '111111111111', region: 'us-east-1' };
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Places of the service: the scopes that get one service each. */
const PLACES = {
  'in a stack of the app': (app: App) => [new Stack(app, 'Service')],
  'in a stage': (app: App) => [new Stack(new Stage(app, 'Prod'), 'Service')],
  'in a stage with an environment': (app: App) => [new Stack(new Stage(app, 'Prod', { env: HERE }), 'Service')],
  'in a nested stack': (app: App) => [new NestedStack(new Stack(app, 'Service'), 'Nested')],
  'in a nested stack of a nested stack': (app: App) => [new NestedStack(new NestedStack(new Stack(app, 'Service', { env: HERE }), 'Outer'), 'Inner')],
  'in a nested stack in a stage': (app: App) => [new NestedStack(new Stack(new Stage(app, 'Prod'), 'Service'), 'Nested')],
  'in a stack below another stack': (app: App) => [new Stack(inhabited(new Stack(app, 'Parent')), 'Service')],
  'with account and region': (app: App) => [new Stack(app, 'Service', { env: HERE })],
  'with a qualifier of the bootstrapped environment': (app: App) => {
    app.node.setContext('@aws-cdk/core:bootstrapQualifier', 'custom');
    return [new Stack(app, 'Service')];
  },
  'with a region only': (app: App) => [new Stack(app, 'Service', { env: { region: 'eu-west-1' } })],
  'with its own synthesizer': (app: App) => [
    new Stack(app, 'Service', { synthesizer: new DefaultStackSynthesizer({ qualifier: 'own' }) }),
  ],
  'twice in one stack': (app: App) => {
    const stack = new Stack(app, 'Service');
    return [stack, new Construct(stack, 'Second')];
  },
  'in two stacks with one ID and two names': (app: App) => ['blue', 'green'].map((stackName) =>
    new Stack(new Construct(app, stackName), 'Service', { stackName })),
  'in a parent and its nested stack': (app: App) => {
    const stack = new Stack(app, 'Service');
    return [stack, new NestedStack(stack, 'Nested')];
  },
} satisfies Record<string, (app: App) => Construct[]>;

/** Places of the image. `undefined` means the default of the construct. */
const REGISTRIES = {
  'the default registry': () => undefined,
  'a registry of the companion stack': (scope: Construct) => ImageRegistry.inCompanionStack(scope, 'Images'),
  'a registry in the same stack': (scope: Construct) => new ImageRegistry(scope, 'Images'),
  'a registry in the outermost stack': (scope: Construct) => new ImageRegistry(deployedStack(scope), `Images${scope.node.addr}`),
  'a registry in a nested stack': (scope: Construct) => new ImageRegistry(new NestedStack(deployedStack(scope), `Images${scope.node.addr}`), 'Images'),
  'a registry in another stack': (scope: Construct) => new ImageRegistry(sibling(scope), 'Images'),
  'a registry in a nested stack of another stack': (scope: Construct) => new ImageRegistry(new NestedStack(sibling(scope), 'Nested'), 'Images'),
  'a registry in another account': (scope: Construct) => new ImageRegistry(sibling(scope, OTHER_ACCOUNT), 'Images'),
  'a registry in another region': (scope: Construct) => new ImageRegistry(sibling(scope, OTHER_REGION), 'Images'),
  'a registry in another stage': (scope: Construct) => new ImageRegistry(new Stack(otherStage(scope), 'Images'), 'Images'),
  'a repository imported by name': (scope: Construct) => ecr.Repository.fromRepositoryName(scope, 'Images', 'app-mp'),
  'a repository imported by ARN from another account': (scope: Construct) =>
    ecr.Repository.fromRepositoryArn(scope, 'Images', 'arn:aws:ecr:eu-central-1:222222222222:repository/team/app-mp'),
  'a repository imported by a name that is a token': (scope: Construct) =>
    ecr.Repository.fromRepositoryName(scope, 'Images', new CfnParameter(scope, 'RepositoryName').valueAsString),
  'a plain repository in the same stack': (scope: Construct) => new ecr.Repository(scope, 'Images'),
  'a plain repository with a name in the same stack': (scope: Construct) =>
    new ecr.Repository(scope, 'Images', { repositoryName: nameFor(scope) }),
  'a plain repository in the outermost stack': (scope: Construct) => new ecr.Repository(deployedStack(scope), `Images${scope.node.addr}`),
  'a plain repository in a nested stack': (scope: Construct) =>
    new ecr.Repository(new NestedStack(deployedStack(scope), `Images${scope.node.addr}`), 'Images'),
  'a plain repository with a name in another stack': (scope: Construct) =>
    new ecr.Repository(sibling(scope), 'Images', { repositoryName: nameFor(scope) }),
  'a plain repository with a name in another account': (scope: Construct) =>
    new ecr.Repository(sibling(scope, OTHER_ACCOUNT), 'Images', { repositoryName: nameFor(scope) }),
  'a plain repository with a name in another region': (scope: Construct) =>
    new ecr.Repository(sibling(scope, OTHER_REGION), 'Images', { repositoryName: nameFor(scope) }),
  'a plain repository with a name in another stage': (scope: Construct) =>
    new ecr.Repository(new Stack(otherStage(scope), 'Images'), 'Images', { repositoryName: nameFor(scope) }),
} satisfies Record<string, (scope: Construct) => ecr.IRepository | undefined>;

const INGRESSES = {
  'the default ingress': () => undefined,
  'internetFacing': () => Ingress.internetFacing(),
  'internetFacing with a certificate': (scope: Construct) => Ingress.internetFacing({
    certificate: acm.Certificate.fromCertificateArn(scope, 'Certificate', `arn:aws:acm:eu-west-1:111111111111:certificate/${Aws.STACK_NAME}`),
  }),
  'internalOnly': () => Ingress.internalOnly({ listenerPort: 8080 }),
  'no ingress': () => Ingress.none(),
} satisfies Record<string, (scope: Construct) => Ingress | undefined>;

const WHEN_MISSING = {
  'the default behavior': undefined,
  'fail': WhenMissing.fail(),
  'waitFor': WhenMissing.waitFor(Duration.minutes(10)),
  'startWithoutTasks': WhenMissing.startWithoutTasks(),
} satisfies Record<string, WhenMissing | undefined>;

const VERSIONS = {
  'the default version': () => undefined,
  'a tag': () => ImageVersion.tag('4f2a9c1'),
  'a tag that is a token': (scope: Construct) => ImageVersion.tag(new CfnParameter(scope, 'Tag').valueAsString),
  'a digest': () => ImageVersion.digest(DIGEST),
  'a moving tag': () => ImageVersion.movingTag('latest'),
  'a shared parameter': () => ImageVersion.parameter('Release'),
} satisfies Record<string, (scope: Construct) => ImageVersion | undefined>;

const SCALINGS = {
  'one task': undefined,
  'a number of tasks': Scaling.exactly(3),
  'autoscaling': Scaling.between(1, 4),
} satisfies Record<string, Scaling | undefined>;

const FLAGS = { 'no feature flags': true, 'all recommended feature flags': true } satisfies Record<FlagSet, boolean>;

const combinations = allPairs({
  place: PLACES, registry: REGISTRIES, ingress: INGRESSES, whenMissing: WHEN_MISSING, version: VERSIONS, scaling: SCALINGS, flags: FLAGS,
}, [{ because: 'autoscaling would start tasks by itself', choices: { whenMissing: ['startWithoutTasks'], scaling: ['autoscaling'] } }]);

function build({ place, registry, ingress, whenMissing, version, scaling, flags }: typeof combinations[number]) {
  const app = testApp({}, flags);
  const services = PLACES[place](app).map((scope) => new PhasedFargateService(scope, 'Api', {
    registry: REGISTRIES[registry](scope),
    ingress: INGRESSES[ingress](scope),
    imageVersion: VERSIONS[version](scope),
    whenMissing: WHEN_MISSING[whenMissing],
    scaling: SCALINGS[scaling],
  }));
  return { app, services };
}

function sibling(scope: Construct, env?: Environment): Stack {
  const { node, account, region } = deployedStack(scope);
  return new Stack(Stage.of(scope)!, `Images${scope.node.addr}`, { env: env ?? { account, region }, stackName: `images-of-${node.addr}-${scope.node.addr}` });
}

function otherStage(scope: Construct): Stage {
  const { account, region } = deployedStack(scope);
  return new Stage(scope.node.root, `Images${scope.node.addr}`, { env: { account, region } });
}

function nameFor(scope: Construct): string {
  return `images-${scope.node.addr}`;
}

/** The registry stacks that CDK can deploy before the service stack. */
function stacksOfRegistries(services: PhasedFargateService[]): { service: string; registry: string }[] {
  return services
    .filter(({ registry, node }) => registry.node.defaultChild && Stage.of(registry) === Stage.of(node.scope!))
    .map(({ registry, node }) => ({ service: deployedStack(node.scope!), registry: deployedStack(registry) }))
    .filter(({ service, registry }) => service !== registry)
    .map(({ service, registry }) => ({ service: service.node.path, registry: registry.node.path }));
}

const title = 'a service $place, $registry, $version, $ingress, $scaling, $whenMissing for a missing image, $flags';

test.each(combinations)(`every service waits for its image, and no stack exports a value, with this combination: ${title}`, (combination) => {
  const { app, services } = build(combination);
  const assembly = app.synth();
  const graph = new ReferenceGraph(assembly);
  const templates = Object.values(templateFiles(assembly)).join();

  expect(graph.resources('AWS::ECS::Service')).toHaveLength(services.length);
  expect(ecrImages(graph)).toHaveLength(services.length);
  expect(waysAroundTheGuard(graph)).toEqual([]);
  expect(madeBeforeAnyGuard(graph)).toEqual([]);
  expect(templates).not.toContain('Fn::ImportValue');
  expect(templates).not.toContain('"Export"');
  for (const { service, registry } of stacksOfRegistries(services)) {
    expect(deployedBefore(assembly, service)).toContain(registry);
  }
});

const repeatable = combinations.filter(({ whenMissing, version }) => whenMissing !== 'startWithoutTasks' && version !== 'a moving tag');

test.each(repeatable.filter((_, index) => index % 8 === 0))(`two syntheses result in the same templates, with this combination: ${title}`, (combination) => {
  const [once, again] = [build(combination), build(combination)].map(({ app }) => templateFiles(app.synth()));
  expect(Object.keys(once).length).toBeGreaterThan(0);
  expect(again).toEqual(once);
});
