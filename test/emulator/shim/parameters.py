"""Stack parameters: CloudFormation refuses one that the template does not declare."""

from ministack.services.cloudformation import changesets

_resolve_parameters = changesets._resolve_parameters


def install():
    """MiniStack ignores such a parameter. Only change sets are patched, because the CDK CLI deploys with nothing else."""
    changesets._resolve_parameters = resolve_parameters


def resolve_parameters(template, provided_params, previous_params=None):
    unknown = [param['Key'] for param in provided_params if param.get('Key') not in template.get('Parameters', {})]
    if unknown:
        raise ValueError(f'Parameters: [{", ".join(unknown)}] do not exist in the template')
    return _resolve_parameters(template, provided_params, previous_params)
