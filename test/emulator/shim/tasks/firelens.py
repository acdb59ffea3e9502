"""
FireLens: by default, a container that uses the log router starts after it and stops before it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html
"""


def in_order(definitions):
    router = next((entry['name'] for entry in definitions if entry.get('firelensConfiguration')), None)
    return [after(router, entry) if router and uses_router(entry) else entry for entry in definitions]


def uses_router(definition):
    return (definition.get('logConfiguration') or {}).get('logDriver') == 'awsfirelens'


def after(router, definition):
    """A dependency in the definition replaces the default."""
    given = definition.get('dependsOn') or []
    if any(entry['containerName'] == router for entry in given):
        return definition
    return {**definition, 'dependsOn': [*given, {'containerName': router, 'condition': 'START'}]}
