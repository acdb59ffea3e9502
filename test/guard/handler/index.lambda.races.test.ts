import { FIXTURES } from './fixtures';
import { event, Fault, NO_IMAGE, Simulation, update } from './simulation';
import { Requirement } from '../../../src/guard/contract';

const GONE: Fault = { kind: 'error', status: 400, code: 'ImageNotFoundException', message: 'The image does not exist' };
const LAYERS_GONE: Fault = { kind: 'error', status: 400, code: 'LayersNotFoundException', message: 'The layer does not exist' };
const SCANNED: Requirement = { kind: 'scanned', failOn: 'HIGH', onlyFixable: false, accepted: [], waitSeconds: 60 };
const SIGNED: Requirement = { kind: 'signed', profileArn: 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/Release', waitSeconds: 60 };
const required = (requirement: Requirement) => ({ Requirements: [JSON.stringify(requirement)], ServiceTimeout: '900' });

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
  aws.scan = () => ({ imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: {} });
});

/** Right before the registry call with this number, moves the tag to another image and deletes the first image. The call meets the given fault. */
function replaceBefore(call: number, fault: Fault | undefined, { fixture = FIXTURES.dockerImage, otherCalls = 0 } = {}): () => string {
  const first = aws.push('v1', { fixture });
  let now = '';
  aws.faults.registry.push(...Array.from({ length: call - 1 }, () => undefined), fault);
  aws.clock.at(20 * (call + otherCalls) - 10, () => {
    aws.remove(first);
    now = aws.push('v1', { fixture, salt: 'another' });
  });
  return () => now;
}

describe.each(['fail', 'startWithoutTasks'])('an image that is deleted between two calls, while its tag moves to another image (%s),', (WhenMissing) => {
  const mode = { WhenMissing, Nonce: '1' };

  test.each<[string, number, Fault | undefined, object]>([
    ['the lookup and the manifest', 2, undefined, {}],
    ['the manifest and the config', 3, LAYERS_GONE, {}],
    ['the config and the scan', 5, GONE, required(SCANNED)],
    ['the config and the signature', 5, GONE, required(SIGNED)],
  ])('does not count as missing if it disappears between %s: the new image of the tag is released', async (_, call, fault, properties) => {
    aws.signing = () => [{ signingProfileArn: (SIGNED as { profileArn: string }).profileArn, status: 'COMPLETE' }];
    const replaced = replaceBefore(call, fault);

    expect(await aws.request(event({}, { ...mode, ...properties }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: replaced(), TaskCount2: '2' } });
  });

  test.each<[string, number, number, Fault | undefined, object]>([
    ['is read for its release tag', 2, 1, undefined, { Platforms: [] }],
    ['gets its release tag', 3, 2, { kind: 'error', status: 400, code: 'ReferencedImagesNotFoundException' }, {}],
  ])('is not released if it disappears before it %s: the new image of the tag is', async (_, call, otherCalls, fault, properties) => {
    const replaced = replaceBefore(call, fault, { fixture: FIXTURES.buildxIndex, otherCalls });

    expect(await aws.request(event({}, { ...mode, ...properties, ReleaseTagName: 'api' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: replaced() } });
    expect([...aws.tags].find(([tag]) => tag.startsWith('deployed-'))?.[1]).toBe(replaced());
  });
});

test('an image that is deleted between two calls and not replaced is missing', async () => {
  const digest = aws.push('v1');
  aws.clock.at(30, () => aws.remove(digest));

  expect(await aws.request(event({}, { WhenMissing: 'startWithoutTasks', Nonce: '1' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
});

test.each(['fail', 'startWithoutTasks'])('an image that ECR lists but does not return makes the request fail, and never starts the service without tasks (%s)', async (WhenMissing) => {
  aws.push('v1', { fixture: FIXTURES.dockerImage });
  aws.outageOf['ecr:GetDownloadUrlForLayer'] = LAYERS_GONE;
  const start = aws.clock.now();
  const { Status, Reason } = await aws.request(event({}, { WhenMissing, Nonce: '1' }));

  expect(Status).toBe('FAILED');
  expect(Reason).toContain('was deleted while the guard was checking it');
  expect(aws.clock.now() - start).toBeLessThan(1_000);
});

test('a request fails if its image cannot get its release tag because ECR does not find the image', async () => {
  aws.push('v1');
  aws.outageOf['ecr:PutImage'] = { kind: 'error', status: 400, code: 'ReferencedImagesNotFoundException' };
  const start = aws.clock.now();

  expect(await aws.request(event({}, { ReleaseTagName: 'api' }))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('was deleted while the guard was checking it') });
  expect(aws.clock.now() - start).toBeLessThan(1_000);
});

describe('a Create that is delivered late', () => {
  test.each(['CREATE_COMPLETE', 'UPDATE_ROLLBACK_IN_PROGRESS'])('writes nothing after it has found the stack in %s, even if an operation begins while it waits for its image', async (status) => {
    aws.stackStatus = status;
    aws.clock.at(20_000, () => {
      aws.stackStatus = 'UPDATE_IN_PROGRESS';
      aws.push('v1');
    });
    const answer = await aws.request(event({}, { ReleaseTagName: 'api', WhenMissing: 'waitFor', WaitSeconds: '60' }));

    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`The stack is in ${status}`) });
    expect(aws.actions).not.toContain('ecr:PutImage');
  });

  test('does not query CloudFormation if it has no release tags to move', async () => {
    aws.push('v1');
    await aws.request(event());

    expect(aws.actions).not.toContain('cloudformation:DescribeStacks');
  });
});

test('if the tag moves while the scan is pending, the image that the tag finally names is released', async () => {
  const first = aws.push('v1');
  aws.scan = () => ({ imageScanStatus: { status: 'PENDING' } });
  aws.clock.at(20_000, () => aws.push('v1', { salt: 'another' }));
  aws.clock.at(30_000, () => { aws.scan = () => ({ imageScanStatus: { status: 'COMPLETE' } }); });
  const { Data } = await aws.request(update('imported', required(SCANNED)));

  expect(Data!.ImageDigest).not.toBe(first);
  expect(Data!.ImageDigest).toBe(aws.tags.get('v1'));
});
