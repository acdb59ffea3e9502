/** All that a handler may ask of CloudFormation, and only about its own stack. */
export const STACK_ACTIONS = ['cloudformation:DescribeStacks'] as const;
