import { ImageGuard } from '@org/phased-fargate';
import { CfnResource, Size } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** Other ways to run the image of a guard: an AWS Batch job, and an ECS Express Mode service. */
export class Jobs extends Construct {
  constructor(scope: Construct, id: string, { guard, vpc }: { guard: ImageGuard; vpc: ec2.IVpc }) {
    super(scope, id);
    new batch.JobQueue(this, 'Queue', {
      computeEnvironments: [{ order: 1, computeEnvironment: new batch.FargateComputeEnvironment(this, 'Capacity', { vpc, maxvCpus: 4 }) }],
    });
    new batch.EcsJobDefinition(this, 'Report', {
      container: new batch.EcsFargateContainerDefinition(this, 'ReportContainer', {
        image: guard.image,
        command: ['node', 'report.js'],
        cpu: 0.25,
        memory: Size.mebibytes(512),
      }),
    });

    // There is no L2 construct for Express Mode. The URI with the digest makes the service wait for the guard.
    const executionRole = new iam.Role(this, 'ExpressExecution', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonECSTaskExecutionRolePolicy')],
    });
    const infrastructureRole = new iam.Role(this, 'ExpressInfrastructure', {
      assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonECSInfrastructureRoleforExpressGatewayServices')],
    });
    const subnets = vpc.selectSubnets({ subnetType: ec2.SubnetType.PUBLIC });
    const express = new CfnResource(this, 'Express', {
      type: 'AWS::ECS::ExpressGatewayService',
      properties: {
        ExecutionRoleArn: executionRole.roleArn,
        InfrastructureRoleArn: infrastructureRole.roleArn,
        PrimaryContainer: { Image: guard.imageUri, ContainerPort: 80 },
        HealthCheckPath: '/',
        // By default, the subnets of the default VPC, which an account can lack.
        NetworkConfiguration: { Subnets: subnets.subnetIds },
      },
    });
    express.node.addDependency(subnets.internetConnectivityEstablished);
  }
}
