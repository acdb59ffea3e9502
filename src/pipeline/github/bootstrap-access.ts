import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { partitionOf } from '../../private/stacks';
import { DEFAULT_QUALIFIER, StackPlan } from '../deploy-plan';

/** A bootstrapped environment. */
interface Environment {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly qualifier: string;
}

/** The right to use roles that `cdk bootstrap` has made, in the environments of some stacks. */
export class BootstrapAccess {
  private readonly environments: Environment[];

  /**
   * @param roles such as `deploy` or `lookup`
   */
  constructor(private readonly roles: string[], stacks: Stack[]) {
    if (stacks.length === 0) throw new Error('stacks is empty, so the role could do nothing');
    this.environments = stacks.map((stack) => ({
      account: stack.account,
      region: stack.region,
      partition: partitionOf(stack),
      qualifier: stack.synthesizer.bootstrapQualifier ?? DEFAULT_QUALIFIER,
    }));
  }

  public get statement(): iam.PolicyStatement {
    const resources = this.environments.flatMap(({ account, region, partition, qualifier }) =>
      this.roles.map((role) => `arn:${partition}:iam::${account}:role/cdk-${qualifier}-${role}-role-${account}-${region}`));
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
