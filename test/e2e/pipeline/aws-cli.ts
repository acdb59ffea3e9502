import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { python } from '../../emulator/venv';

/** The AWS CLI of a machine that runs pipelines. One process serves all commands, see `aws-server.py`. */
export class AwsCli {
  public static async start(directory: string): Promise<AwsCli> {
    const socket = join(directory, 'aws.socket');
    const server = spawn(python(), [join(__dirname, 'aws-server.py'), socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    await Promise.race([
      once(server.stdout, 'data'),
      once(server, 'exit').then(() => { throw new Error('aws-server.py does not start'); }),
    ]);
    return new AwsCli(server, `${python()} -I -S ${join(__dirname, 'aws-client.py')} ${socket}`);
  }

  private constructor(private readonly server: ChildProcess, public readonly command: string) {}

  public async stop(): Promise<void> {
    if (this.server.exitCode !== null || this.server.signalCode !== null) return;
    const gone = once(this.server, 'exit');
    this.server.stdin!.end();
    await gone;
  }
}
