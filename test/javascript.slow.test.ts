import { App, Aws, Duration, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import * as library from '../src';
import { testApp } from './util/synth';
import { isIntended } from './util/wrong-values';

/** Invalid values that only JavaScript programs can pass: jsii checks the types of values from other languages. */

const CIRCULAR: Record<string, unknown> = {};
CIRCULAR.itself = [CIRCULAR];

const WRONG: unknown[] = [
  undefined, null, '', 'x', 0, -1, 1.5, NaN, true, [], [undefined], [null], ['x'], {}, { x: 1 }, () => 1, class {}, new Date(0), Symbol('x'), 10n,
  Object.create(null), CIRCULAR, [Symbol('x')], Aws.REGION, [Aws.REGION], Duration.seconds(NaN), library.Ingress.none(), library.ImageVersion.tag('v1'),
];

type Members = Record<string, (...args: unknown[]) => unknown>;
const CLASSES = Object.entries<any>({ ...library }).filter(([, type]) => typeof type === 'function');
const CONSTRUCTS = CLASSES.filter(([name, { prototype }]) => prototype instanceof Construct && name !== 'GitHubRole');

let app: App;
let stack: Stack;

/** Errors that the library did not throw on purpose, such as a TypeError. */
function complaints(attempts: unknown[][], attempt: (...args: unknown[]) => unknown): string[] {
  return attempts.flatMap((args) => {
    try {
      attempt(...args);
      return [];
    } catch (error: any) {
      return isIntended(error) ? [] : [`${args.map((arg) => Array.isArray(arg) ? `[${arg.map(String)}]` : Object.prototype.toString.call(arg))}: ${error?.stack ?? error}`];
    }
  });
}

/** Runs each attempt in a new stack. */
function inStack(attempt: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => {
    app = testApp();
    stack = new Stack(app, 'Web');
    return attempt(...args);
  };
}

const alone = WRONG.map((value) => [value]);
const inPairs = WRONG.flatMap((one) => [null, 'x', 1, {}, Symbol('x')].map((other) => [one, other]));

test.each(CONSTRUCTS)('%s can be created with any value, or refuses it with an intended error', (_, type) => {
  expect(complaints(alone, inStack((props) => new type(stack, 'Id', props)))).toEqual([]);
});

const FACTORIES = CLASSES.flatMap(([name, type]) => {
  const own = Object.getOwnPropertyNames(type).filter((member) => typeof (type as unknown as Members)[member] === 'function' && !member.startsWith('_'));
  return own.map((member) => [`${name}.${member}`, type as unknown as Members, member] as const);
});

test.each(FACTORIES)('%s accepts any value, or refuses it with an intended error', (_, type, member) => {
  expect(complaints([[], ...alone, ...inPairs], (...args) => type[member](...args))).toEqual([]);
});

test.each<[string, string, () => Members]>([
  ['ImageRegistry', 'grantPush', () => new library.ImageRegistry(stack, 'Images') as unknown as Members],
  ['ImageRegistry', 'addToResourcePolicy', () => new library.ImageRegistry(stack, 'Images') as unknown as Members],
  ['ImageGuard', 'taskCount', () => guard() as unknown as Members],
  ['ReleaseTask', 'runBefore', () => new library.ReleaseTask(stack, 'Task', { guard: guard(), command: ['x'] }) as unknown as Members],
  ['ReleaseTask', 'runAfter', () => new library.ReleaseTask(stack, 'Task', { guard: guard(), command: ['x'] }) as unknown as Members],
  ['DeployWorkflow', 'patch', () => new library.DeployWorkflow(stack, 'Deploy', { pushRoleArn: 'push', deployRoleArn: 'deploy' }) as unknown as Members],
])('%s.%s accepts any value, or refuses it with an intended error', (_, member, make) => {
  expect(complaints(alone, inStack((value) => make()[member](value)))).toEqual([]);
});

const GITHUB = { repository: 'org/shop', ownerId: '1', repositoryId: '2' };
const images = () => [{ registry: repository() }];

test.each<[string, (options: any) => unknown, string[]]>([
  ['DeployWorkflow', (options) => new library.DeployWorkflow(stack, 'Deploy', options), [
    'pushRoleArn', 'deployRoleArn', 'diffRoleArn', 'checks', 'images', 'environments', 'branch', 'workflowName', 'installCommand',
    'cdkCommand', 'nodeVersion', 'runsOn', 'buildEnvironmentName', 'checkTimeout', 'buildTimeout', 'deployTimeout', 'actions',
  ]],
  ['DeployScript', (options) => new library.DeployScript(stack, 'Script', options), ['images', 'scriptPath', 'cdkCommand']],
  ['GitHubPushRole', (options) => new library.GitHubPushRole(stack, 'Role', { ...GITHUB, registries: [repository()], ...options }),
    [
      'repository', 'ownerId', 'repositoryId', 'subjects', 'provider', 'issuer', 'maxSessionDuration', 'roleName', 'registries',
    ]],
  ['GitHubDeployRole', (options) => new library.GitHubDeployRole(stack, 'Role', { ...GITHUB, ...options }), ['stacks']],
  ['GitHubDiffRole', (options) => new library.GitHubDiffRole(stack, 'Role', { ...GITHUB, ...options }), ['stacks']],
  ['ImageBuild', (build) => new library.DeployScript(stack, 'Script', { images: [{ ...images()[0], ...build }] }), [
    'registry', 'context', 'dockerfile', 'additionalContexts', 'target', 'buildArgs', 'secrets', 'tags', 'compression', 'promoteTo',
    'rebuildSchedule', 'runsOn',
  ]],
  ['AcceptedFinding', (finding) => library.ImageRequirement.scanned({ accept: [{ id: 'CVE-1', reason: 'x', ...finding }] }), ['id', 'reason', 'until']],
  ['taskSubnets', (taskSubnets) => new library.PhasedFargateService(stack, 'Api', { taskSubnets }),
    ['subnetType', 'availabilityZones', 'onePerAz', 'subnetGroupName', 'subnetFilters', 'subnets']],
  ['cloudMapOptions', (cloudMapOptions) => new library.PhasedFargateService(stack, 'Api', { cloudMapOptions }),
    ['name', 'cloudMapNamespace', 'dnsRecordType', 'dnsTtl', 'failureThreshold', 'container', 'containerPort']],
  ['subnets of an ingress', (subnets) => new library.PhasedFargateService(stack, 'Api', { ingress: library.Ingress.internetFacing({ subnets }) }),
    ['subnetType', 'availabilityZones', 'onePerAz', 'subnetGroupName', 'subnetFilters', 'subnets']],
])('each option of %s accepts any value, or refuses it with an intended error', (_, make, options) => {
  for (const name of options) {
    expect(complaints(alone, inStack((value) => {
      make({ [name]: value });
      app.synth();
    }))).toEqual([]);
  }
});

test.each<[string, () => unknown, string]>([
  ['a load balancer', () => library.Ingress.internetFacing({ certficate: 1 } as any), 'Ingress.internetFacing: certficate is not an option: did you mean certificate?'],
  ['scaling', () => library.Scaling.between(1, 2, { requestPerTarget: 1 } as any), 'Scaling.between: requestPerTarget is not an option: did you mean requestsPerTarget?'],
  ['a requirement', () => library.ImageRequirement.scanned({ failon: 'LOW' } as any), 'ImageRequirement.scanned: failon is not an option: did you mean failOn?'],
  ['a build', () => new library.DeployScript(stack, 'Script', { images: [{ ...images()[0], dockerFile: 'x' } as any] }),
    'images[0].dockerFile is not an option: did you mean dockerfile? (at Web/Script)'],
])('a misspelled option of %s is refused', (_, make, message) => {
  stack = new Stack(testApp(), 'Web');
  expect(make).toThrow(new Error(message));
});

test.each<[string, () => unknown]>([
  ['a guard', () => new library.ImageGuard(stack, 'Guard', { registry: repository(), imageversion: 1 } as any)],
  ['a registry', () => new library.ImageRegistry(stack, 'Images', { repositoryname: 'x' } as any)],
  ['a role', () => new library.GitHubDeployRole(stack, 'Role', { ...GITHUB, subject: [] } as any)],
  ['a workflow', () => new library.DeployWorkflow(stack, 'Deploy', { pushRoleArn: 'push', deployRoleArn: 'deploy', environment: [] } as any)],
])('a misspelled option of %s causes a warning', (_, make) => {
  stack = new Stack(testApp(), 'Web');
  make();
  const warnings = stack.node.findAll().flatMap(({ node }) => node.metadata).filter(({ type }) => type === 'aws:cdk:warning');
  expect(warnings.map(({ data }) => String(data))).toEqual([expect.stringContaining('is not an option, so it has no effect: did you mean')]);
});

function repository(): ecr.IRepository {
  return stack.node.tryFindChild('Repository') as ecr.IRepository | undefined ?? ecr.Repository.fromRepositoryName(stack, 'Repository', 'shop');
}

function guard(): library.ImageGuard {
  return new library.ImageGuard(stack, 'Guard', { registry: repository(), imageVersion: library.ImageVersion.tag('v1') });
}
