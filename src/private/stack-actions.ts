/** The only CloudFormation actions of a handler, and only for its own stack. */
export const STACK_ACTIONS = ['cloudformation:DescribeStacks'] as const;
