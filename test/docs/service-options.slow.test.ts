import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

/** Compares the guide's tables with the installed aws-cdk-lib and this library. */

const CHECKOUT = join(__dirname, '../..');

const INTERFACES = {
  theirs: `import('aws-cdk-lib/aws-ecs-patterns').ApplicationLoadBalancedFargateServiceProps
    & import('aws-cdk-lib/aws-ecs-patterns').ApplicationLoadBalancedTaskImageOptions`,
  theirImageOptions: "import('aws-cdk-lib/aws-ecs-patterns').ApplicationLoadBalancedTaskImageOptions",
  ours: "import('./src').PhasedFargateServiceProps & import('./src').LoadBalancerIngressOptions",
  allOfOurs: `import('./src').PhasedFargateServiceProps & import('./src').LoadBalancerIngressOptions & import('./src').ListenerIngressOptions
    & import('./src').ScalingOptions & import('./src').ServerErrorsOptions & import('./src').LatencyOptions & import('./src').UnhealthyHostsOptions`,
  factories: ['Ingress', 'RollbackAlarm', 'Scaling'].map((name) => `{ [K in keyof typeof import('./src').${name} as \`${name}.\${K & string}\`]: true }`).join(' & '),
  theirMembers: `Pick<import('aws-cdk-lib/aws-ecs-patterns').ApplicationLoadBalancedFargateService,
    keyof import('aws-cdk-lib/aws-ecs-patterns').ApplicationLoadBalancedFargateService>`, // without private members
  ourMembers: "import('./src').PhasedFargateService",
  everyConstruct: "import('constructs').Construct",
};

const guide = readFileSync(join(CHECKOUT, 'docs/guides/service-options.md'), 'utf8');
const [table, members] = guide.split('| theirs | here |\n|---|---|\n').slice(1).map(rows);
let theirs: string[];
let theirImageOptions: string[];
let ours: string[];
let allOfOurs: string[];
let factories: string[];
let theirMembers: string[];
let ourMembers: string[];
let everyConstruct: string[];

beforeAll(() => {
  ({ theirs, theirImageOptions, ours, allOfOurs, factories, theirMembers, ourMembers, everyConstruct } = properties(INTERFACES));
});

test('the table contains every property of aws-ecs-patterns', () => {
  const listed = table.flatMap((row) => row.names);
  expect(theirs.length).toBeGreaterThan(40);
  expect(theirs.filter((name) => !listed.includes(name) && name !== 'taskImageOptions')).toEqual([]);
});

test('the properties listed under taskImageOptions are exactly the properties of taskImageOptions', () => {
  const listed = table.flatMap((row) => row.inImageOptions);
  expect(listed.length).toBeGreaterThan(10);
  expect(listed.sort()).toEqual([...theirImageOptions].sort());
});

test('every property that the table marks "the same" is an option of this library', () => {
  const same = table.filter(({ here }) => here.startsWith('the same')).flatMap(({ names }) => names);
  expect(same.length).toBeGreaterThan(20);
  expect(same.filter((name) => !ours.includes(name))).toEqual([]);
});

test('no property that the table marks "left out" is an option of this library', () => {
  const leftOut = table.filter(({ here }) => here.startsWith('left out')).flatMap(({ names }) => names);
  expect(leftOut.length).toBeGreaterThan(5);
  expect(leftOut.filter((name) => ours.includes(name))).toEqual([]);
});

test('the guide mentions every option', () => {
  const mentioned = new Set([...guide.matchAll(/`\.?(\w+)/g)].map(([, name]) => name));
  expect(allOfOurs.length).toBeGreaterThan(80);
  expect(allOfOurs.filter((name) => !mentioned.has(name))).toEqual([]);
});

test('the guide mentions every factory of an option', () => {
  const expected = factories.filter((name) => !name.endsWith('.prototype'));
  expect(expected).toHaveLength(9);
  expect(expected.filter((name) => !guide.includes(name))).toEqual([]);
});

test('the table of members contains every member of aws-ecs-patterns', () => {
  const listed = members.flatMap((row) => row.names);
  const ownMembers = theirMembers.filter((name) => !everyConstruct.includes(name));
  expect(ownMembers.length).toBeGreaterThan(7);
  expect(ownMembers.filter((name) => !listed.includes(name))).toEqual([]);
});

test('every member that the table marks "the same" is a member of this library', () => {
  const same = members.filter(({ here }) => here.startsWith('the same')).flatMap(({ names }) => names);
  expect(same.length).toBeGreaterThan(4);
  expect(same.filter((name) => !ourMembers.includes(name))).toEqual([]);
});

interface Row {
  readonly names: string[];

  /** The properties that the table lists under `taskImageOptions`. */
  readonly inImageOptions: string[];
  readonly here: string;
}

function rows(text: string): Row[] {
  const [body] = text.split('\n\n');
  return body.split('\n').map((line) => {
    const [names, here] = line.slice(2, -2).split(' | ');
    const found = [...names.matchAll(/`(?:taskImageOptions)?(\.?)([^`]+)`/g)];
    return { names: found.map(([, , name]) => name), inImageOptions: found.filter(([, dot]) => dot).map(([, , name]) => name), here };
  });
}

/** The names of all properties of a type, including inherited ones. */
function properties<T extends Record<string, string>>(types: T): Record<keyof T, string[]> {
  const file = join(CHECKOUT, 'types.ts');
  const text = Object.entries(types).map(([name, type]) => `type ${name} = ${type};`).join('\n');
  const options: ts.CompilerOptions = { noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16 };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);

  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const aliases = program.getSourceFile(file)!.statements.filter(ts.isTypeAliasDeclaration);
  return Object.fromEntries(aliases.map(({ name, type }) => [
    name.text, checker.getPropertiesOfType(checker.getTypeFromTypeNode(type)).map((property) => property.name),
  ])) as Record<keyof T, string[]>;
}
