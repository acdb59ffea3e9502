import { Release, StackPlan } from './deploy-plan';
import { imageVariable } from './image-commands';
import { originOf } from './image-plan';
import { command, quoted } from './shell';

/** Deploys stacks, each release with its image. Anything that these stacks depend on is deployed as well. */
export function deploy(cdk: string, stacks: StackPlan[], releases: Release[] = []): string {
  return command(`${cdk} deploy ${stacks.map(({ deployId }) => quoted(deployId)).join(' ')} --require-approval never`,
    ...releases.map(({ parameterName, image }) => `--parameters "${parameterName}=$${imageVariable(originOf(image))}"`));
}

/** Compares what the services run with what was pushed, and fails if any of it differs. */
export function verify(releases: Release[]): string {
  return [
    'failed=false',
    ...releases.map(({ stack, image }) => command(
      ...asReader(stack),
      `verify ${quoted(stack.stackName)} ${stack.region}`,
      `${image.repositoryUri} "\${${imageVariable(originOf(image))}#*@}" || failed=true`)),
    '[[ $failed == false ]]',
  ].join('\n');
}

/** Where the CDK CLI has no role to look things up with, the credentials at hand are those that deploy, so they may read as well. */
function asReader({ region, roles: { lookupRoleArn: role } }: StackPlan): string[] {
  if (!role) return [];
  const request = { RoleSessionName: 'phased-fargate', ...role.parameters, RoleArn: role.arn };
  return [`as_reader ${region} ${quoted(JSON.stringify(request))}`];
}
