import { IConstruct } from 'constructs';

const holdersByApp = new WeakMap<IConstruct, Map<string, string>>();

/**
 * Claims something that only one construct of an app can have, such as the path of a file.
 *
 * @returns the path of the construct that already has it, if any
 */
export function claim(scope: IConstruct, what: string): string | undefined {
  const holders = holdersByApp.get(scope.node.root) ?? new Map<string, string>();
  holdersByApp.set(scope.node.root, holders);
  const holder = holders.get(what);
  if (holder === undefined) holders.set(what, scope.node.path);
  return holder;
}
