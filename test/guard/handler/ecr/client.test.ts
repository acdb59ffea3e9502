import { EcrClient, ecrClient, ImageFailure, troubleOf } from '../../../../src/guard/handler/ecr/client';
import { parse } from '../../../../src/guard/handler/request';
import { openRequest } from '../../../../src/handler/request';
import { AwsError } from '../../../../src/handler/runtime/aws-client';
import { NetworkError, TooLarge } from '../../../../src/handler/runtime/http';
import { DENIED, Fault, NO_IMAGE, REPOSITORY, ACCOUNT, Simulation, THROTTLED, event } from '../simulation';

const DIGEST = `sha256:${'d'.repeat(64)}`;

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

test('every request names the registry and the repository, and goes to the region of the registry', async () => {
  aws.push('v1');
  const { repository } = parse(openRequest(event({}, { RepositoryUri: '999988887777.dkr.ecr.cn-north-1.amazonaws.com.cn/app', RegistryRegion: 'cn-north-1' })));
  await aws.clock.until(ecrClient(aws, (text) => text, repository).describeImage({ imageTag: 'v1' }));

  expect(aws.calls[0].request.url).toBe('https://api.ecr.cn-north-1.amazonaws.com.cn/');
  expect(aws.calls[0].request.headers.authorization).toContain('/cn-north-1/ecr/aws4_request');
  expect(aws.calls[0].input).toEqual({ registryId: ACCOUNT, repositoryName: REPOSITORY, imageIds: [{ imageTag: 'v1' }] });
});

test('the client uses the ECR endpoint that the environment names', async () => {
  aws.push('v1');
  Object.assign(aws.env, { AWS_ENDPOINT_URL_ECR: 'https://ecr.local' });
  await ask((ecr) => ecr.describeImage({ imageTag: 'v1' }));

  expect(aws.calls[0].request.url).toBe('https://ecr.local/');
});

describe('describeImage', () => {
  test('finds an image, or returns undefined', async () => {
    const digest = aws.push('v1');

    expect(await ask((ecr) => ecr.describeImage({ imageTag: 'v1' }))).toMatchObject({ imageDigest: digest, imageTags: ['v1'] });
    expect(await ask((ecr) => ecr.describeImage({ imageTag: 'v2' }, { imageStatus: 'ANY' }))).toBeUndefined();
    expect(aws.calls[1].input).toMatchObject({ filter: { imageStatus: 'ANY' } });
  });

  test.each([{}, { imageDetails: [] }, { imageDetails: null }, { imageDetails: [null] }, { imageDetails: 'none' }])('finds nothing in the answer %j', async (answer) => {
    answerWith(answer);

    expect(await ask((ecr) => ecr.describeImage({ imageTag: 'v1' }))).toBeUndefined();
  });

  test.each([undefined, null, 5, '', 'sha256:..', `sha256:${'A'.repeat(64)}`, `x${DIGEST}`, `${DIGEST}/x`])('rejects an answer with the image digest %j', async (imageDigest) => {
    answerWith({ imageDetails: [{ imageDigest }] });

    await expect(ask((ecr) => ecr.describeImage({ imageTag: 'v1' }))).rejects.toThrow('the answer has no digest');
  });

  test('fails with any ECR error except the one for a missing image', async () => {
    aws.faults.registry.push(DENIED);
    await expect(ask((ecr) => ecr.describeImage({ imageTag: 'v1' }))).rejects.toMatchObject({ code: 'AccessDeniedException' });

    aws.repositoryExists = false;
    await expect(ask((ecr) => ecr.describeImage({ imageTag: 'v1' }))).rejects.toMatchObject({ code: 'RepositoryNotFoundException' });
  });
});

describe('listImages', () => {
  test('returns one page and the token for the next', async () => {
    for (const tag of ['v1', 'v2', 'v3']) aws.push(tag);
    const first = await ask((ecr) => ecr.listImages({ maxResults: 2, nextToken: undefined }));
    const second = await ask((ecr) => ecr.listImages({ maxResults: 2, nextToken: first.nextToken }));

    expect([first, second].map(({ images }) => images.map(({ imageTags }) => imageTags))).toEqual([[['v1'], ['v2']], [['v3']]]);
    expect(second.nextToken).toBeUndefined();
  });

  test('fails if the page is too large', async () => {
    aws.send = async ({ largestBody }) => { throw new TooLarge(`more than ${largestBody} bytes`); };

    await expect(ask((ecr) => ecr.listImages({ maxResults: 500, nextToken: undefined }))).rejects.toThrow('more than 1048576 bytes');
  });

  test('treats an answer without images as an empty page', async () => {
    answerWith({});

    expect(await ask((ecr) => ecr.listImages({ maxResults: 500, nextToken: undefined }))).toEqual({ images: [], nextToken: undefined });
  });
});

