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

/** The image in a repository. It is built from sources, or copied from another repository. */
export interface ImagePlan extends RepositoryPlan, BuildInputs {
  /** Unique among the images of the plan. Consists of letters, digits, and `-`. */
  readonly id: string;
  readonly platforms: readonly string[];

  /** Whether the image must not be an index, for Lambda functions. */
  readonly singleManifest: boolean;

  /** Hash of all build settings, for the tag. It does not depend on the content of the sources. */
  readonly settings: string;

  /** Whether the tags of a build cache can move in the repository. */
  readonly keepsCache: boolean;

  /** Whether the app creates the repository. */
  readonly fromApp: boolean;

  /** The image that this image is a copy of. */
  readonly copyOf?: ImagePlan;
}

/** How an image is built in one repository and copied to others. */
interface Recipe {
  /** Property in which the user specified the build. */
  readonly property?: string;
  readonly build: Omit<ImageBuild, 'registry' | 'promoteTo'>;
  readonly origin: RepositoryPlan;
  readonly copies: readonly RepositoryPlan[];
}

/** The image that is built. A copy refers to it. */
export function originOf(image: ImagePlan): ImagePlan {
  return image.copyOf ?? image;
}

/** @throws if there are no guards */
export function guardsBelow(scope: IConstruct): ImageGuard[] {
  const guards = scope.node.findAll().filter(ImageGuard.isImageGuard);
  if (guards.length === 0) {
    throw invalid(scope, `there is no ImageGuard below ${scope.node.path || 'the app'}, so there is nothing to deploy: add a PhasedFargateService or an ImageGuard`);
  }
  return guards;
}

/** Guards whose image the pipeline builds. An image with a fixed digest is built elsewhere. */
function waitingGuards(scope: IConstruct): ImageGuard[] {
  return guardsBelow(scope).filter(({ _awaited: { version } }) => version.kind !== 'digest');
}

/**
 * Returns the image of each guard below the scope. Guards that wait for the image of the same repository share one image.
 *
 * @param root root of the source repository, to check paths; undefined if it is unknown
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
      throw invalid(scope, `${property}: no ImageGuard uses ${registry.node.path}, except with ImageVersion.digest(), which needs no build: remove this entry, or pass the registry of another guard`);
    }
    if (taken.some((other) => isSame(place, other))) {
      throw invalid(scope, `${property}: ${registry.node.path} is the repository ${place.repositoryUri}, which is already in images: list each repository once`);
    }
    taken.push(place);
    return place;
  };
  return builds.map(({ registry, promoteTo = [], ...build }, index) => {
    const property = `images[${index}]`;
    return {
      property,
      build,
      // An image for promotion can be built in a registry that no service uses.
      origin: locate(`${property}.registry`, registry, promoteTo.length > 0),
      copies: promoteTo.map((copy, copyIndex) => locate(`${property}.promoteTo[${copyIndex}]`, copy, false)),
    };
  });
}

function builtImage(scope: Construct, id: string, recipe: Recipe, root: string | undefined): ImagePlan {
  const { origin, copies, property, build } = recipe;
  // Stages outside this scope can also run a copy of the image.
  const guards = waitingGuards(copies.length > 0 ? scope.node.root : scope)
    .filter((guard) => placesOf(recipe).some((place) => isSame(place, placeOf(guard))));
  const awaited = guards.map(({ _awaited }) => _awaited);
  const platforms = distinctPlatforms(awaited.flatMap((image) => image.platforms));
  const singleManifest = awaited.some((image) => image.singleManifest);
  if (singleManifest && build.compression?._forContainersOnly) {
    throw invalid(scope, `${property}.compression: Lambda functions cannot run an image with this compression: pass ImageCompression.gzip`);
  }
  // The default Dockerfile may be created later, so its existence is not checked.
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
 * Hashes all build settings that affect the image, except for the content of the sources. Settings that are not set are
 * omitted, so that tags stay the same when a later version of this library adds settings.
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

/** Readable and unique names of repositories, for jobs, files, and variables. */
function distinctIds(places: readonly RepositoryPlan[]): (place: RepositoryPlan) => string {
  const words = ({ registry, repositoryName }: RepositoryPlan) => kebabCase([Stage.of(registry)!.stageName, repositoryName]);
  const rivals = (place: RepositoryPlan) => places.filter((other) => words(other) === words(place) && !isSame(other, place));
  return (place) => rivals(place).length > 0 ? `${words(place)}-${shortHash(place.repositoryUri)}` : words(place);
}

/** The service stack cannot contain the registry, because phases 1 and 3 would then be one deployment. */
function refuseSharedStack(guard: ImageGuard): void {
  const { registry } = guard._awaited;
  if (createdRepository(registry) && deployedTogether(registry, guard)) {
    throw invalid(guard, `registry ${registry.node.path} is in the same stack, so an image cannot be pushed before the stack is deployed: ` +
      'put it in its own stack, such as with ImageRegistry.inCompanionStack');
  }
}

function placeOf(guard: ImageGuard): RepositoryPlan | undefined {
  return tryRepositoryOf(guard._awaited.registry);
}

function placesOf({ origin, copies }: Recipe): RepositoryPlan[] {
  return [origin, ...copies];
}

/** Properties of a repository. Guards can refer to it by different constructs, some of which import it. */
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
