#!/usr/bin/env bash

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
