import { Stack } from 'aws-cdk-lib';
import { EnvironmentPlaceholders } from 'aws-cdk-lib/cx-api';
import { deployedStack, partitionOf } from '../private/stacks';

/** A role that the CDK CLI assumes. */
export interface DeploymentRole {
  readonly arn: string;

  /** Further parameters of `sts:AssumeRole`, under the names of the API. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Each is named like the property of a `DefaultStackSynthesizer`. Without a role, the CDK CLI uses the credentials at hand. */
export type DeploymentRoles = Readonly<Partial<Record<RoleProperty, DeploymentRole>>>;

export type RoleProperty = keyof typeof SETTINGS;

/** Where a `DefaultStackSynthesizer` keeps what its properties say of a role. All of it is private to CDK, except `lookupRole`. */
const SETTINGS = {
  deployRoleArn: { field: '_deployRoleArn', externalId: 'deployRoleExternalId', options: 'deployRoleAdditionalOptions' },
  fileAssetPublishingRoleArn: {
    field: 'fileAssetPublishingRoleArn', externalId: 'fileAssetPublishingExternalId', options: 'fileAssetPublishingRoleAdditionalOptions',
  },
  imageAssetPublishingRoleArn: {
    field: 'imageAssetPublishingRoleArn', externalId: 'imageAssetPublishingExternalId', options: 'imageAssetPublishingRoleAdditionalOptions',
  },
  lookupRoleArn: { field: 'lookupRole', externalId: 'lookupRoleExternalId', options: 'lookupRoleAdditionalOptions' },
};

/** The roles that the synthesizer of a stack names, as far as they can be read. Some synthesizers have none. */
export function deploymentRoles(stack: Stack): DeploymentRoles {
  const deployed = deployedStack(stack);
  const synthesizer = deployed.synthesizer as { readonly props?: Record<string, any> } & Record<string, any>;
  const values = { accountId: deployed.account, region: deployed.region, partition: partitionOf(deployed) };
  const roles = Object.entries(SETTINGS).flatMap(([property, { field, externalId, options }]): [string, DeploymentRole][] => {
    const { [field]: arn, props = {} } = synthesizer;
    const ExternalId = props[externalId];
    return arn ? [[property, {
      arn: EnvironmentPlaceholders.replace(arn, values),
      parameters: { ...props[options], ...ExternalId === undefined ? {} : { ExternalId } },
    }]] : [];
  });
  return Object.fromEntries(roles);
}
