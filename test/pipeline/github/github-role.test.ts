import { DefaultStackSynthesizer, Duration, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { GitHubDeployRole, GitHubDiffRole, GitHubPushRole, GitHubRoleProps, GitHubSubject, ImageRegistry } from '../../../src';
import { policyStatements } from '../../util/policies';
import { testApp } from '../../util/synth';
import { ENV } from '../shop';

const GITHUB = { repository: 'octo-org/shop', ownerId: '123456', repositoryId: '456789' };
const PROVIDER = 'token.actions.githubusercontent.com';

describe('the trust policy of a role', () => {
  const MAIN = [GitHubSubject.branch('main')];
  const PRODUCTION = [GitHubSubject.environment('production')];
  const TAGS = [GitHubSubject.tag('v*')];
  const CUSTOM = [GitHubSubject.custom('repository_id:456789:environment:production')];

  test.each<[string, GitHubSubject[], string]>([
    ['the branch', MAIN, 'repo:octo-org/shop:ref:refs/heads/main'],
    ['the branch, with IDs in the subject', MAIN, 'repo:octo-org@123456/shop@456789:ref:refs/heads/main'],
    ['the environment', PRODUCTION, 'repo:octo-org/shop:environment:production'],
    ['the environment, with IDs in the subject', PRODUCTION, 'repo:octo-org@123456/shop@456789:environment:production'],
    ['the environment if both the branch and the environment are trusted', [...MAIN, ...PRODUCTION], 'repo:octo-org/shop:environment:production'],
    ['a tag that matches the pattern', TAGS, 'repo:octo-org/shop:ref:refs/tags/v1.2.3'],
    ['a tag that matches the pattern, with IDs in the subject', TAGS, 'repo:octo-org@123456/shop@456789:ref:refs/tags/v1.2.3'],
    ['the branch if tags are also trusted', [...TAGS, ...MAIN], 'repo:octo-org/shop:ref:refs/heads/main'],
    ['a customized subject', CUSTOM, 'repository_id:456789:environment:production'],
  ])('accepts %s', (_, subjects, sub) => {
    expect(mayAssume(deployRole({ subjects }).policy, { aud: 'sts.amazonaws.com', sub })).toBe(true);
  });

  test.each<[string, GitHubSubject[], string]>([
    ['another repository', MAIN, 'repo:octo-org/blog:ref:refs/heads/main'],
    ['another repository, with IDs in the subject', MAIN, 'repo:octo-org@123456/blog@999:ref:refs/heads/main'],
    ['a repository whose name begins with the trusted name', MAIN, 'repo:octo-org/shop-2:ref:refs/heads/main'],
    ['a fork', MAIN, 'repo:mallory/shop:ref:refs/heads/main'],
    ['a fork, with IDs in the subject', MAIN, 'repo:mallory@666/shop@667:ref:refs/heads/main'],
    ['a new owner who has taken over both names', MAIN, 'repo:octo-org@666/shop@667:ref:refs/heads/main'],
    ['a new repository of the owner with the same name', MAIN, 'repo:octo-org@123456/shop@667:ref:refs/heads/main'],
    ['another branch', MAIN, 'repo:octo-org/shop:ref:refs/heads/feature'],
    ['a branch whose name begins with the trusted name', MAIN, 'repo:octo-org/shop:ref:refs/heads/main-2'],
    ['a branch whose name ends with the trusted name', MAIN, 'repo:octo-org/shop:ref:refs/heads/x/main'],
    ['a tag with the name of the branch', MAIN, 'repo:octo-org/shop:ref:refs/tags/main'],
    ['a pull request', MAIN, 'repo:octo-org/shop:pull_request'],
    ['a pull request, with IDs in the subject', PRODUCTION, 'repo:octo-org@123456/shop@456789:pull_request'],
    ['the environment if only the branch is trusted', MAIN, 'repo:octo-org/shop:environment:production'],
    ['the branch if only the environment is trusted', PRODUCTION, 'repo:octo-org/shop:ref:refs/heads/main'],
    ['another environment', PRODUCTION, 'repo:octo-org/shop:environment:staging'],
    ['an environment whose name imitates a subject', MAIN, 'repo:octo-org@1/x@2:environment:/shop@456789:ref:refs/heads/main'],
    ['an empty subject', MAIN, ''],
    ['a tag that does not match the pattern', TAGS, 'repo:octo-org/shop:ref:refs/tags/test-v1'],
    ['a branch whose name matches the pattern for tags', TAGS, 'repo:octo-org/shop:ref:refs/heads/v1.2.3'],
    ['a tag of another repository', TAGS, 'repo:octo-org/shop-2:ref:refs/tags/v1'],
    ['a tag of a repository whose name imitates a subject', TAGS, 'repo:mallory/repo:octo-org/shop:ref:refs/tags/v1'],
    ['another branch if tags are also trusted', [...TAGS, ...MAIN], 'repo:octo-org/shop:ref:refs/heads/main-2'],
    ['a customized subject of another repository', CUSTOM, 'repository_id:1456789:environment:production'],
    ['the default subject if only a customized one is trusted', CUSTOM, 'repo:octo-org/shop:environment:production'],
  ])('refuses %s', (_, subjects, sub) => {
    expect(mayAssume(deployRole({ subjects }).policy, { aud: 'sts.amazonaws.com', sub })).toBe(false);
  });

  test('refuses a token for another audience', () => {
    const { policy } = deployRole();
    expect(mayAssume(policy, { aud: 'https://github.com/octo-org', sub: 'repo:octo-org/shop:ref:refs/heads/main' })).toBe(false);
  });

  test('trusts the branch main by default, without wildcards', () => {
    const { policy } = deployRole();
    expect(mayAssume(policy, { aud: 'sts.amazonaws.com', sub: 'repo:octo-org/shop:ref:refs/heads/main' })).toBe(true);
    expect(JSON.stringify(policy)).not.toMatch(/\*|StringLike|ForAnyValue/);
  });
});

describe('the provider', () => {
  test('is the existing provider of the account', () => {
    const { template, policy } = deployRole();
    template.resourceCountIs('AWS::IAM::OIDCProvider', 0);
    template.resourceCountIs('Custom::AWSCDKOpenIdConnectProvider', 0);
    expect(policy.Statement[0].Principal.Federated).toBe(`arn:aws:iam::111122223333:oidc-provider/${PROVIDER}`);
  });

  test('can be a new provider', () => {
    const { template, policy } = deployRole((stack) => ({
      provider: new iam.OidcProviderNative(stack, 'GitHub', { url: `https://${PROVIDER}`, clientIds: ['sts.amazonaws.com'] }),
    }));
    const [provider] = Object.keys(template.findResources('AWS::IAM::OIDCProvider'));
    expect(policy.Statement[0].Principal.Federated).toEqual({ Ref: provider });
  });
});

describe('the issuer', () => {
  const GHES = 'github.example.com/_services/token';

  /** The keys of the conditions, which contain the issuer, and the provider. */
  function issuerOf(props: (stack: Stack) => Partial<GitHubRoleProps>): { keys: string[]; provider: unknown } {
    const { policy: { Statement: [{ Condition, Principal }] } } = deployRole(props);
    return { keys: Object.keys(Condition.StringEquals), provider: Principal.Federated };
  }

  test('is GitHub itself', () => {
    expect(issuerOf(() => ({}))).toEqual({ keys: [`${PROVIDER}:aud`, `${PROVIDER}:sub`], provider: `arn:aws:iam::111122223333:oidc-provider/${PROVIDER}` });
  });

  test('can be a GitHub Enterprise Server with an existing provider in the account', () => {
    expect(issuerOf(() => ({ issuer: `https://${GHES}/` })))
      .toEqual({ keys: [`${GHES}:aud`, `${GHES}:sub`], provider: `arn:aws:iam::111122223333:oidc-provider/${GHES}` });
  });

  test('is the issuer of an imported provider', () => {
    const arn = `arn:aws:iam::111122223333:oidc-provider/${GHES}`;
    expect(issuerOf((stack) => ({ provider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'GitHub', arn) })))
      .toEqual({ keys: [`${GHES}:aud`, `${GHES}:sub`], provider: arn });
  });

  test('is the issuer of a new provider', () => {
    expect(issuerOf((stack) => ({ provider: new iam.OidcProviderNative(stack, 'GitHub', { url: `https://${GHES}`, clientIds: ['sts.amazonaws.com'] }) })))
      .toEqual({ keys: [`${GHES}:aud`, `${GHES}:sub`], provider: { Ref: expect.stringMatching(/^GitHub/) } });
  });

  test('of an enterprise contains the name of the enterprise', () => {
    expect(issuerOf(() => ({ issuer: `https://${PROVIDER}/octo-enterprise` })).keys[0]).toBe(`${PROVIDER}/octo-enterprise:aud`);
  });

  test.each<[string, (stack: Stack) => Partial<GitHubRoleProps>, string]>([
    ['that is not a URL', () => ({ issuer: 'not a host' }), 'issuer "not a host" is not the URL of an OIDC provider'],
    ['that is a token', () => ({ issuer: Token.asString({ Ref: 'Issuer' }) }), 'is not the URL of an OIDC provider'],
    ['that differs from the issuer of the provider', (stack) => ({
      issuer: `https://${PROVIDER}`,
      provider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'GitHub', `arn:aws:iam::111122223333:oidc-provider/${GHES}`),
    }), `issuer "https://${PROVIDER}" does not match the provider, whose issuer is "https://${GHES}": leave issuer out`],
    ['whose provider is the older construct', (stack) => ({ provider: iam.OpenIdConnectProvider.fromOpenIdConnectProviderArn(stack, 'GitHub', `arn:aws:iam::111122223333:oidc-provider/${GHES}`) as any }),
      'provider is an OpenIdConnectProvider, not an OidcProviderNative: leave it out, and pass its URL as issuer'],
    ['that is unknown because the provider is a token', (stack) => ({ provider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'GitHub', Token.asString({ Ref: 'Arn' })) }),
      'provider: its URL is not known at synthesis, but the conditions of the role need it: pass issuer'],
  ])('%s is refused', (_, props, message) => {
    expect(() => deployRole(props)).toThrow(message);
    expect(() => deployRole(props)).toThrow('(at GitHub/Deploy)');
  });

  test('can be set for a provider whose URL is unknown', () => {
    expect(issuerOf((stack) => ({ issuer: GHES, provider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'GitHub', Token.asString({ Ref: 'Arn' })) })))
      .toEqual({ keys: [`${GHES}:aud`, `${GHES}:sub`], provider: { Ref: 'Arn' } });
  });
});

