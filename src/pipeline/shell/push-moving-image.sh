#!/usr/bin/env bash

# push_moving_image <account> <region> <repository> <tag> <argument of docker buildx build>...
# Builds an image, moves the tag to it, and prints its digest.
push_moving_image() {
  docker buildx build --push "${@:5}" >&2 || return
  pushed_image "${@:1:4}"
}
