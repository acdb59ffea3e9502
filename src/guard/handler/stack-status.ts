import { AskStack, textOf } from './aws-client';
import { Log } from './log';
import { World } from './world';

const ATTEMPTS = 4;

/** `undefined` where CloudFormation does not say. */
export type RollingBack = boolean | undefined;

/** Whether the own stack is rolling back. A guard that stood in the way then would break more than it saves. */
export async function isRollingBack(world: World, ask: AskStack, log: Log): Promise<RollingBack> {
  for (let attempt = 1; ; attempt++) {
    try {
      const status = textOf('StackStatus', await ask('DescribeStacks'));
      if (status === undefined) throw new Error('an answer without a status');
      return status.includes('ROLLBACK');
    } catch (error) {
      if (attempt === ATTEMPTS) {
        log('warn', 'CloudFormation does not say whether the stack is rolling back', { error: String(error) });
        return undefined;
      }
      await world.clock.sleep(2 ** attempt * 250 * (1 + world.random()));
    }
  }
}
