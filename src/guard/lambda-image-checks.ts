import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { invalid, isPlaceholder } from '../private/validation';
import { placeOf } from '../registry/repository-reference';

export interface FunctionImage {
  readonly guard: IConstruct;
  readonly repository: ecr.IRepository;

  /** Whether the guard lets a deployment continue without an image. */
  readonly holdsTasksBack: boolean;
}

/** @throws if Lambda could never create the function; it needs an image at creation, and only from its own region */
export function checkFunction(user: IConstruct, { guard, repository, holdsTasksBack }: FunctionImage): void {
  if (holdsTasksBack) {
    throw invalid(user, `lambdaCode of guard ${guard.node.path} does not support WhenMissing.startWithoutTasks(), ` +
      'because Lambda cannot create a function without an image: create a guard for the function with WhenMissing.fail() or WhenMissing.waitFor()');
  }
  if (isPlaceholder(repository.repositoryArn)) return;
  const [here, there] = [Stack.of(user).region, placeOf(repository).region];
  if (here !== there && !Token.isUnresolved(here) && !Token.isUnresolved(there)) {
    throw invalid(user, `lambdaCode of guard ${guard.node.path} is in region ${there} and the function in ${here}, ` +
      `but Lambda accepts only images from its own region: pass a registry in ${here}, such as a replica`);
  }
}

/** Finds requirements that no image can meet. Call it when all users of the image are known. */
export function contradictions({ singleManifest, platforms }: { singleManifest: boolean; platforms: string[] }): string[] {
  return singleManifest && platforms.length > 1
    ? [`the image is for ${platforms.join(' and ')}, so it is an index of several manifests, but Lambda functions accept only single manifests: ` +
      'create a guard for each platform']
    : [];
}
