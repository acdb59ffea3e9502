package com.example;

import io.github.org.phasedfargate.AcceptedFinding;
import io.github.org.phasedfargate.FindingSeverity;
import io.github.org.phasedfargate.ImageRegistry;
import io.github.org.phasedfargate.ImageRequirement;
import io.github.org.phasedfargate.ImageVersion;
import io.github.org.phasedfargate.PhasedFargateService;
import io.github.org.phasedfargate.ReleaseTask;
import io.github.org.phasedfargate.ScannedOptions;
import java.util.List;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ecs.Cluster;

public final class App {
    public static void main(final String[] args) {
        software.amazon.awscdk.App app = new software.amazon.awscdk.App();

        // Phase 1: deployed before the image is pushed.
        Stack appStack = new Stack(app, "AppStack");
        ImageRegistry registry = ImageRegistry.Builder.create(appStack, "Registry")
            .repositoryName("app-mp")
            .build();

        // Phase 3: deployed after the image has been pushed and scanned.
        Stack fargateStack = new Stack(app, "FargateStack");
        Cluster cluster = Cluster.Builder.create(fargateStack, "Cluster").clusterName("mp-cluster").build();
        PhasedFargateService api = PhasedFargateService.Builder.create(fargateStack, "Api")
            .registry(registry)
            .imageVersion(ImageVersion.tag((String) app.getNode().getContext("sha")))
            .requirements(List.of(ImageRequirement.scanned(ScannedOptions.builder()
                .failOn(FindingSeverity.HIGH)
                .accept(List.of(AcceptedFinding.builder()
                    .id("CVE-2026-1234")
                    .reason("the affected function is not called")
                    .build()))
                .build())))
            .cluster(cluster)
            .serviceName("mp-api-service")
            .containerPort(8080)
            .build();

        // Once per release, before the service.
        ReleaseTask migration = ReleaseTask.Builder.create(fargateStack, "Migration")
            .guard(api.getGuard())
            .cluster(cluster)
            .command(List.of("node", "migrate.js"))
            .build();
        migration.runBefore(api);

        app.synth();
    }
}
