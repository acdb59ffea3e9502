import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Options of `docker buildx build`. */
export interface BuildRequest {
  readonly context: string;
  readonly dockerfile: string;
  readonly platforms: string[];
  readonly tags: string[];
  readonly target?: string;
  readonly buildArgs: Record<string, string>;
  readonly contexts: Record<string, string>;

  /** Secret values by id. */
  readonly secrets: Record<string, string>;
  readonly compression?: string;

  /** Buildx attests the provenance of an image unless this is turned off. */
  readonly provenance: boolean;

  /** Whether the build uses neither the cache nor a base image of an earlier build. */
  readonly fromScratch: boolean;
  readonly cacheTo?: string;
}

/** Parses the arguments after `build` as buildx does and refuses unknown ones. */
export function parseBuild(args: string[], env: Record<string, string | undefined>): BuildRequest {
  const list = { type: 'string', multiple: true } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'platform': { type: 'string' },
      'push': { type: 'boolean' },
      'tag': list,
      'file': { type: 'string' },
      'target': { type: 'string' },
      'build-arg': list,
      'build-context': list,
      'secret': list,
      'output': { type: 'string' },
      'provenance': { type: 'string' },
      'sbom': { type: 'string' },
      'attest': list,
      'cache-from': list,
      'cache-to': { type: 'string' },
      'pull': { type: 'boolean' },
      'no-cache': { type: 'boolean' },
    },
  });
  const { platform = '', push, output = '', target } = values;
  if (!push || positionals.length !== 1) throw new Error(`"docker buildx build" requires 1 argument, and nothing is pushed: ${args.join(' ')}`);
  if (output !== '' && !/^type=image,/.test(output)) throw new Error(`ERROR: push and ${output} output can't be used together`);
  const [context] = positionals;
  return {
    context,
    dockerfile: values.file ?? join(context, 'Dockerfile'),
    platforms: platform.split(','),
    tags: values.tag ?? [],
    target,
    // For a build argument without a value, buildx uses the environment variable of the same name, if set.
    buildArgs: Object.fromEntries((values['build-arg'] ?? []).map(pair).flatMap(([name, value = env[name]]) => value === undefined ? [] : [[name, value]])),
    contexts: Object.fromEntries((values['build-context'] ?? []).map(pair).map(([name, value = '']) => [name, value])),
    secrets: Object.fromEntries((values.secret ?? []).map((secret) => {
      const fields = Object.fromEntries(secret.split(',').map(pair));
      // An unset environment variable results in an empty secret.
      return [fields.id, env[fields.env ?? ''] ?? ''];
    })),
    compression: /(?:^|,)compression=(\w+)/.exec(output)?.[1],
    provenance: values.provenance !== 'false',
    fromScratch: Boolean(values.pull && values['no-cache']),
    cacheTo: values['cache-to'],
  };
}

function pair(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
