import { DEAD_ENDS, Examination, PUBLISHED, SEVERITIES, Severity } from '../aws/examinations';
import { Fault, randomFaults } from '../aws/faults';
import { ImageKind, ImageSpec, INDEX_KINDS, OTHER_KINDS, SINGLE_KINDS } from '../aws/images';
import { ImageStatus } from '../aws/registry';
import { Mishap } from '../aws/stack';
import { Question, Requirement } from '../aws/template';
import { Random } from '../runtime/random';

/** Changes to the registry by others. */
export type RegistryEvent =
  | { readonly kind: 'push'; readonly repository: string; readonly image: ImageSpec; readonly tag: string }
  | { readonly kind: 'delete' | 'status'; readonly repository: string; readonly tag: string; readonly status: ImageStatus }
  | { readonly kind: 'deleteDeployed' | 'archiveDeployed' }
  /** Somebody pushes to the tag in the template. */
  | { readonly kind: 'moveTag'; readonly image: ImageSpec }
  | { readonly kind: 'expire'; readonly repository: string; readonly keep: number }
  | { readonly kind: 'fillWithTags'; readonly repository: string; readonly tag: string }
  /** A vulnerability of an image becomes known, its scan fails, or somebody starts another scan. */
  | { readonly kind: 'publish'; readonly repository: string; readonly tag: string; readonly severity: Severity }
  | { readonly kind: 'scanEnds'; readonly repository: string; readonly tag: string; readonly as: string }
  | { readonly kind: 'scanAgain'; readonly repository: string; readonly tag: string }
  /** The owner of the registry changes the kind of scanning or turns it off. */
  | { readonly kind: 'scanning'; readonly as: Examination['scanning'] }
  | { readonly kind: 'repository'; readonly repository: string; readonly exists: boolean };

export interface Timed {
  readonly afterMs: number;
  readonly event: RegistryEvent;
}

/** One user action and concurrent events. The action is skipped if the state of the stack does not permit it. */
export type Step = { readonly seed: number; readonly pauseMs: number; readonly faults: readonly Fault[]; readonly meanwhile: readonly Timed[] } & (
  | { readonly kind: 'deploy'; readonly change: Change; readonly rollBack: boolean; readonly mishap: Mishap; readonly serviceMs: number }
  | { readonly kind: 'goBack' | 'delete' | 'upgrade' | 'unknownId' | 'registry' }
);

/** Changes of a deployment to the previous template. */
export interface Change {
  readonly question: Partial<Question>;
  readonly logicalId?: string;
}

export const TAGS = ['v1', 'v2', 'v3', 'v4', 'latest'];
const PLATFORMS = ['LINUX/X86_64', 'LINUX/ARM64'];
const MINUTE = 60_000;
/** Longest total wait of one Lambda invocation, in seconds. */
export const LONGEST_INVOCATION = 840;

export function randomQuestion(random: Random): Question {
  return {
    repository: 'shop',
    ...randomVersion(random),
    platforms: random.weighted<string[]>([8, ['LINUX/X86_64']], [1, ['LINUX/ARM64']], [1, PLATFORMS], [1, []]),
    singleManifest: random.chance(0.08),
    ...randomPatience(random),
    taskCounts: random.weighted<number[]>([3, []], [2, [2]], [1, [0, 1, 30]]),
    retain: random.chance(0.85),
    requirements: random.chance(0.3) ? randomRequirements(random) : [],
  };
}

export function randomStep(random: Random, stormy: boolean): Step {
  const seed = random.integer(0, 0x7fff_ffff);
  const base = {
    seed,
    pauseMs: random.weighted([3, random.integer(1_000, 10 * MINUTE)], [1, random.integer(10 * MINUTE, 180 * MINUTE)]),
    faults: stormy && random.chance(0.5) ? randomFaults(random) : [],
    meanwhile: Array.from({ length: random.chance(0.45) ? random.integer(1, 3) : 0 }, () => (
      { afterMs: randomMoment(random), event: randomRegistryEvent(random) }
    )),
  };
  const kind = random.weighted<Step['kind']>([30, 'deploy'], [6, 'goBack'], [1, 'delete'], [1.5, 'upgrade'], [1, 'unknownId'], [6, 'registry']);
  if (kind !== 'deploy') return { ...base, kind };
  // As in a pipeline, which deploys the image that it has just pushed.
  const pushed = random.chance(0.3) ? [{ afterMs: 0, event: { kind: 'moveTag' as const, image: randomImage(random) } }] : [];
  return {
    ...base,
    meanwhile: [...pushed, ...base.meanwhile],
    kind,
    change: randomChange(random),
    rollBack: random.chance(0.6),
    mishap: random.weighted<Mishap>(
      [10, { kind: 'none' }],
      [4, { kind: 'service', breaker: random.chance(0.5) }],
      [3, { kind: 'elsewhere', afterMs: randomMoment(random) }],
      [3, { kind: 'cancel', afterMs: randomMoment(random) }],
      [3, { kind: 'afterwards' }],
    ),
    serviceMs: random.integer(1_000, 90_000),
  };
}

