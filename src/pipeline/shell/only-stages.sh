#!/usr/bin/env bash

# only_stages <count> <stage>... <argument>...
# Fails if an argument is not one of the stages. <count> is the number of stages.
only_stages() {
  local stages=("${@:2:$1}") argument stage known
  for argument in "${@:$(($1 + 2))}"; do
    known=false
    for stage in "${stages[@]}"; do
      [[ $argument == "$stage" ]] && known=true
    done
    if [[ $known == false ]]; then
      (IFS='|' && echo "usage: $0 [${stages[*]}]..." >&2)
      return 2
    fi
  done
}
