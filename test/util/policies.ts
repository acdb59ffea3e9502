import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ReferenceGraph } from './reference-graph';

/** The statements of all policies of a stack, except inline policies of roles. */
export function policyStatements(stack: Stack): any[] {
  return statementsOf(Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).map(({ Properties }) => Properties));
}

/** The statements of all policies in a cloud assembly, including inline policies of roles. */
export function allPolicyStatements(graph: ReferenceGraph): { Action: string | string[]; Resource: unknown }[] {
  return statementsOf([
    ...graph.resources('AWS::IAM::Policy').map(({ properties }) => properties),
    ...graph.resources('AWS::IAM::Role').flatMap(({ properties }) => properties.Policies ?? []),
  ]);
}

function statementsOf(policies: any[]): any[] {
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}
