#!/usr/bin/env bash

# as_reader <region> <parameters of sts:AssumeRole as JSON> <command> [argument...]
# Runs a command with the lookup role of a stack, which may be in another account. Like the CDK CLI, it goes on with the
# credentials at hand if they lack permission to assume the role. If that fails too, it prints why.
as_reader() {
  local region=$1 parameters=$2 answer key secret token status=0
  shift 2
  if answer=$(aws sts assume-role --region "$region" --cli-input-json "$parameters" \
    --query '[Credentials.[AccessKeyId, SecretAccessKey, SessionToken]]' --output text 2>&1); then
    read -r key secret token <<< "${answer##*$'\n'}"
    AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$@"
  else
    "$@" || status=$?
    if [[ $status != 0 ]]; then
      echo "$answer" >&2
    fi
    return "$status"
  fi
}
