import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aws } from '../emulator/aws';
import { ACCOUNT, CustomResourceRequest, Emulator } from '../emulator/emulator';
import { pushImage, pushIndex } from '../emulator/oci';

/** The emulator itself. All other tests here rely on it to behave like AWS. */

let emulator: Emulator;
let aws: Aws;

beforeAll(async () => {
  emulator = await Emulator.start();
  aws = new Aws(emulator);
});

afterAll(async () => {
  await emulator.stop();
});

/** Custom resource that does what its properties say and reports the stack status that it sees. */
const HANDLER = `
  const { request } = require('node:http');
  const send = (method, url, headers, body) => new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => text += chunk).on('end', () => resolve(text));
    });
    outgoing.on('error', reject).end(body);
  });
  exports.handler = async (event) => {
    const { Id, Value, Fails, Bytes, ContentType = '', AnswersTwice } = event.ResourceProperties;
    const stack = await send('POST', process.env.AWS_ENDPOINT_URL, {
      'content-type': 'application/x-www-form-urlencoded',
      'authorization': 'AWS4-HMAC-SHA256 Credential=${ACCOUNT}/20260101/us-east-1/cloudformation/aws4_request',
    }, 'Version=2010-05-15&Action=DescribeStacks&StackName=' + encodeURIComponent(event.StackId));
    const Data = { Value, StackStatus: /<StackStatus>(.*?)</.exec(stack)[1] };
    const answer = (Data, Reason = 'the reason') => JSON.stringify({
      Status: (Fails || '').includes(event.RequestType) ? 'FAILED' : 'SUCCESS', Reason, Data,
      PhysicalResourceId: Id, StackId: event.StackId, RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId,
    });
    const padded = 'x'.repeat(event.RequestType === 'Create' && Bytes ? Number(Bytes) - answer(Data, '').length : 1);
    if (ContentType) await send('PUT', event.ResponseURL, { 'content-type': ContentType }, answer({ ...Data, Value: 'refused' }));
    await send('PUT', event.ResponseURL, { 'content-type': '' }, answer(Data, padded));
    if (AnswersTwice) await send('PUT', event.ResponseURL, { 'content-type': '' }, answer({ ...Data, Value: 'second' }));
  };
`;

interface Stub {
  readonly Id: string;
  readonly Value?: string;
  /** Request types that the handler answers with FAILED. */
  readonly Fails?: string;
  /** Length of the answer to a Create, in bytes. */
  readonly Bytes?: number;
  readonly ContentType?: string;
  readonly AnswersTwice?: true;
}

/** Deploys `Guard`, and `Later` after it. Resolves with the final status and the requests that this deployment caused. */
async function deploy(stackName: string, guard: Stub, later?: Stub): Promise<{ status: string; requests: CustomResourceRequest[] }> {
  const stub = (properties: Stub, dependsOn: string[] = []) => ({
    Type: 'Custom::Stub',
    DependsOn: dependsOn,
    Properties: { ServiceToken: { 'Fn::GetAtt': ['Function', 'Arn'] }, ...properties },
  });
  return operate(stackName, JSON.stringify({
    Resources: {
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', Role: `arn:aws:iam::${ACCOUNT}:role/any`, Code: { ZipFile: HANDLER } },
      },
      Guard: stub(guard),
      ...later && { Later: stub(later, ['Guard']) },
    },
    Outputs: { Value: { Value: { 'Fn::GetAtt': ['Guard', 'Value'] } } },
  }));
}

async function operate(stackName: string, template?: string) {
  const before = emulator.customResourceRequests().length;
  const exists = await statusOf(stackName) !== undefined;
  await aws.cloudFormation(template ? exists ? 'UpdateStack' : 'CreateStack' : 'DeleteStack', { StackName: stackName, ...template && { TemplateBody: template } });
  let status = await statusOf(stackName);
  while (status?.endsWith('_IN_PROGRESS')) {
    await sleep(20);
    status = await statusOf(stackName);
  }
  return { status: status ?? 'DELETE_COMPLETE', requests: emulator.customResourceRequests().slice(before) };
}

async function statusOf(stackName: string): Promise<string | undefined> {
  return aws.stackStatus(stackName).catch(() => undefined);
}

/** One line per request, for comparison with the documentation of CloudFormation. */
function told(requests: CustomResourceRequest[]): string[] {
  return requests.map(({ logicalId, requestType, physicalId, properties }) => `${requestType} ${logicalId} ${physicalId ?? '-'} ${properties.Value ?? ''}`.trim());
}

