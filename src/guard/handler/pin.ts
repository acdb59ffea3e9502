import { AskRegistry, AwsError } from './aws-client';
import { patience } from './decide';
import { NO_IMAGE } from './memory';
import { Trouble } from './observation';
import { ACCEPTED_MEDIA_TYPES, BatchGetImageAnswer, troubleOf } from './observe';
import { retryPause } from './rhythm';
import { World } from './world';

/** What is to be marked as released, under one tag, and as what a rollback goes back to, under another. */
export interface Pins {
  readonly tag: string;
  readonly released: string;
  readonly before?: string;
  readonly rollingBack: boolean;
}

/**
 * Moves the tags that shield what runs from lifecycle rules. Nothing moves that is in its place already, so whoever
 * asks twice does no harm.
 *
 * @param until busy or ailing services are asked again until then
 * @returns what prevents it
 */
export async function movePins(world: World, ask: AskRegistry, pins: Pins, until: number): Promise<Trouble | undefined> {
  for (let troubles = 1; ; troubles++) {
    try {
      for (const [tag, digest] of inOrder(pins)) await point(ask, tag, digest);
      return undefined;
    } catch (error) {
      const trouble = asTrouble(error);
      if (patience(trouble.kind, 0) === 0 || world.clock.now() >= until) return trouble;
      await world.clock.sleep(Math.min(retryPause(troubles, world.random()), until - world.clock.now()));
    }
  }
}

/** First the mark that is given to what runs until now, or what a rollback goes back to: it is never without one. */
function inOrder({ tag, released, before, rollingBack }: Pins): [string, string][] {
  const current: [string, string] = [tag, released];
  if (before === undefined || before === released) return [current];

  const previous: [string, string] = [`${tag}-previous`, before];
  return rollingBack ? [current, previous] : [previous, current];
}

async function point(ask: AskRegistry, imageTag: string, imageDigest: string): Promise<void> {
  if (imageDigest === NO_IMAGE || await digestOf(ask, imageTag) === imageDigest) return;

  const { images } = await ask<BatchGetImageAnswer>('BatchGetImage', { imageIds: [{ imageDigest }], acceptedMediaTypes: ACCEPTED_MEDIA_TYPES });
  const image = images?.[0];
  // What is gone cannot be kept any more.
  if (!image) return;
  try {
    await ask('PutImage', { imageTag, imageDigest, imageManifest: image.imageManifest, imageManifestMediaType: image.imageManifestMediaType });
  } catch (error) {
    if (!(error instanceof AwsError && error.code === 'ImageAlreadyExistsException')) throw error;
  }
}

async function digestOf(ask: AskRegistry, imageTag: string): Promise<string | undefined> {
  try {
    const { imageDetails } = await ask<{ imageDetails?: Array<{ imageDigest?: string }> }>('DescribeImages', { imageIds: [{ imageTag }] });
    return imageDetails?.[0]?.imageDigest;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ImageNotFoundException') return undefined;
    throw error;
  }
}

function asTrouble(error: unknown): Trouble {
  const observation = troubleOf(error);
  return 'message' in observation ? observation : { kind: 'unexpected', message: String(error) };
}