describe('a session', () => {
  test('lasts one hour by default, or maxSessionDuration', () => {
    const { template: short } = deployRole();
    expect(JSON.stringify(short)).not.toContain('MaxSessionDuration');
    const { template: long } = deployRole({ maxSessionDuration: Duration.hours(3) });
    long.hasResourceProperties('AWS::IAM::Role', { MaxSessionDuration: 10800 });
  });

  test.each([['30 minutes', Duration.minutes(30)], ['13 hours', Duration.hours(13)]])('cannot last %s', (_, maxSessionDuration) => {
    expect(() => deployRole({ maxSessionDuration })).toThrow(/maxSessionDuration \d+ \w+ is not between 1 and 12 hours \(at GitHub\/Deploy\)/);
  });
});

describe('a customized subject', () => {
  test.each([
    'repo:octo-org/shop:environment:production:job_workflow_ref:octo-org/workflows/.github/workflows/deploy.yml@refs/heads/main',
    'repo:octo-org@123456/shop@456789:ref:refs/heads/main',
    'repository:octo-org/shop:context:production',
    'repository_id:456789',
  ])('that contains the repository is used unchanged: %s', (subject) => {
    const { policy } = deployRole({ subjects: [GitHubSubject.custom(subject)] });
    expect(mayAssume(policy, { aud: 'sts.amazonaws.com', sub: subject })).toBe(true);
  });

  test.each([
    'repository_owner:octo-org',
    'repo:octo-org/shop-2:ref:refs/heads/main',
    'repo:octo-org/blog:job_workflow_ref:octo-org/shop/.github/workflows/deploy.yml@refs/heads/main',
    'job_workflow_ref:octo-org/shop/.github/workflows/deploy.yml@refs/heads/main',
    'repository_id:1456789',
  ])('that other repositories can have is refused: %s', (subject) => {
    expect(() => deployRole({ subjects: [GitHubSubject.custom(subject)] }))
      .toThrow(`subjects: "${subject}" names neither octo-org/shop nor 456789, so other repositories might assume the role (at GitHub/Deploy)`);
  });

  test.each(['', 'repo:octo-org/shop:*', 'repo:octo-org/shop:ref:refs/heads/?', 'a b', undefined as any])('is refused if it is %p', (subject) => {
    expect(() => GitHubSubject.custom(subject)).toThrow('GitHubSubject.custom: ');
  });
});