export function randomRegistryEvent(random: Random): RegistryEvent {
  const repository = random.weighted([9, 'shop'], [1, 'other']);
  const tag = random.pick(TAGS);
  return random.weighted<RegistryEvent>(
    [12, { kind: 'push', repository, image: randomImage(random), tag }],
    [8, { kind: 'moveTag', image: randomImage(random) }],
    [2, { kind: 'delete', repository, tag, status: 'ACTIVE' }],
    [1, { kind: 'deleteDeployed' }],
    [0.5, { kind: 'archiveDeployed' }],
    [2, { kind: 'status', repository, tag, status: random.pick<ImageStatus>(['ARCHIVED', 'ACTIVATING', 'ACTIVE']) }],
    [2, { kind: 'expire', repository, keep: random.integer(0, 3) }],
    [0.5, { kind: 'fillWithTags', repository, tag }],
    [2, { kind: 'publish', repository, tag, severity: random.pick(SEVERITIES) }],
    [0.7, { kind: 'scanEnds', repository, tag, as: random.pick(DEAD_ENDS) }],
    [1, { kind: 'scanAgain', repository, tag }],
    [0.4, { kind: 'scanning', as: random.pick<Examination['scanning']>(['off', 'basic', 'enhanced']) }],
    [0.5, { kind: 'repository', repository: 'other', exists: random.chance(0.5) }],
  );
}

export function randomImage(random: Random): ImageSpec {
  const kind = random.weighted<ImageKind>([6, random.pick(SINGLE_KINDS)], [0.5, 'latin1'], [5, random.pick(INDEX_KINDS)], [0.7, random.pick(OTHER_KINDS)]);
  const isIndex = INDEX_KINDS.includes(kind);
  const amd = ['linux/amd64'];
  const platforms = OTHER_KINDS.includes(kind) ? [] : random.weighted<string[]>([6, amd], [1, ['linux/arm64']], [isIndex ? 6 : 0, ['linux/amd64', 'linux/arm64']]);
  return { kind, platforms, number: random.integer(1, 40) };
}

function randomChange(random: Random): Change {
  const nonce = random.hex(8);
  return random.weighted<Change>(
    [14, { question: { ...randomVersion(random), nonce } }],
    [4, { question: { nonce } }],
    [3, { question: { taskCounts: [random.integer(0, 9)], ...randomPatience(random), nonce } }],
    [2, { question: { ...randomVersion(random), ...randomPatience(random), nonce } }],
    [2, { question: { ...randomVersion(random), platforms: random.pick([...PLATFORMS.map((platform) => [platform]), PLATFORMS]), nonce } }],
    [2, { question: { platforms: random.pick([...PLATFORMS.map((platform) => [platform]), PLATFORMS, []]) } }],
    [0.5, { question: { singleManifest: random.chance(0.5) } }],
    [1, { question: { repository: random.pick(['shop', 'other']), ...randomVersion(random) } }],
    [1, { question: { retain: random.chance(0.7), ...randomVersion(random) } }],
    [1.5, { question: { requirements: random.chance(0.25) ? [] : randomRequirements(random), ...random.chance(0.5) && randomVersion(random) } }],
    [1, { question: {}, logicalId: random.pick(['ApiGuard', 'WebGuard']) }],
  );
}

function randomVersion(random: Random): Pick<Question, 'versionKind' | 'versionValue' | 'nonce'> {
  const tag = random.weighted([9, random.pick(TAGS)], [1, 'nowhere']);
  return random.weighted(
    [8, { versionKind: 'parameter', versionValue: tag, nonce: '' }],
    [0.3, { versionKind: 'parameter', versionValue: '', nonce: '' }],
    [4, { versionKind: 'tag', versionValue: tag, nonce: '' }],
    [3, { versionKind: 'movingTag', versionValue: tag, nonce: random.hex(8) }],
    // Digest of the image that the tag names when the template is created.
    [1, { versionKind: 'digest', versionValue: `digest of ${tag}`, nonce: '' }],
    [0.5, { versionKind: 'parameter', versionValue: `digest of ${tag}`, nonce: '' }],
  );
}

function randomPatience(random: Random): Pick<Question, 'whenMissing' | 'waitSeconds'> {
  return random.weighted(
    [6, { whenMissing: 'fail', waitSeconds: 0 }],
    [2, { whenMissing: 'waitFor', waitSeconds: random.weighted([3, random.integer(10, 120)], [1, random.integer(120, 600)]) }],
    [3, { whenMissing: 'startWithoutTasks', waitSeconds: 0 }],
  );
}

function randomRequirements(random: Random): Requirement[] {
  const waitSeconds = () => (
    random.weighted([1, 0], [2, random.integer(5, 30)], [4, random.integer(20, 240)], [0.3, random.integer(240, LONGEST_INVOCATION)])
  );
  const accepted = () => Array.from({ length: random.integer(0, 3) }, () => ({
    id: random.weighted([5, `CVE-2026-${String(random.integer(1, 12)).padStart(4, '0')}`], [1, PUBLISHED]),
    reason: 'not reachable',
    ...random.chance(0.3) && { until: random.pick(['2026-10-15', '2026-11-02', '2027-01-31']) },
  }));
  const scanned = (): Requirement => ({
    kind: 'scanned', failOn: random.pick(SEVERITIES), onlyFixable: random.chance(0.3), accepted: accepted(), waitSeconds: waitSeconds(),
  });
  const signed = (): Requirement => ({ kind: 'signed', profile: random.weighted([5, 'Release'], [1, 'Audit']), waitSeconds: waitSeconds() });
  return random.weighted([4, [scanned()]], [3, [signed()]], [3, [scanned(), signed()]]);
}

/** A random time, mostly while a guard is running. */
function randomMoment(random: Random): number {
  return random.weighted([3, random.integer(150, 1_500)], [2, random.integer(1_500, 30_000)], [1, random.integer(30_000, 10 * MINUTE)]);
}
