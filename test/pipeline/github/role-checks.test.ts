import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Duration, IStackSynthesizer, Stack, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import {
  DeployWorkflow, DeployWorkflowProps, GitHubDeployRole, GitHubDeployRoleProps, GitHubDiffRole, GitHubDiffRoleProps,
  GitHubPushRole, GitHubPushRoleProps,
  GitHubSubject, ImageRegistry, PhasedFargateService,
} from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, inSources } from '../shop';

const GITHUB = { repository: 'octo-org/shop', ownerId: '123456', repositoryId: '456789' };
const OTHER_ENV = { account: '444455556666', region: 'us-east-1' };

interface Case {
  readonly push?: Partial<GitHubPushRoleProps>;
  readonly deploy?: Partial<GitHubDeployRoleProps>;
  readonly diff?: Partial<GitHubDiffRoleProps>;
  readonly workflow?: Partial<DeployWorkflowProps>;
}

interface Shop {
  readonly app: App;
  readonly registry: ImageRegistry;
  readonly production: Stack;
}

/** The errors of the synthesis of an app with a stage, roles, and a workflow. */
function findings(change: (shop: Shop) => Case = () => ({}), env = ENV, synthesizer?: IStackSynthesizer): string[] {
  return inSources({ directories: ['.'] }, () => {
    const app = testApp();
    const registry = new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Shop', { repositoryName: 'shop' });
    const production = new Stack(new Stage(app, 'Production'), 'Shop', { env, synthesizer });
    new PhasedFargateService(production, 'Api', { registry });

    const { push, deploy, diff, workflow } = change({ app, registry, production });
    const roles = new Stack(app, 'GitHub', { env: ENV });
    const { roleArn: pushRoleArn } = new GitHubPushRole(roles, 'Push', { ...GITHUB, registries: [registry], ...push });
    const { roleArn: deployRoleArn } = new GitHubDeployRole(roles, 'Deploy', {
      ...GITHUB, stacks: [registry.stack, production], subjects: [GitHubSubject.branch('main'), GitHubSubject.environment('Production')], ...deploy,
    });
    const { roleArn: diffRoleArn } = new GitHubDiffRole(roles, 'Diff', { ...GITHUB, stacks: [registry.stack, production], ...diff });
    new DeployWorkflow(app, 'Workflow', { pushRoleArn, deployRoleArn, diffRoleArn, ...workflow });
    return errorsOf(app);
  });
}

function errorsOf(app: App): string[] {
  const { CI } = process.env;
  delete process.env.CI;
  try {
    app.synth();
    return [];
  } catch (error) {
    const [, ...lines] = (error as Error).message.split('\n');
    return lines.map((line) => line.trim().replace(/^\[Workflow\] /, '')).filter((line) => line !== '');
  } finally {
    if (CI !== undefined) process.env.CI = CI;
  }
}

test('roles with all permissions are accepted', () => {
  expect(findings()).toEqual([]);
});

