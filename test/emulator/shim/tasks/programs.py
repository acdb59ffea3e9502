"""What a container is to run, from its definition and the configuration of its image."""

import os
import struct

from . import images

DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
ELF, SCRIPT = b'\x7fELF', b'#!'
PT_INTERP = 3


class CannotStart(Exception):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""

    def __init__(self, problem):
        super().__init__(
            'CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: '
            f'OCI runtime create failed: runc create failed: unable to start container process: {problem}: unknown')


def command_of(spec):
    """An entry point of one's own also does without the image's command, as with Docker."""
    config, definition = spec.image.config, spec.definition
    entry, command = definition.get('entryPoint'), definition.get('command')
    if entry:
        return [*entry, *(command or [])]
    return [*(config.get('Entrypoint') or []), *(command or config.get('Cmd') or [])] or ['']


def environment_of(spec):
    own = dict(entry.partition('=')[::2] for entry in spec.image.config.get('Env') or [])
    return {'PATH': DEFAULT_PATH, 'HOME': '/', **own, **spec.environment}


def folder_of(spec):
    return spec.definition.get('workingDirectory') or spec.image.config.get('WorkingDir') or '/'


def user_of(root, spec):
    """A user and a group, each by name or number: names are those of the image."""
    user, _, group = str(spec.definition.get('user') or spec.image.config.get('User') or '0').partition(':')
    found = entry_of(root, 'etc/passwd', user)
    uid = number_of(user, found, 'user')
    if group:
        return uid, number_of(group, entry_of(root, 'etc/group', group), 'group')
    return uid, int(found[3]) if found else 0


def number_of(name, entry, kind):
    if entry is None and not name.isdigit():
        raise CannotStart(f'unable to find {kind} {name}: no matching entries in {"passwd" if kind == "user" else "group"} file')
    return int(entry[2] if entry else name)


def entry_of(root, file, name):
    path = images.resolve(root, file)
    if not os.path.exists(path):
        return None
    with open(path, encoding='utf-8') as lines:
        entries = [line.rstrip('\n').split(':') for line in lines]
    return next((entry for entry in entries if len(entry) > 3 and name in (entry[0], entry[2])), None)


def find(root, name, path, cwd):
    """The path within the image."""
    if '/' in name:
        candidates = [os.path.join(cwd, name)]
    else:
        candidates = [os.path.join(folder, name) for folder in path.split(':')] if name else []
    for candidate in candidates:
        found = images.resolve(root, candidate)
        if os.path.isfile(found) and os.stat(found).st_mode & 0o111:
            return candidate
    return None


def not_found(name):
    where = f'stat {name}: no such file or directory' if '/' in name else 'executable file not found in $PATH'
    return f'exec: "{name}": {where}'


def is_complete(root, program):
    """Whether the image has the interpreter that its program needs."""
    with open(images.resolve(root, program), 'rb') as file:
        start = file.read(4096)
        if start.startswith(SCRIPT):
            interpreter = start[2:].split(b'\n')[0].split()[0].decode()
        elif start.startswith(ELF):
            interpreter = loader_of(file, start)
        else:
            interpreter = None
    return interpreter is None or os.path.exists(images.resolve(root, interpreter))


def loader_of(file, start):
    if start[4] != 2 or start[5] != 1:  # other than 64 bits, little endian
        return None
    offset, = struct.unpack_from('<Q', start, 32)
    size, count = struct.unpack_from('<HH', start, 54)
    for index in range(count):
        file.seek(offset + index * size)
        header = file.read(size)
        if struct.unpack_from('<I', header)[0] == PT_INTERP:
            at, = struct.unpack_from('<Q', header, 8)
            length, = struct.unpack_from('<Q', header, 32)
            file.seek(at)
            return file.read(length).rstrip(b'\0').decode()
    return None


def write_hosts(root, address):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html"""
    path = images.resolve(root, '/etc/hosts')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'127.0.0.1 localhost\n{address} task\n')
