import { FIXTURES } from './fixtures';
import { DENIED, event, Fault, SECRETS, SERVER_ERROR, Simulation, THROTTLED } from './simulation';
import { expectCleanEnd } from '../../handler/end-of-test';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

afterEach(() => expectCleanEnd(aws, SECRETS));

describe('a registry that is', () => {
  test.each([
    ['throttled', THROTTLED],
    ['failing', SERVER_ERROR],
    ['not responding', { kind: 'hang' }],
    ['resetting connections', { kind: 'reset' }],
    ['behind a captive portal', { kind: 'garbage' }],
    ['not yet accessible for a new role', DENIED],
  ] as const)('%s is queried again', async (_, fault) => {
    const digest = aws.push('v1');
    aws.faults.registry.push(fault, undefined, fault, fault);

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: digest } });
  });

  test.each([
    ['throttled', THROTTLED, /, after waiting 60 s: ECR is throttling/],
    ['failing', SERVER_ERROR, /, after waiting 60 s: ECR is unavailable/],
    ['denying access', DENIED, /^arn:aws:sts::111122223333:assumed-role\/GuardRole\/Guard lacks permission for ecr:DescribeImages .*after waiting 60 s/],
  ] as const)('%s for a minute causes a failure', async (_, fault, reason) => {
    aws.outage.registry = fault;
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event());

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(reason);
    expect(aws.clock.now() - start).toBeLessThan(62_000);
  });

  test.each([
    ['throttled', THROTTLED],
    ['failing', SERVER_ERROR],
  ])('%s is queried at growing intervals of at most ten seconds', async (_, fault) => {
    aws.outage.registry = fault;
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));
    const looks = aws.calls.filter(({ action }) => action === 'ecr:DescribeImages');

    // The last lookup happens at the end of the wait, regardless of the previous one.
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at);
    expect(gaps.length).toBeGreaterThan(80);
    expect(gaps.slice(0, 3).map((gap, index) => Math.floor(gap / 2 ** index / 1_000))).toEqual([1, 1, 1]);
    expect(Math.min(...gaps.slice(3))).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_100);
  });

  test('throttling is queried at a slower pace for some time, even after it has responded', async () => {
    aws.faults.registry.push(...Array.from({ length: 3 }, () => THROTTLED));
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));
    const looks = aws.calls.filter(({ action, input }) => action === 'ecr:DescribeImages' && !input.filter);
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at).slice(3);

    expect(gaps[0]).toBeGreaterThanOrEqual(30_000);
    expect(gaps[0]).toBeLessThan(36_100);
    expect(Math.max(...gaps.slice(10))).toBeLessThan(6_100);
  });

  test('denying access is given less time than a missing image', async () => {
    aws.outage.registry = DENIED;
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));

    expect(aws.clock.now() - start).toBeLessThan(62_000);
  });

  test.each([
    ['no repository', (): void => { aws.repositoryExists = false; }, /^Repository .* was not found/],
    ['an archived image', (): void => { aws.push('v1', { status: 'ARCHIVED' }); }, /is archived/],
    ['an archived image that ECR hides', (): void => { aws.push('v1', { status: 'ARCHIVED' }); aws.showsArchivedUnasked = false; }, /is archived/],
    ['another platform', (): void => { aws.push('v1', { fixture: FIXTURES.ociImage }); }, /does not run on linux\/amd64/],
    ['a Helm chart', (): void => { aws.push('v1', { fixture: FIXTURES.helmChart }); }, /is not a container image: it is a Helm chart/],
    ['a disabled KMS key', (): void => { aws.outage.registry = { kind: 'error', status: 400, code: 'KmsException', message: 'key is disabled' }; }, /cannot decrypt/],
    ['an invalid name', (): void => { aws.outage.registry = { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'bad' }; }, /rejects the image name/],
  ])('in a state that time cannot fix (%s) causes a failure at once', async (_, arrange, reason) => {
    arrange();
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(reason);
    expect(aws.clock.now() - start).toBeLessThan(1_000);
  });

  test.each<[string, Fault[], object]>([
    ['after an outage', [SERVER_ERROR, SERVER_ERROR], {}],
    ['after throttling', [THROTTLED], {}],
    ['after an outage, if tasks need no image', [SERVER_ERROR], { WhenMissing: 'startWithoutTasks', Nonce: '1' }],
    ['after an outage that lasts longer than the wait', Array.from({ length: 6 }, () => SERVER_ERROR), { WhenMissing: 'waitFor', WaitSeconds: '20' }],
  ])('hiding an image in the archive is not mistaken for one without that image %s', async (_, faults, properties) => {
    aws.push('v1', { status: 'ARCHIVED' });
    aws.showsArchivedUnasked = false;
    aws.faults.registry = [...faults];
    const { Status, Reason } = await aws.request(event({}, properties));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/is archived/);
  });

  test('restoring an image from the archive is awaited', async () => {
    aws.push('v1', { status: 'ACTIVATING' });
    aws.clock.at(30_000, () => aws.push('v1'));

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '60' }))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('rejecting the query for archived images is treated as one without an archive', async () => {
    aws.faults.registry.push(undefined, { kind: 'error', status: 400, code: 'InvalidParameterException' });

    expect((await aws.request(event())).Reason).toContain('does not exist');
  });

  test('refusing to list its images only makes the reason omit them', async () => {
    aws.push('v0');
    aws.faults.registry.push(undefined, undefined, DENIED);
    const { Reason } = await aws.request(event());

    expect(Reason).toContain('docker buildx build');
    expect(Reason).not.toContain('Latest images');
  });
});
