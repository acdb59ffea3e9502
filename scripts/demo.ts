import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Screen } from './screen';
import { Consumer, LOWEST } from '../test/consumer';
import { User } from '../test/e2e/user';
import { bootstrap } from '../test/emulator/cdk';
import { Emulator } from '../test/emulator/emulator';
import { python } from '../test/emulator/venv';

/** The story of the README, with real deployments by the CDK CLI. Every line with a tick was checked before it was printed. */

const EXAMPLE = 'minimal';
const REPOSITORY = 'fargatestack-api';
const PLATFORM = 'linux/amd64';

const screen = new Screen();

async function main(signal: AbortSignal): Promise<void> {
  const start = Date.now();
  screen.print('phased-fargate: registry → image → service, on a local AWS emulator, without AWS and without Docker.');

  screen.heading('Set-up', readFileSync(join(__dirname, '../examples/typescript', EXAMPLE, 'app.ts'), 'utf8').trim());
  await screen.during('the emulator, from PyPI', async () => python());
  const consumer = await screen.during('the packed library in a copy of this example, by npm install', () => Consumer.install(LOWEST));
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
  screen.print(`\nThat was the story, in ${Math.round((Date.now() - start) / 1000)} s. The emulator and all that it held are gone.`);
}

async function tell(emulator: Emulator, consumer: Consumer, signal: AbortSignal): Promise<void> {
  const user = new User(emulator, consumer, EXAMPLE, { onOutput: showEvents, signal });
  const uri = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
  const deployV1 = ['FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1'];

  screen.fact(`from here on, everything goes to ${emulator.endpoint} and nowhere else`);
  const unused = Object.keys(process.env).filter((name) => /^AWS_|^CDK_|^(https?|all)_proxy$|^NODE_USE_ENV_PROXY$/i.test(name)).sort();
  screen.fact(`not used: ~/.aws${['', ...unused].join(', ')}`);
  ok(emulator.endpoint.startsWith('http://127.0.0.1:'));
  deepEqual(Object.keys(emulator.env).filter((name) => unused.includes(name) && emulator.env[name] === process.env[name]), []);
  await screen.during('cdk bootstrap', () => bootstrap(emulator, signal));

  screen.heading('Phase 1: the registry');
  const registry = await run('cdk deploy FargateStack/Registry', () => user.deploy('FargateStack/Registry'));
  deepEqual(await user.aws.imageTags(REPOSITORY), []);
  screen.fact(`an empty repository ${REPOSITORY} in a stack of its own, and an output with the commands for phase 2:`);
  screen.quote(/PushCommands\w* = (.*? --push \.)/.exec(registry.screen)![1].replace(' && ', ' &&\n'));

  screen.heading('Phase 3 without phase 2: nobody has pushed an image');
  const refused = await run(`cdk deploy ${deployV1.join(' ')}`, () => user.deployInVain(...deployV1));
  const reason = refused.guard[0].answer!.Reason!;
  ok(refused.screen.includes(reason.replace(/\s+/g, ' ')));
  ok(reason.startsWith(`Image ${uri}:v1 does not exist`));
  screen.fact('refused; the CLI shows why, and what to do:');
  screen.quote(reason.replace(/ +(?=\d\) )/g, '\n'));
  deepEqual(await user.aws.clusterNames(), []);
  equal(await user.aws.stackStatus('FargateStack'), 'ROLLBACK_COMPLETE');
  equal(await user.aws.stackStatus('FargateStack-Registry'), 'CREATE_COMPLETE');
  screen.fact('no VPC, load balancer or service was made, and the registry is untouched');

  screen.heading('Phase 2: the image', 'Built and pushed by the HTTP calls that Docker makes, since there may be no Docker here.');
  const digest = await run(`docker buildx build --platform ${PLATFORM} --tag ${uri}:v1 --push .`, () => user.push(REPOSITORY, 'v1', PLATFORM));
  equal(await user.aws.imageDigest(REPOSITORY, 'v1'), digest);
  screen.fact(`the registry has v1: ${digest}`);

  screen.heading('Phase 3: the service');
  await run(`cdk deploy ${deployV1.join(' ')}`, () => user.deploy(...deployV1));
  const before = await user.service();
  deepEqual(before.images, [`${uri}@${digest}`]);
  screen.fact('the service runs, and its task definition names the image by its digest:');
  screen.quote(before.images[0]);

  screen.heading('Later: only infrastructure changes', "new PhasedFargateService(stack, 'Api', { memoryLimitMiB: 1024 });");
  user.edit('app.ts', "'Api')", "'Api', { memoryLimitMiB: 1024 })");
  const change = await run('cdk deploy FargateStack', () => user.deploy('FargateStack'));
  const after = await user.service();
  deepEqual(after, { ...before, memory: '1024' });
  deepEqual(change.guard, []);
  screen.fact(`memory ${before.memory} → ${after.memory} MiB; the image is the same, and the guard was not even asked`);

  screen.heading('Clean-up');
  const gone = await run('cdk destroy --all', () => user.destroyAll());
  match(gone.screen, /FargateStack: destroyed.*FargateStack-Registry\)?: destroying/);
  deepEqual(await user.aws.clusterNames(), []);
  deepEqual((await user.aws.imageTags(REPOSITORY)).filter((tag) => !tag.startsWith('deployed-')), ['v1']);
  screen.fact('the service is gone; the registry and its image outlive it, as is the default');
}

async function run<Result>(command: string, work: () => Promise<Result>): Promise<Result> {
  screen.command(command);
  return screen.during('took', work);
}

/** The CLI prints one line for each event of the stack. */
function showEvents(text: string): void {
  const [, status, type] = /\| (\w+_(?:IN_PROGRESS|COMPLETE|FAILED)) *\| (\S+)/.exec(text) ?? [];
  if (status) screen.update(`${type} ${status}`);
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort(name));

process.exitCode = 1; // until the story has been told to its end
main(interruption.signal).then(() => {
  process.exitCode = 0;
}, (error) => {
  const { aborted, reason } = interruption.signal;
  screen.failure(aborted ? `interrupted (${reason}), and cleaned up` : `not as it should be: ${error.stack ?? error}`);
  if (aborted) process.exitCode = 128 + constants.signals[reason as NodeJS.Signals];
});
