import { deepEqual, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account';
import { Names } from './names';
import { Finding } from './report';
import { cdk, CdkRun } from '../emulator/cdk';
import { pushImage, pushIndex } from '../emulator/oci';
import { Program } from '../emulator/programs';
import { nativeFailure, nativeRelease } from '../emulator/static-program';

const PLATFORM = 'linux/amd64';
const ANSWERS_WITHIN_MS = 5 * 60_000;

/** Runs the steps in the account. Each step verifies its claim. */
export class Story {
  public readonly steps: Finding[] = [];
  public readonly questions: Finding[] = [];

  private readonly digests: Record<string, string> = {};

  constructor(
    private readonly account: Account,
    private readonly names: Names,
    private readonly app: string,
    private readonly say: (line: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  public async tell(): Promise<void> {
    const { account: { aws, id, region }, names } = this;

    await this.step('the account is bootstrapped', async () => {
      const stack = await aws.stackStatus('CDKToolkit').catch(() => undefined);
      ok(stack, `run "npx cdk bootstrap aws://${id}/${region}" first`);
      return stack;
    });
    await this.step('phase 1 creates the registry', async () => {
      await this.deploy('Registry');
      return (await aws.repositoryNames()).find((name) => name === names.repository)!;
    });
    await this.step('phase 3 is refused before phase 2', async () => {
      const { output } = await this.deployInVain('Service', 'v1');
      const reason = /Image \S+:v1 does not exist/.exec(output.replace(/\s+/g, ' '));
      ok(reason, output);
      return reason[0];
    });
    await this.step('phase 2 pushes the image, without Docker', async () => this.push('v1', nativeRelease('release v1')));
    await this.step('phase 3 creates the service, which answers', async () => {
      await this.deploy('Service', 'v1');
      return this.answer('release v1');
    });
    await this.step('the second release takes over', async () => {
      await this.push('v2', nativeRelease('release v2'));
      await this.deploy('Service', 'v2');
      return this.answer('release v2');
    });
    await this.step('a change to infrastructure alone keeps the image', async () => {
      await this.deploy('Service', undefined, { TEST_MEMORY: '1024' });
      return this.answer('release v2');
    });
    await this.step('a release that does not start is rolled back', async () => {
      const tags = await aws.releaseTags(names.repository);
      await this.push('bad', nativeFailure(3, 'no database'));
      const { output } = await this.deployInVain('Service', 'bad', { TEST_MEMORY: '1024' });
      ok(output.includes('Circuit Breaker was triggered'), output);
      deepEqual(await aws.releaseTags(names.repository), tags);
      return `${await aws.stackStatus(names.service)}; ${await this.answer('release v2')}`;
    });
    await this.step('the deployed image and the previous image have release tags', async () => {
      const tags = await aws.releaseTags(names.repository);
      const digestOf = (suffix: RegExp) => Object.entries(tags).find(([name]) => suffix.test(name))?.[1];
      ok(digestOf(/[0-9a-f]{8}$/) === this.digests.v2 && digestOf(/-previous$/) === this.digests.v1, JSON.stringify(tags));
      return Object.keys(tags).join(', ');
    });

    await this.ask('does the resource policy of the log group allow EventBridge to write to it?', async () => {
      const reasons = await this.failureLog();
      const telling = reasons.find((reason) => !reason.startsWith('Scaling activity')) ?? reasons[0];
      return reasons.length > 0 ? `yes, ${reasons.length} entries, such as "${telling}"` : 'no entry within a minute';
    });
    await this.ask('does CloudFormation start the name of a log group with the name of the stack and the logical ID?', async () => {
      const logGroups = Object.entries(await aws.stackResources(names.service)).filter(([, { type }]) => type === 'AWS::Logs::LogGroup');
      // The log group of the failure events has an explicit name.
      const generated = logGroups.filter(([, { physicalId }]) => !physicalId.startsWith('/'));
      const others = generated.filter(([logicalId, { physicalId }]) => !physicalId.startsWith(`${names.service}-${logicalId}-`));
      return generated.length > 0 && others.length === 0 ? `yes, ${generated.length} names` : `no: ${generated.map(([, { physicalId }]) => physicalId).join(', ')}`;
    });
    await this.ask('which requests does the guard receive in a rollback after its physical ID has changed?', async () => (
      (await this.guardRequests()).join(', ') || 'its log does not say'
    ));
    await this.ask('does CloudFormation accept an empty attribute of a custom resource?', async () => {
      await this.deploy('Service', this.digests.v2);
      return `yes: IMAGE_TAG is empty if a digest names the release; ${await this.answer('release v2')}`;
    });
    await this.ask('does the guard distinguish an archived image from a missing one?', async () => {
      await this.push('archived', nativeRelease('archived'));
      await aws.ecr('UpdateImageStorageClass', {
        repositoryName: names.repository, imageId: { imageDigest: this.digests.archived }, targetStorageClass: 'ARCHIVE',
      });
      const { output } = await this.deployInVain('Service', 'archived');
      return /Image \S+:archived [^.]*\./.exec(output.replace(/\s+/g, ' '))?.[0] ?? output.slice(-300);
    });
    await this.step('a moving tag is looked up again in each deployment', async () => {
      await this.push('moving-1', nativeRelease('release moving-1'));
      await this.push('latest', nativeRelease('release moving-1'));
      await this.deploy('Service', undefined, { TEST_MOVING_TAG: 'latest' });
      await this.answer('release moving-1');
      await this.push('latest', nativeRelease('release moving-2'));
      await this.deploy('Service', undefined, { TEST_MOVING_TAG: 'latest' });
      return this.answer('release moving-2');
    });
    await this.ask('can a moving tag move to the index of a rebuild for several platforms?', async () => {
      for (const text of ['several-1', 'several-2']) {
        await pushIndex(this.account.cloud, {
          repository: names.repository, tag: 'latest', content: nativeRelease(`release ${text}`), platforms: [PLATFORM, 'linux/arm64'],
        });
        await this.deploy('Service', undefined, { TEST_MOVING_TAG: 'latest' });
        await this.answer(`release ${text}`);
      }
      return 'yes, twice';
    });
    await this.ask('which values does metric math return for a metric without data?', async () => {
      const values = await aws.metricMath({
        filled: 'FILL(absent, 0)', condition: 'IF(FILL(absent, 0) < 1, TIME_SERIES(5), 0)', highest: 'MAX([absent, TIME_SERIES(5)])',
      });
      return Object.entries(values).map(([name, found]) => `${name}: ${found.join(' ') || 'none'}`).join(', ');
    });
    await this.ask('does ECS accept a circuit breaker together with BLUE_GREEN?', async () => {
      const { exitCode, output } = await this.run('BlueGreen', 'v1');
      return exitCode === 0 ? 'yes' : `no: ${/BlueGreen \| \S+FAILED.*/.exec(output)?.[0] ?? output.slice(-300)}`;
    });
  }

  /** Runs a step. If it fails, the run stops. */
  private async step(title: string, work: () => Promise<string>): Promise<void> {
    this.signal.throwIfAborted();
    this.say(`▸ ${title}`);
    const start = Date.now();
    const finding = (outcome: string) => ({ title, outcome, seconds: Math.round((Date.now() - start) / 1000) });
    try {
      this.steps.push(finding(await work()));
    } catch (error) {
      this.steps.push(finding(`FAILED: ${(error as Error).message.slice(0, 500)}`));
      throw error;
    }
    this.say(`  ${this.steps.at(-1)!.outcome}`);
  }

  /** Answers a question. The run continues whatever the answer is. */
  private async ask(title: string, work: () => Promise<string>): Promise<void> {
    this.signal.throwIfAborted();
    this.say(`? ${title}`);
    const start = Date.now();
    const outcome = await work().catch((error) => `not answered: ${error.message.slice(0, 300)}`);
    this.questions.push({ title, outcome, seconds: Math.round((Date.now() - start) / 1000) });
    this.say(`  ${outcome}`);
  }

  private async push(tag: string, content: Program): Promise<string> {
    const digest = await pushImage(this.account.cloud, { repository: this.names.repository, tag, content, platform: PLATFORM });
    return this.digests[tag] = digest;
  }

  private async deploy(id: string, image?: string, settings: Record<string, string> = {}): Promise<CdkRun> {
    const run = await this.run(id, image, settings);
    ok(run.exitCode === 0, run.output.slice(-2000));
    return run;
  }

  private async deployInVain(id: string, image: string, settings: Record<string, string> = {}): Promise<CdkRun> {
    const run = await this.run(id, image, settings);
    ok(run.exitCode !== 0, 'the deployment succeeded');
    return run;
  }

  private async run(id: string, image?: string, settings: Record<string, string> = {}): Promise<CdkRun> {
    const stack = { Registry: this.names.registry, Service: this.names.service, BlueGreen: this.names.blueGreen }[id]!;
    const parameters = image === undefined ? [] : ['--parameters', `${stack}:Image=${image}`];
    const env = { ...this.account.cloud.env, TEST_NAMES: JSON.stringify(this.names), ...settings };
    return cdk({ env }, ['deploy', id, '--exclusively', '--require-approval', 'never', ...parameters], { cwd: this.app, signal: this.signal });
  }

  /** Queries the URL of the service until the response is the expected text, because DNS takes a while. */
  private async answer(expected: string): Promise<string> {
    const { aws } = this.account;
    const outputs = Object.values(await aws.stackOutputs(this.names.service));
    const { host } = new URL(outputs.find((value) => /^http:\/\//.test(value))!);
    let seen = '';
    for (const end = Date.now() + ANSWERS_WITHIN_MS; Date.now() < end; await sleep(1000, undefined, { signal: this.signal })) {
      seen = await aws.get(host).then(({ status, text }) => `HTTP ${status} ${text}`, (error) => error.message);
      if (seen === `HTTP 200 ${expected}`) return seen;
    }
    throw new Error(`${host} answers ${seen}`);
  }

  /** Waits until EventBridge has delivered events to the log of failures. Returns their reasons. */
  private async failureLog(): Promise<string[]> {
    const { aws } = this.account;
    const resources = Object.entries(await aws.stackResources(this.names.service));
    const [, { physicalId }] = resources.find(([id, { type }]) => type === 'AWS::Logs::LogGroup' && id.startsWith('PhasedFargateEvents'))!;
    for (let tries = 0; tries < 12; tries++) {
      const lines = await aws.logLines(physicalId);
      if (lines.length > 0) return lines.map((line) => JSON.parse(line).detail).map((detail) => detail.reason ?? detail.stoppedReason);
      await sleep(5000, undefined, { signal: this.signal });
    }
    return [];
  }

  /** The requests from CloudFormation, according to the log of the guard. */
  private async guardRequests(): Promise<string[]> {
    const { aws } = this.account;
    const groups = await aws.logGroups(`/aws/lambda/${this.names.service}`);
    const lines = (await Promise.all(groups.map((group) => aws.logLines(group)))).flat();
    return lines.flatMap((line) => /"requestType":"(\w+)"/.exec(line)?.[1] ?? []);
  }
}
