import { Inputs } from './workflow';
import { shown } from '../../private/validation';
import { ImagePlan } from '../image-plan';
import { pairs } from '../shell-calls';

/** The parts of the step that depend on the image. */
export interface BuildAction {
  readonly with: Inputs;
  readonly env?: Record<string, string>;
}

/**
 * Returns the inputs of docker/build-push-action.
 *
 * @param tag tag of the image
 * @param rebuild expression that is true if the image must be built from scratch
 * @throws if GitHub or the action would evaluate a part of a value as an expression
 */
export function buildAction(image: ImagePlan, tag: string, rebuild: string | undefined): BuildAction {
  const { repositoryUri, context, dockerfile, target, platforms, buildArgs, additionalContexts, secrets, compression, singleManifest } = image;
  refuseExpressions(image);
  const trimmed = Object.entries(buildArgs).filter(([, value]) => endsWithBlanks(value));
  refuseTaken(trimmed);
  const env = { ...Object.fromEntries(trimmed), ...Object.fromEntries(Object.values(secrets).map((variable) => [variable, `\${{ secrets.${variable} }}`])) };
  return {
    with: {
      context,
      'file': dockerfile,
      target,
      'platforms': platforms.join(','),
      // The action trims trailing whitespace of each value. If an argument has no value, buildx reads the environment
      // variable.
      'build-args': list(Object.entries(buildArgs).map(([name, value]) => endsWithBlanks(value) ? name : `${name}=${value}`)),
      'build-contexts': list(pairs(additionalContexts)),
      'secret-envs': list(pairs(secrets)),
      'pull': rebuild,
      'no-cache': rebuild,
      'push': true,
      'outputs': compression && `type=image,push=true,${compression}`,
      'tags': `${repositoryUri}:${tag}`,
      // Attestations turn a single manifest into an index.
      'provenance': singleManifest ? false : undefined,
      'sbom': singleManifest ? false : undefined,
      ...cache(image),
    },
    env: Object.keys(env).length > 0 ? env : undefined,
  };
}

function endsWithBlanks(value: string): boolean {
  return value !== value.trimEnd();
}

/** Environment variables of the runner that a step cannot set or must not change. */
const TAKEN = /^((GITHUB|RUNNER|ACTIONS|INPUT)_.*|CI|HOME|PATH|NODE_OPTIONS)$/;

function refuseTaken(trimmed: [string, string][]): void {
  const [name, value] = trimmed.find(([variable]) => TAKEN.test(variable)) ?? [];
  if (name) {
    throw new Error(`images: buildArgs.${name} ${shown(value)} ends with whitespace, so the workflow needs an environment variable ${name} for it, ` +
      'but the runner already uses this name: remove the whitespace, or rename the argument');
  }
}

/** Stores the build cache in the registry if its tags can move. Otherwise, uses the GitHub cache with a scope for each image. */
function cache({ keepsCache, repositoryUri }: ImagePlan): Inputs {
  return keepsCache
    ? {
      'cache-from': `type=registry,ref=${repositoryUri}:cache`,
      'cache-to': `type=registry,ref=${repositoryUri}:cache,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`,
    }
    : {
      'cache-from': `type=gha,scope=${repositoryUri}`,
      'cache-to': `type=gha,scope=${repositoryUri},mode=max,ignore-error=true`,
    };
}

/** The action reads such an input as CSV, with one value per line. */
function list(values: string[]): string | undefined {
  return values.length > 0 ? values.map(csv).join('\n') : undefined;
}

function csv(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
}

function refuseExpressions({ context, dockerfile, target = '', buildArgs, additionalContexts }: ImagePlan): void {
  const values = Object.entries({ context, dockerfile, target, ...named('additionalContexts', additionalContexts), ...named('buildArgs', buildArgs) });
  const [property, value] = values.find(([, text]) => text.includes('${{')) ?? values.find(([name, text]) => /ontext/.test(name) && text.includes('{{')) ?? [];
  if (property) {
    throw new Error(`images: ${property} "${value}" contains an expression that the workflow would evaluate, so the image could change without a new tag: ` +
      'pass a value that is known at synthesis');
  }
}

function named(property: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${property}.${name}`, value]));
}
