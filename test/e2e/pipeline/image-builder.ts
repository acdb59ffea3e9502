import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Emulator } from '../../emulator/emulator';
import { pushImage, pushIndex } from '../../emulator/oci';
import { Program } from '../../emulator/programs';

export interface Build {
  readonly context: string;
  readonly dockerfile: string;
  /** `<registry>/<repository>:<tag>` */
  readonly tags: string[];
  readonly platforms: string[];
  /** Buildx attests where an image comes from, which makes an index of it. */
  readonly provenance: boolean;
}

/**
 * What stands in for buildx: pushes a real image which says what it was built from, so that the same files make the same
 * digest. A Dockerfile with `RUN false` fails. Returns the digest.
 */
export async function buildAndPush(emulator: Emulator, { context, dockerfile, tags, platforms, provenance }: Build): Promise<string> {
  if (readFileSync(dockerfile, 'utf8').includes('RUN false')) {
    throw new Error('process "/bin/sh -c false" did not complete successfully: exit code: 1');
  }
  const content = programOf(context, dockerfile);
  let digest = '';
  for (const tag of tags) {
    const [, repository, name] = /^[^/]+\/(.+):([^:]+)$/.exec(tag) ?? [];
    digest = platforms.length === 1 && !provenance
      ? await pushImage(emulator, { content, repository, tag: name, platform: platforms[0] })
      : await pushIndex(emulator, { content, repository, tag: name, platforms });
  }
  return digest;
}

/** Does the few instructions that the examples have. What they inherit from Node's image is a user, and a `node` that the emulator has too. */
function programOf(context: string, dockerfile: string): Program {
  const instructions = readFileSync(dockerfile, 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  const last = (name: string) => instructions.filter(([instruction]) => instruction === name).at(-1)?.slice(1).join(' ');
  const folder = last('WORKDIR') ?? '/';
  const copied = instructions.filter(([instruction]) => instruction === 'COPY').flatMap((instruction) => instruction.slice(1, -1));
  const copies = copied.filter((file) => existsSync(join(context, file)) && statSync(join(context, file)).isFile())
    .map((file) => [join(folder, file).slice(1), readFileSync(join(context, file))]);
  return {
    files: { 'etc/passwd': 'node:x:1000:1000::/home/node:/bin/sh\n', 'built-from': contentOf(context), ...Object.fromEntries(copies) },
    config: { WorkingDir: folder, User: last('USER'), Cmd: JSON.parse(last('CMD') ?? '[]') },
  };
}

function contentOf(directory: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.startsWith('.git') || statSync(join(directory, file)).isDirectory()) continue;
    hash.update(`${file}\0`).update(readFileSync(join(directory, file))).update('\0');
  }
  return hash.digest('hex');
}
