module example.com/app

go 1.23

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v2.220.0
	github.com/aws/constructs-go/constructs/v10 v10.4.2
	github.com/aws/jsii-runtime-go v1.114.1
	github.com/org/phased-fargate-go/phasedfargate v0.0.0
)
