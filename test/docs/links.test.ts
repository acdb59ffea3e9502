import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const CHECKOUT = join(__dirname, '../..');

const pages = ['.', 'docs', 'docs/decisions', 'docs/guides', 'examples'].flatMap((folder) => (
  readdirSync(join(CHECKOUT, folder)).filter((file) => file.endsWith('.md')).map((file) => join(folder, file))
));

test.each(pages)('every link in %s has a target', (page) => {
  expect(linksOf(page).filter(({ file, heading }) => (
    !existsSync(join(CHECKOUT, file)) || (heading && !anchorsOf(file).includes(heading))
  ))).toEqual([]);
});

test('the index of the documentation links to every guide', () => {
  const linked = linksOf('docs/README.md').map(({ file }) => file);
  expect(linked).toEqual(expect.arrayContaining(pages.filter((page) => page.startsWith('docs/guides/'))));
});

test('the index of the examples links to every example', () => {
  const linked = linksOf('examples/README.md').map(({ file }) => file.replace(/\/$/, ''));
  const examples = ['examples', 'examples/typescript'].flatMap((folder) => (
    readdirSync(join(CHECKOUT, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  ));
  expect(linked).toEqual(expect.arrayContaining(examples.filter((folder) => folder !== 'examples/typescript')));
});

/** The links of a page to files of this repository, including pictures. */
function linksOf(page: string): { file: string; heading?: string }[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, heading] = target.split('#');
      return { file: path ? normalize(join(dirname(page), path)) : page, heading };
    });
}

/** The anchors that GitHub derives from headings, and explicit anchors. */
function anchorsOf(page: string): string[] {
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => (
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
  ));
  return [...headings, ...[...textOf(page).matchAll(/ (?:id|name)="([^"]*)"/g)].map(([, id]) => id)];
}

/** A page without its code blocks. */
function textOf(page: string): string {
  return readFileSync(join(CHECKOUT, page), 'utf8').replace(/^ *```[^]*?^ *```$/gm, '');
}
