import { EcrClient, Finding, ScanPage, troubleOf } from './client';
import { Clock } from '../../../handler/runtime/runtime';
import { ecrCommand } from '../../../private/cli-commands';
import { Requirement, ScannedRequirement, SEVERITIES, Severity, SignedRequirement } from '../../contract';
import { Found, Observation } from '../observation';
import { Question } from '../request';

export interface RequirementsCheck {
  /** The same image if it is what is required, and otherwise what is wrong with it. Never throws. */
  check(image: Found): Promise<Observation>;
}

type Verdict = Extract<Observation, { readonly problem: string }> | undefined;

/** What an image must be besides being there. */
export function requirementsCheck(clock: Clock, ecr: EcrClient, { requirements, repository }: Question): RequirementsCheck {
  const command = (operation: string, digest: string) => `${ecrCommand(operation, repository)} --image-id imageDigest=${digest}`;

  async function check(requirement: Requirement, image: Found): Promise<Verdict> {
    if (requirement.kind === 'signed') return signed(requirement, image);
    // Nothing that is wrong with one of several images may hide behind another that is not ready.
    const verdicts = [];
    for (const digest of image.images) verdicts.push(await scanned(requirement, image.digest, digest));
    return verdicts.find((verdict) => verdict?.kind === 'unfit') ?? verdicts.find((verdict) => verdict);
  }

  async function scanned(requirement: ScannedRequirement, digest: string, scannedDigest: string): Promise<Verdict> {
    const found = new Findings(requirement, clock.now());
    let nextToken: string | undefined;
    do {
      const page = await ecr.scanFindings(scannedDigest, nextToken);
      const status = page ? statusOf(page) : 'NOT_SCANNED';
      if (status !== 'COMPLETE' && status !== 'ACTIVE') {
        const { kind, problem, remedy } = SCAN_STATUSES[status] ?? { kind: 'unfit', problem: `has the scan status ${status}`, remedy: 'look the status up' };
        const description = page?.imageScanStatus?.description;
        return { kind, digest, problem: description ? `${problem} (${description})` : problem, remedy: `${remedy}: ${command(REMEDY_OPERATIONS[status] ?? LOOK_UP, scannedDigest)}` };
      }
      found.add(page!);
      nextToken = page!.nextToken;
    } while (nextToken);

    if (found.count === 0) return undefined;
    return {
      kind: 'unfit',
      digest,
      problem: found.toString(),
      remedy: `update the packages and build again, or accept the findings in ImageRequirement.scanned; all of them: ${command(LOOK_UP, scannedDigest)}`,
    };
  }

  async function signed({ profileArn }: SignedRequirement, { digest }: Found): Promise<Verdict> {
    const status = (await ecr.signingStatuses(digest)).find(({ signingProfileArn }) => signingProfileArn === profileArn);
    const look = command('describe-image-signing-status', digest);
    if (status?.status === 'COMPLETE') return undefined;
    if (status?.status === 'FAILED') {
      return {
        kind: 'unfit',
        digest,
        problem: `could not be signed by ${profileArn} (${[status.failureCode, status.failureReason].filter(Boolean).join(': ') || 'no reason given'})`,
        remedy: `fix that, then push the image again under a new tag: ${look}`,
      };
    }
    if (status) return { kind: 'notReady', digest, problem: `is not signed yet by ${profileArn} (${status.status})`, remedy: `wait until it is: ${look}` };
    return {
      kind: 'notBegun',
      digest,
      problem: `is not signed by ${profileArn}`,
      remedy: `turn on signing with this profile (signingProfile of ImageRegistry), then push the image again under a new tag: ${look}`,
    };
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

const LOOK_UP = 'describe-image-scan-findings';

const REMEDY_OPERATIONS: Readonly<Record<string, string | undefined>> = {
  NOT_SCANNED: 'start-image-scan',
  FAILED: 'start-image-scan',
  FINDINGS_UNAVAILABLE: 'start-image-scan',
  IMAGE_ARCHIVED: 'update-image-storage-class --target-storage-class STANDARD',
};

interface StatusRow {
  readonly kind: 'notReady' | 'notBegun' | 'unfit';
  readonly problem: string;
  readonly remedy: string;
}

const WAIT = 'wait until it is, or pass a longer waitFor';

function notReady(kind: StatusRow['kind'], problem: string, remedy: string): StatusRow {
  return { kind, problem, remedy };
}

function unfit(problem: string, remedy: string): StatusRow {
  return { kind: 'unfit', problem, remedy };
}

/**
 * Each status of ECR's model but those that come with findings.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
 */
const SCAN_STATUSES: Readonly<Record<string, StatusRow | undefined>> = {
  NOT_SCANNED: notReady('notBegun', 'has not been scanned', 'turn on imageScanOnPush, and scan this image'),
  PENDING: notReady('notReady', 'is waiting to be scanned', WAIT),
  IN_PROGRESS: notReady('notReady', 'is still being scanned', WAIT),
  FAILED: unfit('could not be scanned', 'scan it again'),
  UNSUPPORTED_IMAGE: unfit('cannot be scanned: its operating system or media type is not supported', 'use a supported base image, or require no scan'),
  SCAN_ELIGIBILITY_EXPIRED: unfit('is too old for Amazon Inspector to scan it any longer', 'build it again, or lengthen the re-scan duration in Inspector'),
  FINDINGS_UNAVAILABLE: unfit('has no findings that ECR could show', 'scan it again'),
  LIMIT_EXCEEDED: unfit('was not scanned: a quota for scans is exhausted', 'request an increase, or retry tomorrow'),
  IMAGE_ARCHIVED: unfit('is archived, so it is not scanned', 'restore it'),
  IMAGE_SIZE_EXCEEDED: unfit('is too large to be scanned', 'make it smaller'),
};

function statusOf({ imageScanStatus }: ScanPage): string {
  return imageScanStatus?.status ?? 'unknown';
}

/** How many of the findings a reason has room for. */
const MOST_SHOWN = 8;

/** Counts the findings that matter, and keeps the worst of them: there may be thousands. */
class Findings {
  public count = 0;
  private readonly bySeverity = new Map<Severity, number>();
  private worst: Array<{ readonly rank: number; readonly text: string }> = [];

  constructor(private readonly requirement: ScannedRequirement, private readonly now: number) {}

  public add({ imageScanFindings: { findings = [], enhancedFindings = [] } = {} }: ScanPage): void {
    for (const finding of [...findings, ...enhancedFindings]) {
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
      + `${this.worst.map(({ text }) => text).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  }

  private matters(finding: Finding, rank: number): boolean {
    const { failOn, onlyFixable, accepted } = this.requirement;
    if (rank < SEVERITIES.indexOf(failOn) || finding.status === 'SUPPRESSED' || finding.status === 'CLOSED') return false;
    if (onlyFixable && hasNoFix(finding)) return false;
    return !accepted.some(({ id, until }) => id === idOf(finding) && (!until || this.now < Date.parse(until)));
  }
}

/** Enhanced scanning says `UNTRIAGED` of what has no severity yet. */
function severityOf({ severity }: Finding): Severity {
  return SEVERITIES.find((known) => known === severity) ?? 'UNDEFINED';
}

/** Only where that is certain: basic scanning does not tell. */
function hasNoFix({ fixAvailable }: Finding): boolean {
  return fixAvailable === 'NO';
}

function idOf({ packageVulnerabilityDetails, name }: Finding): string {
  return packageVulnerabilityDetails?.vulnerabilityId ?? name ?? 'a finding without a name';
}

function describe(finding: Finding): string {
  const attributes = new Map((finding.attributes ?? []).map(({ key, value }) => [key, value]));
  const [vulnerable] = finding.packageVulnerabilityDetails?.vulnerablePackages ?? [];
  const name = vulnerable?.name ?? attributes.get('package_name');
  const version = vulnerable?.version ?? attributes.get('package_version');
  const fixed = vulnerable?.fixedInVersion;
  return [
    `${idOf(finding).slice(0, 60)} (${severityOf(finding)})`,
    ...name ? [`in ${[name, version].filter(Boolean).join(' ').slice(0, 120)}`] : [],
    ...fixed && fixed !== 'NotAvailable' ? [`fixed in ${fixed.slice(0, 60)}`] : fixed || finding.fixAvailable === 'NO' ? ['no fix yet'] : [],
  ].join(', ');
}
