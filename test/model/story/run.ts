import { randomUUIDs } from './ids';
import { Change, LONGEST_INVOCATION, RegistryEvent, Step } from './steps';
import { Story } from './story';
import { Subject, versionOf } from './subject';
import { Trace } from './trace';
import { CREDENTIALS } from '../aws/credentials';
import { Ecr } from '../aws/ecr';
import { Examinations } from '../aws/examinations';
import { Weather } from '../aws/faults';
import { Call, FrontDoors } from '../aws/front-doors';
import { imageOf } from '../aws/images';
import { Lambda, LambdaOptions, PROMPT, randomDelivery } from '../aws/lambda';
import { MOST_TAGS, Repository } from '../aws/registry';
import { Invocation } from '../aws/requests';
import { StackModel, UNKNOWN_ID } from '../aws/stack';
import { profileArn, Question, referenceOf, Template } from '../aws/template';
import { Verdict } from '../judge/invariants';
import { Judge } from '../judge/judge';
import { Secrets } from '../judge/secrets';
import { Internet, Reply, WireRequest } from '../runtime/network';
import { Random } from '../runtime/random';
import { Time, VirtualTime } from '../runtime/virtual-time';

/** Interferes between the handler and the world, to test whether the judge notices. */
export type Saboteur = (
  request: WireRequest, invocation: Invocation<Question>, pass: (request: WireRequest) => ReturnType<Internet>, now: number,
) => ReturnType<Internet>;

export interface RunOptions {
  readonly subject: Subject;
  readonly traced?: boolean;
  /** Whether each request is delivered once, without delay. */
  readonly prompt?: boolean;
  /** Virtual time by default. */
  readonly time?: Time;
  readonly newEnvironment?: LambdaOptions<Question>['newEnvironment'];
  readonly saboteur?: Saboteur;
  readonly onCall?: (call: Call, place: { readonly seed: number; readonly region: string; readonly at: number }) => void;
}

export interface Run {
  readonly story: Story;
  readonly verdict: Verdict;
  readonly calls: number;
  readonly trace: Trace;
}

