"""
A service: maintains its number of tasks and replaces them in rolling deployments.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

import json

from ministack.services import ecs

from . import alarms, clock, deployments, events

SCHEDULER = 'ServiceSchedulerInitiated'
THROTTLED_FROM = 3


class Service:
    def __init__(self, record):
        self.record = record
        self.tasks = []
        self._judged = set()
        self._failed_starts, self._next_start = 0, 0
        self._steady = False
        self._begin(self.primary, 'ECS deployment {} in progress.')

    @property
    def primary(self):
        return next(entry for entry in self.record['deployments'] if entry['status'] == 'PRIMARY')

    @property
    def is_steady(self):
        return self._steady

    @property
    def is_over(self):
        return self.record['status'] == 'INACTIVE'

    def owns(self, task):
        return not self.is_over and task['group'] == f'service:{self.record["serviceName"]}' and task['clusterArn'] == self.record['clusterArn']

    def updated(self, is_new_deployment):
        self._steady = False
        if is_new_deployment:
            self._begin(self.primary, 'ECS deployment {} in progress.')

    def tick(self):
        self.tasks = [task for task in self.tasks if not task.is_over]
        if self.record['status'] == 'DRAINING':
            if not self.tasks:
                self.record['status'] = 'INACTIVE'
            return
        self._judge()
        self._break_circuit()
        self._heed_alarms()
        self._schedule()
        self._settle()
        self._count()

    def drain(self):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html"""
        self.record.update(status='DRAINING', desiredCount=0)
        for task in self.tasks:
            task.stop('Service deleted', SCHEDULER)

    def _begin(self, deployment, reason):
        deployment.update(rolloutState='IN_PROGRESS', rolloutStateReason=reason.format(deployment['id']), updatedAt=ecs._iso())
        # A new task definition ends the throttling at once.
        self._failed_starts, self._next_start = 0, 0
        # If an alarm is already in ALARM, this deployment watches none of them.
        names = alarms.watched(self._configuration)
        self._alarms = [] if alarms.going_off(names) else names
        self._baked_at = None
        events.deployment_changed(self.record, deployment, 'SERVICE_DEPLOYMENT_IN_PROGRESS', deployment['rolloutStateReason'])

    def _judge(self):
        """
        Counts failures: a task that does not reach RUNNING, stops before it is healthy, or fails a health check.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
        """
        deployment, breaker = self.primary, self._breaker
        for task in self._of(deployment):
            was_healthy = task.was_healthy
            if task.is_healthy() and not was_healthy:
                self._failed_starts = 0
                if breaker.get('resetOnHealthyTask', True):
                    deployment['failedTasks'] = 0
            failed_check = task.failed_check(int(self.record.get('healthCheckGracePeriodSeconds') or 0))
            if failed_check and task.id not in self._judged:
                reason, words = failed_check
                self._judged.add(task.id)
                events.say(self.record, words)
                self._fail(deployment)
                # In the steady state a replacement comes first, see _schedule.
                if deployment['rolloutState'] == 'IN_PROGRESS' or self._room() <= 0:
                    task.stop(reason, SCHEDULER)
            elif task.stopping and task.record['stopCode'] != SCHEDULER and task.id not in self._judged:
                self._judged.add(task.id)
                self._steady = False
                if not task.was_healthy and task.record['stopCode'] != 'UserInitiated':
                    self._fail(deployment)
                if task.started_at is None:
                    self._throttle()

    def _fail(self, deployment):
        deployment['failedTasks'] += 1
        self._steady = False

    def _throttle(self):
        self._failed_starts += 1
        self._next_start = clock.now() + clock.wait(deployments.pause_after(self._failed_starts))
        if self._failed_starts >= THROTTLED_FROM:
            events.say(self.record, 'is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.')
            events.service_acted(self.record, 'WARN', 'SERVICE_TASK_START_IMPAIRED')

    def _break_circuit(self):
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""
        failed, breaker = self.primary, self._breaker
        threshold = deployments.breaker_threshold(breaker, self.record['desiredCount'])
        if not breaker.get('enable') or failed['rolloutState'] != 'IN_PROGRESS' or failed['failedTasks'] < threshold:
            return
        self._give_up('tasks failed to start.', 'ECS deployment circuit breaker: ', breaker.get('rollback'))

    def _heed_alarms(self):
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html"""
        if self.primary['rolloutState'] == 'IN_PROGRESS' and alarms.going_off(self._alarms):
            self._give_up('alarm detected.', 'ECS deployment failed: ', alarms.rolls_back(self._configuration))

    def _give_up(self, what, who, rolls_back):
        failed, reason = self.primary, who + what
        failed.update(rolloutState='FAILED', rolloutStateReason=reason, updatedAt=ecs._iso())
        events.say(self.record, f'(deployment {failed["id"]}) deployment failed: {what}')
        events.deployment_changed(self.record, failed, 'SERVICE_DEPLOYMENT_FAILED', reason)
        # Without a completed deployment to roll back to, this one stalls.
        target = next((entry for entry in self.record['deployments'] if entry.get('rolloutState') == 'COMPLETED'), None)
        if rolls_back and target:
            events.say(self.record, f'rolling back to (deployment {target["id"]}).')
            failed['status'], target['status'] = 'ACTIVE', 'PRIMARY'
            target.update(failedTasks=0, desiredCount=self.record['desiredCount'])
            self.record['taskDefinition'] = target['taskDefinition']
            self._begin(target, who + 'rolling back to deploymentId {}.')

    def _schedule(self):
        """Starts and stops tasks within the limits of the deployment."""
        deployment, desired = self.primary, self.record['desiredCount']
        alive = [task for task in self.tasks if not task.stopping]
        current = [task for task in self._of(deployment) if not task.stopping and task.id not in self._judged]
        replaced = [task for task in alive if task not in current]

        if deployment['rolloutState'] != 'FAILED' and clock.now() >= self._next_start:
            self._start(min(desired - len(current), self._room()))
        for task in current[desired:]:
            self._stop(task)
        lower, _ = deployments.limits(self.record['deploymentConfiguration'], desired)
        healthy = sum(task.is_healthy() for task in alive)
        enough = sum(task.is_healthy() for task in current) >= desired
        for task in replaced if deployment['rolloutState'] != 'FAILED' else []:
            if task.is_healthy():
                if healthy - 1 < lower:
                    continue
                healthy -= 1
            elif task.id in self._judged and not enough and self._room() > 0:
                continue
            self._stop(task)

    def _start(self, count):
        if count <= 0:
            return
        record = self.record
        answer = ecs._run_task({
            'cluster': record['clusterArn'],
            'taskDefinition': record['taskDefinition'],
            'count': count,
            'group': f'service:{record["serviceName"]}',
            'startedBy': self.primary['id'],
            'networkConfiguration': record['networkConfiguration'],
            'enableExecuteCommand': record['enableExecuteCommand'],
            **{key: record[key] for key in ('launchType', 'capacityProviderStrategy', 'platformVersion') if record.get(key)},
            '_deploymentId': self.primary['id'],
        })
        if answer[0] == 200:
            started = ', '.join(f'(task {task["taskArn"].rsplit("/", 1)[-1]})' for task in json.loads(answer[2])['tasks'])
            events.say(record, f'has started {count} tasks: {started}.')

    def _stop(self, task):
        events.say(self.record, f'has stopped 1 running tasks: (task {task.id}).')
        task.stop(f'Scaling activity initiated by (deployment {self.primary["id"]})', SCHEDULER)

    def _settle(self):
        """Reaches the steady state once exactly the desired tasks are left."""
        deployment, desired = self.primary, self.record['desiredCount']
        mine = self._of(deployment)
        if self._steady or deployment['rolloutState'] == 'FAILED' or len(self.tasks) != len(mine):
            return
        if len(mine) != desired or not all(task.is_healthy() for task in mine):
            return
        if deployment['rolloutState'] == 'IN_PROGRESS':
            # It still watches the alarms for a while.
            self._baked_at = self._baked_at or clock.now() + clock.wait(alarms.bake_time(self._alarms))
            if clock.now() < self._baked_at:
                return
        self._steady = True
        if deployment['rolloutState'] == 'IN_PROGRESS':
            deployment.update(rolloutState='COMPLETED', rolloutStateReason=f'ECS deployment {deployment["id"]} completed.', updatedAt=ecs._iso())
            self.record['deployments'] = [deployment]
            events.say(self.record, f'(deployment {deployment["id"]}) deployment completed.')
            events.deployment_changed(self.record, deployment, 'SERVICE_DEPLOYMENT_COMPLETED', deployment['rolloutStateReason'])
        events.say(self.record, 'has reached a steady state.')
        events.service_acted(self.record, 'INFO', 'SERVICE_STEADY_STATE')

    def _count(self):
        for entry in [self.record, *self.record['deployments']]:
            tasks = self.tasks if entry is self.record else self._of(entry)
            entry['runningCount'] = sum(task.record['lastStatus'] == 'RUNNING' for task in tasks)
            entry['pendingCount'] = sum(task.record['lastStatus'] in ('PROVISIONING', 'PENDING', 'ACTIVATING') for task in tasks)

    @property
    def _configuration(self):
        return self.record.get('deploymentConfiguration') or {}

    @property
    def _breaker(self):
        return self._configuration.get('deploymentCircuitBreaker') or {}

    def _of(self, deployment):
        return [task for task in self.tasks if task.record['_deployment_id'] == deployment['id']]

    def _room(self):
        _, upper = deployments.limits(self.record['deploymentConfiguration'], self.record['desiredCount'])
        return upper - sum(not task.stopping for task in self.tasks)
