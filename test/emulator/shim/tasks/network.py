"""
The network of a task: its own address, as with an elastic network interface.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html

On Linux, root can create a network namespace for each task. Two tasks can then listen on one port, and a program that
listens only on 127.0.0.1 cannot be reached. Elsewhere, tasks share the network of this machine: Node.js listens on a free
port instead of the requested one, and other programs cannot be reached.
"""

import contextlib
import ctypes
import itertools
import json
import os
import socket
import struct
import sys
import threading

import fcntl

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP_RUNNING = 0x41
PORTS = os.path.join(os.path.dirname(__file__), 'ports.cjs')

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)
_tasks = {}
_settings = {}


def configure(gateway_port, directory):
    _settings.update(gateway_port=int(gateway_port), directory=directory)
    os.makedirs(directory)
    os.chmod(directory, 0o777)


def has_namespaces():
    return sys.platform == 'linux' and os.geteuid() == 0 and os.environ.get('SHIM_TASK_NETWORK') != 'shared'


def create():
    number = next(_numbers)
    address = f'10.0.{number // 250}.{number % 250 + 4}'
    network = Namespace(address) if has_namespaces() else Shared(address)
    _tasks[address] = network
    return network


def connect(address, port, timeout):
    """Connects to a task as the load balancer does."""
    network = _tasks.get(address)
    if network is None:
        raise ConnectionRefusedError(f'{address} is nobody')
    return network.connect(port, timeout)


class Namespace:
    def __init__(self, address):
        self.address = address
        self.environment = {}
        self.fd = in_thread(self._make)
        # Tasks reach the emulator at the address that its clients use, as they reach AWS.
        self._gateway = self._inside(lambda: socket.create_server(('127.0.0.1', _settings['gateway_port'])))
        threading.Thread(target=self._serve_gateway, daemon=True).start()

    def connect(self, port, timeout):
        return self._inside(lambda: socket.create_connection((self.address, port), timeout))

    def close(self):
        _tasks.pop(self.address, None)
        with contextlib.suppress(OSError):
            self._gateway.shutdown(socket.SHUT_RDWR)
        self._gateway.close()
        os.close(self.fd)

    def _inside(self, work):
        """A socket belongs permanently to the namespace of the thread that created it."""
        def enter():
            check(_libc.setns(self.fd, CLONE_NEWNET))
            return work()
        return in_thread(enter)

    def _make(self):
        check(_libc.unshare(CLONE_NEWNET))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            def request(code, interface, value):
                fcntl.ioctl(control, code, struct.pack('16s16s', interface.encode(), value))

            def address_of(text):
                return struct.pack('HH4s', socket.AF_INET, 0, socket.inet_aton(text))

            request(SIOCSIFFLAGS, 'lo', struct.pack('h', IFF_UP_RUNNING))
            request(SIOCSIFADDR, 'lo:1', address_of(self.address))
            request(SIOCSIFNETMASK, 'lo:1', address_of('255.255.255.255'))
        return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)

    def _serve_gateway(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._gateway.accept()
                far = socket.create_connection(('127.0.0.1', _settings['gateway_port']))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=relay, args=(source, sink), daemon=True).start()


class Shared:
    fd = None

    def __init__(self, address):
        self.address = address
        self._file = os.path.join(_settings['directory'], address)
        self.environment = {'NODE_OPTIONS': f'--require {PORTS}', 'SHIM_PORTS': self._file}

    def connect(self, port, timeout):
        with contextlib.suppress(FileNotFoundError), open(self._file, encoding='utf-8') as file:
            for line in file:
                asked, given = json.loads(line)
                if asked == port:
                    return socket.create_connection(('127.0.0.1', given), timeout)
        raise ConnectionRefusedError(f'nothing listens on port {port}')

    def close(self):
        _tasks.pop(self.address, None)


def relay(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def in_thread(work):
    """Namespaces belong to a thread, so a thread that leaves its namespace is discarded."""
    outcome = []

    def run():
        try:
            outcome.append((work(), None))
        except OSError as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def check(status):
    if status != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
