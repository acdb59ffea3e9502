import { Emulator } from './emulator';
import { send } from './http';

/** What CloudFormation has noted down about a stack or one of its resources. */
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

/** The few look-ups that tests need, of what the emulator holds by now. Each fails like AWS when there is no such thing. */
export class Aws {
  constructor(private readonly emulator: Emulator) {}

  /** The digest that the registry reports for a tag. */
  public async imageDigest(repositoryName: string, imageTag: string): Promise<string> {
    const { imageDetails } = await this.ecr('DescribeImages', { repositoryName, imageIds: [{ imageTag }] });
    return imageDetails[0].imageDigest;
  }

  /** Every tag of a repository. */
  public async imageTags(repositoryName: string): Promise<string[]> {
    const { imageDetails } = await this.ecr('DescribeImages', { repositoryName });
    return imageDetails.flatMap((image: { imageTags: string[] }) => image.imageTags).sort();
  }

  public async repositoryNames(): Promise<string[]> {
    const { repositories } = await this.ecr('DescribeRepositories', {});
    return repositories.map((repository: { repositoryName: string }) => repository.repositoryName).sort();
  }

  /** The services of a cluster, by name, and what their task definitions say. */
  public async services(cluster: string): Promise<Record<string, Service>> {
    const { serviceArns } = await this.ecs('ListServices', { cluster });
    const { services } = await this.ecs('DescribeServices', { cluster, services: serviceArns });
    return Object.fromEntries(await Promise.all(services.map(async ({ serviceName, desiredCount, taskDefinition }: any) => {
      const { taskDefinition: { containerDefinitions, memory } } = await this.ecs('DescribeTaskDefinition', { taskDefinition });
      const images = containerDefinitions.map((container: { image: string }) => container.image);
      return [serviceName, { desiredCount, images, memory }];
    })));
  }

  public async clusterNames(): Promise<string[]> {
    const { clusterArns } = await this.ecs('ListClusters', {});
    return clusterArns.map((arn: string) => arn.split('/')[1]).sort();
  }

  public async stackStatus(stackName: string): Promise<string> {
    return textOf('StackStatus', await this.cloudFormation('DescribeStacks', { StackName: stackName }))[0];
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

  /** The rules of a listener: which path leads to which target group. */
  public async pathRules(listener: string): Promise<Record<string, string>> {
    const answer = await this.query('elasticloadbalancing', '2015-12-01', 'DescribeRules', { ListenerArn: listener });
    const rules = answer.split('<RuleArn>').filter((rule) => rule.includes('<Field>path-pattern</Field>'));
    return Object.fromEntries(rules.map((rule) => [textOf('member', rule)[0], textOf('TargetGroupArn', rule)[0]]));
  }

  public async codeBuild(operation: string, input: object): Promise<any> {
    return this.json('codebuild', `CodeBuild_20161006.${operation}`, input);
  }

  public async ecr(operation: string, input: object): Promise<any> {
    return this.json('ecr', `AmazonEC2ContainerRegistry_V20150921.${operation}`, input);
  }

  private async ecs(operation: string, input: object): Promise<any> {
    return this.json('ecs', `AmazonEC2ContainerServiceV20141113.${operation}`, input);
  }

  private async json(service: string, target: string, input: object): Promise<any> {
    return JSON.parse(await this.post(service, JSON.stringify(input), {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
    }));
  }

  public async cloudFormation(operation: string, input: Record<string, string>): Promise<string> {
    return this.query('cloudformation', '2010-05-15', operation, input);
  }

  private async query(service: string, version: string, operation: string, input: Record<string, string>): Promise<string> {
    return this.post(service, new URLSearchParams({ Action: operation, ...input, Version: version }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
  }

  /** The emulator checks no signature. It reads account, region and service from the credential. */
  private async post(service: string, body: string, headers: Record<string, string>): Promise<string> {
    const { AWS_ACCESS_KEY_ID, AWS_REGION } = this.emulator.env;
    const credential = `${AWS_ACCESS_KEY_ID}/20260101/${AWS_REGION}/${service}/aws4_request`;
    const { status, text } = await send('POST', this.emulator.endpoint, {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none`,
    }, body);
    if (status !== 200) throw new Error(`${service}: ${text}`);
    return text;
  }
}

function textOf(element: string, xml: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) => text);
}
