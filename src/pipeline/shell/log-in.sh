#!/usr/bin/env bash

# log_in <region> <repository URI>
# Logs Docker in to the registry.
log_in() {
  aws ecr get-login-password --region "$1" | docker login --username AWS --password-stdin "${2%%/*}" >&2
}
