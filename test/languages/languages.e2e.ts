import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consumer, LOWEST } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');
const DIST = join(CHECKOUT, 'dist');
const CDK = join(CHECKOUT, 'node_modules', '.bin', 'cdk');
const ROSETTA = join(CHECKOUT, 'node_modules', '.bin', 'jsii-rosetta');
const TEMPLATES = ['AppStack.template.json', 'FargateStack.template.json'];

/** How users of each language install the packed library into the example. `app` runs it if cdk.json does not. */
const LANGUAGES: Record<string, { install: (directory: string) => void; env?: (directory: string) => NodeJS.ProcessEnv }> = {
  python: {
    install: (directory) => {
      run(directory, 'python3', '-m', 'venv', '.venv');
      run(directory, '.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
        find('python', /\.whl$/), `aws-cdk-lib==${LOWEST.cdk}`, `constructs==${LOWEST.constructs}`);
    },
    env: (directory) => ({ PATH: `${join(directory, '.venv', 'bin')}:${process.env.PATH}` }),
  },
  java: {
    install: (directory) => {
      run(directory, 'mvn', '--quiet', '--batch-mode', 'install:install-file',
        `-Dfile=${find('java', /phased-fargate-[\d.]+\.jar$/)}`, `-DpomFile=${find('java', /phased-fargate-[\d.]+\.pom$/)}`);
      run(directory, 'mvn', '--quiet', '--batch-mode', 'compile');
    },
  },
  go: {
    install: (directory) => {
      run(directory, 'go', 'mod', 'edit', '-replace', `github.com/org/phased-fargate-go/phasedfargate=${join(DIST, 'go', 'phasedfargate')}`);
      run(directory, 'go', 'mod', 'tidy');
      run(directory, 'go', 'vet', '.');
      run(directory, 'go', 'build', '-o', join(directory, 'app'), '.');
    },
  },
};

/** Options of deployment strategies that the minimum aws-cdk-lib lacks. */
const WITHOUT_STRATEGY = ['canaryPercent', 'canaryBakeTime', 'linearStepPercent', 'linearStepBakeTime'];

/** Text, because the compiler of this checkout cannot resolve the packed library. */
const EVERY_OPTION = readFileSync(join(__dirname, 'every-option.ts.txt'), 'utf8');

let fromTypeScript: Record<string, string>;
let everyOption: { readonly fromTypeScript: string; readonly inPython: string };
const directories: string[] = [];

beforeAll(async () => {
  const consumer = await Consumer.install(LOWEST);
  try {
    fromTypeScript = synth(programOfTheGuide(consumer));
    const directory = exampleWith(consumer, 'every-option', EVERY_OPTION);
    everyOption = { fromTypeScript: synth(directory, {}, ['FargateStack.template.json'])['FargateStack.template.json'], inPython: toPython(directory) };
  } finally {
    consumer.remove();
  }
});

afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

test('the program of the guide has a guard with requirements and a release task', () => {
  const { Resources } = JSON.parse(fromTypeScript['FargateStack.template.json']);
  const types = Object.values<any>(Resources).map(({ Type }) => Type);

  expect(types).toContain('Custom::ReleaseTask');
  expect(Object.values<any>(Resources).find(({ Type }) => Type === 'Custom::ImageGuard').Properties.Requirements).toHaveLength(1);
});

test.each(Object.entries(LANGUAGES))('the example in %s with the packed library synthesizes the same templates as in TypeScript', (language, { install, env }) => {
  const directory = mkdtempSync(join(tmpdir(), `phased-fargate-${language}-`));
  directories.push(directory);
  cpSync(join(CHECKOUT, 'examples', language), directory, { recursive: true });
  install(directory);

  const templates = synth(directory, env?.(directory));
  for (const name of TEMPLATES) {
    expect(templates[name].split('\n')).toEqual(fromTypeScript[name].split('\n'));
  }
});

