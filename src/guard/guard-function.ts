import * as path from 'node:path';
import { AssetStaging, Duration, FileAssetLocation, FileAssetPackaging, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { REGISTRY_ACTIONS, RELEASE_TAG_ACTIONS, REQUIREMENT_ACTIONS, STACK_ACTIONS } from './contract';
import { ImageRequirement } from './image-requirement';
import { isInOtherAccount, singleton } from '../private/stacks';

const ID = 'PhasedFargateImageGuard';

/** What `iam.Role.customizeRoles` sets on the scopes whose roles somebody else makes, or wants a report of. */
const CUSTOMIZED_ROLES = '@aws-cdk/iam:customizeRoles';
const HANDLER = path.join(__dirname, '..', '..', 'assets', 'guard', 'handler', 'index.lambda');

/** ECR asks Inspector on behalf of whoever asks ECR. */
const INSPECTOR_ACTIONS = ['inspector2:ListFindings', 'inspector2:ListCoverage'];

interface GuardNeeds {
  readonly retain: boolean;
  readonly requirements: ImageRequirement[];
}

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

  private readonly role: iam.Role;
  private readonly permissions = new iam.PolicyDocument();
  private readonly statements = new Map<string, iam.PolicyStatement>();

  private constructor(stack: Stack) {
    super(stack, ID);

    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.permissions.addStatements(
      new iam.PolicyStatement({ actions: [...STACK_ACTIONS], resources: [stack.stackId] }),
      new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
    );
    this.role = new iam.Role(this, 'Role', {
      description: 'Looks up images before the services of this stack are deployed',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { ImageGuard: this.permissions },
    });
    const code = this.publishedCode(stack);
    // In a scope of its own, where the L2 has it, which would load all of S3 and Lambda for this one function.
    const handler = new lambda.CfnFunction(new Construct(this, 'Resource'), 'Resource', {
      description: 'Answers with the digest of an image once it is in its registry',
      // As a Runtime, which aws-cdk-lib has only since 2.224: this makes it known to those who ask what the latest is.
      runtime: new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS).name,
      handler: 'index.handler',
      code: { s3Bucket: code.bucketName, s3Key: code.objectKey },
      role: this.role.roleArn,
      loggingConfig: { logGroup: logGroup.logGroupName },
      timeout: Duration.minutes(15).toSeconds(),
      memorySize: 256,
    });
    this.functionArn = handler.attrArn;
  }

  private publishedCode(stack: Stack): FileAssetLocation {
    const staging = new AssetStaging(this, 'Code', { sourcePath: HANDLER });
    return stack.synthesizer.addFileAsset({
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash: staging.assetHash,
      fileName: staging.relativeStagedPath(stack),
      displayName: `${ID}/Code`,
    });
  }

  /**
   * Lets the function look up images of this repository.
   *
   * @param repository how this stack refers to the registry
   * @param registry if it is in another account, it has to allow that as well, and to let the tasks pull
   * @param needs what else the guard does there: to retain images is to write tags
   */
  public allow(repository: ecr.IRepository, registry: ecr.IRepository, { retain, requirements }: GuardNeeds): void {
    const actions = [
      ...REGISTRY_ACTIONS,
      ...retain ? RELEASE_TAG_ACTIONS : [],
      ...new Set(requirements.map(({ _requirement }) => REQUIREMENT_ACTIONS[_requirement.kind])),
    ];
    const statement = this.statementFor(actions);
    const known = statement.resources.length;
    statement.addResources(repository.repositoryArn);
    if (statement.resources.length > known) this.report(actions, repository.repositoryArn);
    this.letIn(registry, ...actions, 'ecr:BatchCheckLayerAvailability');
    if (requirements.some(({ _asksInspector }) => _asksInspector)) {
      // Inspector knows no resource narrower than all findings of the account.
      this.statementFor(INSPECTOR_ACTIONS).addResources('*');
      this.report(INSPECTOR_ACTIONS, '*');
    }
  }

  /** Each repository once: the inline policies of a role have room for 10,240 characters. */
  private statementFor(actions: string[]): iam.PolicyStatement {
    const key = actions.join();
    const existing = this.statements.get(key);
    if (existing) return existing;

    const statement = new iam.PolicyStatement({ actions });
    this.statements.set(key, statement);
    this.permissions.addStatements(statement);
    return statement;
  }

  /** A customized role has read its inline policies when it was made, and takes no change of a statement either. */
  private report(actions: string[], resource: string): void {
    if (this.node.tryGetContext(CUSTOMIZED_ROLES) === undefined) return;
    this.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
  }

  private letIn(registry: ecr.IRepository, ...actions: string[]): void {
    if (isInOtherAccount(this, registry)) {
      registry.addToResourcePolicy(new iam.PolicyStatement({ actions, principals: [new iam.AccountPrincipal(Stack.of(this).account)] }));
    }
  }
}
