import { Requirement, ScannedRequirement } from '../../../../src/guard/contract';
import { Finding, ScanPage, SigningStatus } from '../../../../src/guard/handler/ecr/client';
import { FIXTURES } from '../fixtures';
import { Answered, event, Simulation, update } from '../simulation';

const PROFILE = 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/Release';
const SCANNED: ScannedRequirement = { kind: 'scanned', failOn: 'HIGH', onlyFixable: false, accepted: [], waitSeconds: 120 };

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

const required = (...requirements: Requirement[]) => ({ Requirements: requirements.map((requirement) => JSON.stringify(requirement)), ServiceTimeout: '900' });
const complete = (...findings: Finding[]): ScanPage => ({ imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: { findings } });
const asked = (operation: string) => aws.actions.filter((action) => action === `ecr:${operation}`).length;

async function create(...requirements: Requirement[]): Promise<Answered> {
  return aws.request(event({}, required(...requirements)));
}

describe('an image that must be scanned', () => {
  test('is released after a scan without relevant findings', async () => {
    aws.push('v1');
    aws.scan = () => complete({ name: 'CVE-1', severity: 'MEDIUM' });

    expect(await create(SCANNED)).toMatchObject({ Status: 'SUCCESS' });
  });

  test.each(['COMPLETE', 'ACTIVE'])('is refused for a relevant vulnerability with the scan status %s', async (status) => {
    aws.push('v1');
    aws.scan = () => ({ imageScanStatus: { status }, imageScanFindings: { findings: [{ name: 'CVE-1', severity: 'CRITICAL', attributes: [{ key: 'package_name', value: 'openssl' }, { key: 'package_version', value: '1.1' }] }] } });
    const { Status, Reason } = await create(SCANNED);

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('has 1 vulnerability of severity HIGH or above (1 CRITICAL): CVE-1 (CRITICAL), in openssl 1.1');
    expect(Reason).toContain('aws ecr describe-image-scan-findings --region eu-west-1 --registry-id 111122223333 --repository-name app --image-id imageDigest=sha256:');
  });

  test.each([
    ['FAILED', 'could not be scanned', 'aws ecr start-image-scan'],
    ['UNSUPPORTED_IMAGE', 'cannot be scanned', 'supported base image'],
    ['SCAN_ELIGIBILITY_EXPIRED', 'is too old', 'Amazon Inspector'],
    ['FINDINGS_UNAVAILABLE', 'has no scan results in ECR', 'aws ecr start-image-scan'],
    ['LIMIT_EXCEEDED', 'the scan quota is exhausted', 'request an increase'],
    ['IMAGE_ARCHIVED', 'is archived', 'aws ecr update-image-storage-class --target-storage-class STANDARD'],
    ['IMAGE_SIZE_EXCEEDED', 'is too large to be scanned', 'make it smaller'],
    ['SOMETHING_NEW', 'has the scan status SOMETHING_NEW', 'look up the status'],
    ['constructor', 'has the scan status constructor', 'look up the status'],
    ['__proto__', 'has the scan status __proto__', 'look up the status'],
  ])('is refused at once with the scan status %s, and the reason explains it', async (status, problem, remedy) => {
    aws.push('v1');
    aws.scan = () => ({ imageScanStatus: { status, description: 'what ECR says' } });
    const start = aws.clock.now();
    const { Status, Reason } = await create(SCANNED);

    expect(Status).toBe('FAILED');
    expect(Reason).toContain(`${problem}`);
    expect(Reason).toContain('(what ECR says)');
    expect(Reason).toContain(remedy);
    expect(aws.clock.now() - start).toBeLessThan(5_000);
  });

  test.each([undefined, 'FAILED', 'FINDINGS_UNAVAILABLE'])('is refused with a reason that offers a scan command only for basic scanning, with the scan status %s', async (status) => {
    aws.push('v1');
    aws.scan = () => status === undefined ? undefined : { imageScanStatus: { status } };

    expect((await create(SCANNED)).Reason).toMatch(/push it again, or start a basic scan \(at most one a day\): aws ecr start-image-scan /);
  });

  test('is refused with the error of ECR if its findings are not available, and the reason does not blame the name of the image', async () => {
    aws.push('v1');
    aws.outageOf['ecr:DescribeImageScanFindings'] = { kind: 'error', status: 400, code: 'ValidationException', message: 'This feature is disabled' };
    const { Reason } = await create(SCANNED);

    expect(Reason).toContain('could not be checked: ValidationException: This feature is disabled');
    expect(Reason).toContain('check the scanning configuration of the registry');
    expect(Reason).not.toContain('as the name of an image');
  });

  test.each<[string, ScanPage]>([
    ['descriptions', { imageScanStatus: { status: 'FAILED', description: 'é'.repeat(5_000) } }],
    ['names', complete(...Array.from({ length: 9 }, () => ({
      severity: 'HIGH', packageVulnerabilityDetails: { vulnerabilityId: '\u{1F600}'.repeat(60), vulnerablePackages: [{ name: '\u{1F600}'.repeat(200), fixedInVersion: '\u{1F600}'.repeat(200) }] },
    })))],
  ])('is refused with the complete remedy, no matter how long the %s are', async (_, page) => {
    aws.push('v1');
    aws.scan = () => page;
    const { Reason } = await create(SCANNED);

    expect(Buffer.byteLength(aws.answers[0])).toBeLessThanOrEqual(4096);
    expect(Reason).toMatch(/cdk deploy \S+( --parameters \S+)?(?:<tag>)?$/);
  });

  test('in another account can be inspected after the account\'s policy allows all required actions', async () => {
    aws.push('v1');
    aws.outageOf['ecr:DescribeImageScanFindings'] = { kind: 'error', status: 400, code: 'AccessDeniedException', message: 'User: arn:aws:sts::1:role is not authorized to perform: ecr:DescribeImageScanFindings' };
    const { Reason } = await aws.request(event({}, { ...required(SCANNED), RegistryId: '999999999999' }));

    expect(Reason).toMatch(/in account 999999999999, add this statement to the policy of the repository: \{.*"ecr:DescribeImageScanFindings".*\}/);
  });

  test.each(['PENDING', 'IN_PROGRESS'])('is awaited while its scan is %s', async (status) => {
    aws.push('v1');
    const scanned = aws.clock.now() + 90_000;
    aws.scan = () => aws.clock.now() < scanned ? { imageScanStatus: { status } } : complete();

    expect(await create(SCANNED)).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.clock.now()).toBeGreaterThanOrEqual(scanned);
  });

  test('is refused as soon as the wait for its scan is over', async () => {
    aws.push('v1');
    aws.scan = () => ({ imageScanStatus: { status: 'IN_PROGRESS' } });
    const start = aws.clock.now();
    const { Status, Reason } = await create(SCANNED);

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('is still being scanned');
    expect(Math.round((aws.clock.now() - start) / 1000)).toBe(120);
  });

  test('is refused after a minute if nothing scans it, and the reason shows the command that does', async () => {
    aws.push('v1');
    const start = aws.clock.now();
    const { Reason } = await create(SCANNED);

    expect(Reason).toContain('has not been scanned');
    expect(Reason).toContain('aws ecr start-image-scan');
    expect(Math.round((aws.clock.now() - start) / 1000)).toBe(60);
    expect(aws.actions).not.toContain('ecr:StartImageScan');
  });

  test('is refused for the findings on all pages, and the reason shows the worst and fits into a response', async () => {
    aws.push('v1');
    const page = (severity: string, from: number) => Array.from({ length: 100 }, (_, index) => ({ name: `CVE-2026-${from + index}`, severity, description: 'x'.repeat(2_000) }));
    aws.scan = (_, number) => ({ ...complete(...page(number === 7 ? 'CRITICAL' : 'HIGH', number * 100)), nextToken: number < 9 ? String(number + 1) : undefined });
    const { Reason } = await create(SCANNED);

    expect(Reason).toContain('has 1000 vulnerabilities of severity HIGH or above (100 CRITICAL, 900 HIGH): CVE-2026-700 (CRITICAL)');
    expect(Reason).toContain('and 992 more');
    expect(Buffer.byteLength(aws.answers[0])).toBeLessThanOrEqual(4096);
  });

  test('is refused for a finding of enhanced scanning with the package and the version that fixes it', async () => {
    aws.push('v1');
    aws.scan = () => ({
      imageScanStatus: { status: 'ACTIVE' },
      imageScanFindings: {
        enhancedFindings: [{
          severity: 'CRITICAL',
          status: 'ACTIVE',
          fixAvailable: 'YES',
          packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2026-9', vulnerablePackages: [{ name: 'zlib', version: '1.2', fixedInVersion: '1.3' }] },
        }],
      },
    });

    expect((await create(SCANNED)).Reason).toContain('CVE-2026-9 (CRITICAL), in zlib 1.2, fixed in 1.3');
  });

  test.each<[string, Partial<ScannedRequirement>, Finding, boolean]>([
    ['is accepted', { accepted: [{ id: 'CVE-1', reason: 'not reachable' }] }, { name: 'CVE-1', severity: 'HIGH' }, true],
    ['is accepted until a later day', { accepted: [{ id: 'CVE-1', reason: 'r', until: '2026-11-25' }] }, { name: 'CVE-1', severity: 'HIGH' }, true],
    ['was accepted until this day', { accepted: [{ id: 'CVE-1', reason: 'r', until: '2026-11-24' }] }, { name: 'CVE-1', severity: 'HIGH' }, false],
    ['is not the accepted one', { accepted: [{ id: 'CVE-1', reason: 'r' }] }, { name: 'CVE-10', severity: 'HIGH' }, false],
    ['has no fix, if only fixable ones count', { onlyFixable: true }, { name: 'CVE-1', severity: 'HIGH', fixAvailable: 'NO' }, true],
    ['has a partial fix', { onlyFixable: true }, { name: 'CVE-1', severity: 'HIGH', fixAvailable: 'PARTIAL' }, false],
    ['may have a fix that basic scanning does not report', { onlyFixable: true }, { name: 'CVE-1', severity: 'HIGH' }, false],
    ['is suppressed in Inspector', {}, { name: 'CVE-1', severity: 'CRITICAL', status: 'SUPPRESSED' }, true],
    ['is less severe', {}, { name: 'CVE-1', severity: 'MEDIUM' }, true],
    ['has no severity yet', {}, { name: 'CVE-1', severity: 'UNTRIAGED' }, true],
    ['has no severity yet, if everything counts', { failOn: 'UNDEFINED' }, { name: 'CVE-1', severity: 'UNTRIAGED' }, false],
  ])('with a vulnerability that %s (%j, %j) has this outcome: released %s', async (_, requirement, finding, released) => {
    aws.push('v1');
    aws.scan = () => complete(finding);

    expect((await create({ ...SCANNED, ...requirement })).Status).toBe(released ? 'SUCCESS' : 'FAILED');
  });

  test('needs scans only of the images for the required platforms if it is an index', async () => {
    aws.push('v1', { fixture: FIXTURES.buildxIndex });
    const children = JSON.parse(FIXTURES.buildxIndex.manifest).manifests as Array<{ digest: string; platform: { architecture: string } }>;
    const arm = children.find(({ platform }) => platform.architecture === 'arm64')!.digest;
    const scanned: string[] = [];
    aws.scan = (digest) => {
      scanned.push(digest);
      return complete(...digest === arm ? [{ name: 'CVE-1', severity: 'CRITICAL' }] : []);
    };

    expect(await create(SCANNED)).toMatchObject({ Status: 'SUCCESS' });
    expect(scanned).toEqual([children.find(({ platform }) => platform.architecture === 'amd64')!.digest]);
    aws.answers.length = 0;
    expect(await aws.request(event({}, { ...required(SCANNED), Platforms: ['LINUX/ARM64', 'LINUX/X86_64'] }))).toMatchObject({ Status: 'FAILED' });
  });
});

