import { GuardAttributes, NO_IMAGE, taskCountAttribute } from '../contract';
import { ReleaseHistory } from './release-history';
import { Question } from './request';
import { Answer } from '../../handler/response';

/** Returns every attribute that the template refers to. Without an image, all task counts are 0. */
export function succeeded({ taskCounts, imageTag }: Question, digest: string, { physicalId }: ReleaseHistory): Answer {
  const counts = taskCounts.map((count) => [taskCountAttribute(count), digest === NO_IMAGE ? '0' : count]);
  const attributes: GuardAttributes = { ImageDigest: digest, ImageTag: imageTag, ...Object.fromEntries(counts) };
  return { status: 'SUCCESS', physicalId, attributes: { ...attributes }, remedyIfTooLarge: 'pass fewer different counts to taskCount' };
}
