// Loads packages once for each worker. Jest would load them for each test file, and loading aws-cdk-lib takes longer than most
// tests. The files of the project are still loaded for each test file.
const asyncHooks = require('node:async_hooks');
const { createRequire, isBuiltin } = require('node:module');
const { compileFunction } = require('node:vm');
const { default: JestRuntime } = require('jest-runtime');

const isPackage = (name) => name !== undefined && /^[^./]/.test(name) && !isBuiltin(name);

module.exports.__esModule = true;
module.exports.default = class extends JestRuntime {
  constructor(config, environment, ...others) {
    super(config, environment, ...others);
    this.asyncHooks = { ...asyncHooks, AsyncLocalStorage: environment.AsyncLocalStorage };
    // Jest would compile for a separate context, whose Error and Object differ from those of the packages.
    this.executor.compile = (source, filename) => compileFunction(source, this.executor.injectedModuleParameters, { filename });
  }

  requireModule(from, name, ...options) {
    if (name === 'node:async_hooks') return this.asyncHooks;
    return isPackage(name) ? createRequire(from)(name) : super.requireModule(from, name, ...options);
  }
};
