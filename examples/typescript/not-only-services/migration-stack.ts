import { ImageGuard, ImageRegistry } from '@org/phased-fargate';
import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** A task that somebody runs once per release, such as a migration of the database. */
export class MigrationStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { registry: ImageRegistry }) {
    super(scope, id, props);
    const guard = new ImageGuard(this, 'Guard', { registry: props.registry });
    const cluster = new ecs.Cluster(this, 'Cluster');
    const task = new ecs.FargateTaskDefinition(this, 'Migration');
    task.addContainer('migrate', {
      image: guard.image,
      command: ['node', 'migrate.js'],
      logging: ecs.LogDriver.awsLogs({ streamPrefix: 'migrate' }),
    });

    const subnets = cluster.vpc.privateSubnets.map((subnet) => subnet.subnetId).join(',');
    new CfnOutput(this, 'MigrateCommand', {
      value: `aws ecs run-task --launch-type FARGATE --cluster ${cluster.clusterName} --task-definition ${task.taskDefinitionArn} ` +
        `--network-configuration 'awsvpcConfiguration={subnets=[${subnets}]}'`,
    });
  }
}
