import { createHash } from 'node:crypto';
import { Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IConstruct } from 'constructs';
import { buildInputs, BuildInputs } from './build-inputs';
import { ImageBuild } from './image-build';
import { isSame, repositoryOf, RepositoryPlan, tryRepositoryOf } from './repository-plan';
import { ImageGuard } from '../guard/image-guard';
import { DEFAULT_PLATFORM, distinctPlatforms } from '../private/image-platforms';
import { kebabCase } from '../private/names';
import { deployedTogether } from '../private/stacks';
import { invalid, located } from '../private/validation';
import { ImageRegistry } from '../registry/image-registry';
import { createdRepository } from '../registry/repository-reference';

/** The image of a repository, which is built from sources or copied from another repository. */
export interface ImagePlan extends RepositoryPlan, BuildInputs {
  /** Unique among the images of the plan; letters, digits and `-`. */
  readonly id: string;
  readonly platforms: readonly string[];

  /** Whether an index does not serve, as for Lambda functions. */
  readonly singleManifest: boolean;

  /** What the tag says besides the commit: everything but the sources that decides what is built. */
  readonly settings: string;

  /** Whether tags for a build cache may move there. */
  readonly keepsCache: boolean;

  /** Whether the app makes the repository. */
  readonly fromApp: boolean;

  /** The image of which this one is a copy. */
  readonly copyOf?: ImagePlan;
}

/** How an image comes about: built in one repository, copied to others. */
interface Recipe {
  /** Where a user has said so. */
  readonly property?: string;
  readonly build: Omit<ImageBuild, 'registry' | 'promoteTo'>;
  readonly origin: RepositoryPlan;
  readonly copies: readonly RepositoryPlan[];
}

/** What is built, of an image that may be a copy. */
export function originOf(image: ImagePlan): ImagePlan {
  return image.copyOf ?? image;
}

/**
 * @throws if there are none
 */
export function guardsBelow(scope: IConstruct): ImageGuard[] {
  const guards = scope.node.findAll().filter(ImageGuard.isImageGuard);
  if (guards.length === 0) {
    throw invalid(scope, `there is no phased service below ${scope.node.path || 'the app'}, so there is nothing to deploy`);
  }
  return guards;
}

/** Those whose image is to be built: what a digest names was built elsewhere. */
function waitingGuards(scope: IConstruct): ImageGuard[] {
  return guardsBelow(scope).filter(({ _awaited: { version } }) => version.kind !== 'digest');
}

/**
 * The image that each guard below the scope waits for: one for each repository, however many guards wait for it.
 *
 * @param root of the source repository, where paths are looked for, if that is known
 */
export function awaitedImages(scope: Construct, builds: ImageBuild[], root: string | undefined): Map<ImageGuard, ImagePlan> {
  const guards = waitingGuards(scope);
  guards.forEach(refuseSharedStack);
  const places = guards.map((guard) => repositoryOf(guard, guard._awaited.registry));
  const recipes = recipesOf(scope, builds);
  const idOf = distinctIds([...places, ...recipes.flatMap(placesOf)]);

  const plans = new Map<string, ImagePlan>();
  const planOf = (place: RepositoryPlan): ImagePlan => {
    const recipe = recipes.find((candidate) => placesOf(candidate).some((other) => isSame(other, place)))
      ?? { build: {}, origin: place, copies: [] };
    const plan = plans.get(place.repositoryUri)
      ?? (isSame(recipe.origin, place)
        ? builtImage(scope, idOf(place), recipe, root)
        : { ...planOf(recipe.origin), ...place, id: idOf(place), ...traitsOf(place, guards), copyOf: planOf(recipe.origin) });
    plans.set(place.repositoryUri, plan);
    return plan;
  };
  return new Map(guards.map((guard, index) => [guard, planOf(places[index])]));
}

function recipesOf(scope: Construct, builds: ImageBuild[]): Recipe[] {
  const used = waitingGuards(scope.node.root).map(placeOf);
  const taken: RepositoryPlan[] = [];
  const locate = (property: string, registry: ecr.IRepository, isUsed: boolean): RepositoryPlan => {
    const place = repositoryOf(scope, registry);
    if (!isUsed && !used.some((other) => isSame(place, other))) {
      throw invalid(scope, `${property}: no service takes its image from ${registry.node.path}`);
    }
    if (taken.some((other) => isSame(place, other))) {
      throw invalid(scope, `${property}: ${registry.node.path} is the repository ${place.repositoryUri}, which has an image already`);
    }
    taken.push(place);
    return place;
  };
  return builds.map(({ registry, promoteTo = [], ...build }, index) => {
    const property = `images[${index}]`;
    return {
      property,
      build,
      // What is promoted may be built in a registry of which nothing runs.
      origin: locate(`${property}.registry`, registry, promoteTo.length > 0),
      copies: promoteTo.map((copy, copyIndex) => locate(`${property}.promoteTo[${copyIndex}]`, copy, false)),
    };
  });
}

