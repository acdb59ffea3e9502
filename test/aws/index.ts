import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Account, confirmedAccount } from './account';
import { APP } from './app';
import { cleanUp } from './cleanup';
import { Names, namesOf, PREFIX } from './names';
import { written } from './report';
import { Story } from './story';
import { Consumer, LOWEST } from '../consumer';

/** Runs the steps of the README in an AWS account. This costs money, requires an explicit account, and always cleans up. */

const REPORT = join(__dirname, '../../docs/aws-report.md');
const say = (line: string) => console.log(line);

async function main([task, ...args]: string[]): Promise<void> {
  const account = await confirmedAccount(args, process.env);
  if (task === 'cleanup') {
    onInterruption((signal) => giveUp(signal, account));
    return cleanUp(account, say);
  }

  const interruption = new AbortController();
  onInterruption((signal) => {
    if (interruption.signal.aborted) return giveUp(signal, account);
    // The first Ctrl-C also ends npx and projen. A terminal sends no second one to this process.
    say(`✘ interrupted by ${signal}: deleting all resources; to stop now, run "kill ${process.pid}"`);
    process.exitCode = 128 + constants.signals[signal];
    interruption.abort(new Error(`interrupted by ${signal}, and cleaned up`));
  });
  const names = namesOf(randomBytes(3).toString('hex'));
  say(announcement(account, names));
  const consumer = await Consumer.install(LOWEST);
  const story = new Story(account, names, appIn(consumer), say, interruption.signal);
  try {
    const failure = await story.tell().then(() => undefined, (error: Error) => error);
    interruption.signal.throwIfAborted();
    const where = `${account.cloud.endpoint ? `${account.cloud.endpoint} as if it were AWS` : 'AWS'}, region ${account.region}`;
    const report = { date: new Date().toISOString().slice(0, 10), where, cdkLib: LOWEST.cdk, steps: story.steps, questions: story.questions };
    writeFileSync(process.env.TEST_REPORT ?? REPORT, written({ ...report, failure: failure?.message.slice(0, 300) }));
    if (failure) throw failure;
  } finally {
    consumer.remove();
    await cleanUp(account, say, { prefix: names.prefix });
    interruption.signal.throwIfAborted();
  }
}

function onInterruption(act: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, act);
  process.stdout.on('error', () => undefined); // the terminal may be gone, and the clean-up goes on
}

function giveUp(signal: NodeJS.Signals, { id }: Account): never {
  say(`✘ interrupted by ${signal}: some resources are left; to delete them, run "${cleanUpCommand(id)}"`);
  return process.exit(128 + constants.signals[signal]);
}

const cleanUpCommand = (account: string) => `npx projen test:aws:cleanup --account ${account}`;

function announcement({ id, region }: Account, names: Names): string {
  return [
    `This creates, in account ${id}, region ${region}, under names that begin with ${PREFIX}:`,
    `  stacks ${names.registry}, ${names.service} and ${names.blueGreen}; the repository ${names.repository}`,
    '  two VPCs without NAT, two load balancers, up to four Fargate tasks of 0.25 vCPU at a time, functions, log groups',
    'for about an hour and a half, which costs less than 1 US dollar. All of it is deleted at the end, whatever happens.',
    `If this process is killed: ${cleanUpCommand(id)}`,
  ].join('\n');
}

function appIn(consumer: Consumer): string {
  const directory = join(consumer.directory, 'aws');
  mkdirSync(directory);
  for (const file of ['package.json', 'tsconfig.json', 'cdk.json']) cpSync(join(consumer.example('minimal'), file), join(directory, file));
  writeFileSync(join(directory, 'app.ts'), APP);
  return directory;
}

process.exitCode = 1; // in case the process ends before the run does
main(process.argv.slice(2)).then(() => {
  process.exitCode = 0;
}, (error: Error) => say(`✘ ${error.message}`));
