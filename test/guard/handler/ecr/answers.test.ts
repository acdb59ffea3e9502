import { EcrClient, ecrClient } from '../../../../src/guard/handler/ecr/client';
import { parse } from '../../../../src/guard/handler/request';
import { openRequest } from '../../../../src/handler/request';
import { event, Simulation } from '../simulation';

const ONE = `sha256:${'1'.repeat(64)}`;
const TWO = `sha256:${'2'.repeat(64)}`;
const manifest = (digest: string) => ({ digest, text: `{"of":"${digest}"}`, mediaType: 'type' });
const image = (digest: string, imageId: object | undefined = { imageDigest: digest }) =>
  ({ imageId, imageManifest: manifest(digest).text, imageManifestMediaType: 'type' });

test.each([
  ['an image', { images: [{ ...image(ONE), imageId: undefined }] }],
  ['a failure', { images: [], failures: [{ failureCode: 'ImageNotFound' }] }],
])('%s with an unknown ID makes the guard request one ID at a time', async (_, unclear) => {
  const { ask, inputs } = answering((input) => {
    const [id, ...others] = input.imageIds as Array<{ imageDigest: string }>;
    return others.length > 0 ? unclear : { images: [image(id.imageDigest)] };
  });

  expect(await ask((ecr) => ecr.getManifests([{ imageDigest: ONE }, { imageDigest: TWO }]))).toEqual([manifest(ONE), manifest(TWO)]);
  const [one, two] = [{ imageDigest: ONE }, { imageDigest: TWO }];
  expect(inputs.map(({ imageIds }) => imageIds)).toEqual([[one, two], [one], [two]]);
});

test('a list entry that is not an object is skipped', async () => {
  const { ask } = answering(() => ({ imageDetails: ['odd', 7, null, { imageDigest: ONE }], nextToken: 'more' }));

  expect(await ask((ecr) => ecr.listImages({ maxResults: 5, nextToken: undefined }))).toEqual({ images: [{ imageDigest: ONE }], nextToken: 'more' });
});

test('signatures and findings are requested by the digest of the image', async () => {
  const { ask, inputs } = answering(() => ({ signingStatuses: [{ status: 'COMPLETE' }] }));
  await ask((ecr) => ecr.signingStatuses(ONE));
  await ask((ecr) => ecr.scanFindings(TWO, { maxResults: 5, nextToken: 'more' }));

  expect(inputs).toMatchObject([{ imageId: { imageDigest: ONE } }, { imageId: { imageDigest: TWO }, maxResults: 5, nextToken: 'more' }]);
});

function answering(answer: (input: Record<string, unknown>) => object) {
  const { clock, random, print, env } = new Simulation();
  const inputs: Array<Record<string, unknown>> = [];
  const send = async ({ body = '{}' }: { readonly body?: string }) => {
    inputs.push(JSON.parse(body));
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer(inputs.at(-1)!))) };
  };
  const ecr = ecrClient({ clock, random, print, env, send }, (text) => text, parse(openRequest(event())).repository);
  return { inputs, ask: async <T>(question: (client: EcrClient) => Promise<T>) => question(ecr) };
}
