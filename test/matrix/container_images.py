"""Prints the properties of CloudFormation's resource types that can hold a container image: [["AWS::ECS::TaskDefinition", "Image"], ...]."""
import json
import re
from importlib.resources import files

SCHEMAS = files("cfnlint") / "data" / "schemas"
NAME = re.compile(r"(image\w*|uri|identifier)$", re.I)
TEXT = re.compile(r"\.ecr|\bECR\b|container (image|registry)|Docker (image|registry)", re.I)


def members(node):
    """Name and schema of each property at any depth."""
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            yield from ((name, member) for name, member in properties.items() if isinstance(member, dict))
    if isinstance(node, (dict, list)):
        for child in node.values() if isinstance(node, dict) else node:
            yield from members(child)


def holds_image(schema, name, member):
    target = schema.get("definitions", {}).get(member.get("$ref", "").removeprefix("#/definitions/"), member)
    if target.get("type") != "string" or not NAME.search(name):
        return False
    about = [member.get("description"), target.get("description"), target.get("pattern")]
    return TEXT.search(json.dumps(about)) or re.search(r"(image|imageUri|containerUri)$", name, re.I)


found = set()
for resource_type, digest in json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text()).items():
    schema = json.loads((SCHEMAS / "resources" / f"{digest}.json").read_text())
    found.update((resource_type, name) for name, member in members(schema) if holds_image(schema, name, member))
print(json.dumps(sorted(found)))
