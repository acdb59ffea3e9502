import { Stack } from 'aws-cdk-lib';
import { Dependable, IConstruct, IDependable } from 'constructs';
import { ImageGuard } from '../guard/image-guard';

const imagesByStack = new WeakMap<Stack, Images>();

/**
 * Lets what the services of a stack share wait for the image of each of them: where one is missing, nothing is made yet.
 *
 * @param shared such as the default cluster
 */
export function comeAfterImage(shared: IConstruct, service: IConstruct, guard: ImageGuard): void {
  const stack = Stack.of(shared);
  const images = imagesByStack.get(stack) ?? new Images();
  imagesByStack.set(stack, images);
  if (!images.parts.has(shared)) shared.node.addDependency(images);
  images.parts.add(shared).add(service);
  images.guards.add(guard);
}

/**
 * The images of a stack, as something to depend on; without those that come after another service, which in turn needs
 * what is shared. Only at synthesis it is known which these are.
 */
class Images implements IDependable {
  public readonly guards = new Set<ImageGuard>();

  /** Services, and what they share: what a guard waits for must not be one of them. */
  public readonly parts = new Set<IConstruct>();

  constructor() {
    const firstGuards = () => [...this.guards].filter((guard) => !this.comesAfterService(guard));
    Dependable.implement(this, {
      get dependencyRoots() {
        return firstGuards();
      },
    });
  }

  private comesAfterService(construct: IConstruct, seen = new Set<IConstruct>()): boolean {
    const earlier = [...construct.node.scopes, ...construct.node.findAll()].flatMap(({ node }) => node.dependencies);
    return earlier.some((dependency) => {
      if (seen.has(dependency)) return false;
      seen.add(dependency);
      return this.hasPartIn(dependency) || this.comesAfterService(dependency, seen);
    });
  }

  private hasPartIn(construct: IConstruct): boolean {
    return [...this.parts].some((part) => isWithin(part, construct) || isWithin(construct, part));
  }
}

function isWithin(construct: IConstruct, other: IConstruct): boolean {
  return construct.node.scopes.includes(other);
}
