from aws_cdk import App, Stack, aws_ecs as ecs
from phased_fargate import (
    AcceptedFinding,
    FindingSeverity,
    ImageRegistry,
    ImageRequirement,
    ImageVersion,
    PhasedFargateService,
    ReleaseTask,
)

app = App()

# Phase 1: deployed before the image is pushed.
app_stack = Stack(app, "AppStack")
registry = ImageRegistry(app_stack, "Registry", repository_name="app-mp")

# Phase 3: deployed after the image has been pushed and scanned.
fargate_stack = Stack(app, "FargateStack")
cluster = ecs.Cluster(fargate_stack, "Cluster", cluster_name="mp-cluster")
api = PhasedFargateService(
    fargate_stack,
    "Api",
    registry=registry,
    image_version=ImageVersion.tag(app.node.get_context("sha")),
    requirements=[
        ImageRequirement.scanned(
            fail_on=FindingSeverity.HIGH,
            accept=[AcceptedFinding(id="CVE-2026-1234", reason="the affected function is not called")],
        ),
    ],
    cluster=cluster,
    service_name="mp-api-service",
    container_port=8080,
)

# Once per release, before the service.
migration = ReleaseTask(
    fargate_stack,
    "Migration",
    guard=api.guard,
    cluster=cluster,
    command=["node", "migrate.js"],
)
migration.run_before(api)

app.synth()
