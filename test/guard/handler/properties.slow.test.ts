import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { CloudFormation, Deployed, Deployment, Exchange } from './cloudformation';
import { FIXTURES, FixtureName } from './fixtures';
import { DENIED, event, Fault, NO_IMAGE, SECRETS, SERVER_ERROR, Simulation, THROTTLED } from './simulation';

jest.setTimeout(600_000);

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 1_000);
/** A fixed seed, so that two runs differ only because of code changes. To use another one: `FAST_CHECK_SEED=$RANDOM npx jest`. */
const SEED = Number(process.env.FAST_CHECK_SEED ?? 1);
const PARAMETERS = { numRuns: RUNS, seed: SEED, endOnFailure: Boolean(process.env.FAST_CHECK_END_ON_FAILURE) };

/** Images that run on a platform, or whose platform cannot be determined. */
const RUNNABLE: Readonly<Record<string, readonly FixtureName[]>> = {
  'LINUX/X86_64': ['buildxIndex', 'buildxOnePlatform', 'dockerImage', 'indexOfIndexes'],
  'LINUX/ARM64': ['buildxIndex', 'ociImage', 'indexOfIndexes'],
};
const IMAGES: readonly FixtureName[] = [...RUNNABLE['LINUX/X86_64'], ...RUNNABLE['LINUX/ARM64']];
const OTHERS: readonly FixtureName[] = ['helmChart', 'attestationOnly'];

const TAGS = ['v1', 'v2', 'main'] as const;

type Trouble = { readonly [server in 'registry' | 'stack' | 'endpoint']: { readonly faults: ReadonlyArray<Fault | undefined>; readonly outage?: Fault } };

type Step =
  | { readonly kind: 'push'; readonly tag: string; readonly fixture: FixtureName; readonly salt: string; readonly archived: boolean }
  | { readonly kind: 'remove'; readonly tag: string }
  | { readonly kind: 'destroy' }
  | { readonly kind: 'rollBack' }
  | {
    readonly kind: 'deploy';
    readonly version: { readonly VersionKind: string; readonly VersionValue: string };
    readonly mode: { readonly WhenMissing: string; readonly WaitSeconds: string };
    readonly requirements: { readonly Platforms: readonly string[]; readonly ReleaseTagName?: string };
    readonly ContractVersion: string;
    /** If true, only the value of a parameter can change. */
    readonly sameSynthesis: boolean;
    readonly deployment: Omit<Deployment, 'properties'>;
    readonly trouble: Trouble;
    readonly pushMeanwhile: { readonly tag: string; readonly afterMs: number } | undefined;
  };

const fault: fc.Arbitrary<Fault | undefined> = fc.constantFrom<Fault | undefined>(
  undefined, undefined, THROTTLED, SERVER_ERROR, DENIED, { kind: 'reset' }, { kind: 'hang' }, { kind: 'garbage' }, { kind: 'answerThenReset' },
  { kind: 'error', status: 400, code: 'Strange', message: `\u0000\n${SECRETS.join('\t')}` },
);

const troubles = (faults: number, outages: number) => fc.record({
  faults: fc.oneof({ arbitrary: fc.constant([]), weight: 100 - faults }, { arbitrary: fc.array(fault, { maxLength: 6 }), weight: faults }),
  outage: fc.oneof({ arbitrary: fc.constant(undefined), weight: 100 - outages }, { arbitrary: fault, weight: outages }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      tag: fc.constantFrom(...TAGS),
      fixture: fc.constantFrom(...IMAGES, ...OTHERS),
      salt: fc.constantFrom('1', '2', '3'),
      archived: fc.nat(9).map((number) => number === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), tag: fc.constantFrom(...TAGS) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'destroy' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'rollBack' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      version: fc.oneof(
        fc.record({ VersionKind: fc.constantFrom('tag', 'movingTag', 'parameter'), VersionValue: fc.constantFrom(...TAGS) }),
        fc.constant({ VersionKind: 'parameter', VersionValue: '' }),
      ),
      mode: fc.constantFrom(
        { WhenMissing: 'fail', WaitSeconds: '0' },
        { WhenMissing: 'waitFor', WaitSeconds: '120' },
        { WhenMissing: 'startWithoutTasks', WaitSeconds: '0' },
      ),
      requirements: fc.record({
        Platforms: fc.constantFrom(['LINUX/X86_64'], ['LINUX/X86_64'], ['LINUX/ARM64'], []),
        ReleaseTagName: fc.constantFrom('api', 'api', 'api', undefined),
      }),
      ContractVersion: fc.constantFrom('1', '2', '3'),
      sameSynthesis: fc.boolean(),
      deployment: fc.record({
        failsLater: fc.boolean(),
        staysFailed: fc.boolean(),
        rollbackHasNewId: fc.boolean(),
        deliveredTwice: fc.boolean(),
        remainingMs: fc.constantFrom(900_000, 900_000, 60_000, 3_000),
      }),
      trouble: fc.record({ registry: troubles(50, 10), stack: troubles(20, 10), endpoint: troubles(40, 2) }),
      pushMeanwhile: fc.option(fc.record({ tag: fc.constantFrom(...TAGS), afterMs: fc.nat(130_000) }), { nil: undefined }),
    }),
  },
);

