import { Stored } from './registry';
import { Random } from '../runtime/random';

/** ECR's severities of vulnerabilities, most severe first. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = typeof SEVERITIES[number];

/** The owner's settings for scanning and signing of a registry. */
export interface Examination {
  readonly scanning: 'off' | 'basic' | 'enhanced';
  /** Names of the profiles that each pushed image is signed with. */
  readonly signingProfiles: readonly string[];
}

export interface Finding {
  readonly id: string;
  /** Amazon Inspector reports `UNTRIAGED` for findings that nobody has rated. */
  readonly severity: Severity | 'UNTRIAGED';
  readonly packageName: string;
  /** Only enhanced scanning reports it. */
  readonly status?: 'ACTIVE' | 'SUPPRESSED' | 'CLOSED';
  readonly fix?: 'YES' | 'NO' | 'PARTIAL';
}

export interface Scan {
  readonly status: string;
  readonly description?: string;
  readonly findings: readonly Finding[];
}

export interface Signing {
  readonly profile: string;
  readonly status: 'IN_PROGRESS' | 'COMPLETE' | 'FAILED';
}

/** A scan that ends with findings, possibly none. */
const FOUND = 'found';

/** Final statuses of a scan without findings. */
export const DEAD_ENDS = ['FAILED', 'UNSUPPORTED_IMAGE', 'SCAN_ELIGIBILITY_EXPIRED', 'FINDINGS_UNAVAILABLE', 'LIMIT_EXCEEDED'] as const;

export const PUBLISHED = 'CVE-2026-9000';

const MINUTE = 60_000;
const FOR_EVER = 24 * 60 * MINUTE;
const PACKAGES = ['openssl', 'zlib', 'busybox'];

/** Results of scanning and signing for each image since its push. The same seed always gives the same results. */
export class Examinations {
  private readonly published = new Map<string, Finding[]>();
  private readonly ends = new Map<string, string>();
  private readonly begun = new Map<string, number>();
  private changedAt = 0;

  constructor(private readonly seed: number, private setup: Examination, private readonly now: () => number) {}

  /** An index is not scanned. Basic scanning knows nothing of an image until it begins. */
  public scanOf({ image, pushedAt, status }: Stored): Scan | undefined {
    const { scanning } = this.setup;
    if (scanning === 'off' || !image.single) return undefined;
    if (status === 'ARCHIVED') return { status: 'IMAGE_ARCHIVED', findings: [] };
    if (image.platforms.length === 0) return { status: 'UNSUPPORTED_IMAGE', findings: [] };

    const random = Random.of('scan', this.seed, image.digest);
    const waitsMs = random.weighted([3, random.integer(0, 5_000)], [1, random.integer(5_000, 90_000)]);
    const takesMs = random.weighted([3, random.integer(0, 30_000)], [1, random.integer(30_000, 6 * MINUTE)], [0.2, FOR_EVER]);
    const end = random.weighted<string>([14, FOUND], [1, random.pick(DEAD_ENDS)]);
    const ageMs = this.now() - Math.max(this.begun.get(image.digest) ?? pushedAt, this.changedAt);
    if (ageMs < waitsMs) return scanning === 'basic' ? undefined : { status: 'PENDING', findings: [] };
    if (ageMs < waitsMs + takesMs) return { status: scanning === 'basic' ? 'IN_PROGRESS' : 'PENDING', findings: [] };

    const known = this.ends.get(image.digest) ?? end;
    if (known !== FOUND) return { status: known, description: `the scan ended as ${known}`, findings: [] };
    return { status: scanning === 'basic' ? 'COMPLETE' : 'ACTIVE', findings: [...this.findings(random), ...this.published.get(image.digest) ?? []] };
  }

  /** Every pushed image is signed, including an index. */
  public signingsOf({ image, pushedAt }: Stored): Signing[] {
    return this.setup.signingProfiles.map((profile) => {
      const random = Random.of('signing', this.seed, image.digest, profile);
      const takesMs = random.weighted([3, random.integer(0, 10_000)], [1, random.integer(10_000, 5 * MINUTE)]);
      const end = random.weighted<Signing['status']>([12, 'COMPLETE'], [1, 'FAILED']);
      return { profile, status: this.now() - pushedAt < takesMs ? 'IN_PROGRESS' : end };
    });
  }

  /** A vulnerability becomes known. Enhanced scanning finds it by itself, basic scanning when the image is scanned again. */
  public publish(digest: string, severity: Severity): void {
    const finding = this.finding(PUBLISHED, severity, 'ACTIVE', 'YES');
    this.published.set(digest, [...this.published.get(digest) ?? [], finding]);
    if (this.setup.scanning === 'basic') this.scanAgain(digest);
  }

  /** Images that were scanned in another way are scanned again. */
  public scanAs(scanning: Examination['scanning']): void {
    if (scanning === this.setup.scanning) return;
    this.setup = { ...this.setup, scanning };
    this.changedAt = this.now();
  }

  public scanAgain(digest: string): void {
    this.ends.set(digest, FOUND);
    this.begun.set(digest, this.now());
  }

  public end(digest: string, status: string): void {
    this.ends.set(digest, status);
  }

  private findings(random: Random): Finding[] {
    const count = random.weighted([8, 0], [4, random.integer(1, 5)], [0.5, random.integer(90, 260)]);
    const harmless = random.chance(0.5);
    return Array.from({ length: count }, () => this.finding(
      `CVE-2026-${String(random.integer(1, 12)).padStart(4, '0')}`,
      harmless ? random.pick(['LOW', 'INFORMATIONAL', 'UNTRIAGED'] as const) : random.pick(SEVERITIES),
      random.weighted<'ACTIVE' | 'SUPPRESSED' | 'CLOSED'>([6, 'ACTIVE'], [1, 'SUPPRESSED'], [1, 'CLOSED']),
      random.pick(['YES', 'NO', 'PARTIAL'] as const),
    ));
  }

  private finding(id: string, severity: Finding['severity'], status: Finding['status'], fix: Finding['fix']): Finding {
    const packageName = PACKAGES[id.length % PACKAGES.length];
    if (this.setup.scanning === 'enhanced') return { id, severity, packageName, status, fix };
    return { id, severity: severity === 'UNTRIAGED' ? 'UNDEFINED' : severity, packageName };
  }
}

/** Reports findings as the two kinds of scanning do: in lists with different names and shapes. */
export function findingsAnswer(findings: readonly Finding[]): object {
  const counted = SEVERITIES.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length] as const);
  const counts = Object.fromEntries(counted.filter(([, count]) => count > 0));
  const basic = findings.filter(({ status }) => status === undefined).map(({ id, severity, packageName }) => ({
    name: id,
    description: `A vulnerability of ${packageName}`,
    uri: `https://security.example/${id}`,
    severity,
    attributes: [{ key: 'package_version', value: '1.2.3' }, { key: 'package_name', value: packageName }],
  }));
  const enhanced = findings.filter(({ status }) => status !== undefined).map(({ id, severity, packageName, status, fix }) => ({
    title: `${id} - ${packageName}`,
    type: 'PACKAGE_VULNERABILITY',
    severity,
    status,
    fixAvailable: fix,
    packageVulnerabilityDetails: {
      vulnerabilityId: id,
      source: 'NVD',
      vulnerablePackages: [{ name: packageName, version: '1.2.3', packageManager: 'OS', fixedInVersion: fix === 'NO' ? 'NotAvailable' : '1.2.4' }],
    },
  }));
  return { findingSeverityCounts: counts, ...basic.length > 0 && { findings: basic }, ...enhanced.length > 0 && { enhancedFindings: enhanced } };
}
