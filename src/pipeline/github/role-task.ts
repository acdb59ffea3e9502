import { StackPlan } from '../deploy-plan';
import { RepositoryPlan } from '../repository-plan';

/** A task of a workflow that needs a role. */
export type RoleTask =
  | { readonly kind: 'push'; readonly repositories: readonly RepositoryPlan[] }
  | { readonly kind: 'deploy' | 'diff'; readonly stacks: readonly StackPlan[] };
