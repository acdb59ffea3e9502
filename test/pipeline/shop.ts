import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Stack, StackProps, Stage } from 'aws-cdk-lib';
import { DeployWorkflow, DeployWorkflowProps, ImageRegistry, PhasedFargateService } from '../../src';
import { testApp } from '../util/synth';

export const ENV = { account: '111122223333', region: 'eu-west-1' };

export const ROLES = {
  pushRoleArn: 'arn:aws:iam::111122223333:role/push',
  deployRoleArn: 'arn:aws:iam::111122223333:role/deploy',
};

/** Creates a stack with a service, and its registry stack. */
export function serviceIn(app: App | Stage, id = 'Shop', props: StackProps = { env: ENV }): PhasedFargateService {
  return new PhasedFargateService(new Stack(app, id, props), 'Api');
}

/** Creates an app with two stages that run the image of one registry. */
export function stages(): { app: App; registry: ImageRegistry; staging: Stage; production: Stage } {
  const app = testApp();
  const registry = new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Shop', { repositoryName: 'shop' });
  const [staging, production] = ['Staging', 'Production'].map((name) => {
    const stage = new Stage(app, name);
    new PhasedFargateService(new Stack(stage, 'Shop', { env: ENV }), 'Api', { registry });
    return stage;
  });
  return { app, registry, staging, production };
}

export function workflow(scope: App | Stage, props: Partial<DeployWorkflowProps> = {}): DeployWorkflow {
  return new DeployWorkflow(scope, 'Deploy', { ...ROLES, ...props });
}

/** Calls `work` in a source repository with these files, and these directories with a Dockerfile in each. */
export function inSources<T>(content: { directories?: string[]; files?: string[]; marker?: string }, work: (root: string) => T): T {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-sources-')));
  const cwd = jest.spyOn(process, 'cwd').mockReturnValue(root);
  try {
    const files = [...(content.directories ?? []).map((directory) => `${directory}/Dockerfile`), ...content.files ?? []];
    for (const file of files) {
      fs.mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), '');
    }
    fs.mkdirSync(path.join(root, content.marker ?? '.git'));
    return work(root);
  } finally {
    cwd.mockRestore();
    fs.rmSync(root, { recursive: true });
  }
}
