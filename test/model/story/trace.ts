import { RegistryEvent, Step } from './steps';
import { Call } from '../aws/front-doors';
import { imageOf } from '../aws/images';
import { Invocation } from '../aws/requests';
import { StackEvent, StackModel } from '../aws/stack';
import { Question } from '../aws/template';
import { Violation } from '../judge/invariants';

const MOST_VIOLATIONS = 5;

/** Readable log of all events, line by line. Digests are shortened but remain distinct. */
export class Trace {
  private readonly lines: Array<{ readonly at: number; readonly text: string }> = [];
  private start?: number;

  constructor(private readonly on: boolean, private readonly now: () => number) {}

  public step({ kind, ...step }: Step, { status }: StackModel): void {
    if (!this.on) return;
    const { faults, change, mishap, rollBack } = step as Partial<Extract<Step, { kind: 'deploy' }>>;
    this.add(`── ${kind} (${status}) ${JSON.stringify({ change, mishap, ...rollBack === false && { rollBack } })}`);
    for (const { service, operation = '*', kind: fault, from, until, probability } of faults ?? []) this.add(`   fault: ${service} ${operation} ${fault} ${from}–${until} ms, ${probability}`);
  }

  public stackEvent(event: StackEvent, { status, running }: StackModel): void {
    if (!this.on) return;
    switch (event.kind) {
      case 'status': return this.add(`stack ${status}`);
      case 'running': return this.add(`service runs ${[...running].join(' and ') || 'nothing'}`);
      case 'stable': return this.add(`stack is stable after ${event.after}`);
      case 'request': {
        const { number, type, direction, physicalId, event: { ResourceProperties } } = event.request;
        const { VersionKind, VersionValue, Nonce, ...properties } = ResourceProperties as Record<string, unknown>;
        const { Platforms, WhenMissing, SingleManifest, Requirements } = properties;
        return this.add(`request ${number}: ${direction} ${type} ${JSON.stringify({ VersionKind, VersionValue, Nonce, Platforms, WhenMissing, SingleManifest, Requirements })} id ${physicalId}`);
      }
      case 'outcome': return this.add(`request ${event.request.number} ${event.request.outcome}: ${JSON.stringify(event.answer)}`);
    }
  }

  public invocationStarted({ number, request, attempt, code }: Invocation<Question>): void {
    this.add(`  [${number}] starts for request ${request.number}, attempt ${attempt}, code ${code}${request.live ? '' : ', late'}`);
  }

  public invocationEnded({ number, ended, error }: Invocation<Question>): void {
    this.add(`  [${number}] ${ended} ${error === undefined ? '' : String(error)}`);
  }

  public called({ invocation, action, input, fault, error, done }: Call): void {
    if (!this.on) return;
    const { imageIds, imageId, imageTag, imageDigest, layerDigest } = input ?? {};
    this.add(`  [${invocation.number}] ${action} ${JSON.stringify({ imageIds, imageId, imageTag, imageDigest, layerDigest })} ${fault ? `fault ${fault.kind}` : ''} ${error ?? ''} ${done ? '' : '(not done)'}`);
  }

  public registryEvent(event: RegistryEvent): void {
    if (!this.on) return;
    this.add(`registry: ${JSON.stringify(event)}${'image' in event ? ` = ${imageOf(event.image).digest}` : ''}`);
  }

  public text(violations: readonly Violation[] = []): string {
    const found = violations.slice(0, MOST_VIOLATIONS).map(({ at, invariant, detail }) => ({ at, text: `✗✗ ${invariant}: ${detail}` }));
    const lines = [...this.lines, ...found].sort((one, other) => one.at - other.at);
    return lines.map(({ at, text }) => `${((at - (this.start ?? at)) / 1000).toFixed(3).padStart(10)}s ${shortened(text)}`).join('\n');
  }

  private add(text: string): void {
    if (!this.on) return;
    this.start ??= this.now();
    this.lines.push({ at: this.now(), text });
  }
}

function shortened(text: string): string {
  return text.replace(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, '$1…').replace(/[\u0000-\u001f]/g, '·').slice(0, 900);
}
