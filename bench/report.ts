import { cpus, totalmem } from 'node:os';
import { Calls } from './calls';
import { Detection, detectionRuns } from './detection';
import { ReleaseTaskCost } from './release-task';
import { Resources } from './resources';
import { GUARDS, NEVER_PUSHED, Scale } from './scale';
import { StartUp, startUpRounds } from './startup';
import { Growth, synthRounds, Wait } from './synth';

export interface Results {
  readonly startUp: readonly StartUp[];
  readonly bundleBytes: number;
  readonly calls: readonly Calls[];
  readonly requirements: Resources;
  readonly releaseTask: ReleaseTaskCost;
  readonly detection: Detection;
  readonly scale: readonly Scale[];
  readonly synthesis: readonly Growth[];
  readonly wait: Wait;
}

export function report({ startUp, bundleBytes, calls, requirements, releaseTask, detection, scale, synthesis, wait }: Results): string {
  return `# Benchmarks

Written by \`npx projen bench\`. Machine: ${machine()}. Times
depend on it and on what else it does; counts, and whatever runs on a simulated clock, do not.

## Start-up

Starting Node.js and importing a handler, as a cold start does: median of ${startUpRounds} rounds in which all take turns, and of the
ratios to bare Node.js of the same round. The guard is one file of ${Math.round(bundleBytes / 1024)} KB and loads no SDK client; the other two load
those of \`@aws-sdk\`, from \`node_modules\` as in Lambda.

${table(['', 'time', 'ratio of time', 'ratio of processor time'], startUp.map(({ name, elapsedMs, elapsed, cpu }) =>
  [name, `${elapsedMs.toFixed(0)} ms`, elapsed.toFixed(2), cpu.toFixed(2)]))}

![Start-up](images/start-up.svg)

## Calls

What one request of CloudFormation takes. Before an image is called missing it is looked for in the archive, and the reason
lists what was pushed last: a call each. An update asks CloudFormation first whether the stack is rolling back.

${table(['to decide about', 'calls of ECR', 'calls of CloudFormation', 'answers'], calls.map(({ situation, registry, stack, responses }) =>
  [situation, `${registry.length} (${runs(registry.map((action) => `\`${action.slice(4)}\``)).join(', ')})`, String(stack), String(responses)]))}

Requirements are checked once for each new image; a guard without them asks ECR neither for findings nor for signatures. Resources that requirements add to
a stack: ${Object.entries(requirements).map(([type, number]) => `${number} × \`${type}\``).join(', ') || 'none'}.

## Release tasks

A stack without a \`ReleaseTask\` has none of this. With some, it has one function for all of them. ECS is asked about a task every
5 to 6 s until its exit code is known, and CloudFormation every 10 s whether the deployment is still in progress.

${table(['request', 'calls'], releaseTask.calls.map(({ situation, calls: made }) => [situation, made.length === 0 ? '0' : `${made.length} (${runs(made.map((action) => `\`${action}\``)).join(', ')})`]))}

${table(['resources', 'the first one', 'each further one'], [...new Set([...Object.keys(releaseTask.first), ...Object.keys(releaseTask.further)])].map((type) =>
  [`\`${type}\``, String(releaseTask.first[type] ?? 0), String(releaseTask.further[type] ?? 0)]))}

## Detection

From the push of an image to the answer of a guard that waits for it, over ${detectionRuns} pushes at random moments (simulated
clock): median ${seconds(detection.medianMs)}, worst ${seconds(detection.worstMs)}.

## Scale

${GUARDS.toLocaleString('en')} guards, as many as functions run at once in an account by default, start within two seconds and wait for an
image each. Of these ${GUARDS - NEVER_PUSHED} are pushed at random moments from 0:30 to 10:00, and ${NEVER_PUSHED} never (simulated clock).

AWS [documents](https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html) 2,000 calls a second of
BatchGetImage and 3,000 of GetDownloadUrlForLayer, which nothing here comes near, and no rate of DescribeImages. How
ECR throttles is [described](https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html) by the example of
another call: a bucket of 200 that refills at 20 a second. That is the strictest rate here; each policy of polling meets
it, and a laxer one. Delays count from the push to the answer.

