import { lookUpActions } from '../contract';
import { buildAndPush, copyImage, deployRegistry, deployService, logIn, pullOnce, restoreFromArchive } from './commands';
import { RecentImages } from './ecr/recent-images';
import { OutOfDate } from './move-release-tags';
import { Observation, Trouble } from './observation';
import { Question } from './request';
import { Stack } from '../../handler/request';
import { short } from '../../handler/response';
import { ecrCommand } from '../../private/cli-commands';

/** Facts for a failure reason, in addition to the observation. */
export interface Circumstances {
  readonly question: Question;
  readonly stack: Stack;
  readonly waitedMs: number;
  /** Whether tasks may be running. */
  readonly mayRun: boolean;
  /** Set if the image is missing, or no image was named. */
  readonly recent?: RecentImages;
}

/**
 * Explains to the user of the CLI why the deployment was stopped, and what to do. The most important sentence comes
 * first, because screens cut off the rest. Users can copy the commands.
 */
export function explain(observation: Observation, circumstances: Circumstances): string {
  const { question } = circumstances;
  const image = nameOf(question);
  const place = placeOf(question);
  const again = deployService(question, question.version.value);
  const newTag = deployService(question, '<new tag>');
  const rebuild = steps(...pushSteps(question, '<new tag>'), newTag);
  const which = 'digest' in observation ? `(digest ${observation.digest}, ${place})` : '';

  switch (observation.kind) {
    case 'unnamed':
      return sentences(
        `No image tag was passed: pass the tag of an image in ${question.repository.uri} (${place}).`,
        keptRunning(circumstances),
        'Later deployments can omit the tag: the CDK CLI passes the previous one.',
        pushedLast(circumstances.recent),
        `To proceed: ${steps(...pushed(circumstances.recent) ? [] : pushSteps(question, '<tag>'), deployService(question, '<tag>'))}`,
      );
    case 'missing':
      return sentences(
        `Image ${image} does not exist (${place})${waited(circumstances)}.`,
        keptRunning(circumstances),
        similarTags(circumstances.recent),
        pushedLast(circumstances.recent),
        pullThroughCache(question) ?? howToPush(question, again),
      );
    case 'gone':
      return sentences(`Image ${image} was deleted while the guard was checking it (${place}).`, `Deploy again: ${again}`);
    case 'repositoryMissing':
      return sentences(
        `Repository ${question.repository.uri} was not found (${place}).`,
        'If the repository is elsewhere, correct its account or region.',
        pullThroughCache(question)
          ?? `Otherwise: ${steps(deployRegistry(question) ?? 'create the repository', ...pushSteps(question, tagOf(question)), again)}`,
      );
    case 'archived':
      return sentences(
        `Image ${image} is archived (${place}), and archived images cannot be pulled.`,
        `Restore it, which takes a few minutes: ${steps(restoreFromArchive(question), again)}`,
      );
    case 'activating':
      return sentences(
        `Image ${image} is being restored from the archive (${place}) and cannot be pulled yet${waited(circumstances)}.`,
        `Deploy again once its status is ACTIVE: ${again}`,
      );
    case 'wrongPlatform':
      return sentences(
        `Image ${image} does not run on ${list(observation.lacking)}, which the task definition needs: `
          + `the image offers ${list(observation.offered) || 'no platform'} ${which}.`,
        `Change cpuArchitecture of the task definition, or build the image for ${list(observation.lacking)} under a new tag: ${rebuild}`,
      );
    case 'notAnImage':
      return sentences(
        `${image} is not a container image: it is ${observation.what} ${which}. Tasks cannot run it.`,
        `Push the image under a different tag: ${rebuild}`,
      );
    case 'index':
      return sentences(
        `Image ${image} is an index of several manifests ${which}, but Lambda functions accept only single manifests.`,
        `Build it without attestations and for one platform: ${rebuild}`,
      );
    case 'notReady':
    case 'notBegun':
    case 'unfit':
      return sentences(
        `Image ${image} ${observation.problem} ${which}${waited(circumstances)}.`,
        keptRunning(circumstances),
        `To proceed: ${steps(observation.remedy, observation.kind === 'notReady' ? again : deployService(question, '<tag>'))}`,
      );
    case 'denied':
      return denied(observation, circumstances);
    case 'kms':
      return sentences(
        `ECR cannot decrypt image ${image} (${place}): ${short(observation.message)}.`,
        `Enable the KMS key of the repository, cancel its deletion, or restore ECR's grant on it. Then: ${again}`,
      );
    case 'upstream':
      return sentences(
        `ECR cannot get image ${image} from the upstream registry of its pull-through cache (${place}): ${short(observation.message)}.`,
        `Check the cache rule and its credentials, then pull the image once: ${steps(logIn(question), pullOnce(question, reference(question)), again)}`,
      );
    case 'refused':
      return sentences(
        `ECR rejects the image name ${image} (${place}): ${short(observation.message)}.`,
        `Check the repository and the version. Then: ${newTag}`,
      );
    case 'quota':
      return sentences(
        `Image ${image} could not be looked up (${place}), because an ECR quota is exhausted: ${action(observation)}${short(observation.message)}.`,
        `Request an increase, then deploy again: ${again}`,
      );
    case 'throttled':
    case 'unavailable':
      return sentences(
        `Image ${image} could not be looked up (${place})${waited(circumstances)}: ECR is ${observation.kind === 'throttled' ? 'throttling' : 'unavailable'} (${short(observation.message)}).`,
        'The image is not the cause.',
        `Deploy again: ${again}`,
      );
    case 'unexpected':
      return sentences(
        `The guard could not look up image ${image} (${place}): ${action(observation)}${short(observation.message)}.`,
        `See the log of the guard's function, then deploy again: ${again}`,
      );
    case 'unseen':
    case 'found':
      return `Image ${image} was not looked up in time (${place}). Deploy again: ${again}`;
  }
}

