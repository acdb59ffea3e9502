import { Requirement, ScannedRequirement } from '../../../../src/guard/contract';
import { EcrClient, Finding, ImageFailure, ScanPage, SigningStatus } from '../../../../src/guard/handler/ecr/client';
import { requirementsCheck } from '../../../../src/guard/handler/ecr/requirements';
import { Found } from '../../../../src/guard/handler/observation';
import { parse } from '../../../../src/guard/handler/request';
import { openRequest } from '../../../../src/handler/request';
import { AwsError } from '../../../../src/handler/runtime/aws-client';
import { event } from '../simulation';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const CHILD = `sha256:${'c'.repeat(64)}`;
const PROFILE = 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/Release';
const IMAGE: Found = { kind: 'found', digest: DIGEST, images: [DIGEST] };
const SCANNED: ScannedRequirement = { kind: 'scanned', failOn: 'HIGH', onlyFixable: false, accepted: [], waitSeconds: 120 };
const SIGNED = { kind: 'signed', profileArn: PROFILE, waitSeconds: 60 } as const;

const command = (operation: string, digest = DIGEST) =>
  `aws ecr ${operation} --region eu-west-1 --registry-id 111122223333 --repository-name app --image-id imageDigest=${digest}`;
const complete = (...findings: Finding[]): ScanPage => ({ imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: { findings } });

const WAIT = 'pass a longer waitFor, or check the scan';
const AGAIN = 'push it again, or start a basic scan (at most one a day)';
const LIST = 'describe-image-scan-findings';
const SCAN = 'start-image-scan';

test.each<[string | undefined, string, string, string, string | undefined]>([
  ['PENDING', 'notReady', 'is waiting to be scanned', WAIT, LIST],
  ['IN_PROGRESS', 'notReady', 'is still being scanned', WAIT, LIST],
  ['FAILED', 'unfit', 'could not be scanned', AGAIN, SCAN],
  ['UNSUPPORTED_IMAGE', 'unfit', 'cannot be scanned: its operating system or media type is not supported', 'use a supported base image, or do not require a scan', undefined],
  ['SCAN_ELIGIBILITY_EXPIRED', 'unfit', 'is too old for Amazon Inspector to scan', 'build it again, or lengthen the re-scan duration in Inspector', undefined],
  ['FINDINGS_UNAVAILABLE', 'unfit', 'has no scan results in ECR', AGAIN, SCAN],
  ['LIMIT_EXCEEDED', 'unfit', 'was not scanned: the scan quota is exhausted', 'request an increase, or retry tomorrow', undefined],
  ['IMAGE_ARCHIVED', 'unfit', 'is archived, so it is not scanned', 'restore it', 'update-image-storage-class --target-storage-class STANDARD'],
  ['IMAGE_SIZE_EXCEEDED', 'unfit', 'is too large to be scanned', 'make it smaller', undefined],
  ['NEW_ONE.', 'unfit', 'has the scan status NEW_ONE', 'look up the status', LIST],
  ['', 'unfit', 'has the scan status unknown', 'look up the status', LIST],
  [undefined, 'unfit', 'has the scan status unknown', 'look up the status', LIST],
])('the scan status %j is explained with a remedy', async (status, kind, problem, remedy, operation) => {
  expect(await verdict([SCANNED], { scan: [{ imageScanStatus: { status } }] })).toEqual({ kind, digest: DIGEST, problem, remedy: operation ? `${remedy}: ${command(operation)}` : remedy });
  expect(await verdict([SCANNED], { scan: [{ imageScanStatus: { status, description: 'so it is.' } }] })).toMatchObject({ problem: `${problem} (so it is)` });
});

test('an answer without a scan status has the status unknown', async () => {
  expect(await verdict([SCANNED], { scan: [{}] })).toMatchObject({ kind: 'unfit', problem: 'has the scan status unknown' });
});

test('an image without a scan counts as one whose scan has not begun', async () => {
  expect(await verdict([SCANNED], { scan: [undefined] })).toEqual({
    kind: 'notBegun', digest: DIGEST, problem: 'has not been scanned', remedy: `enable imageScanOnPush or enhanced scanning. Then ${AGAIN}: ${command(SCAN)}`,
  });
});

