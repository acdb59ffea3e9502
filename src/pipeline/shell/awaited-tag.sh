#!/usr/bin/env bash

# awaited_tag <template> <resource type> <repository>
# Prints the tag that the guards of this template request in the repository.
awaited_tag() {
  jq --raw-output --exit-status --arg type "$2" --arg repository "$3" \
    '[.Resources[] | select(.Type == $type).Properties | select(.RepositoryName == $repository).VersionValue] | unique[0]' "$1"
}
