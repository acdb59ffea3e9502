import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJson } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');
const { types } = readJson(join(CHECKOUT, '.jsii'));

/** Members that every construct and every function has, which need no description here. */
const SELF_EXPLANATORY = ['scope', 'id', 'props', 'options'];

interface Documented {
  readonly name: string;
  readonly docs?: { readonly summary?: string; readonly default?: string };
  readonly optional?: boolean;
}

interface Type extends Documented {
  readonly fqn: string;
  readonly kind: 'class' | 'interface' | 'enum';
  readonly properties?: Documented[];
  readonly methods?: (Documented & { parameters?: Documented[] })[];
  readonly members?: Documented[];
  readonly initializer?: { parameters?: Documented[] };
}

const TYPES: Type[] = Object.values(types);

test.each(TYPES.map((type) => [type.name, type] as const))('%s and all of its members have a description', (_, type) => {
  const members = [type, ...type.properties ?? [], ...type.methods ?? [], ...type.members ?? []];
  const parameters = parametersOf(type).filter(({ name }) => !SELF_EXPLANATORY.includes(name));
  expect([...members, ...parameters].filter(({ docs }) => !docs?.summary).map(({ name }) => name)).toEqual([]);
});

test.each(TYPES.filter(({ kind }) => kind === 'interface').map((type) => [type.name, type] as const))('%s states the default of every option', (_, type) => {
  const silent = (type.properties ?? []).filter(({ optional, docs }) => optional && !docs?.default?.trim());
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test('no name is a reserved word in any of the languages', () => {
  const { isReservedName } = jest.requireActual(join(dirname(require.resolve('jsii/package.json')), 'lib', 'reserved-words'));
  expect(isReservedName('namespace')).toContain('C#');

  const names = TYPES.flatMap((type) => [type, ...type.properties ?? [], ...type.methods ?? [], ...parametersOf(type)].map(({ name }) => `${type.name}.${name}`));
  expect(names.length).toBeGreaterThan(100);
  // RFC 6902 names the operation `copy`. This is also a built-in function of Go, but methods begin with a capital letter there.
  expect(names.filter((name) => isReservedName(name.split('.')[1]))).toEqual(['JsonPatch.copy']);
});

test('API.md has a section for each type and a description for everything', () => {
  const reference = readFileSync(join(CHECKOUT, 'API.md'), 'utf8');
  expect(reference).not.toContain('*No description.*');
  expect(TYPES.filter(({ fqn }) => !reference.includes(`id="${fqn}"`)).map(({ fqn }) => fqn)).toEqual([]);
});

test('every link within API.md has a target, and each property of a struct is described once', () => {
  const reference = readFileSync(join(CHECKOUT, 'API.md'), 'utf8');
  const ids = [...reference.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  const targets = [...reference.matchAll(/(?:href="|\]\()#([^")]*)/g)].map(([, target]) => target);
  expect(targets.filter((target) => !ids.includes(target))).toEqual([]);

  const own = TYPES.filter(({ kind }) => kind === 'interface').flatMap(({ fqn, properties = [] }) => properties.map(({ name }) => `${fqn}.property.${name}`));
  const structs = own.map((id) => id.replace(/\.property.*/, '.'));
  expect(ids.filter((id) => id.includes('.property.') && structs.some((struct) => id.startsWith(struct))).sort()).toEqual(own.sort());
});

function parametersOf({ methods, initializer }: Type): Documented[] {
  return [...methods ?? [], initializer].flatMap((callable) => callable?.parameters ?? []);
}
