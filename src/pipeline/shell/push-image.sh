#!/usr/bin/env bash

# push_image <account> <region> <repository> <tag> <argument of docker buildx build>...
# Builds an image, pushes it, and prints its digest. If another build has already pushed an immutable tag, ECR refuses the
# push. The function then prints the digest of that image, which was built from the same sources.
push_image() {
  docker buildx build --push "${@:5}" >&2 || true
  pushed_image "${@:1:4}"
}
