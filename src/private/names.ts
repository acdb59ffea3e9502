/** Lower-case letters and digits, joined by hyphens: valid in names of repositories and tags, and in ids of jobs. */
export function kebabCase(words: string[]): string {
  return words.join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}

/** The path of what users know a guard by: as in logical ids, what each path ends with says nothing. */
export function guardedPath(path: string[]): string[] {
  return path.at(-1) === 'Guard' ? path.slice(0, -1) : path;
}