describe('getManifests', () => {
  test('returns one manifest for each ID, in order, and undefined for each missing image', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const manifests = await ask((ecr) => ecr.getManifests([{ imageTag: 'v2' }, { imageTag: 'v3' }, { imageDigest: v1 }, { imageTag: 'v1' }, { imageDigest: NO_IMAGE }]));

    expect(manifests.map((manifest) => manifest && 'digest' in manifest ? manifest.digest : manifest)).toEqual([v2, undefined, v1, v1, undefined]);
    expect(aws.actions).toEqual(['ecr:BatchGetImage']);
    expect(manifests[0]).toEqual({ digest: v2, text: aws.images.get(v2)!.fixture.manifest, mediaType: aws.images.get(v2)!.fixture.mediaType });
  });

  test('requests each manifest separately if the answer does not say which image each entry belongs to', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    aws.namesTagsInAnswers = false;
    const manifests = await ask((ecr) => ecr.getManifests([{ imageTag: 'v2' }, { imageTag: 'v3' }, { imageTag: 'v1' }]));

    expect(manifests.map((manifest) => manifest && 'digest' in manifest ? manifest.digest : manifest)).toEqual([v2, undefined, v1]);
    expect(aws.calls.map(({ input }) => input.imageIds)).toEqual([
      [{ imageTag: 'v2' }, { imageTag: 'v3' }, { imageTag: 'v1' }], [{ imageTag: 'v2' }], [{ imageTag: 'v1' }],
    ]);
  });

  test('requests the manifest of a digest only once, whether by tag or by digest', async () => {
    const v1 = aws.push('v1');
    const v2 = aws.push('v2');
    await ask(async (ecr) => {
      await ecr.getManifests([{ imageTag: 'v1' }, { imageDigest: v2 }]);
      expect(await ecr.getManifests([{ imageDigest: v2 }, { imageDigest: v1 }])).toMatchObject([{ digest: v2 }, { digest: v1 }]);
      await ecr.getManifests([{ imageDigest: v1 }, { imageTag: 'v1' }]);
    });

    expect(aws.calls.map(({ input }) => input.imageIds)).toEqual([[{ imageTag: 'v1' }, { imageDigest: v2 }], [{ imageTag: 'v1' }]]);
  });

  test.each(['KmsError', 'UpstreamAccessDenied', 'ImageInaccessible', 'InvalidImageTag', 'ImageTagDoesNotMatchDigest', undefined])(
    'treats no failure except ImageNotFound as a missing image (%s)', async (failureCode) => {
      answerWith({ images: [], failures: [{ imageId: { imageTag: 'v1' }, failureCode, failureReason: failureCode && 'why' }] });
      const [failure] = await ask((ecr) => ecr.getManifests([{ imageTag: 'v1' }]));

      expect(failure).toBeInstanceOf(ImageFailure);
      expect(failure).toMatchObject({ code: failureCode ?? 'NoFailureCode', message: failureCode ? `${failureCode}: why` : 'NoFailureCode: no reason given' });
    });

  test('distinguishes the failure of one image from the absence of another', async () => {
    answerWith({
      failures: [
        { imageId: { imageTag: 'v1' }, failureCode: 'ImageNotFound' },
        { imageId: { imageDigest: DIGEST }, failureCode: 'KmsError' },
      ],
    });
    const [first, second] = await ask((ecr) => ecr.getManifests([{ imageDigest: DIGEST }, { imageTag: 'v1' }]));

    expect(first).toMatchObject({ code: 'KmsError' });
    expect(second).toBeUndefined();
  });

  test.each<[string, object, string]>([
    ['neither an image nor a failure', {}, 'the answer has no image'],
    ['empty lists', { images: [], failures: [] }, 'the answer has no image'],
    ['an image without a manifest', { images: [{ imageId: { imageDigest: DIGEST } }] }, 'the answer lacks a manifest or a digest'],
    ['an image without a digest', { images: [{ imageManifest: '{}' }] }, 'the answer lacks a manifest or a digest'],
  ])('fails if the answer contains %s', async (_, answer, message) => {
    answerWith(answer);

    await expect(ask((ecr) => ecr.getManifests([{ imageTag: 'v1' }]))).rejects.toThrow(new NetworkError(message));
  });

  test('skips null in a list, for a single image and for several', async () => {
    const manifest = { imageId: { imageTag: 'v1', imageDigest: DIGEST }, imageManifest: '{}' };
    const failure = { imageId: { imageTag: 'v2' }, failureCode: 'ImageNotFound' };
    answerWith({ images: [null, manifest], failures: [null, failure] });
    const expected = { digest: DIGEST, text: '{}', mediaType: undefined };

    expect(await ask((ecr) => ecr.getManifests([{ imageTag: 'v1' }]))).toEqual([expected]);
    expect(await ask((ecr) => ecr.getManifests([{ imageTag: 'v1' }, { imageTag: 'v2' }]))).toEqual([expected, undefined]);
  });

  test('does not require a digest in the answer to a request by digest', async () => {
    answerWith({ images: [{ imageManifest: '{}' }] });

    expect(await ask((ecr) => ecr.getManifests([{ imageDigest: DIGEST }]))).toEqual([{ digest: DIGEST, text: '{}', mediaType: undefined }]);
  });
});

