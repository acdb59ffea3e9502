"""
CloudFormation waits until a service is stable, or fails with the reason why it is not.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
"""

import time
import uuid

from ministack.core.responses import now_iso
from ministack.services import ecs
from ministack.services.cloudformation import _stacks, provisioners, stacks

from . import api, clock

SERVICE, TASK_DEFINITION = 'AWS::ECS::Service', 'AWS::ECS::TaskDefinition'

#: Users report this timeout: https://github.com/aws/containers-roadmap/issues/1303
PATIENCE = 3 * 60 * 60

#: Users choose the keys of these maps, so the keys keep their case.
OPEN_MAPS = ('DockerLabels', 'Options')


class Failed(Exception):
    def __init__(self, message, code):
        super().__init__(f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})')


def install():
    handlers = provisioners._RESOURCE_HANDLERS
    create, update = handlers[SERVICE]['create'], handlers[SERVICE]['update']
    create_definition = provisioners._ecs_task_def_create
    waits, sends_back = stacks._runs_on_worker_thread, stacks._sends_back_failed_update

    def create_service(logical_id, props, stack_name):
        arn, attributes = create(logical_id, typed(props), stack_name)
        api.record_of(arn)['healthCheckGracePeriodSeconds'] = int(props.get('HealthCheckGracePeriodSeconds') or 0)
        try:
            until_steady(arn)
        except Failed:
            remember_failed_creation(_stacks[stack_name], logical_id, arn, props)
            raise
        return arn, attributes

    def update_service(arn, old_props, new_props, stack_name):
        updated = update(arn, typed(old_props), typed(new_props), stack_name)
        until_steady(arn)
        return updated

    def delete_service(arn, _props):
        record = api.record_of(arn)
        if record and record['status'] == 'ACTIVE':
            ecs._delete_service({'cluster': record['clusterArn'], 'service': arn, 'force': True})
            until(lambda: record['status'] == 'INACTIVE')

    def create_task_definition(logical_id, props, stack_name):
        """MiniStack omits some properties."""
        arn, attributes = create_definition(logical_id, props, stack_name)
        definition = ecs._task_defs[ecs._resolve_td_key(arn)]
        definition['containerDefinitions'] = camel_case(props.get('ContainerDefinitions') or [])
        definition['runtimePlatform'] = camel_case(props.get('RuntimePlatform') or {})
        return arn, attributes

    handlers[SERVICE].update(create=create_service, update=update_service, delete=delete_service)
    handlers[TASK_DEFINITION]['create'] = provisioners._ecs_task_def_create = create_task_definition
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == SERVICE or waits(resource_type)
    stacks._sends_back_failed_update = lambda resource_type: resource_type == SERVICE or sends_back(resource_type)


def typed(props):
    """The attributes of custom resources are text. CloudFormation converts them to the type of the property."""
    return {**props, 'DesiredCount': int(props['DesiredCount'])} if 'DesiredCount' in props else props


def until_steady(arn):
    service = api.service_of(arn)
    deployment = service.primary

    def is_over():
        if deployment['rolloutState'] == 'FAILED':
            # AWS does not document the message for an alarm. The words are those of ECS.
            cause = deployment['rolloutStateReason'] if 'alarm' in deployment['rolloutStateReason'] else 'ECS Deployment Circuit Breaker was triggered'
            raise Failed(f"Error occurred during operation '{cause}'.", 'GeneralServiceException')
        return service.is_steady

    until(is_over)


def until(is_over):
    deadline = clock.now() + clock.wait(PATIENCE)
    while not is_over():
        if clock.now() > deadline:
            raise Failed('Exceeded attempts to wait', 'NotStabilized')
        time.sleep(0.05)


def remember_failed_creation(stack, logical_id, arn, props):
    """Records the service, so that the rollback deletes it."""
    stack.setdefault('_resources', {})[logical_id] = {
        'PhysicalResourceId': arn, 'ResourceType': SERVICE, 'ResourceStatus': 'CREATE_FAILED', 'LogicalResourceId': logical_id,
        'Properties': props, 'Attributes': {}, 'Timestamp': now_iso(),
    }


def camel_case(value, key=''):
    if isinstance(value, list):
        return [camel_case(entry) for entry in value]
    if isinstance(value, dict) and key not in OPEN_MAPS:
        return {name[0].lower() + name[1:]: camel_case(entry, name) for name, entry in value.items()}
    return value
