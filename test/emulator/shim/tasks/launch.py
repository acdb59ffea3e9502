"""
Becomes the program of a container. Run by ./runtimes.py, which says what to do on standard input.

Whatever happens, the program ends with the emulator: it is told so by the kernel, and with the first process of a PID
namespace end all others in it.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def main():
    job = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    end_with_parent()
    if job['isolated']:
        enter(job)
        child = os.fork()
        if child:
            if job['started'] is not None:
                os.close(job['started'])
            sys.exit(outcome(child))
        end_with_parent()
        if not job['joins']:
            mount_own(job['root'] or '/')
    become(job)


def enter(job):
    """Namespaces of its own, or those of a container that runs already."""
    names = {'pid': CLONE_NEWPID, 'mnt': CLONE_NEWNS} if job['joins'] else {}
    joined = [(os.open(f'/proc/{job["joins"]}/ns/{name}', os.O_RDONLY), kind) for name, kind in names.items()]
    for descriptor, kind in [(job['network'], CLONE_NEWNET), *joined]:
        check(libc.setns(descriptor, kind))
        os.close(descriptor)
    if not joined:
        check(libc.unshare(CLONE_NEWPID | CLONE_NEWNS))


def outcome(child):
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def mount_own(root):
    check(libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None))
    folder = lambda name: os.path.join(root, name).encode()
    if root != '/':
        for name in ('proc', 'dev'):
            os.makedirs(folder(name), exist_ok=True)
        check(libc.mount(b'/dev', folder('dev'), None, MS_BIND | MS_REC, None))
    check(libc.mount(b'proc', folder('proc'), b'proc', 0, None))


def become(job):
    if job['root']:
        os.chroot(job['root'])
    os.chdir(job['cwd'])
    if job['user']:
        uid, gid = job['user']
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        end_with_parent()  # changed ids have made the kernel forget it
    if job['started'] is not None:
        os.set_inheritable(job['started'], False)
    program, *_ = job['argv']
    try:
        os.execve(program, job['argv'], job['environment'])
    except OSError as error:
        # As runc says it.
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
