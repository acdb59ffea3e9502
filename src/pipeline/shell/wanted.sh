#!/usr/bin/env bash

# wanted <stage> <argument>...
# Whether the stage is one of the arguments. Without any, each stage is.
wanted() {
  local argument
  [[ $# == 1 ]] && return
  for argument in "${@:2}"; do
    [[ $argument == "$1" ]] && return
  done
  return 1
}
