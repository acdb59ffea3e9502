import { App, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';

const app = new App();
const repository = new ecr.Repository(new Stack(app, 'PlainAppStack'), 'Repository', { repositoryName: 'app-mp' });
new ApplicationLoadBalancedFargateService(new Stack(app, 'PlainFargateStack'), 'Api', {
  taskImageOptions: { image: ecs.ContainerImage.fromEcrRepository(repository, 'v1') },
});
