// Adds a table of contents to the beginning of API.md, in the order of the phases instead of the alphabet. Describes the
// parameters that every construct has. Describes each property of a struct only once, where it is declared.
import { readFileSync, writeFileSync } from 'node:fs';

const PHASES = {
  'src': 'All three phases',
  'src/registry': 'Phase 1: the registry',
  'src/guard': 'Between phases 2 and 3: the guard',
  'src/release-task': 'Before phase 3: release tasks',
  'src/service': 'Phase 3: the service',
  'src/pipeline': 'The order in CI',
  'src/pipeline/github': 'The order in GitHub Actions',
  'src/pipeline/codepipeline': 'The order in CDK Pipelines',
};

const PARAMETERS = {
  scope: 'parent of the construct: an app, a stack, or any other construct.',
  id: 'ID of the construct, unique within its scope.',
  props: 'properties of the construct.',
};

const assembly = JSON.parse(readFileSync('.jsii', 'utf8')).types;
const types = Object.values(assembly);
const folder = ({ locationInModule: { filename } }) => filename.replace(/\/[^/]*$/, '');
const lost = types.filter((type) => !(folder(type) in PHASES));
if (lost.length > 0) throw new Error(`these belong to no phase: ${lost.map(({ name }) => name).join(', ')}`);

const contents = Object.entries(PHASES).flatMap(([path, title]) => [
  '', `**${title}**`, '',
  '| | |', '|---|---|',
  ...types.filter((type) => folder(type) === path).sort(constructsFirst)
    .map(({ name, fqn, docs }) => `| [${name}](#${fqn}) | ${docs.summary.replace(/\|/g, '\\|')} |`),
]);
let reference = readFileSync('API.md', 'utf8');
for (const { fqn, kind, properties = [], interfaces = [] } of types) {
  if (kind !== 'interface') continue;
  for (const [name, declaredBy] of inherited(interfaces)) {
    if (properties.some((own) => own.name === name)) continue;
    const anchor = `${fqn}.property.${name}`;
    const [before, after, ...others] = reference.split(new RegExp(`^##### .* id="${escaped(anchor)}"></a>$[^]*?(?=^##)`, 'm'));
    if (after === undefined || others.length > 0) throw new Error(`API.md does not describe ${anchor} once`);
    reference = (before + after).replace(`href="#${anchor}"`, `href="#${declaredBy}.property.${name}"`);
  }
}
writeFileSync('API.md', reference
  .replace(/^(# API Reference.*\n)/, `$1${contents.join('\n')}\n`)
  .replace(/(parameter\.(scope|id|props)">.* \| )\*No description\.\*/g, (_, row, name) => row + PARAMETERS[name]));

function constructsFirst(a, b) {
  const rank = ({ kind, interfaces = [], base }) => kind === 'interface' ? 2 : base || interfaces.length > 0 ? 0 : 1;
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}

/** Each property of these interfaces and their base interfaces, with the name of the interface that declares it. */
function inherited(interfaces) {
  return interfaces.filter((fqn) => fqn in assembly).flatMap((fqn) => [
    ...(assembly[fqn].properties ?? []).map(({ name }) => [name, fqn]),
    ...inherited(assembly[fqn].interfaces ?? []),
  ]).filter(([name], index, all) => all.findIndex(([other]) => other === name) === index);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
