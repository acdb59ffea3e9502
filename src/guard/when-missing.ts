import { Duration } from 'aws-cdk-lib';
import { WhenMissingMode } from './contract';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { anyDuration } from '../private/option-kinds';

/** A Lambda invocation lasts at most 15 minutes, and the handler needs some of this time to answer. */
const LONGEST_WAIT = Duration.minutes(14);

/**
 * The action that a guard takes if the image is not in the registry.
 */
export class WhenMissing {
  /**
   * Fails the deployment immediately. The error contains the commands that push the image.
   */
  public static fail(): WhenMissing {
    return new WhenMissing(BY_FACTORY, 'fail');
  }

  /**
   * Waits for the image for up to this duration, and looks it up again every few seconds. If the image is still missing
   * then, the deployment fails.
   *
   * @param duration 1 second to 14 minutes
   * @throws if the duration is out of range or a token
   */
  public static waitFor(duration: Duration): WhenMissing {
    const fault = anyDuration('duration', duration);
    if (fault) throw new Error(`WhenMissing.waitFor: ${fault}`);
    if (duration.isUnresolved()) throw new Error('WhenMissing.waitFor: duration must be known at synthesis');
    const seconds = duration.toSeconds({ integral: false });
    if (seconds < 1 || seconds > LONGEST_WAIT.toSeconds()) {
      throw new Error(`WhenMissing.waitFor: duration ${duration.toHumanString()} is out of range: pass 1 second to ${LONGEST_WAIT.toHumanString()}, ` +
        'because the guard waits within one invocation of a Lambda function');
    }
    return new WhenMissing(BY_FACTORY, 'waitFor', Math.ceil(seconds));
  }

  /**
   * Deploys everything, but with no tasks. Once the image exists, the next deployment starts the tasks. That
   * deployment can use the same tag or another one. After a deployment has found an image, later deployments fail if
   * their image is missing, and the tasks keep the previous image.
   *
   * Each synthesis puts a new value into the template, so each `cdk deploy` looks up the image again, and `cdk diff` always
   * shows a change.
   *
   * You cannot combine it with autoscaling, which would start tasks without the image.
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
