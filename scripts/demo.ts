import { deepEqual, equal, fail, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Screen } from './screen';
import { Consumer, LOWEST } from '../test/consumer';
import { updates } from '../test/e2e/expectations';
import { User } from '../test/e2e/user';
import { bootstrap } from '../test/emulator/cdk';
import { Emulator } from '../test/emulator/emulator';
import { release, script } from '../test/emulator/programs';
import { python } from '../test/emulator/venv';

/** The demo in the README. The CDK CLI runs real deployments. The demo verifies every line with a check mark before it prints the line. */

const EXAMPLE = 'minimal';
const REPOSITORY = 'fargatestack-api';
const PLATFORM = 'linux/amd64';

const screen = new Screen();

async function main(signal: AbortSignal): Promise<void> {
  const start = Date.now();
  screen.print('phased-fargate: registry → image → service, on a local AWS emulator, without AWS and without Docker.');

  screen.heading('Set-up', readFileSync(join(__dirname, '../examples/typescript', EXAMPLE, 'app.ts'), 'utf8').trim());
  await screen.during('install the emulator from PyPI', async () => python());
  const consumer = await screen.during('install the packed library in a copy of this example', () => Consumer.install(LOWEST));
  try {
    signal.throwIfAborted();
    const emulator = await Emulator.start();
    try {
      await tell(emulator, consumer, signal);
    } finally {
      await emulator.stop();
    }
  } finally {
    consumer.remove();
  }
  screen.print(`\nDone in ${Math.round((Date.now() - start) / 1000)} s. The emulator and its data are gone.`);
}

async function tell(emulator: Emulator, consumer: Consumer, signal: AbortSignal): Promise<void> {
  screen.fact(`from here on, all requests go to ${emulator.endpoint}`);
  const unused = Object.keys(process.env).filter((name) => /^AWS_|^CDK_|^(https?|all)_proxy$|^NODE_USE_ENV_PROXY$/i.test(name)).sort();
  screen.fact(`not used: ~/.aws${['', ...unused].join(', ')}`);
  screen.fact('tasks run as processes of this machine, not in containers; ECS waits only 1/60 of the time that it waits on AWS');
  ok(emulator.endpoint.startsWith('http://127.0.0.1:'));
  deepEqual(Object.keys(emulator.env).filter((name) => unused.includes(name) && emulator.env[name] === process.env[name]), []);
  await screen.during('cdk bootstrap', () => bootstrap(emulator, signal));

  await tellTheProblem(emulator, consumer, signal);
  await tellTheStory(new User(emulator, consumer, EXAMPLE, { onOutput: showEvents, signal }));
}

/** Deploys the repository and the service with aws-cdk-lib alone. Stops when it is clear that the deployment does not end by itself. */
async function tellTheProblem(emulator: Emulator, consumer: Consumer, signal: AbortSignal): Promise<void> {
  const user = new User(emulator, consumer, EXAMPLE, { signal });
  const app = readFileSync(join(__dirname, 'the-problem.ts'), 'utf8').trim();
  const restore = user.edit('app.ts', /[^]*/, app);
  screen.heading('The problem: repository and service in one deployment, with aws-cdk-lib alone', app);
  screen.command('cdk deploy --all');
  let service = { name: '', cluster: '' };
  const deployment = user.deploy('--all');
  const reasons = await screen.during('start and stop of five tasks', () => Promise.race([
    deployment.then(() => fail('the deployment has ended')),
    reasonsOfTasks(user, 5, (found) => service = found),
  ]));
  equal(await user.aws.stackStatus('PlainFargateStack'), 'CREATE_IN_PROGRESS');
  for (const [index] of reasons.entries()) screen.quote(`task ${index + 1}: PENDING → STOPPED`);
  deepEqual(new Set(reasons).size, 1);
  screen.quote(reasons[0]);
  screen.fact('on AWS, this goes on for about three hours: nobody could push the image, because there was no repository yet');
  screen.command(`aws ecs update-service --cluster ${service.cluster} --service ${service.name} --desired-count 0`);
  await user.aws.ecs('UpdateService', { cluster: service.cluster, service: service.name, desiredCount: 0 });
  await deployment;
  equal(await user.aws.stackStatus('PlainFargateStack'), 'CREATE_COMPLETE');
  screen.fact('the way out is a desired count of 0; now the same app with this library');
  restore();
}

/** Waits until tasks of the only service have stopped. Returns the reason of each. */
async function reasonsOfTasks(user: User, count: number, found: (service: { name: string; cluster: string }) => void): Promise<string[]> {
  for (;;) {
    await sleep(100);
    const [cluster] = await user.aws.clusterNames();
    if (cluster === undefined) continue;
    const stopped = (await user.aws.tasks(cluster, 'STOPPED')).filter(({ lastStatus }) => lastStatus === 'STOPPED');
    screen.update(`${stopped.length} tasks STOPPED`);
    if (stopped.length < count) continue;
    found({ cluster, name: stopped[0].group.replace('service:', '') });
    return stopped.slice(0, count).map(({ stoppedReason }) => stoppedReason);
  }
}

