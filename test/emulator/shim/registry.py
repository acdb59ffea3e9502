"""ECR: missing images are errors, immutable tags stay, and stored content can be fetched."""

import json
import re

from ministack.core.responses import error_response_json, get_account_id
from ministack.services import ecr
from ministack.services.cloudformation import provisioners

REPOSITORY = 'AWS::ECR::Repository'
FILTER = re.compile(r'[0-9a-zA-Z._*-]{1,128}')


def install(endpoint):
    keep_exclusion_filters()
    refuse_pushes()
    list_every_tag()
    untag_before_deleting()
    report_missing_images()
    return_the_tag_that_was_asked_for()
    make_layers_fetchable(endpoint)


def keep_exclusion_filters():
    """`IMMUTABLE_WITH_EXCLUSION` comes with filters; MiniStack drops them. ECR accepts up to five, with two wildcards each."""
    handlers = provisioners._RESOURCE_HANDLERS[REPOSITORY]
    create, update = handlers['create'], handlers['update']

    def filters_of(props):
        found = [entry['ImageTagMutabilityExclusionFilterValue'] for entry in props.get('ImageTagMutabilityExclusionFilters', [])]
        wanted = props.get('ImageTagMutability', 'MUTABLE').endswith('_WITH_EXCLUSION')
        if bool(found) != wanted or len(found) > 5 or not all(FILTER.fullmatch(f) and f.count('*') <= 2 for f in found):
            raise ValueError(f"Invalid parameter at 'imageTagMutabilityExclusionFilters': {found}")
        return found

    def keeping(handler, props_at):
        def wrapped(*args):
            filters = filters_of(args[props_at])
            physical_id, attributes = handler(*args)
            ecr._repositories[physical_id]['imageTagMutabilityExclusionFilters'] = filters
            return physical_id, attributes
        return wrapped

    handlers['create'] = keeping(create, props_at=1)
    handlers['update'] = keeping(update, props_at=2)


def may_move(repository, tag):
    mutability = repository.get('imageTagMutability', 'MUTABLE')
    excluded = any(
        re.fullmatch(re.escape(pattern).replace(r'\*', '.*'), tag)
        for pattern in repository.get('imageTagMutabilityExclusionFilters', [])
    )
    return mutability.startswith('MUTABLE') != excluded


def refuse_pushes():
    """
    An immutable tag stays, and the content that a manifest references must be in its repository. MiniStack accepts any push.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
    """
    put_image, put_manifest = ecr._put_image, ecr._v2_put_manifest

    def put_image_as_ecr(data):
        name, tag, manifest = data.get('repositoryName', ''), data.get('imageTag'), data.get('imageManifest', '').encode()
        if name in ecr._repositories:
            digest = data.get('imageDigest') or ecr._content_digest(manifest)
            held = ecr._find_image(name, {'imageDigest': digest})
            found = incomplete(name, manifest, digest) or moved(name, tag, digest)
            if found:
                return error_response_json(found[0], found[2], 400)
            if held and (not tag or tag in held['imageTags']):
                return error_response_json('ImageAlreadyExistsException', f"Image with digest '{digest}' and tag '{tag}' already exists", 400)
        return put_image(data)

    def put_manifest_as_ecr(name, ref, headers, body):
        digest = ref if ref.startswith('sha256:') else ecr._content_digest(body)
        found = name in ecr._repositories and body and (incomplete(name, body, digest) or moved(name, ref, digest))
        return ecr._registry_error(400, found[1], found[2]) if found else put_manifest(name, ref, headers, body)

    ecr._put_image, ecr._v2_put_manifest = put_image_as_ecr, put_manifest_as_ecr


