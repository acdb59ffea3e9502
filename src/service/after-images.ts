import { Stack } from 'aws-cdk-lib';
import { Dependable, IConstruct, IDependable } from 'constructs';
import { ImageGuard } from '../guard/image-guard';

const imagesByStack = new WeakMap<Stack, Images>();

/**
 * Makes resources that the services of a stack share wait for the image of each service. If an image is missing, the
 * deployment then creates none of them.
 *
 * @param shared shared resource, such as the default cluster
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
 * The images of a stack, as a dependency. It excludes guards that depend on another service, because that service depends on
 * the shared resources. These guards are known only at synthesis.
 */
class Images implements IDependable {
  public readonly guards = new Set<ImageGuard>();

  /** Services and the resources that they share. A guard in this dependency must not depend on any of them. */
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
