using Amazon.CDK;
using Amazon.CDK.AWS.ECS;
using Org.PhasedFargate;

var app = new App();

// Phase 1: deployed before the image is pushed.
var appStack = new Stack(app, "AppStack");
var registry = new ImageRegistry(appStack, "Registry", new ImageRegistryProps { RepositoryName = "app-mp" });

// Phase 3: deployed after the image has been pushed and scanned.
var fargateStack = new Stack(app, "FargateStack");
var cluster = new Cluster(fargateStack, "Cluster", new ClusterProps { ClusterName = "mp-cluster" });
var api = new PhasedFargateService(fargateStack, "Api", new PhasedFargateServiceProps
{
    Registry = registry,
    ImageVersion = ImageVersion.Tag((string)app.Node.GetContext("sha")),
    Requirements = new[]
    {
        ImageRequirement.Scanned(new ScannedOptions
        {
            FailOn = FindingSeverity.HIGH,
            Accept = new IAcceptedFinding[]
            {
                new AcceptedFinding { Id = "CVE-2026-1234", Reason = "the affected function is not called" },
            },
        }),
    },
    Cluster = cluster,
    ServiceName = "mp-api-service",
    ContainerPort = 8080,
});

// Once per release, before the service.
var migration = new ReleaseTask(fargateStack, "Migration", new ReleaseTaskProps
{
    Guard = api.Guard,
    Cluster = cluster,
    Command = new[] { "node", "migrate.js" },
});
migration.RunBefore(api);

app.Synth();
