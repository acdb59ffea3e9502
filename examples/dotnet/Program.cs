using Amazon.CDK;
using Amazon.CDK.AWS.ECS;
using Org.PhasedFargate;

var app = new App();

// Phase 1: deployed before the image is pushed.
var appStack = new Stack(app, "AppStack");
var registry = new ImageRegistry(appStack, "Registry", new ImageRegistryProps { RepositoryName = "app-mp" });

// Phase 3: deployed after the image has been pushed.
var fargateStack = new Stack(app, "FargateStack");
new PhasedFargateService(fargateStack, "Api", new PhasedFargateServiceProps
{
    Registry = registry,
    ImageVersion = ImageVersion.Tag((string)app.Node.GetContext("sha")),
    Cluster = new Cluster(fargateStack, "Cluster", new ClusterProps { ClusterName = "mp-cluster" }),
    ServiceName = "mp-api-service",
    ContainerPort = 8080,
});

app.Synth();
