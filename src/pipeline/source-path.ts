import * as fs from 'node:fs';
import * as path from 'node:path';
import { Token } from 'aws-cdk-lib';
import { shown } from '../private/validation';

/**
 * Normalizes a path relative to the root of the source repository, so that git and Docker agree: `./app/` and `app` are the
 * same.
 *
 * @throws if it is not a path within the repository
 */
export function sourcePath(property: string, given: string): string {
  if (typeof given !== 'string' || given === '' || given !== given.trim() || Token.isUnresolved(given) || /\p{Cc}/u.test(given)) {
    throw new Error(`${property} ${shown(given)} is not valid: pass a path that is known at synthesis, without leading or trailing spaces`);
  }
  if (given.includes('://')) throw new Error(`${property} ${shown(given)} is an address: pass a path relative to the root of the source repository`);
  const normalized = path.posix.normalize(given).replace(/(.)\/$/, '$1');
  if (path.posix.isAbsolute(given) || normalized === '..' || normalized.startsWith('../')) {
    throw new Error(`${property} ${shown(given)} is outside the source repository: pass a path relative to its root`);
  }
  return normalized;
}

/**
 * Refuses paths that do not exist, and symbolic links.
 *
 * @param root root of the source repository; if undefined, the path is not checked
 */
export function checkExists(property: string, sources: string, root: string | undefined, kind: 'directory' | 'file'): void {
  if (root === undefined) return;

  const found = statsOf(path.join(root, sources));
  if (!found || found.isDirectory() !== (kind === 'directory')) {
    throw new Error(`${property} ${shown(sources)} is not a ${kind} of the source repository: pass the path relative to its root`);
  }
  // Git would track changes of the link, but not changes of its target.
  const real = path.relative(fs.realpathSync(root), fs.realpathSync(path.join(root, sources))).split(path.sep).join('/') || '.';
  if (real !== sources) {
    if (real.split('/')[0] === '..') throw new Error(`${property} ${shown(sources)} is a symbolic link to a path outside the source repository: pass a path inside it`);
    throw new Error(`${property} ${shown(sources)} is a symbolic link, so a change of its target would not produce a new image: pass ${shown(real)}`);
  }
}

/** Returns undefined for a link whose target is missing, and for links that form a cycle. */
function statsOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

export function isWithin(inner: string, outer: string): boolean {
  return outer === '.' || inner === outer || inner.startsWith(`${outer}/`);
}

/** Path for git that works in any directory of the repository. Without `literal`, git would read special characters as a pattern. */
export function pathspec(sources: string): string {
  if (sources === '.') return ':/';
  return /^[\w./ -]+$/.test(sources) ? `:/${sources}` : `:(top,literal)${sources}`;
}
