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

\`npx projen bench\` writes this page. Machine: ${machine()}.
Measured times depend on this machine and its load. Counts, and results that use a simulated clock, do not.

## Start-up

This benchmark starts Node.js and imports a handler, as a cold start does. Each of the ${startUpRounds} rounds measures every handler once, and
compares it with bare Node.js in the same round. The table shows the median times and the median ratios. The guard is a single file of
${Math.round(bundleBytes / 1024)} KB and loads no SDK client. The other two handlers load clients of \`@aws-sdk\` from \`node_modules\`, as in Lambda.

${table(['', 'time', 'time ratio', 'processor time ratio'], startUp.map(({ name, elapsedMs, elapsed, cpu }) =>
  [name, `${elapsedMs.toFixed(0)} ms`, elapsed.toFixed(2), cpu.toFixed(2)]))}

![Start-up time of each handler, as a multiple of bare Node.js. The table above contains the same numbers.](images/start-up.svg)

## Calls

This table counts the AWS calls that the guard makes to answer a Create request. Before the guard reports a missing image, it makes
two more calls: one looks for the image in the archive, and one lists the latest images for the message. If the request is an
Update, or if the guard sets release tags, the guard first asks CloudFormation for the status of the stack. It asks again just before it
moves the tags.

${table(['image', 'ECR calls', 'CloudFormation calls', 'answers to CloudFormation'], calls.map(({ situation, registry, stack, responses }) =>
  [situation, `${registry.length} (${runs(registry.map((action) => `\`${action.slice(4)}\``)).join(', ')})`, String(stack), String(responses)]))}

The guard checks requirements once for each new image. Without requirements, it does not ask ECR for findings or signatures.
Requirements add ${Object.entries(requirements).map(([type, number]) => `${number} × \`${type}\``).join(', ') || 'no resources'} to a stack.

## Release tasks

One function runs all release tasks of a stack. A stack without a \`ReleaseTask\` does not have this function. The function asks ECS
every 5 to 6 s about a task until the exit code is known. It asks CloudFormation every 10 s whether the deployment is still in progress.

${table(['request', 'calls'], releaseTask.calls.map(({ situation, calls: made }) => [situation, made.length === 0 ? '0' : `${made.length} (${runs(made.map((action) => `\`${action}\``)).join(', ')})`]))}

${table(['resources', 'first task', 'each further task'], [...new Set([...Object.keys(releaseTask.first), ...Object.keys(releaseTask.further)])].map((type) =>
  [`\`${type}\``, String(releaseTask.first[type] ?? 0), String(releaseTask.further[type] ?? 0)]))}

## Detection

A waiting guard answers soon after the image is pushed. Over ${detectionRuns} pushes at random moments, the median delay was ${seconds(detection.medianMs)},
and the worst delay was ${seconds(detection.worstMs)} (simulated clock).

## Scale

This simulation starts ${GUARDS.toLocaleString('en')} guards within two seconds. By default, an account can have 1,000 concurrent Lambda invocations. Each
guard waits for its own image. ${GUARDS - NEVER_PUSHED} images are pushed at random moments, from 30 seconds to 10 minutes after the
start. The other ${NEVER_PUSHED} images are never pushed.

AWS [documents](https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html) a quota of 2,000 calls per
second for \`BatchGetImage\`, and of 3,000 for \`GetDownloadUrlForLayer\`. The guards stay far below both quotas. AWS documents no rate
for \`DescribeImages\`. Its [explanation of throttling](https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html) has an
example for another API call: a token bucket that holds 200 tokens and refills at 20 tokens per second. The simulation runs each polling
policy at this rate and at a higher one. "In time" means before the guard's Lambda invocation times out. The delay is the time from
the push to the answer.

${table(['calls per second', 'polling policy', 'answered in time', 'found', 'calls', 'throttled', 'median delay', 'worst delay'], scale.map((run) => [
  String(run.ratePerSecond), run.policy, count(run.answeredInTime), `${run.succeeded} of ${run.pushed}`, count(run.calls), count(run.throttled),
  seconds(run.medianDelayMs), seconds(run.worstDelayMs),
]))}

The current policy is in \`src/handler/runtime/pauses.ts\`. A guard looks up its image every 5 to 6 s. When ECR throttles a lookup, the
guard repeats it within 10 s. It also doubles the pause between further lookups, up to about a minute. Each lookup that ECR
answers shortens that pause by a quarter.

## Synthesis

This benchmark compares two apps with an existing cluster and ten services per stack. "Ours" uses \`PhasedFargateService\`. "Bare" uses
\`ApplicationLoadBalancedFargateService\`, with an \`ecr.Repository\` in a separate stack. Each run synthesizes one app in a new
\`ts-node\` process. The processor time includes loading the libraries and ends with \`synth()\`. Each of the ${synthRounds}
rounds runs both apps. The table shows the median times, and the median overhead of the rounds.

${table(['services', 'bare', 'ours', 'overhead', 'bare, per service', 'ours, per service', 'resources, bare', 'resources, ours'], synthesis.map(
  ({ services, bare, ours, ratio }) => [
    String(services), `${bare.cpuMs.toFixed(0)} ms`, `${ours.cpuMs.toFixed(0)} ms`, overhead(ratio),
    `${(bare.cpuMs / services).toFixed(0)} ms`, `${(ours.cpuMs / services).toFixed(0)} ms`, String(bare.resources), String(ours.resources),
  ]))}

![Processor time of synthesis by number of services, for both apps. The table above contains the same numbers.](images/synthesis.svg)

\`cdk synth\` also starts the CLI and compiles TypeScript. With ${wait.services} services, it takes ${seconds(wait.bareMs)} for bare and ${seconds(wait.oursMs)} for ours, which is
${overhead(wait.ratio)} more (elapsed time, median of ${synthRounds} rounds, without type checks).

The overhead comes from additional template elements. Each service adds a guard and outputs. Each stack adds the
resources that its guards share, and those that record failures. The CDK resolves each element several times. Both apps also have the same
fixed cost. In small apps, the fixed cost is a larger share of the total, so the overhead in percent is lower there.
${further(synthesis)}
The overhead varies by several percentage points, because V8 collects garbage at a different moment in each process: see
[decision 14](decisions/0014-limit-the-synthesis-time.md).

For ten services in one stack, this table shows the number of resources for each feature, and the number of outputs:

${features(synthesis)}
`;
}

/** The cost of an additional service, without the fixed costs of an app. */
function further(synthesis: readonly Growth[]): string {
  const [earlier, last] = synthesis.slice(-2);
  const each = (variant: 'bare' | 'ours') => (last[variant].cpuMs - earlier[variant].cpuMs) / (last.services - earlier.services);
  return `From ${earlier.services} to ${last.services} services, each additional service takes ${each('bare').toFixed(0)} ms in bare and ${each('ours').toFixed(0)} ms in ours.`;
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
  // Adding 0 turns -0 into 0.
  return `${Math.round((ratio - 1) * 100) + 0}%`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