test(`CloudFormation always gets one true answer in time (${RUNS} stories, FAST_CHECK_SEED=${SEED})`, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (story) => {
    const aws = new Simulation();
    const cloudFormation = new CloudFormation(aws);
    const watch = watchTags(aws);
    let synthesis = 0;
    for (const next of story) {
      switch (next.kind) {
        case 'push':
          aws.push(next.tag, { fixture: FIXTURES[next.fixture], salt: next.salt, status: next.archived ? 'ARCHIVED' : 'ACTIVE' });
          break;
        case 'remove':
          aws.remove(aws.tags.get(next.tag) ?? '');
          break;
        case 'destroy':
          await cloudFormation.destroy();
          break;
        case 'rollBack':
          arrange(aws, NO_TROUBLE);
          await checked(cloudFormation, aws, NO_TROUBLE, () => cloudFormation.rollBack());
          break;
        case 'deploy': {
          arrange(aws, next.trouble);
          const meanwhile = next.pushMeanwhile;
          if (meanwhile) aws.clock.at(meanwhile.afterMs, () => aws.push(meanwhile.tag, { salt: 'meanwhile' }));
          const { present } = cloudFormation;
          const properties = next.sameSynthesis && isByParameter(present?.properties) && isByParameter(next.version)
            ? { ...present?.properties, ...next.version }
            : { ...next.version, ...next.mode, ...next.requirements, ContractVersion: next.ContractVersion, Nonce: nonceOf(next, ++synthesis) };
          await checked(cloudFormation, aws, next.trouble, () => cloudFormation.deploy({ ...next.deployment, properties }));
          break;
        }
      }
      watch.isDeployed(cloudFormation.deployed?.data.ImageDigest);
    }
    assertNoSecret(aws.lines.join('\n'));
  }), PARAMETERS);
});

const NO_TROUBLE: Trouble = { registry: { faults: [] }, stack: { faults: [] }, endpoint: { faults: [] } };

function arrange(aws: Simulation, trouble: Trouble): void {
  for (const server of ['registry', 'stack', 'endpoint'] as const) {
    aws.faults[server] = [...trouble[server].faults];
    aws.outage[server] = trouble[server].outage;
  }
}

/** Checks everything that happens during an operation against all guarantees. */
async function checked(cloudFormation: CloudFormation, aws: Simulation, trouble: Trouble, operate: () => Promise<void>): Promise<void> {
  const { deployed, present } = cloudFormation;
  const tags = releaseTagsOf(aws);
  const known = cloudFormation.exchanges.length;
  await operate();
  const exchanges = cloudFormation.exchanges.slice(known);
  for (const exchange of exchanges) {
    checkContract(exchange, trouble);
    if (exchange.phase === 'deploy') checkTruth(exchange, aws, trouble);
    if (exchange.phase === 'rollback') checkRollback(exchange, deployed!, trouble);
  }
  const isHealthy = ![trouble.registry, trouble.stack].some(isTroubled);
  const isRetained = (deployed?.properties as Record<string, unknown> | undefined)?.ReleaseTagName !== undefined;
  const digest = deployed?.data.ImageDigest ?? NO_IMAGE;
  if (isHealthy && isRetained && exchanges.some(({ phase }) => phase === 'rollback') && tags.latest === digest && aws.images.has(digest)) {
    const after = releaseTagsOf(aws);
    assert.equal(after.latest, tags.latest);
    // Earlier failed updates that were not rolled back have already moved it.
    if (present === deployed && tags.previous && aws.images.has(tags.previous)) assert.equal(after.previous, tags.previous);
  }
}

