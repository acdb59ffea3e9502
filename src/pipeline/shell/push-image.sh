#!/usr/bin/env bash

# push_image <account> <region> <repository> <tag> <argument of docker buildx build>...
# Builds an image, pushes it, and prints its digest. A tag that cannot be overwritten is refused if another build has pushed
# it meanwhile: then it prints the digest of that image, which was made of the same.
push_image() {
  docker buildx build --push "${@:5}" >&2 || true
  pushed_image "${@:1:4}"
}
