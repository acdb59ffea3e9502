import { NO_IMAGE } from './answers';
import { Part } from './requirements';
import { View } from './view';
import { Repository } from '../aws/registry';
import { GuardRequest } from '../aws/requests';
import { Question } from '../aws/template';

/** What an invocation could see during its checks. */
export interface Sight {
  readonly fitting: Set<string>;
  readonly views: Array<{ readonly at: number; readonly view: View; readonly deployed?: View; readonly parts: readonly Part[] }>;
  /** Latest results of the requirements for each matching digest. */
  readonly parts: Map<string, readonly Part[]>;
  /** Latest response of ECR for each part that the guard requested. */
  readonly told: Map<string, Part['standing']>;
  examinations: number;
  /** Digests with a release tag at the first request of the invocation. */
  readonly tagged: ReadonlySet<string>;
  /** Digests that were released earlier without a release tag, because none was requested at the time. */
  readonly untagged: ReadonlySet<string>;
  /** Whether all images that the guard may keep were readable at each of its calls. */
  canReadReleases: boolean;
}

/** @param released digests that the guard has released before */
export function newSight({ dialect }: GuardRequest<Question>, { tags }: Repository, released: readonly string[]): Sight {
  const tagged = new Set([...tags].filter(([tag]) => tag.startsWith(dialect.releaseTagPrefix)).map(([, digest]) => digest));
  return {
    fitting: new Set(),
    views: [],
    parts: new Map(),
    told: new Map(),
    examinations: 0,
    tagged,
    untagged: new Set(released.filter((digest) => digest !== NO_IMAGE && !tagged.has(digest))),
    canReadReleases: true,
  };
}
