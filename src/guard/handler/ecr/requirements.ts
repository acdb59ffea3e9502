import { EcrClient, Finding, list, ScanPage, troubleOf } from './client';
import { pages } from './pages';
import { text as textOf } from '../../../handler/request';
import { clip, short } from '../../../handler/response';
import { Clock } from '../../../handler/runtime/runtime';
import { ecrCommand, RESTORE } from '../../../private/cli-commands';
import { Requirement, ScannedRequirement, SEVERITIES, Severity, SignedRequirement } from '../../contract';
import { Found, Observation } from '../observation';
import { Question } from '../request';

export interface RequirementsCheck {
  /** Returns the same image if it meets all requirements. Otherwise, returns the problem. Never throws. */
  check(image: Found): Promise<Observation>;
}

type Verdict = Extract<Observation, { readonly problem: string }> | undefined;

/** Checks the requirements for an image that exists. */
export function requirementsCheck(clock: Clock, ecr: EcrClient, { requirements, repository }: Question): RequirementsCheck {
  const command = (operation: string, digest: string) => `${ecrCommand(operation, repository)} --image-id imageDigest=${digest}`;

  async function check(requirement: Requirement, image: Found): Promise<Verdict> {
    if (requirement.kind === 'signed') return signed(requirement, image);
    // If one of several images is not ready, a problem with another image must still be reported.
    const verdicts: Verdict[] = [];
    for (const digest of image.images) {
      verdicts.push(await scanned(requirement, image.digest, digest).catch((error: unknown) => unscannable(error, image.digest)));
    }
    return verdicts.find((verdict) => verdict?.kind === 'unfit') ?? verdicts.find((verdict) => verdict);
  }

  async function scanned(requirement: ScannedRequirement, digest: string, scannedDigest: string): Promise<Verdict> {
    const found = new Findings(requirement, clock.now());
    for await (const page of pages((request) => ecr.scanFindings(scannedDigest, request))) {
      const status = page ? textOf(page.imageScanStatus?.status) || 'unknown' : 'NOT_SCANNED';
      if (status !== 'COMPLETE' && status !== 'ACTIVE') {
        const { kind, problem, remedy, operation } = SCAN_STATUSES.get(status) ?? row('unfit', `has the scan status ${short(status)}`, 'look up the status', LOOK_UP);
        const description = page?.imageScanStatus?.description;
        return {
          kind,
          digest,
          problem: description ? `${problem} (${short(description)})` : problem,
          remedy: operation ? `${remedy}: ${command(operation, scannedDigest)}` : remedy,
        };
      }
      found.add(page!);
    }

    if (found.count === 0) return undefined;
    return {
      kind: 'unfit',
      digest,
      problem: found.toString(),
      remedy: `update the packages and build again under a new tag, or accept the findings in ImageRequirement.scanned; to list all of them: ${command(LOOK_UP, scannedDigest)}`,
    };
  }

  /** If ECR refuses this request, the problem is the scan, not the name of the image. */
  function unscannable(error: unknown, digest: string): Verdict {
    const trouble = troubleOf(error);
    if (trouble.kind !== 'refused') throw error;
    return { kind: 'unfit', digest, problem: `could not be checked: ${short(trouble.message)}`, remedy: 'check the scanning configuration of the registry' };
  }

  async function signed({ profileArn }: SignedRequirement, { digest }: Found): Promise<Verdict> {
    const signing = (await ecr.signingStatuses(digest)).find(({ signingProfileArn }) => signingProfileArn === profileArn);
    const verdict = (kind: StatusRow['kind'], problem: string, remedy: string, why = ''): Verdict =>
      ({ kind, digest, problem: `${problem} by ${profileArn}${why}`, remedy });
    switch (signing?.status) {
      case 'COMPLETE':
        return undefined;
      case 'FAILED': {
        const why = [signing.failureCode, signing.failureReason].filter(Boolean).join(': ');
        return verdict('unfit', 'could not be signed', `fix the cause, ${PUSH_ANEW}`, ` (${short(why) || 'no reason given'})`);
      }
      case undefined:
        return verdict('notBegun', 'is not signed', `enable signing with this profile (signingProfile of ImageRegistry), ${PUSH_ANEW}`);
      default:
        return verdict('notReady', 'is not signed yet', `check the signature: ${command('describe-image-signing-status', digest)}`);
    }
  }

  return {
    check: async (image) => {
      try {
        let open: Verdict;
        for (const requirement of requirements) {
          const verdict = await check(requirement, image);
          if (verdict?.kind === 'unfit') return verdict;
          open ??= verdict;
        }
        return open ?? image;
      } catch (error) {
        return troubleOf(error);
      }
    },
  };
}

/** ECR signs an image only when it is pushed. */
const PUSH_ANEW = 'then push the image again under a new tag';

const LOOK_UP = 'describe-image-scan-findings';
const SCAN = 'start-image-scan';

interface StatusRow {
  readonly kind: 'notReady' | 'notBegun' | 'unfit';
  readonly problem: string;
  readonly remedy: string;
  /** ECR operation that carries out the remedy. */
  readonly operation?: string;
}

/** With basic scanning, ECR allows one scan of an image in 24 hours. Amazon Inspector decides itself when to scan. */
const AGAIN = 'push it again, or start a basic scan (at most one a day)';

