// Loaded before the app of an example, which then finds the library and its dependencies in this checkout.
const { Module } = require('node:module');
const path = require('node:path');

const checkout = path.join(__dirname, '..', '..', '..');
require('../../emulator/commands/typescript.cjs');

const { _resolveFilename: resolve } = Module;
Module._resolveFilename = (request, parent, ...rest) => request === '@org/phased-fargate'
  ? path.join(checkout, 'src', 'index.ts')
  : resolve.call(Module, request, parent, ...rest);
