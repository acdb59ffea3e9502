#!/usr/bin/env bash

# complain <message>
# Reports an error on standard error, and as an annotation in a run of GitHub Actions.
complain() {
  if [[ ${GITHUB_ACTIONS-} == true ]]; then
    echo "::error::$1" >&2
  else
    echo "error: $1" >&2
  fi
}
