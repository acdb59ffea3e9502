// Runs the tests with the globals of the process, which the packages use too (see runtime.js). After each test file, undoes what
// the file has changed: globals, environment variables, and mocks.
const { AsyncLocalStorage } = require('node:async_hooks');
const { ModuleMocker } = require('jest-mock');

/** Globals in which aws-cdk-lib keeps its tokens as long as it is loaded. */
const OF_PACKAGES = /cdk/i;

module.exports = class {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  // No test needs fake timers, because code that waits takes a clock as a parameter.
  fakeTimers = null;
  fakeTimersModern = null;

  globals = Object.getOwnPropertyDescriptors(globalThis);
  variables = { ...process.env };

  // Packages create an AsyncLocalStorage for each test file. In Node.js 20, each enabled one slows down every promise.
  storages = [];
  AsyncLocalStorage = listedIn(this.storages);

  async setup() {
    // The limit that Jest sets. With the default of Node.js, a stack trace from within aws-cdk-lib rarely reaches the test.
    Error.stackTraceLimit = 100;
  }

  async teardown() {
    this.moduleMocker.restoreAllMocks();
    this.storages.forEach((storage) => storage.disable());
    for (const key of Reflect.ownKeys(globalThis)) {
      const before = this.globals[key];
      const now = Object.getOwnPropertyDescriptor(globalThis, key);
      if (before === undefined && !OF_PACKAGES.test(String(key))) Reflect.deleteProperty(globalThis, key);
      if (before && (before.value !== now.value || before.get !== now.get)) Reflect.defineProperty(globalThis, key, before);
    }
    Object.keys(process.env).filter((name) => !(name in this.variables)).forEach((name) => delete process.env[name]);
    Object.assign(process.env, this.variables);
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return globalThis;
  }
};

function listedIn(storages) {
  return class extends AsyncLocalStorage {
    constructor(...args) {
      super(...args);
      storages.push(this);
    }
  };
}
