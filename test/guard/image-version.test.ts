import { App, Aws, CfnParameter, CfnResource, Lazy, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { ImageGuard, ImageVersion, PhasedFargateService } from '../../src';
import { guardProperties } from '../util/guard';
import { testApp } from '../util/synth';

const GUARD = 'Custom::ImageGuard';
const HEX = '0123456789abcdef'.repeat(4);
const NOT_A_TAG = 'is not valid: pass 1 to 128 letters, digits, ".", "_", and "-", and do not start with "." or "-"';

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function guardWith(imageVersion?: ImageVersion, scope: Construct = stack, id = 'Guard'): ImageGuard {
  const registry = ecr.Repository.fromRepositoryName(scope, `${id}Images`, 'app-mp');
  return new ImageGuard(scope, id, { registry, imageVersion });
}

function sent(imageVersion?: ImageVersion): any {
  guardWith(imageVersion);
  return guardProperties(stack);
}

describe.each(['tag', 'movingTag'] as const)('ImageVersion.%s', (factory) => {
  const make = (value: any) => ImageVersion[factory](value);

  test.each(['v1', '4f2a9c1', '_', '1.2.3-rc.1', 'A_b-c.d', 'a'.repeat(128)])('requests the tag %s', (tag) => {
    expect(sent(make(tag))).toMatchObject({ VersionKind: factory, VersionValue: tag });
  });

  test.each([
    '', ' ', '.v1', '-v1', 'v 1', 'v1\n', 'v1:2', 'v1@x', 'team/v1', 'vé', 'a'.repeat(129), 'undefined:', '$TAG',
  ])('refuses %j with its name and the value', (tag) => {
    expect(() => make(tag)).toThrow(new Error(`ImageVersion.${factory}: "${tag}" ${NOT_A_TAG}`));
  });

  test.each<[any, string]>([
    [undefined, 'undefined'], [null, 'null'], [42, '42'], [{ tag: 'v1' }, '{ tag }'], [['v1'], '["v1"]'],
  ])('refuses %p, which only JavaScript programs can pass', (tag, shown) => {
    expect(() => make(tag)).toThrow(`ImageVersion.${factory}: ${shown} ${NOT_A_TAG}`);
  });

  test('suggests ImageVersion.digest for a digest', () => {
    expect(() => make(`sha256:${HEX}`))
      .toThrow(`ImageVersion.${factory}: "sha256:${HEX}" ${NOT_A_TAG}; for a digest, use ImageVersion.digest`);
  });

  test('accepts a token', () => {
    const parameter = new CfnParameter(stack, 'Sha');
    expect(sent(make(parameter.valueAsString))).toMatchObject({ VersionKind: factory, VersionValue: { Ref: 'Sha' } });
  });

  test('accepts a tag that contains a token', () => {
    expect(sent(make(`build-${Aws.REGION}`))).toMatchObject({ VersionValue: { 'Fn::Join': ['', ['build-', { Ref: 'AWS::Region' }]] } });
  });

  test('accepts a lazy value', () => {
    expect(sent(make(Lazy.string({ produce: () => 'v1' })))).toMatchObject({ VersionValue: 'v1' });
  });
});

describe('ImageVersion.tag', () => {
  test.each(['latest', 'cache', 'cache-main', 'deployed-api-1a2b'])('refuses the moving tag %s, with an error that names movingTag', (tag) => {
    expect(() => ImageVersion.tag(tag)).toThrow(new Error(
      `ImageVersion.tag: "${tag}" is a moving tag, so a deployment cannot tell which image is meant: ` +
      'pass a tag that does not move, such as a commit SHA, or use ImageVersion.movingTag'));
  });

  test.each(['latest-1', 'Latest', 'v-latest', 'mycache', 'deployed'])('accepts %s, which only resembles a moving tag', (tag) => {
    expect(sent(ImageVersion.tag(tag))).toMatchObject({ VersionValue: tag });
  });
});

describe('ImageVersion.movingTag', () => {
  test.each(['latest', 'cache-main'])('accepts %s', (tag) => {
    expect(sent(ImageVersion.movingTag(tag))).toMatchObject({ VersionKind: 'movingTag', VersionValue: tag });
  });

  test('changes with each synthesis, so that the guard looks up the tag again', () => {
    const [one, other] = [1, 2].map(() => {
      stack = new Stack(testApp(), 'Web');
      return sent(ImageVersion.movingTag('main')).Nonce;
    });
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect(other).not.toBe(one);
  });
});

describe('ImageVersion.digest', () => {
  test('requests the digest', () => {
    expect(sent(ImageVersion.digest(`sha256:${HEX}`))).toMatchObject({ VersionKind: 'digest', VersionValue: `sha256:${HEX}` });
  });

  test.each([
    '', 'v1', HEX, `sha256:${HEX}0`, `sha256:${HEX.slice(1)}`, `sha256:${HEX.toUpperCase()}`, `sha512:${HEX}`, ` sha256:${HEX}`, `sha256:${HEX}\n`,
  ])('refuses %j with its name and the value', (digest) => {
    expect(() => ImageVersion.digest(digest))
      .toThrow(new Error(`ImageVersion.digest: "${digest}" is not valid: pass "sha256:" and 64 lowercase hexadecimal digits`));
  });

  test.each([[undefined], [null], [42]])('refuses %p', (digest: any) => {
    expect(() => ImageVersion.digest(digest)).toThrow(`ImageVersion.digest: ${digest} is not valid`);
  });

  test('accepts a token', () => {
    expect(sent(ImageVersion.digest(new CfnParameter(stack, 'Digest').valueAsString))).toMatchObject({ VersionValue: { Ref: 'Digest' } });
  });
});

test.each([
  ['tag', ImageVersion.tag('v1')],
  ['digest', ImageVersion.digest(`sha256:${HEX}`)],
  ['parameter', ImageVersion.parameter()],
])('ImageVersion.%s results in the same template at each synthesis, without a nonce', (_, version) => {
  expect(sent(version).Nonce).toBeUndefined();
});

describe('ImageVersion.parameter', () => {
  const parameters = () => Object.entries(Template.fromStack(stack).toJSON().Parameters).filter(([name]) => name !== 'BootstrapVersion');

  test('is the default', () => {
    expect(sent()).toMatchObject({ VersionKind: 'parameter', VersionValue: { Ref: 'ImageTag' }, ParameterName: 'Web:ImageTag' });
  });

  test('adds a parameter with an empty default, so that users can omit it', () => {
    guardWith();
    expect(parameters()).toEqual([['ImageTag', {
      Type: 'String',
      Default: '',
      AllowedPattern: '^([A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64})?$',
      ConstraintDescription: 'must be an image tag, a sha256 digest, or both as <tag>@<digest>',
      Description: 'Tag of the image to run, its digest, or <tag>@<digest>. If omitted, the previous value is kept',
    }]]);
  });

  test.each(['', 'v1', 'latest', 'a'.repeat(128), `sha256:${HEX}`, `v1@sha256:${HEX}`, `${'a'.repeat(128)}@sha256:${HEX}`])('accepts the value %j', (value) => {
    guardWith();
    expect(value).toMatch(new RegExp(Template.fromStack(stack).toJSON().Parameters.ImageTag.AllowedPattern));
  });

  test.each([' ', 'v 1', '-v1', 'a'.repeat(129), `sha256:${HEX}0`, 'team/app:v1', `@sha256:${HEX}`, 'v1@', 'v1@v2', `v1@sha256:${HEX}0`])('refuses the value %j', (value) => {
    guardWith();
    expect(value).not.toMatch(new RegExp(Template.fromStack(stack).toJSON().Parameters.ImageTag.AllowedPattern));
  });

  test.each([
    [['Guard'], 'ImageTag'],
    [['Images'], 'ImagesImageTag'],
    [['Api', 'Guard'], 'ApiImageTag'],
    [['web-site', 'Api_2', 'Guard'], 'websiteApi2ImageTag'],
    [['Guard', 'Guard'], 'GuardImageTag'],
    [['Guard', 'Check'], 'GuardCheckImageTag'],
  ])('is named after the path %j', (path, name) => {
    const scope = path.slice(0, -1).reduce((above: Construct, id) => new Construct(above, id), stack);
    guardWith(undefined, scope, path.at(-1));
    expect(parameters().map(([logicalId]) => logicalId)).toEqual([name]);
  });

  test('is named <id>ImageTag for a service', () => {
    new PhasedFargateService(stack, 'Api');
    expect(parameters().map(([name]) => name)).toEqual(['ApiImageTag']);
  });

  test('can have another name', () => {
    expect(sent(ImageVersion.parameter('Release'))).toMatchObject({ VersionValue: { Ref: 'Release' }, ParameterName: 'Web:Release' });
  });

  test('belongs to the outermost stack, because users cannot pass parameters to a nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    guardWith(undefined, nested);
    expect(parameters().map(([name]) => name)).toEqual(['NestedImageTag']);
    Template.fromStack(nested).hasResourceProperties(GUARD, { ParameterName: 'Web:NestedImageTag' });
  });

  test('is sent to the guard in the format of --parameters', () => {
    const inStage = new Stack(new Stage(app, 'Prod'), 'Web', { stackName: 'web-prod' });
    guardWith(undefined, inStage);
    Template.fromStack(inStage).hasResourceProperties(GUARD, { ParameterName: 'web-prod:ImageTag', ServiceStack: 'Prod/Web' });
  });

  test('is sent to the guard with its logical ID, even if the stack renames it', () => {
    stack.renameLogicalId('ImageTag', 'Sha');
    expect(sent()).toMatchObject({ VersionValue: { Ref: 'Sha' }, ParameterName: 'Web:Sha' });
  });

  test('is shared by guards that use the same name', () => {
    guardWith(ImageVersion.parameter('Release'), stack, 'One');
    guardWith(ImageVersion.parameter('Release'), stack, 'Other');
    expect(parameters().map(([name]) => name)).toEqual(['Release']);
    Template.fromStack(stack).allResourcesProperties(GUARD, { VersionValue: { Ref: 'Release' } });
  });

  test('is shared by guards that use the same ImageVersion', () => {
    const version = ImageVersion.parameter('Release');
    guardWith(version, stack, 'One');
    guardWith(version, new NestedStack(stack, 'Nested'), 'Other');
    expect(parameters().map(([name]) => name)).toEqual(['Release']);
  });

  test('uses an existing parameter of the stack', () => {
    new CfnParameter(stack, 'Release', { default: 'v1' });
    expect(sent(ImageVersion.parameter('Release'))).toMatchObject({ VersionValue: { Ref: 'Release' } });
    expect(parameters()).toEqual([['Release', { Type: 'String', Default: 'v1' }]]);
  });

  test.each(['', 'Image-Tag', 'Image Tag', 'Web:Tag', 'a'.repeat(256), 'Tägli', 'Tag\n'])('refuses the name %j, which CloudFormation does not allow', (name) => {
    expect(() => ImageVersion.parameter(name))
      .toThrow(new Error(`ImageVersion.parameter: name "${name}" is not valid: use only letters and digits`));
  });

  test('refuses a name that is a token', () => {
    expect(() => ImageVersion.parameter(Aws.REGION)).toThrow('ImageVersion.parameter: name a token is not valid: use only letters and digits');
  });

  test('refuses the ID of another construct in the stack', () => {
    new CfnResource(stack, 'Release', { type: 'Test::Resource' });
    expect(() => guardWith(ImageVersion.parameter('Release'))).toThrow(new Error(
      'the stack parameter "Release" cannot be created, because Web has a child with that ID: ' +
      'pass imageVersion: ImageVersion.parameter(<another name>) (at Web/Guard)'));
  });

  test('refuses a default name that already exists, even if it is a parameter', () => {
    new CfnParameter(stack, 'ImageTag');
    expect(() => guardWith()).toThrow('the stack parameter "ImageTag" cannot be created, because Web has a child with that ID');
  });

  test('refuses two equal default names', () => {
    guardWith(undefined, stack, 'my-api');
    expect(() => guardWith(undefined, stack, 'my_api')).toThrow('the stack parameter "myapiImageTag" cannot be created');
  });
});
