import { DeployScript, DeployWorkflow, GitHubDeployRole, GitHubPushRole, PhasedFargateService } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';

const app = new App();
const env = { account: '111122223333', region: 'us-east-1' };

const { registry } = new PhasedFargateService(new Stack(app, 'FargateStack', { env }), 'Api', { containerPort: 8080 });

// Deployed once, by hand: cdk deploy GitHubStack
const github = { repository: 'octo-org/shop', ownerId: '123456', repositoryId: '456789' };
const access = new Stack(app, 'GitHubStack', { env });
const pushRole = new GitHubPushRole(access, 'Push', { ...github, registries: [registry] });
const deployRole = new GitHubDeployRole(access, 'Deploy', github);

const images = [{ registry, context: 'service' }];
new DeployWorkflow(app, 'Deploy', {
  pushRoleArn: pushRole.roleArn,
  deployRoleArn: deployRole.roleArn,
  checks: { typecheck: 'npm run check', test: 'npm test' },
  images,
});
new DeployScript(app, 'DeployScript', { images });
