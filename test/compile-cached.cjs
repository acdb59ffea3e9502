// Loaded before a Node.js program. Keeps the code that V8 compiles in a folder, which makes the next start of the program
// faster. NODE_COMPILE_CACHE does the same, but only from Node.js 22 on.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, Module } = require('node:module');
const { dirname, isAbsolute, join } = require('node:path');
const { Script } = require('node:vm');

const home = process.env.PHASED_FARGATE_COMPILE_CACHE;
const [beforeSource] = Module.wrapper;
const compile = Module.prototype._compile;
const compiled = [];

Module.prototype._compile = function (content, filename, ...rest) {
  const code = isCacheable(content, filename) && load(content.replace(/^#!.*/, ''), filename);
  if (!code) return compile.call(this, content, filename, ...rest);
  return code.runInThisContext().call(this.exports, this.exports, createRequire(filename), this, filename, dirname(filename));
};

/** Node.js 20 cannot run `import()` in code from a cache. The CDK CLI runs it only in Lambda functions and on EC2. */
function isCacheable(content, filename) {
  return isAbsolute(filename) && (filename.endsWith('/aws-cdk/lib/index.js') || !content.includes('import('));
}

function load(source, filename) {
  const file = join(home, createHash('sha1').update(filename).update('\0').update(source).digest('hex'));
  const cachedData = read(file);
  let script;
  try {
    script = new Script(Module.wrap(source), { filename, cachedData, columnOffset: -beforeSource.length });
  } catch {
    return undefined; // Node.js either runs it as an ECMAScript module or reports the error
  }
  if (!cachedData || script.cachedDataRejected) compiled.push({ file, script });
  return script;
}

function read(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

// V8 compiles a function when it is called, so most of the code is there only at the end.
process.on('exit', () => {
  mkdirSync(home, { recursive: true });
  for (const { file, script } of compiled) {
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, script.createCachedData());
    renameSync(unfinished, file);
  }
});