describe('custom resources', () => {
  test('are left alone if their properties did not change', async () => {
    await deploy('unchanged', { Id: 'a', Value: '1' });
    const { status, requests } = await deploy('unchanged', { Id: 'a', Value: '1' }, { Id: 'new' });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(told(requests)).toEqual(['Create Later -']);
    expect(await aws.stackOutputs('unchanged')).toEqual({ Value: '1' });
  });

  test('with a changed physical id are deleted under the old id during clean-up', async () => {
    await deploy('replaced', { Id: 'a', Value: '1' });
    const { status, requests } = await deploy('replaced', { Id: 'b', Value: '2' }, { Id: 'later' });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(told(requests)).toEqual(['Update Guard a 2', 'Create Later -', 'Delete Guard a 1']);
    expect(requests.map(({ answer }) => answer?.Data?.StackStatus)).toEqual([
      'UPDATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    ]);
  });

  test('that got a new physical id before a failure are restored under the new id, which is then deleted', async () => {
    await deploy('back', { Id: 'a', Value: '1' });
    const { status, requests } = await deploy('back', { Id: 'b', Value: '2' }, { Id: 'later', Fails: 'Create' });
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(told(requests)).toEqual(['Update Guard a 2', 'Create Later -', 'Update Guard b 1', 'Delete Later later', 'Delete Guard b 2']);
    expect(requests.map(({ answer }) => answer?.Data?.StackStatus)).toEqual([
      'UPDATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS',
      'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
    ]);

    const next = await deploy('back', { Id: 'a', Value: '1' }, { Id: 'later' });
    expect(told(next.requests)).toEqual(['Create Later -']);
  });

  test('whose update failed are restored too', async () => {
    await deploy('failed-update', { Id: 'a', Value: '1' });
    const { status, requests } = await deploy('failed-update', { Id: 'a', Value: '2', Fails: 'Update' });
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(told(requests)).toEqual(['Update Guard a 2', 'Update Guard a 1']);
    expect(await aws.stackOutputs('failed-update')).toEqual({ Value: '1' });
  });

  test('whose creation failed are deleted while the stack rolls back', async () => {
    const { status, requests } = await deploy('failed-create', { Id: 'a', Fails: 'Create' });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(told(requests)).toEqual(['Create Guard -', 'Delete Guard a']);
    expect(requests[1].answer?.Data?.StackStatus).toBe('ROLLBACK_IN_PROGRESS');
  });

  test('are judged by the first of two answers', async () => {
    await deploy('twice', { Id: 'a', Value: 'first', AnswersTwice: true });
    expect(await aws.stackOutputs('twice')).toEqual({ Value: 'first' });
  });

  test('cannot answer with a content type, because the URL was signed without one', async () => {
    await deploy('content-type', { Id: 'a', Value: 'accepted', ContentType: 'application/json' });
    expect(await aws.stackOutputs('content-type')).toEqual({ Value: 'accepted' });
  });

  test('can answer with at most 4096 bytes', async () => {
    const longest = await deploy('longest', { Id: 'a', Value: '1', Bytes: 4096 });
    expect(longest.status).toBe('CREATE_COMPLETE');
    const longer = await deploy('longer', { Id: 'a', Value: '1', Bytes: 4097 });
    expect(longer.status).toBe('ROLLBACK_COMPLETE');
    expect(longer.requests[0].answer?.Reason).toBe('Response object is too long.');
  });
});

describe('the registry', () => {
  const platform = 'linux/amd64';

  beforeAll(async () => {
    await operate('registry', JSON.stringify({
      Resources: {
        Repository: {
          Type: 'AWS::ECR::Repository',
          Properties: {
            RepositoryName: 'app',
            ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
            ImageTagMutabilityExclusionFilters: [
              { ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: 'cache*' },
            ],
          },
        },
      },
    }));
  });

  test('reports the digest that was pushed and the tag that was requested', async () => {
    const image = { repository: 'app', content: 'one', platform };
    const digest = await pushImage(emulator, { ...image, tag: 'one' });
    await pushImage(emulator, { ...image, tag: 'uno' });
    expect(await aws.imageDigest('app', 'one')).toBe(digest);
    const { images } = await aws.ecr('BatchGetImage', { repositoryName: 'app', imageIds: [{ imageTag: 'one' }] });
    expect(images[0].imageId).toEqual({ imageTag: 'one', imageDigest: digest });
  });

  test('lists every tag of an image', async () => {
    const image = { repository: 'app', content: 'many', platform };
    for (const tag of ['many', 'some']) await pushImage(emulator, { ...image, tag });
    const { imageIds } = await aws.ecr('ListImages', { repositoryName: 'app' });
    expect(imageIds.map(({ imageTag }: { imageTag: string }) => imageTag)).toEqual(expect.arrayContaining(['many', 'some']));
  });

  test('returns the bytes of a config', async () => {
    await pushImage(emulator, { repository: 'app', tag: 'config', content: 'config', platform: 'linux/arm64' });
    const { images } = await aws.ecr('BatchGetImage', { repositoryName: 'app', imageIds: [{ imageTag: 'config' }] });
    const layerDigest = JSON.parse(images[0].imageManifest).config.digest;
    const { downloadUrl } = await aws.ecr('GetDownloadUrlForLayer', { repositoryName: 'app', layerDigest });
    expect(await (await fetch(downloadUrl)).json()).toMatchObject({ os: 'linux', architecture: 'arm64' });
  });

  test('returns an index with every platform and its attestation', async () => {
    const digest = await pushIndex(emulator, { repository: 'app', tag: 'index', content: 'index', platforms: [platform, 'linux/arm64'] });
    const { images: [{ imageId, imageManifest }] } = await aws.ecr('BatchGetImage', { repositoryName: 'app', imageIds: [{ imageTag: 'index' }] });
    expect(imageId.imageDigest).toBe(digest);
    expect(JSON.parse(imageManifest).manifests.map((entry: any) => entry.platform.architecture)).toEqual(['amd64', 'unknown', 'arm64', 'unknown']);
  });

  test('answers with an error if an image is missing', async () => {
    await expect(aws.imageDigest('app', 'missing')).rejects.toThrow('ImageNotFoundException');
  });

  test.each(['release', 'my-cache'])('keeps the tag %s immutable', async (tag) => {
    const digest = await pushImage(emulator, { repository: 'app', tag, content: `${tag} 1`, platform });
    await expect(pushImage(emulator, { repository: 'app', tag, content: `${tag} 2`, platform })).rejects.toThrow('immutable');
    await expect(putImage(tag, digest)).rejects.toThrow('ImageAlreadyExistsException');
    await expect(putImage(tag, await aws.imageDigest('app', 'one'))).rejects.toThrow('ImageTagAlreadyExistsException');
    expect(await aws.imageDigest('app', tag)).toBe(digest);
  });

  test.each(['cache', 'cache-1'])('allows the tag %s, which is excluded from immutability, to move', async (tag) => {
    await pushImage(emulator, { repository: 'app', tag, content: `${tag} 1`, platform });
    const digest = await pushImage(emulator, { repository: 'app', tag, content: `${tag} 2`, platform });
    expect(await aws.imageDigest('app', tag)).toBe(digest);
    await putImage(tag, await aws.imageDigest('app', 'one'));
    expect(await aws.imageDigest('app', tag)).toBe(await aws.imageDigest('app', 'one'));
  });

  /** Adds a tag to an existing image, as the console does. */
  async function putImage(imageTag: string, imageDigest: string): Promise<void> {
    const { images: [{ imageManifest, imageManifestMediaType }] } = await aws.ecr('BatchGetImage', { repositoryName: 'app', imageIds: [{ imageDigest }] });
    await aws.ecr('PutImage', { repositoryName: 'app', imageManifest, imageManifestMediaType, imageTag });
  }
});

describe('the emulator process', () => {
  test('can run beside another one', async () => {
    const other = await Emulator.start();
    try {
      expect(other.endpoint).not.toBe(emulator.endpoint);
      expect(await new Aws(other).repositoryNames()).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test('ends with the process that started it, even if that process is killed, and deletes its files', async () => {
    const program = `
      require('./test/emulator/commands/typescript.cjs');
      require('./test/emulator/emulator').Emulator.start().then((started) => console.log(started.endpoint, started.directory));
      setInterval(() => undefined, 1000); // an emulator does not keep its process alive
    `;
    const starter = spawn(process.execPath, ['-e', program], { cwd: join(__dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(starter.stdout.setEncoding('utf8'), 'data');
    const [endpoint, directory] = line.trim().split(' ');
    const isAlive = () => fetch(`${endpoint}/_ministack/health`).then(({ ok }) => ok, () => false);
    for (let tries = 0; !await isAlive() && tries < 600; tries++) await sleep(50);
    expect(await isAlive()).toBe(true);

    starter.kill('SIGKILL');
    for (let tries = 0; existsSync(directory) && tries < 600; tries++) await sleep(50);
    expect(existsSync(directory)).toBe(false);
    for (let tries = 0; await isAlive() && tries < 600; tries++) await sleep(50);
    expect(await isAlive()).toBe(false);
  });
});
