"""Output of a container, sent to the log group in its definition."""

from ministack.services import ecs


#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LONGEST_EVENT = 2 ** 20


class CannotInitialize(Exception):
    def __init__(self, problem):
        super().__init__(f'ResourceInitializationError: {problem}')


def log_of(definition, task_id):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    config = ecs._awslogs_config(definition, task_id, task_id)
    if config and not ecs._ensure_awslogs_stream(config):
        raise CannotInitialize(
            'failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: '
            'ResourceNotFoundException: The specified log group does not exist. : exit status 1')
    return config


def forward(output, log):
    with output:
        for line in iter(lambda: output.readline(LONGEST_EVENT), b''):
            if log:
                ecs._emit_awslogs_event(log, line.decode(errors='replace').rstrip('\n'))
