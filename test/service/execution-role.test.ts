import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { GuardedFargateService, GuardedFargateServiceOptions, ImageGuard, ImageVersion } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'];

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web', { env: ENV });
});

function service(props: GuardedFargateServiceOptions & { guard?: ImageGuard } = {}): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc: existingVpc(stack), ...props });
}

interface Permissions {
  readonly inline: any[];
  readonly separate: any[];
}

/** The documents of the execution role. `Template` refuses a template whose resources refer to each other in a circle. */
function documents(): Permissions {
  const template = Template.fromStack(stack);
  const [[id, { Properties }]] = Object.entries(template.findResources('AWS::IAM::Role')).filter(([logicalId]) => logicalId.includes('ExecutionRole'));
  return {
    inline: (Properties.Policies ?? []).map((policy: any) => policy.PolicyDocument),
    separate: Object.values(template.findResources('AWS::IAM::Policy'))
      .filter(({ Properties: { Roles } }) => Roles.some(({ Ref }: any) => Ref === id))
      .map((policy) => policy.Properties.PolicyDocument),
  };
}

function statements(): Permissions {
  const { inline, separate } = documents();
  const statementsOf = (all: any[]) => all.flatMap(({ Statement }) => Statement);
  return { inline: statementsOf(inline), separate: statementsOf(separate) };
}

const actionsOf = (all: any[]) => all.flatMap(({ Action }) => Action);

