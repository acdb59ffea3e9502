import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHARED_INSTALLATIONS } from './consumer';

/**
 * Runs once before all test files. They share the packages that npm installs and the code that programs compile. Both are
 * deleted when the run ends.
 */
export default function shareInstallations(): void {
  const home = mkdtempSync(join(tmpdir(), 'phased-fargate-installations-'));
  process.env[SHARED_INSTALLATIONS] = home;
  // Node.js 22 and later cache the code that V8 compiles in this directory.
  process.env.NODE_COMPILE_CACHE = join(home, 'compiled');
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
}
