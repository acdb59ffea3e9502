"""Existing ECR repositories: CloudFormation creates no duplicate, and imports one only on request."""

from ministack.services import ecr
from ministack.services.cloudformation import changesets, provisioners

REPOSITORY = 'AWS::ECR::Repository'


def install():
    """MiniStack adopts an existing repository without a request and does not support imports."""
    handlers = provisioners._RESOURCE_HANDLERS[REPOSITORY]
    create = handlers['create']

    def create_as_cloudformation(logical_id, props, stack_name):
        name = props.get('RepositoryName')
        if name in ecr._repositories:
            raise ValueError(f"Resource of type '{REPOSITORY}' with identifier '{name}' already exists.")
        return create(logical_id, props, stack_name)

    def import_as_it_is(identifier):
        repository = ecr._repositories[identifier['RepositoryName']]
        return repository['repositoryName'], {'Arn': repository['repositoryArn'], 'RepositoryUri': repository['repositoryUri']}

    def problem(name):
        return None if name in ecr._repositories else changesets._IMPORT_NOT_FOUND.format(type=REPOSITORY, value=name)

    handlers['create'] = create_as_cloudformation
    handlers['import'] = import_as_it_is
    changesets._IMPORT_LOOKUPS[REPOSITORY] = (('RepositoryName',), problem)
