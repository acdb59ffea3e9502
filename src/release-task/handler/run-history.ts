import { idPrefix, LARGEST_ID } from '../../handler/physical-id';
import { Request } from '../../handler/request';

const PHYSICAL_ID = /^phased-fargate\/[^/]+\/[^/]+((?:\/[A-Za-z0-9_-]{8})*)$/;

/**
 * The releases that have run their task. The physical ID of the custom resource records them:
 *
 *     phased-fargate/<stack>/<logical id>/<the deployed release>/<others, latest first>/…
 *
 * CloudFormation stores the ID and sends it back, so no other storage is needed. The ID has room for at least 69 releases,
 * and for about a hundred with names of usual length. The oldest release is forgotten first. If the ID changes,
 * CloudFormation deletes the old one, which has no effect.
 */
export class RunHistory {
  /** Reads the physical ID of a request. An ID from another source contains no releases. */
  public static of(request: Request): RunHistory {
    const [, releases = ''] = PHYSICAL_ID.exec(request.physicalId) ?? [];
    return new RunHistory(idPrefix(request), releases.split('/').slice(1));
  }

  private constructor(private readonly prefix: string, private readonly releases: readonly string[]) {}

  public get physicalId(): string {
    return [this.prefix, ...this.releases].join('/');
  }

  /** State of a release: it is deployed, it has run earlier, or it is unknown. */
  public placeOf(release: string): 'latest' | 'earlier' | 'none' {
    const place = this.releases.indexOf(release);
    return place < 0 ? 'none' : place === 0 ? 'latest' : 'earlier';
  }

  /** Records that the release has run its task and is now deployed. */
  public after(release: string): RunHistory {
    let releases = [release, ...this.releases.filter((other) => other !== release)];
    while (Buffer.byteLength([this.prefix, ...releases].join('/')) > LARGEST_ID && releases.length > 1) releases = releases.slice(0, -1);
    return new RunHistory(this.prefix, releases);
  }

  /** Records that the release is now deployed, without having run its task again. */
  public backTo(release: string): RunHistory {
    return this.placeOf(release) === 'earlier' ? this.after(release) : this;
  }
}
