import { parse } from 'csv-parse/sync';

type Inputs = Record<string, unknown>;

/** Arguments that docker/build-push-action 7 passes to `docker buildx build`, for the inputs that workflows use here. */
export function buildxArguments(inputs: Inputs): string[] {
  const unknown = Object.keys(inputs).filter((name) => !(name in OPTIONS) && name !== 'context');
  if (unknown.length > 0) throw new Error(`Unexpected input(s) '${unknown.join("', '")}'`);
  return [...Object.entries(OPTIONS).flatMap(([name, option]) => option(text(inputs[name]))), text(inputs.context)];
}

const OPTIONS: Record<string, (input: string) => string[]> = {
  'build-args': lists('--build-arg', { ignoreComma: true }),
  'build-contexts': lists('--build-context', { ignoreComma: true }),
  'cache-from': lists('--cache-from', { ignoreComma: true }),
  'cache-to': lists('--cache-to', { ignoreComma: true }),
  'file': words('--file'),
  'no-cache': flag('--no-cache'),
  'outputs': lists('--output', { ignoreComma: true, quote: false }),
  'platforms': (input) => input ? ['--platform', listOf(input).join(',')] : [],
  'provenance': words('--provenance'),
  'pull': flag('--pull'),
  'push': flag('--push'),
  'sbom': words('--sbom'),
  'secret-envs': (input) => listOf(input).flatMap((secret) => {
    const [, id, variable] = /^([^=]+)=(.+)$/.exec(secret) ?? [];
    if (!id) throw new Error(`${secret} is not a valid secret`);
    return ['--secret', `id=${id},env=${variable}`];
  }),
  'tags': lists('--tag'),
  'target': words('--target'),
};

interface Reading {
  readonly ignoreComma?: boolean;
  readonly quote?: false;
}

/** Parses lists like the action: as CSV, one record per line, with surrounding blanks removed. */
function listOf(input: string, { ignoreComma, quote }: Reading = {}): string[] {
  if (input === '') return [];
  const records: string[][] = parse(input, { columns: false, relaxQuotes: true, relaxColumnCount: true, skipEmptyLines: true, quote });
  return records
    .flatMap((record) => {
      if (ignoreComma) return [record.join(',')];
      return record.length === 1 ? record[0].split(',') : record;
    })
    .filter((item) => item !== '')
    .map((item) => item.trim());
}

function lists(option: string, reading?: Reading): (input: string) => string[] {
  return (input) => listOf(input, reading).flatMap((value) => [option, value]);
}

function words(option: string): (input: string) => string[] {
  return (input) => input ? [option, input] : [];
}

/** Booleans of YAML's core schema, which the runner requires. */
function flag(option: string): (input: string) => string[] {
  return (input) => {
    if (!['', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE'].includes(input)) {
      throw new Error(`Input does not meet YAML 1.2 "Core Schema" specification: ${option}`);
    }
    return input.toLowerCase() === 'true' ? [option] : [];
  };
}

/** Passes inputs to actions like the runner. */
function text(input: unknown): string {
  return String(input ?? '').trim();
}
