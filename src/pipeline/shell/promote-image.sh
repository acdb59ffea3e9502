#!/usr/bin/env bash

# promote_image <region> <repository URI> <digest> <account> <region> <repository> <URI of the target> <tag>
# Logs in to both registries and calls copy_image, unless the tag already exists.
promote_image() {
  local there
  there=$(look_up "$4" "$5" "$6" "$8") || return
  if [[ $there != "$3" ]]; then
    log_in "$1" "$2" || return
    if [[ $2 != "$7" ]]; then
      log_in "$5" "$7" || return
    fi
    copy_image "$2" "$3" "$4" "$5" "$6" "$7" "$8"
  fi
}
