import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(__dirname, '..', '..', '..');
const guide = readFileSync(join(CHECKOUT, 'docs', 'guides', 'when-a-deploy-went-wrong.md'), 'utf8');
const sources = readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(CHECKOUT, 'src', file), 'utf8'))
  .join('\n');

/** Texts of our own: they are looked for in the guide by those who see them, so both sides must say the same. */
test.each([
  'No image is named yet: pass the tag of an image in ',
  ' does not exist (',
  ' does not run on ',
  ', which the task definition needs',
  ' is not a container image but ',
  ' is an index of several manifests',
  ' is archived',
  'ECR cannot decrypt image ',
  ' could not be looked up',
  ' exists, but the guard cannot mark it as released',
  'ECS has rolled it back, its events say why',
  'is stale',
  ': it is generated from this app',
  'StopCommand',
  'FailureQuery',
  'circuitBreakerFailureCount',
  'retainReleasedImages',
])('the guide and the library both say "%s"', (text) => {
  expect(sources).toContain(text);
  expect(guide).toContain(text);
});
