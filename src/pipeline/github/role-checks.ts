import { Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { GitHubRole } from './github-role';
import { JobContext } from './github-subject';
import { RoleTask } from './role-task';
import { WorkflowSettings } from './workflow-settings';
import { DeployPlan, distinctImages, stacksOf } from '../deploy-plan';

/** A type of job that assumes a role. */
interface RoleUse {
  /** Property of the workflow that specifies the role. */
  readonly property: string;
  readonly roleArn: string;
  readonly context: JobContext;
  readonly timeout: { readonly property: string; readonly duration: Duration };
  readonly task: RoleTask;
}

/**
 * Finds permissions that the workflow needs and its roles lack, if the roles are in the same app. Each error contains the
 * remedy.
 */
export function contradictions(root: IConstruct, plan: DeployPlan, settings: WorkflowSettings): string[] {
  const roles = new Map(root.node.findAll().filter(GitHubRole._isGitHubRole).map((role) => [role.roleArn, role]));
  const used = usesOf(plan, settings).flatMap((use) => {
    const role = roles.get(use.roleArn);
    return role ? [{ use, role }] : [];
  });
  const faults = used.flatMap(({ use, role }) => faultsOf(use, role).map((fault) => `${use.property}: role ${role.node.path} ${fault}`));
  return [...new Set([...faults, ...repositoriesOf(used.map(({ role }) => role))])];
}

function usesOf(plan: DeployPlan, settings: WorkflowSettings): RoleUse[] {
  const { pushRoleArn, deployRoleArn, diffRoleArn, buildEnvironment, branch, buildTimeout, deployTimeout, checkTimeout } = settings;
  const contextOf = (environment: string | undefined) => environment ? JobContext.environment(environment) : JobContext.branch(branch);
  const deployment = { property: 'deployTimeout', duration: deployTimeout };
  const uses: RoleUse[] = plan.environments.map((environment) => {
    const { property, name, deployRoleArn: roleArn } = settings.environmentOf(environment);
    return { property, roleArn, context: contextOf(name), timeout: deployment, task: { kind: 'deploy', stacks: environment.stacks } };
  });
  if (plan.registryStacks.length > 0) {
    const task: RoleTask = { kind: 'deploy', stacks: plan.registryStacks };
    uses.push({ property: 'deployRoleArn', roleArn: deployRoleArn, context: JobContext.branch(branch), timeout: deployment, task });
  }
  if (plan.images.length > 0) {
    const copies = plan.environments.flatMap(distinctImages).filter(({ copyOf }) => copyOf);
    const timeout = { property: 'buildTimeout', duration: buildTimeout };
    const task: RoleTask = { kind: 'push', repositories: [...plan.images, ...copies] };
    uses.push({ property: 'pushRoleArn', roleArn: pushRoleArn, context: contextOf(buildEnvironment), timeout, task });
  }
  if (diffRoleArn) {
    const timeout = { property: 'checkTimeout', duration: checkTimeout };
    uses.push({ property: 'diffRoleArn', roleArn: diffRoleArn, context: JobContext.PULL_REQUEST, timeout, task: { kind: 'diff', stacks: stacksOf(plan) } });
  }
  return uses;
}

function faultsOf({ context, timeout, task }: RoleUse, role: GitHubRole): string[] {
  const faults = role._lacks(task);
  if (!role._trusts(context)) faults.push(`does not trust ${context.description}: ${context.remedy}`);
  const { _maxSessionDuration: session } = role;
  if (!session.isUnresolved() && session.toSeconds() < timeout.duration.toSeconds()) {
    faults.push(`gives credentials for ${session.toHumanString()}, but ${timeout.property} is ${timeout.duration.toHumanString()}: increase its maxSessionDuration`);
  }
  return faults;
}

/** All roles must trust the same repository, because a workflow belongs to one repository. */
function repositoriesOf(roles: GitHubRole[]): string[] {
  const other = roles.find(({ _repository }) => _repository.toLowerCase() !== roles[0]._repository.toLowerCase());
  if (!other) return [];
  return [`role ${roles[0].node.path} trusts ${roles[0]._repository}, but role ${other.node.path} trusts ${other._repository}: pass roles that trust the repository of the workflow`];
}
