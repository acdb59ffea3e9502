"""
The health check of a container: a command that runs inside it.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""

import time

from . import clock, scheduler

INTERVAL, TIMEOUT, RETRIES, START_PERIOD = 30, 5, 3, 0


class ContainerHealth:
    def __init__(self, container, settings):
        kind, *words = settings['command']
        self.argv = ['/bin/sh', '-c', *words] if kind == 'CMD-SHELL' else words
        self.container, self.settings, self.status = container, settings, 'UNKNOWN'
        scheduler.in_background(self._watch)

    def _watch(self):
        start, failures = clock.now(), 0
        while self.container.exit_code() is None:
            time.sleep(clock.work(self.settings.get('interval') or INTERVAL))
            if self.container.exit_code() is not None:
                return
            if self.container.succeeds(self.argv, self.settings.get('timeout') or TIMEOUT):
                self.status, failures = 'HEALTHY', 0
            elif self.status == 'HEALTHY' or clock.now() - start >= clock.work(self.settings.get('startPeriod') or START_PERIOD):
                failures += 1
                if failures >= (self.settings.get('retries') or RETRIES):
                    self.status = 'UNHEALTHY'
