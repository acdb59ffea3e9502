import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES, picturesOfExamples } from '../../scripts/pictures';

test.each(Object.entries(picturesOfExamples()))('%s shows the example as it is (npx projen docs:pictures draws it anew)', (name, picture) => {
  expect(readFileSync(join(IMAGES, name), 'utf8')).toBe(picture);
});
