import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES, picturesOfExamples } from '../../scripts/pictures';

test.each(Object.entries(picturesOfExamples()))('%s shows the current example (npx projen docs:pictures redraws it)', (name, picture) => {
  expect(readFileSync(join(IMAGES, name), 'utf8')).toBe(picture);
});
