"""
Events of ECS about tasks and services: events of a service, and events on EventBridge for the targets of rules.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""

import json
import time

from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudwatch_logs, ecs, eventbridge

from . import clock


def say(service, text):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"""
    message = f'(service {service["serviceName"]}) {text}'
    if not service['events'] or service['events'][0]['message'] != message:
        service['events'].insert(0, {'id': new_uuid(), 'createdAt': ecs._iso(), 'message': message})


def task_changed(task):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html"""
    detail = {**ecs._sanitize(task), 'updatedAt': now_iso()}
    publish('ECS Task State Change', task['taskArn'], detail)


def deployment_changed(service, deployment, name, reason):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html"""
    publish('ECS Deployment State Change', service['serviceArn'], {
        'eventType': 'ERROR' if name == 'SERVICE_DEPLOYMENT_FAILED' else 'INFO',
        'eventName': name,
        'deploymentId': deployment['id'],
        'updatedAt': now_iso(),
        'reason': reason,
    })


def service_acted(service, kind, name):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html"""
    publish('ECS Service Action', service['serviceArn'], {
        'eventType': kind, 'eventName': name, 'clusterArn': service['clusterArn'], 'createdAt': now_iso(),
    })


def publish(detail_type, resource, detail):
    entry = {'Source': 'aws.ecs', 'DetailType': detail_type, 'Resources': [resource], 'Detail': json.dumps(detail)}
    eventbridge._put_events({'Entries': [entry]}, allow_aws_source=True)


def install():
    """Two targets that MiniStack does not support: log groups and ECS tasks."""
    invoke = eventbridge._invoke_target

    def invoke_target(target, event, rule, view=None):
        _, _, service, _, _, resource = target.get('Arn', '').split(':', 5)
        if service == 'logs':
            write(resource.removeprefix('log-group:').removesuffix(':*'), rule, view.event_with_detail())
        elif service == 'ecs':
            run(target)
        else:
            invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_target
    # Schedules run at the same accelerated speed as everything else.
    seconds_of = eventbridge._parse_rate_seconds
    eventbridge._parse_rate_seconds = lambda expression: seconds_of(expression) and clock.wait(seconds_of(expression))
    eventbridge._SCHEDULER_TICK_INTERVAL = 1


def write(group, rule, event):
    if group not in cloudwatch_logs._log_groups:
        return
    where = {'logGroupName': group, 'logStreamName': f'{rule["Name"]}/{new_uuid()}'}
    cloudwatch_logs._create_log_stream(where)
    cloudwatch_logs._put_log_events({**where, 'logEvents': [{'timestamp': int(time.time() * 1000), 'message': json.dumps(event)}]})


def run(target):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html"""
    parameters = target['EcsParameters']
    lower = lambda value: {key[0].lower() + key[1:]: lower(item) for key, item in value.items()} if isinstance(value, dict) else value
    ecs._run_task({
        'cluster': target['Arn'],
        'taskDefinition': parameters['TaskDefinitionArn'],
        'count': int(parameters.get('TaskCount') or 1),
        'launchType': parameters.get('LaunchType'),
        'networkConfiguration': lower(parameters.get('NetworkConfiguration') or {}),
        'overrides': json.loads(target.get('Input') or '{}'),
        'startedBy': 'events-rule',
    })
