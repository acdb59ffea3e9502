import { buildSync } from 'esbuild';

/** Loads a package that is available as an ECMAScript module only. */
export function loadEsm(name: string): any {
  const { outputFiles: [{ text }] } = buildSync({
    stdin: { contents: `export * from '${name}'`, resolveDir: __dirname },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    write: false,
  });
  const loaded = { exports: {} };
  new Function('module', 'exports', 'require', text)(loaded, loaded.exports, require);
  return loaded.exports;
}