def moved(name, tag, digest):
    """The error code of ECR's API, that of the registry's API, and the message."""
    holder = ecr._find_image(name, {'imageTag': tag}) if tag and tag != digest else None
    if holder is None or holder['imageDigest'] == digest or may_move(ecr._repositories[name], tag):
        return None
    return 'ImageTagAlreadyExistsException', 'TAG_INVALID', (
        f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable.")


def incomplete(name, manifest, digest):
    """The same for a manifest that is invalid or whose content is missing."""
    if digest != ecr._content_digest(manifest):
        return 'ImageDigestDoesNotMatchException', 'DIGEST_INVALID', f"The digest '{digest}' does not match that of the image"
    try:
        parsed = json.loads(manifest)
        blobs = [entry['digest'] for entry in [*([parsed['config']] if 'config' in parsed else []), *parsed.get('layers', [])]]
        images = [entry['digest'] for entry in parsed.get('manifests', [])]
    except (AttributeError, KeyError, TypeError, ValueError):
        return 'InvalidParameterException', 'MANIFEST_INVALID', 'The image manifest is invalid'
    for missing in sorted(set(blobs) - set(ecr._layer_blobs.get(name, {}))):
        return 'LayersNotFoundException', 'BLOB_UNKNOWN', f"Layer with digest '{missing}' required by the image does not exist in '{name}'"
    for missing in sorted(image for image in images if ecr._find_image(name, {'imageDigest': image}) is None):
        return 'ReferencedImagesNotFoundException', 'MANIFEST_BLOB_UNKNOWN', f"The image manifest references '{missing}', which does not exist in '{name}'"
    return None


def list_every_tag():
    """ListImages returns an entry for each tag of an image. MiniStack returns one for the tag that was pushed last."""
    list_images = ecr._list_images

    def list_images_as_ecr(data):
        answer = list_images(data)
        if answer[0] != 200:
            return answer
        name = data['repositoryName']
        digests = [image['imageDigest'] for image in json.loads(answer[2])['imageIds']]
        return ecr.json_response({'imageIds': [
            {'imageDigest': digest, **tag}
            for digest in digests
            for tag in [{'imageTag': tag} for tag in ecr._find_image(name, {'imageDigest': digest})['imageTags']] or [{}]
        ]})

    ecr._list_images = list_images_as_ecr


def untag_before_deleting():
    """
    Deleting a tag deletes the image only if it was the last tag. MiniStack always deletes the image.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    """
    batch_delete_image = ecr._batch_delete_image

    def batch_delete_image_as_ecr(data):
        name, untagged, rest = data.get('repositoryName', ''), [], []
        for wanted in data.get('imageIds') or []:
            tag = wanted.get('imageTag')
            image = ecr._find_image(name, wanted) if tag and not wanted.get('imageDigest') and name in ecr._repositories else None
            if image and len(image['imageTags']) > 1:
                image['imageTags'].remove(tag)
                image['imageId']['imageTag'] = image['imageTags'][-1]
                untagged.append({'imageDigest': image['imageDigest'], 'imageTag': tag})
            else:
                rest.append(wanted)
        answer = batch_delete_image({**data, 'imageIds': rest})
        if answer[0] != 200:
            return answer
        deleted = json.loads(answer[2])
        return ecr.json_response({**deleted, 'imageIds': untagged + deleted['imageIds']})

    ecr._batch_delete_image = batch_delete_image_as_ecr


def report_missing_images():
    """DescribeImages refuses the whole request if one image is missing. MiniStack omits that image."""
    describe_images = ecr._describe_images

    def describe_images_as_ecr(data):
        name = data.get('repositoryName', '')
        if name in ecr._repositories:
            for image in data.get('imageIds') or []:
                if ecr._find_image(name, image) is None:
                    wanted = f"{{imageDigest:'{image.get('imageDigest', 'null')}', imageTag:'{image.get('imageTag', 'null')}'}}"
                    return error_response_json('ImageNotFoundException', (
                        f"The image with imageId {wanted} does not exist within the repository with name '{name}' "
                        f"in the registry with id '{get_account_id()}'"), 400)
        return describe_images(data)

    ecr._describe_images = describe_images_as_ecr


def return_the_tag_that_was_asked_for():
    """BatchGetImage returns the image id of the request. MiniStack returns the tag that was pushed last."""
    def batch_get_one(data, image):
        _, _, body = batch_get_image({**data, 'imageIds': [image]})
        answer = json.loads(body)
        for found in answer.get('images', []):
            found['imageId'] = {'imageDigest': found['imageId']['imageDigest'], **image}
        return answer

    batch_get_image = ecr._batch_get_image

    def batch_get_image_as_ecr(data):
        if data.get('repositoryName', '') not in ecr._repositories:
            return batch_get_image(data)
        answers = [batch_get_one(data, image) for image in data.get('imageIds', [])]
        return ecr.json_response({key: [item for answer in answers for item in answer[key]] for key in ('images', 'failures')})

    ecr._batch_get_image = batch_get_image_as_ecr


def make_layers_fetchable(endpoint):
    """The URL of a layer leads to its bytes, presigned for its account and region. MiniStack returns a URL on the host of ECR."""
    get_download_url = ecr._get_download_url_for_layer

    def get_download_url_as_ecr(data):
        name, digest = data.get('repositoryName', ''), data.get('layerDigest', '')
        if name not in ecr._repositories:
            return get_download_url(data)
        if digest not in ecr._layer_blobs.get(name, {}):
            return error_response_json('LayersNotFoundException', f"The layer with digest '{digest}' does not exist in '{name}'", 400)
        credential = f'{ecr.get_account_id()}/20260101/{ecr.get_region()}/ecr/aws4_request'
        url = f'{endpoint}/v2/{name}/blobs/{digest}?X-Amz-Credential={credential}'
        return ecr.json_response({'downloadUrl': url, 'layerDigest': digest})

    ecr._get_download_url_for_layer = get_download_url_as_ecr
