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
/** What clients find first on their PATH, see `commands/npx`. */
const COMMANDS = join(__dirname, 'commands');
const START_ATTEMPTS = 3;
const HEALTHY_WITHIN_MS = 30_000;

export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';

/** What CloudFormation sent to a custom resource, and what came back. */
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
  /** Missing while the handler is still at work, empty when it never answered. */
  readonly answer?: {
    readonly Status?: 'SUCCESS' | 'FAILED';
    readonly Reason?: string;
    readonly PhysicalResourceId?: string;
    readonly Data?: Record<string, string>;
  };
}

export interface EmulatorOptions {
  /** What tasks run in: processes of this machine, or containers, which need Linux, root and `runc`. */
  readonly taskRuntime?: 'process' | 'container';
  /** Tasks share the network of this machine even where each could have one of its own. */
  readonly sharedNetwork?: boolean;
}

/** A local AWS of its own: one process on a free port of 127.0.0.1, which ends with this one at the latest. */
export class Emulator {
  public static async start(options: EmulatorOptions = {}): Promise<Emulator> {
    for (let attempt = 1; ; attempt++) {
      const emulator = new Emulator(await freePort(), options);
      try {
        await emulator.untilHealthy();
        return emulator;
      } catch (error) {
        await emulator.stop();
        // Somebody else may have taken the port in the meantime.
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  public readonly endpoint: string;

  /** A clean environment for clients: nothing of the user's own AWS set-up reaches them, and they reach only this emulator. */
  public readonly env: Readonly<Record<string, string>>;

  /** Everything that the emulator and its clients write; gone once it has stopped. */
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
        // The AWS SDK for functions of others, which the runtime of Lambda has at hand.
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
      // It ends when its standard input does, and so with us, see shim/parent.py. In a process group of its own it can
      // be ended together with its children, and the Ctrl-C of a terminal is left to us.
      stdio: ['pipe', log, log],
      detached: true,
    });
    closeSync(log);
    // Whoever forgets to stop it can end all the same, and it with them.
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

  /** Returns once the process and all of its children are gone, and what they wrote. */
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
      // Somebody else's may be healthy there, while this one finds the port taken.
      if (!readFileSync(this.logFile, 'utf8').includes(`Running on ${this.endpoint}`)) continue;
      const healthy = await send('GET', `${this.endpoint}/_ministack/health`).then(({ status }) => status === 200, () => false);
      if (healthy) return;
    }
    throw new Error(`the local AWS emulator does not start:\n${readFileSync(this.logFile, 'utf8')}`);
  }
}

/** The user's environment without anything that could lead a client, or the emulator itself, to the world outside. */
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
