import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Aws } from '../emulator/aws';
import { Emulator } from '../emulator/emulator';
import { pushImage } from '../emulator/oci';
import { python } from '../emulator/venv';

/** The command of the guide on preview environments that removes the release tags of a closed pull request. */

const GUIDE = readFileSync(join(__dirname, '../../docs/guides/preview-environments.md'), 'utf8');
const COMMAND = [...GUIDE.matchAll(/^```shell\n([^]*?)^```$/gm)].map(([, script]) => script).find((script) => script.includes('batch-delete-image'))!;
const repositoryName = 'shop-previews';

let emulator: Emulator;
let aws: Aws;
let commands: string;

beforeAll(async () => {
  emulator = await Emulator.start();
  aws = new Aws(emulator);
  commands = mkdtempSync(join(tmpdir(), 'phased-fargate-commands-'));
  writeFileSync(join(commands, 'aws'), `#!/usr/bin/env bash\nexec ${python()} ${join(__dirname, 'pipeline/aws.py')} "$@"\n`);
  chmodSync(join(commands, 'aws'), 0o755);
  await aws.ecr('CreateRepository', { repositoryName });
});

afterAll(async () => {
  await emulator?.stop();
  rmSync(commands, { recursive: true, force: true });
});

test('the command removes only the tags of the given pull request and never deletes an image', async () => {
  await push('a', 'deployed-pr1-shop-api-0a1b2c3d', 'deployed-pr12-shop-api-4e5f6a7b');
  await push('b', 'deployed-pr1-shop-api-0a1b2c3d-previous', 'deployed-pr1-shop-api-0a1b2c3d-earlier-1', 'deployed-pr1-other-8c9d0e1f');
  await push('deployed-pr1-shop-api-0a1b2c3d-earlier-2', 'deployed-pr1-shop-api-0a1b2c3d-earlier-3');
  await run('1');
  expect(await aws.imageTags(repositoryName)).toEqual([
    'a', 'b', 'deployed-pr1-other-8c9d0e1f',
    // The image's own tag is gone, so these are its last tags.
    'deployed-pr1-shop-api-0a1b2c3d-earlier-2', 'deployed-pr1-shop-api-0a1b2c3d-earlier-3',
    'deployed-pr12-shop-api-4e5f6a7b',
  ]);
});

test('the command does nothing if there is nothing to remove', async () => {
  const before = await aws.imageTags(repositoryName);
  await run('1');
  await run('99');
  expect(await aws.imageTags(repositoryName)).toEqual(before);
});

async function push(tag: string, ...others: string[]): Promise<void> {
  await pushImage(emulator, { repository: repositoryName, tag, content: tag, platform: 'linux/amd64' });
  const { images: [{ imageManifest }] } = await aws.ecr('BatchGetImage', { repositoryName, imageIds: [{ imageTag: tag }] });
  for (const imageTag of others) await aws.ecr('PutImage', { repositoryName, imageManifest, imageTag });
}

async function run(PR: string): Promise<void> {
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', COMMAND], { env: { ...emulator.env, PR, PATH: `${commands}:${emulator.env.PATH}` } });
}