describe('downloadUrl', () => {
  test('returns the URL', async () => {
    expect(await ask((ecr) => ecr.downloadUrl('sha256:1'))).toMatch(/^https:\/\/layers\.example\/sha256:1/);
    expect(aws.calls[0].input).toMatchObject({ layerDigest: 'sha256:1' });
  });

  test.each([{}, { downloadUrl: '' }, { downloadUrl: 'no URL' }])('fails with the answer %j', async (answer) => {
    answerWith(answer);

    await expect(ask((ecr) => ecr.downloadUrl('sha256:1'))).rejects.toThrow(new NetworkError('the answer has no download URL'));
  });
});

describe('putTag', () => {
  const put = async () => ask(async (ecr) => {
    const [manifest] = await ecr.getManifests([{ imageTag: 'v1' }]);
    await ecr.putTag('deployed-x', manifest as Exclude<typeof manifest, undefined | ImageFailure>);
  });

  test('moves the tag to the exact manifest that was pushed', async () => {
    const v1 = aws.push('v1');
    aws.tags.set('deployed-x', aws.push('v2'));
    await put();

    expect(aws.tags.get('deployed-x')).toBe(v1);
    expect(aws.calls[1].input).toEqual({
      registryId: ACCOUNT,
      repositoryName: REPOSITORY,
      imageTag: 'deployed-x',
      imageDigest: v1,
      imageManifest: aws.images.get(v1)!.fixture.manifest,
      imageManifestMediaType: aws.images.get(v1)!.fixture.mediaType,
    });
    expect(aws.actions).toEqual(['ecr:BatchGetImage', 'ecr:PutImage']);
  });

  test('succeeds if the tag is already in place', async () => {
    aws.tags.set('deployed-x', aws.push('v1'));
    await put();

    expect(aws.actions).toEqual(['ecr:BatchGetImage', 'ecr:PutImage']);
  });

  test.each(['ImageTagAlreadyExistsException', 'LimitExceededException', 'AccessDeniedException'])('fails if ECR refuses to move the tag (%s)', async (code) => {
    aws.push('v1');
    aws.faults.registry.push(undefined, { kind: 'error', status: 400, code });

    await expect(put()).rejects.toMatchObject({ code });
  });

  test.each<[string, object]>([
    ['nothing', {}],
    ['an image without an ID', { image: {} }],
    ['another digest', { image: { imageId: { imageDigest: NO_IMAGE } } }],
  ])('succeeds only if the answer confirms the tag or a lookup then finds it in place (%s)', async (_, answer) => {
    const v1 = aws.push('v1');
    answerWith(answer, 'PutImage');
    await expect(put()).rejects.toThrow(new NetworkError('tag deployed-x was not moved'));

    aws.tags.set('deployed-x', aws.push('v2'));
    await expect(put()).rejects.toThrow(NetworkError);

    aws.tags.set('deployed-x', v1);
    await put();
  });

  test('fails if the tag cannot be read', async () => {
    aws.push('v1');
    const { send } = aws;
    aws.send = async (request) => {
      const target = request.headers['x-amz-target'];
      if (target?.endsWith('PutImage')) return json({});
      if (request.body?.includes('deployed-x')) return json({ failures: [{ imageId: { imageTag: 'deployed-x' }, failureCode: 'KmsError' }] });
      return send(request);
    };

    await expect(put()).rejects.toThrow(NetworkError);
  });
});

