import { Request } from './request';

/** CloudFormation takes 1 KB. */
export const LARGEST_ID = 1024;

/** The beginning of each physical id. Stack and logical id make it unique, since CloudFormation refuses two resources of one id. */
export function idPrefix({ stack, logicalId }: Pick<Request, 'stack' | 'logicalId'>): string {
  const segment = (name: string) => name.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 255) || '-';
  return `phased-fargate/${segment(stack.name)}/${segment(logicalId)}`;
}
