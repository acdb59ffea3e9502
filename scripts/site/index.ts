import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { python } from '../../test/emulator/venv';

/**
 * Generates the documentation site in `.site/html` from the same pages that GitHub shows. It fails if a link refers to a
 * missing page or heading.
 */

const CHECKOUT = join(__dirname, '../..');
const SITE = join(CHECKOUT, '.site');
const PAGES = join(SITE, 'pages');
const INDEX = 'docs/README.md';

const { homepage, repository } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
const sources = `${homepage.replace(/#.*/, '')}/blob/main`;

type Nav = Record<string, string | Nav[]>;

function main(): void {
  rmSync(SITE, { recursive: true, force: true });
  mkdirSync(PAGES, { recursive: true });
  const pages = ['docs', ...readdirSync(CHECKOUT).filter((file) => file.endsWith('.md'))];
  for (const page of pages) cpSync(join(CHECKOUT, page), join(PAGES, page), { recursive: true });
  const markdown = readdirSync(PAGES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  for (const page of markdown) {
    const file = join(PAGES, page);
    writeFileSync(file, withPlainFences(withLinksToSources(page, readFileSync(file, 'utf8'))));
  }

  const config = join(SITE, 'mkdocs.yml');
  const settings = { repo_url: repository.url.replace(/\.git$/, ''), nav: navigation(readFileSync(join(CHECKOUT, INDEX), 'utf8')) };
  const added = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  writeFileSync(config, readFileSync(join(__dirname, 'mkdocs.yml'), 'utf8') + added.join(''));

  const interpreter = python(join(__dirname, 'requirements.txt'));
  const { status } = spawnSync(interpreter, ['-m', 'zensical', 'build', '--strict', '--config-file', config], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

/** Links to files that are not on the site, such as examples, lead to GitHub. */
function withLinksToSources(page: string, text: string): string {
  return text.replace(/\]\(([^)\s#:]+)(#[^)\s]*)?\)/g, (link, path: string, anchor = '') => {
    const target = normalize(join(dirname(page), path));
    const isPage = existsSync(join(PAGES, target)) && /\.[a-z]+$/.test(target);
    return isPage || !existsSync(join(CHECKOUT, target)) ? link : `](${sources}/${target}${anchor})`;
  });
}

/** The generator recognizes a code block only if nothing but the language follows the fence. */
function withPlainFences(text: string): string {
  return text.replace(/^( *```ts) nofixture$/gm, '$1');
}

/** The sections of the index, and the pages in each section. */
function navigation(index: string): Nav[] {
  const sections = index.split(/^## /m).slice(1).map((section) => {
    const [title] = section.split('\n', 1);
    const links = [...section.matchAll(/^\| \[(.*?)\]\((.*?)\)/gm)].map(([, name, path]) => {
      const target = normalize(join(dirname(INDEX), path));
      return { [name.replaceAll('`', '')]: target.endsWith('/') ? listed(target) : target };
    });
    return { [title]: links };
  });
  return [{ Home: 'README.md' }, ...sections];
}

function listed(folder: string): Nav[] {
  return readdirSync(join(CHECKOUT, folder)).sort().map((file) => {
    const [, title] = /^# (.*)/m.exec(readFileSync(join(CHECKOUT, folder, file), 'utf8'))!;
    return { [title]: join(folder, file) };
  });
}

main();
