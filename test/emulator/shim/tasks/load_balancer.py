"""
Target groups: real requests check the tasks, which then receive the requests of clients.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import asyncio
import contextlib
import http.client
import random
import socket
import threading
import time

from ministack.services import alb, apigateway

from . import clock, network, scheduler

#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
DEREGISTRATION_DELAY = 300
IDLE_TIMEOUT = 60
HOP_BY_HOP = ('connection', 'content-length', 'keep-alive', 'transfer-encoding')

_registered = []


class Target:
    """A task in a target group."""

    def __init__(self, group, address, port):
        self.group, self.address, self.port = group, address, int(port)
        self.state, self.reason, self.problem = 'initial', 'Elb.RegistrationInProgress', ''
        _registered.append(self)
        scheduler.in_background(self._watch)

    def drain(self):
        """Starts deregistration, which takes the full delay even without requests in flight. Returns the delay."""
        self.state, self.reason = 'draining', 'Target.DeregistrationInProgress'
        delay = next((entry['Value'] for entry in alb._tg_attrs.get(self.group, []) if entry['Key'] == 'deregistration_delay.timeout_seconds'), None)
        return DEREGISTRATION_DELAY if delay is None else float(delay)

    def deregister(self):
        self.state = 'unused'
        _registered.remove(self)

    def _watch(self):
        """After registration, one success makes it healthy. Later, thresholds of consecutive results apply."""
        successes = failures = 0
        while self.state in ('initial', 'healthy', 'unhealthy'):
            settings = alb._tgs.get(self.group)
            if settings is None:
                return
            reason, problem = self._check(settings)
            successes, failures = (0, failures + 1) if reason else (successes + 1, 0)
            if self.state == 'initial' and successes or successes >= settings['HealthyThresholdCount']:
                self._becomes('healthy')
            elif failures >= settings['UnhealthyThresholdCount']:
                self._becomes('unhealthy', reason, problem)
            time.sleep(clock.work(settings['HealthCheckIntervalSeconds']))

    def _becomes(self, state, reason=None, problem=''):
        if self.state in ('initial', 'healthy', 'unhealthy'):
            self.state, self.reason, self.problem = state, reason, problem

    def _check(self, settings):
        port = self.port if settings['HealthCheckPort'] in ('traffic-port', '', None) else int(settings['HealthCheckPort'])
        timeout, start, status = settings['HealthCheckTimeoutSeconds'], clock.now(), None
        # The rest of the answer is irrelevant and may be endless.
        with contextlib.suppress(OSError, http.client.HTTPException), request(
                self, 'GET', settings['HealthCheckPath'], {'user-agent': 'ELB-HealthChecker/2.0'}, b'', timeout, port, deadline=timeout) as answer:
            status = answer.status
        if clock.now() - start >= timeout:
            return 'Target.Timeout', 'Request timed out'
        if status is None:
            return 'Target.FailedHealthChecks', 'Health checks failed'
        if matches(status, settings['Matcher']['HttpCode']):
            return None, ''
        return 'Target.ResponseCodeMismatch', f'Health checks failed with these codes: [{status}]'


def matches(status, wanted):
    ranges = (part.strip().partition('-') for part in str(wanted).split(','))
    return any(int(low) <= status <= int(high or low) for low, _, high in ranges)


def request(target, method, path, headers, body, timeout, port=None, deadline=None):
    """The timeout applies to each part of the answer, and the deadline to its status and headers."""
    connection = http.client.HTTPConnection(target.address, port or target.port, timeout=timeout)
    connection.sock = network.connect(target.address, port or target.port, timeout)
    end = threading.Timer(deadline or 0, give_up, [connection.sock])
    if deadline:
        end.start()
    try:
        connection.request(method, path, body, {'host': target.address, **headers, 'connection': 'close'})
        return connection.getresponse()
    finally:
        end.cancel()


def give_up(sock):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def exchange(*what):
    with request(*what) as answer:
        return answer, answer.read()


def install():
    forward, describe, proxy = alb._forward_to_tg, alb._describe_target_health, apigateway._invoke_http_proxy

    async def forward_to_task(group, method, path, headers, body, query_params, raw_query_string=None, raw_path=None):
        if alb._tgs.get(group, {}).get('TargetType') != 'ip':
            return await forward(group, method, path, headers, body, query_params, raw_query_string, raw_path)
        target = choose(group)
        if target is None:
            return 503, {'Content-Type': 'text/html'}, b'<h1>503 Service Temporarily Unavailable</h1>'
        location = (raw_path or path) + (f'?{raw_query_string}' if raw_query_string else '')
        sent = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            answer, content = await asyncio.to_thread(exchange, target, method, location, sent, body, IDLE_TIMEOUT)
        except TimeoutError:
            return 504, {'Content-Type': 'text/html'}, b'<h1>504 Gateway Time-out</h1>'
        except (OSError, http.client.HTTPException):
            return 502, {'Content-Type': 'text/html'}, b'<h1>502 Bad Gateway</h1>'
        received = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        return answer.status, received, content

    def describe_target_health(params):
        group = alb._p(params, 'TargetGroupArn')
        if alb._tgs.get(group, {}).get('TargetType') != 'ip':
            return describe(params)
        members = ''.join(
            f'<member><Target><Id>{target.address}</Id><Port>{target.port}</Port></Target><TargetHealth><State>{target.state}</State>'
            + (f'<Reason>{target.reason}</Reason><Description>{target.problem}</Description>' if target.reason else '') + '</TargetHealth></member>'
            for target in _registered if target.group == group)
        return alb._xml(200, 'DescribeTargetHealth', f'<TargetHealthDescriptions>{members}</TargetHealthDescriptions>')

    async def integrate(integration, path, method, headers, body, query_params):
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-private.html"""
        listener = alb._listeners.get(integration['integrationUri'])
        if listener is None:
            return await proxy(integration, path, method, headers, body, query_params)
        return await alb.dispatch_request(alb._lbs[listener['LoadBalancerArn']], method, path, headers, body, query_params, listener['Port'])

    alb._forward_to_tg = forward_to_task
    apigateway._invoke_http_proxy = integrate
    alb._ACTION_MAP['DescribeTargetHealth'] = describe_target_health


def choose(group):
    """A healthy target, or any target if none is healthy."""
    candidates = [target for target in _registered if target.group == group and target.state != 'draining']
    healthy = [target for target in candidates if target.state == 'healthy']
    return random.choice(healthy or candidates) if candidates else None
