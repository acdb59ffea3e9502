import { ACCOUNT, event, REPOSITORY_URI, update } from './simulation';
import { explain, explainReleaseTags } from '../../../src/guard/handler/failure-reason';
import { parse } from '../../../src/guard/handler/request';
import { openRequest } from '../../../src/handler/request';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const IMAGE = `${REPOSITORY_URI}:v1`;
const PLACE = 'account 111122223333, region eu-west-1';
const WHICH = `(digest ${DIGEST}, ${PLACE})`;
const AGAIN = 'cdk deploy Service';
const LOG_IN = 'aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const REBUILD = `1) ${LOG_IN}  2) docker buildx build --platform linux/amd64 --tag ${REPOSITORY_URI}:<new tag> --push .  3) ${AGAIN}`;

type Observation = Parameters<typeof explain>[0];

const quoting = { action: 'ecr:DescribeImages', message: 'Code: message.' };

test.each<[Observation, string]>([
  [{ kind: 'archived', digest: DIGEST }, `Image ${IMAGE} is archived (${PLACE}), and archived images cannot be pulled. Restore it, which takes a few minutes: `
    + '1) aws ecr update-image-storage-class --target-storage-class STANDARD --region eu-west-1 --registry-id 111122223333 --repository-name app '
    + `--image-id imageTag=v1  2) ${AGAIN}`],
  [{ kind: 'notAnImage', digest: DIGEST, what: 'a signature' }, `${IMAGE} is not a container image: it is a signature ${WHICH}. Tasks cannot run it. `
    + `Push the image under a different tag: ${REBUILD}`],
  [{ kind: 'index', digest: DIGEST }, `Image ${IMAGE} is an index of several manifests ${WHICH}, but Lambda functions accept only single manifests. `
    + `Build it without attestations and for one platform: ${REBUILD}`],
  [{ kind: 'kms', ...quoting }, `ECR cannot decrypt image ${IMAGE} (${PLACE}): Code: message. `
    + `Enable the KMS key of the repository, cancel its deletion, or restore ECR's grant on it. Then: ${AGAIN}`],
  [{ kind: 'upstream', ...quoting }, `ECR cannot get image ${IMAGE} from the upstream registry of its pull-through cache (${PLACE}): Code: message. `
    + `Check the cache rule and its credentials, then pull the image once: 1) ${LOG_IN}  2) docker pull ${IMAGE}  3) ${AGAIN}`],
  [{ kind: 'refused', ...quoting }, `ECR rejects the image name ${IMAGE} (${PLACE}): Code: message. Check the repository and the version. Then: ${AGAIN}`],
  [{ kind: 'quota', ...quoting }, `Image ${IMAGE} could not be looked up (${PLACE}), because an ECR quota is exhausted: ecr:DescribeImages failed: Code: message. `
    + `Request an increase, then deploy again: ${AGAIN}`],
  [{ kind: 'throttled', ...quoting }, `Image ${IMAGE} could not be looked up (${PLACE}): ECR is throttling (Code: message). `
    + `The image is not the cause. Deploy again: ${AGAIN}`],
  [{ kind: 'unavailable', ...quoting }, `Image ${IMAGE} could not be looked up (${PLACE}): ECR is unavailable (Code: message). `
    + `The image is not the cause. Deploy again: ${AGAIN}`],
  [{ kind: 'unexpected', ...quoting }, `The guard could not look up image ${IMAGE} (${PLACE}): ecr:DescribeImages failed: Code: message. `
    + `See the log of the guard's function, then deploy again: ${AGAIN}`],
  [{ kind: 'unseen' }, `Image ${IMAGE} was not looked up in time (${PLACE}). Deploy again: ${AGAIN}`],
  [{ kind: 'denied', action: 'ecr:BatchGetImage', message: 'AccessDenied.' }, `The guard's function lacks permission for ecr:BatchGetImage on ${REPOSITORY_URI} (${PLACE}). `
    + 'ECR says: AccessDenied. To proceed: 1) look for a denial in the repository policy, a permissions boundary, or a service control policy  '
    + `2) ${AGAIN}`],
])('the complete reason for %j is correct', (observation, expected) => {
  expect(reason(observation)).toBe(expected);
});