describe('the diff role', () => {
  test('can only read deployed stacks', () => {
    const stack = new Stack(testApp(), 'GitHub', { env: ENV });
    new GitHubDiffRole(stack, 'Diff', GITHUB);
    expect(policyStatements(stack)).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Resource: 'arn:aws:iam::111122223333:role/cdk-hnb659fds-lookup-role-111122223333-eu-west-1' },
    ]);
  });

  test.each([
    ['repo:octo-org/shop:pull_request', true],
    ['repo:octo-org@123456/shop@456789:pull_request', true],
    ['repo:octo-org/shop:ref:refs/heads/main', false],
    ['repo:mallory/shop:pull_request', false],
  ])('trusts only pull requests of the repository: %s', (sub, expected) => {
    const stack = new Stack(testApp(), 'GitHub', { env: ENV });
    new GitHubDiffRole(stack, 'Diff', GITHUB);
    const [role] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(mayAssume(role.Properties.AssumeRolePolicyDocument, { aud: 'sts.amazonaws.com', sub })).toBe(expected);
  });
});

describe('the name of a role', () => {
  test('is known at synthesis, like the ARN', () => {
    const stack = new Stack(testApp(), 'GitHub', { env: ENV });
    expect(new GitHubDeployRole(stack, 'Deploy', GITHUB).roleArn).toBe('arn:aws:iam::111122223333:role/GitHub-Deploy');
    expect(new GitHubDeployRole(stack, 'Other', { ...GITHUB, roleName: 'mine' }).roleArn).toBe('arn:aws:iam::111122223333:role/mine');
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', { RoleName: 'mine' });
  });

  test('appears in an ARN with the right partition', () => {
    const stack = new Stack(testApp(), 'GitHub', { env: { account: '111122223333', region: 'cn-north-1' } });
    expect(new GitHubDeployRole(stack, 'Deploy', GITHUB).roleArn).toMatch(/^arn:aws-cn:iam::/);
  });

  test('that exceeds the IAM limit is refused', () => {
    const stack = new Stack(testApp(), 'A'.repeat(64), { env: ENV });
    expect(() => new GitHubDeployRole(stack, 'Deploy', GITHUB)).toThrow(/roleName "A+-Deploy" must be known at synthesis and have at most 64 characters: letters, digits, and any of /);
  });
});

