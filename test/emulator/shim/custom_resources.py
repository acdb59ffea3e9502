"""Custom resources: the answers that CloudFormation accepts, and a log of all requests for tests."""

import json
import threading
import time
import uuid

from ministack import app
from ministack.core.responses import now_iso
from ministack.services.cloudformation import _stacks, custom_resource

RESPONSE_PATH = '/_ministack/cfn-response/'
MAX_RESPONSE_BYTES = 4096

_invoke = custom_resource.invoke_custom_resource
_register_token = custom_resource.register_token
_deliver = custom_resource.deliver_response
_handle_put = app._handle_post_body_shortcuts

#: Answer of the handler to the request that this thread waits for.
_waiting = threading.local()
_answers = {}


def install(log):
    def write(**entry):
        with open(log, 'a', encoding='utf-8') as file:
            file.write(json.dumps(entry) + '\n')

    def invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, physical_id=None, old_props=None):
        stack = _stacks.get(stack_name) or {}
        show_true_status(stack, request_type)
        request = uuid.uuid4().hex
        write(
            event='request', id=request, sentAt=milliseconds(), stackName=stack_name, stackStatus=stack.get('StackStatus'),
            resourceType=resource_type, logicalId=logical_id, requestType=request_type, physicalId=physical_id,
            properties=custom_resource._normalise_resource_properties(props),
        )
        _waiting.token = None
        try:
            return _invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, physical_id, old_props)
        except RuntimeError as reason:
            raise RuntimeError(f'Received response status [FAILED] from custom resource. Message returned: {reason}') from None
        finally:
            answer = _answers.pop(_waiting.token, {})
            write(event='answer', id=request, answeredAt=milliseconds(), answer=answer)
            if answer.get('Status') != 'SUCCESS' and stack:
                if request_type == 'Create':
                    remember_failed_creation(stack, logical_id, resource_type, props, answer)
                if request_type == 'Update' and '_parent_stack_name' in stack:
                    remember_failed_update(stack, logical_id, props)

    def register_token(token):
        _waiting.token = token
        return _register_token(token)

    custom_resource.invoke_custom_resource = invoke
    custom_resource.register_token = register_token
    app._handle_post_body_shortcuts = handle_put


def milliseconds():
    return time.time_ns() // 1_000_000


async def handle_put(method, path, headers, body, query_params, request_id):
    if method != 'PUT' or not path.startswith(RESPONSE_PATH):
        return await _handle_put(method, path, headers, body, query_params, request_id)
    if headers.get('content-type'):
        # The response URL is a presigned URL of S3, signed without a content type.
        return 403, {'Content-Type': 'application/xml'}, b'<Error><Code>SignatureDoesNotMatch</Code></Error>'
    token = path.removeprefix(RESPONSE_PATH)
    answer = as_cloudformation_reads(body)
    # CloudFormation acts on the first answer. MiniStack acts on the last one before its next check.
    if token in custom_resource._pending and custom_resource._pending[token]['result'] is None:
        _answers[token] = answer
        _deliver(token, answer)
    return 200, {}, b''


def as_cloudformation_reads(body):
    """An answer that breaks the contract counts as a failure. MiniStack would accept it."""
    def failed(reason):
        return {'Status': 'FAILED', 'Reason': reason, 'PhysicalResourceId': answer.get('PhysicalResourceId', '')}

    answer = {}
    if len(body) > MAX_RESPONSE_BYTES:
        return failed('Response object is too long.')
    try:
        answer = json.loads(body)
    except ValueError:
        return failed('Response is not valid JSON')
    if answer.get('Status') not in ('SUCCESS', 'FAILED'):
        return failed('Invalid Status')
    if answer['Status'] == 'FAILED' and not answer.get('Reason'):
        return failed('Reason is missing')
    if not isinstance(answer.get('PhysicalResourceId'), str) or not 1 <= len(answer['PhysicalResourceId'].encode()) <= 1024:
        return failed('Invalid PhysicalResourceId')
    for echo in ('StackId', 'RequestId', 'LogicalResourceId'):
        if not answer.get(echo):
            return failed(f'{echo} is missing')
    return answer


def show_true_status(stack, request_type):
    """
    A handler can request the status of its stack. CloudFormation cleans up after an update under a status of its own,
    and a nested stack rolls back together with its parent; MiniStack shows an update in both cases.
    """
    parent = _stacks.get(stack.get('_parent_stack_name')) or {}
    if 'ROLLBACK' in parent.get('StackStatus', ''):
        stack['StackStatus'] = parent['StackStatus']
    elif request_type == 'Delete' and stack.get('StackStatus') == 'UPDATE_IN_PROGRESS':
        stack['StackStatus'] = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'


def remember_failed_creation(stack, logical_id, resource_type, props, answer):
    """CloudFormation deletes a resource that failed to be created, under the id of the failed answer or a generated id."""
    stack.setdefault('_resources', {})[logical_id] = {
        'PhysicalResourceId': answer.get('PhysicalResourceId') or f'{stack["StackName"]}-{logical_id}-{uuid.uuid4().hex[:12].upper()}',
        'ResourceType': resource_type,
        'ResourceStatus': 'CREATE_FAILED',
        'LogicalResourceId': logical_id,
        'Properties': props,
        'Attributes': {},
        'Timestamp': now_iso(),
    }


def remember_failed_update(stack, logical_id, props):
    """CloudFormation restores a resource after a failed update. MiniStack recognizes one by its properties, in nested stacks only."""
    stack['_resources'][logical_id]['Properties'] = props
