import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { python } from '../../emulator/venv';
import { CREDENTIALS } from '../aws/credentials';
import { Call } from '../aws/front-doors';

export interface WireReport {
  readonly complaints: readonly string[];
  /** Number of distinct requests, each checked against the service model. */
  readonly judged: number;
  /** Number of signatures that were recomputed. */
  readonly signatures: number;
}

const REQUIREMENTS = resolve(__dirname, 'requirements.txt');
const EVERY = 25;

/** Records requests on the wire for botocore to check: each request once, and the signature of every 25th. */
export class WireRecorder {
  private readonly directory = mkdtempSync(join(tmpdir(), 'wire-'));
  private readonly file = join(this.directory, 'requests.jsonl');
  private readonly out = openSync(this.file, 'w');
  private readonly seen = new Set<string>();
  private count = 0;

  constructor() {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = CREDENTIALS;
    this.write([AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN]);
  }

  public called({ service, request }: Call, place: { readonly seed: number; readonly region: string; readonly at: number }): void {
    if (service !== 'ecr' && service !== 'cloudformation') return;
    const { method, url, headers, body } = request;
    const fingerprint = createHash('md5').update([url.host, headers['x-amz-target'], headers['content-type'], body].join('\n')).digest('base64');
    const signature = this.count++ % EVERY === 0;
    if (this.seen.has(fingerprint) && !signature) return;
    this.seen.add(fingerprint);
    this.write({ service, method, url: url.href, headers, body, signature, ...place });
  }

  public report(): WireReport {
    closeSync(this.out);
    try {
      const output = execFileSync(python(REQUIREMENTS), [join(__dirname, 'judge.py'), this.file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
      const lines = output.trim().split('\n');
      const { judged, signatures } = JSON.parse(lines.pop()!) as Pick<WireReport, 'judged' | 'signatures'>;
      return { complaints: lines, judged, signatures };
    } finally {
      rmSync(this.directory, { recursive: true });
    }
  }

  private write(line: object): void {
    writeSync(this.out, `${JSON.stringify(line)}\n`);
  }
}
