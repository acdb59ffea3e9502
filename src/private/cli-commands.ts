/**
 * Commands of the AWS CLI and the CDK CLI that users are told to type, in one place for outputs, failure reasons and
 * pipelines. Each can be copied as it stands. Plain data only: handlers are bundled with this file.
 */

/** Where an operation of ECR takes place. */
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

/** An operation of ECR: it takes an image out of the archive. */
export const RESTORE = 'update-image-storage-class --target-storage-class STANDARD';

export function restoreFromArchive({ repository, imageId }: ArchivedImage): string {
  return `${ecrCommand(RESTORE, repository)} --image-id ${imageId}`;
}

/** @param parameters each as `<stack>:<name>=<value>` */
export function deploy(stack: string, ...parameters: string[]): string {
  return ['cdk deploy', stack, ...parameters.map((parameter) => `--parameters ${parameter}`)].join(' ');
}

export interface CommandService {
  readonly region: string;
  readonly cluster: string;
  readonly service: string;
}

/** Lets a deployment end whose tasks fail over and over. */
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
