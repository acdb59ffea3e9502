import { setTimeout as sleep } from 'node:timers/promises';
import { Aws } from '../emulator/aws';
import { send } from '../emulator/http';

/** A build of `ContainerImageBuild`, as the variables that its function passes. */
export interface ContainerBuild {
  readonly buildCommand: string;
  readonly imageTag: string;
  readonly logicalResourceId: string;
  readonly repositoryUri: string;
  readonly requestId: string;
  readonly responseURL: string;
  /** Location of the sources, which contains the hash of their content. */
  readonly sourceS3Url: string;
  readonly stackId: string;
}

/**
 * Stand-in for CodeBuild: takes each build that is started, has the image pushed, and answers CloudFormation as the build
 * specification of `ContainerImageBuild` does.
 */
export class CodeBuild {
  public readonly builds: ContainerBuild[] = [];

  private readonly stopped = new AbortController();
  private readonly running: Promise<void>;

  /** @param push does the work, and throws if the build is to fail */
  constructor(private readonly aws: Aws, private readonly push: (build: ContainerBuild) => Promise<void>) {
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
        await this.build(Object.fromEntries(variables) as ContainerBuild);
      }
      await sleep(100);
    }
  }

  private async build(build: ContainerBuild): Promise<void> {
    this.builds.push(build);
    const reason = await this.push(build).then(() => '', () => 'ContainerImageBuild failed. See CloudWatch Log stream for the detailed reason');
    await send('PUT', build.responseURL, {}, JSON.stringify({
      StackId: build.stackId,
      RequestId: build.requestId,
      LogicalResourceId: build.logicalResourceId,
      PhysicalResourceId: build.imageTag,
      Status: reason ? 'FAILED' : 'SUCCESS',
      Reason: reason,
      Data: { ImageTag: build.imageTag },
    }));
  }
}
