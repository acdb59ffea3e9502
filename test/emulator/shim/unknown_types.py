"""Resource types that MiniStack does not support. Nothing is created: Cloud Control returns their properties."""

import json
import uuid

from ministack.services import cloudcontrol
from ministack.services.cloudformation import provisioners

#: The prefix of the physical id and the attributes that templates read. The value of each attribute is the same id.
TYPES = {
    'AWS::ApiGatewayV2::VpcLink': ('link-', ['VpcLinkId']),
    'AWS::ApplicationAutoScaling::ScalableTarget': ('service/', ['Id']),
    'AWS::ApplicationAutoScaling::ScalingPolicy': ('policy/', ['Arn']),
    'AWS::Batch::ComputeEnvironment': ('capacity/', ['ComputeEnvironmentArn']),
    'AWS::Batch::JobDefinition': ('job/', ['JobDefinitionArn']),
    'AWS::Batch::JobQueue': ('queue/', ['JobQueueArn']),
    'AWS::EC2::EIP': ('eipalloc-', ['AllocationId', 'PublicIp']),
    'AWS::EC2::NatGateway': ('nat-', ['NatGatewayId']),
    'AWS::EC2::SecurityGroupEgress': ('sgr-', ['Id']),
    'AWS::EC2::SecurityGroupIngress': ('sgr-', ['Id']),
    'AWS::ECS::ClusterCapacityProviderAssociations': ('capacity-', []),
    'AWS::ECS::ExpressGatewayService': ('express/', ['ServiceArn', 'Endpoint']),
    'AWS::Logs::QueryDefinition': ('query-', ['QueryDefinitionId']),
}


def install():
    for resource_type, (prefix, attributes) in TYPES.items():
        assert resource_type not in provisioners._RESOURCE_HANDLERS, f'MiniStack knows {resource_type} by now'
        provisioners._RESOURCE_HANDLERS[resource_type] = recorded(resource_type, prefix, attributes)


def recorded(resource_type, prefix, attributes):
    def record(physical_id, props):
        key = cloudcontrol._resource_key(resource_type, physical_id)
        cloudcontrol._resources[key] = {'Identifier': physical_id, 'Properties': json.dumps(props)}
        return physical_id, {attribute: physical_id for attribute in attributes}

    return {
        'create': lambda logical_id, props, stack_name: record(prefix + uuid.uuid4().hex[:17], props),
        'update': lambda physical_id, old, new, stack_name: record(physical_id, new),
        'delete': lambda physical_id, props: cloudcontrol._resources.pop(cloudcontrol._resource_key(resource_type, physical_id), None),
    }
