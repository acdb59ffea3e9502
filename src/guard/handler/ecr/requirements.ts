import { EcrClient, Finding, ScanPage, troubleOf } from './client';
import { clip } from '../../../handler/response';
import { Clock } from '../../../handler/runtime/runtime';
import { ecrCommand, registryCommand } from '../../../private/commands';
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
    const verdicts: Verdict[] = [];
    for (const digest of image.images) verdicts.push(await scanned(requirement, image.digest, digest).catch((error: unknown) => unscannable(error, image.digest, digest)));
    return verdicts.find((verdict) => verdict?.kind === 'unfit') ?? verdicts.find((verdict) => verdict);
  }

  async function scanned(requirement: ScannedRequirement, digest: string, scannedDigest: string): Promise<Verdict> {
    const found = new Findings(requirement, clock.now());
    const statuses = requirement.enhanced ? { ...SCAN_STATUSES, ...ENHANCED_STATUSES } : SCAN_STATUSES;
    let nextToken: string | undefined;
    do {
      const page = await ecr.scanFindings(scannedDigest, nextToken);
      const status = page ? statusOf(page) : 'NOT_SCANNED';
      if (status !== 'COMPLETE' && status !== 'ACTIVE') {
        const { kind, problem, remedy, operation } = statuses[status] ?? unfit(`has the scan status ${quoted(status)}`, 'look the status up');
        const description = page?.imageScanStatus?.description;
        return {
          kind,
          digest,
          problem: description ? `${problem} (${quoted(description)})` : problem,
          remedy: `${remedy}: ${operation === SCANNING_CONFIGURATION ? registryCommand(operation, repository) : command(operation ?? LOOK_UP, scannedDigest)}`,
        };
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

  /** What is wrong with the scan, and not with the name of the image that everything else is about. */
  function unscannable(error: unknown, digest: string, scannedDigest: string): Verdict {
    const trouble = troubleOf(error);
    if (trouble.kind === 'refused') {
      return {
        kind: 'unfit',
        digest,
        problem: `could not be checked: ${trouble.action} was answered with ${quoted(trouble.message)}`,
        remedy: `check how the registry scans: ${registryCommand(SCANNING_CONFIGURATION, repository)}`,
      };
    }
    if (trouble.kind === 'missing' && scannedDigest !== digest) {
      return { kind: 'unfit', digest, problem: `is an index of ${scannedDigest}, which the repository does not hold`, remedy: 'push it again, with all that it points to' };
    }
    throw error;
  }

  async function signed({ profileArn }: SignedRequirement, { digest }: Found): Promise<Verdict> {
    const status = (await ecr.signingStatuses(digest)).find(({ signingProfileArn }) => signingProfileArn === profileArn);
    const look = command('describe-image-signing-status', digest);
    if (status?.status === 'COMPLETE') return undefined;
    if (status?.status === 'FAILED') {
      return {
        kind: 'unfit',
        digest,
        problem: `could not be signed by ${profileArn} (${quoted([status.failureCode, status.failureReason].filter(Boolean).join(': ')) || 'no reason given'})`,
        remedy: `fix that, then push the image again under a new tag: ${look}`,
      };
    }
    if (status) return { kind: 'notReady', digest, problem: `is not signed yet by ${profileArn} (${quoted(status.status ?? 'no status')})`, remedy: `wait until it is: ${look}` };
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
const SCAN = 'start-image-scan';
const RESTORE = 'update-image-storage-class --target-storage-class STANDARD';
const SCANNING_CONFIGURATION = 'get-registry-scanning-configuration';

/** What others say is quoted, but not at any length: there has to be room for the remedy. */
function quoted(text: string): string {
  return clip(text, 300);
}

interface StatusRow {
  readonly kind: 'notReady' | 'notBegun' | 'unfit';
  readonly problem: string;
  readonly remedy: string;
  /** The command that helps, where it is not the one that looks up the findings. */
  readonly operation?: string;
}

/** ECR starts a basic scan of an image once in 24 hours. */
const ONCE_A_DAY = 'which is possible once a day';

const WAIT = 'wait until it is, or pass a longer waitFor';

function notReady(kind: StatusRow['kind'], problem: string, remedy: string, operation?: string): StatusRow {
  return { kind, problem, remedy, operation };
}

function unfit(problem: string, remedy: string, operation?: string): StatusRow {
  return { kind: 'unfit', problem, remedy, operation };
}

/**
 * Each status of ECR's model but those that come with findings.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
 */
const SCAN_STATUSES: Readonly<Record<string, StatusRow | undefined>> = {
  NOT_SCANNED: notReady('notBegun', 'has not been scanned', 'turn on imageScanOnPush, and scan this image', SCAN),
  PENDING: notReady('notReady', 'is waiting to be scanned', WAIT),
  IN_PROGRESS: notReady('notReady', 'is still being scanned', WAIT),
  FAILED: unfit('could not be scanned', `scan it again, ${ONCE_A_DAY}`, SCAN),
  UNSUPPORTED_IMAGE: unfit('cannot be scanned: its operating system or media type is not supported', 'use a supported base image, or require no scan'),
  SCAN_ELIGIBILITY_EXPIRED: unfit('is too old for Amazon Inspector to scan it any longer', 'build it again, or lengthen the re-scan duration in Inspector'),
  FINDINGS_UNAVAILABLE: unfit('has no findings that ECR could show', `scan it again, ${ONCE_A_DAY}`, SCAN),
  LIMIT_EXCEEDED: unfit('was not scanned: a quota for scans is exhausted', 'request an increase, or retry tomorrow'),
  IMAGE_ARCHIVED: unfit('is archived, so it is not scanned', 'restore it', RESTORE),
  IMAGE_SIZE_EXCEEDED: unfit('is too large to be scanned', 'make it smaller'),
};

/** Amazon Inspector cannot be told to scan an image: what the registry is configured for, it scans. */
const ENHANCED_STATUSES: typeof SCAN_STATUSES = {
  NOT_SCANNED: notReady('notBegun', 'has not been scanned', 'turn on enhanced scanning of this repository, then push the image again', SCANNING_CONFIGURATION),
  FAILED: unfit('could not be scanned', 'push it again, under a new tag'),
  FINDINGS_UNAVAILABLE: unfit('has no findings that ECR could show', 'check that Amazon Inspector is activated and scans this repository', SCANNING_CONFIGURATION),
};

function statusOf({ imageScanStatus }: ScanPage): string {
  return imageScanStatus?.status ?? 'unknown';
}

/** How many of the findings a reason has room for. */
const MOST_SHOWN = 8;

/** In bytes of JSON, whatever packages are called. */
const LONGEST_LIST = 2_000;

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
      + `${clip(this.worst.map(({ text }) => text).join('; '), LONGEST_LIST)}${more > 0 ? `; and ${more} more` : ''}`;
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