${table(['calls a second', 'pause between looks', 'answered in time', 'found', 'calls', 'throttled', 'median delay', 'worst delay'], scale.map((run) => [
  String(run.ratePerSecond), run.policy, count(run.answeredInTime), `${run.succeeded} of ${run.pushed}`, count(run.calls), count(run.throttled),
  seconds(run.medianDelayMs), seconds(run.worstDelayMs),
]))}

"As it is" is \`src/handler/runtime/backoff.ts\`: a look every 5 to 6 s, at a pace that each refusal halves, down to one a minute, and each
answer quickens by a third; after a refusal the guard tries again within 10 s.

## Synthesis

\`PhasedFargateService\` beside \`ApplicationLoadBalancedFargateService\` with an \`ecr.Repository\` in a stack beside it, both with a
given cluster and ten services to a stack, each app in a fresh process of \`ts-node\`: processor time from before the libraries are
loaded to the end of \`synth()\`, median of ${synthRounds} rounds in which both take turns.

${table(['services', 'bare', 'ours', 'overhead', 'bare, per service', 'ours, per service', 'resources, bare', 'resources, ours'], synthesis.map(
  ({ services, bare, ours, ratio }) => [
    String(services), `${bare.cpuMs.toFixed(0)} ms`, `${ours.cpuMs.toFixed(0)} ms`, overhead(ratio),
    `${(bare.cpuMs / services).toFixed(0)} ms`, `${(ours.cpuMs / services).toFixed(0)} ms`, String(bare.resources), String(ours.resources),
  ]))}

![Synthesis](images/synthesis.svg)

Whoever waits for \`cdk synth\` waits for the CLI as well, and for TypeScript: with ${wait.services} services ${seconds(wait.bareMs)} for bare and
${seconds(wait.oursMs)} for ours, ${overhead(wait.ratio)} more (elapsed time, median of as many rounds, types left unchecked).

The overhead is what there is more of: for each service its guard and outputs, for each stack a function and the log of what
failed, all of which CDK resolves several times over. What every app pays once weighs less the more services there are,
so the share grows: from ${further(synthesis)}
It varies by several points with the moment at which V8 collects garbage, which is another one in another process: see
[decision 14](decisions/0014-what-a-service-costs-at-synthesis.md).

What is in the templates of ten services in one stack, resources feature by feature:

${features(synthesis)}
`;
}

/** What a service costs once all that is paid once is paid. */
function further(synthesis: readonly Growth[]): string {
  const [earlier, last] = synthesis.slice(-2);
  const each = (variant: 'bare' | 'ours') => (last[variant].cpuMs - earlier[variant].cpuMs) / (last.services - earlier.services);
  return `${earlier.services} to ${last.services} services, each more takes ${each('bare').toFixed(0)} ms, and of ours ${each('ours').toFixed(0)} ms.`;
}

function features(synthesis: readonly Growth[]): string {
  const { bare, ours } = synthesis.find(({ services }) => services === 10)!;
  const names = [...new Set([...Object.keys(bare.features), ...Object.keys(ours.features)])];
  return table(['', 'bare', 'ours'], [
    ...names.map((name) => [name, String(bare.features[name] ?? 0), String(ours.features[name] ?? 0)]),
    ['all resources', String(bare.resources), String(ours.resources)],
    ['outputs', String(bare.outputs), String(ours.outputs)],
  ]);
}

function machine(): string {
  const [{ model }, ...others] = cpus();
  return `${model.trim()}, ${others.length + 1} processors, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}, Node.js ${process.version}`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  return [head, head.map((_, index) => index === 0 ? '---' : '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `a, a, b` as `2 × a, b`. */
function runs(names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => {
    const times = names.filter((other) => other === name).length;
    return times > 1 ? `${times} × ${name}` : name;
  });
}

function overhead(ratio: number): string {
  // With 0, because it may be -0.
  return `${Math.round((ratio - 1) * 100) + 0} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
