import { ImagePlan, Release, StackPlan } from './deploy-plan';

/** Pieces of bash that the workflow and the script have in common. Both run them with `set -euo pipefail`. */

/** A word that bash takes as it is. */
export function quoted(word: string): string {
  return /^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** A call of a command, an argument or option on each line where it gets long. */
export function command(...words: string[]): string {
  return words.join(' \\\n  ');
}

/** What an image is built from, as git takes it: from the root of the repository, wherever the app is. */
export function sources({ context, dockerfile }: ImagePlan): string {
  const within = context === '.' || dockerfile.startsWith(`${context}/`);
  return [context, ...within ? [] : [dockerfile]].map((path) => quoted(`:/${path === '.' ? '' : path}`)).join(' ');
}

/**
 * Sets `tag`: the last commit that changed what the image is built from. Its content is that of the current commit, so
 * a commit that changes something else brings no new image.
 */
export function setTag(image: ImagePlan): string {
  return `tag=$(git log -1 --format=%H -- ${sources(image)})`;
}

/** Defines `look_up`, which prints the digest of a tag, or nothing if there is no such image. Any other failure is one. */
export function defineLookUp(): string {
  return `# look_up <account> <region> <repository> <tag>
look_up() {
  local answer
  if answer=$(aws ecr describe-images --region "$2" --registry-id "$1" --repository-name "$3" \\
    --image-ids "imageTag=$4" --query 'imageDetails[0].imageDigest' --output text 2>&1); then
    grep -o 'sha256:[0-9a-f]*' <<< "$answer"
  elif [[ $answer != *ImageNotFoundException* ]]; then
    echo "$answer" >&2
    return 1
  fi
}`;
}

/** Sets `digest` to that of the image with the tag `$tag`, if there is one. */
export function lookUp({ account, region, repositoryName }: ImagePlan): string {
  return `digest=$(look_up ${account} ${region} ${repositoryName} "$tag")`;
}

/** Logs Docker in to the registry of the image. */
export function logIn({ region, repositoryUri }: ImagePlan): string {
  return `aws ecr get-login-password --region ${region} |
  docker login --username AWS --password-stdin ${repositoryUri.split('/')[0]}`;
}

/** Builds the image with the tag `$tag`. */
export function buildAndPush(image: ImagePlan): string {
  const { repositoryUri, context, dockerfile, platforms, target, buildArgs, latest, singleManifest } = image;
  return command(
    `docker buildx build --platform ${platforms.join(',')} --push`,
    ...[':$tag', ...latest ? [':latest'] : []].map((tag) => `--tag "${repositoryUri}${tag}"`),
    ...target === undefined ? [] : [`--target ${quoted(target)}`],
    ...Object.entries(buildArgs).map(([name, value]) => `--build-arg ${quoted(`${name}=${value}`)}`),
    // Lambda takes a single manifest, and an attestation makes an index of it.
    ...singleManifest ? ['--provenance=false'] : [],
    `--file ${quoted(dockerfile)} ${quoted(context)}`,
  );
}

/** Deploys stacks, each release with its digest. Anything that these stacks depend on is deployed as well. */
export function deploy(cdk: string, stacks: StackPlan[], releases: Release[] = []): string {
  return command(`${cdk} deploy ${stacks.map(({ deployId }) => quoted(deployId)).join(' ')} --require-approval never`,
    ...releases.map(({ parameterName, image }) => `--parameters "${parameterName}=$${digestVariable(image)}"`));
}

/** For the body of a block. */
export function indented(run: string): string {
  return run.replace(/^(?=.)/gm, '  ');
}

/** The variable that holds the digest of an image. */
export function digestVariable({ id }: ImagePlan): string {
  return `DIGEST_${id.replace(/-/g, '_').toUpperCase()}`;
}

/**
 * Defines `verify`, which compares what the ECS services of a stack run with what was pushed: a service that ECS has
 * rolled back by itself does not fail the deployment of its stack.
 *
 * @param fail the command that reports a difference
 */
export function defineVerify(fail: string): string {
  return `# verify <stack> <region> <repository URI> <digest>
verify() {
  local stack=$1 region=$2 repository=$3 digest=$4 resources type id cluster definition images image
  resources=$(aws cloudformation list-stack-resources --region "$region" --stack-name "$stack" \\
    --query 'StackResourceSummaries[].[ResourceType, PhysicalResourceId]' --output text)
  while read -r type id; do
    case $type in
      AWS::CloudFormation::Stack)
        verify "$id" "$region" "$repository" "$digest"
        ;;
      AWS::ECS::Service)
        cluster=\${id#*:service/}
        definition=$(aws ecs describe-services --region "$region" --cluster "\${cluster%%/*}" --services "$id" \\
          --query 'services[0].taskDefinition' --output text)
        images=$(aws ecs describe-task-definition --region "$region" --task-definition "$definition" \\
          --query 'taskDefinition.containerDefinitions[].image' --output text)
        for image in $images; do
          if [[ $image == "$repository"[@:]* && $image != "$repository@$digest" ]]; then
            echo "${fail}service \${id##*/} runs \${image#"$repository"} and not @$digest: ECS has rolled it back, its events say why"
            failed=true
          fi
        done
        ;;
    esac
  done <<< "$resources"
}`;
}

/** Calls `verify` for each release, and fails if any of them found a difference. */
export function verify(releases: Release[]): string {
  return [
    'failed=false',
    ...releases.map(({ stack, image }) =>
      command(`verify ${quoted(stack.stackName)} ${stack.region}`, `${image.repositoryUri} "$${digestVariable(image)}"`)),
    '[[ $failed == false ]]',
  ].join('\n');
}