function builtImage(scope: Construct, id: string, recipe: Recipe, root: string | undefined): ImagePlan {
  const { origin, copies, property, build } = recipe;
  // Stages that are not deployed here run a copy of it as well.
  const guards = waitingGuards(copies.length > 0 ? scope.node.root : scope)
    .filter((guard) => placesOf(recipe).some((place) => isSame(place, placeOf(guard))));
  const awaited = guards.map(({ _awaited }) => _awaited);
  const platforms = distinctPlatforms(awaited.flatMap((image) => image.platforms));
  const singleManifest = awaited.some((image) => image.singleManifest);
  if (singleManifest && build.compression?._forContainersOnly) {
    throw invalid(scope, `${property}.compression: Lambda functions cannot run an image with this compression: pass ImageCompression.gzip`);
  }
  // What nobody has said may still come.
  const inputs = located(scope, () => property === undefined ? buildInputs('images', build, undefined) : buildInputs(property, build, root));
  const made = { ...inputs, platforms: platforms.length > 0 ? platforms : [DEFAULT_PLATFORM], singleManifest };
  return {
    ...made,
    ...origin,
    id,
    settings: settingsOf(made),
    ...traitsOf(origin, guards),
  };
}

/**
 * A short name for everything but the content of the sources that decides what is built. What is not said is left out, so
 * that tags stay the same when this library learns of further settings.
 */
function settingsOf(image: BuildInputs & Pick<ImagePlan, 'platforms' | 'singleManifest'>): string {
  const { context, dockerfile, target, additionalContexts, buildArgs, secrets, compression, platforms, singleManifest } = image;
  const settings = Object.entries({
    additionalContexts: sorted(Object.entries(additionalContexts)),
    buildArgs: sorted(Object.entries(buildArgs)),
    compression: compression ?? '',
    context,
    dockerfile,
    platforms,
    secrets: Object.keys(secrets).sort(),
    singleManifest: singleManifest ? 'true' : '',
    target: target ?? '',
  }).filter(([, value]) => value.length > 0);
  return shortHash(JSON.stringify(settings));
}

/** Names for jobs, files and variables: readable, and another for each repository. */
function distinctIds(places: readonly RepositoryPlan[]): (place: RepositoryPlan) => string {
  const words = ({ registry, repositoryName }: RepositoryPlan) => kebabCase([Stage.of(registry)!.stageName, repositoryName]);
  const rivals = (place: RepositoryPlan) => places.filter((other) => words(other) === words(place) && !isSame(other, place));
  return (place) => rivals(place).length > 0 ? `${words(place)}-${shortHash(place.repositoryUri)}` : words(place);
}

/** Phase 1 would be phase 3. */
function refuseSharedStack(guard: ImageGuard): void {
  const { registry } = guard._awaited;
  if (createdRepository(registry) && deployedTogether(registry, guard)) {
    throw invalid(guard, `registry ${registry.node.path} is in the same stack, so an image cannot be pushed before the stack is deployed: ` +
      'leave out registry, or put it in its own stack');
  }
}

function placeOf(guard: ImageGuard): RepositoryPlan | undefined {
  return tryRepositoryOf(guard._awaited.registry);
}

function placesOf({ origin, copies }: Recipe): RepositoryPlan[] {
  return [origin, ...copies];
}

/** Of a repository, which some guards may have imported. */
function traitsOf(place: RepositoryPlan, guards: ImageGuard[]): Pick<ImagePlan, 'keepsCache' | 'fromApp'> {
  const registries = guards.filter((guard) => isSame(place, placeOf(guard))).map(({ _awaited }) => _awaited.registry);
  return {
    keepsCache: [place.registry, ...registries].some(ImageRegistry.isImageRegistry),
    fromApp: [place.registry, ...registries].some((registry) => createdRepository(registry) !== undefined),
  };
}

function sorted<T>(entries: [string, T][]): [string, T][] {
  return entries.sort(([one], [other]) => one < other ? -1 : 1);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
