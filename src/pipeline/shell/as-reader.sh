#!/usr/bin/env bash

# as_reader <region> <parameters of sts:AssumeRole as JSON> <command> [argument...]
# Runs a command with the lookup role of a stack, which may be in another account. If the caller lacks permission to assume
# the role, the command runs with the caller's credentials, as in the CDK CLI. If that also fails, both errors are printed.
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
