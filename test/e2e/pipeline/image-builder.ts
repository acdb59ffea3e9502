import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Emulator } from '../../emulator/emulator';
import { pushImage, pushIndex } from '../../emulator/oci';

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
  const content = contentOf(context);
  let digest = '';
  for (const tag of tags) {
    const [, repository, name] = /^[^/]+\/(.+):([^:]+)$/.exec(tag) ?? [];
    digest = platforms.length === 1 && !provenance
      ? await pushImage(emulator, { content, repository, tag: name, platform: platforms[0] })
      : await pushIndex(emulator, { content, repository, tag: name, platforms });
  }
  return digest;
}

function contentOf(directory: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.startsWith('.git') || statSync(join(directory, file)).isDirectory()) continue;
    hash.update(`${file}\0`).update(readFileSync(join(directory, file))).update('\0');
  }
  return hash.digest('hex');
}
