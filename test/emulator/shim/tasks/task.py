"""
A task, from PROVISIONING to STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

Its life is a generator that the scheduler resumes again and again, so that it reads from top to bottom.
"""

import contextvars
import threading

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from . import clock, events, images, network, programs, runtimes
from .container_health import ContainerHealth
from .load_balancer import Target

#: AWS documents no figure for it: about what it takes to attach a network interface.
PROVISIONING = 10
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
STOP_TIMEOUT = 30
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
UNCHECKED_TASK_IS_HEALTHY_AFTER = 40


class Task:
    def __init__(self, record, definition, overrides, runtime, registry, load_balancers=()):
        self.record, self.runtime, self.registry = record, runtime, registry
        self.platform = images.ARCHITECTURES[(definition.get('runtimePlatform') or {}).get('cpuArchitecture') or 'X86_64']
        self.definitions = [overridden(entry, overrides) for entry in definition['containerDefinitions']]
        self.load_balancers = load_balancers
        self.network = None
        self.containers, self.health, self.targets = {}, {}, []
        self.started_at = None
        self.was_healthy = False
        self._life = self._begin()

    @property
    def id(self):
        return self.record['taskArn'].rsplit('/', 1)[-1]

    @property
    def stopping(self):
        return self.record['desiredStatus'] == 'STOPPED'

    @property
    def is_over(self):
        return self.record['lastStatus'] == 'STOPPED'

    def tick(self):
        try:
            next(self._life, None)
        except Exception as error:  # whatever it is, no task is left behind for ever
            self.stop(as_reason(error), 'TaskFailedToStart')

    def stop(self, reason, code):
        if self.stopping:
            return
        ecs._bump_task_version(self.record)
        self.record.update(desiredStatus='STOPPED', stoppedReason=reason, stopCode=code, stoppingAt=ecs._iso())
        events.task_changed(self.record)
        self._life = self._end()

    def is_healthy(self):
        """What counts towards the minimum of a deployment: health checks, or else some time."""
        if self.stopping or self.started_at is None:
            return False
        checks = [check.status == 'HEALTHY' for check in self.health.values()] + [target.state == 'healthy' for target in self.targets]
        healthy = all(checks) if checks else clock.now() - self.started_at >= clock.work(UNCHECKED_TASK_IS_HEALTHY_AFTER)
        self.was_healthy = self.was_healthy or healthy
        return healthy

    def failed_check(self, grace_period):
        """Which check failed, as a reason and the words of the service event. Load balancers are not heard for a while."""
        if self.stopping or self.started_at is None:
            return None
        if any(check.status == 'UNHEALTHY' for check in self.health.values()):
            return 'Task failed container health checks', f'(task {self.id}) failed container health checks.'
        for target in self.targets:
            if target.state == 'unhealthy' and clock.now() - self.started_at >= clock.work(grace_period):
                group = f'target-group {target.group}'
                return (f'Task failed ELB health checks in ({group})',
                        f'(port {target.port}) is unhealthy in ({group}) due to (reason {target.problem}).')
        return None

    def _begin(self):
        yield from self._wait(PROVISIONING)
        self._becomes('PENDING')
        self.network = network.create()
        self._attach()
        specs = yield from self._elsewhere(self._prepare)
        waiting = dict(specs)
        while waiting:
            for name in [name for name in waiting if self._may_start(name)]:
                self._start(name, *waiting.pop(name))
            self._watch_exits()
            yield
        while not all(container.has_started() for container in self.containers.values()):
            yield
        self.started_at = clock.now()
        self.record['startedAt'] = ecs._iso()
        self._becomes('RUNNING')
        self.targets = [
            Target(entry['targetGroupArn'], self.network.address, entry['containerPort']) for entry in self.load_balancers if entry.get('targetGroupArn')]
        while True:
            self._watch_exits()
            self._report_health()
            yield

    def _end(self):
        running = [entry for entry in self.containers.values() if entry.exit_code() is None]
        if self.targets:
            self._becomes('DEACTIVATING')
            delays = [target.drain() for target in self.targets]
            # A container that has ended by itself has no requests to finish.
            yield from self._wait(max(delays) if running else 0)
            for target in self.targets:
                target.deregister()
        self._becomes('STOPPING')
        for entry in running:
            entry.terminate()
        deadline = clock.now() + clock.work(max(definition.get('stopTimeout') or STOP_TIMEOUT for definition in self.definitions))
        while any(entry.exit_code() is None for entry in running):
            if clock.now() >= deadline:
                for entry in running:
                    entry.kill()
            yield
        self._becomes('DEPROVISIONING')
        for name, entry in self.containers.items():
            self._record_of(name).update(lastStatus='STOPPED', exitCode=entry.exit_code())
            entry.remove()
        if self.network:
            self.network.close()
        self.record['stoppedAt'] = self.record['executionStoppedAt'] = ecs._iso()
        self._becomes('STOPPED')

    def _prepare(self):
        """Pulls all images before any container starts."""
        specs = {}
        self.record['pullStartedAt'] = ecs._iso()
        for definition in self.definitions:
            image = self.registry.pull(definition['image'], self.platform)
            self._record_of(definition['name'])['imageDigest'] = image.digest
            spec = runtimes.Spec(f'{self.id}-{definition["name"]}', image, definition, self._environment(definition), self.network)
            specs[definition['name']] = spec, self.runtime.unpack(spec), log_of(definition, self.id)
        self.record['pullStoppedAt'] = ecs._iso()
        return specs

    def _environment(self, definition):
        given = {entry['name']: str(entry['value']) for entry in definition.get('environment') or []}
        region, endpoint = get_region(), self.registry.endpoint
        return {
            'AWS_EXECUTION_ENV': 'AWS_ECS_FARGATE', 'AWS_REGION': region, 'AWS_DEFAULT_REGION': region, 'AWS_ENDPOINT_URL': endpoint,
            'AWS_ACCESS_KEY_ID': get_account_id(), 'AWS_SECRET_ACCESS_KEY': 'none',
            **self.network.environment, **given, **ecs._resolve_container_secrets(definition),
        }

    def _start(self, name, spec, home, log):
        container = self.containers[name] = runtimes.Container(self.runtime, spec, home)
        self._record_of(name).update(lastStatus='RUNNING', runtimeId=spec.id)
        threading.Thread(target=contextvars.copy_context().run, args=(forward_output, container.output, log), daemon=True).start()
        if spec.definition.get('healthCheck'):
            self.health[name] = ContainerHealth(container, spec.definition['healthCheck'])

    def _may_start(self, name):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html"""
        definition = next(entry for entry in self.definitions if entry['name'] == name)
        for dependency in definition.get('dependsOn') or []:
            other = self.containers.get(dependency['containerName'])
            code = other and other.exit_code()
            met = other is not None and {
                'START': True, 'COMPLETE': code is not None, 'SUCCESS': code == 0,
                'HEALTHY': dependency['containerName'] in self.health and self.health[dependency['containerName']].status == 'HEALTHY',
            }[dependency['condition']]
            if not met:
                return False
        return True

    def _watch_exits(self):
        for definition in self.definitions:
            container = self.containers.get(definition['name'])
            code = container and container.exit_code()
            if code is not None:
                self._record_of(definition['name']).update(lastStatus='STOPPED', exitCode=code)
                if definition.get('essential', True):
                    self.stop('Essential container in task exited', 'EssentialContainerExited')

    def _report_health(self):
        for name, check in self.health.items():
            self._record_of(name)['healthStatus'] = check.status
        states = {check.status for check in self.health.values()}
        self.record['healthStatus'] = next((state for state in ('UNHEALTHY', 'UNKNOWN', 'HEALTHY') if state in states), 'UNKNOWN')

    def _attach(self):
        details = [{'name': 'privateIPv4Address', 'value': self.network.address}]
        self.record['attachments'] = [{'id': self.id, 'type': 'ElasticNetworkInterface', 'status': 'ATTACHED', 'details': details}]
        for entry in self.record['containers']:
            entry['networkInterfaces'] = [{'attachmentId': self.id, 'privateIpv4Address': self.network.address}]

    def _becomes(self, status):
        if self.record['lastStatus'] != status:
            ecs._bump_task_version(self.record)
            self.record['lastStatus'] = status
            events.task_changed(self.record)

    def _record_of(self, name):
        return next(entry for entry in self.record['containers'] if entry['name'] == name)

    @staticmethod
    def _wait(seconds):
        end = clock.now() + clock.wait(seconds)
        while clock.now() < end:
            yield

    @staticmethod
    def _elsewhere(work):
        """Does what takes long in a thread of its own."""
        outcome = {}

        def run():
            try:
                outcome['result'] = work()
            except Exception as error:  # the task fails with it, in the scheduler's thread
                outcome['error'] = error

        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
        thread.start()
        while thread.is_alive():
            yield
        if 'error' in outcome:
            raise outcome['error']
        return outcome['result']


class CannotInitialize(Exception):
    def __init__(self, problem):
        super().__init__(f'ResourceInitializationError: {problem}')


def as_reason(error):
    if isinstance(error, ecs._SecretResolutionError):
        return f'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: {error}'
    return str(error) if isinstance(error, (images.CannotPull, programs.CannotStart, CannotInitialize)) else f'ResourceInitializationError: {error!r}'


def overridden(definition, overrides):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    override = next((entry for entry in overrides if entry['name'] == definition['name']), {})
    merged = {entry['name']: entry for entry in [*(definition.get('environment') or []), *(override.get('environment') or [])]}
    command = {'command': override['command']} if override.get('command') else {}
    return {**definition, **command, 'environment': list(merged.values())}


def log_of(definition, task_id):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    config = ecs._awslogs_config(definition, task_id, task_id)
    if config and not ecs._ensure_awslogs_stream(config):
        raise CannotInitialize(
            'failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: '
            'ResourceNotFoundException: The specified log group does not exist. : exit status 1')
    return config


def forward_output(output, log):
    with output:
        for line in output:
            if log:
                ecs._emit_awslogs_event(log, line.decode(errors='replace').rstrip('\n'))
