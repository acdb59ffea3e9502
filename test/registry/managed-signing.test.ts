import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ImageRegistry } from '../../src';
import { testApp } from '../util/synth';

const HERE = { account: '111111111111', region: 'eu-west-1' };
const profile = (name: string) => `arn:aws:signer:eu-west-1:111111111111:/signing-profiles/${name}`;

let app: App;
let stack: Stack;
beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Images', { env: HERE });
});

test('registries of one stack share one signing configuration, with a rule for each profile', () => {
  new ImageRegistry(stack, 'Api', { repositoryName: 'api', signingProfile: profile('Release') });
  new ImageRegistry(stack, 'Worker', { repositoryName: 'worker', signingProfile: profile('Release') });
  new ImageRegistry(stack, 'Web', { repositoryName: 'web', signingProfile: profile('Web') });
  new ImageRegistry(stack, 'Plain', { repositoryName: 'plain' });

  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::ECR::SigningConfiguration', 1);
  template.hasResourceProperties('AWS::ECR::SigningConfiguration', {
    Rules: [
      { SigningProfileArn: profile('Release'), RepositoryFilters: ['api', 'worker'].map((Filter) => ({ Filter, FilterType: 'WILDCARD_MATCH' })) },
      { SigningProfileArn: profile('Web'), RepositoryFilters: [{ Filter: 'web', FilterType: 'WILDCARD_MATCH' }] },
    ],
  });
});

test.each(['a--b', 'a__b', 'team/a--b'])('a name that ECR accepts but signing rules do not is refused: %s', (repositoryName) => {
  expect(() => new ImageRegistry(stack, 'Api', { repositoryName, signingProfile: profile('Release') })).toThrow(
    `signingProfile cannot sign repositoryName "${repositoryName}": a signing configuration accepts only names without "__" and without consecutive hyphens (at Images/`);
  expect(() => new ImageRegistry(stack, 'Unsigned', { repositoryName: `${repositoryName}-unsigned` })).not.toThrow();
});

test('a registry without a profile configures nothing', () => {
  new ImageRegistry(stack, 'Api');

  Template.fromStack(stack).resourceCountIs('AWS::ECR::SigningConfiguration', 0);
});

test('a second stack for the same account and region is refused, and one for another region is not', () => {
  new ImageRegistry(stack, 'Api', { signingProfile: profile('Release') });
  new ImageRegistry(new Stack(app, 'Elsewhere', { env: { ...HERE, region: 'us-east-1' } }), 'Api', { signingProfile: profile('Release') });

  expect(() => new ImageRegistry(new Stack(app, 'Other', { env: HERE }), 'Api', { signingProfile: profile('Release') }))
    .toThrow(/^signingProfile cannot set the signing configuration of aws:\/\/111111111111\/eu-west-1, because Images\/\w+ already does: .* \(at Other\/\w+\)$/);
});

test('a role that can push can also sign', () => {
  const user = new iam.User(stack, 'User');
  new ImageRegistry(stack, 'Api', { signingProfile: profile('Release') }).grantPush(user);

  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: 'signer:SignPayload', Resource: profile('Release') }]) },
  });
});

test('an invalid profile ARN is refused', () => {
  expect(() => new ImageRegistry(stack, 'Api', { signingProfile: 'Release' })).toThrow(/^signingProfile "Release" is not the ARN of a signing profile \(at Images\/\w+\)$/);
});
