import { Duration } from 'aws-cdk-lib';
import { Actions } from './actions';
import { DeployPlan, distinctImages, EnvironmentPlan, ImagePlan, places, slug, StackPlan } from '../deploy-plan';
import { defineLookUp, defineVerify, deploy, digestVariable, lookUp, setTag, verify } from '../shell';
import { YamlMap, YamlValue } from './yaml';

/** What the plan does not tell, with all defaults filled in. */
export interface WorkflowSettings {
  readonly name: string;
  readonly branch: string;
  readonly checks: Record<string, string>;
  readonly installCommand: string;
  readonly cdkCommand: string;
  readonly nodeVersion: string;
  readonly runsOn: string;
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

const NO_MORE_THAN_READ = { contents: 'read' };
const WITH_AWS = { 'contents': 'read', 'id-token': 'write' };

const REGISTRY_JOB = 'deploy-registry';

/** The whole workflow as plain data. */
export function workflowDocument(plan: DeployPlan, settings: WorkflowSettings): YamlMap {
  const jobs = new Jobs(settings);
  const checks = Object.entries(settings.checks).map(([name, run]) => jobs.check(name, run));
  const registries = plan.registryStacks.length > 0 ? [jobs.deployRegistries(plan.registryStacks, checks)] : checks;
  const builds = new Map(plan.images.map((image) => [image, jobs.build(image, image.fromApp ? registries : checks)]));

  let before: string[] = [];
  for (const environment of plan.environments) {
    const built = distinctImages(environment).map((image) => builds.get(image)!);
    before = [jobs.deployServices(environment, [...(built.length > 0 ? built : registries), ...before])];
  }
  return {
    name: settings.name,
    on: { push: { branches: [settings.branch] } },
    permissions: {},
    defaults: { run: { 'shell': 'bash', 'working-directory': settings.appDirectory === '.' ? undefined : settings.appDirectory } },
    jobs: jobs.rendered,
  };
}

/** Collects the jobs. Each method adds one and returns its id. */
class Jobs {
  public readonly rendered: Record<string, YamlMap> = {};

  constructor(private readonly settings: WorkflowSettings) {}

  public check(name: string, run: string): string {
    return this.add(name, {
      name,
      permissions: NO_MORE_THAN_READ,
      // Each commit is checked, else a branch that never rests would never be deployed; but none of them twice at once.
      concurrency: { 'group': `\${{ github.workflow }}-${name}-\${{ github.sha }}`, 'cancel-in-progress': true },
      timeout: this.settings.checkTimeout,
      steps: [...this.setUp(), { name, run }],
    });
  }

  public deployRegistries(stacks: StackPlan[], needs: string[]): string {
    return this.add(REGISTRY_JOB, {
      name: 'Deploy the registry',
      needs,
      permissions: WITH_AWS,
      concurrency: neverCancelled('registry'),
      timeout: this.settings.deployTimeout,
      steps: [
        ...this.setUp(),
        this.logIn(this.settings.deployRoleArn, stacks[0].region),
        { name: 'Deploy', run: deploy(this.settings.cdkCommand, stacks) },
      ],
    });
  }

  public build(image: ImagePlan, needs: string[]): string {
    const missing = "steps.image.outputs.digest == ''";
    const { actions } = this.settings;
    return this.add(`build-${image.id}`, {
      name: `Build ${image.repositoryName}`,
      needs,
      permissions: WITH_AWS,
      // Two runs for one commit would push the same tag, which is immutable.
      concurrency: neverCancelled(`build-${image.id}-\${{ github.sha }}`),
      timeout: this.settings.buildTimeout,
      outputs: {
        tag: '${{ steps.image.outputs.tag }}',
        digest: '${{ steps.image.outputs.digest || steps.build.outputs.digest }}',
      },
      steps: [
        this.checkOut({ 'fetch-depth': 0, 'filter': 'blob:none' }),
        this.logIn(this.settings.pushRoleArn, image.region),
        actions.step('aws-actions/amazon-ecr-login', { name: 'Log in to the registry', with: { registries: image.account } }),
        {
          name: 'Look for the image of this commit',
          id: 'image',
          run: lines(defineLookUp(), setTag(image), lookUp(image), '{\n  echo "tag=$tag"\n  echo "digest=$digest"\n} >> "$GITHUB_OUTPUT"'),
        },
        ...needsEmulation(image) ? [actions.step('docker/setup-qemu-action', { name: 'Set up QEMU', if: missing })] : [],
        actions.step('docker/setup-buildx-action', { name: 'Set up buildx', if: missing }),
        actions.step('docker/build-push-action', { name: 'Build and push', id: 'build', if: missing, with: buildInputs(image) }),
        {
          name: 'Summarise',
          env: {
            TAG: '${{ steps.image.outputs.tag }}',
            BUILT: '${{ steps.build.outputs.digest }}',
            REUSED: '${{ steps.image.outputs.digest }}',
          },
          run: summary(['image', 'tag', 'digest', ''], [
            [image.repositoryName, '$TAG', '${REUSED:-$BUILT}', '${REUSED:+was there already}${BUILT:+built}'],
          ]),
        },
      ],
    });
  }

