import { Question } from './request';
import { idPrefix, LARGEST_ID } from '../../handler/physical-id';
import { Request } from '../../handler/request';
import { NO_IMAGE } from '../contract';

/**
 * The guard stores its history in its own physical ID, so that it needs no storage to maintain, pay for, and clean up:
 *
 *     phased-fargate/<stack>/<logical id>/<latest release>/<previous release>/…
 *
 * A release is `<key>@<image>`: the key of the request, and the image in the answer. When the ID changes, CloudFormation
 * sends a Delete for the old ID, which does nothing. The stack and the logical ID make the ID unique, because
 * CloudFormation refuses two resources with the same ID.
 *
 * The history contains each release that CloudFormation may still return to. CloudFormation does not report whether an
 * update has succeeded, and with `--no-rollback` several updates can fail in a row. The history therefore keeps as many
 * releases as fit into the ID. A rollback removes only the releases that it reverts, so the ID returns to its earlier
 * value.
 */
export interface Release {
  readonly key: string;
  /** Digits of the digest, or `none`. In IDs of contract 2, `none` can also be `none-` and a hash of the nonce. */
  readonly image: string;
}

/** Each image needs a release tag: see `release-tags.ts`. */
export const MOST_IMAGES = 10;

const RELEASE = '[0-9a-f]{16}@(?:[0-9a-f]{64}|none(?:-[0-9a-f]{8})?)';
const PHYSICAL_ID = new RegExp(`^phased-fargate/[^/]+/[^/]+((?:/${RELEASE})*)$`);

/** Key of a release that only the registry records. */
const UNKNOWN_KEY = '0'.repeat(16);

export class ReleaseHistory {
  /** Reads the physical ID of a request. */
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
    /**
     * Whether the ID contains no history, because something else created it, such as an import. An image may be running
     * nevertheless.
     */
    public readonly isUnknown: boolean,
  ) {}

  public get physicalId(): string {
    return [this.prefix, ...this.releases.map(({ key, image }) => `${key}@${image}`)].join('/');
  }

  /** The image that was released last. */
  public get deployed(): string | undefined {
    return this.images[0];
  }

  /** All recorded images, without duplicates, latest first. */
  public get images(): string[] {
    const digests = this.releases.map(digestOf).filter((digest) => digest !== NO_IMAGE);
    return [...new Set(digests)];
  }

  /** Whether tasks may be running. */
  public get mayRun(): boolean {
    return this.isUnknown || this.images.length > 0;
  }

  /** The image of the deployed release, if it answers this question. It stays the same even if its tag has moved. */
  public answerTo(question: Question): string | undefined {
    const [latest] = this.releases;
    if (!latest || !isSameQuestion(latest, question)) return undefined;
    return latest.image.startsWith('none') ? undefined : digestOf(latest);
  }

  /** The earlier answer to this request. If there is none, the deployed image, if it answers this question. */
  public answeredTo(question: Question): string | undefined {
    const answered = this.indexOfRequest(question);
    return answered === undefined ? this.answerTo(question) : digestOf(this.releases[answered]);
  }

  /**
   * For a rollback: the history as it was when the target release was released. Undefined if the target is not recorded.
   */
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
   * If the ID contains no history, uses the images that the registry records as released, latest first. Any of them may
   * be running. The latest may even be the result of this request, if Lambda delivers it again.
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

  /** In a rollback, CloudFormation sends the unchanged properties of a release again. */
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

/** The release that a rollback returns to. */
export interface Target {
  readonly history: ReleaseHistory;
  readonly digest: string;
  /** Whether this request was answered before. If not, it may be a late request of the failed update. */
  readonly isCertain: boolean;
}

/**
 * First removes releases whose image a later release also has, then the oldest release. Keeps the latest release and its
 * predecessor for as long as possible, because either may be deployed until the update has succeeded.
 */
function withoutTheLeastUseful(releases: readonly Release[]): Release[] {
  const repeated = releases.filter(({ image }, index) => index > 1 && releases.findIndex((release) => release.image === image) < index).at(-1);
  return releases.filter((release) => release !== (repeated ?? releases.at(-1)));
}

/** Two requests can ask the same question, but differ in properties that do not affect the answer. */
function isSameQuestion({ key }: Release, { key: asked, legacyKey, hasOtherNeeds }: Question): boolean {
  return (key === legacyKey && !hasOtherNeeds) || key.slice(0, 8) === asked.slice(0, 8);
}

function digestOf({ image }: Release): string {
  return image.startsWith('none') ? NO_IMAGE : `sha256:${image}`;
}
