import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodeBuild, SociBuild } from './code-build';
import { refusal } from './expectations';
import { User } from './user';
import { Program } from '../emulator/programs';
import { nativeRelease } from '../emulator/static-program';

/**
 * The example `recipes`: sidecars, a volume, Service Connect, API Gateway, CloudFront, Batch, Express Mode, and a SOCI index
 * behind one guard. Each test continues where the previous one ended.
 */

const STACK = 'RecipesStack';
const IMAGE = '111122223333.dkr.ecr.us-east-1.amazonaws.com/recipes';
const SERVICES = ['EdgeApi', 'EdgeShop', 'MeshOrders', 'MeshShop', 'ObservedService', 'SociService'];
const SIDECARS: Record<string, { readonly image: string; readonly standIn: Program }> = {
  Collector: { image: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3', standIn: server(4318) },
  LogRouter: { image: 'public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.17', standIn: server(24224) },
};

let user: User;
let codeBuild: CodeBuild<SociBuild>;
/** Digests of the images with a SOCI index, by tag. */
const indexedImages: Record<string, string> = {};

beforeAll(async () => {
  // Lambda provides the AWS SDK.
  process.env.NODE_PATH = join(__dirname, '../../node_modules');
  user = await User.of('recipes');
  codeBuild = new CodeBuild(user.aws, async ({ repositoryName, inputImageTag, outputImageTag }) => {
    indexedImages[outputImageTag] = await user.pushWithSociIndex(repositoryName, inputImageTag, outputImageTag);
  });
  await user.deploy('RegistryStack');
  for (const { image, standIn } of Object.values(SIDECARS)) await user.publish(image, standIn);
});

afterAll(async () => {
  await codeBuild?.stop();
  await user?.leave();
  delete process.env.NODE_PATH;
});

test('CloudFormation accepts the stack, and the guard refuses all of it if the image is missing', async () => {
  const run = await user.deployInVain(STACK, ...tag('v1'));
  expect(refusal(run)).toContain(`Image ${IMAGE}:v1 does not exist`);
  expect(await user.aws.stackStatus(STACK)).toBe('ROLLBACK_COMPLETE');
  expect(codeBuild.builds).toEqual([]);
});

test('with the image, the whole stack is deployed, every task runs it, and every reference to it is its digest', async () => {
  const digests = await release('v1');
  expect(await user.aws.stackStatus(STACK)).toBe('CREATE_COMPLETE');
  expect(await runningTasks()).toEqual(everyTask(digests));
  expect(await references()).toEqual(everyReference(digests));
});

test('API Gateway and CloudFront forward requests to the services', async () => {
  expect(await answers()).toEqual([[200, 'v1'], [200, 'v1']]);
});

test('the load balancer behind CloudFront refuses requests that lack the secret', async () => {
  const { EdgeShopUrl } = await urls();
  expect((await user.aws.get(EdgeShopUrl)).status).toBe(403);
  expect((await user.aws.get(EdgeShopUrl, '/', { 'x-origin-secret': 'a guess' })).status).toBe(403);
});

test('the second release replaces every task and every reference, and the services respond with it', async () => {
  const digests = await release('v2');
  expect(await runningTasks()).toEqual(everyTask(digests));
  expect(await references()).toEqual(everyReference(digests));
  expect(await answers()).toEqual([[200, 'v2'], [200, 'v2']]);
});

// Only the log router is essential. The task fails without the other one because the application depends on it.
test.each([
  ['Collector', /^CannotStartContainerError: .*ordering dependency \[Collector\] for target \[app\]/],
  ['LogRouter', /^CannotStartContainerError: .*exec: "missing": executable file not found/],
])('the application waits for its sidecar %s to start', async (name, reason) => {
  const { image, standIn } = SIDECARS[name];
  await user.publish(image, { files: {}, config: { Entrypoint: ['missing'] } });
  const { stoppedReason, containers } = await failedTask('ObservedService');
  await user.publish(image, standIn);
  expect(stoppedReason).toMatch(reason);
  expect(containers.find((container: any) => container.name === 'app')).not.toHaveProperty('exitCode');
});

test('requireOn refuses the app if a Batch job or an Express service names the image without the guard', async () => {
  user.edit('jobs.ts', 'guard.image,', `require('aws-cdk-lib/aws-ecs').ContainerImage.fromRegistry('${IMAGE}:v2'),`);
  user.edit('jobs.ts', 'guard.imageUri', `'${IMAGE}:v2'`);
  const { screen } = await user.deployInVain(STACK, ...tag('v2'));
  for (const property of ['ContainerProperties.Image', 'PrimaryContainer.Image']) {
    expect(screen).toContain(`image ${IMAGE}:v2 of property ${property} has no guard`);
  }
});

/** A program that listens on a port of its task, whatever its arguments are. */
function server(port: number): Program {
  const { files, config } = nativeRelease('sidecar', port);
  return { files, config: { Entrypoint: config.Cmd } };
}

function tag(value: string): string[] {
  return ['--parameters', `${STACK}:ImageTag=${value}`];
}

interface Digests {
  /** Image that the user pushes. */
  readonly pushed: string;
  /** Index that contains the image and its SOCI index. */
  readonly index: string;
  /** Image in this index. */
  readonly indexed: string;
}

async function release(name: string): Promise<Digests> {
  const pushed = await user.pushProgram('recipes', name, nativeRelease(name));
  await user.deploy(STACK, ...tag(name));
  const indexTag = `${name}-soci`;
  return { pushed, index: await user.aws.imageDigest('recipes', indexTag), indexed: indexedImages[indexTag] };
}

/** Digests of our image in the tasks of each service, and `undefined` for a task with a container that does not run. */
async function runningTasks(): Promise<Record<string, (string | undefined)[]>> {
  const [cluster] = await user.aws.clusterNames();
  const tasks = await user.aws.tasks(cluster);
  return Object.fromEntries(SERVICES.map((id) => [id, tasks.filter(({ group }) => group.startsWith(`service:${STACK}-${id}`)).map(({ containers }) => {
    const runs = containers.every(({ lastStatus }: any) => lastStatus === 'RUNNING');
    return runs ? containers.find(({ name }: any) => name === 'app').imageDigest : undefined;
  })]));
}

/** By default, each service has one task. */
function everyTask({ pushed, indexed }: Digests): Record<string, string[]> {
  return Object.fromEntries(SERVICES.map((id) => [id, [id === 'SociService' ? indexed : pushed]]));
}

/** References to our image in the services, the Batch job, and the Express service. */
async function references(): Promise<string[]> {
  const services = Object.values(await user.services()).flatMap(({ images }) => images);
  const [job, express] = await Promise.all(['AWS::Batch::JobDefinition', 'AWS::ECS::ExpressGatewayService'].map(resource));
  return [...services, job.ContainerProperties.Image, express.PrimaryContainer.Image].filter((image) => image.startsWith(IMAGE)).sort();
}

function everyReference({ pushed, index }: Digests): string[] {
  return [index, ...Array(SERVICES.length + 1).fill(pushed)].map((digest) => `${IMAGE}@${digest}`).sort();
}

/** The properties of the only resource of a type. */
async function resource(type: string): Promise<any> {
  const { physicalId } = Object.values(await user.aws.stackResources(STACK)).find((found) => found.type === type)!;
  return user.aws.resource(type, physicalId);
}

/** Hosts in the outputs of the stack, by construct. */
async function urls(): Promise<Record<string, string>> {
  const outputs = Object.entries(await user.aws.stackOutputs(STACK)).filter(([id]) => /Url[0-9A-F]{8}$/.test(id));
  return Object.fromEntries(outputs.map(([id, url]) => [id.slice(0, -8), url.split('/')[2]]));
}

async function answers(): Promise<[number, string][]> {
  const { EdgeHttpApiUrl, EdgeDistributionUrl } = await urls();
  return Promise.all([EdgeHttpApiUrl, EdgeDistributionUrl].map(async (host) => {
    const { status, text } = await user.aws.get(host, '/', { 'x-forwarded-proto': 'https' });
    return [status, text] as [number, string];
  }));
}

/** A new task with the task definition of a service, once it has stopped. */
async function failedTask(service: string): Promise<any> {
  const [cluster] = await user.aws.clusterNames();
  const name = Object.keys(await user.services()).find((found) => found.startsWith(`${STACK}-${service}`))!;
  const { taskDefinition, networkConfiguration } = await user.aws.describeService(cluster, name);
  const { tasks: [{ taskArn }] } = await user.aws.ecs('RunTask', { cluster, taskDefinition, networkConfiguration, launchType: 'FARGATE' });
  for (;;) {
    const { tasks: [task] } = await user.aws.ecs('DescribeTasks', { cluster, tasks: [taskArn] });
    if (task.lastStatus === 'STOPPED') return task;
    await sleep(50);
  }
}
