"""Checks recorded requests against botocore's service models and recomputes their signatures with botocore.

Reads one request per line, as JSON, from the given file. Writes one complaint per line, as JSON.
"""

import json
import re
import sys
from datetime import datetime, timezone
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

SESSION = botocore.session.get_session()
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
MUST_BE_SIGNED = ("host", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-target")
CLOCK_SKEW_SECONDS = 300


@cache
def model_of(service):
    return SESSION.get_service_model(service)


@cache
def endpoint_of(service, region):
    client = SESSION.create_client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
    return client.meta.endpoint_url


def complaints_about(request, credentials):
    """All reasons why AWS would refuse a request."""
    service, region, headers = request["service"], request["region"], request["headers"]
    url = urlsplit(request["url"])
    model = model_of(service)
    if f"{url.scheme}://{url.netloc}" != endpoint_of(service, region):
        yield f"{url.netloc} is not the endpoint {endpoint_of(service, region)}"
    if request["method"] != "POST" or url.path != "/" or url.query:
        yield f"{request['method']} {url.path}?{url.query} instead of POST /"
    if headers.get("content-length") != str(len(request["body"].encode())):
        yield f"content-length {headers.get('content-length')} for {len(request['body'].encode())} bytes"
    yield from complaints_about_input(model, request)
    if request["signature"]:
        yield from complaints_about_signature(request, model.signing_name, credentials)


def complaints_about_input(model, request):
    headers, body = request["headers"], request["body"]
    if model.metadata["protocol"] == "json":
        prefix, _, operation = headers.get("x-amz-target", "").partition(".")
        if prefix != model.metadata["targetPrefix"]:
            yield f"target {prefix} is not {model.metadata['targetPrefix']}"
        content_type = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        members = json.loads(body)
    else:
        form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        operation = form.pop("Action", "")
        if form.pop("Version", "") != model.api_version:
            yield f"version is not {model.api_version}"
        content_type = "application/x-www-form-urlencoded"
        members = form
    if not headers.get("content-type", "").startswith(content_type):
        yield f"content-type {headers.get('content-type')} is not {content_type}"
    if operation not in model.operation_names:
        yield f"no such operation: {operation}"
        return
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(members, shape)
    if report.has_errors():
        yield f"{operation}: {report.generate_report()}"
        return
    yield from (f"{operation}: {complaint}" for complaint in beyond(shape, members, operation))


def beyond(shape, value, path):
    """Checks that botocore leaves to the service: enumerations, patterns and maximums."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from beyond(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} has {len(value)} items"
        for item in value:
            yield from beyond(shape.member, item, f"{path}[]")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{path} is {value!r}, not one of {shape.enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{path} is {value!r}, not {pattern}"
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} has {len(value)} characters"
    elif shape.type_name in ("integer", "long") and value > shape.metadata.get("max", value):
        yield f"{path} is {value}"


def complaints_about_signature(request, signing_name, credentials):
    headers = request["headers"]
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found:
        yield f"no signature of version 4: {headers.get('authorization')}"
        return
    signed = found["headers"].split(";")
    for name in MUST_BE_SIGNED:
        if name in headers and name not in signed:
            yield f"{name} is not signed"
    if (found["key"], found["service"], found["region"]) != (credentials.access_key, signing_name, request["region"]):
        yield f"signed for {found['service']} in {found['region']} by {found['key']}"
    timestamp = headers.get("x-amz-date", "")
    seconds = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    if abs(seconds - request["at"] / 1000) > CLOCK_SKEW_SECONDS or not timestamp.startswith(found["date"]):
        yield f"signed at {timestamp}, {request['at'] / 1000 - seconds} s before it was sent"
    if headers.get("x-amz-security-token") != credentials.token:
        yield "the session token is not sent"

    again = AWSRequest(method=request["method"], url=request["url"], data=request["body"].encode())
    for name in signed:
        again.headers[name] = headers.get(name, "")
    again.context["timestamp"] = timestamp
    signer = SigV4Auth(credentials, found["service"], found["region"])
    signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    if signature != found["signature"]:
        yield f"signature {found['signature']} is not {signature}"


def main(path):
    with open(path, encoding="utf-8") as lines:
        access_key, secret_key, token = json.loads(next(lines))
        credentials = Credentials(access_key, secret_key, token)
        judged = signatures = 0
        for line in lines:
            request = json.loads(line)
            judged += 1
            signatures += bool(request["signature"])
            for complaint in complaints_about(request, credentials):
                print(json.dumps({"complaint": complaint, "seed": request["seed"], "body": request["body"][:300]}))
    print(json.dumps({"judged": judged, "signatures": signatures}))


main(sys.argv[1])
