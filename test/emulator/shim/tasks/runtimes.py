"""Runtimes of containers: a plain process of this machine, or an OCI runtime."""

import dataclasses
import json
import os
import select
import shutil
import subprocess
import sys

from . import clock, images, layers, memory, network, oci_bundle, programs

#: Programs of this machine that processes can use if their image lacks them.
LENT = ('node', 'python', 'python3')

LAUNCH = os.path.join(os.path.dirname(__file__), 'launch.py')


@dataclasses.dataclass(frozen=True)
class Spec:
    """A container to run."""
    id: str
    image: images.Image
    definition: dict
    environment: dict
    network: object


def chosen(directory, name):
    os.makedirs(directory)
    os.chmod(directory, 0o711)
    return {'process': ProcessRuntime, 'container': ContainerRuntime}[name](directory)


class Runtime:
    def __init__(self, directory):
        self.directory = directory

    def unpack(self, spec):
        """The folder of the container."""
        home = os.path.join(self.directory, spec.id)
        root = os.path.join(home, 'rootfs')
        layers.unpack(spec.image, root)
        programs.write_hosts(root, spec.network.address)
        return home


class Container:
    """
    A started container. It ends with the thread that started it, at the latest. The kernel thus ensures that no container
    outlives the emulator.
    """

    def __init__(self, runtime, spec, home):
        self.id = spec.id
        self._runtime, self._spec, self._home = runtime, spec, home
        self.started_at = clock.now()
        self._started, started = os.pipe()
        try:
            self._process = self._launch(programs.command_of(spec), started=started)
        except programs.CannotStart:
            self.remove()
            raise
        finally:
            os.close(started)
        self.output = self._process.stdout

    def exit_code(self):
        """None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def has_started(self):
        """The launcher holds the other end of a pipe until it has become the program, or writes the reason why it cannot."""
        if not select.select([self._started], [], [], 0)[0]:
            return False
        problem = os.read(self._started, 4096).decode()
        if problem:
            raise programs.CannotStart(problem)
        return self._runtime.has_started(self._home, is_over=self._process.poll() is not None)

    def terminate(self):
        self._process.send_signal(programs.stop_signal_of(self._spec))

    def kill(self):
        self._process.kill()

    def memory(self):
        """Bytes that its programs have allocated."""
        if not network.has_namespaces():
            return memory.allocated(self._process.pid)
        return sum(map(memory.allocated, memory.children_of(self._process.pid)))

    def succeeds(self, argv, timeout):
        """Whether a command succeeds inside the container, as health checks do."""
        try:
            process = self._launch(argv, joins=self._first_process())
        except (programs.CannotStart, OSError):
            return False  # the container lacks the command or has just ended
        try:
            return process.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False

    def remove(self):
        os.close(self._started)
        shutil.rmtree(self._home, ignore_errors=True)

    def _launch(self, argv, joins=None, started=None):
        isolated = network.has_namespaces()
        descriptor = self._spec.network.fd
        try:
            job = self._runtime.job(self._spec, self._home, argv, joins is not None)
        except OSError as error:  # such as links that lead to each other
            raise programs.CannotStart(f'exec: "{argv[0]}": {error.strerror.lower()}') from None
        process = subprocess.Popen(
            # A child of a health check may keep its output open forever.
            [sys.executable, '-I', '-S', LAUNCH], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL if joins else subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=[passed for passed in (descriptor, started) if passed is not None])
        process.stdin.write(json.dumps({**job, 'isolated': isolated, 'network': descriptor, 'joins': joins, 'started': started, 'stop_signal': programs.stop_signal_of(self._spec)}).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def _first_process(self):
        """First process of its PID namespace. The launcher waits outside."""
        if not network.has_namespaces():
            return None
        children = memory.children_of(self._process.pid)
        if not children:
            raise ProcessLookupError
        return children[0]


class ProcessRuntime(Runtime):
    """
    A process without a container. It sees only the files of its image if the emulator has permission to confine it and the
    image has the program. Otherwise a few programs of this machine are used, and only paths in the command refer to the image.
    """

    def has_started(self, _home, is_over):
        return True

    def job(self, spec, home, argv, _inside):
        root = os.path.join(home, 'rootfs')
        own, cwd = programs.environment_of(root, spec), programs.folder_of(spec)
        user = dataclasses.asdict(programs.user_of(root, spec)) if os.geteuid() == 0 else None
        lends = self._lends(root, spec)
        if os.geteuid() == 0 and not lends:
            program = programs.find(root, argv[0], own['PATH'], cwd)
            return {
                'root': root, 'readonly': programs.is_read_only(spec), 'volumes': [layers.resolve(root, path) for path in programs.volumes_of(spec)],
                'cwd': cwd, 'argv': [program, *argv[1:]], 'environment': own, 'user': user,
            }

        def on_this_machine(text):
            path = layers.resolve(root, text)
            return path if text.startswith('/') and os.path.lexists(path) else text

        path = ':'.join([*(layers.resolve(root, folder) for folder in own['PATH'].split(':')), *([os.environ['PATH']] if lends else [])])
        found = shutil.which(on_this_machine(argv[0]), path=path) if lends else layers.resolve(root, programs.find(root, argv[0], own['PATH'], cwd))
        if not found:
            raise programs.CannotStart(f'exec: "{argv[0]}": executable file not found in $PATH')
        return {
            'root': None, 'cwd': layers.resolve(root, cwd), 'argv': [found, *map(on_this_machine, argv[1:])],
            'environment': {**own, 'PATH': path}, 'user': user,
        }

    @staticmethod
    def _lends(root, spec):
        """Whether the container as a whole, health checks included, uses programs of this machine."""
        program = programs.command_of(spec)[0]
        try:
            programs.find(root, program, programs.environment_of(root, spec)['PATH'], programs.folder_of(spec))
        except programs.CannotStart:
            return program in LENT
        return False


class ContainerRuntime(Runtime):
    """runc, with namespaces, user and capabilities as on Fargate."""

    def __init__(self, directory):
        super().__init__(directory)
        self.runc = shutil.which('runc', path=f'{os.environ["PATH"]}:/usr/sbin')
        if not self.runc or not network.has_namespaces():
            raise SystemExit('tasks in containers need Linux, root and runc on the PATH')

    def has_started(self, home, is_over):
        """runc records the process that it has started, or the reason why it could not."""
        if os.path.exists(os.path.join(home, 'pid')):
            return True
        if not is_over:
            return False
        with open(os.path.join(home, 'log'), encoding='utf-8') as lines:
            entries = [json.loads(line) for line in lines]
        problem = next((entry['msg'] for entry in reversed(entries) if entry['level'] == 'error'), 'runc ended')
        raise programs.CannotStart(problem.removeprefix('runc run failed: ').removeprefix('unable to start container process: '))

    def job(self, spec, home, argv, inside):
        root = os.path.join(home, 'rootfs')
        programs.find(root, argv[0], programs.environment_of(root, spec)['PATH'], programs.folder_of(spec))
        if inside:
            process = os.path.join(home, 'check.json')
            oci_bundle.write(process, oci_bundle.process_of(spec, root, argv))
            command = ['exec', '--process', process, spec.id]
        else:
            oci_bundle.write(os.path.join(home, 'config.json'), oci_bundle.config_of(spec, root, argv))
            command = ['run', '--bundle', home, '--pid-file', os.path.join(home, 'pid'), spec.id]
        log = ['--log', os.path.join(home, 'log'), '--log-format', 'json']
        return {
            'root': None, 'cwd': home, 'argv': [self.runc, '--root', os.path.join(home, 'state'), *log, *command],
            'environment': {'PATH': os.environ['PATH']}, 'user': None,
        }
