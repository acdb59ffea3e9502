import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readJson } from './consumer';
import { python } from './emulator/venv';

/** Runs cfn-lint as a module, because the scripts of a virtual environment that was moved do not find their Python. */
const CFN_LINT = 'import sys; from cfnlint.runner import main; sys.exit(main())';

export interface Finding {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
  readonly Location: { readonly Path: string[] };
}

export async function cfnLint(templates: string[]): Promise<Finding[]> {
  const directory = mkdtempSync(join(tmpdir(), 'phased-fargate-lint-'));
  try {
    const report = join(directory, 'report.json');
    await promisify(execFile)(python(), ['-c', CFN_LINT, '--non-zero-exit-code', 'none', '--format', 'json', '--output-file', report, ...templates]);
    return readJson(report);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
