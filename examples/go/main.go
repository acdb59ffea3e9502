package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
	"github.com/org/phased-fargate-go/phasedfargate"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)

	// Phase 1: deployed before the image is pushed.
	appStack := awscdk.NewStack(app, jsii.String("AppStack"), nil)
	registry := phasedfargate.NewImageRegistry(appStack, jsii.String("Registry"), &phasedfargate.ImageRegistryProps{
		RepositoryName: jsii.String("app-mp"),
	})

	// Phase 3: deployed after the image has been pushed and scanned.
	fargateStack := awscdk.NewStack(app, jsii.String("FargateStack"), nil)
	cluster := awsecs.NewCluster(fargateStack, jsii.String("Cluster"), &awsecs.ClusterProps{
		ClusterName: jsii.String("mp-cluster"),
	})
	sha := app.Node().GetContext(jsii.String("sha")).(string)
	api := phasedfargate.NewPhasedFargateService(fargateStack, jsii.String("Api"), &phasedfargate.PhasedFargateServiceProps{
		Registry:     registry,
		ImageVersion: phasedfargate.ImageVersion_Tag(jsii.String(sha)),
		Requirements: &[]phasedfargate.ImageRequirement{
			phasedfargate.ImageRequirement_Scanned(&phasedfargate.ScannedOptions{
				FailOn: phasedfargate.FindingSeverity_HIGH,
				Accept: &[]*phasedfargate.AcceptedFinding{{
					Id:     jsii.String("CVE-2026-1234"),
					Reason: jsii.String("the affected function is not called"),
				}},
			}),
		},
		Cluster:       cluster,
		ServiceName:   jsii.String("mp-api-service"),
		ContainerPort: jsii.Number(8080),
	})

	// Once per release, before the service.
	migration := phasedfargate.NewReleaseTask(fargateStack, jsii.String("Migration"), &phasedfargate.ReleaseTaskProps{
		Guard:   api.Guard(),
		Cluster: cluster,
		Command: jsii.Strings("node", "migrate.js"),
	})
	migration.RunBefore(api)

	app.Synth(nil)
}
