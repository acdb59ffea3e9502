import { EcrClient, ImageDetail, ImageFailure, Manifest, troubleOf } from './client';
import { Observation } from '../observation';
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

/** All release tags of a guard whose first one is this. */
export function releaseTags(tag: string): { readonly latest: string; readonly previous: string; readonly earlier: readonly string[] } {
  const earlier = Array.from({ length: MOST_IMAGES - 1 }, (_, index) => `${tag}-earlier-${index + 1}`);
  return { latest: tag, previous: `${tag}-previous`, earlier };
}

/**
 * The order in which tags move. Nothing moves that is in its place already, and no image that is to keep a tag is ever
 * without one.
 */
export function planMoves(tag: string, tagged: TaggedImages, { latest, previous, earlier }: Releases): Move[] {
  const tags = releaseTags(tag);
  const kept = new Set([latest, previous, ...earlier].filter((digest) => digest !== undefined));
  const moves: Move[] = [];
  const now = new Map(tagged);
  const move = (name: string, digest: string) => {
    if (now.get(name) === digest) return;
    now.set(name, digest);
    moves.push({ tag: name, digest });
  };
  const isKeptBy = (digest: string, names: readonly string[]) => names.some((name) => now.get(name) === digest);
  /** What a move of this tag would leave without one. */
  const bereaved = (name: string, digest: string) => {
    const before = now.get(name);
    const others = [tags.latest, tags.previous, ...tags.earlier].filter((other) => other !== name);
    return before !== undefined && before !== digest && kept.has(before) && !isKeptBy(before, others) ? before : undefined;
  };
  const store = (digest: string) => {
    if (isKeptBy(digest, tags.earlier)) return;
    const free = tags.earlier.find((name) => !now.has(name)) ?? tags.earlier.find((name) => !kept.has(now.get(name)!));
    if (free) move(free, digest);
  };

  for (const digest of earlier) {
    if (digest !== latest && digest !== previous) store(digest);
  }
  const targets: Move[] = [...previous ? [{ tag: tags.previous, digest: previous }] : [], { tag: tags.latest, digest: latest }];
  // Whichever goes first must not take the last tag of an image that gets its new one only afterwards.
  if (targets.length === 2 && bereaved(targets[0].tag, targets[0].digest)) targets.reverse();
  for (const target of targets) {
    const digest = bereaved(target.tag, target.digest);
    if (digest) store(digest);
    move(target.tag, target.digest);
  }
  return moves;
}

/** The release tags of one guard in its registry. */
export class ReleaseTags {
  /** As it was read last; a failure where ECR does not say it of each tag. */
  private tagged: TaggedImages | ImageFailure | undefined;

  constructor(private readonly ecr: EcrClient, public readonly tag: string) {}

  /** An image's manifest and, in the same call, all release tags, unless they need not move for this image. */
  public async manifestOf({ imageDigest, imageTags = [] }: ImageDetail & { readonly imageDigest: string }): Promise<Manifest | ImageFailure | undefined> {
    if (imageTags.includes(this.tag)) return (await this.ecr.getManifests([{ imageDigest }]))[0];
    return this.read(imageDigest);
  }

  /**
   * What has to move so that these are kept. With `sparingLatest` nothing takes the last tag of the image that the
   * registry says was released last, even if nobody here knows of it: another request may have released it meanwhile.
   *
   * @throws what `troubleOf` explains
   */
  public async plan(releases: Releases, { sparingLatest }: { sparingLatest: boolean }): Promise<Move[]> {
    const tagged = await this.readOnce(releases.latest);
    const spared = sparingLatest ? tagged.get(this.tag) : undefined;
    return planMoves(this.tag, tagged, { ...releases, earlier: [...releases.earlier, ...spared ? [spared] : []] });
  }

  /**
   * The image that the registry says was released last.
   *
   * @throws what `troubleOf` explains
   */
  public async latest(): Promise<string | undefined> {
    return (await this.readOnce()).get(this.tag);
  }

  /**
   * Moves one tag.
   *
   * @returns what prevents it
   */
  public async move({ tag, digest }: Move): Promise<Observation | undefined> {
    try {
      const [manifest] = await this.ecr.getManifests([{ imageDigest: digest }]);
      if (manifest instanceof ImageFailure) throw manifest;
      if (!manifest) return { kind: 'missing' };
      await this.ecr.putTag(tag, manifest);
      return undefined;
    } catch (error) {
      this.forget();
      return troubleOf(error);
    }
  }

  /** What was read may no longer be true. */
  public forget(): void {
    this.tagged = undefined;
  }

  private async readOnce(imageDigest?: string): Promise<TaggedImages> {
    if (!this.tagged) await this.read(imageDigest);
    if (this.tagged instanceof ImageFailure) throw this.tagged;
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
    this.tagged = tagged.find((manifest) => manifest instanceof ImageFailure)
      ?? new Map(names.flatMap((name, index) => {
        const manifest = tagged[index] as Manifest | undefined;
        return manifest ? [[name, manifest.digest]] : [];
      }));
    return image;
  }
}
