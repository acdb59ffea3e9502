/**
 * AWS CLI and CDK CLI commands for users, shared by outputs, failure reasons, and pipelines. Users can copy each command as
 * it is. This file contains only plain data, because the handlers bundle it.
 */

/** Region, repository, and account of an ECR command. */
export interface EcrPlace {
  readonly name: string;
  readonly account: string;
  readonly region: string;
}

export function ecrCommand(operation: string, { name, account, region }: EcrPlace): string {
  return `aws ecr ${operation} --region ${region} --registry-id ${account} --repository-name ${name}`;
}

export interface ArchivedImage {
  readonly repository: EcrPlace;

  /** `imageTag=<tag>` or `imageDigest=<digest>`. */
  readonly imageId: string;
}

/** ECR operation that restores an archived image. */
export const RESTORE = 'update-image-storage-class --target-storage-class STANDARD';

export function restoreFromArchive({ repository, imageId }: ArchivedImage): string {
  return `${ecrCommand(RESTORE, repository)} --image-id ${imageId}`;
}

/** @param parameters parameters in the form `<stack>:<name>=<value>` */
export function deploy(stack: string, ...parameters: string[]): string {
  return ['cdk deploy', stack, ...parameters.map((parameter) => `--parameters ${parameter}`)].join(' ');
}

export interface CommandService {
  readonly region: string;
  readonly cluster: string;
  readonly service: string;
}

/** Ends a deployment whose tasks keep failing. */
export function stopService({ region, cluster, service }: CommandService): string {
  return `aws ecs update-service --region ${region} --cluster ${cluster} --service ${service} --desired-count 0`;
}

export interface CommandTask {
  readonly region: string;
  readonly cluster: string;
  readonly taskArn: string;
}

export function stopTask({ region, cluster, taskArn }: CommandTask): string {
  return `aws ecs stop-task --region ${region} --cluster ${cluster} --task ${taskArn}`;
}

export function findTasks({ region, cluster, startedBy }: { readonly region: string; readonly cluster: string; readonly startedBy: string }): string {
  return `aws ecs list-tasks --region ${region} --cluster ${cluster} --started-by ${startedBy}`;
}

export function readLog({ region, group, stream }: { readonly region: string; readonly group: string; readonly stream: string }): string {
  return `aws logs get-log-events --region ${region} --log-group-name ${group} --log-stream-name ${stream}`;
}
