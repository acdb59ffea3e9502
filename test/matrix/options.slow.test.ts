import { COMBINATIONS, DIMENSIONS, NOT_THERE, Options, REFUSED, build } from './options';
import { ecrImages, madeBeforeAnyGuard, waysAroundTheGuard } from '../util/guarded';
import { impossiblePairs, pairsNeverMet, pairsOf } from '../util/pairs';
import { allPolicyStatements } from '../util/policies';
import { ReferenceGraph } from '../util/reference-graph';

/** A combination that omits every option except those with nested options. */
const PLAIN = {
  ...Object.fromEntries(Object.entries(DIMENSIONS).map(([name, choices]) => [name, Object.keys(choices)[0]])),
  ingress: 'internetFacing',
  scaling: 'between',
} as Options;

test('every two choices meet in some combination, except where a rule says why they cannot', () => {
  const impossible = impossiblePairs(DIMENSIONS, [...REFUSED, ...NOT_THERE]);
  expect(impossible.length).toBeGreaterThan(REFUSED.length);
  expect(new Set(pairsNeverMet(DIMENSIONS, COMBINATIONS).map(sorted))).toEqual(new Set(impossible.map(sorted)));
});

test.each(REFUSED.flatMap(({ because, error, among, ...rule }) => pairsOf([{ because, ...rule }]).map((pair) => ({ because, error, among, pair }))))(
  'synthesis refuses $pair because $because', ({ error, among, pair }) => {
    expect(() => build({ ...PLAIN, ...among, ...pair }).synth()).toThrow(error);
  });

/** Actions for which AWS supports no narrower resource. */
const EVERYWHERE = ['ecr:GetAuthorizationToken'];
/** Actions that aws-cdk-lib grants for ECS Exec to open a shell and log its input. */
const EVERYWHERE_FOR_A_SHELL = [
  'logs:CreateLogStream', 'logs:DescribeLogGroups', 'logs:DescribeLogStreams', 'logs:PutLogEvents',
  'ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel',
];

test.each(COMBINATIONS.map((combination) => ({ combination, given: differences(combination) })))(
  'the service waits for its image and no role has excess permissions with $given', ({ combination }) => {
    const graph = new ReferenceGraph(build(combination).synth());
    expect(graph.resources('AWS::ECS::Service')).toHaveLength(1);
    expect(ecrImages(graph)).toHaveLength(1);
    expect(waysAroundTheGuard(graph)).toEqual([]);
    expect(madeBeforeAnyGuard(graph).filter((path) => !path.startsWith('Network/'))).toEqual([]);

    const anywhere = combination.enableExecuteCommand === 'yes' ? [...EVERYWHERE, ...EVERYWHERE_FOR_A_SHELL] : EVERYWHERE;
    for (const { Action, Resource } of allPolicyStatements(graph)) {
      for (const action of [Action].flat()) expect(action).not.toContain('*');
      if ([Resource].flat().includes('*')) expect(anywhere).toEqual(expect.arrayContaining([Action].flat()));
    }
  });

function differences(combination: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(combination).filter(([name, choice]) => choice !== PLAIN[name as keyof Options]));
}

function sorted(pair: object): string {
  return Object.entries(pair).map(([name, choice]) => `${name}: ${choice}`).sort().join(', ');
}
