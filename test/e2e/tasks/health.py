"""
Tests how the emulator acts on the health of containers. The containers are simulated.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html

../tasks-rules.e2e.ts runs this file.
"""

import contextlib
import itertools
import pathlib
import socket
import sys
import threading
import time
import types
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'emulator' / 'shim'))

from tasks import clock, load_balancer, memory, network, task  # noqa: E402

NO_GRACE = 0
FAILED = 'Task failed container health checks'


class SimulatedContainer:
    """A container that exits when it is asked to. A deaf one exits only when it is killed."""

    def __init__(self, name, log, deaf=False):
        self.name, self.log, self.deaf, self.code = name, log, deaf, None

    def exit_code(self):
        return self.code

    def terminate(self):
        self.log.append(f'end {self.name}')
        self.code = self.code if self.deaf else 0

    def kill(self):
        self.log.append(f'kill {self.name}')
        self.code = 137


def running(**containers):
    """Returns a running task. Each container is given as its health, whether it is essential, and optional properties."""
    definitions = [{'name': name, 'essential': essential, **more} for name, (_, essential, *rest) in containers.items() for more in [rest[0] if rest else {}]]
    made = task.Task({'taskArn': 'task', 'desiredStatus': 'RUNNING', 'containers': []}, {'memory': '512', 'containerDefinitions': definitions}, [], None, None)
    made.health = {name: types.SimpleNamespace(status=status) for name, (status, *_) in containers.items() if status}
    made.started_at = clock.now()
    return made


class Health(unittest.TestCase):
    def test_container_health_checks_do_not_count_during_the_grace_period_of_the_service(self):
        unhealthy = running(app=('UNHEALTHY', True))
        self.assertIsNone(unhealthy.failed_check(grace_period=3600))
        self.assertEqual(unhealthy.failed_check(NO_GRACE)[0], FAILED)

    def test_only_essential_containers_make_a_task_unhealthy(self):
        helped = running(app=('HEALTHY', True), helper=('UNHEALTHY', False))
        self.assertIsNone(helped.failed_check(NO_GRACE))
        self.assertTrue(helped.is_healthy())
        self.assertEqual(running(app=('HEALTHY', True), helper=('UNHEALTHY', True)).failed_check(NO_GRACE)[0], FAILED)

    def test_a_task_has_the_worst_health_of_its_essential_containers(self):
        for expected, containers in (
            ('UNHEALTHY', {'a': ('UNHEALTHY', True), 'b': ('UNKNOWN', True), 'c': ('HEALTHY', True)}),
            ('UNKNOWN', {'a': ('HEALTHY', True), 'b': (None, True)}),
            ('HEALTHY', {'a': ('HEALTHY', True), 'b': ('UNKNOWN', False)}),
        ):
            with self.subTest(containers):
                checked = running(**containers)
                self.assertEqual(checked._health_status, expected)


class LoadBalancer(unittest.TestCase):
    def problem(self, answer):
        """What a health check says about a server that sends these parts, with a pause after each."""
        server = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(server.close)

        def serve():
            with server.accept()[0] as client, contextlib.suppress(OSError):
                client.recv(4096)
                for part in answer:
                    client.sendall(part)
                    time.sleep(0.1)

        threading.Thread(target=serve, daemon=True).start()
        target = types.SimpleNamespace(address='127.0.0.1', port=server.getsockname()[1])
        settings = {'HealthCheckPort': None, 'HealthCheckPath': '/', 'HealthCheckTimeoutSeconds': 0.5, 'Matcher': {'HttpCode': '200'}}
        with unittest.mock.patch.object(network, 'connect', lambda address, port, timeout: socket.create_connection((address, port), timeout)):
            return load_balancer.Target._check(target, settings)[0]

    def test_an_answer_must_begin_within_the_timeout_of_the_health_check(self):
        ok = b'HTTP/1.1 200 OK\r\n\r\n'
        endless = itertools.repeat(b'x')
        for answer, problem in (
            ([ok], None),
            (itertools.chain([ok], endless), None),
            (itertools.chain([ok[:15]], endless), 'Target.Timeout'),
            ([b'hello'], 'Target.FailedHealthChecks'),
            ([ok.replace(b'200', b'204')], 'Target.ResponseCodeMismatch'),
        ):
            with self.subTest(problem):
                self.assertEqual(self.problem(answer), problem)


class Memory(unittest.TestCase):
    def test_a_container_is_killed_beyond_its_own_limit_or_as_the_largest_of_a_task_beyond_that_of_the_task(self):
        for used, limits, expected in (
            ({'app': 60, 'helper': 40}, {'app': 64, 'helper': 0}, []),
            ({'app': 65, 'helper': 10}, {'app': 64, 'helper': 0}, ['app']),
            ({'app': 60, 'helper': 69}, {'app': 64, 'helper': 0}, ['helper']),
            ({'app': 129}, {'app': 0}, ['app']),
        ):
            with self.subTest(used):
                self.assertEqual(memory.exceeding({name: size * memory.MIB for name, size in used.items()}, limits, total=128), expected)

    def test_a_task_states_its_memory_in_mebibytes_or_gigabytes(self):
        self.assertEqual([memory.mebibytes(text) for text in ('512', '1GB', '0.5 gb')], [512, 1024, 512])


class Shutdown(unittest.TestCase):
    def stop(self, **containers):
        log = []
        ending = running(**{name: (None, True, more) for name, (_, more) in containers.items()})
        ending.containers = {name: SimulatedContainer(name, log, deaf) for name, (deaf, _) in containers.items()}
        # Time passes only when the task reads the clock.
        with unittest.mock.patch.object(clock, 'now', side_effect=itertools.count(step=clock.work(0.1))):
            for _ in ending._stop_containers():
                pass
        return log

    def test_a_container_stops_before_the_containers_that_it_depends_on(self):
        after = lambda name: {'dependsOn': [{'containerName': name, 'condition': 'START'}]}
        self.assertEqual(self.stop(proxy=(False, {}), app=(False, after('proxy')), log=(False, after('app'))), ['end log', 'end app', 'end proxy'])

    def test_each_container_has_its_own_stop_timeout_before_it_is_killed(self):
        log = self.stop(patient=(True, {'stopTimeout': 4}), short=(True, {'stopTimeout': 2}))
        self.assertEqual(log, ['end patient', 'end short', 'kill short', 'kill patient'])


if __name__ == '__main__':
    unittest.main()
