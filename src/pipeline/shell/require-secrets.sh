#!/usr/bin/env bash

# require_secrets <environment variable>...
# Fails if a build secret is missing. Docker would use an empty secret instead.
require_secrets() {
  local variable
  for variable; do
    if [[ -z ${!variable-} ]]; then
      complain "the image is built with a secret from the environment variable $variable, which is not set"
      return 1
    fi
  done
}
