import { setTimeout as sleep } from 'node:timers/promises';
import { Aws } from '../emulator/aws';
import { send } from '../emulator/http';

/** The variables of any build that the function of `@cdklabs/deploy-time-build` starts. */
interface Build {
  readonly logicalResourceId: string;
  readonly requestId: string;
  readonly responseURL: string;
  readonly stackId: string;
}

/** A build of `ContainerImageBuild`. */
export interface ContainerBuild extends Build {
  readonly buildCommand: string;
  readonly imageTag: string;
  readonly repositoryUri: string;
  /** Location of the sources, which contains the hash of their content. */
  readonly sourceS3Url: string;
}

/** A build of `SociIndexV2Build`. */
export interface SociBuild extends Build {
  readonly inputImageTag: string;
  readonly outputImageTag: string;
  readonly repositoryName: string;
}

/** Name of the attribute that contains the pushed tag, by the variable that contains the same tag. */
const ATTRIBUTES: Record<string, string> = { imageTag: 'ImageTag', outputImageTag: 'outputImageTag' };

/**
 * Stand-in for CodeBuild: takes each build that is started, has the image pushed, and answers CloudFormation as the build
 * specifications of `ContainerImageBuild` and `SociIndexV2Build` do.
 */
export class CodeBuild<B extends ContainerBuild | SociBuild> {
  public readonly builds: B[] = [];

  private readonly stopped = new AbortController();
  private readonly running: Promise<void>;

  /** @param push does the work, and throws if the build is to fail */
  constructor(private readonly aws: Aws, private readonly push: (build: B) => Promise<void>) {
    this.running = this.run();
  }

  public async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const seen = new Set<string>();
    while (!this.stopped.signal.aborted) {
      const { ids } = await this.aws.codeBuild('ListBuilds', {});
      for (const id of ids.filter((started: string) => !seen.has(started))) {
        seen.add(id);
        const { builds: [{ environment }] } = await this.aws.codeBuild('BatchGetBuilds', { ids: [id] });
        const variables = environment.environmentVariables.map(({ name, value }: { name: string; value: string }) => [name, value]);
        await this.build(Object.fromEntries(variables) as B);
      }
      await sleep(100);
    }
  }

  private async build(build: B): Promise<void> {
    this.builds.push(build);
    const reason = await this.push(build).then(() => '', () => 'ContainerImageBuild failed. See CloudWatch Log stream for the detailed reason');
    const [variable, tag] = Object.entries<string>({ ...build }).find(([name]) => name in ATTRIBUTES)!;
    await send('PUT', build.responseURL, {}, JSON.stringify({
      StackId: build.stackId,
      RequestId: build.requestId,
      LogicalResourceId: build.logicalResourceId,
      PhysicalResourceId: tag,
      Status: reason ? 'FAILED' : 'SUCCESS',
      Reason: reason,
      Data: { [ATTRIBUTES[variable]]: tag },
    }));
  }
}
