import { join } from 'node:path';
import { buildAndPush } from './image-builder';
import { SourceRepository } from './source-repository';
import { Emulator } from '../../emulator/emulator';

/** A job as its steps see it. */
export interface JobEnvironment {
  readonly emulator: Emulator;
  readonly source: SourceRepository;
  readonly sha: string;
  readonly workspace: string;
  readonly permissions: Record<string, string>;

  /** Environment variables for all further steps. */
  readonly env: Record<string, string>;

  /** Whether Docker has logged in to a registry. */
  dockerIsLoggedIn: boolean;
  buildxIsSetUp: boolean;
}

type Inputs = Record<string, any>;

/** What stands in for each action: does what matters of it, refuses what the action itself would refuse. Returns its outputs. */
type StandIn = (job: JobEnvironment, inputs: Inputs) => Promise<Record<string, string>>;

const STAND_INS: Record<string, StandIn> = {
  'actions/checkout': async ({ source, sha, workspace, permissions }, inputs) => {
    if (permissions.contents !== 'read') throw new Error('checkout: Resource not accessible by integration');
    source.clone(workspace, sha, inputs['fetch-depth'] ?? 1);
    return {};
  },

  'actions/setup-node': async () => ({}),

  'aws-actions/configure-aws-credentials': async ({ emulator, env, permissions }, inputs): Promise<Record<string, string>> => {
    if (!/^arn:aws:iam::\d{12}:role\/./.test(inputs['role-to-assume'])) throw new Error('Request ARN is invalid');
    if (inputs['role-chaining'] ? !env.AWS_ACCESS_KEY_ID : permissions['id-token'] !== 'write') {
      throw new Error('Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers');
    }
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = emulator.env;
    if (inputs['output-env-credentials'] !== false) {
      Object.assign(env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: inputs['aws-region'], AWS_DEFAULT_REGION: inputs['aws-region'] });
    }
    if (!inputs['output-credentials']) return {};
    return { 'aws-access-key-id': AWS_ACCESS_KEY_ID, 'aws-secret-access-key': AWS_SECRET_ACCESS_KEY, 'aws-session-token': 'token' };
  },

  'aws-actions/amazon-ecr-login': async (job) => {
    if (!job.env.AWS_ACCESS_KEY_ID) throw new Error('Could not load credentials from any providers');
    job.dockerIsLoggedIn = true;
    return {};
  },

  'docker/setup-qemu-action': async () => ({}),

  'docker/setup-buildx-action': async (job) => {
    job.buildxIsSetUp = true;
    return {};
  },

  'docker/build-push-action': async (job, inputs) => {
    if (!job.dockerIsLoggedIn) throw new Error('401 Unauthorized');
    if (!job.buildxIsSetUp) throw new Error('Cache export is not supported for the docker driver.');
    if (inputs.push !== true) throw new Error('nothing is pushed');
    const build = {
      context: join(job.workspace, inputs.context),
      dockerfile: join(job.workspace, inputs.file),
      platforms: inputs.platforms.split(','),
      provenance: inputs.provenance !== false,
    };
    const digest = await buildAndPush(job.emulator, { ...build, tags: inputs.tags.split('\n') });
    const cache = /type=registry,ref=([^,]+)/.exec(inputs['cache-to'])?.[1];
    if (cache) await buildAndPush(job.emulator, { ...build, tags: [cache], provenance: false });
    return { digest };
  },
};

/** Runs what stands in for an action. The action must be pinned by a commit. */
export async function runAction(uses: string, job: JobEnvironment, inputs: Inputs): Promise<Record<string, string>> {
  const [name, commit] = uses.split('@');
  if (!(name in STAND_INS) || !/^[0-9a-f]{40}$/.test(commit)) throw new Error(`nothing stands in for ${uses}`);
  return STAND_INS[name](job, inputs);
}
