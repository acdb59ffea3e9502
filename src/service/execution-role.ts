import { PhysicalName } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { rolesAreCustomized } from '../private/customized-roles';

/**
 * IAM limits the inline and separate policies of a role to 10,240 characters in total. aws-cdk-lib divides the separate
 * policy when it has 10,000 characters, because it does not count the inline policy. This limit leaves room for the inline
 * policy.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const MAX_SEPARATE_CHARACTERS = 8_000;

/** Estimated length of an ARN that is a token. */
const ARN_CHARACTERS = 100;

const POLICY = 'PullImageAndWriteLogs';

/**
 * The execution role of a task. Its permissions to pull the image and to write the logs are an inline policy, which the
 * role has from the start. A separate policy would be one more resource for each service.
 *
 * Permissions for other resources are in the separate policy that aws-cdk-lib creates, because these resources can refer to
 * the role. For example, the policy of a KMS key contains the roles that use the key.
 */
export class ExecutionRole extends iam.Role {
  /** Undefined if roles are customized. */
  private readonly ownPolicy?: iam.PolicyDocument;
  private readonly ownResources: ReadonlyMap<string, string>;
  private separateCharacters = 0;

  /**
   * @param resources ARNs of the resources whose permissions are inline, each with the ARN in the inline policy. The
   * resources of these second ARNs cannot refer to the role, even indirectly
   */
  constructor(scope: Construct, id: string, resources: ReadonlyMap<string, string>) {
    const policy = rolesAreCustomized(scope) ? undefined : new iam.PolicyDocument();
    super(scope, id, {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      inlinePolicies: policy && { [POLICY]: policy },
    });
    this.ownPolicy = policy;
    this.ownResources = new Map([['*', '*'], ...resources]);
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    if (this.ownPolicy && this.refersToNothingElse(statement)) {
      this.ownPolicy.addStatements(statement.copy({ resources: statement.resources.map((resource) => this.ownResources.get(resource)!) }));
      return { statementAdded: true, policyDependable: this };
    }
    const hadRoom = this.separateCharacters <= MAX_SEPARATE_CHARACTERS;
    this.separateCharacters += JSON.stringify(statement).length + statement.resources.length * ARN_CHARACTERS;
    if (this.ownPolicy && hadRoom && this.separateCharacters > MAX_SEPARATE_CHARACTERS) this.replaceInlinePolicy(this.ownPolicy);
    return super.addToPrincipalPolicy(statement);
  }

  private refersToNothingElse({ resources, conditions }: iam.PolicyStatement): boolean {
    return resources.length > 0 && resources.every((resource) => this.ownResources.has(resource)) && Object.keys(conditions).length === 0;
  }

  /**
   * A managed policy does not count toward the limit. CloudFormation creates it before it changes the role. With the separate
   * policy, running tasks could not pull or log until all resources of that policy exist, such as the database of a secret.
   */
  private replaceInlinePolicy(policy: iam.PolicyDocument): void {
    const role = this.node.defaultChild as iam.CfnRole;
    const isOther = (inline: object) => (inline as iam.CfnRole.PolicyProperty).policyDocument !== policy;
    if (Array.isArray(role.policies)) role.policies = role.policies.filter(isOther);
    this.addManagedPolicy(new iam.ManagedPolicy(this, POLICY, { document: policy }));
  }
}
