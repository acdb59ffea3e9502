#!/usr/bin/env bash

# require_secrets <environment variable>...
# Fails if a secret of the build is missing. Docker would build with an empty one.
require_secrets() {
  local variable
  for variable; do
    if [[ -z ${!variable-} ]]; then
      complain "the image is built with a secret from the environment variable $variable, which is not set"
      return 1
    fi
  done
}
