import { Duration } from 'aws-cdk-lib';
import { Actions } from './actions';
import { EnvironmentPlan } from '../deploy-plan';

/** What the plan does not tell about a workflow, with all defaults filled in. */
export interface WorkflowSettings {
  readonly name: string;
  readonly branch: string;
  readonly checks: Record<string, string>;
  readonly installCommand: string;
  readonly cdkCommand: string;
  readonly nodeVersion: string;
  readonly runsOn: string;
  readonly buildEnvironment?: string;
  readonly pushRoleArn: string;
  readonly deployRoleArn: string;
  readonly checkTimeout: Duration;
  readonly buildTimeout: Duration;
  readonly deployTimeout: Duration;
  readonly actions: Actions;

  /** Where the app is within the repository: `.` at its root. */
  readonly appDirectory: string;

  /** What GitHub calls the environment of a stage, and the role for it. */
  environmentOf(plan: EnvironmentPlan): { readonly name?: string; readonly deployRoleArn: string };
}
