"""The API of ECS: MiniStack keeps the records of services and tasks but no longer acts on them."""

import json

from ministack.services import ecs

from . import events, scheduler
from .images import Registry
from .service import Service
from .task import Task

#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
STARTS_A_DEPLOYMENT = ('capacityProviderStrategy', 'loadBalancers', 'networkConfiguration', 'platformVersion', 'serviceRegistries')

_services = {}
_tasks = {}

#: The request and the started tasks, by cluster and client token.
_started = {}


def service_of(arn):
    return _services[arn]


def install(runtime, gateway_port):
    registry = Registry(gateway_port)
    create, update, run = ecs._create_service, ecs._update_service, ecs._run_task

    def create_service(data):
        with scheduler.LOCK:
            answer = create(data)
            if answer[0] == 200:
                arn = json.loads(answer[2])['service']['serviceArn']
                record = record_of(arn)
                record['healthCheckGracePeriodSeconds'] = int(data.get('healthCheckGracePeriodSeconds') or 0)
                _services[arn] = Service(record)
                scheduler.add(_services[arn])
            return answer

    def update_service(data):
        with scheduler.LOCK:
            forced = data.get('forceNewDeployment') or any(name in data for name in STARTS_A_DEPLOYMENT)
            record = find_service(data)
            before = record and record['deployments'][0]['id'], record and list(record['events'])
            answer = update({**data, 'forceNewDeployment': forced})
            if answer[0] == 200:
                record['events'] = before[1]
                _services[record['serviceArn']].updated(record['deployments'][0]['id'] != before[0])
            return answer

    def delete_service(data):
        with scheduler.LOCK:
            record = find_service(data)
            if record is None:
                return ecs.error_response_json('ServiceNotFoundException', 'Service not found.', 400)
            if record['desiredCount'] > 0 and not data.get('force'):
                return ecs.error_response_json('InvalidParameterException', 'The service cannot be stopped while it is scaled above 0.', 400)
            _services[record['serviceArn']].drain()
            return ecs.json_response({'service': ecs._sanitize(record)})

    def run_task(data):
        with scheduler.LOCK:
            request = data.get('cluster', 'default'), data.get('clientToken')
            if request in _started:
                return started_before(data, *_started[request])
            answer = run(data)
            tasks = [started['taskArn'] for started in json.loads(answer[2])['tasks']] if answer[0] == 200 else []
            for arn in tasks:
                adopt(ecs._tasks[arn])
            if tasks and data.get('clientToken'):
                _started[request] = data, tasks
            return answer

    def started_before(data, asked, tasks):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html, except that tokens never expire."""
        if data != asked:
            message = 'The provided clientToken is already in use with a different RunTask request.'
            return ecs.error_response_json('ConflictException', message, 400, {'resourceIds': tasks})
        return ecs.json_response({'tasks': [ecs._sanitize(ecs._tasks[arn]) for arn in tasks], 'failures': []})

    def adopt(record):
        definition = ecs._task_defs[ecs._resolve_td_key(record['taskDefinitionArn'])]
        service = next((entry for entry in _services.values() if entry.owns(record)), None)
        load_balancers = service.record['loadBalancers'] if service else ()
        task = Task(record, definition, record['overrides'].get('containerOverrides') or [], runtime, registry, load_balancers)
        _tasks[record['taskArn']] = task
        scheduler.add(task)
        if service:
            service.tasks.append(task)

    def stop_task(data):
        with scheduler.LOCK:
            record = ecs._resolve_task(data.get('task', ''), ecs._resolve_cluster_name(data.get('cluster', 'default')))
            if not record:
                return ecs.error_response_json('InvalidParameterException', 'The referenced task was not found.', 400)
            _tasks[record['taskArn']].stop(data.get('reason') or 'Task stopped by user', 'UserInitiated')
            return ecs.json_response({'task': ecs._sanitize(record)})

    nothing = lambda *_args, **_more: None
    ecs._get_docker = lambda: runtime
    ecs._ensure_ecs_reaper_thread = ecs._reconcile_service_tasks = ecs._maybe_mark_stopped = ecs._run_task_worker = nothing
    for action, door in {
        'CreateService': create_service, 'UpdateService': update_service, 'DeleteService': delete_service, 'RunTask': run_task, 'StopTask': stop_task,
    }.items():
        setattr(ecs, ecs._ACTION_MAP[action].__name__, door)
        ecs._ACTION_MAP[action] = door
    events.install()


def find_service(data):
    cluster, found = ecs._resolve_cluster_name(data.get('cluster', 'default')), ecs._resolve_service_ref(data.get('service', ''))
    return ecs._services.get(f'{cluster}/{found[0]}') if cluster and found else None


def record_of(arn):
    return next((record for record in ecs._services.values() if record['serviceArn'] == arn), None)
