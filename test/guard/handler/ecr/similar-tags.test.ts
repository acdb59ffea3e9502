import { isSimilar } from '../../../../src/guard/handler/ecr/recent-images';

test.each([
  ['in case', 'Main', 'mAIN'],
  ['in a v', 'v1', '1'],
  ['in a v and in case', 'V1.0', '1.0'],
  ['in its length', 'abcde', 'abcdef0123456789'],
  ['in a hyphen', 'main1', 'main-1'],
  ['in a number', 'main-2', 'main-1'],
  ['in a letter at the end', 'abcde', 'abcdx'],
  ['in a letter at the beginning', 'xbcde', 'abcde'],
  ['in a letter that is left out', 'release-12', 'relase-12'],
  ['in a letter that is left out at the beginning', 'elease-12', 'release-12'],
  ['in two letters that are swapped', 'release', 'relaese'],
  ['in two letters that are swapped at the end', 'release', 'releaes'],
])('a tag is similar to one that differs only %s: %s and %s', (_, one, other) => {
  expect([isSimilar(one, other), isSimilar(other, one)]).toEqual([true, true]);
});

test.each([
  ['short', 'abcd', 'abcdef'],
  ['empty', '', 'v1'],
  ['another number', 'v1', 'v2'],
  ['a longer word', 'main', 'maintenance'],
  ['short, and a letter is wrong', 'abcd', 'abcx'],
  ['short, and a v is not at the beginning', 'xv1', 'x1'],
  ['short, and a v stands before a letter', 'vx', 'x'],
  ['two letters apart', '12xy5', '12ab5'],
  ['two letters apart of which the second is where the first should be', '12xy5', '12yz5'],
  ['two letters apart of which the first is where the second should be', '12xy5', '12zx5'],
  ['two letters swapped and a third one wrong', '12xy5', '12yx6'],
  ['two letters longer', 'release-12', 'rel--ease-12'],
  ['a letter left out and a second one wrong', 'release-12', 'relase-13'],
  ['something else', 'main-7', 'feature'],
])('a tag is not similar to one that is %s: %s and %s', (_, one, other) => {
  expect([isSimilar(one, other), isSimilar(other, one)]).toEqual([false, false]);
});
