import { Duration } from 'aws-cdk-lib';
import { WhenMissingMode } from './contract';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { anyDuration } from '../private/option-kinds';

/** One Lambda invocation lasts 15 minutes at most, and the answer takes some of it. */
const LONGEST_WAIT = Duration.minutes(14);

/**
 * What a guard does when the image is not there (yet).
 */
export class WhenMissing {
  /**
   * The deployment fails at once, with the commands that push the image in the reason.
   */
  public static fail(): WhenMissing {
    return new WhenMissing(BY_FACTORY, 'fail');
  }

  /**
   * The deployment waits for the image to be pushed, looking again every few seconds, and fails after this time.
   *
   * @param duration 1 second to 14 minutes
   * @throws if the duration is out of these bounds, or a token
   */
  public static waitFor(duration: Duration): WhenMissing {
    const fault = anyDuration('duration', duration);
    if (fault) throw new Error(`WhenMissing.waitFor: ${fault}`);
    if (duration.isUnresolved()) throw new Error('WhenMissing.waitFor: duration must be known at synthesis');
    const seconds = duration.toSeconds({ integral: false });
    if (seconds < 1 || seconds > LONGEST_WAIT.toSeconds()) {
      throw new Error(`WhenMissing.waitFor: duration ${duration.toHumanString()} is out of bounds: 1 second to ${LONGEST_WAIT.toHumanString()}, ` +
        'because the guard waits within one invocation of a Lambda function');
    }
    return new WhenMissing(BY_FACTORY, 'waitFor', Math.ceil(seconds));
  }

  /**
   * Everything is deployed, but with no tasks. The next deployment, with the same tag or another, brings the image and
   * the tasks. Since the guard has to look again each time, the template differs from one synthesis to the next.
   *
   * Not possible together with autoscaling, which would start tasks by itself.
   */
  public static startWithoutTasks(): WhenMissing {
    return new WhenMissing(BY_FACTORY, 'startWithoutTasks');
  }

  private constructor(
    key: symbol,
    /** @internal */
    public readonly _mode: WhenMissingMode,
    /** @internal */
    public readonly _waitSeconds: number = 0,
  ) {
    onlyByFactory(WhenMissing, key);
  }
}