describe('an image that must be signed', () => {
  const signed = { kind: 'signed', profileArn: PROFILE, waitSeconds: 60 } as const;
  const status = (fields: Partial<SigningStatus>): SigningStatus => ({ signingProfileArn: PROFILE, ...fields });

  test('is released after ECR has signed it with the required profile', async () => {
    aws.push('v1');
    const done = aws.clock.now() + 30_000;
    aws.signing = () => [status({ signingProfileArn: `${PROFILE}Other`, status: 'FAILED' }), status({ status: aws.clock.now() < done ? 'IN_PROGRESS' : 'COMPLETE' })];

    expect(await create(signed)).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.clock.now()).toBeGreaterThanOrEqual(done);
  });

  test('is refused at once if signing has failed, with the reason from ECR', async () => {
    aws.push('v1');
    aws.signing = () => [status({ status: 'FAILED', failureCode: 'AccessDenied', failureReason: 'no signer:SignPayload' })];
    const start = aws.clock.now();

    expect((await create(signed)).Reason).toContain(`could not be signed by ${PROFILE} (AccessDenied: no signer:SignPayload)`);
    expect(aws.clock.now() - start).toBeLessThan(5_000);
  });

  test('is refused if only another profile has signed it', async () => {
    aws.push('v1');
    aws.signing = () => [status({ signingProfileArn: `${PROFILE}Other`, status: 'COMPLETE' })];

    expect((await create(signed)).Reason).toContain(`is not signed by ${PROFILE}`);
  });
});

