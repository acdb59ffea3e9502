import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparable, guideOf, screenOf } from './guide';
import { Consumer, LOWEST } from '../consumer';
import { execute } from './pipeline/workflow-run';
import { Emulator } from '../emulator/emulator';
import { python } from '../emulator/venv';

/** `docs/guides/getting-started.md`, followed exactly on the emulator. */

const guide = guideOf(readFileSync(join(__dirname, '../../docs/guides/getting-started.md'), 'utf8'));

let consumer: Consumer;
let emulator: Emulator;
let commands: string;

beforeAll(async () => {
  consumer = await Consumer.install(LOWEST, '@types/jest@30');
  emulator = await Emulator.start();
  commands = join(consumer.directory, 'commands');
  mkdirSync(commands);
  const installed = join(consumer.directory, 'node_modules/.bin');
  // The dependencies are already installed.
  command('npm', '[[ $* == "install @org/phased-fargate" ]]');
  command('npx', `
    case "$*" in
      "aws-cdk init"*)
        "${installed}/cdk" "\${@:2}" --generate-only
        git init --quiet
        ln -s "${consumer.directory}/node_modules" node_modules
        # The custom resource behind this flag imports an SDK that functions find in Lambda only.
        sed -i.before 's/\\(restrictDefaultSecurityGroup": \\)true/\\1false/' cdk.json
        ;;
      "cdk deploy"*) exec "${installed}/cdk" "\${@:2}" --require-approval never ;;
      "cdk destroy"*) exec "${installed}/cdk" "\${@:2}" --force ;;
      tsc)
        # The app checks its types whenever it is synthesized. Here it does so when its sources have changed.
        checked="$HOME/types-checked"
        if [[ ! -e $checked || -n $(find bin lib test -name '*.ts' -newer "$checked") ]]; then
          "${installed}/tsc" && touch "$checked"
        fi
        ;;
      *) exec "$(which -a npx | sed -n 2p)" "$@" ;;
    esac`);
  command('aws', `exec ${python()} ${join(__dirname, 'pipeline/aws.py')} "$@" --output text`);
  command('docker', `exec ${process.execPath} ${join(__dirname, 'pipeline/docker.cjs')} "$@"`);
  writeFileSync(join(emulator.env.HOME, '.cdk.json'), JSON.stringify({ notices: false }));
  writeFileSync(join(emulator.env.HOME, '.gitconfig'), '[user]\nname = Somebody\nemail = somebody@example.com\n');
});

afterAll(async () => {
  await emulator?.stop();
  consumer?.remove();
});

test('every command of the guide succeeds, and every output is as the guide shows it', async () => {
  const { exitCode, output } = await execute('bash', ['-c', guide.script], {
    cwd: consumer.directory,
    env: { ...emulator.env, NO_COLOR: '1', PATH: `${commands}:${emulator.env.PATH}` },
  });
  if (exitCode !== 0) throw new Error(`a command of the guide failed:\n${output}`);
  expect(guide.screens.length).toBeGreaterThan(4);
  for (const { after, lines } of guide.screens) {
    const screen = comparable(screenOf(output, after));
    for (const line of lines) {
      for (const part of comparable(line).split('…')) expect(screen).toContain(part);
    }
  }
});

function command(name: string, script: string): void {
  const file = join(commands, name);
  writeFileSync(file, `#!/usr/bin/env bash\nset -euo pipefail\n${script}\n`);
  chmodSync(file, 0o755);
}
