import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './http';
import { endGroup } from './process-group';
import { python } from './venv';

const HOST = '127.0.0.1';
/** Commands that come first on the PATH of clients, see `commands/npx`. */
export const COMMANDS = join(__dirname, 'commands');
const START_ATTEMPTS = 3;
const HEALTHY_WITHIN_MS = 30_000;

export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';

/** A request from CloudFormation to a custom resource and the answer. */
export interface CustomResourceRequest {
  readonly requestType: 'Create' | 'Update' | 'Delete';
  readonly stackName: string;
  readonly stackStatus: string;
  readonly resourceType: string;
  readonly logicalId: string;
  readonly physicalId: string | null;
  readonly properties: Record<string, unknown>;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly answeredAt?: number;
  /** Missing while the handler is still running, empty if it never answered. */
  readonly answer?: {
    readonly Status?: 'SUCCESS' | 'FAILED';
    readonly Reason?: string;
    readonly PhysicalResourceId?: string;
    readonly Data?: Record<string, string>;
  };
}

export interface EmulatorOptions {
  /** Whether tasks run as processes of this machine or in containers, which need Linux, root and `runc`. */
  readonly taskRuntime?: 'process' | 'container';
  /** Whether tasks share the network of this machine even if each could have its own. */
  readonly sharedNetwork?: boolean;
}

/** A separate local AWS: one process on a free port of 127.0.0.1, which ends with this process at the latest. */
export class Emulator {
  public static async start(options: EmulatorOptions = {}): Promise<Emulator> {
    for (let attempt = 1; ; attempt++) {
      const emulator = new Emulator(await freePort(), options);
      try {
        await emulator.untilHealthy();
        return emulator;
      } catch (error) {
        await emulator.stop();
        // Another process may have taken the port in the meantime.
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  public readonly endpoint: string;

  /** A clean environment for clients: they see none of the user's own AWS settings and reach only this emulator. */
  public readonly env: Readonly<Record<string, string>>;

  /** Everything that the emulator and its clients write. Deleted when the emulator stops. */
  public readonly directory: string;

  private readonly process: ChildProcess;

  private constructor(port: number, { taskRuntime = 'process', sharedNetwork = false }: EmulatorOptions) {
    this.endpoint = `http://${HOST}:${port}`;
    this.directory = mkdtempSync(join(tmpdir(), 'aws-emulator-'));
    const base = { ...withoutAws(this.directory), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
    this.env = {
      ...base,
      PATH: [COMMANDS, base.PATH].join(delimiter),
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: ACCOUNT, // the emulator reads the account from it
      AWS_SECRET_ACCESS_KEY: 'none',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
    };
    const log = openSync(this.logFile, 'a');
    this.process = spawn(python(), [join(__dirname, 'shim')], {
      env: {
        ...base,
        PYTHONDONTWRITEBYTECODE: '1',
        // The AWS SDK for functions of other libraries, which Lambda's runtime provides.
        ...process.env.NODE_PATH && { NODE_PATH: process.env.NODE_PATH },
        BIND_HOST: HOST,
        MINISTACK_HOST: HOST,
        GATEWAY_PORT: String(port),
        MINISTACK_ACCOUNT_ID: ACCOUNT,
        MINISTACK_REGION: REGION,
        LAMBDA_EXECUTOR: 'local',
        IOT_MTLS_ENABLED: '0',
        SHIM_DIRECTORY: this.directory,
        SHIM_REQUEST_LOG: this.requestLog,
        SHIM_TASK_RUNTIME: taskRuntime,
        SHIM_TASK_NETWORK: sharedNetwork ? 'shared' : 'own',
      },
      // It ends when its standard input closes, and so with this process, see shim/parent.py. A separate process group can
      // be ended together with its children, and only this process receives the Ctrl-C of a terminal.
      stdio: ['pipe', log, log],
      detached: true,
    });
    closeSync(log);
    // A process that forgets to stop the emulator can still end, and the emulator ends with it.
    this.process.unref();
    (this.process.stdin as Socket).unref();
  }

  public get logFile(): string {
    return join(this.directory, 'emulator.log');
  }

  /** Every request to a custom resource so far, oldest first. */
  public customResourceRequests(): CustomResourceRequest[] {
    if (!existsSync(this.requestLog)) return [];
    const requests = new Map<string, CustomResourceRequest>();
    for (const line of readFileSync(this.requestLog, 'utf8').trim().split('\n')) {
      const { id, event, ...rest } = JSON.parse(line);
      requests.set(id, { ...requests.get(id), ...rest });
    }
    return [...requests.values()];
  }

  /** Returns once the process, all of its children and their files are gone. */
  public async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit');
      this.process.ref();
      endGroup(this.process);
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get requestLog(): string {
    return join(this.directory, 'custom-resource-requests.jsonl');
  }

  private async untilHealthy(): Promise<void> {
    for (const end = Date.now() + HEALTHY_WITHIN_MS; Date.now() < end; await sleep(50)) {
      if (this.process.exitCode !== null) break;
      // Another emulator may be healthy on the port, while this one finds the port taken.
      if (!readFileSync(this.logFile, 'utf8').includes(`Running on ${this.endpoint}`)) continue;
      const healthy = await send('GET', `${this.endpoint}/_ministack/health`).then(({ status }) => status === 200, () => false);
      if (healthy) return;
    }
    throw new Error(`the local AWS emulator does not start:\n${readFileSync(this.logFile, 'utf8')}`);
  }
}

/** The user's environment without anything that could direct a client or the emulator to an external network. */
function withoutAws(directory: string): Record<string, string> {
  const home = join(directory, 'home');
  const temporary = join(directory, 'tmp');
  mkdirSync(home);
  mkdirSync(temporary);
  return {
    HOME: home,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    CI: 'true', // no questions
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
