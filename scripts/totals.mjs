// Adds up all JUnit reports of a folder into one plain line, and fails if there is none or any of them has a failure.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const reports = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.xml')) : [];
const suites = reports.flatMap((file) => readFileSync(join(folder, file), 'utf8').match(/<testsuite [^>]*>/g) ?? []);
const sum = (attribute) => suites.reduce((total, suite) => total + Number(new RegExp(` ${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0), 0);

const failed = sum('failures') + sum('errors');
const skipped = sum('skipped');
const passed = sum('tests') - failed - skipped;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed <= 0 ? 1 : 0;
