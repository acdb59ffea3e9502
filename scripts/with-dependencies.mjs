// Runs a projen task in a fresh clone. Installs dependencies first if they are missing or out of date.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const [task] = process.argv.slice(2);
const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) await run('npm', 'ci');
await run(process.execPath, 'node_modules/projen/bin/projen', task);

/**
 * Runs a command, and exits with its code if it fails. The command and its child processes form a process group, so that a
 * signal reaches all of them. This function returns only after all of them have ended. npm does not forward signals, so the
 * end of npm counts as a signal.
 */
async function run(command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const group = -child.pid;
  const end = (signal) => isAlive(group) && process.kill(group, signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  signals.forEach((signal) => process.on(signal, end));
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && end('SIGTERM'), 200);

  const [code, signal] = await once(child, 'exit');
  for (let tries = 0; isAlive(group) && tries < 100; tries++) await sleep(100);
  clearInterval(watch);
  signals.forEach((name) => process.off(name, end));
  if (code !== 0) process.exit(code ?? 128 + constants.signals[signal]);
}

function isAlive(group) {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}
