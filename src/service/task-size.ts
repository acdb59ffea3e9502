import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { invalid } from '../private/validation';

const DEFAULT_CPU = 256;

/**
 * CPU units that Fargate offers on Linux, with the memory for each in MiB.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const MEMORY_MIB: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1_024, 2_048]],
  [512, steps(1_024, 4_096, 1_024)],
  [1_024, steps(2_048, 8_192, 1_024)],
  [2_048, steps(4_096, 16_384, 1_024)],
  [4_096, steps(8_192, 30_720, 1_024)],
  [8_192, steps(16_384, 61_440, 4_096)],
  [16_384, steps(32_768, 122_880, 8_192)],
  [32_768, [61_440, 122_880, 249_856]],
]);

export interface TaskSize {
  readonly cpu: number;
  readonly memoryLimitMiB: number;
}

/** @throws if Fargate does not support the task size; if the memory is omitted and the CPU is unknown at synthesis */
export function taskSize(scope: Construct, { cpu = DEFAULT_CPU, memoryLimitMiB }: Partial<TaskSize>): TaskSize {
  if (Token.isUnresolved(cpu)) {
    if (memoryLimitMiB !== undefined) return { cpu, memoryLimitMiB };
    throw invalid(scope, 'cpu is a token, so its default memory is unknown: pass memoryLimitMiB');
  }
  const sizes = MEMORY_MIB.get(cpu);
  if (!sizes) {
    throw invalid(scope, `cpu ${cpu} is not a Fargate task size: pass ${inWords([...MEMORY_MIB.keys()])}`);
  }
  const memory = memoryLimitMiB ?? sizes[0];
  if (!Token.isUnresolved(memory) && !sizes.includes(memory)) {
    throw invalid(scope, `memoryLimitMiB ${memory} is not supported by Fargate for cpu ${cpu}: pass ${inWords(sizes)}`);
  }
  return { cpu, memoryLimitMiB: memory };
}

function steps(least: number, most: number, step: number): number[] {
  return Array.from({ length: (most - least) / step + 1 }, (_, index) => least + index * step);
}

/** Lists a few values in full. Describes many values by their range and step. */
function inWords(values: readonly number[]): string {
  const [least, second] = values;
  const step = second - least;
  const regular = values.length > 4 && values.every((value, index) => value === least + index * step);
  return regular ? `${least} to ${values.at(-1)} in steps of ${step}` : `${values.slice(0, -1).join(', ')}, or ${values.at(-1)}`;
}
