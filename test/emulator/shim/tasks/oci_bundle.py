"""Configuration of a container for an OCI runtime: https://github.com/opencontainers/runtime-spec/blob/main/config.md"""

import json

from . import programs

#: Docker's capabilities. A user other than root has none of them and cannot use ports below 1024.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
CAPABILITIES = [f'CAP_{name}' for name in (
    'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP',
    'SETUID', 'SYS_CHROOT')]

MOUNTS = [
    {'destination': '/proc', 'type': 'proc', 'source': 'proc'},
    {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'strictatime', 'mode=755', 'size=65536k']},
    {'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm', 'options': ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']},
]


def config_of(spec, root, argv):
    return {
        'ociVersion': '1.0.2',
        'process': process_of(spec, root, argv),
        'root': {'path': root, 'readonly': programs.is_read_only(spec)},
        'hostname': 'task',
        'mounts': [*MOUNTS, *({'destination': path, 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nodev']} for path in programs.volumes_of(spec))],
        # The network namespace is that of the task, which the runtime has already joined.
        'linux': {'namespaces': [{'type': name} for name in ('pid', 'mount', 'ipc', 'uts')]},
    }


def process_of(spec, root, argv):
    user = programs.user_of(root, spec)
    granted = CAPABILITIES if user.uid == 0 else []
    return {
        'terminal': False,
        'user': {'uid': user.uid, 'gid': user.gid, 'additionalGids': user.groups},
        'args': argv,
        'env': [f'{name}={value}' for name, value in programs.environment_of(root, spec).items()],
        'cwd': programs.folder_of(spec),
        'capabilities': {'bounding': CAPABILITIES, 'effective': granted, 'permitted': granted},
    }


def write(path, content):
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(content, file)
