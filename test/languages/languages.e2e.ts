import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Consumer, LOWEST } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');
const DIST = join(CHECKOUT, 'dist');
const CDK = join(CHECKOUT, 'node_modules', '.bin', 'cdk');
const ROSETTA = join(CHECKOUT, 'node_modules', '.bin', 'jsii-rosetta');
const TEMPLATES = ['AppStack.template.json', 'FargateStack.template.json'];

/** How users of a language install the packed library into the example. A second program beside it uses every option. */
interface Language {
  readonly everyOption: { readonly file: string; readonly run: string; readonly program: () => string };
  readonly install: (directory: string) => void;
  readonly env?: (directory: string) => NodeJS.ProcessEnv;
}

const LANGUAGES: Record<string, Language> = {
  python: {
    everyOption: { file: 'every_option.py', run: 'python3 every_option.py', program: () => inPython(translated.python) },
    install: (directory) => {
      run(directory, 'python3', '-m', 'venv', '.venv');
      run(directory, '.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
        find('python', /\.whl$/), `aws-cdk-lib==${LOWEST.cdk}`, `constructs==${LOWEST.constructs}`);
    },
    env: (directory) => ({ PATH: `${join(directory, '.venv', 'bin')}:${process.env.PATH}` }),
  },
  java: {
    everyOption: {
      file: 'src/main/java/com/example/EveryOption.java',
      run: 'mvn --quiet --batch-mode --file every-option.xml exec:java',
      program: () => inJava(translated.java),
    },
    install: (directory) => {
      run(directory, 'mvn', '--quiet', '--batch-mode', 'install:install-file',
        `-Dfile=${find('java', /phased-fargate-[\d.]+\.jar$/)}`, `-DpomFile=${find('java', /phased-fargate-[\d.]+\.pom$/)}`);
      run(directory, 'mvn', '--quiet', '--batch-mode', 'compile');
      // The main class of a pom.xml takes precedence over the command line.
      writeFileSync(join(directory, 'every-option.xml'), readFileSync(join(directory, 'pom.xml'), 'utf8').replace('com.example.App<', 'com.example.EveryOption<'));
    },
  },
  go: {
    everyOption: { file: 'every-option/main.go', run: 'bin/every-option', program: () => readFileSync(join(__dirname, 'every-option.go'), 'utf8') },
    install: (directory) => {
      run(directory, 'go', 'mod', 'edit', '-replace', `github.com/org/phased-fargate-go/phasedfargate=${join(DIST, 'go', 'phasedfargate')}`);
      run(directory, 'go', 'mod', 'tidy');
      run(directory, 'go', 'vet', './...');
      run(directory, 'go', 'build', '-o', 'bin/', './...');
    },
  },
};

/** The structs with the options of a service. */
const STRUCTS = [
  'PhasedFargateServiceProps', 'GuardedFargateServiceProps', 'LoadBalancerIngressOptions', 'ListenerIngressOptions', 'ScalingOptions', 'ServerErrorsOptions',
  'UnhealthyHostsOptions', 'LatencyOptions',
];

/** Text, because the compiler of this checkout cannot resolve the packed library. */
const EVERY_OPTION = readFileSync(join(__dirname, 'every-option.ts.txt'), 'utf8');

const { types } = JSON.parse(readFileSync(join(CHECKOUT, '.jsii'), 'utf8'));

let fromTypeScript: Record<string, string>;
let everyOption: Record<string, string>;
let translated: Record<'python' | 'java' | 'csharp', string>;
const directories: string[] = [];

beforeAll(async () => {
  const consumer = await Consumer.install(LOWEST);
  try {
    fromTypeScript = synth(programOfTheGuide(consumer));
    const directory = exampleWith(consumer, 'every-option', EVERY_OPTION);
    everyOption = synth(directory, { templates: ['FargateStack.template.json'] });
    const [python, java, csharp] = ['python', 'java', 'csharp'].map((language) => (
      execFileSync(ROSETTA, ['snippet', 'app.ts', '--language', language], { cwd: directory, encoding: 'utf8' })
    ));
    translated = { python, java, csharp };
  } finally {
    consumer.remove();
  }
});

afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

test('the program of the guide has a guard with requirements and a release task', () => {
  const { Resources } = JSON.parse(fromTypeScript['FargateStack.template.json']);
  const found = Object.values<any>(Resources).map(({ Type }) => Type);

  expect(found).toContain('Custom::ReleaseTask');
  expect(Object.values<any>(Resources).find(({ Type }) => Type === 'Custom::ImageGuard').Properties.Requirements).toHaveLength(1);
});

test('the program with every option has every option of a service', () => {
  const optionsOf = (name: string): string[] => {
    const { interfaces = [], properties = [] } = types[name] ?? {};
    return [...interfaces.flatMap(optionsOf), ...properties.map((property: { name: string }) => property.name)];
  };
  const options = STRUCTS.flatMap((name) => optionsOf(`@org/phased-fargate.${name}`));
  expect(options.length).toBeGreaterThan(100);
  expect(options.filter((name) => !EVERY_OPTION.includes(`${name}:`))).toEqual([]);
});

