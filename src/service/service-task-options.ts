import * as ecs from 'aws-cdk-lib/aws-ecs';
import { TaskOptions } from './task-options';

/**
 * Options of the tasks of a service and of their container.
 */
export interface ServiceTaskOptions extends TaskOptions {
  /**
   * Port that the container listens on. On Fargate, only root can listen on a port below 1024. The port mapping is named
   * `app`; Service Connect finds the port by this name.
   *
   * @default - 80 with an ingress; without one, no port is opened
   */
  readonly containerPort?: number;

  /**
   * Command that replaces the command of the image.
   *
   * @default - the command of the image
   */
  readonly command?: string[];

  /**
   * Command that ECS runs inside the container to check its health.
   *
   * @default - the health check of the image is not used; the load balancer, if there is one, checks on its own
   */
  readonly healthCheck?: ecs.HealthCheck;
}