describe('the push role', () => {
  test('can only log in and push to its registries', () => {
    const app = testApp();
    const registries = new Stack(app, 'Registries', { env: ENV });
    const stack = new Stack(app, 'GitHub', { env: ENV });
    new GitHubPushRole(stack, 'Push', {
      ...GITHUB,
      registries: [
        new ImageRegistry(registries, 'Ours', { repositoryName: 'ours' }),
        new ecr.Repository(registries, 'Theirs', { repositoryName: 'theirs' }),
      ],
    });
    const statements = policyStatements(stack);
    expect(statements.map(({ Resource }) => JSON.stringify(Resource).match(/repository\/(\w+)|\*/)![0])).toEqual(
      ['repository/ours', 'repository/theirs', '*']);
    expect(statements[0].Action).toEqual(statements[1].Action);
    expect(statements[0].Action).toEqual(expect.arrayContaining(['ecr:PutImage', 'ecr:DescribeImages']));
    expect(statements[0].Action.join()).not.toMatch(/Delete|Policy|Create|Tag/);
    expect(statements[2].Action).toBe('ecr:GetAuthorizationToken');
    expect(JSON.stringify(Template.fromStack(stack))).not.toContain('Fn::ImportValue');
  });

  test('without a registry is refused', () => {
    const stack = new Stack(testApp(), 'GitHub', { env: ENV });
    expect(() => new GitHubPushRole(stack, 'Push', { ...GITHUB, registries: [] })).toThrow('registries is empty');
  });
});