test('a program with every option in Python synthesizes the same template as in TypeScript', () => {
  const types = JSON.parse(readFileSync(join(CHECKOUT, '.jsii'), 'utf8')).types;
  const optionsOf = (name: string): string[] => {
    const { interfaces = [], properties = [] } = types[name] ?? {};
    return [...interfaces.flatMap(optionsOf), ...properties.map((property: { name: string }) => property.name)];
  };
  const options = [
    'PhasedFargateServiceProps', 'LoadBalancerIngressOptions', 'ListenerIngressOptions', 'ScalingOptions', 'ServerErrorsOptions', 'UnhealthyHostsOptions', 'LatencyOptions',
  ].flatMap((name) => optionsOf(`@org/phased-fargate.${name}`));
  expect(options.length).toBeGreaterThan(100);
  expect(options.filter((name) => !WITHOUT_STRATEGY.includes(name) && !EVERY_OPTION.includes(`${name}:`))).toEqual([]);

  const directory = mkdtempSync(join(tmpdir(), 'phased-fargate-every-option-'));
  directories.push(directory);
  writeFileSync(join(directory, 'app.py'), everyOption.inPython);
  cpSync(join(CHECKOUT, 'examples', 'python', 'cdk.json'), join(directory, 'cdk.json'));
  LANGUAGES.python.install(directory);
  const { 'FargateStack.template.json': template } = synth(directory, LANGUAGES.python.env!(directory), ['FargateStack.template.json']);
  expect(template.split('\n')).toEqual(everyOption.fromTypeScript.split('\n'));
});

test('the example in C# uses only members of the generated API', () => {
  const generated = mkdtempSync(join(tmpdir(), 'phased-fargate-dotnet-'));
  directories.push(generated);
  run(CHECKOUT, 'npx', 'jsii-pacmak', '--target', 'dotnet', '--code-only', '--outdir', generated);
  const api = readdirSync(generated, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.cs'))
    .map((file) => readFileSync(join(generated, file), 'utf8'))
    .join('\n');

  const example = readFileSync(join(CHECKOUT, 'examples', 'dotnet', 'Program.cs'), 'utf8');
  expect(example).toMatch(/^using Org\.PhasedFargate;$/m);
  const types = [
    'ImageRegistry', 'ImageRegistryProps', 'PhasedFargateService', 'PhasedFargateServiceProps', 'ImageVersion', 'ImageRequirement', 'ScannedOptions', 'AcceptedFinding',
    'ReleaseTask', 'ReleaseTaskProps',
  ];
  for (const type of types) {
    expect(example).toContain(type);
    expect(api).toMatch(new RegExp(`public (abstract )?class ${type}\\b`));
  }
  const properties = [...example.replace(/new ClusterProps \{[^}]*\}/g, '').matchAll(/\b([A-Z]\w+) = /g)].map(([, name]) => name);
  expect(properties.length).toBeGreaterThan(12);
  for (const property of properties) {
    expect(api).toMatch(new RegExp(`public [^\\n]+ ${property}\\n`));
  }
  expect(api).toMatch(/public enum FindingSeverity\b/);
  expect(api).toMatch(/public interface IAcceptedFinding\b/);
  expect(api).toMatch(/public static [\w.]+ImageRequirement Scanned\([\w.]+IScannedOptions\? options = null\)/);
  expect(api).toMatch(/public virtual void RunBefore\(params [\w.]+IConstruct\[\] services\)/);
  expect(api).toMatch(/public static [\w.]+ImageVersion Tag\(string tag\)/);
});

function programOfTheGuide(consumer: Consumer): string {
  const guide = readFileSync(join(CHECKOUT, 'docs/guides/languages.md'), 'utf8');
  const [, program] = /^```ts nofixture\n([^]*?)^```$/m.exec(guide)!;
  return exampleWith(consumer, 'guide', program);
}

function exampleWith(consumer: Consumer, name: string, program: string): string {
  const directory = consumer.example(name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'app.ts'), program);
  cpSync(join(consumer.example('app-and-fargate-stack'), 'cdk.json'), join(directory, 'cdk.json'));
  return directory;
}

/** jsii-rosetta spells two names differently than jsii-pacmak. */
function toPython(directory: string): string {
  const program = execFileSync(ROSETTA, ['snippet', 'app.ts', '--language', 'python'], { cwd: directory, encoding: 'utf8' });
  return `${program.replace(/_([mg])i_b=/g, '_$1ib=')}\napp.synth()\n`;
}

function synth(directory: string, env: NodeJS.ProcessEnv = {}, templates = TEMPLATES): Record<string, string> {
  execFileSync(CDK, ['synth', '--quiet', '--no-notices', '--no-version-reporting', '--no-path-metadata', '--no-asset-metadata',
    '--output', 'assembly', '--context', 'sha=4f9d2c1e8b7a6d5c4b3a29180f7e6d5c4b3a2918'], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return Object.fromEntries(templates.map((name) => [name, readFileSync(join(directory, 'assembly', name), 'utf8')]));
}

function find(language: string, name: RegExp): string {
  const found = readdirSync(join(DIST, language), { recursive: true, encoding: 'utf8' }).filter((file) => name.test(file));
  if (found.length !== 1) throw new Error(`expected one file ${name} in dist/${language}, found ${found.length}: run "npx projen package:${language}" first`);
  return join(DIST, language, found[0]);
}

function run(directory: string, command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
}
