"""The program of a container, from its definition and the configuration of its image."""

import dataclasses
import os
import signal

from .layers import resolve

DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
HIGHEST_ID = 2 ** 31 - 1


class CannotStart(Exception):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""

    def __init__(self, problem):
        super().__init__(
            'CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: '
            f'OCI runtime create failed: runc create failed: unable to start container process: {problem}: unknown')


def command_of(spec):
    """An entry point in the definition also discards the image's command, as with Docker."""
    config, definition = spec.image.config, spec.definition
    entry, command = definition.get('entryPoint'), definition.get('command')
    if entry:
        return [*entry, *(command or [])]
    return [*(config.get('Entrypoint') or []), *(command or config.get('Cmd') or [])] or ['']


def environment_of(root, spec):
    own = dict(entry.partition('=')[::2] for entry in spec.image.config.get('Env') or [])
    return {'PATH': DEFAULT_PATH, 'HOME': user_of(root, spec).home, **own, **spec.environment}


def folder_of(spec):
    folder = spec.definition.get('workingDirectory') or spec.image.config.get('WorkingDir') or '/'
    if not folder.startswith('/'):
        raise CannotStart('Cwd must be an absolute path')
    return folder


def is_read_only(spec):
    return bool(spec.definition.get('readonlyRootFilesystem'))


def volumes_of(spec):
    return [mount['containerPath'] for mount in spec.definition.get('mountPoints') or []]


def stop_signal_of(spec):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    name, _, offset = (spec.image.config.get('StopSignal') or '').upper().removeprefix('SIG').partition('+')
    known = int(name) if name.isdigit() else signal.Signals.__members__.get(f'SIG{name}', signal.SIGTERM)
    number = known + (int(offset) if offset.isdigit() else 0)
    return number if 0 < number < signal.NSIG else signal.SIGTERM


@dataclasses.dataclass(frozen=True)
class User:
    uid: int
    gid: int
    groups: list
    home: str


def user_of(root, spec):
    """
    A user and a group, each by name or number. Names are resolved in the image.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    user, _, group = (spec.definition.get('user') or spec.image.config.get('User') or '').partition(':')
    user = user or '0'
    groups = entries_of(root, 'etc/group', fields=4)
    found = named(user, entries_of(root, 'etc/passwd', fields=7))
    uid, home = number_of(user, found, 'user'), found[5] if found else ''
    if group:
        gid, more = number_of(group, named(group, groups), 'group'), []
    else:
        gid = as_id(found[3]) if found else 0
        more = [as_id(entry[2]) for entry in groups if found and found[0] in entry[3].split(',')]
    return User(uid, gid, more, home or '/')


def number_of(name, entry, kind):
    if entry is None and not name.isdigit():
        raise CannotStart(f'unable to find {kind} {name}: no matching entries in {"passwd" if kind == "user" else "group"} file')
    return as_id(entry[2] if entry else name)


def as_id(text):
    if not text.isdigit() or int(text) > HIGHEST_ID:
        raise CannotStart(f'uids and gids must be in range 0-{HIGHEST_ID}')
    return int(text)


def named(name, entries):
    return next((entry for entry in entries if name in (entry[0], entry[2])), None)


def entries_of(root, file, fields):
    try:
        with open(resolve(root, file), encoding='utf-8', errors='surrogateescape') as lines:
            entries = [line.rstrip('\n').split(':') for line in lines]
    except OSError:
        return []
    return [entry for entry in entries if len(entry) >= fields]


def find(root, name, path, cwd):
    """The path of a program within the image. Only running it shows whether it can run."""
    if '/' in name:
        found = resolve(root, os.path.join(cwd, name))
        if not os.path.exists(found):
            raise CannotStart(f'exec: "{name}": stat {name}: no such file or directory')
        if not is_executable(found):
            raise CannotStart(f'exec: "{name}": permission denied')
        return os.path.join(cwd, name)
    for folder in path.split(':') if name else ():
        candidate = os.path.join(folder, name)
        if folder.startswith('/') and is_executable(resolve(root, candidate)):
            return candidate
    raise CannotStart(f'exec: "{name}": executable file not found in $PATH')


def is_executable(path):
    return os.path.isfile(path) and os.stat(path).st_mode & 0o111 != 0


def write_hosts(root, address):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html"""
    try:
        path = resolve(root, '/etc/hosts')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'127.0.0.1 localhost\n{address} task\n')
    except OSError as error:
        raise CannotStart(f'error mounting "/etc/hosts": {error.strerror.lower()}') from None
