import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildxArguments } from './build-push-action';
import { parseBuild } from './buildx-arguments';
import { ImageBuilder } from './image-builder';
import { SourceRepository } from './source-repository';
import { Emulator } from '../../emulator/emulator';

/** A job from the view of its steps. */
export interface JobEnvironment {
  readonly emulator: Emulator;
  readonly source: SourceRepository;
  readonly sha: string;
  readonly workspace: string;
  readonly permissions: Record<string, string>;

  /** Environment variables for all further steps. */
  readonly env: Record<string, string>;

  buildxIsSetUp: boolean;
}

type Inputs = Record<string, any>;

/** Stand-in for each action: does the relevant part and refuses what the action itself would refuse. Returns the outputs. */
type StandIn = (job: JobEnvironment, inputs: Inputs, env: Record<string, string>) => Promise<Record<string, string>>;

const STAND_INS: Record<string, StandIn> = {
  'actions/checkout': async ({ source, sha, workspace, permissions }, inputs) => {
    if (permissions.contents !== 'read') throw new Error('checkout: Resource not accessible by integration');
    source.clone(workspace, sha, inputs['fetch-depth'] ?? 1);
    return {};
  },

  'actions/setup-node': async () => ({}),

  'aws-actions/configure-aws-credentials': async ({ emulator, env, permissions }, inputs) => {
    if (!/^arn:aws:iam::\d{12}:role\/./.test(inputs['role-to-assume'])) throw new Error('Request ARN is invalid');
    if (permissions['id-token'] !== 'write') {
      throw new Error('Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers');
    }
    // The emulator reads the account from it.
    const AWS_ACCESS_KEY_ID = inputs['role-to-assume'].split(':')[4];
    const { AWS_SECRET_ACCESS_KEY } = emulator.env;
    Object.assign(env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: inputs['aws-region'], AWS_DEFAULT_REGION: inputs['aws-region'] });
    return {};
  },

  'aws-actions/amazon-ecr-login': async (job, { registries }, { AWS_REGION }) => {
    if (!job.env.AWS_ACCESS_KEY_ID) throw new Error('Could not load credentials from any providers');
    writeFileSync(loginFile(job, `${registries}.dkr.ecr.${AWS_REGION}.amazonaws.com`), '');
    return {};
  },

  'docker/setup-qemu-action': async () => ({}),

  'docker/setup-buildx-action': async (job) => {
    job.buildxIsSetUp = true;
    return {};
  },

  'docker/build-push-action': async (job, inputs, env) => {
    const request = parseBuild(buildxArguments(inputs), env);
    for (const tag of request.tags) {
      if (!existsSync(loginFile(job, tag.split('/')[0]))) throw new Error('401 Unauthorized');
    }
    if (!job.buildxIsSetUp) throw new Error('Cache export is not supported for the docker driver.');
    const builder = new ImageBuilder(job.emulator, job.workspace, join(job.emulator.env.HOME, 'builds.log'));
    const digest = await builder.build(request);
    const cache = /type=registry,ref=([^,]+)/.exec(request.cacheTo ?? '')?.[1];
    if (cache) await builder.build({ ...request, tags: [cache], provenance: false });
    return { digest };
  },
};

/** Credentials that Docker stores after a login. */
function loginFile({ env }: JobEnvironment, registry: string): string {
  return join(env.DOCKER_CONFIG, `docker-login-${registry}`);
}

/** Runs the stand-in for an action. The action must be pinned by a commit. */
export async function runAction(uses: string, job: JobEnvironment, inputs: Inputs, env: Record<string, string>): Promise<Record<string, string>> {
  const [name, commit] = uses.split('@');
  if (!(name in STAND_INS) || !/^[0-9a-f]{40}$/.test(commit)) throw new Error(`nothing stands in for ${uses}`);
  return STAND_INS[name](job, inputs, { ...job.env, ...env });
}
