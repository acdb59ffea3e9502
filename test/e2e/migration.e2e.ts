import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { refusal } from './expectations';
import { User } from './user';
import { Ingress, PhasedFargateService, Scaling } from '../../src';
import { snippetsOf } from '../docs/snippets';
import { StackResource } from '../emulator/aws';
import { FlagSet, testApp } from '../util/synth';

/**
 * The guide `migration`, with its code: a running service of `aws-ecs-patterns` is migrated.
 * Each test continues where the previous one ended.
 */

const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'guides', 'migration.md'), 'utf8');
const [before, after] = snippetsOf('migration.md', guide).map(({ source }) => source);

const OLD_URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com/shop';
const URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api';
const THEN = ['--app', 'npx tsx before.ts'];
const NOW = ['--app', 'npx tsx after.ts'];

/** Resources that the guide says are recreated. All other resources of the old stack must stay. */
const MADE_ANEW = ['AWS::ECS::TaskDefinition', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::Role', 'AWS::Logs::LogGroup'];

let user: User;
let resources: Record<string, StackResource>;
let host: string;
let digest: string;

beforeAll(async () => {
  user = await User.of('minimal');
  writeFileSync(user.file('before.ts'), before);
  writeFileSync(user.file('after.ts'), after);

  await user.aws.ecr('CreateRepository', { repositoryName: 'shop' });
  await user.push('shop', 'v1', 'linux/amd64');
  await user.deploy('FargateStack', ...THEN);
  resources = await user.aws.stackResources('FargateStack');
  host = (await user.aws.stackOutputs('FargateStack')).ApiLoadBalancerDNSB0038DD0;
});

afterAll(async () => {
  await user?.leave();
});

test('the service runs as aws-ecs-patterns defines it', async () => {
  expect((await user.service()).images).toEqual([`${OLD_URI}:v1`]);
});

test('the migration replaces nothing that is kept and destroys only what the guide lists', async () => {
  const { screen } = await user.diff('FargateStack', '--exclusively', '--method', 'template', ...NOW);
  expect(screen).toContain('[~] AWS::ECS::Service ');
  expect(screen).not.toContain('replace');
  expect(removed(screen)).toEqual(MADE_ANEW);
});

test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('the table of the guide is also right for a plain service with %s', async (flags) => {
  const known = synth(flags, (stack, cluster) => {
    const image = ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'shop'), 'v1');
    new ApplicationLoadBalancedFargateService(stack, 'Api', { cluster, publicLoadBalancer: false, desiredCount: 2, taskImageOptions: { image } });
  });
  const migrate = (stack: Stack, cluster: ecs.ICluster) => new PhasedFargateService(stack, 'Api', {
    cluster, containerName: 'web', ingress: Ingress.internalOnly(), scaling: Scaling.exactly(2),
  });
  const renames = kept(known.resources, synth(flags, migrate).resources);
  expect(renames).toHaveLength(8);

  const { assembly } = synth(flags, (stack, cluster) => {
    const { connections, loadBalancer } = migrate(stack, cluster);
    for (const [here, id] of renames) stack.renameLogicalId(here, id);
    for (const { securityGroups: [group] } of [connections, loadBalancer!.connections]) {
      const resource = group.node.defaultChild as ec2.CfnSecurityGroup;
      resource.groupDescription = known.resources[stack.resolve(resource.logicalId)].Properties.GroupDescription;
    }
  });
  const { screen } = await user.diff('Plain', '--exclusively', '--app', assembly.directory, '--template', known.assembly.getStackByName('Plain').templateFullPath);
  expect(screen).toContain('[~] AWS::ECS::Service ');
  expect(screen).not.toContain('replace');
  expect(removed(screen)).toEqual(MADE_ANEW);
});

test('a migration in the wrong order is refused and changes nothing', async () => {
  await user.deploy('FargateStack/Registry', ...NOW);
  const run = await user.deployInVain('FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1', ...NOW);
  expect(refusal(run)).toContain(`Image ${URI}:v1 does not exist`);
  expect(await user.aws.stackResources('FargateStack')).toEqual(resources);
  expect((await user.service()).images).toEqual([`${OLD_URI}:v1`]);
});

test('a later failure rolls the stack back to the previous service', async () => {
  digest = await user.push('fargatestack-api', 'v1', 'linux/amd64');
  const repair = user.failLater({ file: 'after.ts' });
  await user.deployInVain('FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1', ...NOW);
  repair();
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await user.aws.stackResources('FargateStack')).toEqual(resources);
  expect((await user.service()).images).toEqual([`${OLD_URI}:v1`]);
});

test('registry, image and service in order keep the same service and load balancer, with the image pinned by its digest', async () => {
  await user.deploy('FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1', ...NOW);
  expect((await user.service()).images).toEqual([`${URI}@${digest}`]);

  const now = await user.aws.stackResources('FargateStack');
  const gone = Object.entries(resources).filter(([id]) => !(id in now));
  expect(gone.map(([, { type }]) => type).sort()).toEqual(MADE_ANEW);
  const deleted = (await user.aws.stackEvents('FargateStack')).filter(({ status }) => status.startsWith('DELETE'));
  for (const [id, resource] of Object.entries(resources).filter(([known]) => known in now)) {
    expect(now[id]).toEqual(resource);
    expect(deleted.map(({ logicalId }) => logicalId)).not.toContain(id);
  }
  expect(await user.aws.loadBalancerHosts()).toEqual([host]);
});

/** Types of the resources that a deployment would remove from the stack. */
function removed(screen: string): string[] {
  return [...screen.matchAll(/\[-\] (AWS::\w+::\w+) (?:\S+ ){1,2}(?:destroy|orphan)/g)].map(([, type]) => type).sort();
}

type Resources = Record<string, { Type: string; Properties: Record<string, any> }>;

function synth(flags: FlagSet, content: (stack: Stack, cluster: ecs.ICluster) => void): { assembly: CloudAssembly; resources: Resources } {
  const app = testApp({}, flags);
  const stack = new Stack(app, 'Plain');
  content(stack, new ecs.Cluster(stack, 'Cluster'));
  const assembly = app.synth();
  return { assembly, resources: assembly.getStackByName('Plain').template.Resources };
}

/** Old and new logical ids, from the table of the guide. */
function kept(known: Resources, here: Resources): [string, string][] {
  const rows = [...guide.matchAll(/^\| `(AWS::\S+)` \| (.*?) \| (.*?) \|/gm)];
  return rows.flatMap(([, type, idThere, idHere]) => {
    const [there, now] = [find(known, type, idThere), find(here, type, idHere)];
    return there && now ? [[now, there] as [string, string]] : [];
  });
}

function find(template: Resources, type: string, cell: string): string | undefined {
  const beginnings = [...cell.matchAll(/`(\w+)/g)].map(([, beginning]) => beginning);
  return Object.keys(template).find((id) => template[id].Type === type && beginnings.some((beginning) => id.startsWith(beginning)));
}