describe('a guard with requirements', () => {
  const vulnerable = () => complete({ name: 'CVE-1', severity: 'CRITICAL' });

  async function released(): Promise<{ id: string; v1: string }> {
    const v1 = aws.push('v1');
    aws.scan = () => complete();
    const { PhysicalResourceId: id } = await create(SCANNED);
    aws.scan = vulnerable;
    aws.answers.length = aws.calls.length = 0;
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    return { id, v1 };
  }

  test('allows an infrastructure change, regardless of new findings in the image', async () => {
    const { id, v1 } = await released();

    expect(await aws.request(update(id, { ...required(SCANNED), TaskCounts: ['7'] }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(asked('DescribeImageScanFindings')).toBe(0);
  });

  test('allows a return to an image that was released before', async () => {
    const { id, v1 } = await released();
    aws.push('v2');
    aws.scan = () => complete();
    const second = await aws.request(update(id, { ...required(SCANNED), VersionValue: 'v2' }));
    aws.answers.length = 0;
    aws.scan = vulnerable;

    expect(await aws.request(update(second.PhysicalResourceId, { ...required(SCANNED), VersionValue: 'v1' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
  });

  test('never checks them in a rollback', async () => {
    const { id, v1 } = await released();
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';

    expect(await aws.request(update(id, required(SCANNED)))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(asked('DescribeImageScanFindings')).toBe(0);
  });

  test('refuses an unfit new image, and the tasks with the previous image keep running', async () => {
    const { id } = await released();
    aws.push('v2');

    expect(await aws.request(update(id, { ...required(SCANNED), VersionValue: 'v2' }))).toMatchObject({ Status: 'FAILED', PhysicalResourceId: id });
  });

  test('reports a permanent problem before one that waiting may solve', async () => {
    aws.push('v1');
    aws.scan = vulnerable;

    const { Reason } = await create({ kind: 'signed', profileArn: PROFILE, waitSeconds: 60 }, SCANNED);
    expect(Reason).toContain('CVE-1');
  });

  test('names the option to set if ECR lacks permission to call Inspector on behalf of the guard', async () => {
    aws.push('v1');
    aws.outageOf['ecr:DescribeImageScanFindings'] = {
      kind: 'error', status: 400, code: 'AccessDeniedException', message: 'User: arn:aws:sts::1:assumed-role/Guard is not authorized to perform: inspector2:ListFindings on resource: *',
    };

    expect((await create(SCANNED)).Reason).toContain('pass enhancedScanning: true to ImageRequirement.scanned');
  });

  test.each(['{', '{}', '{"kind":"blessed"}', '[]'])('refuses a requirement that it does not understand: %s', async (json) => {
    aws.push('v1');

    expect(await aws.request(event({}, { Requirements: [json] }))).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(/requirement|newer version/) });
  });
});

test('a guard without requirements checks only whether the image exists', async () => {
  aws.push('v1');
  await aws.request(event());

  expect(aws.actions).toEqual(['ecr:DescribeImages', 'ecr:BatchGetImage']);
});
