import { CfnElement, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageGuard, ImageVersion, WhenMissing } from '../../src';
import { testApp } from '../util/synth';

function guardWith(whenMissing?: WhenMissing) {
  const stack = new Stack(testApp(), 'Web');
  const registry = ecr.Repository.fromRepositoryName(stack, 'Images', 'app-mp');
  const guard = new ImageGuard(stack, 'Guard', { registry, imageVersion: ImageVersion.tag('v1'), whenMissing });
  return { stack, guard, sends: (properties: any) => Template.fromStack(stack).hasResourceProperties('Custom::ImageGuard', properties) };
}

const MODES = {
  fail: WhenMissing.fail(),
  waitFor: WhenMissing.waitFor(Duration.minutes(10)),
  startWithoutTasks: WhenMissing.startWithoutTasks(),
};

describe('the properties of the guard', () => {
  test('contain the mode fail by default', () => guardWith().sends({ WhenMissing: 'fail', WaitSeconds: '0' }));

  test.each(Object.entries(MODES))('contain the mode %s', (mode, whenMissing) => guardWith(whenMissing).sends({ WhenMissing: mode }));

  test.each([
    [Duration.seconds(1), 1],
    [Duration.millis(1500), 2],
    [Duration.minutes(14), 840],
    [Duration.hours(0.1), 360],
  ])('contain a wait of %s in whole seconds', (duration, seconds) => {
    guardWith(WhenMissing.waitFor(duration)).sends({ WaitSeconds: String(seconds) });
  });

  test.each([
    ['fail', 300],
    ['waitFor', 600 + 300],
    ['startWithoutTasks', 300],
  ] as const)('contain a CloudFormation timeout that is longer than the wait: %s', (mode, seconds) => {
    guardWith(MODES[mode]).sends({ ServiceTimeout: String(seconds) });
  });
});

describe('WhenMissing.waitFor refuses', () => {
  test.each([
    [Duration.millis(999), '999 millis'],
    [Duration.seconds(0), '0 seconds'],
    [Duration.seconds(14 * 60 + 1), '14 minutes 1 second'],
    [Duration.minutes(15), '15 minutes'],
    [Duration.hours(1), '1 hour'],
    [Duration.millis(14 * 60_000 + 1), '14 minutes 1 milli'],
  ])('%s, with an error that contains the value and the reason', (duration, shown) => {
    expect(() => WhenMissing.waitFor(duration)).toThrow(new Error(
      `WhenMissing.waitFor: duration ${shown} is out of range: pass 1 second to 14 minutes, ` +
      'because the guard waits within one invocation of a Lambda function'));
  });

  test.each([
    ['a token', Duration.minutes(Token.asNumber({ Ref: 'Minutes' }))],
    ['a lazy value', Duration.seconds(Lazy.number({ produce: () => 60 }))],
  ])('%s', (_, duration) => {
    expect(() => WhenMissing.waitFor(duration)).toThrow(new Error('WhenMissing.waitFor: duration must be known at synthesis'));
  });

  test.each([[undefined, 'undefined'], [5, '5'], ['5m', '"5m"']])('%p, which only JavaScript programs can pass', (duration, shown) => {
    expect(() => WhenMissing.waitFor(duration as any)).toThrow(new Error(`WhenMissing.waitFor: duration ${shown} is not a Duration`));
  });
});

describe('the nonce, which makes the guard look up the image again,', () => {
  test('differs at each synthesis with startWithoutTasks', () => {
    const [one, other] = [1, 2].map(() => {
      const { stack } = guardWith(MODES.startWithoutTasks);
      return Object.values(Template.fromStack(stack).findResources('Custom::ImageGuard'))[0].Properties.Nonce;
    });
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect(other).not.toBe(one);
  });

  test.each(['fail', 'waitFor'] as const)('is absent with %s, so that templates stay the same', (mode) => {
    guardWith(MODES[mode]).sends({ Nonce: Match.absent() });
  });
});

describe('taskCount', () => {
  test.each(['fail', 'waitFor'] as const)('is the number itself with %s', (mode) => {
    const { guard, sends } = guardWith(MODES[mode]);
    expect([guard.taskCount(0), guard.taskCount(3)]).toEqual([0, 3]);
    sends({ TaskCounts: [] });
  });

  test('is an attribute of the guard with startWithoutTasks', () => {
    const { guard, stack } = guardWith(MODES.startWithoutTasks);
    expect(stack.resolve(guard.taskCount(3))).toEqual({ 'Fn::GetAtt': [stack.getLogicalId(guard.node.defaultChild as CfnElement), 'TaskCount3'] });
  });

  test('requests each number once, in sorted order', () => {
    const { guard, sends } = guardWith(MODES.startWithoutTasks);
    for (const count of [10, 2, 0, 2, 1]) guard.taskCount(count);
    sends({ TaskCounts: ['0', '1', '2', '10'] });
  });

  test.each([[-1, '-1'], [1.5, '1.5'], [NaN, 'NaN'], [Infinity, 'Infinity'], ['2' as any, '"2"'], [undefined as any, 'undefined']])('of %p is refused with path and value', (count, shown) => {
    for (const mode of Object.values(MODES)) {
      expect(() => guardWith(mode).guard.taskCount(count)).toThrow(`count ${shown} is not valid: pass a whole number of tasks, 0 or more (at Web/Guard)`);
    }
  });

  test('accepts a token if no tasks are held back', () => {
    const { guard, stack } = guardWith(MODES.fail);
    expect(stack.resolve(guard.taskCount(Token.asNumber({ Ref: 'Count' })))).toEqual({ Ref: 'Count' });
  });

  test('refuses a token with startWithoutTasks, because the guard answers only for known numbers', () => {
    expect(() => guardWith(MODES.startWithoutTasks).guard.taskCount(Token.asNumber({ Ref: 'Count' })))
      .toThrow(new Error('count must be known at synthesis with WhenMissing.startWithoutTasks() (at Web/Guard)'));
  });
});
