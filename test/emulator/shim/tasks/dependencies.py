"""
Whether a container can start, by the states of the containers that it depends on.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from . import clock


class Failed(Exception):
    """https://github.com/aws/amazon-ecs-agent/pull/3218"""

    def __init__(self, needed, name, why):
        super().__init__(f'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [{needed}] for target [{name}] {why}')


def needed_by(definition):
    return [dependency['containerName'] for dependency in definition.get('dependsOn') or []]


def are_met(definition, start_timeouts, containers, health, never_started):
    """Raises an error if they can never be met. Start timeouts, containers, and health checks are those of the task, by name."""
    for dependency in definition.get('dependsOn') or []:
        needed, condition = dependency['containerName'], dependency['condition']
        if needed in never_started:
            raise Failed(needed, definition['name'], 'because dependency will never start')
        other = containers.get(needed)
        if other is None:
            return False
        code = other.exit_code()
        if condition == 'SUCCESS' and code:
            raise Failed(needed, definition['name'], 'as dependency did not exit successfully.')
        met = {
            'START': True, 'COMPLETE': code is not None, 'SUCCESS': code == 0,
            'HEALTHY': needed in health and health[needed].status == 'HEALTHY',
        }[condition]
        limit = start_timeouts.get(needed)
        if not met and limit and clock.now() >= other.started_at + clock.work(limit):
            raise Failed(needed, definition['name'], 'has timed out.')
        if not met:
            return False
    return True
