import { Question } from './request';
import { idPrefix, LARGEST_ID } from '../../handler/physical-id';
import { Request } from '../../handler/request';
import { NO_IMAGE } from '../contract';

/**
 * The guard remembers in its own physical id, so that no storage has to be kept, paid for and cleaned up:
 *
 *     phased-fargate/<stack>/<logical id>/<latest release>/<the one before>/…
 *
 * A release is `<key>@<image>`: what was asked, and what was answered. A changed id makes CloudFormation delete the old
 * one, which does nothing. Stack and logical id make it unique, since CloudFormation refuses two resources of one id.
 *
 * On record is each release that CloudFormation may still return to. Whether an update has succeeded it does not tell,
 * and with `--no-rollback` several may fail in a row, so that is all that the id has room for. A rollback forgets what
 * it takes back, and nothing else: the id is then what it was before.
 */
export interface Release {
  readonly key: string;
  /** Digits of the digest, or `none`; in ids of contract 2 `none-` and a hash of the nonce. */
  readonly image: string;
}

/** One release tag each: see `release-tags.ts`. */
export const MOST_IMAGES = 10;

const RELEASE = '[0-9a-f]{16}@(?:[0-9a-f]{64}|none(?:-[0-9a-f]{8})?)';
const PHYSICAL_ID = new RegExp(`^phased-fargate/[^/]+/[^/]+((?:/${RELEASE})*)$`);

/** Of a release that only the registry tells of. */
const UNKNOWN_KEY = '0'.repeat(16);

export class ReleaseHistory {
  /** Reads the physical id of a request. */
  public static of(request: Request): ReleaseHistory {
    const [match, releases = ''] = PHYSICAL_ID.exec(request.physicalId) ?? [];
    const records = releases.split('/').slice(1).map((release) => {
      const [key, image] = release.split('@');
      return { key, image };
    });
    return new ReleaseHistory(idPrefix(request), records, request.type === 'Update' && match === undefined);
  }

  private constructor(
    private readonly prefix: string,
    private readonly releases: readonly Release[],
    /** The id says nothing, since it was made by something else, such as an import: an image may run all the same. */
    public readonly isUnknown: boolean,
  ) {}

  public get physicalId(): string {
    return [this.prefix, ...this.releases.map(({ key, image }) => `${key}@${image}`)].join('/');
  }

  /** The image that was released last. */
  public get deployed(): string | undefined {
    return this.images[0];
  }

  /** All images on record, each once, the latest first. */
  public get images(): string[] {
    const digests = this.releases.map(digestOf).filter((digest) => digest !== NO_IMAGE);
    return [...new Set(digests)];
  }

  /** Whether tasks may be running. */
  public get mayRun(): boolean {
    return this.isUnknown || this.images.length > 0;
  }

  /** The image of the release that is deployed, if it answers this question: it stays what it is, wherever its tag has gone. */
  public answerTo(question: Question): string | undefined {
    const [latest] = this.releases;
    if (!latest || !isSameQuestion(latest, question)) return undefined;
    return latest.image.startsWith('none') ? undefined : digestOf(latest);
  }

  /** The image that was answered to this request before, or to the question that is deployed. */
  public answeredTo(question: Question): string | undefined {
    const answered = this.releases[this.indexOfAnswer(question)];
    return answered ? digestOf(answered) : this.answerTo(question);
  }

  /**
   * For a rollback: the history as it was when what the request goes back to was released; nothing where that is not on
   * record.
   */
  public backTo(question: Question): ReleaseHistory | undefined {
    const index = this.indexBefore(question);
    return index < 0 ? undefined : this.with(this.releases.slice(index));
  }

  /** What is answered by a rollback to this history. */
  public get answer(): string | undefined {
    const [latest] = this.releases;
    return latest && digestOf(latest);
  }

  /** The history after this answer. It stays the same for as long as question and answer do. */
  public after(question: Question, digest: string): ReleaseHistory {
    const release = { key: question.key, image: digest === NO_IMAGE ? 'none' : digest.slice('sha256:'.length) };
    const [latest] = this.releases;
    if (latest && latest.image === release.image && isSameQuestion(latest, question)) return this;
    return this.with([release, ...this.releases]);
  }

  /** With an image that the registry says is deployed, where the id does not say. */
  public supposing(digest: string | undefined): ReleaseHistory {
    return this.isUnknown && digest ? this.with([{ key: UNKNOWN_KEY, image: digest.slice('sha256:'.length) }]) : this;
  }

  private with(releases: readonly Release[]): ReleaseHistory {
    const history = new ReleaseHistory(this.prefix, releases, false);
    const fits = history.images.length <= MOST_IMAGES && Buffer.byteLength(history.physicalId) <= LARGEST_ID;
    return fits || releases.length <= 1 ? history : this.with(withoutTheLeastUseful(releases));
  }

  /** Of the release that a rollback to this request goes back to. */
  private indexBefore(question: Question): number {
    const answered = this.indexOfAnswer(question);
    if (answered >= 0) return answered;
    const failed = this.indexOfReplaced(question);
    return failed >= 0 && failed + 1 < this.releases.length ? failed + 1 : -1;
  }

  private indexOfAnswer(question: Question): number {
    const { releases } = this;
    // The properties of a release are sent back as they were, so this very request was answered before.
    const answered = releases.findIndex(({ key }) => key === question.key);
    if (answered >= 0) return answered;
    const without = releases.findIndex(({ key, image }) => key === question.legacyKey && image === question.legacyAbsence);
    if (without >= 0) return without;

    // Otherwise by what it means, but not the release that has just failed.
    const failed = this.indexOfReplaced(question);
    return releases.findIndex((release, index) => index > failed && isSameQuestion(release, question));
  }

  private indexOfReplaced({ replacedKey }: Question): number {
    return this.releases.findIndex(({ key }) => key === replacedKey);
  }
}

/**
 * What goes first is a release whose image a later one has too; then the oldest. The latest release and the one that it
 * has replaced go last: until the update has succeeded, either may be what is deployed.
 */
function withoutTheLeastUseful(releases: readonly Release[]): Release[] {
  const repeated = releases.filter(({ image }, index) => index > 1 && releases.findIndex((release) => release.image === image) < index).at(-1);
  return releases.filter((release) => release !== (repeated ?? releases.at(-1)));
}

/** Two requests may ask the same and differ in what the answer does not depend on. */
function isSameQuestion({ key }: Release, { key: asked, legacyKey }: Question): boolean {
  return key === asked || key === legacyKey || key.slice(0, 8) === asked.slice(0, 8);
}

function digestOf({ image }: Release): string {
  return image.startsWith('none') ? NO_IMAGE : `sha256:${image}`;
}
