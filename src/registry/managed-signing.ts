import { CfnResource, Lazy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { claim } from '../private/one-per-app';
import { deployedStack, singleton } from '../private/stacks';
import { invalid, isKnown, shown } from '../private/validation';

const ID = 'PhasedFargateManagedSigning';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-signingconfiguration-rule.html */
export const SIGNING_PROFILE_ARN = /^arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:\/signing-profiles\/[a-zA-Z0-9_]{2,}$/;

/**
 * Repository names that a rule accepts. ECR accepts more names. See the CloudFormation schema of
 * AWS::ECR::SigningConfiguration.
 */
const FILTER = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * ECR managed signing. An account has one configuration per region, with a rule for each signing profile. All registries of
 * a stack therefore share one resource, and no second stack can have another one.
 */
export class ManagedSigning extends Construct {
  /** @throws if another stack of the app configures the same account and region */
  public static in(scope: Construct): ManagedSigning {
    const stack = deployedStack(scope);
    return singleton(stack, ID, () => new ManagedSigning(stack));
  }

  private readonly repositories = new Map<string, string[]>();

  private constructor(stack: Stack) {
    super(stack, ID);
    const holder = claim(this, `signing configuration of ${stack.environment}`);
    if (holder !== undefined) {
      throw invalid(this, `signingProfile cannot set the signing configuration of ${stack.environment}, because ${holder} already does: ` +
        'put all registries with a signingProfile in one stack, or define one AWS::ECR::SigningConfiguration yourself');
    }
    new CfnResource(this, 'Resource', {
      type: 'AWS::ECR::SigningConfiguration',
      properties: {
        Rules: Lazy.any({
          produce: () => [...this.repositories].map(([profile, names]) => ({
            SigningProfileArn: profile,
            RepositoryFilters: names.map((name) => ({ Filter: name, FilterType: 'WILDCARD_MATCH' })),
          })),
        }),
      },
    });
  }

  /** Signs each image that is pushed to this repository. */
  public sign(repositoryName: string, profileArn: string): void {
    if (isKnown(profileArn) && !SIGNING_PROFILE_ARN.test(profileArn)) {
      throw invalid(this, `signingProfile ${shown(profileArn)} is not the ARN of a signing profile`);
    }
    if (isKnown(repositoryName) && !FILTER.test(repositoryName)) {
      throw invalid(this, `signingProfile cannot sign repositoryName ${shown(repositoryName)}: a signing configuration accepts only names without "__" and without consecutive hyphens`);
    }
    this.repositories.set(profileArn, [...this.repositories.get(profileArn) ?? [], repositoryName]);
  }
}
