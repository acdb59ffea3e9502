import { readFileSync } from 'node:fs';
import { describeBadImages } from '../e2e/tasks/bad-images';

/** Bad images in containers. */

describeBadImages({ taskRuntime: 'container' }, (signal, code) => ({
  files: { busybox: readFileSync('/bin/busybox') },
  config: { Cmd: ['/busybox', 'sh', '-c', `trap 'exit ${code}' ${signal.slice(3)}; echo ready; while :; do /busybox sleep 0.05; done`] },
}));