const WAIT = 'pass a longer waitFor, or check the scan';

function row(kind: StatusRow['kind'], problem: string, remedy: string, operation?: string): StatusRow {
  return { kind, problem, remedy, operation };
}

/**
 * All statuses in the ECR model, except those that come with findings.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
 */
const SCAN_STATUSES: ReadonlyMap<string, StatusRow> = new Map(Object.entries({
  NOT_SCANNED: row('notBegun', 'has not been scanned', `enable imageScanOnPush or enhanced scanning. Then ${AGAIN}`, SCAN),
  PENDING: row('notReady', 'is waiting to be scanned', WAIT, LOOK_UP),
  IN_PROGRESS: row('notReady', 'is still being scanned', WAIT, LOOK_UP),
  FAILED: row('unfit', 'could not be scanned', AGAIN, SCAN),
  UNSUPPORTED_IMAGE: row('unfit', 'cannot be scanned: its operating system or media type is not supported', 'use a supported base image, or do not require a scan'),
  SCAN_ELIGIBILITY_EXPIRED: row('unfit', 'is too old for Amazon Inspector to scan', 'build it again, or lengthen the re-scan duration in Inspector'),
  FINDINGS_UNAVAILABLE: row('unfit', 'has no scan results in ECR', AGAIN, SCAN),
  LIMIT_EXCEEDED: row('unfit', 'was not scanned: the scan quota is exhausted', 'request an increase, or retry tomorrow'),
  IMAGE_ARCHIVED: row('unfit', 'is archived, so it is not scanned', 'restore it', RESTORE),
  IMAGE_SIZE_EXCEEDED: row('unfit', 'is too large to be scanned', 'make it smaller'),
}));

/** Maximum number of findings in a failure reason. */
const MOST_SHOWN = 8;

/** In bytes of JSON. Names of packages can be long. */
const LONGEST_LIST = 2_000;

/** Counts the relevant findings, but keeps only the worst ones, because there may be thousands. */
class Findings {
  public count = 0;
  private readonly bySeverity = new Map<Severity, number>();
  private worst: Array<{ readonly rank: number; readonly text: string }> = [];

  constructor(private readonly requirement: ScannedRequirement, private readonly now: number) {}

  public add({ imageScanFindings: { findings, enhancedFindings } = {} }: ScanPage): void {
    for (const finding of [...list(findings), ...list(enhancedFindings)]) {
      const rank = SEVERITIES.indexOf(severityOf(finding));
      if (!this.matters(finding, rank)) continue;

      this.count++;
      const severity = SEVERITIES[rank];
      this.bySeverity.set(severity, (this.bySeverity.get(severity) ?? 0) + 1);
      this.worst = [...this.worst, { rank, text: describe(finding) }].sort((one, other) => other.rank - one.rank).slice(0, MOST_SHOWN);
    }
  }

  public toString(): string {
    const counts = [...this.bySeverity].sort(([one], [other]) => SEVERITIES.indexOf(other) - SEVERITIES.indexOf(one)).map(([severity, count]) => `${count} ${severity}`);
    const more = this.count - this.worst.length;
    return `has ${this.count} ${this.count === 1 ? 'vulnerability' : 'vulnerabilities'} of severity ${this.requirement.failOn} or above (${counts.join(', ')}): `
      + `${clip(this.worst.map(({ text }) => text).join('; '), LONGEST_LIST)}${more > 0 ? `; and ${more} more` : ''}`;
  }

  private matters(finding: Finding, rank: number): boolean {
    const { failOn, onlyFixable, accepted } = this.requirement;
    if (rank < SEVERITIES.indexOf(failOn) || finding.status === 'SUPPRESSED' || finding.status === 'CLOSED') return false;
    // Basic scanning does not report whether there is a fix.
    if (onlyFixable && finding.fixAvailable === 'NO') return false;
    return !accepted.some(({ id, until }) => id === idOf(finding) && (!until || this.now < Date.parse(until)));
  }
}

/** Enhanced scanning reports `UNTRIAGED` for a finding that has no severity yet. */
function severityOf({ severity }: Finding): Severity {
  return SEVERITIES.find((known) => known === severity) ?? 'UNDEFINED';
}

function idOf({ packageVulnerabilityDetails, name }: Finding): string {
  return packageVulnerabilityDetails?.vulnerabilityId ?? name ?? 'unnamed';
}

function describe(finding: Finding): string {
  const attributes = new Map((finding.attributes ?? []).map(({ key, value }) => [key, value]));
  const [vulnerable] = finding.packageVulnerabilityDetails?.vulnerablePackages ?? [];
  const name = vulnerable?.name ?? attributes.get('package_name');
  const version = vulnerable?.version ?? attributes.get('package_version');
  const fixed = vulnerable?.fixedInVersion;
  return [
    `${idOf(finding)} (${severityOf(finding)})`,
    ...name ? [`in ${[name, version].filter(Boolean).join(' ')}`] : [],
    ...fixed && fixed !== 'NotAvailable' ? [`fixed in ${fixed}`] : fixed || finding.fixAvailable === 'NO' ? ['no fix yet'] : [],
  ].join(', ');
}
