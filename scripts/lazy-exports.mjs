// Makes the package load a module only when an app uses one of its classes, as aws-cdk-lib does. Most apps use no pipelines.
import { readFileSync, writeFileSync } from 'node:fs';

const INDEX = 'lib/index.js';
const IMPORT = /^var (\w+) = require\("([^"]+)"\);\n/gm;
const EXPORT = /^Object\.defineProperty\(exports, "(\w+)", { enumerable: true, get: function \(\) { return (\w+)\.\1; } }\);\n/gm;
const MARKER = 'Object.defineProperty(exports, "__esModule", { value: true });\n';

/** Node.js finds the names for `import { … }` in the text of a CommonJS module. It gives up at a getter that calls a function. */
const HELPER = 'const lazily = (name, load) => Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] });\n';

const compiled = readFileSync(INDEX, 'utf8');
const modules = Object.fromEntries([...compiled.matchAll(IMPORT)].map(([, variable, path]) => [variable, path]));
const other = compiled.replace(IMPORT, '').replace(EXPORT, '').replace(MARKER, '').replace(/^"use strict";\n|^(exports\.\w+ = )+void 0;\n|^\/\/.*/gm, '');
if (Object.keys(modules).length === 0 || other.trim()) throw new Error(`${INDEX} is not a list of exports, as jsii compiles it: ${other}`);
writeFileSync(INDEX, compiled
  .replace(IMPORT, '')
  .replace(EXPORT, (_, name, variable) => `lazily("${name}", () => require("${modules[variable]}"));\n`)
  .replace(MARKER, MARKER + HELPER));
