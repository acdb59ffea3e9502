import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { lookUpActions, RELEASE_TAG_ACTIONS } from './contract';
import { ImageRequirement } from './image-requirement';
import { HandlerFunction } from '../private/handler-function';
import { isInOtherAccount, singleton } from '../private/stacks';

const ID = 'PhasedFargateImageGuard';

/** ECR asks Inspector on behalf of whoever asks ECR. */
const INSPECTOR_ACTIONS = ['inspector2:ListFindings', 'inspector2:ListCoverage'];

interface GuardNeeds {
  readonly retain: boolean;
  readonly requirements: ImageRequirement[];
}

/** The function behind all guards of a stack, and everything it may do. */
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
   * Lets the function look up images of this repository.
   *
   * @param repository how this stack refers to the registry
   * @param registry if it is in another account, it has to allow that as well, and to let the tasks pull
   * @param needs what else the guard does there: to retain images is to write tags
   */
  public allow(repository: ecr.IRepository, registry: ecr.IRepository, { retain, requirements }: GuardNeeds): void {
    const actions = [
      ...lookUpActions(requirements.map(({ _requirement }) => _requirement)),
      ...retain ? RELEASE_TAG_ACTIONS : [],
    ];
    this.allowActions(actions, repository.repositoryArn);
    this.letIn(registry, ...actions, 'ecr:BatchCheckLayerAvailability');
    // Inspector knows no resource narrower than all findings of the account.
    if (requirements.some(({ _asksInspector }) => _asksInspector)) this.allowActions(INSPECTOR_ACTIONS, '*');
  }

  private letIn(registry: ecr.IRepository, ...actions: string[]): void {
    if (isInOtherAccount(this, registry)) {
      registry.addToResourcePolicy(new iam.PolicyStatement({ actions, principals: [new iam.AccountPrincipal(Stack.of(this).account)] }));
    }
  }
}