describe('findings', () => {
  const problemOf = async (...findings: Finding[]) => (await verdict([SCANNED], { scan: [complete(...findings)] }) as { problem?: string }).problem;
  const listed = async (finding: Finding) => /: (.*)$/.exec(await problemOf({ severity: 'HIGH', ...finding }) ?? '')?.[1];

  test('that count are reported with a remedy', async () => {
    expect(await verdict([SCANNED], { scan: [complete({ name: 'CVE-1', severity: 'HIGH' })] })).toEqual({
      kind: 'unfit',
      digest: DIGEST,
      problem: 'has 1 vulnerability of severity HIGH or above (1 HIGH): CVE-1 (HIGH)',
      remedy: `update the packages and build again under a new tag, or accept the findings in ImageRequirement.scanned; to list all of them: ${command(LIST)}`,
    });
  });

  test.each(['COMPLETE', 'ACTIVE'])('that do not count do not affect the verdict with the scan status %s', async (status) => {
    expect(await verdict([SCANNED], { scan: [{ imageScanStatus: { status } }] })).toBe(IMAGE);
    expect(await verdict([SCANNED], { scan: [{ imageScanStatus: { status }, imageScanFindings: { findings: [{ severity: 'LOW' }] } }] })).toBe(IMAGE);
  });

  test('are counted by severity, and the worst are listed first', async () => {
    expect(await problemOf({ name: 'a', severity: 'HIGH' }, { name: 'b', severity: 'CRITICAL' }, { name: 'c', severity: 'HIGH' }, { name: 'd', severity: 'LOW' })).toBe(
      'has 3 vulnerabilities of severity HIGH or above (1 CRITICAL, 2 HIGH): b (CRITICAL); a (HIGH); c (HIGH)',
    );
  });

  test('are listed up to a maximum of eight', async () => {
    const names = Array.from({ length: 9 }, (_, number) => `CVE-${number}`);
    const all = names.map((name) => ({ name, severity: 'HIGH' }));

    expect(await problemOf(...all.slice(0, 8))).toMatch(/: CVE-0 \(HIGH\); .*; CVE-7 \(HIGH\)$/);
    expect(await problemOf(...all)).toMatch(/; CVE-7 \(HIGH\); and 1 more$/);
  });

  test('are listed up to 2,000 bytes', async () => {
    const text = await listed({ name: 'x'.repeat(5_000) });

    expect(text).toBe(`${'x'.repeat(1_997)}…`);
  });

  test('count on every page, and in basic and enhanced scanning alike', async () => {
    const page: ScanPage = { ...complete({ name: 'a', severity: 'HIGH' }), nextToken: 'more' };
    const enhanced: ScanPage = { imageScanStatus: { status: 'ACTIVE' }, imageScanFindings: { enhancedFindings: [{ packageVulnerabilityDetails: { vulnerabilityId: 'b' }, severity: 'CRITICAL' }] } };

    expect(await verdict([SCANNED], { scan: [page, enhanced] })).toMatchObject({ problem: 'has 2 vulnerabilities of severity HIGH or above (1 CRITICAL, 1 HIGH): b (CRITICAL); a (HIGH)' });
  });

  test.each<[string, Finding, string]>([
    ['nothing but a severity', {}, 'unnamed (HIGH)'],
    ['a package of basic scanning', { name: 'a', attributes: [{ key: 'package_version', value: '1.1' }, { key: 'package_name', value: 'openssl' }] }, 'a (HIGH), in openssl 1.1'],
    ['a package without a version', { name: 'a', attributes: [{ key: 'package_name', value: 'openssl' }] }, 'a (HIGH), in openssl'],
    ['a version without a package', { name: 'a', attributes: [{ key: 'package_version', value: '1.1' }] }, 'a (HIGH)'],
    ['no packages', { packageVulnerabilityDetails: { vulnerabilityId: 'b', vulnerablePackages: [] } }, 'b (HIGH)'],
    ['a package of enhanced scanning', { name: 'a', packageVulnerabilityDetails: { vulnerabilityId: 'b', vulnerablePackages: [{ name: 'zlib', version: '1.2' }] } }, 'b (HIGH), in zlib 1.2'],
    ['a version that fixes it', { packageVulnerabilityDetails: { vulnerabilityId: 'b', vulnerablePackages: [{ fixedInVersion: '1.3' }] } }, 'b (HIGH), fixed in 1.3'],
    ['no version that fixes it', { packageVulnerabilityDetails: { vulnerabilityId: 'b', vulnerablePackages: [{ fixedInVersion: 'NotAvailable' }] } }, 'b (HIGH), no fix yet'],
    ['no fix', { name: 'a', fixAvailable: 'NO' }, 'a (HIGH), no fix yet'],
    ['a fix somewhere', { name: 'a', fixAvailable: 'YES' }, 'a (HIGH)'],
  ])('are described by all known facts: %s', async (_, finding, expected) => {
    expect(await listed(finding)).toBe(expected);
  });

  test.each<[string, Partial<ScannedRequirement>, Finding, boolean]>([
    ['is closed', {}, { status: 'CLOSED' }, false],
    ['is suppressed', {}, { status: 'SUPPRESSED' }, false],
    ['is open', {}, { status: 'ACTIVE' }, true],
    ['has an unknown severity', {}, { severity: 'UNTRIAGED' }, false],
    ['has no severity', { failOn: 'UNDEFINED' }, { severity: undefined }, true],
    ['has no fix, if only fixable ones count', { onlyFixable: true }, { fixAvailable: 'NO' }, false],
    ['has no fix, if all count', {}, { fixAvailable: 'NO' }, true],
    ['may have a fix', { onlyFixable: true }, {}, true],
    ['is accepted without an end date', { accepted: [{ id: 'CVE-1', reason: 'r' }] }, {}, false],
    ['is accepted beyond the present time', { accepted: [{ id: 'CVE-1', reason: 'r', until: '1970-01-02' }] }, {}, false],
    ['was accepted until the present time', { accepted: [{ id: 'CVE-1', reason: 'r', until: '1970-01-01' }] }, {}, true],
    ['is not the accepted one', { accepted: [{ id: 'CVE-2', reason: 'r' }] }, {}, true],
    ['is one of several accepted ones', { accepted: [{ id: 'CVE-2', reason: 'r' }, { id: 'CVE-1', reason: 'r' }] }, {}, false],
    ['is accepted under its name in enhanced scanning', { accepted: [{ id: 'CVE-9', reason: 'r' }] }, { packageVulnerabilityDetails: { vulnerabilityId: 'CVE-9' } }, false],
  ])('count or not, depending on the requirement and on their state: a finding that %s', async (_, requirement, finding, counts) => {
    const found = await verdict([{ ...SCANNED, ...requirement }], { scan: [complete({ name: 'CVE-1', severity: 'HIGH', ...finding })] });

    expect(found.kind).toBe(counts ? 'unfit' : 'found');
  });
});

