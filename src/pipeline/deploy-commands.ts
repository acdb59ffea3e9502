import { Release, StackPlan } from './deploy-plan';
import { originOf } from './image-plan';
import { command, quoted } from './shell';
import { imageVariable } from './shell-calls';

/** Deploys stacks, and passes the image of each release as a parameter. The CDK CLI also deploys the stacks that they depend on. */
export function deploy(cdk: string, stacks: StackPlan[], releases: Release[] = []): string {
  return command(`${cdk} deploy ${stacks.map(({ deployId }) => quoted(deployId)).join(' ')} --require-approval never`,
    ...releases.map(({ parameterName, image }) => `--parameters "${parameterName}=$${imageVariable(originOf(image))}"`));
}

/** Fails if a service runs another image than the pushed one. */
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

/** If the CDK CLI has no lookup role, the caller's credentials also deploy, so they have read access. */
function asReader({ region, roles: { lookupRoleArn: role } }: StackPlan): string[] {
  if (!role) return [];
  const request = { RoleSessionName: 'phased-fargate', ...role.parameters, RoleArn: role.arn };
  return [`as_reader ${region} ${quoted(JSON.stringify(request))}`];
}
