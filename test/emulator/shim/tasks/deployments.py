"""The rules of rolling deployments, as functions of numbers."""

import math

#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
DEFAULT_THRESHOLD = {'type': 'BOUNDED_PERCENT', 'value': 50}
LEAST, MOST = 3, 200

#: ECS waits longer each time, up to 27 minutes. AWS does not document the steps in between.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
FIRST_PAUSE, LONGEST_PAUSE = 10, 27 * 60


def breaker_threshold(breaker, desired):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""
    configuration = breaker.get('thresholdConfiguration') or DEFAULT_THRESHOLD
    value = int(configuration['value'])
    if configuration['type'] == 'COUNT':
        return value
    failures = math.ceil(value * desired / 100)
    return failures if configuration['type'] == 'UNBOUNDED_PERCENT' else min(MOST, max(LEAST, failures))


def limits(configuration, desired):
    """
    Minimum number of healthy tasks and maximum number of tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    lower = math.ceil(desired * int(configuration.get('minimumHealthyPercent', 100)) / 100)
    upper = math.floor(desired * int(configuration.get('maximumPercent', 200)) / 100)
    return lower, upper


def pause_after(failed_starts):
    """Delay between attempts to start tasks that never reach RUNNING."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failed_starts - 1)) if failed_starts else 0
