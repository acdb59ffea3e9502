import { Stack, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { wildcard } from '../../private/wildcard';
import { StackPlan } from '../deploy-plan';
import { DeploymentRole, deploymentRoles, RoleProperty } from '../deployment-roles';

/**
 * Permissions to assume the roles that the CDK CLI uses for some stacks. These are the roles of `cdk bootstrap`, unless a
 * synthesizer specifies others.
 */
export class BootstrapAccess {
  private readonly roles: DeploymentRole[];

  /** @throws if there is no stack, or if the synthesizer of a stack does not specify its roles */
  constructor(private readonly properties: RoleProperty[], stacks: Stack[]) {
    if (stacks.length === 0) throw new Error('stacks is empty, so the role would have no permissions');
    this.roles = stacks.flatMap((stack) => {
      const roles = deploymentRoles(stack);
      return properties.map((property) => {
        const { [property]: role } = roles;
        if (role) return role;
        throw new Error(`stacks: synthesizer ${stack.synthesizer.constructor.name} of stack ${stack.node.path} does not expose a ${property}, ` +
          'so there is no role to assume: use a DefaultStackSynthesizer that sets it, or deploy with your own iam.Role');
      });
    });
  }

  public get statements(): iam.PolicyStatement[] {
    const allow = (action: string, roles: DeploymentRole[]) => roles.length > 0
      ? [new iam.PolicyStatement({ actions: [action], resources: [...new Set(roles.map(({ arn }) => arn))] })]
      : [];
    return [
      ...allow('sts:AssumeRole', this.roles),
      ...allow('sts:TagSession', this.roles.filter(({ parameters }) => parameters.Tags !== undefined)),
    ];
  }

  /** Returns the permissions that are missing for these stacks. */
  public lacks(stacks: readonly StackPlan[]): string[] {
    const known = this.roles.map(({ arn }) => pattern(arn));
    return stacks.flatMap(({ deployId, roles }) => {
      const unnamed = this.properties.find((property) => roles[property] === undefined);
      if (unnamed) return [`cannot be used for ${deployId}, because the synthesizer of ${deployId} has no bootstrap role (${unnamed}) to assume: pass the ARN of your own iam.Role`];
      const missing = this.properties.map((property) => roles[property]!.arn).find((arn) => !known.some((each) => each.test(arn)));
      return missing === undefined ? [] : [`cannot assume ${missing}: add ${deployId} to its stacks`];
    });
  }
}

/** An account or region that is unknown at synthesis matches any account or region. */
function pattern(arn: string): RegExp {
  const fragments = Tokenization.reverseString(arn);
  const parts = fragments.mapTokens({ mapToken: () => UNKNOWN }).join({ join: (left, right) => `${left}${right}` }) as string;
  return wildcard(parts.split(UNKNOWN), '.+');
}

const UNKNOWN = '\n';
