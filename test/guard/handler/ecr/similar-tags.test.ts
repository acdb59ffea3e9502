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
  ['they are short', 'abcd', 'abcdef'],
  ['one is empty', '', 'v1'],
  ['they are short and their numbers differ', 'v1', 'v2'],
  ['one is a longer word', 'main', 'maintenance'],
  ['they are short and one letter is wrong', 'abcd', 'abcx'],
  ['they are short and differ in a v that is not at the beginning', 'xv1', 'x1'],
  ['they are short and differ in a v before a letter', 'vx', 'x'],
  ['two letters are wrong', '12xy5', '12ab5'],
  ['two letters are wrong, and the second of one tag is the first of the other', '12xy5', '12yz5'],
  ['two letters are wrong, and the first of one tag is the second of the other', '12xy5', '12zx5'],
  ['two letters are swapped and a third one is wrong', '12xy5', '12yx6'],
  ['one has two more letters', 'release-12', 'rel--ease-12'],
  ['one letter is left out and another one is wrong', 'release-12', 'relase-13'],
  ['they have nothing in common', 'main-7', 'feature'],
])('two tags are not similar if %s: %s and %s', (_, one, other) => {
  expect([isSimilar(one, other), isSimilar(other, one)]).toEqual([false, false]);
});
