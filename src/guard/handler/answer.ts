import { GuardAttributes, taskCountAttribute } from '../contract';
import { idWithoutMemory, NO_IMAGE, remember } from './memory';
import { Envelope, Question } from './parse';

/** What CloudFormation is told, apart from what identifies the request. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason?: string;
  readonly attributes?: GuardAttributes;
}

export function succeeded(envelope: Envelope, question: Question, digest: string, rollingBack: boolean): Answer {
  const counts = question.taskCounts.map((count) => [taskCountAttribute(count), digest === NO_IMAGE ? '0' : String(count)]);
  return {
    status: 'SUCCESS',
    physicalId: remember(envelope, question, digest, rollingBack),
    attributes: {
      ImageDigest: digest,
      ImageTag: question.imageId && 'imageTag' in question.imageId ? question.imageId.imageTag : '',
      ...Object.fromEntries(counts),
    },
  };
}

/** Nothing was changed, so the id stays: another one would make CloudFormation replace what it believes to be there. */
export function failed(envelope: Envelope, reason: string): Answer {
  return { status: 'FAILED', physicalId: idOf(envelope), reason };
}

/** There is nothing to delete, whoever asks and however. */
export function deleted(envelope: Envelope): Answer {
  return { status: 'SUCCESS', physicalId: idOf(envelope) };
}

function idOf(envelope: Envelope): string {
  const { physicalId } = envelope;
  const isUsable = physicalId !== '' && Buffer.byteLength(physicalId) <= LARGEST_ID && !/\p{Cc}/u.test(physicalId);
  return isUsable ? physicalId : idWithoutMemory(envelope);
}

const LARGEST_RESPONSE = 4096;
const LARGEST_ID = 1024;

/** The body of the response, which is never larger than CloudFormation takes. */
export function encode(envelope: Envelope, answer: Answer): string {
  const body = (fields: Answer) => JSON.stringify({
    Status: fields.status,
    Reason: fields.reason,
    PhysicalResourceId: clip(fields.physicalId, LARGEST_ID),
    StackId: clip(envelope.stack.id, 512),
    RequestId: clip(envelope.requestId, 256),
    LogicalResourceId: clip(envelope.logicalId, 512),
    NoEcho: false,
    Data: fields.attributes,
  });
  if (answer.status === 'SUCCESS') {
    const whole = body(answer);
    if (Buffer.byteLength(whole) <= LARGEST_RESPONSE) return whole;
    return encode(envelope, failed(envelope, `The guard's answer is larger than the ${LARGEST_RESPONSE} bytes that CloudFormation takes: refer to fewer task counts.`));
  }
  const room = LARGEST_RESPONSE - Buffer.byteLength(body({ ...answer, reason: '' }));
  return body({ ...answer, reason: clip(printable(answer.reason ?? ''), room) });
}

/** CloudFormation refuses control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim() || 'no reason was given';
}

/** By the bytes that it takes in JSON, and never through the middle of a character. */
function clip(text: string, bytes: number): string {
  if (jsonBytes(text) <= bytes) return text;

  let kept = '';
  let left = bytes - jsonBytes('…');
  for (const character of text) {
    left -= jsonBytes(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
