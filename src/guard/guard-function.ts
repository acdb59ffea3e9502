import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { lookUpActions, RELEASE_TAG_ACTIONS } from './contract';
import { ImageRequirement } from './image-requirement';
import { HandlerFunction } from '../private/handler-function';
import { isInOtherAccount, singleton } from '../private/stacks';

const ID = 'PhasedFargateImageGuard';

/** ECR calls Inspector with the permissions of its caller. */
const INSPECTOR_ACTIONS = ['inspector2:ListFindings', 'inspector2:ListCoverage'];

interface GuardNeeds {
  readonly retain: boolean;
  readonly requirements: ImageRequirement[];
}

/** The Lambda function for all guards of a stack, with all its permissions. */
export class GuardFunction extends HandlerFunction {
  public static in(stack: Stack): GuardFunction {
    return singleton(stack, ID, () => new GuardFunction(stack));
  }

  private constructor(stack: Stack) {
    super(stack, ID, {
      room: 'guard',
      description: 'Returns the digest of an image once it is in its registry',
      roleDescription: 'Looks up images before the services of this stack are deployed',
      policyName: 'ImageGuard',
    });
  }

  /**
   * Allows the function to look up images in this repository.
   *
   * @param repository how this stack refers to the registry
   * @param registry if it is in another account, its policy must also allow the function to look up images, and the tasks to
   * pull them
   * @param needs what else the guard does in the repository; to retain images, it writes tags
   */
  public allow(repository: ecr.IRepository, registry: ecr.IRepository, { retain, requirements }: GuardNeeds): void {
    const actions = [
      ...lookUpActions(requirements.map(({ _requirement }) => _requirement)),
      ...retain ? RELEASE_TAG_ACTIONS : [],
    ];
    this.allowActions(actions, repository.repositoryArn);
    this.letIn(registry, ...actions, 'ecr:BatchCheckLayerAvailability');
    // Inspector does not support permissions for individual repositories.
    if (requirements.some(({ _asksInspector }) => _asksInspector)) this.allowActions(INSPECTOR_ACTIONS, '*');
  }

  private letIn(registry: ecr.IRepository, ...actions: string[]): void {
    if (isInOtherAccount(this, registry)) {
      registry.addToResourcePolicy(new iam.PolicyStatement({ actions, principals: [new iam.AccountPrincipal(Stack.of(this).account)] }));
    }
  }
}
