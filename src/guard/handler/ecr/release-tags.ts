import { EcrClient, ImageFailure, Manifest } from './client';
import { MOST_IMAGES } from '../release-history';

/**
 * Images that release tags protect from lifecycle rules: the image that was released last, the previous image, and each
 * further image that CloudFormation may still return to.
 */
export interface Releases {
  readonly latest: string;
  readonly previous?: string;
  readonly earlier: readonly string[];
}

/** Maps each release tag to the digest of its image. */
export type TaggedImages = ReadonlyMap<string, string>;

export interface Move {
  readonly tag: string;
  readonly digest: string;
}

/**
 * Returns all release tags of a guard, derived from its first one. There is one tag for each recorded image, one for
 * swaps, and one for an image that is spared.
 */
export function releaseTags(tag: string): { readonly latest: string; readonly previous: string; readonly earlier: readonly string[] } {
  const earlier = Array.from({ length: MOST_IMAGES }, (_, index) => `${tag}-earlier-${index + 1}`);
  return { latest: tag, previous: `${tag}-previous`, earlier };
}

/**
 * Returns the moves in their order. A tag that is already in its place does not move. An image that must keep a tag has
 * one at every moment.
 */
export function planMoves(tag: string, tagged: TaggedImages, { latest, previous, earlier }: Releases): Move[] {
  const tags = releaseTags(tag);
  const all = [tags.latest, tags.previous, ...tags.earlier];
  const kept = new Set([latest, previous, ...earlier]);
  const now = new Map(tagged);
  const moves: Move[] = [];

  /** Whether the tag can move without leaving a protected image untagged. */
  const isFree = (name: string) => {
    const digest = now.get(name)!;
    return !kept.has(digest) || all.some((other) => other !== name && now.get(other) === digest);
  };
  const tagFor = ({ anyOf, digest }: Step) =>
    anyOf.find((name) => now.get(name) === digest) ?? anyOf.find((name) => !now.has(name)) ?? anyOf.find(isFree);
  const store = (digest: string): Step => ({ anyOf: tags.earlier, digest });

  const open: Step[] = [
    ...earlier.filter((digest) => digest !== latest && digest !== previous).map(store),
    // If there is no previous image, the tag moves to the latest image, so that it does not stay on an image that is
    // rolled back.
    ...previous ?? now.has(tags.previous) ? [{ anyOf: [tags.previous], digest: previous ?? latest }] : [],
    { anyOf: [tags.latest], digest: latest },
  ];
  for (;;) {
    const step = open.find(tagFor)
      // Two images need each other's last tag, so one of them gets a temporary tag first.
      ?? open.map(({ anyOf: [name] }) => store(now.get(name)!)).find(tagFor);
    if (!step) return moves;

    const name = tagFor(step)!;
    if (now.get(name) !== step.digest) moves.push({ tag: name, digest: step.digest });
    now.set(name, step.digest);
    if (open.includes(step)) open.splice(open.indexOf(step), 1);
  }
}

/** A move with the manifest that it needs. */
export interface MoveOfImage extends Move {
  readonly manifest: Manifest | ImageFailure;
}

/** A step that gives the image one of these tags. */
interface Step {
  readonly anyOf: readonly string[];
  readonly digest: string;
}

/** Stands for an image that ECR does not return, such as an archived one. Its digest is unknown. */
const UNREADABLE = 'unreadable';

/** The release tags of one guard in its registry. */
export class ReleaseTags {
  /** The result of the last read. */
  private tagged: TaggedImages | undefined;

  constructor(private readonly ecr: EcrClient, public readonly tag: string) {}

  /** Returns the manifest of an image, and reads the release tags in the same call. */
  public async manifestOf(imageDigest: string): Promise<Manifest | ImageFailure | undefined> {
    return this.read(imageDigest);
  }

  /**
   * Plans the moves that protect these images. A deleted image cannot be protected. With `sparingLatest`, the image that
   * the registry records as the latest release keeps its last tag. It can be unknown here, because another request may
   * have released it in the meantime. The option also prevents all moves if ECR fails to return an image. A rollback
   * makes the moves that are possible.
   *
   * @throws errors that `troubleOf` explains
   */
  public async plan(releases: Releases, { sparingLatest }: { sparingLatest: boolean }): Promise<MoveOfImage[]> {
    const tagged = await this.readOnce(releases.latest);
    const latest = tagged.get(this.tag);
    const spared = sparingLatest && latest !== UNREADABLE ? latest : undefined;
    const moves = planMoves(this.tag, tagged, { ...releases, earlier: [...releases.earlier, ...spared ? [spared] : []] });

    const digests = [...new Set(moves.map(({ digest }) => digest))];
    const manifests = await this.ecr.getManifests(digests.map((imageDigest) => ({ imageDigest })));
    const isGone = manifests[digests.indexOf(releases.latest)] === undefined && digests.includes(releases.latest);
    if (isGone && sparingLatest) throw new ImageFailure('ImageNotFound', 'it was deleted meanwhile');
    return moves.flatMap(({ tag, digest }) => {
      const manifest = manifests[digests.indexOf(digest)];
      if (manifest instanceof ImageFailure && sparingLatest) throw manifest;
      return manifest ? [{ tag, digest, manifest }] : [];
    });
  }

  /**
   * Returns the images that the registry records as released, without duplicates: the latest, the previous, and earlier
   * ones.
   *
   * @throws errors that `troubleOf` explains
   */
  public async images(): Promise<string[]> {
    const images = new Set((await this.readOnce()).values());
    images.delete(UNREADABLE);
    return [...images];
  }

  /** @throws errors that `troubleOf` explains */
  public async move({ tag, manifest }: MoveOfImage): Promise<void> {
    if (manifest instanceof ImageFailure) throw manifest;
    await this.ecr.putTag(tag, manifest);
  }

  /** Discards the last read, which may be out of date. */
  public forget(): void {
    this.tagged = undefined;
  }

  private async readOnce(imageDigest?: string): Promise<TaggedImages> {
    if (!this.tagged) await this.read(imageDigest);
    return this.tagged!;
  }

  private async read(imageDigest?: string): Promise<Manifest | ImageFailure | undefined> {
    const { latest, previous, earlier } = releaseTags(this.tag);
    const names = [latest, previous, ...earlier];
    const [image, ...manifests] = await this.ecr.getManifests([
      ...imageDigest ? [{ imageDigest }] : [],
      ...names.map((imageTag) => ({ imageTag })),
    ]);
    const tagged = imageDigest ? manifests : [image, ...manifests];
    this.tagged = new Map(names.flatMap((name, index) => {
      const manifest = tagged[index];
      return manifest ? [[name, manifest instanceof ImageFailure ? UNREADABLE : manifest.digest]] : [];
    }));
    return image;
  }
}
