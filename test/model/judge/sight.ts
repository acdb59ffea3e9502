import { NO_IMAGE } from './answers';
import { Part } from './requirements';
import { View } from './view';
import { Repository } from '../aws/registry';
import { GuardRequest } from '../aws/requests';
import { Question } from '../aws/template';

/** What was to be seen while an invocation looked. */
export interface Sight {
  readonly fitting: Set<string>;
  readonly views: Array<{ readonly at: number; readonly view: View; readonly deployed?: View; readonly parts: readonly Part[] }>;
  /** What is required of each digest that fits, as it was last. */
  readonly parts: Map<string, readonly Part[]>;
  /** What ECR has said last of each part that it was asked about. */
  readonly told: Map<string, Part['standing']>;
  examinations: number;
  /** Digests that had a release tag when the invocation began to ask. */
  readonly tagged: ReadonlySet<string>;
  /** Digests that were released before and had none then, because none was asked for at that time. */
  readonly untagged: ReadonlySet<string>;
  /** Whether ECR would have handed out everything that the guard may want to keep, at each of its calls. */
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
