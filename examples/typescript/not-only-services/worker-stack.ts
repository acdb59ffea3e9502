import { GuardedFargateService, ImageGuard, ImageRegistry, Scaling } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** A worker that processes a queue. It has no load balancer, and scales only on the backlog of the queue. */
export class WorkerStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { registry: ImageRegistry }) {
    super(scope, id, props);
    const queue = new sqs.Queue(this, 'Queue', {
      enforceSSL: true,
      deadLetterQueue: { queue: new sqs.Queue(this, 'Failed', { enforceSSL: true }), maxReceiveCount: 3 },
    });

    const worker = new GuardedFargateService(this, 'Worker', {
      guard: new ImageGuard(this, 'Guard', { registry: props.registry }),
      command: ['node', 'worker.js'],
      environment: { QUEUE_URL: queue.queueUrl },
      scaling: Scaling.between(0, 10, { queue, messagesPerTask: 100 }),
    });
    queue.grantConsumeMessages(worker);
  }
}
