#!/usr/bin/env bash
# Generated from the CDK app by @org/phased-fargate. Do not edit:
# change the app and run "npx cdk synth", which writes this file anew.

set -euo pipefail
cd "$(dirname "$0")"

# look_up <account> <region> <repository> <tag>
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

# verify <stack> <region> <repository URI> <digest>
verify() {
  local stack=$1 region=$2 repository=$3 digest=$4 resources type id cluster definition images image
  resources=$(aws cloudformation list-stack-resources --region "$region" --stack-name "$stack" \
    --query 'StackResourceSummaries[].[ResourceType, PhysicalResourceId]' --output text)
  while read -r type id; do
    case $type in
      AWS::CloudFormation::Stack)
        verify "$id" "$region" "$repository" "$digest"
        ;;
      AWS::ECS::Service)
        cluster=${id#*:service/}
        definition=$(aws ecs describe-services --region "$region" --cluster "${cluster%%/*}" --services "$id" \
          --query 'services[0].taskDefinition' --output text)
        images=$(aws ecs describe-task-definition --region "$region" --task-definition "$definition" \
          --query 'taskDefinition.containerDefinitions[].image' --output text)
        for image in $images; do
          if [[ $image == "$repository"[@:]* && $image != "$repository@$digest" ]]; then
            echo "error: service ${id##*/} runs ${image#"$repository"} and not @$digest: ECS has rolled it back, its events say why"
            failed=true
          fi
        done
        ;;
    esac
  done <<< "$resources"
}

# Phase 1: the registries
npx cdk deploy FargateStack/Registry --require-approval never

# Phase 2: the image of fargatestack-api
if [[ -n $(git status --porcelain -- :/service) ]]; then
  echo "error: commit what is in service first, since the tag of the image is a commit" >&2
  exit 1
fi
tag=$(git log -1 --format=%H -- :/service)
digest=$(look_up 111122223333 us-east-1 fargatestack-api "$tag")
if [[ -z $digest ]]; then
  aws ecr get-login-password --region us-east-1 |
    docker login --username AWS --password-stdin 111122223333.dkr.ecr.us-east-1.amazonaws.com
  docker buildx build --platform linux/amd64 --push \
    --tag "111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api:$tag" \
    --file service/Dockerfile service
  digest=$(look_up 111122223333 us-east-1 fargatestack-api "$tag")
fi
DIGEST_FARGATESTACK_API=$digest

# Phase 3: the services
npx cdk deploy FargateStack --require-approval never \
  --parameters "FargateStack:ApiImageTag=$DIGEST_FARGATESTACK_API"
failed=false
verify FargateStack us-east-1 \
  111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api "$DIGEST_FARGATESTACK_API"
[[ $failed == false ]]