/** Explains why an existing image was not released: the guard could not protect it from expiring. */
export function explainReleaseTags(trouble: Observation | OutOfDate, circumstances: Circumstances): string {
  const { question } = circumstances;
  const again = deployService(question, question.version.value);
  if (trouble.kind === 'outOfDate') {
    return sentences(
      `The stack is in ${trouble.status}, so this request is out of date. Image ${nameOf(question)} was not released.`,
      `If you still want this deployment, start it again: ${again}`,
    );
  }
  if (!('message' in trouble)) return explain(trouble, circumstances);
  if (trouble.action === 'cloudformation:DescribeStacks') {
    return sentences(
      `Image ${nameOf(question)} exists, but the guard cannot move the release tag ${question.releaseTag}, because it cannot determine `
        + `whether the stack is still being deployed: ${short(trouble.message)}.`,
      `Grant the guard's function cloudformation:DescribeStacks, or set retainReleasedImages to false. Then: ${again}`,
    );
  }
  return sentences(
    `Image ${nameOf(question)} exists, but the guard cannot add the release tag ${question.releaseTag} (${placeOf(question)}): `
      + `${action(trouble)}${short(trouble.message)}.`,
    releaseTagRemedy(trouble, question),
    `Then: ${again}`,
  );
}

function releaseTagRemedy(trouble: Trouble, question: Question): string {
  switch (trouble.kind) {
    case 'quota':
      return `ECR allows 1,000 tags per image: delete release tags of services that no longer exist, with ${ecrCommand('batch-delete-image', question.repository)} --image-ids imageTag=<tag>.`;
    case 'throttled':
    case 'unavailable':
      return 'Wait a few minutes.';
    default:
      return 'Allow overwriting tags that begin with "deployed-" (mutability exclusions of the repository) and grant the guard\'s function ecr:PutImage, '
        + 'or set retainReleasedImages to false.';
  }
}

function denied(trouble: Trouble, { question, stack, waitedMs }: Circumstances): string {
  const [, principal = 'The guard\'s function', what = trouble.action] =
    /User: (\S+) is not authorized to perform: (\S+)/.exec(trouble.message) ?? [];
  const { uri, account } = question.repository;
  return sentences(
    `${principal} lacks permission for ${what} on ${uri} (${placeOf(question)})${waited({ waitedMs })}.`,
    `ECR says: ${short(trouble.message)}.`,
    `To proceed: ${steps(
      what?.startsWith('inspector2:')
        ? 'pass enhancedScanning: true to ImageRequirement.scanned'
        : account !== stack.account
          ? `in account ${account}, add this statement to the policy of the repository: ${JSON.stringify(statementFor(stack, question))}`
          : 'look for a denial in the repository policy, a permissions boundary, or a service control policy',
      deployService(question, question.version.value),
    )}`,
  );
}

