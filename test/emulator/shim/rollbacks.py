"""
Rollbacks: custom resources receive the same requests as from CloudFormation.

After a failed update, CloudFormation sends an Update with the old properties and the current id to each custom resource
that was updated, and then a Delete for each id that is no longer wanted. It sends a Delete to a resource that failed to
be created. MiniStack only deletes the new id and forgets resources that failed to be created.
"""

from ministack.services.cloudformation import _stack_events, _stacks, provisioners, stacks

NESTED_STACK = 'AWS::CloudFormation::Stack'

_roll_back = stacks._roll_back_operation
_update_resource = provisioners._update_resource


def install():
    stacks._roll_back_operation = roll_back
    provisioners._update_resource = update_in_nested_stack


def is_custom(resource_type):
    return resource_type.startswith('Custom::') or resource_type == 'AWS::CloudFormation::CustomResource'


async def roll_back(stack_name, stack_id, stack, operation, reason_override=''):
    delete_failed_creation(stack_name, stack, operation)
    replaced = send_back_in_place(stack, operation)
    await _roll_back(stack_name, stack_id, stack, operation, reason_override)
    if stack['StackStatus'] == 'UPDATE_ROLLBACK_COMPLETE':
        await delete_unwanted(stack_name, stack_id, stack, replaced)


def delete_failed_creation(stack_name, stack, operation):
    failed = operation['failed_logical_id']
    resources = stack['_resources']
    if operation['template']['Resources'].get(failed, {}).get('Type') == NESTED_STACK:
        for child in _stacks.values():
            if child.get('_parent_stack_name') == stack_name and child['StackStatus'] == 'CREATE_FAILED':
                resources[failed] = {
                    'PhysicalResourceId': child['StackId'], 'ResourceType': NESTED_STACK, 'ResourceStatus': 'CREATE_FAILED',
                    'LogicalResourceId': failed, 'Properties': {}, 'Attributes': {},
                }
    if resources.get(failed, {}).get('ResourceStatus') == 'CREATE_FAILED':
        operation['created'].append(failed)


def send_back_in_place(stack, operation):
    """Makes a custom resource with a new id look updated in place, because MiniStack rolls back only resources that are."""
    replaced = {}
    for logical_id in operation['replaced_ids']:
        before, now = operation['previous_stack']['_resources'][logical_id], stack['_resources'][logical_id]
        if is_custom(now['ResourceType']):
            replaced[logical_id] = {before['PhysicalResourceId']: before['Properties'], now['PhysicalResourceId']: now['Properties']}
            before['PhysicalResourceId'] = now['PhysicalResourceId']
    operation['replaced_ids'] = [logical_id for logical_id in operation['replaced_ids'] if logical_id not in replaced]
    return replaced


async def delete_unwanted(stack_name, stack_id, stack, replaced):
    """Runs when MiniStack has just declared the rollback complete, before any client can see it."""
    final_status, final_event = stack['StackStatus'], _stack_events[stack_id].pop()
    stack['StackStatus'] = 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'
    for logical_id, ids in replaced.items():
        resource = stack['_resources'][logical_id]
        for physical_id, props in ids.items():
            if physical_id != resource['PhysicalResourceId']:
                stacks._add_event(stack_id, stack_name, logical_id, resource['ResourceType'], 'DELETE_IN_PROGRESS', physical_id=physical_id)
                await stacks.run_reentrant(
                    provisioners._delete_resource, resource['ResourceType'], physical_id, props, stack_name, logical_id)
                stacks._add_event(stack_id, stack_name, logical_id, resource['ResourceType'], 'DELETE_COMPLETE', physical_id=physical_id)
    stack['StackStatus'] = final_status
    _stack_events[stack_id].append(final_event)


def update_in_nested_stack(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None):
    """A resource that does not change keeps its attributes. MiniStack forgets them, in nested stacks only."""
    if old_attrs is None:
        old_attrs = _stacks[stack_name]['_resources'].get(logical_id, {}).get('Attributes')
    return _update_resource(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)
