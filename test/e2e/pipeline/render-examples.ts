import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const EXAMPLES = join(__dirname, '..', '..', '..', 'examples', 'typescript');

export const PIPELINE_EXAMPLES = readdirSync(EXAMPLES).filter((name) => name.startsWith('pipeline-'));

/**
 * Synthesizes an example with the library of this checkout, as `cdk synth` does. On a laptop this writes the generated files;
 * in CI it only compares them. Returns the result of `read` for the cloud assembly.
 */
export function synthesize<T>(example: string, ci: boolean, read: (assembly: string) => T, context: Record<string, string> = {}): T {
  const assembly = mkdtempSync(join(tmpdir(), 'phased-fargate-example-'));
  try {
    execFileSync(process.execPath, ['--require', join(__dirname, 'library-from-source.cjs'), 'app.ts'], {
      cwd: join(EXAMPLES, example),
      env: { ...process.env, CI: String(ci), CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify(context) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return read(assembly);
  } finally {
    rmSync(assembly, { recursive: true });
  }
}

// npx projen examples:render
if (require.main === module) {
  for (const example of PIPELINE_EXAMPLES) synthesize(example, false, () => undefined);
}
