import { existsSync, mkdirSync } from 'node:fs';
import * as path from 'node:path';
import { Duration, FileAssetLocation, FileAssetPackaging, FileSystem, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { rolesAreCustomized } from './customized-roles';
import { STACK_ACTIONS } from './stack-actions';

const HANDLERS = path.join(__dirname, '..', '..', 'assets');

/** Fingerprints of the handlers, by directory. All stacks publish the same handlers, which do not change while an app runs. */
const fingerprints = new Map<string, string>();

export interface HandlerFunctionProps {
  /** Directory of the handler in `src`. */
  readonly room: string;
  readonly description: string;
  readonly roleDescription: string;
  readonly policyName: string;
}

/**
 * The Lambda function for all custom resources of one type in a stack.
 *
 * The permissions are inline policies of the role. CloudFormation completes the role before it creates the function, so the
 * handler never runs before it has its permissions.
 */
export class HandlerFunction extends Construct {
  public readonly functionArn: string;
  public readonly role: iam.Role;

  private readonly permissions = new iam.PolicyDocument();
  private readonly statements = new Map<string, iam.PolicyStatement>();

  constructor(stack: Stack, id: string, { room, description, roleDescription, policyName }: HandlerFunctionProps) {
    super(stack, id);

    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.permissions.addStatements(
      new iam.PolicyStatement({ actions: [...STACK_ACTIONS], resources: [stack.stackId] }),
      new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
    );
    this.role = new iam.Role(this, 'Role', {
      description: roleDescription,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { [policyName]: this.permissions },
    });
    const code = this.publishedCode(stack, room);
    // Uses the L1 in the scope where the L2 would put it. The L2 would load all of S3 and Lambda for this one function.
    const handler = new lambda.CfnFunction(new Construct(this, 'Resource'), 'Resource', {
      description,
      // aws-cdk-lib has this runtime only since 2.224. Creating the object registers it for tools that look up the latest
      // runtime.
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

  /**
   * Allows the function to perform these actions on another resource.
   *
   * All resources share one statement, because the inline policies of a role can have at most 10,240 characters.
   */
  protected allowActions(actions: readonly string[], resource: string, conditions?: Record<string, Record<string, string>>): void {
    const key = JSON.stringify([actions, conditions]);
    const statement = this.statements.get(key) ?? new iam.PolicyStatement({ actions: [...actions], conditions });
    if (!this.statements.has(key)) this.permissions.addStatements(statement);
    this.statements.set(key, statement);

    const known = statement.resources.length;
    statement.addResources(resource);
    if (statement.resources.length > known && rolesAreCustomized(this)) {
      this.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...actions], resources: [resource], conditions }));
    }
  }

  /** Copies the code without `AssetStaging`, which would load 30 modules for features that are not needed here. */
  private publishedCode(stack: Stack, room: string): FileAssetLocation {
    const { outdir, assetOutdir } = Stage.of(stack)!;
    const source = path.join(HANDLERS, room, 'handler', 'index.lambda');
    const sourceHash = fingerprints.get(source) ?? FileSystem.fingerprint(source);
    fingerprints.set(source, sourceHash);
    const staged = path.join(assetOutdir, `asset.${sourceHash}`);
    if (!existsSync(staged)) {
      mkdirSync(staged, { recursive: true });
      FileSystem.copyDirectory(source, staged);
    }
    return stack.synthesizer.addFileAsset({
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash,
      fileName: path.relative(outdir, staged),
      displayName: `${this.node.id}/Code`,
    });
  }
}
