import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, LOWEST } from '../consumer';
import { Aws, Service } from '../emulator/aws';
import { bootstrapped, cdk, CdkOptions } from '../emulator/cdk';
import { CustomResourceRequest, Emulator } from '../emulator/emulator';
import { HttpAnswer, send } from '../emulator/http';
import { publishImage, pushImage, pushIndex, pushWithSociIndex } from '../emulator/oci';
import { Program } from '../emulator/programs';

/** Result of a run of the CDK CLI. */
export interface Run {
  /** Output as one line, because the CLI breaks lines anywhere. */
  readonly screen: string;
  /** Requests from CloudFormation to guards during the run, and their answers. */
  readonly guard: CustomResourceRequest[];
  /** Requests to release tasks during the run, and their answers. */
  readonly releaseTask: CustomResourceRequest[];
}

/** CLI options that deploy the image of a service by its tag. */
export function imageTag(tag: string, service = 'Api', stack = 'FargateStack'): string[] {
  return ['--parameters', `${stack}:${service}ImageTag=${tag}`];
}

/** A user with one of the examples, the packed library and a bootstrapped AWS account. */
export class User {
  public static async of(example: string): Promise<User> {
    const consumer = await Consumer.install(LOWEST);
    return new User(await bootstrapped(), consumer, example);
  }

  public readonly aws: Aws;

  private readonly directory: string;

  constructor(
    private readonly emulator: Emulator,
    private readonly consumer: Consumer,
    example: string,
    private readonly options: Pick<CdkOptions, 'onOutput' | 'signal'> = {},
  ) {
    this.aws = new Aws(emulator);
    this.directory = consumer.example(example);
  }

  public async deploy(...args: string[]): Promise<Run> {
    return this.cdk(0, ['deploy', '--require-approval', 'never', ...args]);
  }

  /** Runs a deployment that is expected to fail. */
  public async deployInVain(...args: string[]): Promise<Run> {
    return this.cdk(1, ['deploy', '--require-approval', 'never', ...args]);
  }

  /** Shows the changes that a deployment would make. */
  public async diff(...args: string[]): Promise<Run> {
    return this.cdk(0, ['diff', ...args]);
  }

  public async destroy(...args: string[]): Promise<Run> {
    return this.cdk(0, ['destroy', '--force', ...args]);
  }

  public async destroyAll(...args: string[]): Promise<Run> {
    return this.destroy('--all', ...args);
  }

  /** Pushes an image with this program for one platform. Returns its digest. */
  public async pushProgram(repository: string, tag: string, content: Program, platform = 'linux/amd64'): Promise<string> {
    return pushImage(this.emulator, { repository, tag, content, platform });
  }

  /** Publishes a stand-in for an image of Amazon ECR Public. */
  public async publish(reference: string, content: Program): Promise<void> {
    await publishImage(this.emulator, reference, content);
  }

  /** Answer to a client of the only load balancer. */
  public async get(path = '/'): Promise<HttpAnswer> {
    const hosts = await this.aws.loadBalancerHosts();
    if (hosts.length !== 1) throw new Error(`expected one load balancer, found ${hosts.length}`);
    return this.aws.get(hosts[0], path);
  }

  /** Pushes an image for one platform, or an index of several. Returns its digest. */
  public async push(repository: string, tag: string, ...platforms: string[]): Promise<string> {
    const image = { repository, tag, content: `${tag} ${Math.random()}` };
    return platforms.length === 1
      ? pushImage(this.emulator, { ...image, platform: platforms[0] })
      : pushIndex(this.emulator, { ...image, platforms });
  }

  /** Adds a SOCI index to an image and pushes both under another tag. Returns the digest of the image in the result. */
  public async pushWithSociIndex(repository: string, tag: string, outputTag: string): Promise<string> {
    return pushWithSociIndex(this.emulator, { repository, tag }, outputTag);
  }

  /** Pushes an image with this content and returns its digest. The same content results in the same digest. */
  public async pushContent(repository: string, tag: string, content: string, platform: string): Promise<string> {
    return pushImage(this.emulator, { repository, tag, content, platform });
  }

  /** The path of a file of the example. */
  public file(name: string): string {
    return join(this.directory, name);
  }

  /** Overwrites a source file of the example. */
  public write(name: string, content: string): void {
    writeFileSync(this.file(name), content);
  }

  /** Changes a source file of the example. Returns a function that restores it. */
  public edit(file: string, from: string | RegExp, to: string): () => void {
    const path = this.file(file);
    const source = readFileSync(path, 'utf8');
    const edited = source.replace(from, to);
    if (edited === source) throw new Error(`${file} has no ${from}`);
    writeFileSync(path, edited);
    return () => writeFileSync(path, source);
  }

  /** Adds a resource to the service stack that fails once the service is deployed. Returns a function that removes it. */
  public failLater({ stack = 'FargateStack', file = 'app.ts' } = {}): () => void {
    return this.edit(file, /$/, `
      import { CustomResource } from 'aws-cdk-lib';
      const broken = app.node.findChild('${stack}');
      new CustomResource(broken, 'Broken', { serviceToken: 'arn:aws:lambda:us-east-1:111122223333:function:none' })
        .node.addDependency(broken.node.findChild('Api'));
    `);
  }

  /** The only service. */
  public async service(): Promise<Service> {
    const services = Object.values(await this.services());
    if (services.length !== 1) throw new Error(`expected one service, found ${services.length}`);
    return services[0];
  }

  /** The services of the only cluster, by name. */
  public async services(): Promise<Record<string, Service>> {
    const clusters = await this.aws.clusterNames();
    if (clusters.length !== 1) throw new Error(`expected one cluster, found ${clusters.length}`);
    return this.aws.services(clusters[0]);
  }

  /** Returns as soon as a guard has received a request and has not answered yet. */
  public async untilGuardWaits(): Promise<void> {
    while (this.emulator.customResourceRequests().at(-1)?.answer !== undefined) await sleep(50);
  }

  /** The pending request from CloudFormation to a release task. */
  public async untilReleaseTaskRuns(): Promise<CustomResourceRequest> {
    for (;;) {
      const running = this.emulator.customResourceRequests().find(({ resourceType, answer }) => resourceType === 'Custom::ReleaseTask' && answer === undefined);
      if (running) return running;
      await sleep(50);
    }
  }

  /** Runs a function as Lambda does and waits for its end. */
  public async invoke(functionName: string, event: object): Promise<void> {
    const url = new URL(`/2015-03-31/functions/${functionName}/invocations`, this.emulator.endpoint);
    const { status, text } = await send('POST', url, { 'content-type': 'application/json' }, JSON.stringify(event));
    if (status !== 200) throw new Error(`${functionName}: ${text}`);
  }

  public async leave(): Promise<void> {
    await this.emulator.stop();
    this.consumer.remove();
  }

  private async cdk(expected: number, args: string[]): Promise<Run> {
    const before = this.emulator.customResourceRequests().length;
    const { exitCode, output } = await cdk(this.emulator, args, { ...this.options, cwd: this.directory });
    if (exitCode !== expected) throw new Error(`cdk ${args.join(' ')} ended with ${exitCode}:\n${output}`);
    const requests = this.emulator.customResourceRequests().slice(before);
    const of = (type: string) => requests.filter(({ resourceType }) => resourceType === type);
    return { screen: output.replace(/\s+/g, ' '), guard: of('Custom::ImageGuard'), releaseTask: of('Custom::ReleaseTask') };
  }
}
