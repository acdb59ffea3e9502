import { idPrefix, LARGEST_ID } from '../../handler/physical-id';
import { Request } from '../../handler/request';

const PHYSICAL_ID = /^phased-fargate\/[^/]+\/[^/]+((?:\/[A-Za-z0-9_-]{8})*)$/;

/**
 * The releases that have run their task, in the physical id of the custom resource:
 *
 *     phased-fargate/<stack>/<logical id>/<the release that is deployed>/<others, the latest first>/…
 *
 * CloudFormation keeps the id and hands it back, so that no storage has to be kept, paid for and cleaned up. It has room
 * for 69 releases at least, and for about a hundred with names of usual length; the oldest one is forgotten first. A
 * changed id makes CloudFormation delete the old one, which does nothing.
 */
export class RunHistory {
  /** Reads the physical id of a request. An id that something else has made says nothing. */
  public static of(request: Request): RunHistory {
    const [, releases = ''] = PHYSICAL_ID.exec(request.physicalId) ?? [];
    return new RunHistory(idPrefix(request), releases.split('/').slice(1));
  }

  private constructor(private readonly prefix: string, private readonly releases: readonly string[]) {}

  public get physicalId(): string {
    return [this.prefix, ...this.releases].join('/');
  }

  /** What the record says of a release: that it is the one that is deployed, that it has run before that, or nothing. */
  public placeOf(release: string): 'latest' | 'earlier' | 'none' {
    const place = this.releases.indexOf(release);
    return place < 0 ? 'none' : place === 0 ? 'latest' : 'earlier';
  }

  /** The release has run its task, and is the one that is deployed now. */
  public after(release: string): RunHistory {
    let releases = [release, ...this.releases.filter((other) => other !== release)];
    while (Buffer.byteLength([this.prefix, ...releases].join('/')) > LARGEST_ID && releases.length > 1) releases = releases.slice(0, -1);
    return new RunHistory(this.prefix, releases);
  }

  /** The release is the one that is deployed now, without having run its task again. */
  public backTo(release: string): RunHistory {
    return this.placeOf(release) === 'earlier' ? this.after(release) : this;
  }
}
