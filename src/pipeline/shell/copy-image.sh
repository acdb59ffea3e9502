#!/usr/bin/env bash

# copy_image <repository URI> <digest> <account> <region> <repository> <URI of the target> <tag>
# Tags an image in the same repository or another one, and compares the digests. Skips the copy if the tag already exists.
copy_image() {
  local there
  there=$(look_up "$3" "$4" "$5" "$7") || return
  if [[ $there != "$2" ]]; then
    # If ECR refuses the tag, another run may have pushed it.
    docker buildx imagetools create --prefer-index=false --tag "$6:$7" "$1@$2" >&2 || true
    there=$(look_up "$3" "$4" "$5" "$7") || return
  fi
  if [[ $there != "$2" ]]; then
    complain "cannot tag $2 as $6:$7: the tag points to ${there:-no image}; see the output above"
    return 1
  fi
}
