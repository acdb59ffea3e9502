import { Aspects, CfnElement, IStackSynthesizer, Stack, StackProps } from 'aws-cdk-lib';
import { copyOfSynthesizer, sameSynthesizer } from './synthesizer';
import { invalid, shown } from '../private/validation';

const ID = 'Registry';
const MAX_STACK_NAME_LENGTH = 128;
const COMPANION_STACK = Symbol.for('@org/phased-fargate.CompanionStack');

/**
 * Returns the registry stack of a service stack, and creates it on first use.
 *
 * It is a child of the service stack in the construct tree, so tags, permissions boundaries, and aspects apply to it. Its
 * name contains the name of the service stack, so that two deployments of one app do not collide.
 */
export function companionStack(serviceStack: Stack): Stack {
  const existing = serviceStack.node.tryFindChild(ID);
  if (existing) {
    if (Stack.isStack(existing) && COMPANION_STACK in existing) return existing;
    throw invalid(existing, `the id "${ID}" is reserved for the registry stack of ${serviceStack.stackName}: ` +
      'give this construct another id, or pass it as the registry of the service');
  }
  const stackName = `${serviceStack.stackName}-${ID}`;
  if (stackName.length > MAX_STACK_NAME_LENGTH) {
    throw invalid(serviceStack, `the name ${shown(stackName)} of the registry stack has ${stackName.length} characters, but CloudFormation allows ` +
      `${MAX_STACK_NAME_LENGTH}: set a shorter stackName, or create an ImageRegistry in a separate stack and pass that as registry`);
  }
  return withSynthesizerOf(serviceStack, (synthesizer) => new RegistryStack(serviceStack, ID, {
    env: { account: serviceStack.account, region: serviceStack.region },
    stackName,
    description: `The image registry of ${serviceStack.stackName}: deployed first, and never rolled back with it`,
    synthesizer,
  }));
}

/**
 * Makes `--parameters <name>=<value>` work without the name of the service stack. In that case, the CLI passes the parameter
 * to every stack that it deploys, and CloudFormation refuses parameters that a template does not declare.
 */
export function acceptParameter(registryStack: Stack, name: string): void {
  if (!(COMPANION_STACK in registryStack)) return;
  const { node } = registryStack;
  const accepted = node.tryFindChild(AcceptedParameters.ID) as AcceptedParameters | undefined ?? new AcceptedParameters(registryStack);
  accepted.names.add(name);
}

/** One element for all parameters, because each element of a template adds to the synthesis time. */
class AcceptedParameters extends CfnElement {
  public static readonly ID = '--parameters';

  public readonly names = new Set<string>();

  public constructor(registryStack: Stack) {
    super(registryStack, AcceptedParameters.ID);
  }

  /**
   * @internal
   */
  public _toCloudFormation(): object {
    const names = [...this.names];
    return {
      Parameters: Object.fromEntries(names.map((name) => [name, {
        Type: 'String',
        Default: '',
        Description: 'Ignored. Accepted so that --parameters works without a stack name',
      }])),
      // Refuses a value that a script passes if its variable is not set. The rule also prevents warnings about an unused
      // parameter.
      Rules: {
        parameters: {
          Assertions: names.map((name) => ({
            Assert: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: name }, 'undefined'] }] },
            AssertDescription: `the parameter ${name} has the value "undefined": pass the tag of an image`,
          })),
        },
      },
    };
  }
}

/** Follows settings of the service stack that a child stack does not inherit, even if they are set later. */
class RegistryStack extends Stack {
  private protectedFromTermination?: boolean;

  constructor(private readonly serviceStack: Stack, id: string, props: StackProps) {
    super(serviceStack, id, props);
    Object.defineProperty(this, COMPANION_STACK, { value: true });
    Aspects.of(this).add({ visit: (construct) => construct === this && this.inheritTags() });
  }

  public get terminationProtection(): boolean {
    return this.protectedFromTermination ?? this.serviceStack.terminationProtection;
  }

  public set terminationProtection(value: boolean) {
    this.protectedFromTermination = value;
  }

  /** `Tags.of` applies to child stacks. Tags in the properties of the service stack do not. */
  private inheritTags(): void {
    const own = this.tags.tagValues();
    for (const [key, value] of Object.entries(this.serviceStack.tags.tagValues())) {
      if (!(key in own)) this.tags.setTag(key, value);
    }
  }
}

/** A synthesizer object can serve only one stack. A stack without its own synthesizer gets a copy of the app's synthesizer. */
function withSynthesizerOf(serviceStack: Stack, make: (synthesizer?: IStackSynthesizer) => Stack): Stack {
  const { synthesizer } = serviceStack;
  const byDefault = make();
  if (sameSynthesizer(byDefault.synthesizer, synthesizer)) return byDefault;

  serviceStack.node.tryRemoveChild(ID);
  const copy = copyOfSynthesizer(synthesizer);
  const companion = copy && make(copy);
  if (companion && sameSynthesizer(companion.synthesizer, synthesizer)) return companion;

  throw invalid(serviceStack, `synthesizer ${synthesizer.constructor.name} belongs to this stack alone, so the registry stack cannot use it: ` +
    'set it as defaultStackSynthesizer of the app, or create an ImageRegistry in a separate stack and pass that as registry');
}
