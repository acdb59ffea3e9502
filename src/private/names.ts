/** Lowercase letters and digits, joined by hyphens. The result is valid in names of repositories and tags, and as a job ID. */
export function kebabCase(words: string[]): string {
  return words.join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}

/** Path of a guard as users know it: without a final `Guard`. */
export function guardedPath(path: string[]): string[] {
  return path.at(-1) === 'Guard' ? path.slice(0, -1) : path;
}
