import { IConstruct } from 'constructs';

/** Context key that `iam.Role.customizeRoles` sets. */
const CUSTOMIZED_ROLES = '@aws-cdk/iam:customizeRoles';

/**
 * Whether another team creates the roles of this app, or CDK reports which roles it needs. CDK then reads the inline policies
 * of a role when it creates the role, and ignores later changes.
 */
export function rolesAreCustomized(scope: IConstruct): boolean {
  return scope.node.tryGetContext(CUSTOMIZED_ROLES) !== undefined;
}
