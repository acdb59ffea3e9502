import { BootstraplessSynthesizer, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, IStackSynthesizer, LegacyStackSynthesizer, NestedStack, Stack } from 'aws-cdk-lib';
import { GitHubDeployRole, GitHubDiffRole } from '../../../src';
import { policyStatements } from '../../util/policies';
import { testApp } from '../../util/synth';
import { ENV } from '../shop';

const GITHUB = { repository: 'octo-org/shop', ownerId: '123456', repositoryId: '456789' };

describe('a stack with its own synthesizer', () => {
  const OWN = {
    deployRoleArn: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/own-deploy',
    fileAssetPublishingRoleArn: 'arn:aws:iam::222222222222:role/own-files-${Qualifier}-${AWS::Region}',
    imageAssetPublishingRoleArn: 'arn:aws:iam::222222222222:role/own-images',
    lookupRoleArn: 'arn:aws:iam::222222222222:role/own-lookup',
  };

  function rolesFor(synthesizer: IStackSynthesizer): { roles: Stack; shop: Stack } {
    const app = testApp();
    const shop = new Stack(app, 'Shop', { env: ENV, synthesizer });
    return { roles: new Stack(app, 'GitHub', { env: ENV }), shop };
  }

  test('uses the roles of the synthesizer', () => {
    const { roles, shop } = rolesFor(new DefaultStackSynthesizer({ ...OWN, qualifier: 'mine' }));
    new GitHubDeployRole(roles, 'Deploy', { ...GITHUB, stacks: [new NestedStack(shop, 'Nested')] });
    new GitHubDiffRole(roles, 'Diff', { ...GITHUB, stacks: [shop] });
    expect(policyStatements(roles)).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Resource: [
          'arn:aws:iam::111122223333:role/own-deploy', 'arn:aws:iam::222222222222:role/own-files-mine-eu-west-1',
          'arn:aws:iam::222222222222:role/own-images', 'arn:aws:iam::222222222222:role/own-lookup',
        ],
      },
      { Action: 'sts:AssumeRole', Effect: 'Allow', Resource: 'arn:aws:iam::222222222222:role/own-lookup' },
    ]);
  });

  test('can tag the sessions for which the synthesizer has tags', () => {
    const Tags = [{ Key: 'team', Value: 'shop' }];
    const { roles, shop } = rolesFor(new DefaultStackSynthesizer({ deployRoleAdditionalOptions: { Tags } }));
    new GitHubDeployRole(roles, 'Deploy', { ...GITHUB, stacks: [shop] });
    expect(policyStatements(roles)[1]).toEqual({
      Action: 'sts:TagSession', Effect: 'Allow', Resource: 'arn:aws:iam::111122223333:role/cdk-hnb659fds-deploy-role-111122223333-eu-west-1',
    });
  });

  test('without assets uses the role of the synthesizer', () => {
    const { roles, shop } = rolesFor(new BootstraplessSynthesizer({ deployRoleArn: OWN.deployRoleArn }));
    new GitHubDeployRole(roles, 'Deploy', { ...GITHUB, stacks: [shop] });
    expect(policyStatements(roles)[0].Resource).toContain('arn:aws:iam::111122223333:role/own-deploy');
  });

  test.each<[string, IStackSynthesizer]>([
    ['LegacyStackSynthesizer of stack Shop does not expose a deployRoleArn', new LegacyStackSynthesizer()],
    ['CliCredentialsStackSynthesizer of stack Shop does not expose a deployRoleArn', new CliCredentialsStackSynthesizer({ qualifier: 'mine' })],
    ['DefaultStackSynthesizer of stack Shop does not expose a fileAssetPublishingRoleArn', new DefaultStackSynthesizer({ fileAssetPublishingRoleArn: '' })],
  ])('that does not expose a role is refused, because the GitHub role has no other permissions: %s', (message, synthesizer) => {
    const { roles, shop } = rolesFor(synthesizer);
    expect(() => new GitHubDeployRole(roles, 'Deploy', { ...GITHUB, stacks: [shop] })).toThrow(
      `stacks: synthesizer ${message}, so there is no role to assume: use a DefaultStackSynthesizer that sets it, or deploy with your own iam.Role (at GitHub/Deploy)`);
  });
});
