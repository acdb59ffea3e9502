import { setTimeout as sleep } from 'node:timers/promises';
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { HttpAnswer, send } from './http';

/** An event of a stack or one of its resources. */
export interface StackEvent {
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

export interface StackResource {
  readonly type: string;
  readonly physicalId: string;
}

export interface Service {
  readonly desiredCount: number;
  readonly images: string[];
  readonly memory: string;
}

/** An account of AWS, or the emulator. */
export interface Cloud {
  /** Environment variables of clients, including credentials and region. */
  readonly env: Readonly<Record<string, string>>;
  /** Common endpoint of all services, if there is one. */
  readonly endpoint?: string;
}

/** The few calls that tests need, the same for the emulator and for AWS. Each fails as on AWS if the resource does not exist. */
export class Aws {
  constructor(private readonly cloud: Cloud) {}

  /** Digest that the registry reports for a tag. */
  public async imageDigest(repositoryName: string, imageTag: string): Promise<string> {
    const { imageDetails } = await this.ecr('DescribeImages', { repositoryName, imageIds: [{ imageTag }] });
    return imageDetails[0].imageDigest;
  }

  /** Every tag of a repository. */
  public async imageTags(repositoryName: string): Promise<string[]> {
    const images = await this.pages<{ imageTags?: string[] }>((token) => this.ecr('DescribeImages', { repositoryName, ...token }), 'imageDetails');
    return images.flatMap(({ imageTags = [] }) => imageTags).sort();
  }

  /** The tags of guards for the latest and the previous release, with the digests that they name. */
  public async releaseTags(repositoryName: string): Promise<Record<string, string>> {
    const tags = (await this.imageTags(repositoryName)).filter((name) => /^deployed-.*-[0-9a-f]{8}(-previous)?$/.test(name));
    return Object.fromEntries(await Promise.all(tags.map(async (name) => [name, await this.imageDigest(repositoryName, name)])));
  }

  public async repositoryNames(): Promise<string[]> {
    const repositories = await this.pages<{ repositoryName: string }>((token) => this.ecr('DescribeRepositories', token), 'repositories');
    return repositories.map(({ repositoryName }) => repositoryName).sort();
  }

  /** The services of a cluster by name, with data from their task definitions. */
  public async services(cluster: string): Promise<Record<string, Service>> {
    const { serviceArns } = await this.ecs('ListServices', { cluster });
    const { services } = await this.ecs('DescribeServices', { cluster, services: serviceArns });
    return Object.fromEntries(await Promise.all(services.map(async ({ serviceName, desiredCount, taskDefinition }: any) => {
      const { taskDefinition: { containerDefinitions, memory } } = await this.ecs('DescribeTaskDefinition', { taskDefinition });
      const images = containerDefinitions.map((container: { image: string }) => container.image);
      return [serviceName, { desiredCount, images, memory }];
    })));
  }

  /** A service as ECS describes it, with its deployments and events. */
  public async describeService(cluster: string, service: string): Promise<any> {
    const { services } = await this.ecs('DescribeServices', { cluster, services: [service] });
    return services[0];
  }

  /** The tasks of a cluster as ECS describes them, including recently stopped ones. */
  public async tasks(cluster: string, desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING'): Promise<any[]> {
    const { taskArns } = await this.ecs('ListTasks', { cluster, desiredStatus });
    return taskArns.length === 0 ? [] : (await this.ecs('DescribeTasks', { cluster, tasks: taskArns })).tasks;
  }

  /** All lines of a log group, oldest first. */
  public async logLines(logGroupName: string): Promise<string[]> {
    const events = await this.pages<{ message: string }>((token) => this.logs('FilterLogEvents', { logGroupName, ...token }), 'events');
    return events.map(({ message }) => message);
  }

  /** Response of a load balancer, an API, or a distribution to a client that uses its name. */
  public async get(host: string, path = '/', headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return send('GET', new URL(path, this.cloud.endpoint ?? `http://${host}`), { ...headers, host });
  }

