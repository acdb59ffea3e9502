// Prints each failure in the JUnit reports of a folder, with its name and the beginning of its reason, and then one line with
// the totals. Fails if there is no report, or if any report has a failure.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINES_OF_A_REASON = 12;
const CHARACTERS_OF_A_LINE = 300;

const [folder] = process.argv.slice(2);
const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.xml')) : [];
const reports = files.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));

for (const { file, text } of reports) {
  for (const [, attributes, reason] of text.matchAll(/<testcase ([^>]*[^/])>\s*<(?:failure|error)[^>]*>([\s\S]*?)<\/(?:failure|error)>/g)) {
    const [, name] = /(?:^| )name="([^"]*)"/.exec(attributes);
    const lines = plain(reason).split('\n').slice(0, LINES_OF_A_REASON).map((line) => `    ${line.slice(0, CHARACTERS_OF_A_LINE)}`);
    console.log(`FAILED ${file}: ${plain(name)}\n${lines.join('\n')}`);
  }
}

const suites = reports.flatMap(({ text }) => text.match(/<testsuite [^>]*>/g) ?? []);
const sum = (attribute) => suites.reduce((total, suite) => total + Number(new RegExp(` ${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0), 0);

const failed = sum('failures') + sum('errors');
const skipped = sum('skipped');
const passed = sum('tests') - failed - skipped;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed <= 0 ? 1 : 0;

function plain(xml) {
  const characters = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  // A log does not need the colors of a terminal.
  return xml.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name]).replace(/\u001b?\[\d+(;\d+)*m/g, '');
}
