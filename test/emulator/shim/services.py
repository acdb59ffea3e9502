"""ECS services: their number of tasks may come from a custom resource."""

from ministack.services.cloudformation import provisioners

SERVICE = 'AWS::ECS::Service'


def install():
    """The attributes of custom resources are text; CloudFormation turns it into what the property's type says."""
    handlers = provisioners._RESOURCE_HANDLERS[SERVICE]

    def typed(props):
        return {**props, 'DesiredCount': int(props['DesiredCount'])} if 'DesiredCount' in props else props

    def with_typed(handler):
        return lambda *args: handler(*(typed(arg) if isinstance(arg, dict) else arg for arg in args))

    handlers['create'], handlers['update'] = with_typed(handlers['create']), with_typed(handlers['update'])
