"""
Becomes the program of a container. Run by ./runtimes.py, which sends instructions on standard input.

The program always ends with the emulator: the kernel signals it, and when the first process of a PID namespace ends, so
do all others in it.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def main():
    job = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    try:
        begin(job)
    except OSError as error:
        refuse(job, f'{error.filename}: {error.strerror.lower()}' if error.filename else error.strerror.lower())


def begin(job):
    end_with_parent()
    if job['isolated']:
        enter(job)
        child = os.fork()
        if child:
            if job['started'] is not None:
                os.close(job['started'])
            sys.exit(outcome(child, job['stop_signal']))
        end_with_parent()
        if not job['joins']:
            mount_own(job['root'] or '/', job.get('volumes', ()))
    become(job)


def refuse(job, problem):
    """The container does not start at all."""
    if job['started'] is not None:
        os.write(job['started'], problem.encode())
    os._exit(1)


def enter(job):
    """New namespaces, or those of a running container."""
    names = {'pid': CLONE_NEWPID, 'mnt': CLONE_NEWNS} if job['joins'] else {}
    joined = [(os.open(f'/proc/{job["joins"]}/ns/{name}', os.O_RDONLY), kind) for name, kind in names.items()]
    for descriptor, kind in [(job['network'], CLONE_NEWNET), *joined]:
        check(libc.setns(descriptor, kind))
        os.close(descriptor)
    if not joined:
        check(libc.unshare(CLONE_NEWPID | CLONE_NEWNS))


def outcome(child, stop_signal):
    if stop_signal != signal.SIGKILL:
        signal.signal(stop_signal, lambda *_: os.kill(child, stop_signal))
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def mount_own(root, volumes):
    check(libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None))
    folder = lambda name: os.path.join(root, name).encode()
    if root != '/':
        check(libc.mount(root.encode(), root.encode(), None, MS_BIND, None))
        for name in ('proc', 'dev'):
            if os.path.lexists(folder(name)) and (os.path.islink(folder(name)) or not os.path.isdir(folder(name))):
                raise NotADirectoryError(errno.ENOTDIR, 'must be mounted on ordinary directory', name)
            os.makedirs(folder(name), exist_ok=True)
        check(libc.mount(b'/dev', folder('dev'), None, MS_BIND | MS_REC, None))
        for path in volumes:
            os.makedirs(path, exist_ok=True)
            check(libc.mount(b'tmpfs', path.encode(), b'tmpfs', 0, None))
    check(libc.mount(b'proc', folder('proc'), b'proc', 0, None))


def become(job):
    if job['root']:
        os.chroot(job['root'])
    os.makedirs(job['cwd'], exist_ok=True)
    if job['isolated'] and job.get('readonly'):
        check(libc.mount(None, b'/', None, MS_REMOUNT | MS_BIND | MS_RDONLY, None))
    os.chdir(job['cwd'])
    if job['user']:
        os.setgroups(job['user']['groups'])
        os.setgid(job['user']['gid'])
        os.setuid(job['user']['uid'])
        end_with_parent()  # the kernel resets this when ids change
    if job['started'] is not None:
        os.set_inheritable(job['started'], False)
    program, *_ = job['argv']
    try:
        os.execve(program, job['argv'], dict(f'{name}={value}'.partition('=')[::2] for name, value in job['environment'].items()))
    except ValueError as error:  # such as a character that Linux has no way to pass
        refuse(job, str(error))
    except PermissionError:
        refuse(job, f'exec: "{program}": permission denied')
    except OSError as error:
        # The same message as runc's for a started container.
        print(f'exec {program}: {error.strerror.lower()}', file=sys.stderr, flush=True)
        os._exit(1)


def end_with_parent():
    if sys.platform == 'linux':
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def check(status):
    if status != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


with contextlib.suppress(KeyboardInterrupt):
    main()
