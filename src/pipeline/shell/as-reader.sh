#!/usr/bin/env bash

# as_reader <role ARN> <command> [argument...]
# Runs a command with the lookup role of a bootstrapped environment, which may be in another account. Like the CDK CLI,
# it goes on with the credentials at hand if they may not assume the role.
as_reader() {
  local role=$1 credentials key secret token
  shift
  if credentials=$(aws sts assume-role --role-arn "$role" --role-session-name deploy-script \
    --query '[Credentials.[AccessKeyId, SecretAccessKey, SessionToken]]' --output text 2> /dev/null); then
    read -r key secret token <<< "$credentials"
    AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$@"
  else
    "$@"
  fi
}
