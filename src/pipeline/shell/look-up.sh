#!/usr/bin/env bash

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
