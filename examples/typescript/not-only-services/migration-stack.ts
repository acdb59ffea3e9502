import { FindingSeverity, GuardedFargateService, ImageGuard, ImageRegistry, ImageRequirement, ReleaseTask } from '@org/phased-fargate';
import { Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** A database migration that runs once per release, before the service is updated. The image must pass a vulnerability scan first. */
export class MigrationStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { registry: ImageRegistry }) {
    super(scope, id, props);
    const guard = new ImageGuard(this, 'Guard', {
      registry: props.registry,
      requirements: [ImageRequirement.scanned({ failOn: FindingSeverity.HIGH })],
    });
    const cluster = new ecs.Cluster(this, 'Cluster');
    const shop = new GuardedFargateService(this, 'Shop', { guard, cluster });

    const migration = new ReleaseTask(this, 'Migration', {
      guard,
      cluster,
      command: ['node', 'migrate.js'],
      timeout: Duration.minutes(5),
    });
    migration.runBefore(shop);
  }
}
