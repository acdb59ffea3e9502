import { PhysicalName } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { rolesAreCustomized } from '../private/customized-roles';

/**
 * IAM limits the inline and separate policies of a role to 10,240 characters in total. aws-cdk-lib divides the separate
 * policy, but does not count the inline policy.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const MAX_OTHER_RESOURCES = 30;

/**
 * The execution role of a task. Its permissions to pull the image and to write the logs are an inline policy, which the
 * role has from the start. A separate policy would be one more resource for each service.
 *
 * Permissions for other resources are in the separate policy that aws-cdk-lib creates, because these resources can refer to
 * the role. For example, the policy of a KMS key contains the roles that use the key.
 */
export class ExecutionRole extends iam.Role {
  private readonly inlinePolicy: iam.PolicyDocument;
  private readonly inlineStatements: iam.PolicyStatement[] = [];
  private readonly inlineResources: ReadonlySet<string>;
  private hasInlinePolicy: boolean;
  private otherResources = 0;

  /** @param resources ARNs of resources that cannot refer to the role, even indirectly */
  constructor(scope: Construct, id: string, resources: readonly string[]) {
    const inlinePolicy = new iam.PolicyDocument();
    const hasInlinePolicy = !rolesAreCustomized(scope);
    super(scope, id, {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      inlinePolicies: hasInlinePolicy ? { PullImageAndWriteLogs: inlinePolicy } : undefined,
    });
    this.inlinePolicy = inlinePolicy;
    this.hasInlinePolicy = hasInlinePolicy;
    this.inlineResources = new Set(['*', ...resources]);
  }

  public addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    if (this.hasInlinePolicy && this.canBeInline(statement)) {
      this.inlinePolicy.addStatements(statement);
      this.inlineStatements.push(statement);
      return { statementAdded: true, policyDependable: this };
    }
    this.otherResources += statement.resources.length;
    if (this.hasInlinePolicy && this.otherResources > MAX_OTHER_RESOURCES) this.removeInlinePolicy();
    return super.addToPrincipalPolicy(statement);
  }

  private canBeInline({ resources, conditions }: iam.PolicyStatement): boolean {
    return resources.length > 0 && resources.every((resource) => this.inlineResources.has(resource)) && Object.keys(conditions).length === 0;
  }

  private removeInlinePolicy(): void {
    this.hasInlinePolicy = false;
    (this.node.defaultChild as iam.CfnRole).policies = undefined;
    for (const statement of this.inlineStatements) super.addToPrincipalPolicy(statement);
  }
}
