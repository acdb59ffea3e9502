"""
Runs the commands of aws-client.py by aws.py, which takes longer to load than to run. Each command has a process of its own,
with the arguments, environment, and output of its client. Ends when its standard input closes.
"""

import json
import os
import select
import signal
import socket
import sys
import traceback

import aws

SERVICES = ['cloudformation', 'ecr']


def main(path):
    for service in SERVICES:
        aws.client_of(service, region_name='us-east-1', aws_access_key_id='none', aws_secret_access_key='none')
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leaves no zombies
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print('ready', flush=True)
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            client, _ = server.accept()
            with client:
                if os.fork() == 0:
                    run(client)


def run(client):
    request, descriptors, _, _ = socket.recv_fds(client, 1 << 16, 2)
    while not request.endswith(b'\n'):
        request += client.recv(1 << 16)
    arguments, environment = json.loads(request)
    for own, descriptor in zip((1, 2), descriptors):
        os.dup2(descriptor, own)
    os.environ.clear()
    os.environ.update(environment)
    status = status_of(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    client.send(bytes([status]))
    os._exit(0)


def status_of(arguments):
    """The exit status of aws.py, which prints the reason if it fails."""
    try:
        aws.main(*arguments)
    except SystemExit as end:
        if isinstance(end.code, int):
            return end.code
        print(end.code, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


main(*sys.argv[1:])
