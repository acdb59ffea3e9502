package com.example;

import io.github.org.phasedfargate.ImageRegistry;
import io.github.org.phasedfargate.ImageVersion;
import io.github.org.phasedfargate.PhasedFargateService;
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

        // Phase 3: deployed after the image has been pushed.
        Stack fargateStack = new Stack(app, "FargateStack");
        PhasedFargateService.Builder.create(fargateStack, "Api")
            .registry(registry)
            .imageVersion(ImageVersion.tag((String) app.getNode().getContext("sha")))
            .cluster(Cluster.Builder.create(fargateStack, "Cluster").clusterName("mp-cluster").build())
            .serviceName("mp-api-service")
            .containerPort(8080)
            .build();

        app.synth();
    }
}
