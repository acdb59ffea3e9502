import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Git repository of a user with one of the examples. */
export class SourceRepository {
  constructor(public readonly directory: string, example: string) {
    cpSync(example, directory, { recursive: true });
    appendFileSync(join(directory, '.gitignore'), 'node_modules\ncdk.out\n');
    this.git('init', '--quiet', '--initial-branch=main');
    this.commit();
  }

  /** The commit that is checked out. */
  public get sha(): string {
    return this.git('rev-parse', 'HEAD').trim();
  }

  /** Commits of the branch, oldest first. */
  public commits(): string[] {
    return this.git('rev-list', '--reverse', 'main').trim().split('\n');
  }

  /** A file as it was in a commit. */
  public read(file: string, sha: string): string {
    return this.git('show', `${sha}:${file}`);
  }

  public write(file: string, content: string): void {
    writeFileSync(join(this.directory, file), content);
  }

  public remove(file: string): void {
    rmSync(join(this.directory, file));
  }

  public edit(file: string, from: string | RegExp, to: string): void {
    const source = readFileSync(join(this.directory, file), 'utf8');
    const edited = source.replace(from, to);
    if (edited === source) throw new Error(`${file} has no ${from}`);
    this.write(file, edited);
  }

  /** Commits everything. Returns the commit's id. */
  public commit(): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'a change');
    return this.sha;
  }

  /** Reverts the last commit with a new one. */
  public revert(): string {
    this.git('revert', '--no-edit', 'HEAD');
    return this.sha;
  }

  /** Makes a fresh clone with the requested depth of history. */
  public clone(directory: string, sha: string, depth: number): void {
    // git ignores the depth for a plain path.
    this.git('clone', '--quiet', '--no-checkout', `file://${this.directory}`, directory);
    if (depth > 0) {
      execFileSync('rm', ['-rf', directory]);
      this.git('init', '--quiet', directory);
      this.git('-C', directory, 'fetch', '--quiet', `--depth=${depth}`, `file://${this.directory}`, sha);
    }
    this.git('-C', directory, 'checkout', '--quiet', '--detach', sha);
  }

  private git(...args: string[]): string {
    return execFileSync('git', [
      '-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com', '-c', 'commit.gpgsign=false', '-c', 'uploadpack.allowAnySHA1InWant=true', ...args,
    ], { cwd: this.directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
