import { idPrefix, LARGEST_ID } from './physical-id';
import { Request } from './request';

/** The answer to CloudFormation, without the fields that identify the request. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Remedy if the attributes are too large to send. */
  readonly remedyIfTooLarge?: string;
}

/** The physical ID stays the same, because nothing was changed. With another ID, CloudFormation would replace the resource. */
export function failed(request: Request, reason: string): Answer {
  return { status: 'FAILED', physicalId: idOf(request), reason };
}

/** There is nothing to delete, so every Delete succeeds. */
export function deleted(request: Request): Answer {
  return { status: 'SUCCESS', physicalId: idOf(request) };
}

/** CloudFormation must get its ID back unchanged, even if it is unusual. In JSON, a quotation mark takes two bytes. */
function idOf(request: Request): string {
  const { physicalId } = request;
  return clip(physicalId, Buffer.byteLength(physicalId) > LARGEST_ID ? LARGEST_ID : 2 * LARGEST_ID) || idPrefix(request);
}

const LARGEST_RESPONSE = 4096;

/** Encodes the body of the response. The result never exceeds the limit of CloudFormation. */
export function encode(request: Request, answer: Answer): string {
  const body = (fields: Answer) => JSON.stringify({
    Status: fields.status,
    Reason: fields.reason,
    PhysicalResourceId: fields.physicalId,
    StackId: clip(request.stack.id, 512),
    RequestId: clip(request.requestId, 256),
    LogicalResourceId: clip(request.logicalId, 512),
    NoEcho: false,
    Data: fields.attributes,
  });
  if (answer.status === 'SUCCESS') {
    const whole = body(answer);
    if (Buffer.byteLength(whole) <= LARGEST_RESPONSE) return whole;
    return encode(request, failed(request, `The response of the custom resource is larger than the ${LARGEST_RESPONSE} bytes that CloudFormation allows: ${answer.remedyIfTooLarge ?? 'request fewer attributes'}.`));
  }
  const room = LARGEST_RESPONSE - Buffer.byteLength(body({ ...answer, reason: '' }));
  return body({ ...answer, reason: clip(printable(answer.reason ?? ''), room) });
}

/** CloudFormation refuses control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim() || 'no reason was given';
}

/** Limits the size of a text in bytes of JSON, without splitting a character. */
export function clip(text: string, bytes: number): string {
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

/** Shortens a message from AWS, so that it can be quoted within a sentence. */
export function short(message: string): string {
  return clip(message.replace(/[.\s]+$/, ''), 300);
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
