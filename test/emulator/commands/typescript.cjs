// Loaded before a TypeScript program to compile the program's own files without type checks.
const { readFileSync } = require('node:fs');
const { Module } = require('node:module');
const { transformSync } = require('esbuild');

Module._extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), { loader: 'ts', format: 'cjs', target: 'node20', sourcefile: file, sourcemap: 'inline' });
  module._compile(code, file);
};
