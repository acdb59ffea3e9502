import { readFileSync } from 'node:fs';
import { describeBadImages } from '../e2e/tasks/bad-images';

/** Bad images in containers. */

describeBadImages({ taskRuntime: 'container' }, {
  endsBySignal: (signal, code) => ({
    files: { busybox: readFileSync('/bin/busybox') },
    config: { Cmd: ['/busybox', 'sh', '-c', `trap 'exit ${code}' ${signal.slice(3)}; echo ready; while :; do /busybox sleep 0.05; done`] },
  }),
  hangs: ['/busybox', 'sh', '-c', '/busybox sleep 1000; true'],
});
