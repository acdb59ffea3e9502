import { Repository } from '../aws/registry';
import { imagePlatforms, Question, referenceOf } from '../aws/template';

/** Actual content of the registry at a moment, for the question in a request to the guard. */
export type View =
  | { readonly kind: 'fits'; readonly digest: string }
  | { readonly kind: 'unnamed' | 'missing' | 'repositoryMissing' | 'archived' | 'activating' | 'unfit' };

export function viewOf(question: Question, repositories: ReadonlyMap<string, Repository>): View {
  const { tag, digest } = referenceOf(question);
  if (tag === undefined && digest === undefined) return { kind: 'unnamed' };
  const repository = repositories.get(question.repository);
  if (!repository?.exists) return { kind: 'repositoryMissing' };
  const named = tag === undefined ? digest : repository.tags.get(tag);
  return named === undefined ? { kind: 'missing' } : viewOfDigest(named, question, repository);
}

export function viewOfDigest(digest: string, question: Question, repository: Repository): View {
  const stored = repository.images.get(digest);
  if (!stored) return { kind: 'missing' };
  if (stored.status !== 'ACTIVE') return { kind: stored.status === 'ARCHIVED' ? 'archived' : 'activating' };
  const { platforms, single } = stored.image;
  // Nothing runs it, so it need not be a container image.
  if (question.platforms.length === 0 && !question.singleManifest) return { kind: 'fits', digest };
  const runs = platforms.length > 0 && imagePlatforms(question).every((platform) => platforms.includes(platform));
  return runs && (single || !question.singleManifest) ? { kind: 'fits', digest } : { kind: 'unfit' };
}
