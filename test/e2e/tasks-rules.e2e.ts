import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { python } from '../emulator/venv';

/** Tests of the emulator's rules for tasks. Like the emulator, they are written in Python. */

test.each([
  ['layers become the files of an image as the OCI specification defines', 'layers.py'],
  ['ECS acts on the health of containers and stops them as AWS documents', 'health.py'],
])('%s', (_, file) => {
  const { status, stderr } = spawnSync(python(), [join(__dirname, 'tasks', file), '--verbose'], { encoding: 'utf8' });
  expect(stderr).toMatch(/^Ran [1-9]\d* tests/m);
  expect({ status, failures: stderr.split('\n').filter((line) => /^(FAIL|ERROR):/.test(line)) }).toEqual({ status: 0, failures: [] });
});
