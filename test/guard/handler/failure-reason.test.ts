import { ACCOUNT, DENIED, event, REPOSITORY_URI } from './simulation';
import { RecentImages } from '../../../src/guard/handler/ecr/recent-images';
import { explain, explainReleaseTags } from '../../../src/guard/handler/failure-reason';
import { Observation } from '../../../src/guard/handler/observation';
import { parse } from '../../../src/guard/handler/request';
import { openRequest } from '../../../src/handler/request';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const PLACE = '(account 111122223333, region eu-west-1)';
const LOG_IN = 'aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const BUILD = `docker buildx build --platform linux/amd64 --tag ${REPOSITORY_URI}`;
const AGAIN = 'cdk deploy Service';
const TO_PARAMETER = { VersionKind: 'parameter', ParameterName: 'Service:ImageTag' };

const RECENT: RecentImages = {
  pushedLast: [{ name: 'v3', pushedAt: new Date('2026-11-24T10:11:12Z') }, { name: 'v2', pushedAt: new Date('2026-11-23T00:00:00Z') }],
  similarTags: ['V1', 'v1.0'],
  partial: false,
};

describe('the reason for a missing image', () => {
  test('names the image and its place, lists other images, and shows how to push', () => {
    expect(reason({ kind: 'missing' }, {}, { recent: RECENT })).toBe(
      `Image ${REPOSITORY_URI}:v1 does not exist ${PLACE}. Similar tags exist: V1, v1.0. Latest images: v3 (2026-11-24T10:11Z), v2 (2026-11-23T00:00Z). `
      + `Push the image and deploy again: 1) ${LOG_IN}  2) ${BUILD}:v1 --push .  3) ${AGAIN}`);
  });

  test.each([
    ['an empty repository', { pushedLast: [], similarTags: [], partial: false }, ' The repository is empty. '],
    ['a repository too large to be listed completely', { ...RECENT, partial: true }, 'Latest images of those checked: v3'],
    ['a failed listing', undefined, `${PLACE}. Push the image`],
  ])('describes %s', (_, recent, expected) => {
    expect(reason({ kind: 'missing' }, {}, { recent })).toContain(expected);
    expect(reason({ kind: 'missing' }, {}, { recent: recent && { ...recent, similarTags: [] } })).not.toContain('Similar tags');
  });

  test('includes the parameter in the command', () => {
    expect(reason({ kind: 'missing' }, TO_PARAMETER)).toMatch(/3\) cdk deploy Service --parameters Service:ImageTag=v1$/);
  });

  test('says how long the guard waited', () => {
    expect(reason({ kind: 'missing' }, {}, { waitedMs: 119_600 })).toContain(`${PLACE}, after waiting 120 s.`);
    expect(reason({ kind: 'missing' }, {}, { waitedMs: 1_000 })).toContain(`${PLACE}, after waiting 1 s.`);
    expect(reason({ kind: 'missing' }, {}, { waitedMs: 999 })).not.toContain('after');
  });

  test('shows a build command with all required platforms that are known', () => {
    const platforms = (...Platforms: string[]) => reason({ kind: 'missing' }, { Platforms });

    expect(platforms('LINUX/X86_64', 'LINUX/ARM64', 'PLAN9/X86_64')).toContain('--platform linux/amd64,linux/arm64 --tag');
    expect(platforms()).toContain('docker buildx build --tag');
  });

  test('shows a build command for a single manifest if one is required', () => {
    expect(reason({ kind: 'missing' }, { SingleManifest: 'true' })).toContain('--platform linux/amd64 --provenance=false --sbom=false --tag');
  });

  test('does not suggest building an image with a given digest', () => {
    const text = reason({ kind: 'missing' }, { VersionKind: 'digest', VersionValue: DIGEST });

    expect(text).toContain(`Image ${REPOSITORY_URI}@${DIGEST} does not exist`);
    expect(text).toContain(`docker buildx imagetools create --prefer-index=false --tag ${REPOSITORY_URI}:<tag> <source>@${DIGEST}`);
    expect(text).toContain('You cannot choose a digest when pushing');
    expect(text).not.toContain('buildx build');
  });

  test.each(['docker-hub/library/nginx', 'ecr-public/nginx', 'quay/x', 'k8s/pause', 'ghcr/x'])('in the pull-through cache %s suggests pulling the image once', (RepositoryName) => {
    const uri = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/${RepositoryName}`;
    for (const kind of ['missing', 'repositoryMissing'] as const) {
      const text = reason({ kind }, { RepositoryName, RepositoryUri: uri });

      expect(text).toContain(`. This looks like a pull-through cache, where an image appears only after its first pull: 1) ${LOG_IN}  2) docker pull ${uri}:v1  3) ${AGAIN}`);
      expect(text).not.toContain('buildx');
    }
  });

  test.each(['docker-hubs/x', 'team/docker-hub/x', 'quay'])('in the repository %s, which only resembles a pull-through cache, does not suggest pulling it', (RepositoryName) => {
    expect(reason({ kind: 'missing' }, { RepositoryName })).not.toContain('pull-through');
  });

  test('says why a start without tasks is not possible', () => {
    const properties = { WhenMissing: 'startWithoutTasks' };

    expect(reason({ kind: 'missing' }, properties, { mayRun: true })).toContain('so tasks keep the previous image');
    expect(reason({ kind: 'missing' }, {}, { mayRun: true })).not.toContain('keep running');
  });
});

describe('the reason for an image without a name', () => {
  const properties = { ...TO_PARAMETER, VersionValue: '' };

  test('says what to pass', () => {
    expect(reason({ kind: 'unnamed' }, properties, { recent: RECENT })).toBe(
      `No image tag was passed: pass the tag of an image in ${REPOSITORY_URI} ${PLACE}. Later deployments can omit the tag: the CDK CLI passes the previous one. `
      + 'Latest images: v3 (2026-11-24T10:11Z), v2 (2026-11-23T00:00Z). To proceed: cdk deploy Service --parameters Service:ImageTag=<tag>');
  });

  test.each([undefined, { pushedLast: [], similarTags: [], partial: false }])('says how to push if no images are known (%j)', (recent) => {
    expect(reason({ kind: 'unnamed' }, properties, { recent }))
      .toContain(`1) ${LOG_IN}  2) ${BUILD}:<tag> --push .  3) cdk deploy Service --parameters Service:ImageTag=<tag>`);
  });
});

test('the reason for a missing repository names the stack to deploy and the other places to check', () => {
  expect(reason({ kind: 'repositoryMissing' })).toBe(
    `Repository ${REPOSITORY_URI} was not found ${PLACE}. If the repository is elsewhere, correct its account or region. Otherwise: `
    + `1) cdk deploy Service/Registry  2) ${LOG_IN}  3) ${BUILD}:v1 --push .  4) ${AGAIN}`);
  expect(reason({ kind: 'repositoryMissing' }, { RegistryStack: undefined })).toContain('1) create the repository  2)');
  expect(reason({ kind: 'repositoryMissing' }, { VersionKind: 'digest', VersionValue: DIGEST })).toContain(`${REPOSITORY_URI}:<tag> --push`);
});

test('the reason for an archived image shows how to restore it', () => {
  expect(reason({ kind: 'archived', digest: DIGEST })).toBe(
    `Image ${REPOSITORY_URI}:v1 is archived ${PLACE}, and archived images cannot be pulled. Restore it, which takes a few minutes: `
    + '1) aws ecr update-image-storage-class --target-storage-class STANDARD --region eu-west-1 --registry-id 111122223333 --repository-name app '
    + `--image-id imageTag=v1  2) ${AGAIN}`);
});

test('the reason for an image that is being restored says when to deploy again', () => {
  expect(reason({ kind: 'activating', digest: DIGEST }, {}, { waitedMs: 5_000 })).toBe(
    `Image ${REPOSITORY_URI}:v1 is being restored from the archive ${PLACE} and cannot be pulled yet, after waiting 5 s. Deploy again once its status is ACTIVE: ${AGAIN}`);
});

test('the reason for a wrong platform names the required and the offered platforms, and shows how to build the image', () => {
  const observation: Observation = { kind: 'wrongPlatform', digest: DIGEST, offered: ['linux/arm64', 'windows/amd64'], lacking: ['linux/amd64'] };

  expect(reason(observation, TO_PARAMETER)).toBe(
    `Image ${REPOSITORY_URI}:v1 does not run on linux/amd64, which the task definition needs: the image offers linux/arm64 and windows/amd64 (digest ${DIGEST}, account 111122223333, region eu-west-1). `
    + `Change cpuArchitecture of the task definition, or build the image for linux/amd64 under a new tag: 1) ${LOG_IN}  2) ${BUILD}:<new tag> --push .  `
    + '3) cdk deploy Service --parameters Service:ImageTag=<new tag>');
  expect(reason({ ...observation, offered: [] })).toContain('the image offers no platform');
});

test('the reason for an artifact that is not an image says what it is', () => {
  expect(reason({ kind: 'notAnImage', digest: DIGEST, what: 'a Helm chart' })).toContain(
    `${REPOSITORY_URI}:v1 is not a container image: it is a Helm chart (digest ${DIGEST}, account 111122223333, region eu-west-1). Tasks cannot run it. `
    + `Push the image under a different tag: 1) ${LOG_IN}  2) ${BUILD}:<new tag> --push .  3) ${AGAIN}`);
});

test('the reason for an index shows how to build a single manifest for Lambda', () => {
  expect(reason({ kind: 'index', digest: DIGEST }, { SingleManifest: 'true' })).toMatch(
    /is an index of several manifests .* Lambda functions accept only single manifests\. .*--provenance=false --sbom=false --tag \S+:<new tag> --push/);
});

describe('the reason for a denied request', () => {
  const trouble: Observation = { kind: 'denied', action: 'ecr:DescribeImages', message: `AccessDeniedException: ${'message' in DENIED ? DENIED.message : ''}` };
  const PRINCIPAL = `arn:aws:sts::${ACCOUNT}:assumed-role/GuardRole/Guard`;

  test('names the action and the principal', () => {
    const text = reason(trouble, {}, { waitedMs: 60_000 });

    expect(text).toMatch(new RegExp(`^${PRINCIPAL} lacks permission for ecr:DescribeImages on ${REPOSITORY_URI} \\(account 111122223333, region eu-west-1\\), after waiting 60 s\\.`));
    expect(text).toContain('service control policy');
    expect(text).toContain('ECR says: AccessDeniedException: User: ');
    expect(text).toContain(`  2) ${AGAIN}`);
    expect(text).not.toContain('"Effect"');
  });

  test('names the function if AWS does not report the principal', () => {
    expect(reason({ kind: 'denied', action: 'ecr:BatchGetImage', message: 'AccessDenied' })).toMatch(/^The guard's function lacks permission for ecr:BatchGetImage on /);
  });

  test('shows the policy statement that a repository in another account needs', () => {
    const text = reason({ ...trouble, message: 'AccessDenied' }, { RegistryId: '999988887777' });
    const statement = JSON.parse(/\{.*\}/.exec(text)![0]);

    expect(statement).toEqual({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'],
    });
    expect(text).toMatch(/ECR says: AccessDenied\. To proceed: 1\) in account 999988887777, add this statement .*: \{.*\} {2}2\) cdk deploy /);
    expect(text).toContain('(account 999988887777, region eu-west-1)');
  });
});

test.each([
  ['kms', /^ECR cannot decrypt image .*: KmsException: key is disabled\. .*grant/],
  ['upstream', /upstream registry of its pull-through cache .*: KmsException: key is disabled\. .*docker pull .*:v1/],
  ['refused', /^ECR rejects the image name .*: KmsException: key is disabled\. .*cdk deploy Service$/],
  ['throttled', /^Image .* could not be looked up .*, after waiting 60 s: ECR is throttling \(KmsException: key is disabled\)\. The image is not the cause\./],
  ['unavailable', /^Image .* could not be looked up .*, after waiting 60 s: ECR is unavailable \(KmsException: key is disabled\)\. /],
  ['unexpected', /^The guard could not look up image .*: ecr:DescribeImages failed: KmsException: key is disabled\. /],
] as const)('the reason for trouble of the kind %s quotes the AWS error', (kind, expected) => {
  expect(reason({ kind, action: 'ecr:DescribeImages', message: 'KmsException: key is disabled.' }, {}, { waitedMs: 60_000 })).toMatch(expected);
});

test('the reason for an exhausted quota says where to request an increase', () => {
  const text = reason({ kind: 'quota', action: 'ecr:DescribeImages', message: 'LimitExceededException: too many' });

  expect(text).toMatch(/^Image \S+:v1 could not be looked up \(account \d+, region \S+\), because an ECR quota is exhausted: ecr:DescribeImages failed: LimitExceededException: too many\. Request an increase/);
});

test.each([
  ['notReady', AGAIN],
  ['notBegun', 'cdk deploy Service'],
  ['unfit', 'cdk deploy Service'],
] as const)('the reason for an image that does not meet a requirement (%s) names the problem and the remedy', (kind, then) => {
  const text = reason({ kind, digest: DIGEST, problem: 'is not signed by p', remedy: 'sign it' }, {}, { waitedMs: 60_000 });

  expect(text).toBe(`Image ${REPOSITORY_URI}:v1 is not signed by p (digest ${DIGEST}, ${PLACE.slice(1, -1)}), after waiting 60 s. To proceed: 1) sign it  2) ${then}`);
});

test('the reason for a requirement names the tag to deploy only if waiting is enough, because other remedies can need another image', () => {
  for (const kind of ['unfit', 'notBegun'] as const) {
    expect(reason({ kind, digest: DIGEST, problem: 'x', remedy: 'y' }, TO_PARAMETER)).toMatch(/2\) cdk deploy Service --parameters Service:ImageTag=<tag>$/);
  }
  expect(reason({ kind: 'notReady', digest: DIGEST, problem: 'x', remedy: 'y' }, TO_PARAMETER)).toMatch(/2\) cdk deploy Service --parameters Service:ImageTag=v1$/);
});

test('the reason for a denied Inspector call names the property to set on the guard', () => {
  const message = 'AccessDeniedException: User: arn:x is not authorized to perform: inspector2:ListFindings on resource: y';

  expect(reason({ kind: 'denied', action: 'ecr:DescribeImageScanFindings', message })).toContain('pass enhancedScanning: true to ImageRequirement.scanned');
});

describe('the reason for an image without its release tag', () => {
  const TAGGED = { ReleaseTagName: 'api' };
  const tagReason = (trouble: Parameters<typeof explainReleaseTags>[0], properties: object = {}) => {
    const request = openRequest(event({}, { ...TAGGED, ...properties }));
    return explainReleaseTags(trouble, { question: parse(request), stack: request.stack, waitedMs: 0, mayRun: false });
  };
  const CANNOT = /^Image \S+:v1 exists, but the guard cannot add the release tag deployed-api-[0-9a-f]{8} \(account 111122223333, region eu-west-1\): /;

  test.each([
    ['quota', /ECR allows 1,000 tags per image: .*batch-delete-image --region eu-west-1 --registry-id 111122223333 --repository-name app --image-ids imageTag=<tag>\. Then: cdk deploy Service$/],
    ['throttled', /Wait a few minutes\. Then: cdk deploy Service$/],
    ['unavailable', /Wait a few minutes\. Then: cdk deploy Service$/],
    ['denied', /overwriting tags that begin with "deployed-".*ecr:PutImage, or set retainReleasedImages to false\. Then: cdk deploy Service$/],
    ['unexpected', /overwriting tags that begin with "deployed-".*ecr:PutImage, or set retainReleasedImages to false\. Then: cdk deploy Service$/],
  ] as const)('names the remedy for trouble of the kind %s', (kind, remedy) => {
    const text = tagReason({ kind, action: 'ecr:PutImage', message: 'Code: message.' });

    expect(text).toMatch(CANNOT);
    expect(text).toContain('ecr:PutImage failed: Code: message. ');
    expect(text).toMatch(remedy);
  });

  test('does not suggest changes in ECR if CloudFormation did not report the stack status', () => {
    const text = tagReason({ kind: 'unavailable', action: 'cloudformation:DescribeStacks', message: 'AccessDenied' });

    expect(text).toMatch(/because it cannot determine whether the stack is still being deployed: AccessDenied\. Grant the guard's function cloudformation:DescribeStacks, or set/);
    expect(text).toMatch(/cannot move the release tag deployed-api-[0-9a-f]{8}, because/);
  });

  test('names the stack status if the request is out of date', () => {
    expect(tagReason({ kind: 'outOfDate', status: 'UPDATE_COMPLETE' })).toBe(
      `The stack is in UPDATE_COMPLETE, so this request is out of date. Image ${REPOSITORY_URI}:v1 was not released. `
      + `If you still want this deployment, start it again: ${AGAIN}`);
  });

  test('says that the image was deleted', () => {
    expect(tagReason({ kind: 'gone' })).toBe(`Image ${REPOSITORY_URI}:v1 was deleted while the guard was checking it ${PLACE}. Deploy again: ${AGAIN}`);
  });
});

test('the reason for a bug attributes the error to no AWS service', () => {
  expect(reason({ kind: 'unexpected', message: 'TypeError: x' })).toContain(`${PLACE}: TypeError: x. See the log`);
});

test('long error messages are shortened', () => {
  expect(reason({ kind: 'kms', message: 'm'.repeat(5000) })).toContain(`: ${'m'.repeat(297)}…. Enable`);
  expect(reason({ kind: 'kms', message: `${'m'.repeat(298)}. ` })).toContain(`: ${'m'.repeat(298)}. Enable`);
});

test.each(['unseen', 'found'] as const)('the observation %s, which is no failure, still results in a reason', (kind) => {
  expect(reason({ kind, digest: DIGEST })).toContain('was not looked up in time');
});

test('every reason names the repository, the version, the account, and the region, and fits into a response', () => {
  const observations: Observation[] = [
    { kind: 'missing' },
    { kind: 'gone' },
    { kind: 'repositoryMissing' },
    { kind: 'archived', digest: DIGEST },
    { kind: 'activating', digest: DIGEST },
    { kind: 'wrongPlatform', digest: DIGEST, offered: ['linux/arm64'], lacking: ['linux/amd64'] },
    { kind: 'notAnImage', digest: DIGEST, what: 'a Helm chart' },
    { kind: 'index', digest: DIGEST },
    ...(['kms', 'upstream', 'refused', 'quota', 'throttled', 'unavailable', 'unexpected'] as const).map((kind) => ({ kind, message: 'm'.repeat(400) })),
  ];
  for (const observation of observations) {
    const text = reason(observation, { RepositoryUri: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/${'r'.repeat(200)}` }, { recent: RECENT });

    expect(text).toMatch(/111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/r{200}:v1/);
    expect(text).toContain('account 111122223333, region eu-west-1');
    expect(text).toContain('cdk deploy Service');
    expect(Buffer.byteLength(text)).toBeLessThan(3_000);
  }
});

function reason(
  observation: object, properties: object = {}, circumstances: { waitedMs?: number; mayRun?: boolean; recent?: RecentImages } = {},
): string {
  const request = openRequest(event({}, properties));
  const { stack } = request;
  return explain(observation as Observation, { question: parse(request), stack, waitedMs: 0, mayRun: false, ...circumstances });
}
