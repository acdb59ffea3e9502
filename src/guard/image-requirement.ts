import { Duration } from 'aws-cdk-lib';
import { Requirement, SEVERITIES } from './contract';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { anyDuration, anyFlag, factoryOptions, Kinds, listOf, structOf } from '../private/option-kinds';
import { isKnown, shown } from '../private/validation';
import { SIGNING_PROFILE_ARN } from '../registry/managed-signing';

const SCANNED_KINDS: Kinds<ScannedOptions> = {
  failOn: (name, value) => (SEVERITIES as readonly unknown[]).includes(value) ? undefined : `${name} ${shown(value)} is not valid: pass one of ${[...SEVERITIES].reverse().join(', ')}`,
  accept: listOf(structOf({ id: () => undefined, reason: () => undefined })),
  onlyFixable: anyFlag,
  waitFor: anyDuration,
  enhancedScanning: anyFlag,
};

const SIGNED_KINDS: Kinds<SignedOptions> = { waitFor: anyDuration };

/** A Lambda invocation lasts at most 15 minutes, and the handler needs some of this time to answer. */
const LONGEST_WAIT = Duration.minutes(14);

/**
 * Severity of a vulnerability, as Amazon ECR reports it.
 */
export enum FindingSeverity {
  /** Critical vulnerabilities. */
  CRITICAL = 'CRITICAL',
  /** High severity and above. */
  HIGH = 'HIGH',
  /** Medium severity and above. */
  MEDIUM = 'MEDIUM',
  /** Low severity and above. */
  LOW = 'LOW',
  /** Every finding with a severity. */
  INFORMATIONAL = 'INFORMATIONAL',
  /** Every finding, including those without a severity. */
  UNDEFINED = 'UNDEFINED',
}

/**
 * A known vulnerability that you accept.
 */
export interface AcceptedFinding {
  /**
   * Name of the vulnerability as ECR reports it, such as `CVE-2026-1234`.
   */
  readonly id: string;

  /**
   * Reason why the vulnerability is acceptable, for readers of the template and code reviewers.
   */
  readonly reason: string;

  /**
   * First day on which the vulnerability is no longer accepted, as `YYYY-MM-DD` in UTC.
   *
   * @default - the acceptance does not expire
   */
  readonly until?: string;
}

/**
 * Options of `ImageRequirement.scanned`.
 */
export interface ScannedOptions {
  /**
   * Lowest severity that stops a release.
   *
   * @default FindingSeverity.CRITICAL
   */
  readonly failOn?: FindingSeverity;

  /**
   * Vulnerabilities to ignore.
   *
   * @default - none
   */
  readonly accept?: AcceptedFinding[];

  /**
   * Whether to ignore vulnerabilities that have no fix yet. Only enhanced scanning reports fixes. With basic scanning, every
   * vulnerability counts.
   *
   * @default false
   */
  readonly onlyFixable?: boolean;

  /**
   * Maximum time that a release waits for the scan of a new image: 0 seconds to 14 minutes. The sum of this time and the
   * time in `WhenMissing.waitFor` must not exceed 14 minutes. The first enhanced scan of a repository can take longer
   * than 14 minutes.
   *
   * @default Duration.minutes(5)
   */
  readonly waitFor?: Duration;

  /**
   * Whether the registry uses enhanced scanning (Amazon Inspector). ECR then reads the findings from Inspector on behalf of
   * the guard's function. The function therefore gets the permissions `inspector2:ListFindings` and
   * `inspector2:ListCoverage`, which Inspector cannot limit to single repositories.
   *
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
   * @default false
   */
  readonly enhancedScanning?: boolean;
}

/**
 * Options of `ImageRequirement.signedBy`.
 */
export interface SignedOptions {
  /**
   * Maximum time that a release waits for ECR to sign a new image: 0 seconds to 14 minutes. The sum of this time and the
   * time in `WhenMissing.waitFor` must not exceed 14 minutes.
   *
   * @default Duration.minutes(2)
   */
  readonly waitFor?: Duration;
}

