import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { GuardedFargateService, GuardedFargateServiceOptions } from '../../src';
import { taskSize } from '../../src/service/task-size';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

let stack: Stack;

beforeEach(() => {
  stack = new Stack(testApp(), 'Web');
});

function size(props: GuardedFargateServiceOptions): [unknown, unknown] {
  new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc: existingVpc(stack), ...props });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
  return [Properties.Cpu, Properties.Memory];
}

const GIB = 1024;
const every = (step: number, least: number, most: number) =>
  Array.from({ length: (most - least) / step + 1 }, (_, index) => (least + index * step) * GIB);

/** The table of AWS in "Fargate task definition considerations", with memory in GB. */
const TABLE: Record<number, number[]> = {
  256: [512, 1 * GIB, 2 * GIB],
  512: every(1, 1, 4),
  1024: every(1, 2, 8),
  2048: every(1, 4, 16),
  4096: every(1, 8, 30),
  8192: every(4, 16, 60),
  16384: every(8, 32, 120),
  32768: [60 * GIB, 120 * GIB, 244 * GIB],
};

test.each(Object.entries(TABLE).map(([cpu, memory]) => ({ cpu: Number(cpu), memory })))(
  'with $cpu CPU units, a task can have exactly the memory sizes in the table of AWS', ({ cpu, memory }) => {
    const taken = Array.from({ length: 1001 }, (_, quarter) => quarter * GIB / 4).filter((memoryLimitMiB) => {
      try {
        return taskSize(stack, { cpu, memoryLimitMiB }).memoryLimitMiB === memoryLimitMiB;
      } catch (error) {
        expect((error as Error).message).toMatch(`memoryLimitMiB ${memoryLimitMiB} is not supported by Fargate for cpu ${cpu}: pass `);
        return false;
      }
    });
    expect(taken.sort((a, b) => a - b)).toEqual(memory);
  });

test.each([undefined, ...Object.keys(TABLE).map(Number)])('with %p CPU units, the default is the smallest memory that Fargate supports', (cpu) => {
  expect(size({ cpu })).toEqual([String(cpu ?? 256), String(TABLE[cpu ?? 256][0])]);
});

test.each([
  [256, 1536, 'memoryLimitMiB 1536 is not supported by Fargate for cpu 256: pass 512, 1024, or 2048 (at Web/Api)'],
  [undefined, 4096, 'memoryLimitMiB 4096 is not supported by Fargate for cpu 256: pass 512, 1024, or 2048 (at Web/Api)'],
  [512, 1536, 'memoryLimitMiB 1536 is not supported by Fargate for cpu 512: pass 1024, 2048, 3072, or 4096 (at Web/Api)'],
  [1024, 2500, 'memoryLimitMiB 2500 is not supported by Fargate for cpu 1024: pass 2048 to 8192 in steps of 1024 (at Web/Api)'],
  [8192, 18432, 'memoryLimitMiB 18432 is not supported by Fargate for cpu 8192: pass 16384 to 61440 in steps of 4096 (at Web/Api)'],
  [256, NaN, 'memoryLimitMiB NaN is not supported by Fargate for cpu 256: pass 512, 1024, or 2048 (at Web/Api)'],
])('an unsupported task size is refused: %p CPU units with %d MiB', (cpu, memoryLimitMiB, message) => {
  expect(() => size({ cpu, memoryLimitMiB })).toThrow(new Error(message));
});

test.each([0, -256, 300, 1024.5, 65536, NaN])('%p CPU units are refused, because Fargate does not support them', (cpu) => {
  expect(() => size({ cpu })).toThrow(new Error(
    `cpu ${cpu} is not a Fargate task size: pass 256, 512, 1024, 2048, 4096, 8192, 16384, or 32768 (at Web/Api)`));
});

test('tokens are accepted', () => {
  const [cpu, memoryLimitMiB] = ['Cpu', 'Memory'].map((name) => new CfnParameter(stack, name, { type: 'Number' }).valueAsNumber);
  expect(size({ cpu, memoryLimitMiB })).toEqual([{ Ref: 'Cpu' }, { Ref: 'Memory' }]);
});

test('memory that is a token is accepted with any CPU', () => {
  const memoryLimitMiB = new CfnParameter(stack, 'Memory', { type: 'Number' }).valueAsNumber;
  expect(size({ cpu: 1024, memoryLimitMiB })).toEqual(['1024', { Ref: 'Memory' }]);
});

test('CPU that is a token requires memory, which then has no default', () => {
  const cpu = new CfnParameter(stack, 'Cpu', { type: 'Number' }).valueAsNumber;
  expect(() => size({ cpu })).toThrow(new Error('cpu is a token, so its default memory is unknown: pass memoryLimitMiB (at Web/Api)'));
});
