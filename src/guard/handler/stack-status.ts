import { AskStack, textOf } from './aws-client';
import { Log } from './log';
import { World } from './world';

const ATTEMPTS = 4;

/**
 * Whether the own stack is rolling back. A guard that stood in the way then would break more than it saves.
 *
 * Where CloudFormation does not say, the answer is no: a failure stops a deployment, a wrong yes would let any image pass.
 */
export async function isRollingBack(world: World, ask: AskStack, log: Log): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      return /ROLLBACK/.test(textOf('StackStatus', await ask('DescribeStacks')) ?? '');
    } catch (error) {
      if (attempt === ATTEMPTS) {
        log('warn', 'whether the stack is rolling back is not known, so the guard takes it that it is not', { error: String(error) });
        return false;
      }
      await world.clock.sleep(2 ** attempt * 250 * (1 + world.random()));
    }
  }
}