async function tellTheStory(user: User): Promise<void> {
  const uri = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
  const deploy = (tag: string) => ['FargateStack', '--parameters', `FargateStack:ApiImageTag=${tag}`];

  screen.heading('Phase 1: the registry');
  const registry = await run('cdk deploy FargateStack/Registry', () => user.deploy('FargateStack/Registry'));
  deepEqual(await user.aws.imageTags(REPOSITORY), []);
  screen.fact(`an empty repository ${REPOSITORY} in its own stack, and an output with the commands for phase 2:`);
  screen.quote(/PushCommands\w* = (.*? --push \.)/.exec(registry.screen)![1].replace(' && ', ' &&\n'));

  screen.heading('Phase 3 before phase 2: nobody has pushed an image');
  const refused = await run(`cdk deploy ${deploy('v1').join(' ')}`, () => user.deployInVain(...deploy('v1')));
  const reason = refused.guard[0].answer!.Reason!;
  ok(refused.screen.includes(reason.replace(/\s+/g, ' ')));
  ok(reason.startsWith(`Image ${uri}:v1 does not exist`));
  screen.fact('the guard refuses; the CLI shows the reason and what to do:');
  screen.quote(reason.replace(/ +(?=\d\) )/g, '\n'));
  deepEqual((await user.aws.clusterNames()).filter((name) => name.startsWith('FargateStack')), []);
  equal(await user.aws.stackStatus('FargateStack'), 'ROLLBACK_COMPLETE');
  equal(await user.aws.stackStatus('FargateStack-Registry'), 'CREATE_COMPLETE');
  screen.fact('CloudFormation created no VPC, load balancer, or service, and the registry is unchanged');

  screen.heading('Phase 2: the image', 'The demo makes the HTTP calls that Docker makes, because Docker may not be installed here.');
  const build = (tag: string) => `docker buildx build --platform ${PLATFORM} --tag ${uri}:${tag} --push .`;
  const digest = await run(build('v1'), () => user.pushProgram(REPOSITORY, 'v1', release('Hello from the first release')));
  equal(await user.aws.imageDigest(REPOSITORY, 'v1'), digest);
  screen.fact(`the repository contains v1: ${digest}`);

  screen.heading('Phase 3: the service');
  const first = await run(`cdk deploy ${deploy('v1').join(' ')}`, () => user.deploy(...deploy('v1')));
  const host = /http:\/\/(\S+\.elb\.amazonaws\.com)/.exec(first.screen)![1];
  deepEqual(await imagesOf(user), [`${uri}@${digest}`]);
  screen.fact('the service runs; its task definition names the image by digest:');
  screen.quote(`${uri}@${digest}`);
  await ask(user, host, 'Hello from the first release');

  screen.heading('The second release');
  const second = await run(build('v2'), () => user.pushProgram(REPOSITORY, 'v2', release('Hello from the second release')));
  await run(`cdk deploy ${deploy('v2').join(' ')}`, () => user.deploy(...deploy('v2')));
  await ask(user, host, 'Hello from the second release');

  screen.heading('A release that does not start', "console.log('no database');\nprocess.exit(1);");
  await run(build('v3'), () => user.pushProgram(REPOSITORY, 'v3', script("console.log('no database');\nprocess.exit(1);")));
  const failed = await run(`cdk deploy ${deploy('v3').join(' ')}`, () => user.deployInVain(...deploy('v3')));
  ok(failed.screen.includes("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."));
  equal(await user.aws.stackStatus('FargateStack'), 'UPDATE_ROLLBACK_COMPLETE');
  deepEqual(updates(failed), [await user.aws.imageDigest(REPOSITORY, 'v3'), second]);
  deepEqual(await imagesOf(user), [`${uri}@${second}`]);
  screen.fact('three tasks failed, ECS rolled back the service, CloudFormation rolled back the stack, and the guard answered the digest of v2');
  await ask(user, host, 'Hello from the second release');
}

/** The images of the service in the demo. */
async function imagesOf(user: User): Promise<string[]> {
  const [cluster] = (await user.aws.clusterNames()).filter((name) => name.startsWith('FargateStack'));
  return Object.values(await user.aws.services(cluster)).flatMap(({ images }) => images);
}

async function ask(user: User, host: string, expected: string): Promise<void> {
  screen.command(`curl http://${host}/`);
  const { status, text } = await user.aws.get(host);
  equal(status, 200);
  equal(text, expected);
  screen.quote(text);
}

async function run<Result>(command: string, work: () => Promise<Result>): Promise<Result> {
  screen.command(command);
  return screen.during('took', work);
}

/** The CLI prints one line per stack event. */
function showEvents(text: string): void {
  const [, status, type] = /\| (\w+_(?:IN_PROGRESS|COMPLETE|FAILED)) *\| (\S+)/.exec(text) ?? [];
  if (status) screen.update(`${type} ${status}`);
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort(name));

process.exitCode = 1; // changes only when the demo has finished
main(interruption.signal).then(() => {
  process.exitCode = 0;
}, (error) => {
  const { aborted, reason } = interruption.signal;
  screen.failure(aborted ? `interrupted (${reason}), and cleaned up` : `unexpected result: ${error.stack ?? error}`);
  if (aborted) process.exitCode = 128 + constants.signals[reason as NodeJS.Signals];
});
