import { DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { partitionOf } from '../private/stacks';

/** What `cdk bootstrap` has made in an account and region. */
export interface BootstrapEnvironment {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly qualifier: string;
}

/** The one that a stack is deployed to. */
export function bootstrapEnvironment(stack: Stack): BootstrapEnvironment {
  return {
    account: stack.account,
    region: stack.region,
    partition: partitionOf(stack),
    qualifier: stack.synthesizer.bootstrapQualifier ?? DefaultStackSynthesizer.DEFAULT_QUALIFIER,
  };
}

/** @param role such as `deploy` or `lookup` */
export function bootstrapRoleArn({ account, region, partition, qualifier }: BootstrapEnvironment, role: string): string {
  return `arn:${partition}:iam::${account}:role/cdk-${qualifier}-${role}-role-${account}-${region}`;
}
