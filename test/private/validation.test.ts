import { Stack } from 'aws-cdk-lib';
import { invalid, located } from '../../src/private/validation';
import { testApp } from '../util/synth';

const stack = new Stack(testApp(), 'Web');
const other = new Stack(stack, 'Other');

function thrownBy(work: () => never): unknown {
  try {
    return located(stack, work);
  } catch (error) {
    return error;
  }
}

describe('an error that leaves a construct names its path once', () => {
  test('if the thrower knows no construct, the path is added', () => {
    expect(thrownBy(() => { throw new Error('branch is empty'); })).toEqual(new Error('branch is empty (at Web)'));
  });

  test('if the thrower has named a path, that path stays, and so does the error', () => {
    const error = invalid(other, 'registry is missing');
    expect(thrownBy(() => { throw error; })).toBe(error);
  });

  test('if the error has passed another construct, nothing is added', () => {
    expect(thrownBy(() => located(other, () => { throw new Error('branch is empty'); }))).toEqual(new Error('branch is empty (at Web/Other)'));
  });

  test('if the message only looks as if it had a path, the path is added', () => {
    expect(thrownBy(() => { throw new Error('the command failed (at line 3)'); })).toEqual(new Error('the command failed (at line 3) (at Web)'));
  });
});

test('what works is returned', () => {
  expect(located(stack, () => 42)).toBe(42);
});
