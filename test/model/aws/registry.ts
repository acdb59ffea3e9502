import { Image } from './images';

export type ImageStatus = 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING';

export interface Stored {
  readonly image: Image;
  readonly pushedAt: number;
  status: ImageStatus;
}

/** Whether a tag can be moved to another image. */
export type Mutability = 'mutable' | 'immutable' | 'immutableExceptReserved';

/** ECR's quota, which cannot be raised. */
export const MOST_TAGS = 1000;

/** Images and tags of one repository, and the operations of its owner. */
export class Repository {
  public readonly images = new Map<string, Stored>();
  /** Digests by tag. */
  public readonly tags = new Map<string, string>();
  /** Number of further tags of each image that are not listed above. */
  public readonly otherTags = new Map<string, number>();
  /** Increases with each change. */
  public version = 0;
  /** Deleted and created again by its owner. */
  public exists = true;

  constructor(public readonly name: string, private readonly mutability: Mutability, private readonly onChange: () => void) {}

  /** Like `docker push`, which pushes the children of an index first. Pushing an archived image restores it. */
  public push(image: Image, now: number, tag?: string): boolean {
    if (!this.exists || (tag !== undefined && !this.mayTag(tag, image.digest))) return false;
    for (const child of image.children) this.push(child, now);
    const known = this.images.get(image.digest);
    if (known) {
      known.status = 'ACTIVE';
    } else {
      this.images.set(image.digest, { image, pushedAt: now, status: 'ACTIVE' });
    }
    if (tag !== undefined) this.tags.set(tag, image.digest);
    this.changed();
    return true;
  }

  public mayTag(tag: string, digest: string): boolean {
    const current = this.tags.get(tag);
    if (current === undefined || current === digest || this.mutability === 'mutable') return true;
    return this.mutability === 'immutableExceptReserved' && /^(deployed-|pinned-|latest$|cache)/.test(tag);
  }

  /** Deletes an image with all of its tags and the children that no other index needs. */
  public delete(digest: string): void {
    const stored = this.images.get(digest);
    if (!stored || this.isChild(digest)) return;
    this.images.delete(digest);
    this.otherTags.delete(digest);
    for (const [tag, named] of this.tags) if (named === digest) this.tags.delete(tag);
    for (const child of stored.image.children) if (this.tagsOf(child.digest).length === 0) this.delete(child.digest);
    this.changed();
  }

  /** Deletes the repository with everything in it. */
  public setExists(exists: boolean): void {
    if (!exists) for (const content of [this.images, this.tags, this.otherTags]) content.clear();
    this.exists = exists;
    this.changed();
  }

  public setStatus(digest: string, status: ImageStatus): void {
    const stored = this.images.get(digest);
    if (!stored) return;
    stored.status = status;
    this.changed();
  }

  /** Applies lifecycle rules: one protects the tags of deployed images, and one expires all but the newest few images. */
  public expire(keep: number): void {
    const shielded = (digest: string) => this.tagsOf(digest).some((tag) => /^(deployed|pinned)-/.test(tag));
    const [...unshielded] = [...this.images.values()].filter(({ image }) => !shielded(image.digest) && !this.isChild(image.digest));
    unshielded.sort((one, other) => other.pushedAt - one.pushedAt);
    for (const { image } of unshielded.slice(keep)) this.delete(image.digest);
  }

  public tagsOf(digest: string): string[] {
    return [...this.tags].filter(([, named]) => named === digest).map(([tag]) => tag);
  }

  public countTags(digest: string): number {
    return this.tagsOf(digest).length + (this.otherTags.get(digest) ?? 0);
  }

  public setTag(tag: string, digest: string): void {
    this.tags.set(tag, digest);
    this.changed();
  }

  public blob(digest: string): Buffer | undefined {
    for (const { image } of this.images.values()) {
      const found = image.blobs.get(digest);
      if (found) return found;
    }
    return undefined;
  }

  private isChild(digest: string): boolean {
    return [...this.images.values()].some(({ image }) => image.children.some((child) => child.digest === digest));
  }

  private changed(): void {
    this.version++;
    this.onChange();
  }
}
