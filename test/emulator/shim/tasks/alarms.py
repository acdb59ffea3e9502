"""
The alarms that can fail a deployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from ministack.services import cloudwatch


def watched(configuration):
    alarms = configuration.get('alarms') or {}
    return alarms.get('alarmNames', []) if is_true(alarms.get('enable')) else []


def rolls_back(configuration):
    return is_true(configuration['alarms'].get('rollback'))


def going_off(names):
    known = [alarm for alarm in map(find, names) if alarm]
    return {alarm['AlarmName'] for alarm in known if alarm['StateValue'] == 'ALARM'}


def bake_time(names):
    """Seconds. ECS computes them from the alarms, and AWS does not document how. We assume the time of the slowest alarm."""
    return max((int(alarm.get('Period', 60)) * int(alarm.get('EvaluationPeriods', 1)) for alarm in map(find, names) if alarm), default=0)


def find(name):
    return cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)


def is_true(value):
    return str(value).lower() == 'true'