/** Returns a policy statement with all permissions that the guard and the tasks need. */
function statementFor({ partition, account }: Stack, { requirements }: Question): object {
  return { Effect: 'Allow', Principal: { AWS: `arn:${partition}:iam::${account}:root` }, Action: [...lookUpActions(requirements), 'ecr:BatchCheckLayerAvailability'] };
}

function howToPush(question: Question, again: string): string {
  if (question.imageId && 'imageDigest' in question.imageId) {
    return sentences(
      'You cannot choose a digest when pushing: correct the digest, or copy the image from <source>:',
      steps(logIn(question), copyImage(question, question.imageId.imageDigest), again),
    );
  }
  return `Push the image and deploy again: ${steps(...pushSteps(question, question.version.value), again)}`;
}

function pushSteps(question: Question, tag: string): string[] {
  return [logIn(question), buildAndPush(question, tag)];
}

/**
 * Prefixes that the ECR console and documentation suggest. A reliable check would need permission to read all rules of
 * the registry.
 */
const CACHE_PREFIXES = /^(ecr-public|docker-hub|dockerhub|quay|ghcr|github|k8s|kubernetes|gitlab|azure|mcr|chainguard)\//;

function pullThroughCache(question: Question): string | undefined {
  if (!CACHE_PREFIXES.test(question.repository.name)) return undefined;
  return 'This looks like a pull-through cache, where an image appears only after its first pull: '
    + steps(logIn(question), pullOnce(question, reference(question)), deployService(question, question.version.value));
}

function pushedLast(recent: RecentImages | undefined): string | undefined {
  if (!recent) return undefined;
  if (!pushed(recent)) return 'The repository is empty.';
  const images = recent.pushedLast.map(({ name, pushedAt }) => `${name} (${pushedAt.toISOString().slice(0, 16)}Z)`);
  return `Latest images${recent.partial ? ' of those checked' : ''}: ${images.join(', ')}.`;
}

function pushed(recent: RecentImages | undefined): boolean {
  return recent !== undefined && recent.pushedLast.length > 0;
}

function similarTags(recent: RecentImages | undefined): string | undefined {
  return recent && recent.similarTags.length > 0 ? `Similar tags exist: ${recent.similarTags.join(', ')}.` : undefined;
}

function keptRunning({ question, mayRun }: Circumstances): string | undefined {
  return mayRun && question.whenMissing === 'startWithoutTasks'
    ? 'startWithoutTasks applies only to first deployments, so tasks keep the previous image.'
    : undefined;
}

function nameOf(question: Question): string {
  return question.repository.uri + reference(question);
}

function reference({ imageId, version }: Question): string {
  return `${imageId && 'imageDigest' in imageId ? '@' : ':'}${version.value}`;
}

function tagOf({ imageId }: Question): string {
  return imageId && 'imageTag' in imageId ? imageId.imageTag : '<tag>';
}

function placeOf({ repository }: Question): string {
  return `account ${repository.account}, region ${repository.region}`;
}

function waited({ waitedMs }: Pick<Circumstances, 'waitedMs'>): string {
  return waitedMs >= 1000 ? `, after waiting ${Math.round(waitedMs / 1000)} s` : '';
}

function action({ action: asked }: Trouble): string {
  return asked ? `${asked} failed: ` : '';
}

function list(items: readonly string[]): string {
  return items.join(' and ');
}

/** Joins the commands on one line, because CloudFormation does not accept line breaks. */
function steps(...commands: string[]): string {
  return commands.length === 1 ? commands[0] : commands.map((command, index) => `${index + 1}) ${command}`).join('  ');
}

function sentences(...parts: Array<string | undefined>): string {
  return parts.filter((part) => part).join(' ');
}
