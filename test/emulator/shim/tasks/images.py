"""Images: pulled from the registry by the reference in the task definition, and unpacked."""

import dataclasses
import io
import json
import os
import re
import shutil
import tarfile
import urllib.error
import urllib.request
import zlib

INDEXES = ('application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json')
REFERENCE = re.compile(r'(?P<host>\d{12}\.dkr\.ecr\.[^/]+)/(?P<name>[^@:]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?')
ARCHITECTURES = {'X86_64': 'amd64', 'ARM64': 'arm64'}
LONGEST_LINK_CHAIN = 40


class CannotPull(Exception):
    """
    ECS stops the task before it runs and says why.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
    """

    def __init__(self, problem):
        super().__init__(f'CannotPullContainerError: {problem}')


@dataclasses.dataclass(frozen=True)
class Image:
    digest: str
    config: dict
    layers: list


class Registry:
    """The registry of the emulator, by its own protocol: the name of the host says whose repository is meant."""

    def __init__(self, gateway_port):
        self.endpoint = f'http://127.0.0.1:{gateway_port}'
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def pull(self, reference, architecture):
        found = REFERENCE.fullmatch(reference)
        if not found:
            raise CannotPull(f'pull image manifest has been retried 5 time(s): failed to resolve ref {reference}: failed to do request: i/o timeout')
        host, name = found['host'], found['name']
        try:
            digest, manifest = self._manifest(host, name, found['digest'] or found['tag'] or 'latest')
            if manifest.get('mediaType') in INDEXES or 'manifests' in manifest:
                digest, manifest = self._manifest(host, name, matching(manifest, architecture))
        except urllib.error.HTTPError:
            raise CannotPull(f'pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: {reference}: not found') from None
        # What a single manifest says of its platform is only found out when the program is started.
        try:
            blobs = [manifest['config'], *manifest['layers']]
            config, *layers = (self._get(host, f'/v2/{name}/blobs/{blob["digest"]}').read() for blob in blobs)
            return Image(digest, json.loads(config).get('config') or {}, layers)
        except (KeyError, TypeError, ValueError, urllib.error.HTTPError) as error:
            raise CannotPull(f'failed to unpack image on snapshotter overlayfs: {reference}: {error!r}') from None

    def _manifest(self, host, name, reference):
        answer = self._get(host, f'/v2/{name}/manifests/{reference}')
        return answer.headers['docker-content-digest'], json.loads(answer.read())

    def _get(self, host, path):
        return self.opener.open(urllib.request.Request(self.endpoint + path, headers={'host': host}))


def matching(index, architecture):
    for entry in index['manifests']:
        platform = entry.get('platform') or {}
        if (platform.get('os'), platform.get('architecture')) == ('linux', architecture):
            return entry['digest']
    raise CannotPull(
        f"pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/{architecture}'")


def unpack(image, root):
    """Layer upon layer, with what a later one takes away. Device files are left out: a runtime brings its own."""
    os.makedirs(root)
    for number, layer in enumerate(image.layers, 1):
        try:
            apply(layer, root)
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise CannotPull(f'failed to extract layer {number}: {error}') from None


def apply(layer, root):
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            folder, name = os.path.split(member.name.rstrip('/'))
            within = resolve(root, folder)
            if name == '.wh..wh..opq':
                for entry in os.listdir(within):
                    remove(os.path.join(within, entry))
            elif name.startswith('.wh.'):
                remove(os.path.join(within, name.removeprefix('.wh.')))
            elif name not in ('', '.', '..') and not member.isdev():
                place(archive, member, root, os.path.join(within, name))


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
            os.link(resolve(root, member.linkname), path, follow_symlinks=False)
        else:
            with open(path, 'wb') as file:
                shutil.copyfileobj(archive.extractfile(member), file)
    if os.geteuid() == 0:
        os.lchown(path, member.uid, member.gid)
    if not member.issym():
        os.chmod(path, member.mode)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def resolve(root, path):
    """Where a path of the image is on this machine: its symbolic links never lead out of the image."""
    rest, found, links = path.split('/'), [], 0
    while rest:
        part = rest.pop(0)
        if part == '..':
            found = found[:-1]
        elif part not in ('', '.'):
            candidate = os.path.join(root, *found, part)
            if os.path.islink(candidate) and links < LONGEST_LINK_CHAIN:
                links += 1
                target = os.readlink(candidate)
                rest = target.split('/') + rest
                found = [] if target.startswith('/') else found
            else:
                found.append(part)
    return os.path.join(root, *found)