function releaseTagsOf(aws: Simulation): { latest: string | undefined; previous: string | undefined } {
  const find = (name: RegExp) => [...aws.tags].find(([tag]) => name.test(tag))?.[1];
  return { latest: find(/^deployed-api-[0-9a-f]{8}$/), previous: find(/^deployed-api-[0-9a-f]{8}-previous$/) };
}

/** An image that is deployed with a release tag always has one until another image is deployed. */
function watchTags(aws: Simulation): { isDeployed(digest: string | undefined): void } {
  let kept: string | undefined;
  const isTagged = (digest: string) => [...aws.tags].some(([tag, tagged]) => tag.startsWith('deployed-') && tagged === digest);
  const { send } = aws;
  aws.send = async (request) => {
    const check = () => { if (kept && aws.images.has(kept)) assert.ok(isTagged(kept), `${kept} has no release tag`); };
    return send(request).finally(check);
  };
  return {
    isDeployed: (digest) => { kept = digest && isTagged(digest) ? digest : undefined; },
  };
}

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 3_000 }), fc.constantFrom(...SECRETS, '\n', '"'.repeat(2_000), '木'.repeat(2_000)));
const anyValue = fc.oneof(anyText, fc.jsonValue(), fc.constant(undefined));
const distorted = (value: unknown) => fc.oneof({ arbitrary: fc.constant(value), weight: 3 }, { arbitrary: anyValue, weight: 1 });

const { ResourceProperties, ...envelope } = event({ PhysicalResourceId: `phased-fargate/Service/Guard/0123456789abcdef@${'a'.repeat(64)}` });
const distortedRecord = (values: object) =>
  fc.record(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, distorted(value)])));

const anyEvent = fc.tuple(
  distortedRecord({ ...envelope, ResponseURL: undefined }),
  fc.oneof({ arbitrary: distortedRecord({ ...ResourceProperties as object, SingleManifest: 'true', Nonce: '1' }), weight: 4 }, { arbitrary: anyValue, weight: 1 }),
  fc.constantFrom('Create', 'Update', 'Delete'),
  fc.boolean(),
).map(([outer, properties, RequestType, isKnownType]) => ({
  ...outer as { readonly PhysicalResourceId?: unknown; readonly RequestType?: unknown },
  ResponseURL: envelope.ResponseURL,
  RequestType: isKnownType ? RequestType : outer.RequestType,
  ResourceProperties: properties,
}));

test(`every request gets one response, within all limits (${RUNS} requests, FAST_CHECK_SEED=${SEED})`, async () => {
  await fc.assert(fc.asyncProperty(anyEvent, fc.array(fault, { maxLength: 4 }), fc.boolean(), async (message, faults, isRollingBack) => {
    const aws = new Simulation();
    aws.push('v1');
    aws.faults.registry.push(...faults);
    aws.stackStatus = isRollingBack ? 'UPDATE_ROLLBACK_IN_PROGRESS' : 'UPDATE_IN_PROGRESS';
    const start = aws.clock.now();
    await aws.run(message);

    assert.equal(aws.answers.length, 1);
    assert.ok(aws.clock.now() - start < 900_000);
    checkBody(aws.answers[0], message.PhysicalResourceId);
    if (message.RequestType === 'Delete') assert.equal(aws.answered.Status, 'SUCCESS');
    assertNoSecret(aws.lines.join('\n'));
  }), PARAMETERS);
});

/** The rules of CloudFormation for every response. Uses Node's assert, which is much faster than Jest's. */
function checkBody(body: string, sentId?: unknown): void {
  const { Status, Reason = '', PhysicalResourceId } = JSON.parse(body);
  assert.ok(Buffer.byteLength(body) <= 4096);
  assert.ok(Status === 'SUCCESS' || (Status === 'FAILED' && Reason !== ''));
  assert.ok(PhysicalResourceId !== '' && Buffer.byteLength(PhysicalResourceId) <= 1024);
  assert.doesNotMatch(Reason, /\p{Cc}/u);
  // The ID in a request is returned unchanged, even if it is malformed.
  if (PhysicalResourceId !== sentId) assert.match(PhysicalResourceId, /^phased-fargate(\/[A-Za-z0-9@-]+){2,}$|…$/);
  assertNoSecret(Reason);
}

