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

describe('an error of a construct contains its path once', () => {
  test('if the throwing function knows no construct, the path is added', () => {
    expect(thrownBy(() => { throw new Error('branch is empty'); })).toEqual(new Error('branch is empty (at Web)'));
  });

  test('if the error already contains a path, it stays unchanged', () => {
    const error = invalid(other, 'registry is missing');
    expect(thrownBy(() => { throw error; })).toBe(error);
  });

  test('if another construct has added its path, nothing is added', () => {
    expect(thrownBy(() => located(other, () => { throw new Error('branch is empty'); }))).toEqual(new Error('branch is empty (at Web/Other)'));
  });

  test('if the message only appears to contain a path, the path is added', () => {
    expect(thrownBy(() => { throw new Error('the command failed (at line 3)'); })).toEqual(new Error('the command failed (at line 3) (at Web)'));
  });
});

test('without an error, the result is returned', () => {
  expect(located(stack, () => 42)).toBe(42);
});