test.each([
  ['RepositoryNotFoundException', 400, 'repositoryMissing'],
  ['ImageNotFoundException', 400, 'gone'],
  ['LayersNotFoundException', 400, 'gone'],
  ['ReferencedImagesNotFoundException', 400, 'gone'],
  ['AccessDeniedException', 400, 'denied'],
  ['AccessDenied', 403, 'denied'],
  ['UnauthorizedOperation', 403, 'denied'],
  ['NotAuthorized', 400, 'denied'],
  ['BlockedByOrganizationPolicyException', 400, 'denied'],
  ['UnrecognizedClientException', 400, 'denied'],
  ['InvalidClientTokenId', 403, 'denied'],
  ['ExpiredTokenException', 400, 'denied'],
  ['KmsException', 400, 'kms'],
  ['KmsError', 0, 'kms'],
  ['UnableToGetUpstreamImageException', 400, 'upstream'],
  ['UnableToAccessUpstreamLayer', 400, 'upstream'],
  ['UpstreamAccessDenied', 0, 'upstream'],
  ['UpstreamTooManyRequests', 0, 'unavailable'],
  ['UpstreamUnavailable', 0, 'unavailable'],
  ['LimitExceededException', 400, 'quota'],
  ['ThrottlingException', 400, 'throttled'],
  ['Throttling', 400, 'throttled'],
  ['TooManyRequestsException', 400, 'throttled'],
  ['RequestLimitExceeded', 400, 'throttled'],
  ['SlowDown', 503, 'throttled'],
  ['HTTP429', 429, 'throttled'],
  ['ServerException', 500, 'unavailable'],
  ['ServiceUnavailable', 503, 'unavailable'],
  ['InternalFailure', 500, 'unavailable'],
  ['RequestTimeoutException', 400, 'unavailable'],
  ['RequestTimeout', 400, 'unavailable'],
  ['RequestExpired', 400, 'unavailable'],
  ['RequestTimeTooSkewed', 403, 'unavailable'],
  ['HTTP408', 408, 'unavailable'],
  ['HTTP502', 502, 'unavailable'],
  ['Strange', 500, 'unavailable'],
  ['Strange', 499, 'unexpected'],
  ['NoSuchService', 400, 'unexpected'],
  ['InvalidParameterException', 400, 'refused'],
  ['ValidationException', 400, 'refused'],
  ['ImageArchivedException', 400, 'unexpected'],
  ['ImageTagAlreadyExistsException', 400, 'unexpected'],
])('the error code %s (HTTP %d) is of the kind %s', (code, status, kind) => {
  const trouble = troubleOf(new AwsError('ecr:DescribeImages', code, 'the message', status));

  expect(trouble).toEqual(['gone', 'repositoryMissing'].includes(kind) ? { kind } : { kind, action: 'ecr:DescribeImages', message: `${code}: the message` });
});

test.each([
  [new ImageFailure('KmsError', 'key is disabled'), { kind: 'kms', action: 'ecr:BatchGetImage', message: 'KmsError: key is disabled' }],
  [new ImageFailure('ImageInaccessible', 'no'), { kind: 'unexpected', action: 'ecr:BatchGetImage', message: 'ImageInaccessible: no' }],
  [new ImageFailure('UpstreamUnavailable', 'no'), { kind: 'unavailable', action: 'ecr:BatchGetImage', message: 'UpstreamUnavailable: no' }],
  [new NetworkError('read ECONNRESET'), { kind: 'unavailable', message: 'read ECONNRESET' }],
  [new TypeError('x is not a function'), { kind: 'unexpected', message: 'TypeError: x is not a function' }],
  ['thrown', { kind: 'unexpected', message: 'thrown' }],
  [new AwsError('ecr:DescribeImages', 'KmsException', 'KmsException', 400), { kind: 'kms', action: 'ecr:DescribeImages', message: 'KmsException' }],
])('the error %p is reported unchanged, without repeating its code', (error, expected) => {
  expect(troubleOf(error)).toEqual(expected);
});

test('a fault of the server causes an error of the corresponding kind', async () => {
  const kindOf = async (fault: Fault) => {
    aws.faults.registry.push(fault);
    return troubleOf(await ask((ecr) => ecr.describeImage({ imageTag: 'v1' })).catch((error) => error)).kind;
  };

  expect(await kindOf(THROTTLED)).toBe('throttled');
  expect(await kindOf({ kind: 'garbage' })).toBe('unavailable');
  expect(await kindOf({ kind: 'hang' })).toBe('unavailable');
});

async function ask<T>(question: (ecr: EcrClient) => Promise<T>): Promise<T> {
  const { repository } = parse(openRequest(event()));
  return aws.clock.until(question(ecrClient(aws, (text) => text, repository)));
}

/** Responds to every operation, or to a single one, with this answer. */
function answerWith(answer: object, operation = ''): void {
  const { send } = aws;
  aws.send = async (request) => request.headers['x-amz-target']?.endsWith(operation) ? json(answer) : send(request);
}

function json(answer: object) {
  return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
}
