import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASE_TAG_PREFIX } from '../../src/registry/release-tag-prefix';

const CHECKOUT = join(__dirname, '../..');

const api = new Set([...read('API.md').matchAll(/ id="@org\/phased-fargate\.([^"]+)"/g)].map(([, id]) => id));
const tables = read('docs/guides/renames.md').split(/^## /m).slice(1);
const renames = tables.flatMap((table) => [...table.matchAll(/^\| (`.+?) \| (.+?) \| (.+) \|$/gm)])
  .map(([, old, today, remedy]) => ({ old: names(old), today: names(today), remedy }));
const [tags, ofTheApi] = [true, false].map((isTag) => renames.filter(({ old }) => old.every((name) => name.endsWith('-')) === isTag));

test('each rename has one old name, at least one current name, and a remedy', () => {
  expect(ofTheApi.length).toBeGreaterThan(10);
  expect(renames.filter(({ old, today, remedy }) => old.length !== 1 || today.length === 0 || !remedy.endsWith('.'))).toEqual([]);
});

test('the API contains each current name', () => {
  expect(ofTheApi.flatMap(({ today }) => today).filter((name) => !isInApi(name))).toEqual([]);
});

test('the API contains no old name', () => {
  expect(ofTheApi.flatMap(({ old }) => old).filter(isInApi)).toEqual([]);
});

test('the class of each old member, factory, or parameter still exists, so a misspelled row does not go unnoticed', () => {
  const owners = ofTheApi.flatMap(({ old }) => old).filter((name) => /[ .]/.test(name)).map((name) => name.replace(/^new /, '').split('.')[0]);
  expect(owners.length).toBeGreaterThan(10);
  expect(owners.filter((name) => !api.has(name))).toEqual([]);
});

test('the guard sets release tags with the current prefix', () => {
  expect(tags).toHaveLength(1);
  expect(tags.flatMap(({ today }) => today)).toEqual([RELEASE_TAG_PREFIX]);
});

/** Names are `Type`, `new Type`, `Type.member`, or `Type.method(parameter)`. */
function isInApi(name: string): boolean {
  const [, isNew, type, member, parameter] = /^(new )?(\w+)(?:\.(\w+))?(?:\((\w+)\))?$/.exec(name)!;
  if (isNew) return api.has(`${type}.Initializer`);
  if (parameter) return api.has(`${type}.${member}.parameter.${parameter}`);
  return member ? api.has(`${type}.${member}`) || api.has(`${type}.property.${member}`) : api.has(type);
}

function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

function read(path: string): string {
  return readFileSync(join(CHECKOUT, path), 'utf8');
}