  public deployServices(environment: EnvironmentPlan, needs: string[]): string {
    const { name, deployRoleArn } = this.settings.environmentOf(environment);
    const digests = Object.fromEntries(distinctImages(environment).map((image) =>
      [digestVariable(image), `\${{ needs.build-${image.id}.outputs.digest }}`]));
    const label = name ?? environment.stageName;
    return this.add(environment.stageName ? `deploy-${slug(environment.stageName)}` : 'deploy', {
      name: label ? `Deploy ${label}` : 'Deploy',
      needs,
      permissions: WITH_AWS,
      environment: name,
      concurrency: neverCancelled(slug(label) || 'services'),
      timeout: this.settings.deployTimeout,
      steps: [
        ...this.setUp(),
        this.logIn(deployRoleArn, environment.stacks[0].region),
        { name: 'Deploy', env: environment.releases.length > 0 ? digests : undefined, run: deploy(this.settings.cdkCommand, environment.stacks, environment.releases) },
        ...places(environment).flatMap((place, index) => this.verify(environment, place, `look${index || ''}`, digests)),
        ...environment.releases.length > 0 ? [{
          name: 'Summarise',
          if: '${{ !cancelled() }}',
          env: { ...digests, RESULT: '${{ job.status }}' },
          run: summary(['environment', 'stack', 'image', 'digest', 'result'], environment.releases.map(({ stack, image }) =>
            [label || 'services', stack.stackName, image.repositoryName, `$${digestVariable(image)}`, '$RESULT'])),
        }] : [],
      ],
    });
  }

  /** With the role of the bootstrapped environment that may read, as the deploy role may only assume such roles. */
  private verify(environment: EnvironmentPlan, place: StackPlan, id: string, digests: YamlMap): YamlMap[] {
    const { account, region, partition, qualifier } = place;
    const releases = environment.releases.filter(({ stack }) => stack.account === account && stack.region === region);
    return [
      this.settings.actions.step('aws-actions/configure-aws-credentials', {
        name: `Look into ${region}`,
        id,
        with: {
          'role-to-assume': `arn:${partition}:iam::${account}:role/cdk-${qualifier}-lookup-role-${account}-${region}`,
          'aws-region': region,
          'role-chaining': true,
          'role-skip-session-tagging': true,
          'output-credentials': true,
          'output-env-credentials': false,
        },
      }),
      {
        name: 'Compare what runs with what was pushed',
        env: {
          ...digests,
          AWS_ACCESS_KEY_ID: `\${{ steps.${id}.outputs.aws-access-key-id }}`,
          AWS_SECRET_ACCESS_KEY: `\${{ steps.${id}.outputs.aws-secret-access-key }}`,
          AWS_SESSION_TOKEN: `\${{ steps.${id}.outputs.aws-session-token }}`,
        },
        run: lines(defineVerify('::error::'), verify(releases)),
      },
    ];
  }

  private setUp(): YamlMap[] {
    const { actions, nodeVersion, installCommand } = this.settings;
    return [
      this.checkOut(),
      actions.step('actions/setup-node', { name: 'Set up Node.js', with: { 'node-version': nodeVersion, 'package-manager-cache': false } }),
      { name: 'Install', run: installCommand },
    ];
  }

  private checkOut(inputs: YamlMap = {}): YamlMap {
    return this.settings.actions.step('actions/checkout', { name: 'Check out', with: { 'persist-credentials': false, ...inputs } });
  }

  private logIn(role: string, region: string): YamlMap {
    return this.settings.actions.step('aws-actions/configure-aws-credentials', {
      name: 'Log in to AWS',
      with: { 'role-to-assume': role, 'aws-region': region },
    });
  }

  private add(id: string, job: { readonly timeout: Duration; readonly needs?: string[]; readonly [key: string]: YamlValue | Duration }): string {
    if (id in this.rendered) throw new Error(`checks: "${id}" is the id of another job of the workflow: give the check another name`);
    const { name, needs = [], timeout, steps, ...rest } = job;
    this.rendered[id] = {
      'name': name as string,
      'needs': needs.length > 0 ? needs : undefined,
      // Said in so many words: nothing is deployed whose image was not pushed, whatever a later change adds to the condition.
      'if': needs.length > 0 ? needs.map((need) => `needs.${need}.result == 'success'`).join(' && ') : undefined,
      'runs-on': this.settings.runsOn,
      'timeout-minutes': timeout.toMinutes(),
      ...rest as YamlMap,
      'steps': steps as YamlValue,
    };
    return id;
  }
}

function neverCancelled(group: string): YamlMap {
  return { 'group': `deploy-${group}`, 'cancel-in-progress': false };
}

function needsEmulation({ platforms }: ImagePlan): boolean {
  return platforms.some((platform) => platform !== 'linux/amd64');
}

function buildInputs(image: ImagePlan): YamlMap {
  const { repositoryUri, context, dockerfile, target, platforms, buildArgs, latest, singleManifest, keepsCache } = image;
  const args = Object.entries(buildArgs).map(([name, value]) => `${name}=${value}`);
  const tags = ['${{ steps.image.outputs.tag }}', ...latest ? ['latest'] : []];
  return {
    context,
    'file': dockerfile,
    target,
    'platforms': platforms.join(','),
    'build-args': args.length > 0 ? args.join('\n') : undefined,
    'push': true,
    'tags': tags.map((tag) => `${repositoryUri}:${tag}`).join('\n'),
    // Lambda takes a single manifest, and an attestation makes an index of it.
    'provenance': singleManifest ? false : undefined,
    // Other registries may not let a tag move; there the cache is GitHub's.
    ...keepsCache
      ? {
        'cache-from': `type=registry,ref=${repositoryUri}:cache`,
        'cache-to': `type=registry,ref=${repositoryUri}:cache,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`,
      }
      : { 'cache-from': 'type=gha', 'cache-to': 'type=gha,mode=max,ignore-error=true' },
  };
}

/** A table on the page of the run. */
function summary(head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return lines('{', ...[row(head), row(head.map(() => '---')), ...rows.map(row)].map((line) => `  echo "${line}"`), '} >> "$GITHUB_STEP_SUMMARY"');
}

function lines(...pieces: string[]): string {
  return pieces.join('\n') + '\n';
}
