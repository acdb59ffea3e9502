"""
The layers of an image, unpacked one upon the other.

https://github.com/opencontainers/image-spec/blob/main/layer.md
"""

import errno
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib

import zstandard

from .images import CannotPull

GZIP, ZSTD = b'\x1f\x8b', b'\x28\xb5\x2f\xfd'
WHITEOUT, OPAQUE = '.wh.', '.wh..wh..opq'
XATTR = 'SCHILY.xattr.'
LONGEST_LINK_CHAIN = 40


class WrongLayer(Exception):
    pass


def unpack(image, root):
    """Unpacks the layers in order, including deletions by later layers. Skips device files: a runtime brings its own."""
    os.makedirs(root)
    for diff_id, layer in image.layers:
        try:
            apply(decompressed(layer, diff_id), root)
        except (WrongLayer, tarfile.TarError, OSError, EOFError, ValueError, zlib.error, zstandard.ZstdError) as error:
            # Omits paths of this machine.
            problem = getattr(error, 'strerror', None) or error
            raise CannotPull(f'ref pull has been retried 1 time(s): failed to extract layer {diff_id}: {problem}') from None


def decompressed(layer, diff_id):
    """
    Fargate accepts gzip and Zstandard and detects the format.

    https://aws.amazon.com/blogs/containers/reducing-aws-fargate-startup-times-with-zstd-compressed-container-images/
    """
    if layer.startswith(GZIP):
        content = gzip.decompress(layer)
    elif layer.startswith(ZSTD):
        content = zstandard.ZstdDecompressor().stream_reader(layer, read_across_frames=True).read()
    else:
        content = layer
    calculated = f'sha256:{hashlib.sha256(content).hexdigest()}'
    if calculated != diff_id:
        raise WrongLayer(f'wrong diff id calculated on extraction "{calculated}"')
    return content


def apply(layer, root):
    placed = set()
    with tarfile.open(fileobj=io.BytesIO(layer), mode='r:') as archive:
        for member in archive:
            folder, name = os.path.split(member.name.rstrip('/'))
            within = resolve(root, folder)
            if name == OPAQUE:
                clear(within, placed)
            elif name.startswith(WHITEOUT):
                hidden = name.removeprefix(WHITEOUT)
                if hidden in ('', '.', '..'):
                    raise WrongLayer(f'invalid whiteout name {member.name}')
                hide(os.path.join(within, hidden), placed)
            elif name not in ('', '.', '..') and not member.isblk() and not member.ischr():
                path = os.path.join(within, name)
                place(archive, member, root, path)
                placed.update(ancestors(path, root))
            elif member.isdir() and within == root and name in ('', '.'):
                set_attributes(member, root)


def ancestors(path, root):
    while path != root:
        yield path
        path = os.path.dirname(path)


def clear(folder, placed):
    for entry in os.listdir(folder) if os.path.isdir(folder) else ():
        hide(os.path.join(folder, entry), placed)


def hide(path, placed):
    """A whiteout hides only files of lower layers, regardless of its position in its own layer."""
    if path not in placed:
        remove(path)
    elif not os.path.islink(path):
        clear(path, placed)


def place(archive, member, root, path):
    if member.isdir():
        if not os.path.isdir(path) or os.path.islink(path):
            remove(path)
            os.makedirs(path)
    else:
        remove(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if member.issym():
            os.symlink(member.linkname, path)
        elif member.islnk():
            folder, name = os.path.split(member.linkname)
            os.link(os.path.join(resolve(root, folder), name), path, follow_symlinks=False)
            return
        elif member.isfifo():
            os.mkfifo(path)
        else:
            with open(path, 'wb') as file:
                shutil.copyfileobj(archive.extractfile(member), file)
    set_attributes(member, path)


def set_attributes(member, path):
    if os.geteuid() == 0:
        os.lchown(path, member.uid, member.gid)
        for name, value in member.pax_headers.items():
            # Among them are the capabilities of programs, such as to listen on a port below 1024.
            if name.startswith(XATTR):
                os.setxattr(path, name.removeprefix(XATTR), value.encode('utf-8', 'surrogateescape'), follow_symlinks=False)
    if not member.issym():
        os.chmod(path, member.mode)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def resolve(root, path):
    """Location of an image's path on this machine. Symbolic links never lead out of the image."""
    rest, found, links = path.split('/'), [], 0
    while rest:
        part = rest.pop(0)
        if part == '..':
            found = found[:-1]
        elif part not in ('', '.'):
            candidate = os.path.join(root, *found, part)
            if os.path.islink(candidate):
                links += 1
                if links > LONGEST_LINK_CHAIN:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(candidate)
                rest = target.split('/') + rest
                found = [] if target.startswith('/') else found
            else:
                found.append(part)
    return os.path.join(root, *found)
