import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { invalid } from '../private/validation';

const DEFAULT_CPU = 256;
const DEFAULT_MEMORY_MIB = 512;

/** The least and the most memory that Fargate has for a number of CPU units, in MiB. */
const MEMORY_MIB: ReadonlyMap<number, readonly [number, number]> = new Map([
  [256, [512, 2_048]],
  [512, [1_024, 4_096]],
  [1_024, [2_048, 8_192]],
  [2_048, [4_096, 16_384]],
  [4_096, [8_192, 30_720]],
  [8_192, [16_384, 61_440]],
  [16_384, [32_768, 122_880]],
]);

export interface TaskSize {
  readonly cpu: number;
  readonly memoryLimitMiB: number;
}

/**
 * @throws if Fargate has no such task. A number of CPU units that is not known here is for CloudFormation to judge, since
 * Fargate may have got it by then.
 */
export function taskSize(scope: Construct, { cpu = DEFAULT_CPU, memoryLimitMiB }: Partial<TaskSize>): TaskSize {
  const [least, most] = MEMORY_MIB.get(cpu) ?? [];
  const memory = memoryLimitMiB ?? least ?? DEFAULT_MEMORY_MIB;
  if (least && most && !Token.isUnresolved(memory) && (memory < least || memory > most)) {
    throw invalid(scope, `memoryLimitMiB ${memory} is not what Fargate has for cpu ${cpu}: ${least} to ${most}`);
  }
  return { cpu, memoryLimitMiB: memory };
}
