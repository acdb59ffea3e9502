import { Duration, Token } from 'aws-cdk-lib';
import { Actions } from './actions';
import { DeployWorkflowProps, WorkflowEnvironment } from './deploy-workflow-props';
import { kebabCase } from '../../private/names';
import { shown } from '../../private/validation';
import { EnvironmentPlan } from '../deploy-plan';
import { appDirectory } from '../generated-file';
import { ImageBuild } from '../image-build';
import { installationHere, InstallStep } from '../package-manager';

/** Settings of a workflow that the plan does not contain, with all defaults. */
export interface WorkflowSettings {
  readonly name: string;
  readonly branch: string;
  readonly checks: Record<string, string>;
  readonly install: InstallStep[];
  readonly cdkCommand: string;
  readonly nodeVersion: string;
  readonly runsOn: string;
  readonly buildEnvironment?: string;
  readonly pushRoleArn: string;
  readonly deployRoleArn: string;
  readonly diffRoleArn?: string;
  readonly checkTimeout: Duration;
  readonly buildTimeout: Duration;
  readonly deployTimeout: Duration;
  readonly actions: Actions;

  /** Directory of the app within the repository: `.` for the root. */
  readonly appDirectory: string;

  /** GitHub environment of a stage, and the role that deploys it. */
  environmentOf(plan: EnvironmentPlan): { readonly property: string; readonly name?: string; readonly deployRoleArn: string };
}

const JOB_ID = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Characters that GitHub treats as a pattern, or that git does not allow. */
const NOT_IN_BRANCHES = /[\s~^:?*[\]\\!+${}]/;

/** Default environment of builds with secrets. All workflows on every branch can read the secrets of a repository. */
const BUILD_ENVIRONMENT = 'build';

/** Maximum lifetime of AWS credentials. */
const LONGEST_SESSION = Duration.hours(12);

/** @throws if the value of a property is not valid */
export function workflowSettings(id: string, props: DeployWorkflowProps): WorkflowSettings {
  const { pushRoleArn, deployRoleArn, diffRoleArn, environments = [], checks = {}, branch = 'main', workflowName = kebabCase([id]) } = props;
  const unnamed = environments.findIndex(({ environmentName }) => environmentName === '');
  if (unnamed >= 0) throw new Error(`environments[${unnamed}].environmentName is empty`);
  checkArns({ pushRoleArn, deployRoleArn, diffRoleArn }, environments);
  for (const [name, command] of Object.entries(checks)) {
    if (!JOB_ID.test(name)) throw new Error(`checks: ${shown(name)} cannot be a job ID: use letters, digits, _, and -, and start with a letter or _`);
    if (!command?.trim()) throw new Error(`checks: ${name} has no command`);
  }
  if (!FILE_NAME.test(workflowName)) throw new Error(`workflowName ${shown(workflowName)} cannot be a file name: use letters, digits, _, -, and .`);
  if (branch === '' || NOT_IN_BRANCHES.test(branch)) throw new Error(`branch ${shown(branch)} is not the name of one branch`);
  if (props.installCommand?.trim() === '') throw new Error('installCommand is empty');
  const installed = props.installCommand === undefined ? installationHere() : undefined;
  if (installed?.fault) throw new Error(installed.fault);
  return {
    name: workflowName,
    branch,
    checks,
    install: installed?.steps ?? [{ name: 'Install', directory: appDirectory(), commands: [props.installCommand!] }],
    cdkCommand: props.cdkCommand ?? installed?.cdkCommand ?? 'npx cdk',
    nodeVersion: props.nodeVersion ?? '22',
    runsOn: props.runsOn ?? 'ubuntu-24.04',
    buildEnvironment: props.buildEnvironmentName ?? (hasSecrets(props.images) ? BUILD_ENVIRONMENT : undefined),
    pushRoleArn,
    deployRoleArn,
    diffRoleArn,
    // The diff has the same timeout as a check, and needs AWS credentials.
    checkTimeout: timeout('checkTimeout', props.checkTimeout ?? Duration.minutes(30), diffRoleArn ? LONGEST_SESSION : undefined),
    buildTimeout: timeout('buildTimeout', props.buildTimeout ?? Duration.minutes(60), LONGEST_SESSION),
    deployTimeout: timeout('deployTimeout', props.deployTimeout ?? Duration.minutes(60), LONGEST_SESSION),
    actions: new Actions(props.actions),
    appDirectory: appDirectory(),
    environmentOf: ({ stage, stageName }) => {
      const index = environments.findIndex((candidate) => candidate.stage === stage);
      const { environmentName, deployRoleArn: ownRoleArn } = environments[index] ?? {};
      return {
        property: ownRoleArn ? `environments[${index}].deployRoleArn` : 'deployRoleArn',
        name: environmentName ?? (stageName || undefined),
        deployRoleArn: ownRoleArn ?? deployRoleArn,
      };
    },
  };
}

function hasSecrets(images: ImageBuild[] = []): boolean {
  return images.some(({ secrets = {} }) => Object.keys(secrets).length > 0);
}

function checkArns(arns: Record<string, string | undefined>, environments: WorkflowEnvironment[]): void {
  const more = environments.map(({ deployRoleArn }, index) => [`environments[${index}].deployRoleArn`, deployRoleArn]);
  for (const [property, arn] of [...Object.entries(arns), ...more]) {
    if (arn === '') throw new Error(`${property} is empty`);
    if (Token.isUnresolved(arn)) {
      throw new Error(`${property} must be known at synthesis: pass env with an account to the stack of the role, or pass the ARN as a string`);
    }
  }
}

function timeout(property: string, duration: Duration, max?: Duration): Duration {
  if (duration.isUnresolved()) throw new Error(`${property} must be known at synthesis`);
  const minutes = duration.toMinutes({ integral: false });
  if (!Number.isInteger(minutes) || minutes < 1) throw new Error(`${property} ${duration.toHumanString()} is not valid: pass a whole number of minutes, 1 or more`);
  if (max && minutes > max.toMinutes()) throw new Error(`${property} ${duration.toHumanString()} is longer than ${max.toHumanString()}, the longest lifetime of AWS credentials`);
  return duration;
}
