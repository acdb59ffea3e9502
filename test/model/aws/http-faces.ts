import { Fault } from './faults';
import { Reply, WireRequest } from '../runtime/network';

const UNAVAILABLE = '<html><body><h1>503 Service Unavailable</h1></body></html>';
const LOG_FORGERY = 'line one\r\nline two\u0007\u0000 ✂ ';

/** AWS's JSON protocol as a client sees it. */
export function jsonReply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'a3b0e5d2', ...headers }, body: JSON.stringify(body) };
}

/** The type of an error comes in one of the forms that services use: in the body, in a header, with a prefix or a suffix. */
export function jsonError(code: string, message: string, status = 400, form = 0): Reply {
  const types = [code, `com.amazonaws.ecr#${code}`, `${code}:http://internal.amazon.com/coral/com.amazonaws.ecr/`];
  const body = { ...form < 3 && { __type: types[form] }, [form % 2 === 0 ? 'message' : 'Message']: message };
  return jsonReply(status, body, { 'x-amzn-ErrorType': types[form % 3] });
}

export function xmlError(code: string, message: string, status = 400): Reply {
  const escaped = message.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">\n  <Error>\n    <Type>Sender</Type>\n    <Code>${code}</Code>\n    <Message>${escaped}</Message>\n  </Error>\n  <RequestId>b9b4b068</RequestId>\n</ErrorResponse>\n`,
  };
}

/** Response of a service under a fault. `undefined` if the service does its work and only the response is damaged. */
export function faultReply({ kind, service }: Fault, request: WireRequest, action: string, form: number): Reply | undefined {
  const error = (code: string, message: string, status = 400) => service === 'cloudformation' ? xmlError(code, message, status) : jsonError(code, message, status, form);
  switch (kind) {
    case 'throttled': return error(...[['ThrottlingException', 'Rate exceeded'], ['Throttling', 'Rate exceeded'], ['TooManyRequestsException', 'Too many requests', 429], ['RequestLimitExceeded', 'Request limit exceeded.', 503]][form % 4] as [string, string, number?]);
    case 'serverError': return error(service === 'ecr' ? 'ServerException' : 'InternalFailure', 'The request processing has failed because of an unknown error.', 500);
    case 'unavailable': return { status: 503, headers: { 'content-type': 'text/html' }, body: UNAVAILABLE };
    case 'requestTimeout': return error('RequestTimeoutException', 'The request took too long', 408);
    case 'reset': return { error: 'ECONNRESET' };
    case 'noAddress': return { error: 'ENOTFOUND' };
    case 'hang': return 'nothing';
    case 'page': return { status: 200, headers: { 'content-type': 'text/html' }, body: UNAVAILABLE };
    case 'huge': return { status: 200, body: Buffer.alloc(64 * 1024, 'x'), repeat: 160 };
    case 'denied': return error('AccessDeniedException', `User: arn:aws:sts::111122223333:assumed-role/guard/guard is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`, service === 'cloudformation' ? 403 : 400);
    case 'expiredToken': return error(service === 'cloudformation' ? 'ExpiredToken' : 'ExpiredTokenException', 'The security token included in the request is expired', service === 'cloudformation' ? 403 : 400);
    case 'kms': return action === 'ecr:BatchGetImage' ? undefined : error('KmsException', 'The operation failed due to a KMS exception: the key is disabled');
    case 'limit': return error('LimitExceededException', 'The operation did not succeed because it would have exceeded a service limit: 1,000 tags per image');
    case 'echo': return error('ServerException', echo(request, form), 500);
    case 'cutOff': case 'malformed': return undefined;
  }
}

/** Damages a correct response. */
export function spoilt({ kind }: Fault, reply: Reply): Reply {
  if (typeof reply === 'string' || 'error' in reply) return reply;
  const body = Buffer.from(reply.body ?? '');
  if (kind === 'malformed') return { ...reply, body: body.subarray(0, Math.floor(body.length / 2)) };
  return kind === 'cutOff' ? { ...reply, body: body.subarray(0, Math.floor(body.length / 2)), cutOff: true } : reply;
}

/** Message of a service about a signature mismatch. It repeats everything that was signed, anywhere in a long message. */
function echo({ headers }: WireRequest, form: number): string {
  const signed = Object.entries(headers).map(([name, value]) => `${name}:${value}`).join('\n');
  return `${LOG_FORGERY}${'x'.repeat(form * 57)}The Canonical String for this request should have been\n'POST\n/\n\n${signed}'`.repeat(form === 3 ? 20 : 1);
}
