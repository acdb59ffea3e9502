import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Deployments } from './events';
import { Shown } from './playback';
import { User } from '../../test/e2e/user';
import { python } from '../../test/emulator/venv';

/** Deploys the smallest example on the emulator, first without and then with the image. */
export async function recordDeployments(): Promise<Deployments> {
  const user = await User.of('minimal');
  const command = ['FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1'];
  try {
    await user.deploy('FargateStack/Registry');
    await user.deployInVain(...command);
    const refused = await user.aws.stackEvents('FargateStack');
    await user.push('fargatestack-api', 'v1', 'linux/amd64');
    await user.deploy(...command);
    return { refused, released: await user.aws.stackEvents('FargateStack') };
  } finally {
    await user.leave();
  }
}

const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
const NEXT_LINE = '\r\n';
const SAME_LINE = '\r\x1b[K';

/** Runs the demo in a terminal, and records its lines and their times. */
export async function recordDemo(): Promise<Shown[]> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|CDK_|CI$|NO_COLOR$)/.test(name)));
  const demo = spawn(python(), ['-c', IN_TERMINAL, process.execPath, '-r', 'ts-node/register', join(__dirname, '../demo.ts')], {
    env: { ...env, TS_NODE_PROJECT: 'tsconfig.dev.json', TERM: 'xterm-256color' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const shown: Shown[] = [];
  const start = Date.now();
  let current = '';
  demo.stdout.setEncoding('utf8').on('data', (output: string) => {
    const at = Date.now() - start;
    for (const part of output.split(/(\r\n|\r\x1b\[K)/)) {
      if (part === NEXT_LINE) shown.push({ at, line: current, stays: true });
      if (part === SAME_LINE && current) shown.push({ at, line: current, stays: false });
      current = part === NEXT_LINE || part === SAME_LINE ? '' : current + part;
    }
  });
  const [code] = await once(demo, 'close');
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${shown.map(({ line }) => line).join('\n')}`);
  return shown;
}
