#!/usr/bin/env bash

# verify <stack> <region> <repository URI> <digest>
# Fails if an ECS service of the stack runs another image of this repository. If ECS rolls a service back, the
# deployment of its stack does not fail.
verify() {
  local region=$2 repository=$3 digest=$4 resources type id cluster definition images image status=0
  resources=$(aws cloudformation list-stack-resources --region "$region" --stack-name "$1" \
    --query 'StackResourceSummaries[].[ResourceType, PhysicalResourceId]' --output text) || return
  while read -r type id; do
    case $type in
      AWS::CloudFormation::Stack)
        verify "$id" "$region" "$repository" "$digest" || status=1
        ;;
      AWS::ECS::Service)
        cluster=${id#*:service/}
        definition=$(aws ecs describe-services --region "$region" --cluster "${cluster%%/*}" --services "$id" \
          --query 'services[0].taskDefinition' --output text) || return
        images=$(aws ecs describe-task-definition --region "$region" --task-definition "$definition" \
          --query 'taskDefinition.containerDefinitions[].image' --output text) || return
        for image in $images; do
          if [[ $image == "$repository"[@:]* && $image != "$repository@$digest" ]]; then
            complain "service ${id##*/} runs ${image#"$repository"}, expected @$digest: ECS rolled the service back; see its events"
            status=1
          fi
        done
        ;;
    esac
  done <<< "$resources"
  return "$status"
}
