import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { partitionOf } from '../../private/stacks';
import { DEFAULT_QUALIFIER } from '../deploy-plan';

/** What tells one bootstrapped environment from another. */
export interface BootstrappedEnvironment {
  readonly account: string;
  readonly region: string;
  readonly qualifier: string;
}

/** The right to use roles that `cdk bootstrap` has made, in the environments of some stacks. */
export class BootstrapAccess {
  private readonly environments: (BootstrappedEnvironment & { readonly partition: string })[];

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

  /** Where that is not known at synthesis, it may. */
  public covers({ account, region, qualifier }: BootstrappedEnvironment): boolean {
    const isSame = (one: string, other: string) => one === other || Token.isUnresolved(one);
    return this.environments.some((known) => isSame(known.account, account) && isSame(known.region, region) && known.qualifier === qualifier);
  }
}
