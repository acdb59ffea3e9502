"""
A task, from PROVISIONING to STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

Its life cycle is a generator that the scheduler resumes repeatedly, so that the code reads from top to bottom.
"""

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from . import clock, dependencies, events, firelens, images, logs, memory, network, programs, runtimes, scheduler
from .container_health import ContainerHealth
from .load_balancer import Target

#: AWS documents no figure. This is about the time to attach a network interface.
PROVISIONING = 10
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
STOP_TIMEOUT = 30
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
UNCHECKED_TASK_IS_HEALTHY_AFTER = 40
#: Errors in the words of ECS.
REASONS = (images.CannotPull, programs.CannotStart, dependencies.Failed, logs.CannotInitialize)


class Task:
    def __init__(self, record, definition, overrides, runtime, registry, load_balancers=()):
        self.record, self.runtime, self.registry = record, runtime, registry
        self.platform = images.ARCHITECTURES[(definition.get('runtimePlatform') or {}).get('cpuArchitecture') or 'X86_64']
        self.memory = memory.mebibytes(definition['memory'])
        self.definitions = firelens.in_order([overridden(entry, overrides) for entry in definition['containerDefinitions']])
        self.load_balancers = load_balancers
        self.network = None
        self.containers, self.health, self.targets = {}, {}, []
        #: Containers whose program does not run yet, with their log.
        self._starting = {}
        self._never_started = set()
        self._next_look_at_memory = 0
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
        except Exception as error:  # no error of any kind may leave a task behind
            self.stop(as_reason(error), 'TaskFailedToStart')

    def stop(self, reason, code):
        if self.stopping:
            return
        ecs._bump_task_version(self.record)
        self.record.update(desiredStatus='STOPPED', stoppedReason=reason, stopCode=code, stoppingAt=ecs._iso())
        events.task_changed(self.record)
        self._life = self._end()

    def is_healthy(self):
        """Whether the task counts toward the minimum of a deployment: by health checks, or otherwise after some time."""
        if self.stopping or self.started_at is None:
            return False
        checks = [self.health[name].status == 'HEALTHY' for name in self._essential if name in self.health] + [target.state == 'healthy' for target in self.targets]
        healthy = all(checks) if checks else clock.now() - self.started_at >= clock.work(UNCHECKED_TASK_IS_HEALTHY_AFTER)
        self.was_healthy = self.was_healthy or healthy
        return healthy

    def failed_check(self, grace_period):
        """
        The failed check, as a reason and the words of the service event. Checks are ignored during the grace period.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        """
        if self.stopping or self.started_at is None or clock.now() - self.started_at < clock.work(grace_period):
            return None
        if self._health_status == 'UNHEALTHY':
            return 'Task failed container health checks', f'(task {self.id}) failed container health checks.'
        for target in self.targets:
            if target.state == 'unhealthy':
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
        while waiting or self._starting:
            for name in list(waiting):
                try:
                    if self._may_start(name):
                        spec, home, log = waiting.pop(name)
                        self._starting[name] = runtimes.Container(self.runtime, spec, home), log
                except (programs.CannotStart, dependencies.Failed) as error:
                    waiting.pop(name, None)
                    self._cannot_start(name, error)
            self._watch_starts()
            self._watch_memory()
            self._watch_exits()
            yield
        self.started_at = clock.now()
        self.record['startedAt'] = ecs._iso()
        self._becomes('RUNNING')
        self.targets = [
            Target(entry['targetGroupArn'], self.network.address, entry['containerPort']) for entry in self.load_balancers if entry.get('targetGroupArn')]
        while True:
            self._watch_memory()
            self._watch_exits()
            self._report_health()
            yield

    def _end(self):
        self.containers.update({name: container for name, (container, _) in self._starting.items()})
        running = [entry for entry in self.containers.values() if entry.exit_code() is None]
        if self.targets:
            self._becomes('DEACTIVATING')
            delays = [target.drain() for target in self.targets]
            # A container that has exited by itself has no requests to finish.
            yield from self._wait(max(delays) if running else 0)
            for target in self.targets:
                target.deregister()
        self._becomes('STOPPING')
        yield from self._stop_containers()
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
            specs[definition['name']] = spec, self.runtime.unpack(spec), logs.log_of(definition, self.id)
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

    def _stop_containers(self):
        """Stops each container after its dependents. Each has its own time to exit before it is killed."""
        asked = {}
        while running := [name for name, entry in self.containers.items() if entry.exit_code() is None]:
            needed = {name for other in running for name in dependencies.needed_by(self._definition_of(other))}
            for name in running:
                if name not in asked and name not in needed:
                    asked[name] = clock.now()
                    self.containers[name].terminate()
                elif name in asked and clock.now() >= asked[name] + clock.work(self._definition_of(name).get('stopTimeout') or STOP_TIMEOUT):
                    self.containers[name].kill()
            yield

    def _watch_starts(self):
        for name, (container, log) in list(self._starting.items()):
            try:
                if not container.has_started():
                    continue
            except programs.CannotStart as error:
                self._starting.pop(name)[0].remove()
                self._cannot_start(name, error)
                continue
            del self._starting[name]
            self.containers[name] = container
            self._record_of(name).update(lastStatus='RUNNING', runtimeId=container.id)
            scheduler.in_background(logs.forward, container.output, log)
            check = self._definition_of(name).get('healthCheck')
            if check:
                self.health[name] = ContainerHealth(container, check)

    def _cannot_start(self, name, error):
        """Only an essential container takes the task with it: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
        if name in self._essential:
            raise error
        self._never_started.add(name)
        self._record_of(name).update(lastStatus='STOPPED', reason=str(error))

    def _may_start(self, name):
        start_timeouts = {entry['name']: entry.get('startTimeout') for entry in self.definitions}
        return dependencies.are_met(self._definition_of(name), start_timeouts, self.containers, self.health, self._never_started)

    def _watch_memory(self):
        if clock.now() < self._next_look_at_memory:
            return
        self._next_look_at_memory = clock.now() + memory.INTERVAL
        used = {name: container.memory() for name, container in self.containers.items() if container.exit_code() is None}
        limits = {name: int(self._definition_of(name).get('memory') or 0) for name in used}
        for name in memory.exceeding(used, limits, self.memory):
            self.containers[name].kill()
            self._record_of(name)['reason'] = memory.REASON

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
        self.record['healthStatus'] = self._health_status

    @property
    def _health_status(self):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"""
        states = {self.health[name].status if name in self.health else 'UNKNOWN' for name in self._essential}
        return next(state for state in ('UNHEALTHY', 'UNKNOWN', 'HEALTHY') if state in states)

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

    @property
    def _essential(self):
        return [entry['name'] for entry in self.definitions if entry.get('essential', True)]

    def _definition_of(self, name):
        return next(entry for entry in self.definitions if entry['name'] == name)

    def _record_of(self, name):
        return next(entry for entry in self.record['containers'] if entry['name'] == name)

    @staticmethod
    def _wait(seconds):
        end = clock.now() + clock.wait(seconds)
        while clock.now() < end:
            yield

    @staticmethod
    def _elsewhere(work):
        """Runs long work in a separate thread."""
        outcome = {}

        def run():
            try:
                outcome['result'] = work()
            except Exception as error:  # the task fails with this error in the scheduler's thread
                outcome['error'] = error

        thread = scheduler.in_background(run)
        while thread.is_alive():
            yield
        if 'error' in outcome:
            raise outcome['error']
        return outcome['result']


def as_reason(error):
    if isinstance(error, ecs._SecretResolutionError):
        return f'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: {error}'
    return str(error) if isinstance(error, REASONS) else f'ResourceInitializationError: {error!r}'


def overridden(definition, overrides):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    override = next((entry for entry in overrides if entry['name'] == definition['name']), {})
    merged = {entry['name']: entry for entry in [*(definition.get('environment') or []), *(override.get('environment') or [])]}
    command = {'command': override['command']} if override.get('command') else {}
    return {**definition, **command, 'environment': list(merged.values())}
