"""
Images, pulled from the registry by the reference in the task definition.

The files of an image are unpacked by ./layers.py.
"""

import dataclasses
import json
import re
import urllib.error
import urllib.request

INDEXES = ('application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json')
REFERENCE = re.compile(r'(?P<host>\d{12}\.dkr\.ecr\.[^/]+|public\.ecr\.aws)/(?P<name>[^@:]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?')
#: Account whose repositories stand for Amazon ECR Public.
PUBLIC = {'public.ecr.aws': '000000000000.dkr.ecr.us-east-1.amazonaws.com'}
ARCHITECTURES = {'X86_64': 'amd64', 'ARM64': 'arm64'}
#: https://github.com/opencontainers/image-spec/blob/main/specs-go/v1/config.go
SETTINGS = {'User': str, 'Env': list, 'Entrypoint': list, 'Cmd': list, 'WorkingDir': str, 'StopSignal': str}


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
    #: https://github.com/opencontainers/image-spec/blob/main/config.md
    config: dict
    #: Compressed layers, by the digest of their uncompressed content.
    layers: list


class Registry:
    """The emulator's registry over the registry protocol. The host name determines the account and region."""

    def __init__(self, gateway_port):
        self.endpoint = f'http://127.0.0.1:{gateway_port}'
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def pull(self, reference, architecture):
        found = REFERENCE.fullmatch(reference)
        if not found:
            raise CannotPull(f'pull image manifest has been retried 5 time(s): failed to resolve ref {reference}: failed to do request: i/o timeout')
        repository = Repository(self, found['host'], found['name'])
        try:
            digest, manifest = repository.manifest(found['digest'] or found['tag'] or 'latest')
            if manifest.get('mediaType') in INDEXES or 'manifests' in manifest:
                digest, manifest = repository.manifest(repository.matching(manifest, architecture))
        except urllib.error.HTTPError:
            raise CannotPull(f'pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: {reference}: not found') from None
        # The platform of a single manifest becomes apparent only when the program starts.
        try:
            config = repository.config(manifest)
            layers = [repository.blob(layer) for layer in manifest['layers']]
            diff_ids = config['rootfs']['diff_ids']
            settings = settings_of(config)
        except (KeyError, TypeError, ValueError, urllib.error.HTTPError) as error:
            raise CannotPull(f'ref pull has been retried 1 time(s): failed to copy: {reference}: {error}') from None
        if len(layers) != len(diff_ids):
            raise CannotPull('ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: '
                             'mismatched image rootfs and manifest layers')
        return Image(digest, settings, list(zip(diff_ids, layers)))

    def get(self, host, path):
        return self.opener.open(urllib.request.Request(self.endpoint + path, headers={'host': PUBLIC.get(host, host)}))


@dataclasses.dataclass(frozen=True)
class Repository:
    registry: Registry
    host: str
    name: str

    def manifest(self, reference):
        answer = self._get(f'manifests/{reference}')
        return answer.headers['docker-content-digest'], as_object(answer.read())

    def blob(self, descriptor):
        return self._get(f'blobs/{descriptor["digest"]}').read()

    def config(self, manifest):
        return as_object(self.blob(manifest['config']))

    def matching(self, index, architecture):
        """
        The entry of an index for a platform. An entry without a platform is for the platform in its configuration.

        https://github.com/opencontainers/image-spec/blob/main/image-index.md
        """
        for entry in index['manifests']:
            platform = entry.get('platform') or self.config(self.manifest(entry['digest'])[1])
            if (platform.get('os'), platform.get('architecture')) == ('linux', architecture):
                return entry['digest']
        raise CannotPull(
            f"pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/{architecture}'")

    def _get(self, path):
        return self.registry.get(self.host, f'/v2/{self.name}/{path}')


def settings_of(config):
    settings = config.get('config') or {}
    for name, kind in SETTINGS.items():
        value = settings.get(name)
        if value is not None and not (isinstance(value, kind) and all(isinstance(entry, str) for entry in value)):
            raise ValueError(f'json: cannot unmarshal {json.dumps(value)} into Go struct field ImageConfig.config.{name}')
    return settings


def as_object(text):
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError('expected a JSON object')
    return value
