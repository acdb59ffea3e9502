"""
Real containers: how ECS, its load balancer and CloudFormation handle tasks.

See ../../README.md for the assumptions about AWS and their sources.
"""

import os

from . import api, cloudformation, load_balancer, network, runtimes, scheduler


def install(directory, gateway_port):
    # Users of images need access to the image's files and to nothing else.
    os.chmod(directory, 0o711)
    network.configure(gateway_port, os.path.join(directory, 'ports'))
    runtime = runtimes.chosen(os.path.join(directory, 'tasks'), os.environ.get('SHIM_TASK_RUNTIME') or 'process')
    load_balancer.install()
    api.install(runtime, gateway_port)
    cloudformation.install()
    scheduler.start()
