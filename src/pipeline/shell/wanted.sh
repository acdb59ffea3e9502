#!/usr/bin/env bash

# wanted <stage> <argument>...
# Succeeds if the stage is one of the arguments, or if there are no arguments.
wanted() {
  local argument
  [[ $# == 1 ]] && return
  for argument in "${@:2}"; do
    [[ $argument == "$1" ]] && return
  done
  return 1
}
