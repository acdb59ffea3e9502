#!/usr/bin/env bash

# use_container_builder
# Makes Docker build in a container. Its default builder supports neither several platforms nor other compressions.
use_container_builder() {
  export BUILDX_BUILDER=phased-fargate
  docker buildx inspect "$BUILDX_BUILDER" > /dev/null 2>&1 ||
    docker buildx create --name "$BUILDX_BUILDER" --driver docker-container >&2
}
