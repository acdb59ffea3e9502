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
    const answered = this.indexOfRequest(question);
    return answered === undefined ? this.answerTo(question) : digestOf(this.releases[answered]);
  }

  /** For a rollback: the history as it was when what the request goes back to was released, as far as that is on record. */
  public backTo(question: Question): Target | undefined {
    const certain = this.indexOfRequest(question);
    if (certain !== undefined) return this.target(this.releases.slice(certain), true);

    const likely = this.indexOf((release) => isSameQuestion(release, question)) ?? this.indexOf(({ key }) => key === UNKNOWN_KEY);
    if (likely === undefined) return undefined;
    const [{ image }, ...earlier] = this.releases.slice(likely);
    return this.target([{ key: question.key, image }, ...earlier], false);
  }

  /** The history after this answer. */
  public after({ key }: Question, digest: string): ReleaseHistory {
    const image = digest === NO_IMAGE ? 'none' : digest.slice('sha256:'.length);
    const [latest] = this.releases;
    return latest?.key === key && latest.image === image ? this : this.with([{ key, image }, ...this.releases]);
  }

  /**
   * With the images that the registry says were released, the latest first, where the id does not say. Any of them may
   * be what runs: the latest may come of this very request, if Lambda delivers it again.
   */
  public supposing(images: readonly string[]): ReleaseHistory {
    return this.isUnknown && images.length > 0 ? this.with(images.map((digest) => ({ key: UNKNOWN_KEY, image: digest.slice('sha256:'.length) }))) : this;
  }

  private with(releases: readonly Release[]): ReleaseHistory {
    const history = new ReleaseHistory(this.prefix, releases, false);
    const fits = history.images.length <= MOST_IMAGES && Buffer.byteLength(history.physicalId) <= LARGEST_ID;
    return fits || releases.length <= 1 ? history : this.with(withoutTheLeastUseful(releases));
  }

  private target(releases: readonly Release[], isCertain: boolean): Target {
    return { history: this.with(releases), digest: digestOf(releases[0]), isCertain };
  }

  /** In a rollback, the properties of a release are sent back as they were. */
  private indexOfRequest({ key: asked, legacyKey, legacyAbsence }: Question): number | undefined {
    return this.indexOf(({ key }) => key === asked)
      ?? this.indexOf(({ key, image }) => key === legacyKey && image === legacyAbsence)
      ?? this.indexOf(({ key }) => key === legacyKey);
  }

  private indexOf(predicate: (release: Release) => boolean): number | undefined {
    const index = this.releases.findIndex(predicate);
    return index < 0 ? undefined : index;
  }
}

/** What a rollback goes back to. */
export interface Target {
  readonly history: ReleaseHistory;
  readonly digest: string;
  /** This very request was answered before. If it was not, it may be one of the update that failed, delivered late. */
  readonly isCertain: boolean;
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
function isSameQuestion({ key }: Release, { key: asked, legacyKey, hasOtherNeeds }: Question): boolean {
  return (key === legacyKey && !hasOtherNeeds) || key.slice(0, 8) === asked.slice(0, 8);
}

function digestOf({ image }: Release): string {
  return image.startsWith('none') ? NO_IMAGE : `sha256:${image}`;
}
