import { readFileSync } from 'node:fs';
import { describeTasks, Programs } from '../e2e/tasks/behavior';
import { Program } from '../emulator/programs';

/** Tasks in containers, started by runc from self-contained images with a statically linked BusyBox. */

const BUSYBOX: Program['files'] = { 'bin/busybox': readFileSync('/bin/busybox') };

function shell(commands: string, config: Program['config'] = {}, files: Program['files'] = {}): Program {
  return { files: { ...BUSYBOX, 'bin/sh': '#!/bin/busybox sh\nexec /bin/busybox sh "$@"\n', ...files }, config: { Cmd: ['/bin/busybox', 'sh', '-c', commands], ...config } };
}

const SHELL: Programs = {
  server: (text, { port = 80, host, user } = {}) => shell(
    `exec /bin/busybox httpd -f -p ${host ? `${host}:` : ''}${port} -h /www`, { User: user }, { 'www/index.html': text }),
  exits: (code, line) => shell(`echo '${line}'; exit ${code}`),
  tells: (variables, config) => shell(`echo ${variables.map((name) => `$${name}`).join(' ')} $(pwd) $(/bin/busybox id -u)`, config, { 'srv/file': '' }),
  waits: ({ deaf } = { deaf: false }) => shell(`trap '${deaf ? '' : 'exit 0'}' TERM; while :; do /bin/busybox sleep 0.05; done`),
  allocates: (mebibytes) => shell(
    `x=$(/bin/busybox head -c ${mebibytes * 2 ** 20} /dev/zero | /bin/busybox tr '\\0' x); while :; do /bin/busybox sleep 0.05; done`),
};

describeTasks({ taskRuntime: 'container' }, SHELL);
