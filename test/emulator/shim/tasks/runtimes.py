"""What containers run in: a plain process of this machine, or an OCI runtime."""

import dataclasses
import json
import os
import select
import shutil
import subprocess
import sys

from . import images, network, oci_bundle, programs

LAUNCH = os.path.join(os.path.dirname(__file__), 'launch.py')


@dataclasses.dataclass(frozen=True)
class Spec:
    """A container that is to run."""
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
        images.unpack(spec.image, root)
        programs.write_hosts(root, spec.network.address)
        return home


class Container:
    """
    One that was started. It ends with the thread that did so, at the latest: that is how the kernel keeps the promise
    that none outlives the emulator.
    """

    def __init__(self, runtime, spec, home):
        self._runtime, self._spec, self._home = runtime, spec, home
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
        """The launcher holds the other end of a pipe until it has become the program."""
        return select.select([self._started], [], [], 0)[0] != []

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()

    def succeeds(self, argv, timeout):
        """Whether a command does that is run inside, as health checks are."""
        try:
            process = self._launch(argv, joins=self._first_process())
        except programs.CannotStart:
            return False
        try:
            process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode == 0

    def remove(self):
        os.close(self._started)
        shutil.rmtree(self._home, ignore_errors=True)

    def _launch(self, argv, joins=None, started=None):
        isolated = network.has_namespaces()
        descriptor = self._spec.network.fd
        job = self._runtime.job(self._spec, self._home, argv, joins is not None)
        process = subprocess.Popen(
            [sys.executable, '-I', '-S', LAUNCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=[passed for passed in (descriptor, started) if passed is not None])
        process.stdin.write(json.dumps({**job, 'isolated': isolated, 'network': descriptor, 'joins': joins, 'started': started}).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def _first_process(self):
        """Of its PID namespace: the launcher waits outside."""
        if not network.has_namespaces():
            return None
        launcher = self._process.pid
        with open(f'/proc/{launcher}/task/{launcher}/children', encoding='ascii') as file:
            return int(file.read().split()[0])


class ProcessRuntime(Runtime):
    """
    A process, and no container: the files of the image are all that it sees only if they are all that its program needs.
    Otherwise the program, or its interpreter, is one of this machine, and only paths in the command mean the image.
    """

    def job(self, spec, home, argv, _inside):
        root = os.path.join(home, 'rootfs')
        own, cwd = programs.environment_of(spec), programs.folder_of(spec)
        user = programs.user_of(root, spec) if os.geteuid() == 0 else None
        program = programs.find(root, argv[0], own['PATH'], cwd)
        if program and os.geteuid() == 0 and programs.is_complete(root, program):
            return {'root': root, 'cwd': cwd, 'argv': [program, *argv[1:]], 'environment': own, 'user': user}

        def on_this_machine(text):
            path = images.resolve(root, text)
            return path if text.startswith('/') and os.path.lexists(path) else text

        folders = [images.resolve(root, folder) for folder in own['PATH'].split(':')]
        path = ':'.join([*folders, os.environ['PATH']])
        found = images.resolve(root, program) if program else shutil.which(argv[0])
        if not found:
            raise programs.CannotStart(programs.not_found(argv[0]))
        return {
            'root': None, 'cwd': images.resolve(root, cwd), 'argv': [found, *map(on_this_machine, argv[1:])],
            'environment': {**own, 'PATH': path}, 'user': user,
        }


class ContainerRuntime(Runtime):
    """runc, with namespaces, user and capabilities as on Fargate. Memory and CPU are not limited."""

    def __init__(self, directory):
        super().__init__(directory)
        self.runc = shutil.which('runc', path=f'{os.environ["PATH"]}:/usr/sbin')
        if not self.runc or not network.has_namespaces():
            raise SystemExit('tasks in containers need Linux, root and runc on the PATH')

    def job(self, spec, home, argv, inside):
        root = os.path.join(home, 'rootfs')
        if not programs.find(root, argv[0], programs.environment_of(spec)['PATH'], programs.folder_of(spec)):
            raise programs.CannotStart(programs.not_found(argv[0]))
        if inside:
            process = os.path.join(home, 'check.json')
            oci_bundle.write(process, oci_bundle.process_of(spec, root, argv))
            command = ['exec', '--process', process, spec.id]
        else:
            oci_bundle.write(os.path.join(home, 'config.json'), oci_bundle.config_of(spec, root, argv))
            command = ['run', '--bundle', home, spec.id]
        return {
            'root': None, 'cwd': home, 'argv': [self.runc, '--root', os.path.join(home, 'state'), *command],
            'environment': {'PATH': os.environ['PATH']}, 'user': None,
        }