test('the reason for a missing digest does not suggest pushing it', () => {
  expect(reason({ kind: 'missing' }, { VersionKind: 'digest', VersionValue: DIGEST })).toBe(
    `Image ${REPOSITORY_URI}@${DIGEST} does not exist (${PLACE}). You cannot choose a digest when pushing: correct the digest, or copy the image from <source>: `
      + `1) ${LOG_IN}  2) docker buildx imagetools create --prefer-index=false --tag ${REPOSITORY_URI}:<tag> <source>@${DIGEST}  3) ${AGAIN}`,
  );
});

test('the reason for an archived digest suggests restoring it by its digest', () => {
  expect(reason({ kind: 'archived', digest: DIGEST }, { VersionKind: 'digest', VersionValue: DIGEST })).toContain(`--image-id imageDigest=${DIGEST}  2) `);
});

test('a reason mentions that tasks keep running only if a start without tasks was requested', () => {
  const kept = 'startWithoutTasks applies only to first deployments, so tasks keep the previous image.';
  const isKept = (properties: object, mayRun: boolean) => (['missing', 'unnamed'] as const)
    .map((kind) => reason({ kind }, properties, mayRun).includes(` ${kept} `));

  expect(isKept({ WhenMissing: 'startWithoutTasks' }, true)).toEqual([true, true]);
  expect(isKept({ WhenMissing: 'startWithoutTasks' }, false)).toEqual([false, false]);
  expect(isKept({}, true)).toEqual([false, false]);
});

test('the suggested policy statement for another account grants everything that the guard and the tasks need, and only to their own account', () => {
  const text = reason({ kind: 'denied', action: 'ecr:DescribeImages', message: 'AccessDenied' }, {
    RegistryId: '999988887777', Requirements: ['{"kind":"signed","profileArn":"arn","waitSeconds":0}'],
  });

  expect(text).toMatch(/To proceed: 1\) in account 999988887777, add this statement to the policy of the repository: \{"Effect":"Allow",/);
  expect(JSON.parse(/\{.*\}/.exec(text)![0])).toEqual({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: expect.arrayContaining(['ecr:DescribeImages', 'ecr:DescribeImageSigningStatus', 'ecr:BatchCheckLayerAvailability']),
  });
});

describe('the reason for an image without its release tag', () => {
  const TAG = parse(openRequest(event({}, { ReleaseTagName: 'api' }))).releaseTag;
  const because = (trouble: Parameters<typeof explainReleaseTags>[0]) => {
    const request = openRequest(event({}, { ReleaseTagName: 'api' }));
    return explainReleaseTags(trouble, { question: parse(request), stack: request.stack, waitedMs: 0, mayRun: false });
  };

  test.each([
    ['quota', 'ECR allows 1,000 tags per image: delete release tags of services that no longer exist, with aws ecr batch-delete-image --region eu-west-1 '
      + '--registry-id 111122223333 --repository-name app --image-ids imageTag=<tag>.'],
    ['throttled', 'Wait a few minutes.'],
    ['denied', 'Allow overwriting tags that begin with "deployed-" (mutability exclusions of the repository) and grant the guard\'s function ecr:PutImage, '
      + 'or set retainReleasedImages to false.'],
  ] as const)('explains the remedy for the trouble %s', (kind, remedy) => {
    expect(because({ kind, action: 'ecr:PutImage', message: 'Code: no.' })).toBe(
      `Image ${IMAGE} exists, but the guard cannot add the release tag ${TAG} (${PLACE}): ecr:PutImage failed: Code: no. ${remedy} Then: ${AGAIN}`,
    );
  });

  test('says that the guard cannot determine the stack status', () => {
    expect(because({ kind: 'unavailable', action: 'cloudformation:DescribeStacks', message: 'reset.' })).toBe(
      `Image ${IMAGE} exists, but the guard cannot move the release tag ${TAG}, because it cannot determine whether the stack is still being deployed: reset. `
        + `Grant the guard's function cloudformation:DescribeStacks, or set retainReleasedImages to false. Then: ${AGAIN}`,
    );
  });
});

function reason(observation: Observation, properties: object = {}, mayRun = false): string {
  const request = openRequest(update('id', properties));
  return explain(observation, { question: parse(request), stack: request.stack, waitedMs: 0, mayRun });
}
