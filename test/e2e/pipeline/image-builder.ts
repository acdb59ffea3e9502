import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BuildRequest } from './buildx-arguments';
import { Emulator } from '../../emulator/emulator';
import { copyImage, pushImage, pushIndex } from '../../emulator/oci';
import { Program } from '../../emulator/programs';

/** Stand-in for BuildKit and for the parts of buildx that only talk to registries. */
export class ImageBuilder {
  /**
   * @param emulator with the registries
   * @param directory of the sources
   * @param log file that records every build with the values of its secrets
   */
  constructor(private readonly emulator: Pick<Emulator, 'endpoint' | 'env'>, private readonly directory: string, private readonly log: string) {}

  /**
   * Pushes a real image that names its inputs, so that the same inputs result in the same digest. A Dockerfile with
   * `RUN false` fails. Returns the digest.
   */
  public async build(request: BuildRequest): Promise<string> {
    appendFileSync(this.log, `${JSON.stringify(request)}\n`);
    const { context, dockerfile, tags, platforms, provenance, target, buildArgs, contexts, compression, fromScratch } = request;
    const instructions = readFileSync(join(this.directory, dockerfile), 'utf8');
    if (instructions.includes('RUN false')) {
      throw new Error('process "/bin/sh -c false" did not complete successfully: exit code: 1');
    }
    const directories = Object.values(contexts).filter((value) => !value.includes('://'));
    const content = createHash('sha256').update(JSON.stringify({
      sources: [context, ...directories].map((directory) => contentOf(join(this.directory, directory))),
      instructions,
      target,
      buildArgs,
      contexts,
      compression,
      // A newer base image.
      base: fromScratch ? process.hrtime.bigint().toString() : '',
    })).digest('hex');
    let digest = '';
    for (const tag of tags) {
      const image = { content: programOf(content, join(this.directory, context), instructions), ...reference(tag) };
      digest = platforms.length === 1 && !provenance
        ? await pushImage(this.emulator as Emulator, { ...image, platform: platforms[0] })
        : await pushIndex(this.emulator as Emulator, { ...image, platforms });
    }
    return digest;
  }

  /** `docker buildx imagetools create --tag <tag> <source>` for one source, given by its digest. */
  public async copy(source: string, tag: string): Promise<void> {
    const [name, digest] = source.split('@');
    await copyImage(this.emulator as Emulator, { ...reference(`${name}:-`), tag: digest }, reference(tag));
  }
}

/** `<registry>/<repository>:<tag>` */
function reference(text: string): { registry: string; repository: string; tag: string } {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(text) ?? [];
  if (!registry) throw new Error(`invalid reference format: ${text}`);
  return { registry, repository, tag };
}

/** Supports only the instructions of the examples. From Node's image they inherit a user and `node`, which the emulator also has. */
function programOf(builtFrom: string, context: string, dockerfile: string): Program {
  const instructions = dockerfile.split('\n').map((line) => line.trim().split(/\s+/));
  const last = (name: string) => instructions.filter(([instruction]) => instruction === name).at(-1)?.slice(1).join(' ');
  const folder = last('WORKDIR') ?? '/';
  const copied = instructions.filter(([instruction]) => instruction === 'COPY').flatMap((instruction) => instruction.slice(1, -1));
  const copies = copied.filter((file) => existsSync(join(context, file)) && statSync(join(context, file)).isFile())
    .map((file) => [join(folder, file).slice(1), readFileSync(join(context, file))]);
  return {
    files: { 'etc/passwd': 'node:x:1000:1000::/home/node:/bin/sh\n', 'built-from': builtFrom, ...Object.fromEntries(copies) },
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
