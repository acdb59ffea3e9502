#!/usr/bin/env bash
# Generated from the CDK app by @org/phased-fargate. Do not edit:
# change the app and run "npx cdk synth", which rewrites this file.

set -euo pipefail
cd "$(dirname "$0")"

# as_reader <region> <parameters of sts:AssumeRole as JSON> <command> [argument...]
# Runs a command with the lookup role of a stack, which may be in another account. If the caller lacks permission to assume
# the role, the command runs with the caller's credentials, as in the CDK CLI. If that also fails, both errors are printed.
as_reader() {
  local region=$1 parameters=$2 answer key secret token status=0
  shift 2
  if answer=$(aws sts assume-role --region "$region" --cli-input-json "$parameters" \
    --query '[Credentials.[AccessKeyId, SecretAccessKey, SessionToken]]' --output text 2>&1); then
    read -r key secret token <<< "${answer##*$'\n'}"
    AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$@"
  else
    "$@" || status=$?
    if [[ $status != 0 ]]; then
      echo "$answer" >&2
    fi
    return "$status"
  fi
}

# complain <message>
# Reports an error on standard error, and as an annotation in a run of GitHub Actions.
complain() {
  if [[ ${GITHUB_ACTIONS-} == true ]]; then
    echo "::error::$1" >&2
  else
    echo "error: $1" >&2
  fi
}

# image_tag <build settings> <path>...
# Prints the tag of the image that is built from these paths: the last commit that changed them, and the hash of the build
# settings. The content of the paths has not changed since that commit.
image_tag() {
  local commit
  commit=$(git log -1 --format=%H -- "${@:2}") || return
  if [[ -z $commit ]]; then
    complain "no commit contains any of ${*:2}: commit the sources of the image"
    return 1
  fi
  echo "$commit-$1"
}

# log_in <region> <repository URI>
# Logs Docker in to the registry.
log_in() {
  aws ecr get-login-password --region "$1" | docker login --username AWS --password-stdin "${2%%/*}" >&2
}

# look_up <account> <region> <repository> <tag>
# Prints the digest of the image with this tag, or nothing if there is no such image. Fails on any other error.
look_up() {
  local answer
  if answer=$(aws ecr describe-images --region "$2" --registry-id "$1" --repository-name "$3" \
    --image-ids "imageTag=$4" --query 'imageDetails[0].imageDigest' --output text 2>&1); then
    grep -o 'sha256:[0-9a-f]*' <<< "$answer"
  elif [[ $answer != *ImageNotFoundException* ]]; then
    echo "$answer" >&2
    return 1
  fi
}

# push_image <account> <region> <repository> <tag> <argument of docker buildx build>...
# Builds an image, pushes it, and prints its digest. If another build has already pushed an immutable tag, ECR refuses the
# push. The function then prints the digest of that image, which was built from the same sources.
push_image() {
  docker buildx build --push "${@:5}" >&2 || true
  pushed_image "${@:1:4}"
}

# pushed_image <account> <region> <repository> <tag>
# Prints the digest of the image with this tag, which any build may have pushed. Fails if there is no such image.
pushed_image() {
  local digest
  digest=$(look_up "$@") || return
  if [[ -z $digest ]]; then
    complain "the image $3:$4 was not built, and no other build has pushed it"
    return 1
  fi
  echo "$digest"
}

# refuse_changes <path>...
# Fails if anything below these paths is not committed, because the tag of an image names a commit.
refuse_changes() {
  local changes
  changes=$(git status --porcelain -- "$@") || return
  if [[ -n $changes ]]; then
    echo "$changes" >&2
    complain 'there are uncommitted changes: commit them first, because the image tag names a commit'
    return 1
  fi
}

# verify <stack> <region> <repository URI> <digest>
# Fails if an ECS service of the stack runs another image of this repository. If ECS rolls a service back, the
# deployment of its stack does not fail.
verify() {
  local region=$2 repository=$3 digest=$4 resources type id cluster definition images image status=0
  resources=$(aws cloudformation list-stack-resources --region "$region" --stack-name "$1" \
    --query 'StackResourceSummaries[].[ResourceType, PhysicalResourceId]' --output text) || return
  while read -r type id; do
    case $type in
      AWS::CloudFormation::Stack)
        verify "$id" "$region" "$repository" "$digest" || status=1
        ;;
      AWS::ECS::Service)
        cluster=${id#*:service/}
        definition=$(aws ecs describe-services --region "$region" --cluster "${cluster%%/*}" --services "$id" \
          --query 'services[0].taskDefinition' --output text) || return
        images=$(aws ecs describe-task-definition --region "$region" --task-definition "$definition" \
          --query 'taskDefinition.containerDefinitions[].image' --output text) || return
        for image in $images; do
          if [[ $image == "$repository"[@:]* && $image != "$repository@$digest" ]]; then
            complain "service ${id##*/} runs ${image#"$repository"}, expected @$digest: ECS rolled the service back; see its events"
            status=1
          fi
        done
        ;;
    esac
  done <<< "$resources"
  return "$status"
}

# Phase 1: the registries
npx cdk deploy FargateStack/Registry --require-approval never

# Phase 2: the image of fargatestack-api
refuse_changes :/service
tag=$(image_tag 13f36720 :/service)
digest=$(look_up 111122223333 us-east-1 fargatestack-api "$tag")
if [[ -z $digest ]]; then
  log_in us-east-1 111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api
  digest=$(push_image 111122223333 us-east-1 fargatestack-api "$tag" \
    --tag "111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api:$tag" \
    --platform linux/amd64 \
    --file service/Dockerfile service)
fi
IMAGE_FARGATESTACK_API=$tag@$digest

# Phase 3: the services
npx cdk deploy FargateStack --require-approval never \
  --parameters "FargateStack:ApiImageTag=$IMAGE_FARGATESTACK_API"
failed=false
as_reader us-east-1 '{"RoleSessionName":"phased-fargate","RoleArn":"arn:aws:iam::111122223333:role/cdk-hnb659fds-lookup-role-111122223333-us-east-1"}' \
  verify FargateStack us-east-1 \
  111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api "${IMAGE_FARGATESTACK_API#*@}" || failed=true
[[ $failed == false ]]
