import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { BootstrapEnvironment, bootstrapEnvironment, bootstrapRoleArn } from '../bootstrap-environment';
import { StackPlan } from '../deploy-plan';

/** The right to use roles that `cdk bootstrap` has made, in the environments of some stacks. */
export class BootstrapAccess {
  private readonly environments: BootstrapEnvironment[];

  /**
   * @param roles such as `deploy` or `lookup`
   */
  constructor(private readonly roles: string[], stacks: Stack[]) {
    if (stacks.length === 0) throw new Error('stacks is empty, so the role could do nothing');
    this.environments = stacks.map(bootstrapEnvironment);
  }

  public get statement(): iam.PolicyStatement {
    const resources = this.environments.flatMap((environment) => this.roles.map((role) => bootstrapRoleArn(environment, role)));
    return new iam.PolicyStatement({ actions: ['sts:AssumeRole'], resources: [...new Set(resources)] });
  }

  /** What is missing for these stacks. An account or region that is not known at synthesis may be that of any. */
  public lacks(stacks: readonly StackPlan[]): string[] {
    const isSame = (known: string, other: string) => known === other || Token.isUnresolved(known);
    return stacks
      .filter(({ account, region, qualifier }) => !this.environments.some((known) =>
        isSame(known.account, account) && isSame(known.region, region) && known.qualifier === qualifier))
      .map(({ deployId, account, region, qualifier }) =>
        `cannot use the environment aws://${account}/${region} with bootstrap qualifier ${qualifier}: add ${deployId} to its stacks`);
  }
}
