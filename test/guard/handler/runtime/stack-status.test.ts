import { Simulation } from '../simulation';
import { Level } from '../../../../src/guard/handler/runtime/log';
import { isRollingBack } from '../../../../src/guard/handler/runtime/stack-status';

test.each([
  ['UPDATE_ROLLBACK_IN_PROGRESS', true],
  ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', true],
  ['UPDATE_ROLLBACK_FAILED', true],
  ['ROLLBACK_IN_PROGRESS', true],
  ['IMPORT_ROLLBACK_IN_PROGRESS', true],
  ['UPDATE_IN_PROGRESS', false],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', false],
  ['CREATE_IN_PROGRESS', false],
])('%s: %s', async (status, expected) => {
  expect(await rollingBack(async () => status)).toMatchObject({ answer: expected, attempts: 1 });
});

test('errors are asked away, with pauses that grow', async () => {
  const { answer, attempts, ms } = await rollingBack(async (attempt) => {
    if (attempt < 4) throw new Error('Throttling');
    return 'UPDATE_ROLLBACK_IN_PROGRESS';
  });

  expect({ answer, attempts, ms }).toEqual({ answer: true, attempts: 4, ms: 750 + 1500 + 3000 });
});

test('after four of them it is not known, which the log says', async () => {
  const { answer, attempts, log } = await rollingBack(async () => { throw new Error('AccessDenied'); });

  expect({ answer, attempts }).toEqual({ answer: undefined, attempts: 4 });
  expect(log).toEqual([['warn', 'CloudFormation does not say whether the stack is rolling back', { error: 'Error: AccessDenied' }]]);
});

test('an answer without a status says nothing', async () => {
  expect(await rollingBack(async () => '<')).toMatchObject({
    answer: undefined,
    attempts: 4,
    log: [['warn', expect.anything(), { error: 'Error: an answer without a status' }]],
  });
});

async function rollingBack(status: (attempt: number) => Promise<string>) {
  const aws = new Simulation();
  const log: unknown[] = [];
  const start = aws.clock.now();
  let attempts = 0;
  const ask = async () => `<StackId>x</StackId><StackStatus>${await status(++attempts)}</StackStatus>`;
  const note = (level: Level, message: string, fields?: object) => log.push([level, message, fields]);
  const answer = await aws.clock.until(isRollingBack(aws, ask, note));
  return { answer, attempts, log, ms: aws.clock.now() - start };
}