  public async clusterNames(): Promise<string[]> {
    const { clusterArns } = await this.ecs('ListClusters', {});
    return clusterArns.map((arn: string) => arn.split('/')[1]).sort();
  }

  /** The account that the credentials belong to. */
  public async callerAccount(): Promise<string> {
    return textOf('Account', await this.query('sts', '2011-06-15', 'GetCallerIdentity', {}))[0];
  }

  /** All existing stacks with their status. */
  public async stacks(): Promise<{ name: string; status: string }[]> {
    const found: { name: string; status: string }[] = [];
    for (let token = ''; ;) {
      const answer = await this.cloudFormation('DescribeStacks', token ? { NextToken: token } : {});
      const statuses = textOf('StackStatus', answer);
      found.push(...textOf('StackName', answer).map((name, index) => ({ name, status: statuses[index] })));
      [token = ''] = textOf('NextToken', answer);
      if (!token) return found.filter(({ status }) => status !== 'DELETE_COMPLETE');
    }
  }

  /** The log groups whose names begin with a prefix. */
  public async logGroups(logGroupNamePrefix: string): Promise<string[]> {
    const groups = await this.pages<{ logGroupName: string }>((token) => this.logs('DescribeLogGroups', { logGroupNamePrefix, ...token }), 'logGroups');
    return groups.map(({ logGroupName }) => logGroupName);
  }

  public async logs(operation: string, input: object): Promise<any> {
    return this.json('logs', `Logs_20140328.${operation}`, input);
  }

  public async stackStatus(stackName: string): Promise<string> {
    return textOf('StackStatus', await this.cloudFormation('DescribeStacks', { StackName: stackName }))[0];
  }

  /** Deletes a stack and waits until it is gone. */
  public async deleteStack(name: string): Promise<void> {
    await this.cloudFormation('DeleteStack', { StackName: name });
    for (;;) {
      const stack = (await this.stacks()).find((one) => one.name === name);
      if (!stack) return;
      if (stack.status === 'DELETE_FAILED') throw new Error(`${name} could not be deleted`);
      await sleep(50);
    }
  }

  /** By logical id. */
  public async stackResources(stackName: string): Promise<Record<string, StackResource>> {
    const answer = await this.cloudFormation('DescribeStackResources', { StackName: stackName });
    const [types, physicalIds] = [textOf('ResourceType', answer), textOf('PhysicalResourceId', answer)];
    return Object.fromEntries(textOf('LogicalResourceId', answer).map((id, index) => [id, { type: types[index], physicalId: physicalIds[index] }]));
  }

  public async stackOutputs(stackName: string): Promise<Record<string, string>> {
    const answer = await this.cloudFormation('DescribeStacks', { StackName: stackName });
    const values = textOf('OutputValue', answer);
    return Object.fromEntries(textOf('OutputKey', answer).map((key, index) => [key, values[index]]));
  }

  /** The events of a stack, oldest first. */
  public async stackEvents(stackName: string): Promise<StackEvent[]> {
    const answer = await this.cloudFormation('DescribeStackEvents', { StackName: stackName });
    return answer.split('<member>').slice(1).reverse().map((event) => {
      const [logicalId, type, status, reason] = ['LogicalResourceId', 'ResourceType', 'ResourceStatus', 'ResourceStatusReason']
        .map((element) => textOf(element, event)[0] ?? '');
      return { logicalId, type, status, reason };
    });
  }

  /** The DNS names of all load balancers. */
  public async loadBalancerHosts(): Promise<string[]> {
    return textOf('DNSName', await this.query('elasticloadbalancing', '2015-12-01', 'DescribeLoadBalancers', {}));
  }

  /** The rules of a listener: the target group for each path. */
  public async pathRules(listener: string): Promise<Record<string, string>> {
    const answer = await this.query('elasticloadbalancing', '2015-12-01', 'DescribeRules', { ListenerArn: listener });
    const rules = answer.split('<RuleArn>').filter((rule) => rule.includes('<Field>path-pattern</Field>'));
    return Object.fromEntries(rules.map((rule) => [textOf('member', rule)[0], textOf('TargetGroupArn', rule)[0]]));
  }

