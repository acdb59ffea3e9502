import { EcrClient, ImageFailure, Manifest } from './client';
import { MOST_IMAGES } from '../release-history';

/**
 * The tags that shield what is deployed from lifecycle rules: one for the image that was released last, one for the
 * image before it, and one for each further image that CloudFormation may still return to.
 */
export interface Releases {
  readonly latest: string;
  readonly previous?: string;
  readonly earlier: readonly string[];
}

/** Which image each release tag is on. */
export type TaggedImages = ReadonlyMap<string, string>;

export interface Move {
  readonly tag: string;
  readonly digest: string;
}

/** All release tags of a guard whose first one is this: one for each image on record, and one each to move through and to spare. */
export function releaseTags(tag: string): { readonly latest: string; readonly previous: string; readonly earlier: readonly string[] } {
  const earlier = Array.from({ length: MOST_IMAGES }, (_, index) => `${tag}-earlier-${index + 1}`);
  return { latest: tag, previous: `${tag}-previous`, earlier };
}

/**
 * The order in which tags move. Nothing moves that is in its place already, and no image that is to keep a tag is ever
 * without one.
 */
export function planMoves(tag: string, tagged: TaggedImages, { latest, previous, earlier }: Releases): Move[] {
  const tags = releaseTags(tag);
  const all = [tags.latest, tags.previous, ...tags.earlier];
  const kept = new Set([latest, previous, ...earlier]);
  const now = new Map(tagged);
  const moves: Move[] = [];

  /** Nobody would miss this tag where it is. */
  const isFree = (name: string) => {
    const digest = now.get(name)!;
    return !kept.has(digest) || all.some((other) => other !== name && now.get(other) === digest);
  };
  const tagFor = ({ anyOf, digest }: Step) =>
    anyOf.find((name) => now.get(name) === digest) ?? anyOf.find((name) => !now.has(name)) ?? anyOf.find(isFree);
  const store = (digest: string): Step => ({ anyOf: tags.earlier, digest });

  const open: Step[] = [
    ...earlier.filter((digest) => digest !== latest && digest !== previous).map(store),
    // Where nothing came before, the tag is left to what was released last, not to what a rollback takes back.
    ...previous ?? now.has(tags.previous) ? [{ anyOf: [tags.previous], digest: previous ?? latest }] : [],
    { anyOf: [tags.latest], digest: latest },
  ];
  for (;;) {
    const step = open.find(tagFor)
      // Two images want each other's last tag, so that one of them has to move out of the way first.
      ?? open.map(({ anyOf: [name] }) => store(now.get(name)!)).find(tagFor);
    if (!step) return moves;

    const name = tagFor(step)!;
    if (now.get(name) !== step.digest) moves.push({ tag: name, digest: step.digest });
    now.set(name, step.digest);
    if (open.includes(step)) open.splice(open.indexOf(step), 1);
  }
}

/** A move, with what it takes. */
export interface MoveOfImage extends Move {
  readonly manifest: Manifest | ImageFailure;
}

/** The image is to have one of these tags. */
interface Step {
  readonly anyOf: readonly string[];
  readonly digest: string;
}

/** The image behind a tag that ECR does not hand out, such as one in the archive: nobody can say which it is. */
const UNREADABLE = 'unreadable';

/** The release tags of one guard in its registry. */
export class ReleaseTags {
  /** As it was read last. */
  private tagged: TaggedImages | undefined;

  constructor(private readonly ecr: EcrClient, public readonly tag: string) {}

  /** An image's manifest and, in the same call, the release tags. */
  public async manifestOf(imageDigest: string): Promise<Manifest | ImageFailure | undefined> {
    return this.read(imageDigest);
  }

  /**
   * What has to move so that these are kept. An image that is gone cannot be kept any more. With `sparingLatest` nothing
   * takes the last tag of the image that the registry says was released last, even if nobody here knows of it:
   * another request may have released it meanwhile. Nothing moves then either unless each image can be had, whereas a
   * rollback moves what it can.
   *
   * @throws what `troubleOf` explains
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
   * The images that the registry says were released, each once: the latest, the one before, and earlier ones.
   *
   * @throws what `troubleOf` explains
   */
  public async images(): Promise<string[]> {
    const images = new Set((await this.readOnce()).values());
    images.delete(UNREADABLE);
    return [...images];
  }

  /** @throws what `troubleOf` explains */
  public async move({ tag, manifest }: MoveOfImage): Promise<void> {
    if (manifest instanceof ImageFailure) throw manifest;
    await this.ecr.putTag(tag, manifest);
  }

  /** What was read may no longer be true. */
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
