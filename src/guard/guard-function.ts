import * as path from 'node:path';
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { REGISTRY_ACTIONS, STACK_ACTIONS } from './contract';
import { singleton } from '../stacks';

const ID = 'PhasedFargateImageGuard';
const HANDLER = path.join(__dirname, '..', '..', 'assets', 'guard', 'handler', 'index.lambda');

/** By name, because aws-cdk-lib has the constant only since 2.224. */
const NODEJS_24 = new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS);

/**
 * The function behind all guards of a stack, and everything it may do.
 *
 * Its permissions are inline policies of its role: CloudFormation finishes the role before it makes the function, so
 * a guard never runs before its permissions exist.
 */
export class GuardFunction extends Construct {
  public static in(stack: Stack): GuardFunction {
    return singleton(stack, ID, () => new GuardFunction(stack));
  }

  public readonly functionArn: string;

  private readonly lookUpImages = new iam.PolicyStatement({ actions: [...REGISTRY_ACTIONS] });

  private constructor(stack: Stack) {
    super(stack, ID);

    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const seeOwnStack = new iam.PolicyStatement({ actions: [...STACK_ACTIONS], resources: [stack.stackId] });
    const writeLogs = new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    });
    const role = new iam.Role(this, 'Role', {
      description: 'Looks up images before the services of this stack are deployed',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        ImageGuard: new iam.PolicyDocument({ statements: [this.lookUpImages, seeOwnStack, writeLogs] }),
      },
    });
    const handler = new lambda.Function(this, 'Resource', {
      description: 'Answers with the digest of an image once it is in its registry',
      runtime: NODEJS_24,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(HANDLER),
      role,
      logGroup,
      timeout: Duration.minutes(15),
      memorySize: 256,
    });
    this.functionArn = handler.functionArn;
  }

  /**
   * Lets the function look up images of this repository.
   *
   * @param repository how this stack refers to the registry
   * @param registry if it is in another account, it has to allow that as well, and to let the tasks pull
   */
  public allowLookUp(repository: ecr.IRepository, registry: ecr.IRepository): void {
    if (!this.lookUpImages.resources.includes(repository.repositoryArn)) {
      this.lookUpImages.addResources(repository.repositoryArn);
    }
    const { account } = Stack.of(this);
    if (isOther(account, registry.env.account)) {
      registry.addToResourcePolicy(new iam.PolicyStatement({
        actions: [...REGISTRY_ACTIONS, 'ecr:BatchCheckLayerAvailability'],
        principals: [new iam.AccountPrincipal(account)],
      }));
    }
  }
}

function isOther(account: string, other: string): boolean {
  return account !== other && !Token.isUnresolved(account) && !Token.isUnresolved(other);
}
