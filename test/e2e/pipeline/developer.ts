import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionsService } from './actions-service';
import { AwsCli } from './aws-cli';
import { BuildRequest } from './buildx-arguments';
import { SourceRepository } from './source-repository';
import { Circumstances, execute, WorkflowRun } from './workflow-run';
import { Consumer, LOWEST } from '../../consumer';
import { Aws } from '../../emulator/aws';
import { bootstrapped } from '../../emulator/cdk';
import { ACCOUNT, Emulator, REGION } from '../../emulator/emulator';
import { pushImage } from '../../emulator/oci';
import { python } from '../../emulator/venv';

/** Account and region. */
type Place = string[];

interface DeployedService {
  readonly arn: string;
  readonly images: string[];
  readonly memory: string;
  readonly taskDefinition: string;
}

/** A developer who pushes to a repository with one of the examples. Its workflow runs with a bootstrapped AWS account. */
export class Developer {
  public static async of(example: string): Promise<Developer> {
    const consumer = await Consumer.install(LOWEST);
    const emulator = await bootstrapped();
    const source = new SourceRepository(join(consumer.directory, 'repository'), consumer.example(example));
    return new Developer(consumer, emulator, source, await ActionsService.start(source), await AwsCli.start(consumer.directory));
  }

  public readonly aws: Aws;
  private readonly commands: string;
  private readonly runs: string;

  private constructor(
    private readonly consumer: Consumer,
    private readonly emulator: Emulator,
    public readonly source: SourceRepository,
    private readonly github: ActionsService,
    private readonly awsCli: AwsCli,
  ) {
    this.aws = new Aws(emulator);
    this.runs = join(consumer.directory, 'runs');
    mkdirSync(this.runs);
    this.commands = join(consumer.directory, 'commands');
    mkdirSync(this.commands);
    // The dependencies are already installed above all workspaces, and another test checks the types of the examples.
    this.command('npm', 'case "$*" in ci | install | "run check") ;; *) exec "$(which -a npm | sed -n 2p)" "$@" ;; esac');
    this.command('aws', `exec ${awsCli.command} "$@"`);
    this.command('docker', `exec ${process.execPath} ${join(__dirname, 'docker.cjs')} "$@"`);
    this.command('jq', `exec ${python()} ${join(__dirname, 'jq-cli.py')} "$@"`);
    writeFileSync(join(emulator.env.HOME, '.cdk.json'), JSON.stringify({ notices: false }));
  }

  /** Runs the workflow for the current commit of the repository. */
  public async push(workflow = '.github/workflows/deploy.yml', meanwhile?: Circumstances['meanwhile']): Promise<WorkflowRun> {
    return this.workflowRun({ meanwhile }, workflow);
  }

  /** A run with another trigger or under other circumstances. */
  public async workflowRun(
    circumstances: Pick<Circumstances, 'meanwhile' | 'secrets' | 'schedule' | 'pullRequestFrom'>, workflow = '.github/workflows/deploy.yml',
  ): Promise<WorkflowRun> {
    const { source, github: service, emulator, commands, runs: directory } = this;
    return WorkflowRun.of(workflow, { source, service, emulator, commands, directory, ...circumstances });
  }

  /** All builds so far, including the values of their secrets. */
  public builds(): BuildRequest[] {
    const log = join(this.emulator.env.HOME, 'builds.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : [];
  }

  /** Runs a command in the working copy with AWS credentials. */
  public async run(command: string, ...args: string[]): Promise<{ exitCode: number | null; output: string }> {
    const { CI, ...env } = this.emulator.env;
    return execute(command, args, { cwd: this.source.directory, env: { ...env, PATH: `${this.commands}:${env.PATH}` } });
  }

  /** Runs a CodeBuild build by its buildspec, with the commit and an artifact of another action as inputs. */
  public async build(buildspec: any, inputs: { sha: string; artifact: Record<string, string> }): ReturnType<typeof execute> {
    const directory = mkdtempSync(join(this.runs, 'build-'));
    const sources = join(directory, 'src');
    this.source.clone(sources, inputs.sha, 1);
    const { version, env: { shell }, phases: { install, build } } = buildspec;
    if (version !== '0.2' || shell !== 'bash') throw new Error(`no buildspec ${version} with shell ${shell} here`);
    // One shell runs the commands of all phases, until one fails.
    const script = [...install.commands, ...build.commands].map((command) => `${command}\n[[ $? == 0 ]] || exit 1`).join('\n');
    const { emulator, commands } = this;
    return execute('bash', ['-c', script], { cwd: sources, env: { ...emulator.env, ...inputs.artifact, PATH: `${commands}:${emulator.env.PATH}` } });
  }

  /** The tags of a repository, except those of guards and caches. */
  public async imageTags(repository: string, place?: Place): Promise<string[]> {
    return (await this.awsAt(place).imageTags(repository)).filter((tag) => !/^(cache|deployed-)/.test(tag));
  }

  /** Pushes an image that was not built here, and returns its digest. */
  public async pushOtherwise(repository: string, tag: string, [account, region]: Place = [ACCOUNT, REGION]): Promise<string> {
    const registry = `${account}.dkr.ecr.${region}.amazonaws.com`;
    return pushImage(this.emulator, { registry, repository, tag, content: 'of somebody else', platform: 'linux/amd64' });
  }

  /** The images of all services of a stack. */
  public async images(stack: string, place?: Place): Promise<string[]> {
    return (await this.servicesOf(stack, place)).flatMap(({ images }) => images).sort();
  }

  /** The only service of a stack. */
  public async service(stack = 'FargateStack'): Promise<DeployedService> {
    const [service] = await this.servicesOf(stack);
    return service;
  }

  /** Rolls back a service that does not start, as the circuit breaker of ECS does. */
  public async runTaskDefinition(taskDefinition: string, stack = 'FargateStack'): Promise<void> {
    const [{ arn }] = await this.servicesOf(stack);
    await this.aws.ecs('UpdateService', { cluster: clusterOf(arn), service: arn, taskDefinition });
  }

  public async leave(): Promise<void> {
    await this.github.stop();
    await this.awsCli.stop();
    await this.emulator.stop();
    this.consumer.remove();
  }

  private async servicesOf(stack: string, place?: Place): Promise<DeployedService[]> {
    const aws = this.awsAt(place);
    const services = Object.values(await aws.stackResources(stack)).filter(({ type }) => type === 'AWS::ECS::Service');
    return Promise.all(services.map(async ({ physicalId: arn }) => {
      const { taskDefinition } = await aws.describeService(clusterOf(arn), arn);
      const { taskDefinition: { memory, containerDefinitions } } = await aws.ecs('DescribeTaskDefinition', { taskDefinition });
      return { arn, taskDefinition, memory, images: containerDefinitions.map(({ image }: { image: string }) => image) };
    }));
  }

  /** The view from that account and region. */
  private awsAt([account, region]: Place = [ACCOUNT, REGION]): Aws {
    const { endpoint, env } = this.emulator;
    return new Aws({ endpoint, env: { ...env, AWS_ACCESS_KEY_ID: account, AWS_REGION: region } });
  }

  private command(name: string, script: string): void {
    const file = join(this.commands, name);
    writeFileSync(file, `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(file, 0o755);
  }
}

function clusterOf(serviceArn: string): string {
  return serviceArn.split('/')[1];
}