/**
 * A requirement that an image must meet before it is released.
 *
 * The guard checks a requirement when a digest is released for the first time. It never blocks infrastructure-only
 * deployments, deployments of an earlier image, or rollbacks.
 */
export class ImageRequirement {
  /**
   * Requires that ECR has scanned the image and found no vulnerability of severity `failOn` or higher, except for
   * accepted ones. If the image is an index, the guard checks the images for the platforms of the task definitions.
   *
   * @throws if the severity or a date is not valid; if `waitFor` is not between 0 seconds and 14 minutes; if an accepted
   * finding has no ID or no reason
   */
  public static scanned(options: ScannedOptions = {}): ImageRequirement {
    const given = factoryOptions(options, SCANNED_KINDS, (message) => new Error(`ImageRequirement.scanned: ${message}`));
    const { accept = [], onlyFixable = false, enhancedScanning = false } = given;
    const { failOn = FindingSeverity.CRITICAL, waitFor = Duration.minutes(5) } = given;
    const accepted = accept.map(({ id, reason, until }, index) => {
      const where = `ImageRequirement.scanned: accept[${index}]`;
      for (const [name, value] of Object.entries({ id, reason })) {
        if (typeof value !== 'string' || value.trim() === '') throw new Error(`${where}.${name} ${shown(value)} is not valid: pass the name of the vulnerability, and the reason for accepting it`);
      }
      if (until !== undefined && isKnown(until) && !isDate(until)) {
        throw new Error(`${where}.until ${shown(until)} is not valid: pass a date such as "2027-01-31"`);
      }
      return { id, reason, until };
    });
    return new ImageRequirement(BY_FACTORY, {
      kind: 'scanned',
      failOn,
      onlyFixable,
      accepted,
      waitSeconds: waitSeconds('scanned', waitFor),
    }, enhancedScanning);
  }

  /**
   * Requires that ECR has signed the image with this AWS Signer signing profile.
   *
   * @param signingProfileArn ARN of the signing profile, or a token
   * @throws if the ARN is not the ARN of a signing profile; if `waitFor` is not between 0 seconds and 14 minutes
   */
  public static signedBy(signingProfileArn: string, options: SignedOptions = {}): ImageRequirement {
    const { waitFor = Duration.minutes(2) } = factoryOptions(options, SIGNED_KINDS, (message) => new Error(`ImageRequirement.signedBy: ${message}`));
    if (typeof signingProfileArn !== 'string' || isKnown(signingProfileArn) && !SIGNING_PROFILE_ARN.test(signingProfileArn)) {
      throw new Error(`ImageRequirement.signedBy: signingProfileArn ${shown(signingProfileArn)} is not the ARN of a signing profile`);
    }
    return new ImageRequirement(BY_FACTORY, {
      kind: 'signed',
      profileArn: signingProfileArn,
      waitSeconds: waitSeconds('signedBy', waitFor),
    }, false);
  }

  private constructor(
    key: symbol,
    /** @internal */
    public readonly _requirement: Requirement,
    /**
     * Whether the check also needs Amazon Inspector.
     *
     * @internal
     */
    public readonly _asksInspector: boolean,
  ) {
    onlyByFactory(ImageRequirement, key);
  }
}

function isDate(text: unknown): boolean {
  return typeof text === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(text).toJSON()?.slice(0, 10) === text;
}

function waitSeconds(factory: string, duration: Duration): number {
  if (duration.isUnresolved()) throw new Error(`ImageRequirement.${factory}: waitFor must be known at synthesis`);
  const seconds = duration.toSeconds({ integral: false });
  if (!(seconds >= 0 && seconds <= LONGEST_WAIT.toSeconds())) {
    throw new Error(`ImageRequirement.${factory}: waitFor ${duration.toHumanString()} is out of range: pass 0 seconds to ${LONGEST_WAIT.toHumanString()}, ` +
      'because the guard waits within one invocation of a Lambda function');
  }
  return Math.ceil(seconds);
}
