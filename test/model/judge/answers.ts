import { Verdict } from './invariants';
import { Secrets } from './secrets';
import { Answer, GuardRequest, Invocation } from '../aws/requests';
import { Question, referenceOf } from '../aws/template';

/** `sha256:` and zeros: valid for ECS, and never pulled. It means "no image". */
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;

const MOST_BYTES = 4096;
const MOST_ID_BYTES = 1024;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SOON_MS = 30_000;

/** Checks that the handler answers in the correct form, regardless of the content. */
export class AnswerJudge {
  constructor(private readonly verdict: Verdict, private readonly credentials: Secrets) {}

  public invocationEnded(invocation: Invocation<Question>): void {
    const { request, puts, ended, startedAt, deadline, endedAt = 0, hits } = invocation;
    const name = nameOf(invocation);
    this.checkSecrets(invocation);
    this.verdict.expect('inTime', !(ended === 'killed' && endedAt >= deadline), () => `${name} reached the Lambda timeout`);
    if (puts.length > 0) {
      const after = puts[0].at - startedAt;
      this.verdict.expect('inTime', after <= request.timeoutMs, () => `${name} answered after ${after / 1000} s of ${request.timeoutMs / 1000} s`);
    }
    puts.forEach(({ body }) => this.checkForm(request, body, name));
    this.verdict.expect('oneAnswer', new Set(puts.map(({ body }) => body)).size <= 1, () => `${name} gave different answers: ${puts.map(({ body }) => body).join(' and ')}`);
    if (ended === 'killed') return;

    const accepted = puts.filter((put) => put.accepted).length;
    const endpointIll = [...hits.keys()].some(({ service }) => service === 'response');
    const expired = puts.some((put) => put.at - request.sentAt >= 2 * 3600_000);
    if (ended === 'returned') this.verdict.expect('oneAnswer', accepted >= 1, () => `${name} ended without an answer`);
    this.verdict.expect('oneAnswer', accepted <= 1 || endpointIll, () => `${name} gave ${accepted} answers`);
    this.verdict.expect('oneAnswer', ended !== 'threw' || endpointIll || expired, () => `${name} threw ${String(invocation.error)}`);
  }

  public requestOver(request: GuardRequest<Question>, answer: Answer | undefined, invocations: ReadonlyArray<Invocation<Question>>): void {
    if (request.outcome === 'timed out') {
      const lost = this.verdict.exempts(
        ['lostTime', !invocations.some(({ attempt, delayMs, ended }) => attempt === 1 && delayMs <= 5_000 && ended !== 'killed')],
        ['hardFault', invocations.some(({ hits }) => [...hits.keys()].some(({ service }) => service === 'response'))],
      );
      if (!lost) this.verdict.expect('inTime', false, () => `request ${request.number} (${request.type}) got no answer in ${request.timeoutMs / 1000} s`);
    }
    if (!answer) return;
    if (answer.status === 'FAILED' && request.physicalId !== undefined) {
      this.verdict.expect('failedKeepsId', answer.physicalId === request.physicalId, () => `${request.physicalId} became ${answer.physicalId}`);
    }
    if (request.type === 'Delete') {
      this.verdict.expect('deletes', answer.status === 'SUCCESS' && answer.physicalId === request.physicalId, () => `${answer.status}, ${answer.physicalId} for ${request.physicalId}`);
      const calls = invocations.reduce((sum, invocation) => sum + invocation.calls, 0);
      const [{ startedAt, puts, hits }] = invocations;
      this.verdict.expect('deletes', calls === 0, () => `Delete made ${calls} calls`);
      this.verdict.expect('deletes', hits.size > 0 || puts.length === 0 || puts[0].at - startedAt < SOON_MS, () => `Delete took ${(puts[0].at - startedAt) / 1000} s`);
    } else if (answer.status === 'SUCCESS') {
      this.checkAttributes(request, answer);
    }
  }

  private checkAttributes({ question }: GuardRequest<Question>, { data }: Answer): void {
    const isNone = data.ImageDigest === NO_IMAGE;
    const detail = () => `${JSON.stringify(data)} for ${JSON.stringify(question)}`;
    this.verdict.expect('attributes', /^sha256:[0-9a-f]{64}$/.test(data.ImageDigest), detail);
    this.verdict.expect('attributes', data.ImageTag === (referenceOf(question).tag ?? ''), detail);
    const counts = question.taskCounts.every((count) => data[`TaskCount${count}`] === (isNone ? '0' : String(count)));
    this.verdict.expect('attributes', counts, detail);
  }

  private checkForm({ event, physicalId }: GuardRequest<Question>, body: string, name: string): void {
    const detail = () => `${name}: ${body.slice(0, 500)}`;
    const fields = JSON.parse(body) as Record<string, any>;
    const { Status, Reason, PhysicalResourceId: id, Data } = fields;
    const echoed = ['StackId', 'RequestId', 'LogicalResourceId'].every((field) => fields[field] === event[field]);
    this.verdict.expect('form', Buffer.byteLength(body) <= MOST_BYTES, detail);
    this.verdict.expect('form', echoed, detail);
    this.verdict.expect('form', Status === 'SUCCESS' || (Status === 'FAILED' && typeof Reason === 'string' && Reason !== ''), detail);
    this.verdict.expect('form', typeof id === 'string' && id.length > 0 && Buffer.byteLength(id) <= MOST_ID_BYTES, detail);
    this.verdict.expect('form', !CONTROL.test(String(Reason ?? '')) && (id === physicalId || !CONTROL.test(String(id))), detail);
    const values = Object.values((Data ?? {}) as Record<string, unknown>);
    this.verdict.expect('form', values.every((value) => typeof value === 'string'), detail);
  }

  private checkSecrets(invocation: Invocation<Question>): void {
    const { request: { responseUrl }, puts, printed } = invocation;
    const own = new Secrets(new URL(responseUrl).searchParams.get('X-Amz-Signature') ?? '');
    for (const text of [...printed, ...new Set(puts.map(({ body }) => body))]) {
      const found = this.credentials.foundIn(text) ?? own.foundIn(text);
      this.verdict.expect('secrets', found === undefined, () => `${nameOf(invocation)}: …${found}… in ${text.slice(0, 300)}`);
    }
  }
}

export function nameOf({ number, request, attempt }: Invocation<Question>): string {
  return `invocation ${number} (${request.direction} ${request.type}, request ${request.number}, attempt ${attempt})`;
}