describe('an image that consists of several images', () => {
  const index: Found = { ...IMAGE, images: [DIGEST, CHILD] };

  test('is named by its own digest, but the command contains the digest of the affected image', async () => {
    const { ecr } = fake({ scanOf: { [DIGEST]: [complete()], [CHILD]: [{ imageScanStatus: { status: 'FAILED' } }] } });

    expect(await check([SCANNED], ecr, index)).toEqual({ kind: 'unfit', digest: DIGEST, problem: 'could not be scanned', remedy: `${AGAIN}: ${command(SCAN, CHILD)}` });
  });

  test('is unfit if one of its images is unfit, even if another is not ready', async () => {
    const { ecr } = fake({ scanOf: { [DIGEST]: [{ imageScanStatus: { status: 'PENDING' } }], [CHILD]: [complete({ severity: 'CRITICAL' })] } });

    expect(await check([SCANNED], ecr, index)).toMatchObject({ kind: 'unfit', remedy: expect.stringContaining(CHILD) });
  });

  test('is not ready while one of its images is not ready', async () => {
    const { ecr } = fake({ scanOf: { [DIGEST]: [complete()], [CHILD]: [{ imageScanStatus: { status: 'PENDING' } }] } });

    expect(await check([SCANNED], ecr, index)).toMatchObject({ kind: 'notReady' });
  });
});

test('if ECR refuses to list findings, the verdict does not blame the name of the image', async () => {
  const refusal = new AwsError('ecr:DescribeImageScanFindings', 'ValidationException', 'This feature is disabled.', 400);

  expect(await verdict([SCANNED], { error: refusal })).toEqual({
    kind: 'unfit',
    digest: DIGEST,
    problem: 'could not be checked: ValidationException: This feature is disabled',
    remedy: 'check the scanning configuration of the registry',
  });
});

test.each([
  [new AwsError('ecr:DescribeImageScanFindings', 'ThrottlingException', 'slow', 400), { kind: 'throttled', action: 'ecr:DescribeImageScanFindings', message: 'ThrottlingException: slow' }],
  [new ImageFailure('ImageNotFound', 'gone'), { kind: 'gone' }],
])('any other error keeps its kind: %p', async (error, trouble) => {
  expect(await verdict([SCANNED], { error })).toEqual(trouble);
});

