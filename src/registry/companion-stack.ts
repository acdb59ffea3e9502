import { DefaultStackSynthesizer, IStackSynthesizer, Stack, StackProps } from 'aws-cdk-lib';
import { invalid } from '../private/validation';

const ID = 'Registry';
const COMPANION_STACK = Symbol.for('@org/phased-fargate.CompanionStack');

/**
 * The registry stack beside a service stack, made on first use.
 *
 * It is a child in the construct tree, so that tags, permissions boundaries and aspects reach it, and it is named
 * after the service stack's name, which tells apart what one id deploys twice.
 */
export function companionStack(serviceStack: Stack): Stack {
  const existing = serviceStack.node.tryFindChild(ID);
  if (existing) {
    if (Stack.isStack(existing) && COMPANION_STACK in existing) return existing;
    throw invalid(existing, `the id "${ID}" is needed for the registry stack of ${serviceStack.stackName}: ` +
      'give this construct another id, or pass it as the registry of the service');
  }

  const companion = withSynthesizerOf(serviceStack, (synthesizer) => new Stack(serviceStack, ID, {
    ...inherited(serviceStack),
    stackName: `${serviceStack.stackName}-${ID}`,
    description: `The image registry of ${serviceStack.stackName}: deployed first, and never rolled back with it`,
    synthesizer,
  }));
  Object.defineProperty(companion, COMPANION_STACK, { value: true });
  return companion;
}

/** What a child in the tree does not inherit by itself. */
function inherited(serviceStack: Stack): StackProps {
  return {
    env: { account: serviceStack.account, region: serviceStack.region },
    tags: serviceStack.tags.tagValues(),
    terminationProtection: serviceStack.terminationProtection,
  };
}

/**
 * One synthesizer object serves one stack only. An app-level one is passed on by CDK itself; whether the service
 * stack's came that way shows only in what a stack without one of its own gets.
 */
function withSynthesizerOf(serviceStack: Stack, make: (synthesizer?: IStackSynthesizer) => Stack): Stack {
  const byDefault = make();
  if (alike(byDefault.synthesizer, serviceStack.synthesizer)) return byDefault;

  serviceStack.node.tryRemoveChild(byDefault.node.id);
  const { constructor, bootstrapQualifier } = serviceStack.synthesizer;
  if (constructor !== DefaultStackSynthesizer) {
    throw invalid(serviceStack, `synthesizer ${constructor.name} belongs to this stack alone, so its registry stack cannot have it: ` +
      'set it as defaultStackSynthesizer of the app, or make an ImageRegistry in a stack of your own and pass it as registry');
  }
  return make(new DefaultStackSynthesizer({ qualifier: bootstrapQualifier }));
}

function alike(one: IStackSynthesizer, other: IStackSynthesizer): boolean {
  return one.constructor === other.constructor && one.bootstrapQualifier === other.bootstrapQualifier;
}
