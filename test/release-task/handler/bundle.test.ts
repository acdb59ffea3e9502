import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '..', '..', '..');

test('the handler contains no part of CDK, and of the guard only the shared part of the contract', () => {
  const { metafile } = buildSync({
    absWorkingDir: ROOT, entryPoints: ['src/release-task/handler/index.lambda.ts'], bundle: true, write: false, metafile: true, platform: 'node',
  });
  const files = Object.keys(metafile.inputs);

  expect(files.filter((file) => file.startsWith('src/guard/'))).toEqual(['src/guard/contract.ts']);
  expect(files.filter((file) => /aws-cdk-lib|constructs/.test(file))).toEqual([]);
  expect(files.filter((file) => !/^src\/(handler|release-task|guard|private)\/|^node_modules\/@?(smithy|aws-sdk|tslib|aws-crypto)/.test(file))).toEqual([]);
});
