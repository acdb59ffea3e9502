import { readFileSync } from 'node:fs';
import { App, BootstraplessSynthesizer, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, FileAssetPackaging, IStackSynthesizer, LegacyStackSynthesizer, NestedStack, Stack } from 'aws-cdk-lib';
import { ArtifactType } from 'aws-cdk-lib/cloud-assembly-schema';
import { ENV } from './shop';
import { deploymentRoles } from '../../src/pipeline/deployment-roles';
import { testApp } from '../util/synth';

const OWN = {
  deployRoleArn: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/own-deploy',
  fileAssetPublishingRoleArn: 'arn:aws:iam::222222222222:role/own-files-${Qualifier}-${AWS::Region}',
  imageAssetPublishingRoleArn: 'arn:aws:iam::222222222222:role/own-images',
  lookupRoleArn: 'arn:aws:iam::222222222222:role/own-lookup',
};

describe('the roles that the library derives equal the roles in the cloud assembly', () => {
  class Company extends DefaultStackSynthesizer {
    constructor() {
      super({ ...OWN, qualifier: 'company' });
    }
  }

  test.each<[string, () => IStackSynthesizer]>([
    ['the default synthesizer', () => new DefaultStackSynthesizer()],
    ['another qualifier', () => new DefaultStackSynthesizer({ qualifier: 'mine', bucketPrefix: 'shop/', fileAssetsBucketName: 'own-bucket' })],
    ['explicit roles', () => new DefaultStackSynthesizer(OWN)],
    ['a subclass of the default synthesizer', () => new Company()],
    ['some roles omitted', () => new DefaultStackSynthesizer({ fileAssetPublishingRoleArn: '', lookupRoleArn: '' })],
    ['additional parameters of sts:AssumeRole', () => new DefaultStackSynthesizer({
      lookupRoleExternalId: 'secret', lookupRoleAdditionalOptions: { Tags: [{ Key: 'team', Value: 'shop' }] }, deployRoleAdditionalOptions: { PolicyArns: [{ arn: 'a' }] },
    })],
    ['CliCredentialsStackSynthesizer', () => new CliCredentialsStackSynthesizer({ qualifier: 'mine' })],
    ['LegacyStackSynthesizer', () => new LegacyStackSynthesizer()],
  ])('with %s', (_, synthesizer) => {
    const { read, named } = rolesOf(new Stack(testApp(), 'Shop', { env: ENV, synthesizer: synthesizer() }));
    expect(read).toEqual(named);
  });

  test('with the synthesizer of the app', () => {
    const { read, named } = rolesOf(new Stack(new App({ defaultStackSynthesizer: new DefaultStackSynthesizer(OWN) }), 'Shop', { env: ENV }));
    expect(read).toEqual(named);
  });

  test('in another partition', () => {
    const { read, named } = rolesOf(new Stack(testApp(), 'Shop', { env: { ...ENV, region: 'cn-north-1' } }), 'aws-cn');
    expect(read).toEqual(named);
  });
});

test('a nested stack is deployed with the roles of its parent stack', () => {
  const stack = new Stack(testApp(), 'Shop', { env: ENV, synthesizer: new DefaultStackSynthesizer(OWN) });
  expect(deploymentRoles(new NestedStack(stack, 'Nested'))).toEqual(deploymentRoles(stack));
});

test('a stack without assets is deployed with the role of its BootstraplessSynthesizer', () => {
  const stack = new Stack(testApp(), 'Shop', { env: ENV, synthesizer: new BootstraplessSynthesizer({ deployRoleArn: OWN.deployRoleArn }) });
  expect(deploymentRoles(stack).deployRoleArn?.arn).toBe('arn:aws:iam::111122223333:role/own-deploy');
});

test('a synthesizer that does not expose its roles has only the lookup role', () => {
  const stack = new Stack(testApp(), 'Shop', { env: ENV, synthesizer: new LegacyStackSynthesizer() });
  Object.defineProperty(stack.synthesizer, 'lookupRole', { value: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/lookup' });
  expect(deploymentRoles(stack)).toEqual({ lookupRoleArn: { arn: 'arn:aws:iam::111122223333:role/lookup', parameters: {} } });
});

/** The roles that the library derives from the synthesizer, and the roles in the manifest, which the CDK CLI assumes. */
function rolesOf(stack: Stack, partition = 'aws'): Record<'read' | 'named', Record<string, unknown>> {
  stack.synthesizer.addFileAsset({ sourceHash: 'a', fileName: __filename, packaging: FileAssetPackaging.FILE });
  stack.synthesizer.addDockerImageAsset({ sourceHash: 'b', directoryName: __dirname });
  const read = deploymentRoles(stack);

  const assembly = App.of(stack)!.synth();
  const { assumeRoleArn, assumeRoleExternalId, assumeRoleAdditionalOptions, lookupRole } = assembly.getStackByName('Shop') as any;
  const assets: any = assembly.artifacts.find(({ manifest }) => manifest.type === ArtifactType.ASSET_MANIFEST);
  const { files, dockerImages } = assets ? JSON.parse(readFileSync(assets.file, 'utf8')) : {};
  const named = Object.entries<any>({
    deployRoleArn: { assumeRoleArn, assumeRoleExternalId, assumeRoleAdditionalOptions },
    fileAssetPublishingRoleArn: files && Object.values<any>(files.a.destinations)[0],
    imageAssetPublishingRoleArn: dockerImages && Object.values<any>(dockerImages.b.destinations)[0],
    lookupRoleArn: { ...lookupRole, assumeRoleArn: lookupRole?.arn },
  }).filter(([, role]) => role?.assumeRoleArn).map(([property, role]) => [property, {
    arn: role.assumeRoleArn.replace('${AWS::Partition}', partition),
    parameters: { ...role.assumeRoleAdditionalOptions, ...role.assumeRoleExternalId && { ExternalId: role.assumeRoleExternalId } },
  }]);
  return { read, named: Object.fromEntries(named) };
}
