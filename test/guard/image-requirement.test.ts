import { App, Duration, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { FindingSeverity, ImageGuard, ImageRequirement, ImageVersion, WhenMissing } from '../../src';
import { guardProperties } from '../util/guard';
import { testApp } from '../util/synth';

const PROFILE = 'arn:aws:signer:eu-west-1:111111111111:/signing-profiles/Release';
const HERE = { account: '111111111111', region: 'eu-west-1' };

let app: App;
let stack: Stack;
beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web', { env: HERE });
});

function guard(requirements?: ImageRequirement[], options: { id?: string; account?: string; whenMissing?: WhenMissing } = {}): ImageGuard {
  const { id = 'Guard', account = '111111111111', whenMissing } = options;
  const registry = ecr.Repository.fromRepositoryArn(stack, `${id}Images`, `arn:aws:ecr:eu-west-1:${account}:repository/app`);
  return new ImageGuard(stack, id, { registry, imageVersion: ImageVersion.tag('v1'), requirements, whenMissing });
}

const statements = (): any[] => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'))[0].Properties.Policies[0].PolicyDocument.Statement;
const actions = (): string[] => statements().flatMap(({ Action }) => Action);

test('a guard without requirements sends none, and gets no additional permissions', () => {
  guard();

  expect(guardProperties(stack)).not.toHaveProperty('Requirements');
  expect(actions()).toEqual([
    'cloudformation:DescribeStacks', 'logs:CreateLogStream', 'logs:PutLogEvents', 'ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer',
  ]);
});

test('a required scan is sent with its options, and adds one permission', () => {
  guard([ImageRequirement.scanned({
    failOn: FindingSeverity.HIGH,
    onlyFixable: true,
    accept: [{ id: 'CVE-2026-1234', reason: 'not reachable', until: '2027-01-31' }],
    waitFor: Duration.minutes(10),
  })]);

  expect(guardProperties(stack).Requirements.map((json: string) => JSON.parse(json))).toEqual([{
    kind: 'scanned', failOn: 'HIGH', onlyFixable: true, accepted: [{ id: 'CVE-2026-1234', reason: 'not reachable', until: '2027-01-31' }], waitSeconds: 600,
  }]);
  expect(guardProperties(stack).ServiceTimeout).toBe('900');
  expect(actions().filter((action) => /Scan|Sign|inspector/.test(action))).toEqual(['ecr:DescribeImageScanFindings']);
});

test('by default, only critical vulnerabilities stop a release, and a release waits five minutes for the scan', () => {
  guard([ImageRequirement.scanned()]);

  expect(JSON.parse(guardProperties(stack).Requirements[0])).toEqual({ kind: 'scanned', failOn: 'CRITICAL', onlyFixable: false, accepted: [], waitSeconds: 300 });
});

test('only enhanced scanning adds permissions for Amazon Inspector', () => {
  guard([ImageRequirement.scanned({ enhancedScanning: true })]);

  expect(statements()).toContainEqual({ Effect: 'Allow', Action: ['inspector2:ListFindings', 'inspector2:ListCoverage'], Resource: '*' });
});

test('enhanced scanning in another account is refused, because Inspector shows findings only in that account', () => {
  expect(() => guard([ImageRequirement.scanned({ enhancedScanning: true })], { account: '222222222222' }))
    .toThrow(/^registry Web\/GuardImages is in another account, but Amazon Inspector .* leave out enhancedScanning here, .* \(at Web\/Guard\)$/);
});

test('the profile of a required signature can be a token', () => {
  guard([ImageRequirement.signedBy(Token.asString({ 'Fn::GetAtt': ['Profile', 'Arn'] }))]);

  expect(guardProperties(stack).Requirements).toEqual([{ 'Fn::Join': ['', ['{"kind":"signed","profileArn":"', { 'Fn::GetAtt': ['Profile', 'Arn'] }, '","waitSeconds":120}']] }]);
  expect(actions()).toContain('ecr:DescribeImageSigningStatus');
});

test('guards with different requirements share the function, which has the permissions of all', () => {
  guard([ImageRequirement.signedBy(PROFILE)]);
  guard(undefined, { id: 'Other' });

  expect(statements().slice(2).map(({ Action }) => Action)).toEqual([
    ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:DescribeImageSigningStatus'],
    ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
  ]);
});

test('the waits for the image and its scan must fit into one invocation', () => {
  expect(() => guard([ImageRequirement.scanned({ waitFor: Duration.minutes(10) })], { whenMissing: WhenMissing.waitFor(Duration.minutes(5)) }))
    .toThrow(/^requirements and whenMissing wait for 15 minutes in total, but the maximum is 14 minutes, .* \(at Web\/Guard\)$/);
});

test.each<[string, () => ImageRequirement, string]>([
  ['a wait that is too long', () => ImageRequirement.scanned({ waitFor: Duration.minutes(15) }), 'ImageRequirement.scanned: waitFor 15 minutes is out of range'],
  ['a wait that is not known', () => ImageRequirement.signedBy(PROFILE, { waitFor: Duration.seconds(Token.asNumber({ Ref: 'X' })) }), 'ImageRequirement.signedBy: waitFor must be known at synthesis'],
  ['an accepted finding without a reason', () => ImageRequirement.scanned({ accept: [{ id: 'CVE-1', reason: ' ' }] }), 'ImageRequirement.scanned: accept[0].reason " " is not valid'],
  ['an accepted finding without an id', () => ImageRequirement.scanned({ accept: [{ id: 'CVE-1', reason: 'r' }, { id: '', reason: 'r' }] }), 'ImageRequirement.scanned: accept[1].id "" is not valid'],
  ['a name alone, as JavaScript lets pass', () => ImageRequirement.scanned({ accept: ['CVE-1' as never] }), 'ImageRequirement.scanned: accept[0] "CVE-1" is not an object'],
  ['a number for a wait', () => ImageRequirement.signedBy(PROFILE, { waitFor: 5 as never }), 'ImageRequirement.signedBy: waitFor 5 is not a Duration'],
  ['a day that is no text', () => ImageRequirement.scanned({ accept: [{ id: 'CVE-1', reason: 'r', until: Object.create(null) }] }), 'ImageRequirement.scanned: accept[0].until {} is not valid'],
  ['a day that does not exist', () => ImageRequirement.scanned({ accept: [{ id: 'CVE-1', reason: 'r', until: '2027-02-30' }] }), 'ImageRequirement.scanned: accept[0].until "2027-02-30" is not valid'],
  ['an unknown severity', () => ImageRequirement.scanned({ failOn: 'TERRIBLE' as never }), 'ImageRequirement.scanned: failOn "TERRIBLE" is not valid'],
  ['the name of a profile', () => ImageRequirement.signedBy('Release'), 'ImageRequirement.signedBy: signingProfileArn "Release" is not the ARN of a signing profile'],
  ['no profile', () => ImageRequirement.signedBy(undefined as never), 'ImageRequirement.signedBy: signingProfileArn undefined is not the ARN of a signing profile'],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(message);
});
