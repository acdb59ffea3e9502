import { DeployWorkflow, GitHubDeployRole, GitHubPushRole, GitHubSubject } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import { RegistryStack } from './registry-stack';
import { ShopStage } from './shop-stage';

const app = new App();
const env = { account: '111122223333', region: 'us-east-1' };

const registries = new RegistryStack(app, 'RegistryStack', { env });
const staging = new ShopStage(app, 'Staging', { env, registries });
const production = new ShopStage(app, 'Production', { env, registries });

// Deployed once, by hand: cdk deploy GitHubStack
const github = { repository: 'octo-org/shop', ownerId: '123456', repositoryId: '456789' };
const access = new Stack(app, 'GitHubStack', { env });
const deployRoleOf = (environment: string) => new GitHubDeployRole(access, `Deploy-${environment}`, {
  ...github,
  subjects: [GitHubSubject.environment(environment)],
}).roleArn;

new DeployWorkflow(app, 'Deploy', {
  pushRoleArn: new GitHubPushRole(access, 'Push', { ...github, registries: [registries.api, registries.worker] }).roleArn,
  deployRoleArn: new GitHubDeployRole(access, 'Deploy', github).roleArn,
  checks: { typecheck: 'npm run check', test: 'npm test' },
  images: [
    { registry: registries.api, context: 'api', tags: ['latest'] },
    { registry: registries.worker, context: 'worker', runsOn: 'ubuntu-24.04-arm' },
  ],
  environments: [
    { stage: staging, environmentName: 'staging', deployRoleArn: deployRoleOf('staging') },
    { stage: production, environmentName: 'production', deployRoleArn: deployRoleOf('production') },
  ],
});
