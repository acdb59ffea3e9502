#!/usr/bin/env bash

# newest_tag <account> <region> <repository> <tag>
# Prints the tag of the latest rebuild of the image with this tag. Without one, it prints the tag itself.
newest_tag() {
  {
    echo "$4"
    aws ecr list-images --region "$2" --registry-id "$1" --repository-name "$3" --filter tagStatus=TAGGED \
      --query "imageIds[?starts_with(imageTag, '$4-')].[imageTag]" --output text
  } | LC_ALL=C sort | tail -n 1
}
