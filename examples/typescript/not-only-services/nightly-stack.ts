import { ImageGuard, ImageRegistry } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';

/** A scheduled task that uses a construct of aws-cdk-lib. Its task definition waits for the guard because it uses `guard.image`. */
export class NightlyStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { registry: ImageRegistry }) {
    super(scope, id, props);
    const guard = new ImageGuard(this, 'Guard', { registry: props.registry });

    new patterns.ScheduledFargateTask(this, 'Nightly', {
      cluster: new ecs.Cluster(this, 'Cluster'),
      schedule: events.Schedule.cron({ hour: '3', minute: '0' }),
      scheduledFargateTaskImageOptions: { image: guard.image, command: ['node', 'nightly.js'] },
    });
  }
}
