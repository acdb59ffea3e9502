import { COMBINATIONS, DIMENSIONS, NOT_THERE, Options, REFUSED, build } from './options';
import { ecrImages, madeBeforeAnyGuard, waysAroundTheGuard } from '../util/guarded';
import { pairsNeverMet, pairsOf } from '../util/pairs';
import { ReferenceGraph } from '../util/reference-graph';

/** Where every option is left out but those that have options themselves. */
const PLAIN = {
  ...Object.fromEntries(Object.entries(DIMENSIONS).map(([name, choices]) => [name, Object.keys(choices)[0]])),
  ingress: 'internetFacing',
  scaling: 'between',
} as Options;

test('every two choices meet in some combination, but for those of which a rule says why they cannot', () => {
  const impossible = pairsOf([...REFUSED, ...NOT_THERE]);
  expect(impossible.length).toBeGreaterThan(REFUSED.length);
  expect(new Set(pairsNeverMet(DIMENSIONS, COMBINATIONS).map(sorted))).toEqual(new Set(impossible.map(sorted)));
});

test.each(REFUSED.flatMap(({ because, error, ...rule }) => pairsOf([{ because, ...rule }]).map((pair) => ({ because, error, pair }))))(
  'refused at synthesis, because $because: $pair', ({ error, pair }) => {
    expect(() => build({ ...PLAIN, ...pair }).synth()).toThrow(error);
  });

test.each(COMBINATIONS.map((combination) => ({ combination, given: differences(combination) })))('the service waits for its image: $given', ({ combination }) => {
  const graph = new ReferenceGraph(build(combination).synth());
  expect(graph.resources('AWS::ECS::Service')).toHaveLength(1);
  expect(ecrImages(graph)).toHaveLength(1);
  expect(waysAroundTheGuard(graph)).toEqual([]);
  expect(madeBeforeAnyGuard(graph).filter((path) => !path.startsWith('Network/'))).toEqual([]);
});

function differences(combination: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(combination).filter(([name, choice]) => choice !== PLAIN[name as keyof Options]));
}

function sorted(pair: object): string {
  return Object.entries(pair).map(([name, choice]) => `${name}: ${choice}`).sort().join(', ');
}
