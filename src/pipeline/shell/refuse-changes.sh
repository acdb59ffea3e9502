#!/usr/bin/env bash

# refuse_changes <path>...
# Fails if anything below these paths is not committed, because the tag of an image names a commit.
refuse_changes() {
  local changes
  changes=$(git status --porcelain -- "$@") || return
  if [[ -n $changes ]]; then
    echo "$changes" >&2
    complain 'there are uncommitted changes: commit them first, because the image tag names a commit'
    return 1
  fi
}
