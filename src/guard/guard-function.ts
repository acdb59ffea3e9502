import * as path from 'node:path';
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PIN_ACTIONS, REGISTRY_ACTIONS, STACK_ACTIONS } from './contract';
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

  private readonly permissions = new iam.PolicyDocument();
  private readonly lookUpImages = new iam.PolicyStatement({ actions: [...REGISTRY_ACTIONS] });
  private readonly movePins = new iam.PolicyStatement({ actions: [...PIN_ACTIONS] });

  private constructor(stack: Stack) {
    super(stack, ID);

    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.permissions.addStatements(
      this.lookUpImages,
      new iam.PolicyStatement({ actions: [...STACK_ACTIONS], resources: [stack.stackId] }),
      new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
    );
    const role = new iam.Role(this, 'Role', {
      description: 'Looks up images before the services of this stack are deployed',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { ImageGuard: this.permissions },
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
    this.lookUpImages.addResources(repository.repositoryArn);
    this.letIn(registry, ...REGISTRY_ACTIONS, 'ecr:BatchCheckLayerAvailability');
  }

  /**
   * Lets the function move tags of this repository, which is the right to write tags at all.
   */
  public allowPins(repository: ecr.IRepository, registry: ecr.IRepository): void {
    if (this.movePins.resources.length === 0) this.permissions.addStatements(this.movePins);
    this.movePins.addResources(repository.repositoryArn);
    this.letIn(registry, ...PIN_ACTIONS);
  }

  private letIn(registry: ecr.IRepository, ...actions: string[]): void {
    if (isInOtherAccount(this, registry)) {
      registry.addToResourcePolicy(new iam.PolicyStatement({ actions, principals: [new iam.AccountPrincipal(Stack.of(this).account)] }));
    }
  }
}

/** Where both accounts are known. */
export function isInOtherAccount(scope: Construct, registry: ecr.IRepository): boolean {
  const { account } = Stack.of(scope);
  return account !== registry.env.account && !Token.isUnresolved(account) && !Token.isUnresolved(registry.env.account);
}
