#!/usr/bin/env bash

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
