from aws_cdk import App, Stack, aws_ecs as ecs
from phased_fargate import ImageRegistry, ImageVersion, PhasedFargateService

app = App()

# Phase 1: deployed before the image is pushed.
app_stack = Stack(app, "AppStack")
registry = ImageRegistry(app_stack, "Registry", repository_name="app-mp")

# Phase 3: deployed after the image has been pushed.
fargate_stack = Stack(app, "FargateStack")
PhasedFargateService(
    fargate_stack,
    "Api",
    registry=registry,
    image_version=ImageVersion.tag(app.node.get_context("sha")),
    cluster=ecs.Cluster(fargate_stack, "Cluster", cluster_name="mp-cluster"),
    service_name="mp-api-service",
    container_port=8080,
)

app.synth()