function checkContract({ phase, message, answer, runs, calls, tookMs, remainingMs }: Exchange, trouble: Trouble): void {
  // The guard responds before Lambda and CloudFormation give up.
  assert.ok(tookMs < remainingMs);
  for (const bodies of runs) {
    const distinct = new Set(bodies);
    assert.ok(distinct.size <= 1);
    distinct.forEach((body) => checkBody(body, message.PhysicalResourceId));
    distinct.forEach(assertNoSecret);
    if (!isTroubled(trouble.endpoint)) assert.equal(bodies.length, 1);
  }
  if (!answer) return;

  for (const echoed of ['StackId', 'RequestId', 'LogicalResourceId'] as const) assert.equal(answer[echoed], message[echoed]);
  assert.equal(answer.NoEcho, false);
  if (phase === 'delete') {
    assert.equal(answer.Status, 'SUCCESS');
    assert.equal(answer.PhysicalResourceId, message.PhysicalResourceId);
    assert.deepEqual(calls, []);
  } else if (answer.Status === 'SUCCESS') {
    const { ImageDigest } = answer.Data!;
    assert.match(ImageDigest, /^sha256:[0-9a-f]{64}$/);
    const { VersionValue } = message.ResourceProperties as Record<string, string>;
    assert.deepEqual(answer.Data, { ImageDigest, ImageTag: VersionValue, TaskCount2: ImageDigest === NO_IMAGE ? '0' : '2' });
  } else if (message.RequestType === 'Update') {
    assert.equal(answer.PhysicalResourceId, message.PhysicalResourceId);
  }
}

/** Outside rollbacks, no success names an image that does not exist or does not run on the required platforms. */
function checkTruth({ answer, message }: Exchange, aws: Simulation, trouble: Trouble): void {
  // If CloudFormation does not report the stack status, the recorded answer applies.
  const mayBeRecord = message.RequestType === 'Update' && isTroubled(trouble.stack);
  if (answer?.Status !== 'SUCCESS' || mayBeRecord) return;
  const digest = answer.Data!.ImageDigest;
  const { WhenMissing, Platforms } = message.ResourceProperties as { WhenMissing: string; Platforms: string[] };
  if (digest === NO_IMAGE) {
    assert.equal(WhenMissing, 'startWithoutTasks');
    // A service that was deployed remains deployed.
    assert.doesNotMatch(String(message.PhysicalResourceId), /@[0-9a-f]{64}/);
    return;
  }
  const image = aws.images.get(digest);
  assert.equal(image?.status, 'ACTIVE');
  for (const platform of Platforms) assert.ok(RUNNABLE[platform].some((name) => FIXTURES[name] === image?.fixture));
}

/** A rollback restores the previous answer and ID, regardless of changes to the image. */
function checkRollback({ answer, message }: Exchange, before: Deployed, trouble: Trouble): void {
  if (!answer) return;
  assert.equal(answer.Status, 'SUCCESS');
  assert.deepEqual(answer.Data, before.data);
  if (isTroubled(trouble.stack)) return;
  const [deployed] = releasesOf(before.id);
  if (releasesOf(String(message.PhysicalResourceId)).filter((release) => release === deployed).length > 1) {
    // A release that was replaced and released again: nothing says whether the updates in between failed, so they stay on record.
    assert.deepEqual(releasesOf(answer.PhysicalResourceId).slice(-releasesOf(before.id).length), releasesOf(before.id));
  } else {
    assert.equal(answer.PhysicalResourceId, before.id);
  }
}

function releasesOf(id: string): string[] {
  return id.split('/').slice(3);
}

function isByParameter(properties: object | undefined): boolean {
  return (properties as Record<string, string> | undefined)?.VersionKind === 'parameter';
}

function nonceOf({ version, mode }: Step & { kind: 'deploy' }, synthesis: number): string | undefined {
  return version.VersionKind === 'movingTag' || mode.WhenMissing === 'startWithoutTasks' ? `synthesis-${synthesis}` : undefined;
}

function isTroubled({ faults, outage }: Trouble['stack']): boolean {
  return outage !== undefined || faults.some((each) => each !== undefined);
}

function assertNoSecret(text: string): void {
  assert.ok(!SECRETS.some((secret) => text.includes(secret)));
}