describe('the permissions of the execution role', () => {
  test('to pull the image and to write the logs are in the role itself', () => {
    service();
    expect(actionsOf(statements().inline)).toEqual([...PULL, 'ecr:GetAuthorizationToken', 'logs:CreateLogStream', 'logs:PutLogEvents']);
    expect(statements().separate).toEqual([]);
  });

  test('for a secret are in a separate policy, because the policy of its key refers to the role', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    service({ secrets: { PASSWORD: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret', { encryptionKey })) } });
    expect(actionsOf(statements().separate)).toEqual(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']);
    expect(actionsOf(statements().inline)).toContain('ecr:BatchGetImage');
  });

  describe('for a log group that has the key of a secret, as when an aspect encrypts all log groups,', () => {
    const logGroupOf = ({ logGroup }: GuardedFargateService) => logGroup!.node.defaultChild as logs.CfnLogGroup;

    function inlineLogResource(change: (api: GuardedFargateService, key: kms.Key) => void): unknown {
      const key = new kms.Key(stack, 'Key');
      const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey: key });
      change(service({ secrets: { PASSWORD: ecs.Secret.fromSecretsManager(secret) } }), key);
      return statements().inline.find(({ Action }) => Action.includes('logs:PutLogEvents')).Resource;
    }

    const arn = (name: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:eu-west-1:111122223333:log-group:${name}:*`]] });

    test.each<[string, (api: GuardedFargateService, key: kms.Key) => void]>([
      ['an aspect', (_, key) => Aspects.of(stack).add({
        visit: (node) => {
          if (node instanceof logs.CfnLogGroup) node.kmsKeyId = key.keyArn;
        },
      })],
      ['an override', (api, key) => logGroupOf(api).addPropertyOverride('KmsKeyId', key.keyArn)],
    ])('contain its generated name, because the policy of the key refers to the role: %s', (_, encrypt) => {
      expect(inlineLogResource(encrypt)).toEqual(arn('Web-ApiLogGroup1717FE17-*'));
    });

    test('contain the name that an override gives it', () => {
      expect(inlineLogResource((api, key) => {
        logGroupOf(api).addPropertyOverride('LogGroupName', '/shop/api');
        logGroupOf(api).kmsKeyId = key.keyArn;
      })).toEqual(arn('/shop/api'));
    });

    test('contain a reference if only the secret is encrypted', () => {
      expect(inlineLogResource((api) => logGroupOf(api).addPropertyOverride('LogGroupName', '/shop/api'))).toEqual({ 'Fn::GetAtt': ['ApiLogGroup1717FE17', 'Arn'] });
    });
  });

  test.each<[string, (repository: ecr.Repository) => ecr.IRepository]>([
    ['a repository in the same stack', (repository) => repository],
    ['an imported repository that gets its name from the same stack', ({ repositoryName }) => ecr.Repository.fromRepositoryName(stack, 'Import', repositoryName)],
  ])('for %s are in a separate policy, because the policy of the repository can refer to the role', (_, registryOf) => {
    const repository = new ecr.Repository(stack, 'Repository');
    const registry = registryOf(repository);
    const { taskDefinition } = service({ guard: new ImageGuard(stack, 'OwnGuard', { registry, imageVersion: ImageVersion.tag('v1') }) });
    repository.addToResourcePolicy(new iam.PolicyStatement({ principals: [taskDefinition.executionRole!], actions: ['ecr:BatchGetImage'] }));
    expect(actionsOf(statements().separate)).toEqual([...PULL, 'logs:CreateLogStream', 'logs:PutLogEvents']);
    expect(actionsOf(statements().inline)).toEqual(['ecr:GetAuthorizationToken']);
  });

  test('to pull the image of a sidecar are in a separate policy', () => {
    const { taskDefinition } = service();
    const sidecar = new ecr.Repository(stack, 'Sidecar');
    taskDefinition.addContainer('Sidecar', { image: ecs.ContainerImage.fromEcrRepository(sidecar) });
    expect(statements().separate).toEqual([{ Effect: 'Allow', Action: PULL, Resource: stack.resolve(sidecar.repositoryArn) }]);
  });

  test.each<[string, iam.PolicyStatementProps]>([
    ['a condition', { actions: ['s3:GetObject'], resources: ['*'], conditions: { StringEquals: { 'aws:ResourceTag/team': 'web' } } }],
    ['all resources except one', { actions: ['s3:GetObject'], notResources: ['arn:aws:s3:::private/*'] }],
  ])('with %s are in a separate policy, because they can refer to other resources', (_, statement) => {
    service().taskDefinition.addToExecutionRolePolicy(new iam.PolicyStatement(statement));
    expect(actionsOf(statements().separate)).toEqual(['s3:GetObject']);
  });

  describe('with many secrets', () => {
    function serviceWithParameters(count: number, length = 10): GuardedFargateService {
      const parameter = (index: number) => ssm.StringParameter.fromStringParameterArn(stack, `Parameter${index}`,
        `arn:aws:ssm:${ENV.region}:${ENV.account}:parameter/${'v'.repeat(length)}-${index}`);
      return service({
        secrets: Object.fromEntries(Array.from({ length: count }, (_, index) => [`VARIABLE_${index}`, ecs.Secret.fromSsmParameter(parameter(index))])),
      });
    }

    const managed = () => Object.values(Template.fromStack(stack).findResources('AWS::IAM::ManagedPolicy')).map(({ Properties }) => Properties);

    test.each([
      ...[0, 1, 30, 31, 150].map((count) => [count, 32]),
      ...[230, 240, 250, 260, 270].map((length) => [30, length]),
    ])('fit in the role with %d parameters whose names have %d characters, although IAM counts its inline and separate policies together', (count, length) => {
      serviceWithParameters(count, length);
      const { inline, separate } = documents();
      // A log group has a name of about 60 characters, which the template does not contain.
      const textOf = (all: any[]) => JSON.stringify(all).replaceAll('ApiLogGroup', 'x'.repeat(100));
      expect(textOf([...inline, ...separate]).length).toBeLessThan(10_240);
      const all = [...inline, ...separate, ...managed().map(({ PolicyDocument }) => PolicyDocument)];
      const granted = actionsOf(all.flatMap(({ Statement }) => Statement));
      expect(granted).toEqual(expect.arrayContaining([...PULL, 'logs:PutLogEvents', ...count > 0 ? ['ssm:GetParameters'] : []]));
      expect(granted.filter((action) => action === 'ecr:GetAuthorizationToken')).toHaveLength(1);
    });

    test('never wait for a new secret, which would leave running tasks without permissions while the database of the secret is created', () => {
      serviceWithParameters(150);
      const [role] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role', { Properties: { ManagedPolicyArns: Match.anyValue() } }));
      const attached = role.Properties.ManagedPolicyArns.map(({ Ref }: any) => Template.fromStack(stack).toJSON().Resources[Ref]);
      expect(actionsOf(attached.flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement)))
        .toEqual([...PULL, 'ecr:GetAuthorizationToken', 'logs:CreateLogStream', 'logs:PutLogEvents']);
    });

    test('leave the inline policies that the app has added', () => {
      const { taskDefinition } = service();
      const role = taskDefinition.executionRole!.node.defaultChild as iam.CfnRole;
      const denial = new iam.PolicyDocument({
        statements: [new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['s3:DeleteBucket'], resources: ['*'] })],
      });
      role.policies = [...role.policies as iam.CfnRole.PolicyProperty[], { policyName: 'Denial', policyDocument: denial }];
      for (let index = 0; index < 150; index += 1) {
        taskDefinition.addToExecutionRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [`arn:aws:s3:::bucket-${index}/*`] }));
      }
      expect(actionsOf(statements().inline)).toEqual(['s3:DeleteBucket']);
    });
  });
});