const ENVIRONMENT = { ...CREDENTIALS, AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'guard', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256' };
const SECRETS = new Secrets(CREDENTIALS.AWS_SECRET_ACCESS_KEY, CREDENTIALS.AWS_SESSION_TOKEN);
const MOST_EVENTS = 200_000;
const START = Date.UTC(2026, 10, 1);
const STEPS_FROM_BUSY: ReadonlyArray<Step['kind']> = ['registry'];

/** Runs a story from beginning to end in virtual time. */
export async function run(story: Story, options: RunOptions): Promise<Run> {
  const telling = new Telling(story, options);
  return telling.run();
}

class Telling {
  private readonly random: Random;
  private readonly time: Time;
  private readonly verdict: Verdict;
  private readonly trace: Trace;
  private readonly weather: Weather;
  private readonly examinations: Examinations;
  private readonly repositories: Map<string, Repository>;
  private readonly stack: StackModel;
  private readonly lambda: Lambda<Question>;
  private readonly judge: Judge;
  private readonly doors: FrontDoors;
  private template: Template;
  /** The version that created the stack, until it is upgraded. */
  private version: Subject;
  private calls = 0;
  private stepRandom: Random;

  constructor(private readonly story: Story, private readonly options: RunOptions) {
    const { world, seed, question, origin } = story;
    this.random = Random.of('run', seed);
    this.stepRandom = this.random;
    this.time = options.time ?? new VirtualTime(START + this.random.integer(0, 1000) * 1000);
    this.verdict = new Verdict(() => this.time.now);
    this.trace = new Trace(options.traced ?? false, () => this.time.now);
    this.weather = new Weather(Random.of('weather', seed), () => this.time.now);
    this.version = origin === 'tested' ? options.subject : versionOf(origin);
    this.examinations = new Examinations(seed, world.examination, () => this.time.now);
    this.template = { logicalId: 'ApiGuard', question: this.understood(question), dialect: this.version.dialect };
    this.repositories = new Map(['shop', 'other'].map((name) => [name, new Repository(name, world.mutability, () => this.judge?.registryChanged())]));

    const newId = randomUUIDs(Random.of('ids', seed));
    const { place } = world;
    this.lambda = new Lambda({
      time: this.time,
      random: Random.of('lambda', seed),
      environment: { ...ENVIRONMENT, AWS_REGION: place.region },
      speak: (invocation, request) => this.speak(invocation, request),
      place,
      newEnvironment: options.newEnvironment,
      onStart: (invocation) => {
        this.judge.invocationStarted(invocation);
        this.trace.invocationStarted(invocation);
      },
      onEnd: (invocation) => {
        this.judge.invocationEnded(invocation);
        this.trace.invocationEnded(invocation);
      },
    });
    this.stack = new StackModel({
      time: this.time,
      place,
      newId,
      deliveryOf: (direction) => options.prompt ? PROMPT : randomDelivery(this.stepRandom, direction, world.stormy),
      invoke: (request, delivery) => this.lambda.invoke(request, delivery),
      code: () => this.lambda.deployed!,
      on: (event) => {
        this.trace.stackEvent(event, this.stack);
        if (event.kind === 'status' && this.stack.status === 'UPDATE_ROLLBACK_IN_PROGRESS') this.codeGoesBack();
        this.judge.stackEvent(event);
      },
    });
    this.judge = new Judge({
      verdict: this.verdict,
      repositories: this.repositories,
      stack: this.stack,
      weather: this.weather,
      examinations: this.examinations,
      dialect: options.subject.dialect,
      credentials: SECRETS,
      now: () => this.time.now,
      tested: options.subject.name,
      mayMove: () => world.mutability !== 'immutable',
    });
    const downloadUrl = (digest: string) => (
      `https://prod-${place.registryRegion}-starport-layer-bucket.s3.${place.registryRegion}.${place.domain}/${digest}?X-Amz-Expires=3600&X-Amz-Signature=${this.random.hex(64)}`
    );
    this.doors = new FrontDoors({
      time: this.time,
      random: Random.of('doors', seed),
      place,
      weather: this.weather,
      ecr: new Ecr(
        place.registryAccount, this.repositories, world.doubts, downloadUrl, () => this.time.now, this.examinations,
        (profile) => profileArn(profile, place),
      ),
      stack: this.stack,
      grants: { putImage: true },
      blob: (digest) => [...this.repositories.values()].map((repository) => repository.blob(digest)).find((blob) => blob !== undefined),
      on: (call) => {
        this.calls++;
        this.judge.called(call);
        this.trace.called(call);
        if (call.invocation.code === options.subject.name) options.onCall?.(call, { seed, at: this.time.now, region: call.service === 'ecr' ? place.registryRegion : place.region });
      },
    });
  }

  public async run(): Promise<Run> {
    const { story, verdict, trace } = this;
    for (const { repository, tag, image } of story.images) {
      this.repositories.get(repository)!.push(imageOf(image), this.time.now - this.random.integer(0, 90) * 86_400_000, tag);
    }
    let done = false;
    const telling = this.tell().then(() => { done = true; });
    try {
      await this.time.run(MOST_EVENTS);
      verdict.expect('ends', done, () => `the stack is ${this.stack.status} for ever`);
      if (done) await telling;
    } catch (error) {
      verdict.expect('ends', false, () => String(error));
      telling.catch(() => {});
    }
    return { story, verdict, trace, calls: this.calls };
  }

  private async tell(): Promise<void> {
    this.lambda.deploy(this.version);
    for (const step of this.story.steps) {
      await this.time.sleep(step.pauseMs);
      this.stepRandom = Random.of('step', step.seed);
      this.weather.set(step.faults);
      this.trace.step(step, this.stack);
      for (const { afterMs, event } of step.meanwhile) this.time.after(afterMs, () => this.happen(event));
      await this.take(step);
    }
    this.weather.set([]);
  }

  private async take(step: Step): Promise<void> {
    const { stack } = this;
    if (stack.isBusy && !STEPS_FROM_BUSY.includes(step.kind)) return;
    switch (step.kind) {
      case 'registry': return;
      case 'upgrade': {
        if (!stack.status.endsWith('_COMPLETE')) return;
        this.version = this.options.subject;
        // The new version understands what the template has requested all along.
        this.template = { ...this.template, question: { ...this.template.question, requirements: this.story.question.requirements } };
        return;
      }
      case 'unknownId': {
        if (['CREATE_COMPLETE', 'UPDATE_COMPLETE'].includes(stack.status)) stack.giveUnknownId(`${UNKNOWN_ID}${this.stepRandom.hex(12)}@v9`);
        return;
      }
      case 'goBack': {
        if (/^(CREATE_FAILED|UPDATE_FAILED|UPDATE_ROLLBACK_FAILED)$/.test(stack.status)) await stack.goBack(5_000);
        return;
      }
      case 'delete': {
        if (!['REVIEW_IN_PROGRESS', 'DELETE_COMPLETE'].includes(stack.status)) await stack.delete();
        return;
      }
      case 'deploy': return this.deploy(step);
    }
  }

  private async deploy(step: Extract<Step, { kind: 'deploy' }>): Promise<void> {
    const { stack } = this;
    if (stack.status === 'UPDATE_ROLLBACK_FAILED') return stack.goBack(step.serviceMs);
    if (stack.status === 'ROLLBACK_COMPLETE') await stack.delete();
    if (stack.status === 'DELETE_COMPLETE') stack.startOver();
    const isFirst = stack.status === 'REVIEW_IN_PROGRESS';
    this.lambda.deploy(this.version);
    // A guard is renamed only between stable states, which is all that the model of CloudFormation supports.
    const mayRename = isFirst || stack.status.endsWith('_COMPLETE');
    this.template = this.changed(step.change, mayRename);
    const plan = { template: this.template, rollBack: step.rollBack, mishap: step.mishap, serviceMs: step.serviceMs };
    await (isFirst ? stack.create(plan) : stack.update(plan));
  }

  private changed({ question, logicalId }: Change, mayRename: boolean): Template {
    const next = this.understood({ ...this.template.question, ...question });
    const { repository, versionValue } = next;
    const [, tag] = /^digest of (.*)$/.exec(versionValue) ?? [];
    const digest = tag && (this.repositories.get(repository)!.tags.get(tag) ?? `sha256:${this.stepRandom.hex(64)}`);
    return {
      logicalId: mayRename ? logicalId ?? this.template.logicalId : this.template.logicalId,
      question: digest ? { ...next, versionValue: digest } : next,
      dialect: this.version.dialect,
    };
  }

  /** A construct of an older version lacks newer properties, and no version permits a wait longer than the guard's limit. */
  private understood(question: Question): Question {
    if (!this.version.dialect.knowsRequirements) return { ...question, requirements: [] };
    const longest = LONGEST_INVOCATION - (question.whenMissing === 'waitFor' ? question.waitSeconds : 0);
    const requirements = question.requirements.map((requirement) => ({ ...requirement, waitSeconds: Math.min(requirement.waitSeconds, longest) }));
    return { ...question, requirements };
  }

  /** A rolled-back upgrade also restores the old code of the function, before or after the guard. */
  private codeGoesBack(): void {
    const { stable } = this.stack;
    if (!stable || stable.guard.template.dialect === this.version.dialect) return;
    const old = versionOf(this.story.origin);
    this.version = old;
    if (this.stepRandom.chance(0.3)) this.lambda.deploy(old);
  }

  private happen(event: RegistryEvent): void {
    this.trace.registryEvent(event);
    const { now } = this.time;
    switch (event.kind) {
      case 'push': return void this.repositories.get(event.repository)!.push(imageOf(event.image), now, event.tag);
      case 'moveTag': {
        const { tag } = referenceOf(this.template.question);
        if (tag) this.repositories.get(this.template.question.repository)!.push(imageOf(event.image), now, tag);
        return;
      }
      case 'delete': return this.onTagged(event, (repository, digest) => repository.delete(digest));
      case 'status': return this.onTagged(event, (repository, digest) => repository.setStatus(digest, event.status));
      case 'deleteDeployed': return this.onDeployed((repository, digest) => repository.delete(digest));
      case 'archiveDeployed': return this.onDeployed((repository, digest) => repository.setStatus(digest, 'ARCHIVED'));
      case 'expire': return this.repositories.get(event.repository)!.expire(event.keep);
      case 'fillWithTags': return this.onTagged(event, (repository, digest) => repository.otherTags.set(digest, MOST_TAGS - repository.tagsOf(digest).length));
      case 'publish': return this.onScanned(event, (digest) => this.examinations.publish(digest, event.severity));
      case 'scanEnds': return this.onScanned(event, (digest) => this.examinations.end(digest, event.as));
      case 'scanAgain': return this.onScanned(event, (digest) => this.examinations.scanAgain(digest));
      case 'scanning': return this.examinations.scanAs(event.as);
      case 'repository': this.repositories.get(event.repository)!.setExists(event.exists);
    }
  }

  private onTagged({ repository: name, tag }: { repository: string; tag: string }, act: (repository: Repository, digest: string) => void): void {
    const repository = this.repositories.get(name)!;
    const digest = repository.tags.get(tag);
    if (digest) act(repository, digest);
  }

  /** Applies to the image itself or, for an index, to its children. */
  private onScanned(event: { repository: string; tag: string }, act: (digest: string) => void): void {
    this.onTagged(event, (repository, digest) => {
      const { image } = repository.images.get(digest)!;
      for (const scanned of image.single ? [image] : image.children) act(scanned.digest);
    });
  }

  private onDeployed(act: (repository: Repository, digest: string) => void): void {
    for (const image of this.stack.running) {
      const [name, digest] = image.split('@');
      act(this.repositories.get(name)!, digest);
    }
  }

  private speak(invocation: Invocation<Question>, request: WireRequest): { reply: Reply; backMs: number } {
    const { saboteur, subject } = this.options;
    const pass = (passed: WireRequest) => this.doors.answer(invocation, passed);
    return saboteur && invocation.code === subject.name ? saboteur(request, invocation, pass, this.time.now) : pass(request);
  }
}
