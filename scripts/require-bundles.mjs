// Stops npm before it packs without bundles: they are not checked in, and npm silently leaves out a folder that does not exist.
import { readdirSync, statSync } from 'node:fs';

const HANDLER = /^(.+\/index\.lambda)\.ts$/;

const bundles = readdirSync('src', { recursive: true })
  .map((file) => HANDLER.exec(file.replaceAll('\\', '/')))
  .flatMap((handler) => handler ? [`assets/${handler[1]}/index.js`] : []);
const missing = bundles.filter((bundle) => !statSync(bundle, { throwIfNoEntry: false })?.size);

if (bundles.length === 0) throw new Error('src has no handlers: run this in the root of the library');
if (missing.length > 0) {
  console.error(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing or empty: run "npx projen bundle" before you pack`);
  process.exitCode = 1;
}
