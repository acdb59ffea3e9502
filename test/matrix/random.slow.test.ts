import * as fc from 'fast-check';
import { build, DIMENSIONS, Options } from './options';
import { ecrImages, waysAroundTheGuard } from '../util/guarded';
import { ReferenceGraph } from '../util/reference-graph';

/** Random choices, mostly the first one, which omits the option. */
const anyOptions: fc.Arbitrary<Options> = fc.record(Object.fromEntries(Object.entries(DIMENSIONS).map(([name, choices]) => {
  const [first, ...others] = Object.keys(choices);
  return [name, fc.oneof({ weight: 4, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: fc.constantFrom(first, ...others) })];
}))) as fc.Arbitrary<any>;

const OPTION = /\b[a-z]+([A-Z]\w*)*\b/g;
const NAMES = new Set(Object.keys(DIMENSIONS).map((name) => name.split('.').at(-1)!));

test('random options synthesize behind the guard or are refused by an error that names one of them', () => {
  const outcomes = { synthesized: 0, refused: 0 };
  fc.assert(fc.property(anyOptions, (options) => {
    let graph: ReferenceGraph;
    try {
      graph = new ReferenceGraph(build(options).synth());
    } catch (error) {
      const { constructor, message } = error as Error;
      expect(constructor).not.toBe(TypeError);
      expect((message.match(OPTION) ?? []).filter((word) => NAMES.has(word))).not.toEqual([]);
      outcomes.refused++;
      return;
    }
    expect(ecrImages(graph)).toHaveLength(1);
    expect(waysAroundTheGuard(graph)).toEqual([]);
    outcomes.synthesized++;
  }), { numRuns: 80, seed: 14 });
  expect(outcomes.synthesized).toBeGreaterThan(10);
  expect(outcomes.refused).toBeGreaterThan(10);
}, 120_000);
