import { createRequire } from 'node:module';
import type { Stack as CdkStack } from 'aws-cdk-lib';

/** Number of resources by type. */
export type Resources = Readonly<Record<string, number>>;

const load = createRequire(__filename);

/** Counts the resources that `make` adds to a new stack with the compiled library. */
export function resourcesOf(make: (library: typeof import('../src'), stack: CdkStack) => void): Resources {
  const { App, CfnResource, Stack } = load('aws-cdk-lib') as typeof import('aws-cdk-lib');
  const stack = new Stack(new App({ analyticsReporting: false }), 'Stack');
  make(load('..') as typeof import('../src'), stack);
  const counts: Record<string, number> = {};
  for (const { cfnResourceType } of stack.node.findAll().filter(CfnResource.isCfnResource)) {
    counts[cfnResourceType] = (counts[cfnResourceType] ?? 0) + 1;
  }
  return counts;
}

export function added(more: Resources, less: Resources): Resources {
  const counts = Object.entries(more).map(([type, count]) => [type, count - (less[type] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0).sort());
}
