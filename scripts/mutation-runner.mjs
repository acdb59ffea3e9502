// Runs the tests of the handlers for Stryker in one process, which loads them once. Jest would load all of them for each of
// thousands of mutants. The tests use Jest's own globals, except for test, describe, and their hooks.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { determineHitLimitReached, DryRunStatus, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { transformSync } from 'esbuild';

const require = createRequire(import.meta.url);
const { jestExpect } = require('@jest/expect');
const { bind } = require('jest-each');
const { ModuleMocker } = require('jest-mock');

const TESTS = ['test/handler', 'test/guard/handler', 'test/release-task/handler'];
/** Tests of the bundles, which contain no mutants. */
const NOT_HERE = /\/bundle(\.slow)?\.test\.ts$/;

// With another seed, a mutant that one run has killed might survive in the next.
require('fast-check').configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1), numRuns: Number(process.env.FAST_CHECK_RUNS ?? 10) });

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'handlers', () => new TestRunner())];

/** State that Stryker shares with the mutated code. */
const stryker = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};

class TestRunner {
  /** Maps each test file to its tests. */
  tests = new Map();
  /** Source file that was loaded with an active mutant, so it must be loaded again. */
  tainted = undefined;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    this.load();
    const results = [];
    for (const test of [...this.tests.values()].flat()) {
      stryker.currentTestId = test.id;
      results.push(await run(test));
      stryker.currentTestId = undefined;
    }
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, mutantActivation, hitLimit, disableBail, sandboxFileName }) {
    stryker.hitLimit = hitLimit;
    stryker.hitCount = hitLimit ? 0 : undefined;
    const isStatic = mutantActivation === 'static';
    const results = [];
    try {
      stryker.activeMutant = isStatic ? activeMutant.id : undefined;
      this.load(this.tainted, isStatic ? sandboxFileName : undefined);
      this.tainted = isStatic ? sandboxFileName : undefined;
      stryker.activeMutant = activeMutant.id;
      for (const test of this.select(sandboxFileName, testFilter)) {
        results.push(await run(test));
        if (results.at(-1).status === TestStatus.Failed && !disableBail) break;
        if (determineHitLimitReached(stryker.hitCount, hitLimit)) break;
      }
    } catch (error) {
      // If a file cannot be loaded, all tests that import it fail.
      results.push(resultOf({ id: sandboxFileName, file: sandboxFileName }, 0, error));
      this.tests.clear();
    }
    stryker.activeMutant = undefined;
    await settled();
    return toMutantRunResult(determineHitLimitReached(stryker.hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests: results });
  }

  /** Loads all files that are not loaded yet, and reloads the files that depend on the changed ones. */
  load(...changed) {
    const stale = this.tests.size === 0 ? loaded() : changed.filter((file) => file).flatMap(dependents);
    for (const file of stale) {
      delete require.cache[file];
      this.tests.delete(pathOf(file));
    }
    for (const file of testFiles()) {
      if (!this.tests.has(file)) this.tests.set(file, load(file));
    }
  }

  /**
   * Selects the tests that reach the mutant. If Stryker does not know them, selects all tests that import the mutated file.
   * Tests that are fast, or likely to fail, come first.
   */
  select(mutated, testFilter) {
    const wanted = new Set(testFilter);
    const related = new Set(dependents(mutated).map(pathOf));
    const tests = [...this.tests.values()].flat().filter(({ id, file }) => testFilter ? wanted.has(id) : related.has(file));
    const own = pathOf(mutated).replace(/^src\//, 'test/').replace(/\.ts$/, '.');
    const cost = ({ id, file }) => (durations.get(id) ?? 20) * (file.startsWith(own) ? 1 : 5);
    return tests.sort((one, other) => cost(one) - cost(other));
  }
}

// Loading

const compiled = new Map();

require.extensions['.ts'] = (module, file) => {
  if (!compiled.has(file)) compiled.set(file, transformSync(readFileSync(file, 'utf8'), { loader: 'ts', format: 'cjs', target: 'node20' }).code);
  module._compile(compiled.get(file), file);
};

function pathOf(file) {
  return relative(process.cwd(), file).replaceAll(sep, '/');
}

function loaded() {
  return Object.keys(require.cache).filter((file) => file.endsWith('.ts'));
}

/** The file, and all files that import it directly or indirectly. */
function dependents(file) {
  const found = new Set([file]);
  for (let before = 0; found.size > before;) {
    before = found.size;
    for (const importer of loaded()) {
      if (require.cache[importer].children.some(({ filename }) => found.has(filename))) found.add(importer);
    }
  }
  return [...found];
}

function testFiles() {
  return TESTS.flatMap((folder) => readdirSync(folder, { recursive: true }).sort().map((file) => pathOf(join(process.cwd(), folder, file))))
    .filter((file) => file.endsWith('.test.ts') && !NOT_HERE.test(file));
}

/** Test file that is being loaded, the tests found so far, and the current `describe` block. */
let loading;

function load(file) {
  loading = { file, tests: [], block: { names: [], before: [], after: [], parent: undefined } };
  require(join(process.cwd(), file));
  return loading.tests;
}

function test(name, body) {
  const { file, tests, block } = loading;
  // Several tests can have the same name. Their order is always the same.
  const id = [`${tests.length}`, file, ...block.names, name].join(' ');
  tests.push({ id, name: [file, ...block.names, name].join(' '), file, body, block });
}

function describe(name, define) {
  const parent = loading.block;
  loading.block = { names: [...parent.names, name], before: [], after: [], parent };
  define();
  loading.block = parent;
}

const mocker = new ModuleMocker(globalThis);
Object.assign(globalThis, {
  test: Object.assign(test, { each: bind(test) }),
  describe: Object.assign(describe, { each: bind(describe) }),
  beforeEach: (hook) => loading.block.before.push(hook),
  afterEach: (hook) => loading.block.after.unshift(hook),
  expect: jestExpect,
  // Timeouts of single tests are ignored, because Stryker has a timeout for all tests of a mutant.
  jest: { fn: mocker.fn.bind(mocker), spyOn: mocker.spyOn.bind(mocker), setTimeout: () => undefined },
});

// Running

/** Milliseconds that each test took, by ID. */
const durations = new Map();

/** Handles errors outside of awaited code: the current test fails. */
let onStrayError = () => undefined;
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => onStrayError(error));

async function run(test) {
  const start = performance.now();
  const strayError = new Promise((_, reject) => { onStrayError = reject; });
  const error = await Promise.race([bodyOf(test), strayError]).then(() => undefined, (reason) => reason ?? new Error('nothing was thrown'));
  onStrayError = () => undefined;
  mocker.restoreAllMocks();
  const ms = performance.now() - start;
  if (!error) durations.set(test.id, ms);
  return resultOf(test, ms, error);
}

async function bodyOf({ body, block }) {
  const blocks = [];
  for (let each = block; each; each = each.parent) blocks.unshift(each);
  try {
    for (const hook of blocks.flatMap(({ before }) => before)) await hook();
    await body();
  } finally {
    for (const hook of blocks.reverse().flatMap(({ after }) => after)) await hook();
  }
}

function resultOf({ id, name = id, file }, timeSpentMs, error) {
  const result = { id, name, fileName: join(process.cwd(), file), timeSpentMs };
  return error ? { ...result, status: TestStatus.Failed, failureMessage: String(error.message ?? error) } : { ...result, status: TestStatus.Success };
}

/** Waits until unfinished work of a failed test has ended, so that it cannot affect the next mutant. */
async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => { setImmediate(resolve); });
}
