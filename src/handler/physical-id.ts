import { Request } from './request';

/** Limit of CloudFormation: 1 KB. */
export const LARGEST_ID = 1024;

/** Prefix of every physical ID. Stack and logical ID make it unique, because CloudFormation refuses two resources with the same ID. */
export function idPrefix({ stack, logicalId }: Pick<Request, 'stack' | 'logicalId'>): string {
  const segment = (name: string) => name.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 255) || '-';
  return `phased-fargate/${segment(stack.name)}/${segment(logicalId)}`;
}
