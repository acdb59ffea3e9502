"""
Stand-in for the part of the AWS CLI that pipelines use: `aws <service> <operation> --options --query … --output text`.

botocore defines the operations and their options, so an operation that AWS lacks fails here too. Prints responses and errors
as the AWS CLI does.
"""

import json
import sys

import botocore.exceptions
import botocore.loaders
import botocore.session
import jmespath
from botocore import xform_name

#: Reads the definitions of a service once per process.
definitions = botocore.loaders.create_loader()


def main(service, operation, *arguments):
    if (service, operation) == ('ecr', 'get-login-password'):
        print('password')
        return
    options = parse(arguments)
    query, region = options.pop('query', ['@'])[0], options.pop('region', [None])[0]
    if options.pop('output') != ['text']:
        raise SystemExit('only --output text is known here')

    # The emulator reads the account from the access key. This grants access to repositories in all accounts.
    account = options.get('registry-id', [None])[0]
    client = client_of(service, region_name=region, aws_access_key_id=account, aws_secret_access_key=account and 'none')
    method = operation.replace('-', '_')
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    request = json.loads(options.pop('cli-input-json', ['{}'])[0])
    members = {xform_name(name, '-'): (name, shape) for name, shape in model.input_shape.members.items()}
    parameters = {**request, **{name: value_of(shape, options[option]) for option, (name, shape) in members.items() if option in options}}
    unknown = set(options) - set(members)
    if unknown:
        raise SystemExit(f'Unknown options: {unknown}')
    try:
        if client.can_paginate(method):
            answer = client.get_paginator(method).paginate(**parameters).build_full_result()
        else:
            answer = getattr(client, method)(**parameters)
    except (botocore.exceptions.ClientError, botocore.exceptions.NoCredentialsError) as error:
        print(f'\n{error}', file=sys.stderr)
        raise SystemExit(254)
    print_text(jmespath.search(query, answer))


def client_of(service, **options):
    session = botocore.session.Session()
    session.register_component('data_loader', definitions)
    return session.create_client(service, **options)


def parse(arguments):
    options = {}
    for argument in arguments:
        if argument.startswith('--'):
            values = options.setdefault(argument[2:], [])
        else:
            values.append(argument)
    return options


def value_of(shape, words):
    if shape.type_name == 'list':
        return [value_of(shape.member, [word]) for word in words]
    if shape.type_name == 'boolean':
        return True
    word, = words
    if shape.type_name == 'structure':
        return dict(pair.split('=', 1) for pair in word.split(','))
    return int(word) if shape.type_name == 'integer' else word


def print_text(value):
    if not isinstance(value, list):
        print(value)
    elif value and isinstance(value[0], list):
        for row in value:
            print('\t'.join(map(str, row)))
    elif value:
        print('\t'.join(map(str, value)))


if __name__ == '__main__':
    main(*sys.argv[1:])