  /** The latest values that CloudWatch calculates for each expression. `absent` is a metric that has never had data. */
  public async metricMath(expressions: Record<string, string>): Promise<Record<string, string[]>> {
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const metric = { Namespace: 'PhasedFargateTest', MetricName: 'Absent' };
    const sum = { ...prefixed('Metric.', metric), Stat: 'Sum', Period: '60' };
    const queries = [
      { Id: 'absent', ReturnData: 'false', ...prefixed('MetricStat.', sum) },
      ...Object.entries(expressions).map(([Id, Expression]) => ({ Id, Expression, Period: '60' })),
    ];
    const answer = await this.query('monitoring', '2010-08-01', 'GetMetricData', {
      StartTime: minutesAgo(10),
      EndTime: minutesAgo(5),
      ...Object.assign({}, ...queries.map((query, index) => prefixed(`MetricDataQueries.member.${index + 1}.`, query))),
    });
    const results = answer.split('<Id>').slice(1).map((result) => [result.split('</Id>')[0], textOf('member', result.split('<Values>')[1] ?? '')]);
    return Object.fromEntries(results);
  }

  public async codeBuild(operation: string, input: object): Promise<any> {
    return this.json('codebuild', `CodeBuild_20161006.${operation}`, input);
  }

  public async ecr(operation: string, input: object): Promise<any> {
    return this.json('ecr', `AmazonEC2ContainerRegistry_V20150921.${operation}`, input);
  }

  public async ssm(operation: string, input: object): Promise<any> {
    return this.json('ssm', `AmazonSSM.${operation}`, input);
  }

  public async ecs(operation: string, input: object): Promise<any> {
    return this.json('ecs', `AmazonEC2ContainerServiceV20141113.${operation}`, input);
  }

  /** The properties of a resource, as its stack has last set them. */
  public async resource(TypeName: string, Identifier: string): Promise<any> {
    const { ResourceDescription } = await this.json('cloudcontrolapi', 'CloudApiService.GetResource', { TypeName, Identifier });
    return JSON.parse(ResourceDescription.Properties);
  }

  public async json(service: string, target: string, input: object): Promise<any> {
    return JSON.parse(await this.post(service, JSON.stringify(input), {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
    }));
  }

  public async cloudFormation(operation: string, input: Record<string, string>): Promise<string> {
    return this.query('cloudformation', '2010-05-15', operation, input);
  }

  public async query(service: string, version: string, operation: string, input: Record<string, string>): Promise<string> {
    return this.post(service, new URLSearchParams({ Action: operation, ...input, Version: version }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
  }

  /** Items from all pages of an operation. AWS can split a list into pages, some of them empty. */
  private async pages<T>(ask: (token: object) => Promise<any>, key: string): Promise<T[]> {
    const found: T[] = [];
    for (let token = {}; ;) {
      const answer = await ask(token);
      found.push(...answer[key]);
      if (!answer.nextToken) return found;
      token = { nextToken: answer.nextToken };
    }
  }

  private async post(service: string, body: string, headers: Record<string, string>): Promise<string> {
    const { AWS_REGION: region } = this.cloud.env;
    const url = new URL(this.cloud.endpoint ?? `https://${HOSTS[service] ?? service}.${region}.amazonaws.com/`);
    const { status, text } = await send('POST', url, await signed(this.cloud, service, url, headers, body), body);
    if (status !== 200) throw new Error(`${service}: ${text}`);
    return text;
  }
}

/** Hosts of services whose name differs from the service name in the signature. */
const HOSTS: Record<string, string> = { ecr: 'api.ecr' };

async function signed({ env }: Cloud, service: string, url: URL, headers: Record<string, string>, body: string): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service,
    region: env.AWS_REGION,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY, sessionToken: env.AWS_SESSION_TOKEN },
    sha256: Hash.bind(null, 'sha256'),
  });
  const request = new HttpRequest({ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', headers: { ...headers, host: url.host }, body });
  return (await signer.sign(request)).headers;
}

function textOf(element: string, xml: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) => text);
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
}
