import * as ecs from 'aws-cdk-lib/aws-ecs';
import { TaskOptions } from './task-options';

/**
 * Options of the tasks of a service and their container.
 */
export interface ServiceTaskOptions extends TaskOptions {
  /**
   * Port that the container listens on. On Fargate, only root can listen on a port below 1024. The name of the port mapping
   * is `app`. Service Connect refers to the port by this name.
   *
   * @default - 80 with an ingress; without an ingress, no port
   */
  readonly containerPort?: number;

  /**
   * Command of the container. It overrides the command of the image.
   *
   * @default - the command of the image
   */
  readonly command?: string[];

  /**
   * Command that ECS runs inside the container to check its health. ECS ignores the `HEALTHCHECK` of the image.
   *
   * @default - no health check in the container; a load balancer still checks the tasks
   */
  readonly healthCheck?: ecs.HealthCheck;
}
