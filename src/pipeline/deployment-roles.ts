import { Stack } from 'aws-cdk-lib';
import { EnvironmentPlaceholders } from 'aws-cdk-lib/cx-api';
import { deployedStack, partitionOf } from '../private/stacks';

/** A role that the CDK CLI assumes. */
export interface DeploymentRole {
  readonly arn: string;

  /** Additional parameters of `sts:AssumeRole`, with the names of the API. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Roles by the property of `DefaultStackSynthesizer`. Without a role, the CDK CLI uses the caller's credentials. */
export type DeploymentRoles = Readonly<Partial<Record<RoleProperty, DeploymentRole>>>;

export type RoleProperty = keyof typeof SETTINGS;

/** Fields of a `DefaultStackSynthesizer` that contain the properties of a role. All fields except `lookupRole` are private to CDK. */
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

/** Reads the roles of a stack's synthesizer. Some synthesizers have no roles. */
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
