import { ChildProcess } from 'node:child_process';

/** Ends a process that was started as the leader of a group, and all that it has started, at once. */
export function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return; // it could not be started
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended already
  }
}