describe('the deploy role', () => {
  test('can only assume the roles of the bootstrapped environment', () => {
    const { stack } = deployRole();
    expect(policyStatements(stack)).toEqual([{
      Action: 'sts:AssumeRole',
      Effect: 'Allow',
      Resource: ['deploy', 'file-publishing', 'image-publishing', 'lookup'].map((role) =>
        `arn:aws:iam::111122223333:role/cdk-hnb659fds-${role}-role-111122223333-eu-west-1`),
    }]);
  });

  test('can use each environment of its stacks, with any qualifier', () => {
    const app = testApp();
    const stack = new Stack(app, 'GitHub', { env: ENV });
    const env = { account: '444455556666', region: 'us-east-1' };
    const stacks = [undefined, undefined, 'mine'].map((qualifier, index) =>
      new Stack(app, `Shop${index}`, { env, synthesizer: new DefaultStackSynthesizer({ qualifier }) }));
    new GitHubDeployRole(stack, 'Deploy', { ...GITHUB, stacks });
    const [{ Resource }] = policyStatements(stack);
    expect(Resource).toHaveLength(8);
    expect(Resource).toEqual(expect.arrayContaining([
      'arn:aws:iam::444455556666:role/cdk-hnb659fds-deploy-role-444455556666-us-east-1',
      'arn:aws:iam::444455556666:role/cdk-mine-deploy-role-444455556666-us-east-1',
    ]));
  });
});

test.each<[Partial<GitHubRoleProps>, string]>([
  [{ repository: 'shop' }, 'repository "shop" is not <owner>/<name>'],
  [{ repository: 'octo-org/*' }, 'repository "octo-org/*" is not <owner>/<name>'],
  [{ ownerId: '' }, 'ownerId "" is not a number: pass the ID that "gh api repos/octo-org/shop --jq .owner.id" prints'],
  [{ repositoryId: '*' }, 'repositoryId "*" is not a number: pass the ID that "gh api repos/octo-org/shop --jq .id" prints'],
  [{ subjects: [] }, 'subjects is empty'],
])('invalid properties of a role are refused: %j', (props, message) => {
  const stack = new Stack(testApp(), 'GitHub', { env: ENV });
  expect(() => new GitHubDeployRole(stack, 'Deploy', { ...GITHUB, ...props })).toThrow(message);
});

test.each(['', 'a b', 'v?', '${aws:username}', 'v1:x', undefined as any])('GitHubSubject.tag refuses %p', (pattern) => {
  expect(() => GitHubSubject.tag(pattern)).toThrow('GitHubSubject.tag: ');
});

test.each([['GitHubDeployRole', GitHubDeployRole], ['GitHubDiffRole', GitHubDiffRole]])('a %s without a stack is refused', (_, Role) => {
  const stack = new Stack(testApp(), 'GitHub', { env: ENV });
  expect(() => new Role(stack, 'Role', { ...GITHUB, stacks: [] })).toThrow('stacks is empty, so the role would have no permissions (at GitHub/Role)');
});

test.each(['', '*', 'feature/*', 'a b', '${aws:username}', undefined as any])('GitHubSubject.branch and GitHubSubject.environment refuse %p', (name) => {
  expect(() => GitHubSubject.branch(name)).toThrow('GitHubSubject.branch: ');
  expect(() => GitHubSubject.environment(name)).toThrow('GitHubSubject.environment: ');
});

function deployRole(
  props: Partial<GitHubRoleProps> | ((stack: Stack) => Partial<GitHubRoleProps>) = {},
): { stack: Stack; template: Template; policy: any } {
  const stack = new Stack(testApp(), 'GitHub', { env: ENV });
  new GitHubDeployRole(stack, 'Deploy', { ...GITHUB, ...typeof props === 'function' ? props(stack) : props });
  const template = Template.fromStack(stack);
  const [role] = Object.values(template.findResources('AWS::IAM::Role', { Properties: Match.objectLike({ RoleName: 'GitHub-Deploy' }) }));
  return { stack, template, policy: role.Properties.AssumeRolePolicyDocument };
}

/** Evaluates a trust policy as IAM does. Fails for any element that the roles of this library do not use. */
function mayAssume({ Statement }: any, claims: Record<string, string>): boolean {
  return Statement.some(({ Effect, Action, Condition }: any) => {
    expect([Effect, Action]).toEqual(['Allow', 'sts:AssumeRoleWithWebIdentity']);
    return Object.entries<any>(Condition).every(([operator, keys]) => {
      expect(['StringEquals', 'StringLike']).toContain(operator);
      const fits = (pattern: string, value: string) => operator === 'StringLike' ? likeness(pattern).test(value) : pattern === value;
      return Object.entries<any>(keys).every(([key, values]) => [values].flat().some((pattern) => fits(pattern, claims[key.replace(`${PROVIDER}:`, '')])));
    });
  });
}

/** `*` stands for any characters, `?` for one. */
function likeness(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's');
}
