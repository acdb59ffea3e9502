import { build, COMBINATIONS } from './release-task-options';
import { waysAroundTheGuard } from '../util/guarded';
import { allPolicyStatements } from '../util/policies';
import { ReferenceGraph, Resource } from '../util/reference-graph';

/** Actions for which AWS supports no narrower resource. */
const EVERYWHERE = ['ecr:GetAuthorizationToken'];

test.each(COMBINATIONS.map((combination) => ({ combination })))(
  'the service waits for the task, the task waits for the guard, and no role has excess permissions with $combination', ({ combination }) => {
    const graph = new ReferenceGraph(build(combination).synth());
    const [task] = graph.resources('Custom::ReleaseTask');
    const [service] = graph.resources('AWS::ECS::Service');

    expect(types(graph, service)).toEqual(expect.arrayContaining(['Custom::ReleaseTask', 'Custom::ImageGuard']));
    expect(types(graph, task)).toContain('Custom::ImageGuard');
    expect(types(graph, task)).not.toContain('AWS::ECS::Service');
    expect(waysAroundTheGuard(graph)).toEqual([]);
    expect(graph.before(task).has(task)).toBe(false);

    for (const { Action, Resource: resource } of allPolicyStatements(graph)) {
      for (const action of [Action].flat()) expect(action).not.toContain('*');
      if ([resource].flat().includes('*')) expect(EVERYWHERE).toEqual(expect.arrayContaining([Action].flat()));
    }
  });

function types(graph: ReferenceGraph, resource: Resource): string[] {
  return [...graph.before(resource)].map(({ type }) => type);
}
