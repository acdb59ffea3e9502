import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account';
import { PREFIX } from './names';

const WITHIN_MS = 45 * 60_000;

/**
 * Removes all that runs have left, those included that were interrupted. It looks for names and keeps no notes, so it can
 * be interrupted and begun again itself.
 */
export async function cleanUp({ aws }: Pick<Account, 'aws'>, say: (line: string) => void, pauseMs = 5_000): Promise<void> {
  for (const deadline = Date.now() + WITHIN_MS; ;) {
    const stacks = (await aws.stacks()).filter(({ name }) => name.startsWith(PREFIX));
    if (stacks.length === 0) break;
    if (Date.now() > deadline) throw new Error(`these stacks are still there: ${stacks.map(({ name, status }) => `${name} ${status}`).join(', ')}`);
    for (const { name, status } of stacks) {
      // A stack in review has a change set that nobody will execute any more.
      if (status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS') continue;
      // Others may still need what this one holds: then it fails, and is tried again.
      say(`deleting ${name}`);
      await aws.cloudFormation('DeleteStack', { StackName: name });
    }
    await sleep(pauseMs);
  }
  for (const repositoryName of (await aws.repositoryNames()).filter((name) => name.startsWith(PREFIX.toLowerCase()))) {
    say(`deleting the repository ${repositoryName}`);
    await aws.ecr('DeleteRepository', { repositoryName, force: true });
  }
  for (const logGroupName of [...await aws.logGroups(PREFIX), ...await aws.logGroups(`/aws/lambda/${PREFIX}`)]) {
    say(`deleting the log group ${logGroupName}`);
    await aws.logs('DeleteLogGroup', { logGroupName });
  }
}
