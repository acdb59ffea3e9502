import { createHash } from 'node:crypto';
import { Envelope, Question } from './parse';

/**
 * The guard remembers in its own physical id, so that no storage has to be kept, paid for and cleaned up:
 *
 *     phased-fargate/<stack>/<logical id>/<current release>/<previous release>/<the one before>
 *
 * A release is `<key>@<image>`: a hash of what was asked, and what was answered. A changed id makes CloudFormation
 * delete the old one, which does nothing. Stack and logical id make it unique, since CloudFormation refuses two
 * resources of the same id.
 *
 * The third is what comes before the second, once a rollback has made that the current one again.
 */
export type Memory = readonly Release[];

export interface Release {
  readonly key: string;
  /** Digits of the digest, or `none` and the attempt at which there was no image. */
  readonly image: string;
}

/** Valid for ECS, and never pulled: it is answered together with a task count of 0. */
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;

const REMEMBERED = 3;
const RELEASE = '[0-9a-f]{16}@(?:[0-9a-f]{64}|none(?:-[0-9a-f]{8})?)';
const PHYSICAL_ID = new RegExp(`^phased-fargate/[^/]+/[^/]+/(${RELEASE}(?:/${RELEASE}){0,${REMEMBERED - 1}})$`);

/** Any id that is not of this form, be it older, made up by CloudFormation or hostile, is no memory. */
export function recall(physicalId: string): Memory {
  const [, releases] = PHYSICAL_ID.exec(physicalId) ?? [];
  return (releases?.split('/') ?? []).map((release) => {
    const [key, image] = release.split('@');
    return { key, image };
  });
}

/** The id after this answer. It stays the same for as long as the answer does; a rollback forgets what it takes back. */
export function remember(envelope: Envelope, question: Question, digest: string, rollingBack: boolean): string {
  const key = keyOf(question);
  const release = { key, image: digest === NO_IMAGE ? absence(question) : digest.slice('sha256:'.length) };
  const memory = recall(envelope.physicalId);
  const earlier = (rollingBack ? before(memory, question) : memory).filter((record) => !isOutdatedBy(release, record, question));
  const records = [release, ...earlier].slice(0, REMEMBERED);
  return [idWithoutMemory(envelope), ...records.map((record) => `${record.key}@${record.image}`)].join('/');
}

/** All that is on record from before the release that is asked for. */
function before(memory: Memory, question: Question): Memory {
  return memory.slice(memory.findIndex(({ key }) => key === keyOf(question)) + 1);
}

/** A release is recorded once, and an image that turned up at the very attempt that went without is all there is to say of it. */
function isOutdatedBy(release: Release, record: Release, question: Question): boolean {
  return record.key === release.key && (record.image === release.image || record.image === absence(question));
}

export function idWithoutMemory({ stack, logicalId }: Envelope): string {
  const segment = (name: string) => name.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 255) || '-';
  return `phased-fargate/${segment(stack.name)}/${segment(logicalId)}`;
}

/** What was answered to this very question, for a rollback to go back to. */
export function answeredBefore(memory: Memory, question: Question): string | undefined {
  const key = keyOf(question);
  const answers = memory.filter((release) => release.key === key).map(({ image }) => image);
  // Two attempts at one release differ in the nonce only: the one without an image, then the one with it.
  return digestOf(answers.find((image) => image === absence(question)) ?? answers[0]);
}

/** The image of the release that is deployed, if it is the one asked for: it stays what it is, wherever its tag has gone. */
export function deployedImage(memory: Memory, question: Question): string | undefined {
  return memory[0]?.key === keyOf(question) ? runningImage(memory) : undefined;
}

/** The image of the release that is deployed, whatever is asked for now. */
export function runningImage([current]: Memory): string | undefined {
  const digest = digestOf(current?.image);
  return digest === NO_IMAGE ? undefined : digest;
}

/** The image that ran before the release that a rollback goes back to. */
export function imageBefore(memory: Memory, question: Question): string | undefined {
  return runningImage(before(memory, question));
}

function digestOf(image: string | undefined): string | undefined {
  return image?.startsWith('none') ? NO_IMAGE : image && `sha256:${image}`;
}

/** A moving tag makes a release of its own at each synthesis; what else carries a nonce stays the same release. */
function keyOf({ repository, version, nonce }: Question): string {
  const parts = [repository.uri, version.kind, version.value, version.kind === 'movingTag' ? nonce : ''];
  return hash(parts.join('\n')).slice(0, 16);
}

function absence({ nonce }: Question): string {
  return nonce ? `none-${hash(nonce).slice(0, 8)}` : 'none';
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
