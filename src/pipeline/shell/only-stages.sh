#!/usr/bin/env bash

# only_stages <count> <stage>... <argument>...
# Fails if one of the arguments is none of the stages, of which there are so many.
only_stages() {
  local stages=("${@:2:$1}") argument stage known
  for argument in "${@:$(($1 + 2))}"; do
    known=false
    for stage in "${stages[@]}"; do
      [[ $argument == "$stage" ]] && known=true
    done
    if [[ $known == false ]]; then
      echo "usage: $0 [stage]... (${stages[*]})" >&2
      return 2
    fi
  done
}