describe.each(Object.entries(LANGUAGES))('in %s, with the packed library', (language, { everyOption: { file, run: app, program }, install, env }) => {
  const directory = mkdtempSync(join(tmpdir(), `phased-fargate-${language}-`));
  directories.push(directory);

  beforeAll(() => {
    cpSync(join(CHECKOUT, 'examples', language), directory, { recursive: true });
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), program());
    install(directory);
  });

  test('the example synthesizes the same templates as in TypeScript', () => {
    sameTemplates(synth(directory, { env: env?.(directory) }), fromTypeScript);
  });

  test('the program with every option synthesizes the same template as in TypeScript', () => {
    sameTemplates(synth(directory, { app, env: env?.(directory), templates: Object.keys(everyOption) }), everyOption);
  });
});

test('the example and the program with every option in C# use only members of the generated API', () => {
  const generated = mkdtempSync(join(tmpdir(), 'phased-fargate-dotnet-'));
  directories.push(generated);
  run(CHECKOUT, 'npx', 'jsii-pacmak', '--target', 'dotnet', '--code-only', '--outdir', generated);
  const api = readdirSync(generated, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.cs'))
    .map((file) => readFileSync(join(generated, file), 'utf8'))
    .join('\n');

  const example = readFileSync(join(CHECKOUT, 'examples', 'dotnet', 'Program.cs'), 'utf8');
  for (const program of [example, translated.csharp]) expect(program).toMatch(/^using Org\.PhasedFargate;$/m);
  const both = example + translated.csharp;
  const used = ownTypes().filter((type) => new RegExp(`\\b${type}\\b`).test(both));
  expect(used).toEqual(expect.arrayContaining([...STRUCTS, 'AcceptedFinding', 'ReleaseTaskProps', 'RollbackAlarm', 'Scaling']));
  for (const type of used) expect(api).toMatch(new RegExp(`public (abstract )?(class|enum) ${type}\\b`));

  const properties = [example, translated.csharp].flatMap(propertiesInCSharp);
  expect(properties.length).toBeGreaterThan(110);
  for (const property of properties) expect(api).toMatch(new RegExp(`public [^\\n]+ ${property}\\n`));

  const factories = [...both.matchAll(new RegExp(`\\b(?:${used.join('|')})\\.([A-Z]\\w+)\\(`, 'g'))].map(([, name]) => name);
  expect(factories).toEqual(expect.arrayContaining(['Between', 'Exactly', 'InternetFacing', 'OnListener', 'ServerErrors', 'UnhealthyHosts', 'Latency']));
  for (const factory of factories) expect(api).toMatch(new RegExp(`public static [\\w.]+ ${factory}\\(`));
  expect(api).toMatch(/public interface IAcceptedFinding\b/);
  expect(api).toMatch(/public static [\w.]+ImageRequirement Scanned\([\w.]+IScannedOptions\? options = null\)/);
  expect(api).toMatch(/public virtual void RunBefore\(params [\w.]+IConstruct\[\] services\)/);
  expect(api).toMatch(/public static [\w.]+ImageVersion Tag\(string tag\)/);
});

function sameTemplates(found: Record<string, string>, expected: Record<string, string>): void {
  for (const [name, template] of Object.entries(expected)) expect(found[name].split('\n')).toEqual(template.split('\n'));
}

function ownTypes(): string[] {
  return Object.values<{ readonly name: string }>(types).map(({ name }) => name);
}

/** The properties that a C# program sets in types of this library, without those in types of aws-cdk-lib. */
function propertiesInCSharp(program: string): string[] {
  const own = ownTypes();
  let rest = program;
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replace(/(?:new (\w+)\s*)?\{([^{}]*)\}/g, (_, type, content) => type && !own.includes(type) ? '' : content);
  }
  return [...rest.matchAll(/\b([A-Z]\w+) = /g)].map(([, name]) => name);
}

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
function inPython(program: string): string {
  return `${program.replace(/_([mg])i_b=/g, '_$1ib=')}\napp.synth()\n`;
}

/** jsii-rosetta omits some imports, and it also spells two names differently than jsii-pacmak. */
function inJava(program: string): string {
  const lines = program.replace('.enableECSManagedTags(', '.enableEcsManagedTags(').replace('.redirectHTTP(', '.redirectHttp(')
    // aws-cdk-lib has two classes of this name.
    .replace('HealthCheck.builder().path(', 'software.amazon.awscdk.services.elasticloadbalancingv2.$&')
    .split('\n');
  const isImport = (line: string) => line.startsWith('import ');
  return [
    'package com.example;',
    ...lines.filter(isImport),
    'import io.github.org.phasedfargate.*;',
    'import java.util.List;',
    'import java.util.Map;',
    'import software.amazon.awscdk.services.ecs.HealthCheck;',
    'import software.amazon.awscdk.services.elasticloadbalancingv2.IpAddressType;',
    'public final class EveryOption {',
    'public static void main(final String[] args) {',
    ...lines.filter((line) => !isImport(line)),
    'app.synth();',
    '}',
    '}',
  ].join('\n');
}

interface SynthOptions {
  /** By default, that of cdk.json. */
  readonly app?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly templates?: string[];
}

function synth(directory: string, { app, env, templates = TEMPLATES }: SynthOptions = {}): Record<string, string> {
  execFileSync(CDK, ['synth', '--quiet', '--no-notices', '--no-version-reporting', '--no-path-metadata', '--no-asset-metadata',
    '--output', 'assembly', '--context', 'sha=4f9d2c1e8b7a6d5c4b3a29180f7e6d5c4b3a2918', ...app ? ['--app', app] : []], {
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
