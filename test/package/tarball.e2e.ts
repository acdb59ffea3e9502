import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson, tarball } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');

/** All files that users get besides the code compiled from src. */
const NOT_COMPILED = [
  '.jsii',
  '.jsii.tabl.json',
  'API.md',
  'LICENSE',
  'README.md',
  'assets/guard/handler/index.lambda/index.js',
  'assets/release-task/handler/index.lambda/index.js',
  'package.json',
];

/** Sources of the bundles in assets. */
const HANDLER = /^(.+\/)?handler\//;

/** Files that the pipelines embed are published unchanged. */
const EMBEDDED = /^pipeline\/(shell\/.*\.sh|github\/.*\.js)$/;

/** Bundled libraries. They have no further dependencies. */
const BUNDLED = ['fast-json-patch', 'yaml'];

let directory: string;
let content: string[];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'phased-fargate-tarball-'));
  execFileSync('tar', ['-xzf', tarball(), '-C', directory]);
  content = files(join(directory, 'package'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the tarball holds the code compiled from src without the handlers, and the files listed here', () => {
  const sources = files(join(CHECKOUT, 'src'));
  const embedded = sources.filter((file) => EMBEDDED.test(file)).map((file) => `src/${file}`);
  const compiled = sources
    .filter((file) => !HANDLER.test(file) && !EMBEDDED.test(file))
    .flatMap((file) => ['.d.ts', '.js'].map((extension) => `lib/${file.replace(/\.ts$/, extension)}`));
  expect(content.filter((file) => !file.startsWith('node_modules/'))).toEqual([...NOT_COMPILED, ...embedded, ...compiled].sort());
});

/** Paths that the SSM agent writes to. */
const IN_CONTAINERS = ['/var/lib/amazon', '/var/log/amazon'];

test('nothing in the tarball reveals the machine that built it', () => {
  for (const file of content.filter((one) => !one.startsWith('node_modules/'))) {
    const text = readFileSync(join(directory, 'package', file), 'utf8');
    expect({ file, paths: text.match(/(?<![\w.])(?:\/(?:home|root|Users|tmp|var)\/|[A-Z]:\\)[\w\\/.-]+/g)?.filter((path) => !IN_CONTAINERS.includes(path)) ?? [] }).toEqual({ file, paths: [] });
    expect({ file, checkout: text.includes(CHECKOUT) }).toEqual({ file, checkout: false });
    for (const source of sourcesOfMap(text)) expect(source).toMatch(/^(\.\.\/)+src\/[\w/-]+\.ts$/);
  }
});

test('the tarball is at most 1 MB, bundles all dependencies except peers and runs nothing on installation', () => {
  const { dependencies, bundledDependencies, peerDependencies, scripts } = readJson(join(directory, 'package', 'package.json'));
  expect(readdirSync(join(directory, 'package', 'node_modules')).sort()).toEqual(BUNDLED);
  expect(Object.keys(dependencies)).toEqual(BUNDLED);
  expect(bundledDependencies).toEqual(BUNDLED);
  expect(Object.keys(peerDependencies).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  expect(Object.keys(scripts).filter((script) => /^(pre|post)?(install|prepare|uninstall)$/.test(script))).toEqual([]);
  expect(statSync(tarball()).size).toBeLessThanOrEqual(1_000_000);
});

test('each bundled library includes its license', () => {
  for (const name of BUNDLED) {
    expect(readdirSync(join(directory, 'package', 'node_modules', name)).filter((file) => /^licen[cs]e/i.test(file))).toHaveLength(1);
  }
});

test('an app that renders no workflow loads none of the bundled libraries', () => {
  const loaded = run('require(PACKAGE).DeployWorkflow; print(Object.keys(require.cache))');
  expect(loaded).toContainEqual(expect.stringMatching(/deploy-workflow\.js$/));
  expect(loaded.filter((file) => BUNDLED.some((name) => file.includes(`/node_modules/${name}/`)))).toEqual([]);
});

test('an app without a pipeline loads no code of pipelines', () => {
  const loaded = run('require(PACKAGE).PhasedFargateService; print(Object.keys(require.cache))');
  expect(loaded).toContainEqual(expect.stringMatching(/lib\/phased-fargate-service\.js$/));
  expect(loaded.filter((file) => file.includes('/lib/pipeline/'))).toEqual([]);
});

test('an ES module can import each class by its name', () => {
  const { types } = readJson(join(directory, 'package', '.jsii'));
  const classes = Object.values<{ kind: string; name: string }>(types).filter(({ kind }) => kind !== 'interface').map(({ name }) => name);
  const imported = run('import(PACKAGE + "/lib/index.js").then((names) => print(Object.keys(names).filter((name) => names[name] !== undefined)))');
  expect(imported).toEqual(expect.arrayContaining(classes));
  expect(classes).toContain('PhasedFargateService');
});

test('npm would publish the package publicly', () => {
  const report = JSON.parse(execFileSync('npm', ['publish', '--dry-run', '--json', tarball()], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }));
  const { name, files: published } = report['@org/phased-fargate'] ?? report;
  expect(name).toBe('@org/phased-fargate');
  expect(published.map(({ path }: { path: string }) => path).sort()).toEqual(content);
  expect(readJson(join(directory, 'package', 'package.json')).publishConfig).toEqual({ access: 'public' });
});

/** Runs a program with the unpacked package, and returns what it prints. */
function run(program: string): string[] {
  const given = `const PACKAGE = ${JSON.stringify(join(directory, 'package'))}; const print = (value) => console.log(JSON.stringify(value));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', `${given} ${program}`], {
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: join(CHECKOUT, 'node_modules') },
  }));
}

/** Sources listed in an inline source map. */
function sourcesOfMap(text: string): string[] {
  const map = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)/.exec(text);
  return map ? JSON.parse(Buffer.from(map[1], 'base64').toString('utf8')).sources : [];
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(folder, file)).isFile()).sort();
}
