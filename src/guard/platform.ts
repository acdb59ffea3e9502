import { CfnResource, Fn, Token } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { isOverridden, renderedProperties } from '../private/rendered';

/**
 * Returns the platform of a resource in the format of ECS: `LINUX/X86_64`. Returns `undefined` if the app does not decide
 * it, as on EC2 and EKS. Call it at synthesis, because overrides and aspects can change the platform until then.
 *
 * @param user a task definition, an AWS Batch container definition, or a Lambda function
 */
export function platformOf(user: IConstruct): string | undefined {
  if (isFargateContainer(user)) {
    return platform({
      OperatingSystemFamily: user.fargateOperatingSystemFamily?._operatingSystemFamily,
      CpuArchitecture: user.fargateCpuArchitecture?._cpuArchitecture,
    });
  }
  const resource = user.node.defaultChild;
  if (!resource || !CfnResource.isCfnResource(resource)) return undefined;

  switch (resource.cfnResourceType) {
    case 'AWS::ECS::TaskDefinition':
      return (user as ecs.TaskDefinition).isFargateCompatible ? platform(runtimePlatformOf(resource as ecs.CfnTaskDefinition)) : undefined;
    case 'AWS::Lambda::Function':
      return platformOfFunction(resource as lambda.CfnFunction);
    default:
      return undefined;
  }
}

function runtimePlatformOf(resource: ecs.CfnTaskDefinition): any {
  const { runtimePlatform } = resource;
  if (isOverridden(resource) || Token.isUnresolved(runtimePlatform)) return renderedProperties(resource).RuntimePlatform;
  const { operatingSystemFamily, cpuArchitecture } = (runtimePlatform ?? {}) as ecs.CfnTaskDefinition.RuntimePlatformProperty;
  return { OperatingSystemFamily: operatingSystemFamily, CpuArchitecture: cpuArchitecture };
}

function platformOfFunction(resource: lambda.CfnFunction): string | undefined {
  const architectures = isOverridden(resource) ? renderedProperties(resource).Architectures : resource.architectures;
  if (architectures !== undefined && !Array.isArray(architectures)) return undefined;
  const [architecture = 'x86_64'] = architectures ?? [];
  return typeof architecture === 'string' && !Token.isUnresolved(architecture) ? platform({ CpuArchitecture: architecture.toUpperCase() }) : undefined;
}

/** The defaults are those of Fargate. A value that is unknown at synthesis stays a token. */
function platform({ OperatingSystemFamily: family = 'LINUX', CpuArchitecture: cpu = 'X86_64', ...conditions }: any = {}): string | undefined {
  if (Object.keys(conditions).length > 0) return undefined;
  return typeof family === 'string' && typeof cpu === 'string' ? `${family}/${cpu}` : Fn.join('/', [family, cpu]);
}

function isFargateContainer(user: object): user is batch.IEcsFargateContainerDefinition {
  return 'fargateCpuArchitecture' in user;
}
