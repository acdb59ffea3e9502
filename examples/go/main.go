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

	// Phase 3: deployed after the image has been pushed.
	fargateStack := awscdk.NewStack(app, jsii.String("FargateStack"), nil)
	sha := app.Node().GetContext(jsii.String("sha")).(string)
	phasedfargate.NewPhasedFargateService(fargateStack, jsii.String("Api"), &phasedfargate.PhasedFargateServiceProps{
		Registry:     registry,
		ImageVersion: phasedfargate.ImageVersion_Tag(jsii.String(sha)),
		Cluster: awsecs.NewCluster(fargateStack, jsii.String("Cluster"), &awsecs.ClusterProps{
			ClusterName: jsii.String("mp-cluster"),
		}),
		ServiceName:   jsii.String("mp-api-service"),
		ContainerPort: jsii.Number(8080),
	})

	app.Synth(nil)
}