describe('subjects', () => {
  test('that trust only the branch are refused for a stage with an environment', () => {
    expect(findings(() => ({ deploy: { subjects: undefined } }))).toEqual([
      "deployRoleArn: role GitHub/Deploy does not trust jobs in environment \"Production\": add GitHubSubject.environment('Production') to its subjects",
    ]);
  });

  test('that trust only the environment are refused for registries, which have no environment', () => {
    expect(findings(() => ({ deploy: { subjects: [GitHubSubject.environment('Production')] } }))).toEqual([
      "deployRoleArn: role GitHub/Deploy does not trust runs for branch \"main\": add GitHubSubject.branch('main') to its subjects",
    ]);
  });

  test('that trust another environment are refused', () => {
    expect(findings(({ app }) => ({ workflow: { environments: [{ stage: app.node.findChild('Production') as Stage, environmentName: 'prod' }] } }))).toEqual([
      "deployRoleArn: role GitHub/Deploy does not trust jobs in environment \"prod\": add GitHubSubject.environment('prod') to its subjects",
    ]);
  });

  test('that trust another branch are refused', () => {
    expect(findings(() => ({ workflow: { branch: 'trunk' } }))).toEqual([
      "deployRoleArn: role GitHub/Deploy does not trust runs for branch \"trunk\": add GitHubSubject.branch('trunk') to its subjects",
      "pushRoleArn: role GitHub/Push does not trust runs for branch \"trunk\": add GitHubSubject.branch('trunk') to its subjects",
    ]);
  });

  test('that do not trust an environment are refused even if GitHubSubject does not accept its name', () => {
    expect(findings(({ production }) => ({ workflow: { environments: [{ stage: Stage.of(production)!, environmentName: 'prod eu' }] } }))).toEqual([
      'deployRoleArn: role GitHub/Deploy does not trust jobs in environment "prod eu": add a GitHubSubject.custom() that matches these jobs to its subjects',
    ]);
  });

  test('that do not trust the environment of builds are refused', () => {
    expect(findings(() => ({ workflow: { buildEnvironmentName: 'build' } }))).toEqual([
      "pushRoleArn: role GitHub/Push does not trust jobs in environment \"build\": add GitHubSubject.environment('build') to its subjects",
    ]);
  });

  test('that do not trust the default environment "build" of builds with secrets are refused', () => {
    const withSecrets = (registry: ImageRegistry) => ({ images: [{ registry, secrets: { npm: 'NPM_TOKEN' } }] });
    expect(findings(({ registry }) => ({ workflow: withSecrets(registry) }))).toEqual([
      "pushRoleArn: role GitHub/Push does not trust jobs in environment \"build\": add GitHubSubject.environment('build') to its subjects",
    ]);
    expect(findings(({ registry }) => ({
      workflow: { ...withSecrets(registry), buildEnvironmentName: 'images' }, push: { subjects: [GitHubSubject.environment('images')] },
    }))).toEqual([]);
  });

  test('that do not trust pull requests are refused', () => {
    expect(findings(() => ({ diff: { subjects: [GitHubSubject.branch('main')] } }))).toEqual([
      'diffRoleArn: role GitHub/Diff does not trust pull requests: pass a GitHubDiffRole without subjects, which trusts pull requests',
    ]);
  });

  test('that are customized are not checked', () => {
    expect(findings(() => ({ deploy: { subjects: [GitHubSubject.custom('repository_id:456789')] } }))).toEqual([]);
  });
});

describe('the roles of cdk bootstrap', () => {
  test('in another account are refused if the role cannot assume them', () => {
    expect(findings(() => ({ deploy: { stacks: undefined }, diff: { stacks: undefined } }), OTHER_ENV)).toEqual([
      'deployRoleArn: role GitHub/Deploy cannot assume arn:aws:iam::444455556666:role/cdk-hnb659fds-deploy-role-444455556666-us-east-1: add Production/Shop to its stacks',
      'diffRoleArn: role GitHub/Diff cannot assume arn:aws:iam::444455556666:role/cdk-hnb659fds-lookup-role-444455556666-us-east-1: add Production/Shop to its stacks',
    ]);
  });

  test('with another qualifier are refused', () => {
    expect(findings(({ registry }) => ({ deploy: { stacks: [registry.stack] } }), ENV, new DefaultStackSynthesizer({ qualifier: 'mine' }))).toEqual([
      'deployRoleArn: role GitHub/Deploy cannot assume arn:aws:iam::111122223333:role/cdk-mine-deploy-role-111122223333-eu-west-1: add Production/Shop to its stacks',
    ]);
  });

  test('include custom roles that replace some of them', () => {
    const imageAssetPublishingRoleArn = 'arn:aws:iam::111122223333:role/own-images';
    const synthesizer = () => new DefaultStackSynthesizer({ imageAssetPublishingRoleArn });
    expect(findings(() => ({}), ENV, synthesizer())).toEqual([]);
    expect(findings(({ registry }) => ({ deploy: { stacks: [registry.stack] } }), ENV, synthesizer())).toEqual([
      'deployRoleArn: role GitHub/Deploy cannot assume arn:aws:iam::111122223333:role/own-images: add Production/Shop to its stacks',
    ]);
  });

  test('are accepted if account and region are unknown at synthesis', () => {
    expect(findings(({ app }) => ({ deploy: { stacks: [new Stack(app, 'Anywhere')] } }))).toEqual([]);
  });

  test('are refused if the synthesizer does not expose them', () => {
    const others = ({ registry }: Shop) => ({ deploy: { stacks: [registry.stack] }, diff: { stacks: [registry.stack] } });
    expect(findings(others, ENV, new CliCredentialsStackSynthesizer())).toEqual([
      'deployRoleArn: role GitHub/Deploy cannot be used for Production/Shop, because the synthesizer of Production/Shop has no bootstrap role (deployRoleArn) to assume: pass the ARN of your own iam.Role',
      'diffRoleArn: role GitHub/Diff cannot be used for Production/Shop, because the synthesizer of Production/Shop has no bootstrap role (lookupRoleArn) to assume: pass the ARN of your own iam.Role',
    ]);
  });
});

