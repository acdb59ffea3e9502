import { Stack } from 'aws-cdk-lib';
import { HandlerFunction } from '../private/handler-function';
import { singleton } from '../private/stacks';

const ID = 'PhasedFargateReleaseTask';

/** The Lambda function for all release tasks of a stack. `permissions.ts` grants its permissions for each task. */
export class ReleaseTaskFunction extends HandlerFunction {
  public static in(stack: Stack): ReleaseTaskFunction {
    return singleton(stack, ID, () => new ReleaseTaskFunction(stack));
  }

  private constructor(stack: Stack) {
    super(stack, ID, {
      room: 'release-task',
      description: 'Runs a task once per release and waits until it ends',
      roleDescription: 'Runs the release tasks of this stack',
      policyName: 'ReleaseTask',
    });
  }
}
