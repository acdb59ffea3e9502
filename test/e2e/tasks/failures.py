"""
Runs the emulator's circuit breaker with simulated tasks.

For each way of counting failures, prints the state of the deployment after a failure, a healthy task, and another failure.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'emulator' / 'shim'))

from tasks import events, service  # noqa: E402


class SimulatedTask:
    stopping = is_over = was_healthy = False
    started_at = 1

    def __init__(self, name):
        self.id = name
        self.record = {'_deployment_id': 'deployment', 'lastStatus': 'RUNNING', 'stopCode': ''}

    def is_healthy(self):
        return self.was_healthy

    def failed_check(self, _grace_period):
        return None

    def exit(self):
        self.stopping = True
        self.record['stopCode'] = 'EssentialContainerExited'


def state_after(breaker):
    deployment = {'id': 'deployment', 'status': 'PRIMARY', 'failedTasks': 0}
    watched = service.Service({
        'serviceName': 'service', 'status': 'ACTIVE', 'desiredCount': 4, 'deployments': [deployment], 'events': [],
        'deploymentConfiguration': {'deploymentCircuitBreaker': {'enable': True, **breaker}},
    })
    watched._start = lambda count: None
    first, second, third = watched.tasks = [SimulatedTask(name) for name in ('first', 'second', 'third')]
    first.exit()
    watched.tick()
    second.is_healthy = lambda: setattr(second, 'was_healthy', True) or True
    watched.tick()
    third.exit()
    watched.tick()
    return deployment['rolloutState']


for name in ('say', 'deployment_changed', 'service_acted'):
    setattr(events, name, lambda *_: None)
two = {'thresholdConfiguration': {'type': 'COUNT', 'value': 2}}
print(json.dumps({str(reset): state_after({**two, 'resetOnHealthyTask': reset}) for reset in (True, False)}))
