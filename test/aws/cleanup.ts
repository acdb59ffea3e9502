import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account';
import { PREFIX } from './names';

const WITHIN_MS = 45 * 60_000;

export interface CleanUpOptions {
  /**
   * Beginning of the names of the resources to delete.
   * @default - the resources of all runs
   */
  readonly prefix?: string;
  readonly pauseMs?: number;
}

/**
 * Deletes the resources of runs, including interrupted ones. It finds them by their names, so an interrupted cleanup can be
 * repeated.
 */
export async function cleanUp(
  { aws }: Pick<Account, 'aws'>, say: (line: string) => void, { prefix = PREFIX, pauseMs = 5_000 }: CleanUpOptions = {},
): Promise<void> {
  for (const deadline = Date.now() + WITHIN_MS, awaited = new Set<string>(); ;) {
    const stacks = (await aws.stacks()).filter(({ name }) => name.startsWith(prefix));
    if (stacks.length === 0) break;
    if (Date.now() > deadline) throw new Error(`these stacks are still there: ${stacks.map(({ name, status }) => `${name} ${status}`).join(', ')}`);
    for (const { name, status } of stacks) {
      // A stack in review has only a change set, which nobody will execute.
      if (status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS') {
        const waiting = `waiting for ${name} (${status})`;
        if (!awaited.has(waiting)) say(waiting);
        awaited.add(waiting);
        continue;
      }
      // The deletion fails while another stack still uses this one. The next round then tries again.
      say(`deleting ${name}`);
      await aws.cloudFormation('DeleteStack', { StackName: name });
    }
    await sleep(pauseMs);
  }
  for (const repositoryName of (await aws.repositoryNames()).filter((name) => name.startsWith(prefix.toLowerCase()))) {
    say(`deleting the repository ${repositoryName}`);
    await aws.ecr('DeleteRepository', { repositoryName, force: true });
  }
  for (const logGroupName of [...await aws.logGroups(prefix), ...await aws.logGroups(`/aws/lambda/${prefix}`)]) {
    say(`deleting the log group ${logGroupName}`);
    await aws.logs('DeleteLogGroup', { logGroupName });
  }
}