describe('registries', () => {
  test('are refused if the role cannot push to them', () => {
    expect(findings(({ app }) => ({ push: { registries: [new ecr.Repository(new Stack(app, 'Others', { env: ENV }), 'Other', { repositoryName: 'other' })] } }))).toEqual([
      'pushRoleArn: role GitHub/Push lacks permission to push to 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop: add Images/Shop to its registries',
    ]);
  });

  test('that are imported are compared by account, region, and name', () => {
    expect(findings(({ app }) => {
      const stack = new Stack(app, 'Importing', { env: ENV });
      return { push: { registries: [ecr.Repository.fromRepositoryName(stack, 'Imported', 'shop')] } };
    })).toEqual([]);
  });
});

test('credentials with a shorter lifetime than the timeout of a job are refused', () => {
  expect(findings(() => ({
    workflow: { deployTimeout: Duration.hours(2), buildTimeout: Duration.hours(3) },
    push: { maxSessionDuration: Duration.hours(3) },
  }))).toEqual([
    'deployRoleArn: role GitHub/Deploy gives credentials for 1 hour, but deployTimeout is 2 hours: increase its maxSessionDuration',
  ]);
});

test('roles for another task are refused', () => {
  expect(findings(() => {
    const [pushRoleArn, deployRoleArn, diffRoleArn] = ['Deploy', 'Diff', 'Push'].map((id) => `arn:aws:iam::111122223333:role/GitHub-${id}`);
    return { workflow: { pushRoleArn, deployRoleArn, diffRoleArn }, diff: { subjects: [GitHubSubject.custom('repository_id:456789')] }, push: { subjects: [GitHubSubject.custom('repository_id:456789')] } };
  })).toEqual([
    'deployRoleArn: role GitHub/Diff has read-only access: pass the ARN of another role',
    'pushRoleArn: role GitHub/Deploy is for deployments: pass the ARN of another role',
    'diffRoleArn: role GitHub/Push is for pushing images: pass the ARN of another role',
  ]);
});

test('roles that trust different repositories are refused', () => {
  expect(findings(() => ({ push: { repository: 'octo-org/blog' } }))).toEqual([
    'role GitHub/Deploy trusts octo-org/shop, but role GitHub/Push trusts octo-org/blog: pass roles that trust the repository of the workflow',
  ]);
});

test('the role of a stage is checked for that stage', () => {
  expect(findings(({ app }) => {
    const roles = new Stack(app, 'More', { env: ENV });
    const { roleArn } = new GitHubDeployRole(roles, 'Production', GITHUB);
    return { workflow: { environments: [{ stage: app.node.findChild('Production') as Stage, deployRoleArn: roleArn }] } };
  })).toEqual([
    "environments[0].deployRoleArn: role More/Production does not trust jobs in environment \"Production\": add GitHubSubject.environment('Production') to its subjects",
  ]);
});

test('roles outside the app are not checked', () => {
  expect(findings(() => ({ workflow: { pushRoleArn: 'arn:aws:iam::111122223333:role/theirs', deployRoleArn: '${{ vars.DEPLOY_ROLE_ARN }}' }, deploy: { subjects: undefined } }))).toEqual([]);
});