describe('a signature', () => {
  const by = (fields: Partial<SigningStatus>, profile = PROFILE): SigningStatus => ({ signingProfileArn: profile, ...fields });
  const LOOK = command('describe-image-signing-status');
  const PUSH = 'then push the image again under a new tag';

  test.each<[string, SigningStatus[], object]>([
    ['there is none', [], { kind: 'notBegun', problem: `is not signed by ${PROFILE}`, remedy: `enable signing with this profile (signingProfile of ImageRegistry), ${PUSH}` }],
    ['only another profile has one', [by({ status: 'COMPLETE' }, 'other')], { kind: 'notBegun' }],
    ['it is in progress', [by({ status: 'IN_PROGRESS' })], { kind: 'notReady', problem: `is not signed yet by ${PROFILE}`, remedy: `check the signature: ${LOOK}` }],
    ['it failed', [by({ status: 'FAILED', failureCode: 'Denied', failureReason: 'no.' })], { kind: 'unfit', problem: `could not be signed by ${PROFILE} (Denied: no)`, remedy: `fix the cause, ${PUSH}` }],
    ['it failed with a code', [by({ status: 'FAILED', failureCode: 'Denied' })], { kind: 'unfit', problem: `could not be signed by ${PROFILE} (Denied)` }],
    ['it failed without a reason', [by({ status: 'FAILED' })], { kind: 'unfit', problem: `could not be signed by ${PROFILE} (no reason given)` }],
  ])('gets the verdict for its status: %s', async (_, signing, expected) => {
    expect(await verdict([SIGNED], { signing })).toMatchObject({ digest: DIGEST, ...expected });
  });

  test('is looked up by the digest of the image, and suffices once it is complete', async () => {
    const { ecr, signingOf } = fake({ signing: [by({ status: 'FAILED' }, 'other'), by({ status: 'COMPLETE' })] });

    expect(await check([SIGNED], ecr)).toBe(IMAGE);
    expect(signingOf).toEqual([DIGEST]);
  });
});

test('among several requirements, the first unfit one decides, then the first one that is not ready', async () => {
  const pending: ScanPage[] = [{ imageScanStatus: { status: 'PENDING' } }];
  const failed: SigningStatus[] = [{ signingProfileArn: PROFILE, status: 'FAILED' }];

  expect(await verdict([SCANNED, SIGNED], { scan: pending, signing: failed })).toMatchObject({ kind: 'unfit', problem: expect.stringContaining('could not be signed') });
  expect(await verdict([SCANNED, SIGNED], { scan: pending })).toMatchObject({ kind: 'notReady' });
  expect(await verdict([SIGNED, SCANNED], { scan: pending })).toMatchObject({ kind: 'notBegun' });
  expect(await verdict([SCANNED, SIGNED], { scan: [complete()], signing: [{ signingProfileArn: PROFILE, status: 'COMPLETE' }] })).toBe(IMAGE);
});

interface Answers {
  readonly scan?: ReadonlyArray<ScanPage | undefined>;
  readonly scanOf?: Record<string, ReadonlyArray<ScanPage | undefined>>;
  readonly signing?: readonly SigningStatus[];
  readonly error?: Error;
}

async function verdict(requirements: Requirement[], answers: Answers) {
  return check(requirements, fake(answers).ecr);
}

async function check(requirements: Requirement[], ecr: EcrClient, image = IMAGE) {
  const question = parse(openRequest(event({}, { Requirements: requirements.map((requirement) => JSON.stringify(requirement)) })));
  return requirementsCheck({ now: () => 0, sleep: async () => undefined }, ecr, question).check(image);
}

/** Scan pages in order. Each page has the token of the next. */
function fake({ scan = [], scanOf = {}, signing = [], error }: Answers) {
  const signingOf: string[] = [];
  const ecr = {
    scanFindings: async (digest: string, { nextToken }: { nextToken?: string }) => {
      if (error) throw error;
      return (scanOf[digest] ?? scan)[nextToken ? 1 : 0];
    },
    signingStatuses: async (digest: string) => {
      signingOf.push(digest);
      return signing;
    },
  } as Partial<EcrClient> as EcrClient;
  return { ecr, signingOf };
}
