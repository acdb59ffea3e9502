package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"
	"github.com/org/phased-fargate-go/phasedfargate"
)

// every-option.ts.txt in Go, translated by hand, because the translation by jsii-rosetta is not valid Go.
func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("FargateStack"), nil)
	registry := phasedfargate.ImageRegistry_InCompanionStack(stack, jsii.String("Images"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{IpProtocol: awsec2.IpProtocol_DUAL_STACK})
	cluster := awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc:                            vpc,
		EnableFargateCapacityProviders: jsii.Bool(true),
	})
	certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"),
		jsii.String("arn:aws:acm:eu-west-1:111122223333:certificate/one"))
	another := awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Another"),
		jsii.String("arn:aws:acm:eu-west-1:111122223333:certificate/two"))
	metric := awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("Shop"),
		MetricName: jsii.String("Sessions"),
	})

	api := phasedfargate.NewPhasedFargateService(stack, jsii.String("Api"), &phasedfargate.PhasedFargateServiceProps{
		Registry:     registry,
		ImageVersion: phasedfargate.ImageVersion_Tag(jsii.String("v1")),
		WhenMissing:  phasedfargate.WhenMissing_WaitFor(awscdk.Duration_Minutes(jsii.Number(5))),
		Requirements: &[]phasedfargate.ImageRequirement{
			phasedfargate.ImageRequirement_Scanned(&phasedfargate.ScannedOptions{FailOn: phasedfargate.FindingSeverity_HIGH}),
		},
		RetainReleasedImages: jsii.Bool(false),
		Cluster:              cluster,
		Cpu:                  jsii.Number(1024),
		MemoryLimitMiB:       jsii.Number(2048),
		CpuArchitecture:      awsecs.CpuArchitecture_ARM64(),
		EphemeralStorageGiB:  jsii.Number(100),
		PlatformVersion:      awsecs.FargatePlatformVersion_VERSION1_4,
		Family:               jsii.String("shop"),
		TaskRole:             awsiam.Role_FromRoleName(stack, jsii.String("TaskRole"), jsii.String("task"), nil),
		ExecutionRole:        awsiam.Role_FromRoleName(stack, jsii.String("ExecutionRole"), jsii.String("execution"), nil),
		ContainerName:        jsii.String("web"),
		ContainerPort:        jsii.Number(8080),
		Command:              jsii.Strings("serve"),
		EntryPoint:           jsii.Strings("/init"),
		WorkingDirectory:     jsii.String("/app"),
		User:                 jsii.String("1000"),
		Environment:          &map[string]*string{"LOG_LEVEL": jsii.String("info")},
		EnvironmentFiles: &[]awsecs.EnvironmentFile{
			awsecs.EnvironmentFile_FromBucket(
				awss3.Bucket_FromBucketName(stack, jsii.String("Settings"), jsii.String("shop-settings")), jsii.String("shop.env"), nil),
		},
		Secrets: &map[string]awsecs.Secret{
			"TOKEN": awsecs.Secret_FromSsmParameter(
				awsssm.StringParameter_FromStringParameterName(stack, jsii.String("Token"), jsii.String("token"))),
		},
		ImageInEnvironment:     jsii.Bool(true),
		DockerLabels:           &map[string]*string{"team": jsii.String("shop")},
		ReadonlyRootFilesystem: jsii.Bool(true),
		LinuxParameters: awsecs.NewLinuxParameters(stack, jsii.String("Linux"), &awsecs.LinuxParametersProps{
			InitProcessEnabled: jsii.Bool(true),
		}),
		Ulimits: &[]*awsecs.Ulimit{
			{Name: awsecs.UlimitName_NOFILE, SoftLimit: jsii.Number(1024), HardLimit: jsii.Number(2048)},
		},
		StopTimeout:  awscdk.Duration_Seconds(jsii.Number(60)),
		LogRetention: awslogs.RetentionDays_ONE_YEAR,
		HealthCheck: &awsecs.HealthCheck{
			Command:  jsii.Strings("CMD", "true"),
			Interval: awscdk.Duration_Seconds(jsii.Number(10)),
		},
		HealthCheckGracePeriod: awscdk.Duration_Minutes(jsii.Number(2)),
		ServiceName:            jsii.String("shop"),
		Scaling: phasedfargate.Scaling_Between(jsii.Number(1), jsii.Number(10), &phasedfargate.ScalingOptions{
			CpuTargetUtilizationPercent:    jsii.Number(50),
			MemoryTargetUtilizationPercent: jsii.Number(60),
			RequestsPerTarget:              jsii.Number(100),
			Queue:                          awssqs.NewQueue(stack, jsii.String("Queue"), nil),
			MessagesPerTask:                jsii.Number(10),
			CustomMetrics: &map[string]*awsecs.TrackCustomMetricProps{
				"sessions": {Metric: metric, TargetValue: jsii.Number(100)},
			},
			MetricSteps: &map[string]*awsapplicationautoscaling.BasicStepScalingPolicyProps{
				"steps": {
					Metric: metric,
					ScalingSteps: &[]*awsapplicationautoscaling.ScalingInterval{
						{Upper: jsii.Number(0), Change: jsii.Number(-1)},
						{Lower: jsii.Number(100), Change: jsii.Number(1)},
					},
				},
			},
			Schedules: &map[string]*awsapplicationautoscaling.ScalingSchedule{
				"night": {
					Schedule: awsapplicationautoscaling.Schedule_Cron(&awsapplicationautoscaling.CronOptions{
						Hour:   jsii.String("22"),
						Minute: jsii.String("0"),
					}),
					MaxCapacity: jsii.Number(5),
				},
			},
			ScaleInCooldown:  awscdk.Duration_Minutes(jsii.Number(10)),
			ScaleOutCooldown: awscdk.Duration_Seconds(jsii.Number(30)),
		}),
		CapacityProviderStrategies: &[]*awsecs.CapacityProviderStrategy{
			{CapacityProvider: jsii.String("FARGATE_SPOT"), Weight: jsii.Number(1)},
		},
		AvailabilityZoneRebalancing: awsecs.AvailabilityZoneRebalancing_DISABLED,
		PropagateTags:               awsecs.PropagatedTagSource_SERVICE,
		EnableECSManagedTags:        jsii.Bool(true),
		EnableExecuteCommand:        jsii.Bool(false),
		TaskSubnets:                 &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
		AssignPublicIp:              jsii.Bool(true),
		SecurityGroups: &[]awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(stack, jsii.String("Group"), &awsec2.SecurityGroupProps{Vpc: vpc}),
		},
		DeploymentStrategy: awsecs.DeploymentStrategy_BLUE_GREEN,
		BakeTime:           awscdk.Duration_Minutes(jsii.Number(5)),
		LifecycleHooks: &[]awsecs.IDeploymentLifecycleHookTarget{
			awsecs.NewDeploymentLifecycleLambdaTarget(
				awslambda.Function_FromFunctionName(stack, jsii.String("Hook"), jsii.String("hook")), jsii.String("BeforeTraffic"),
				&awsecs.DeploymentLifecycleLambdaTargetProps{
					LifecycleStages: &[]awsecs.DeploymentLifecycleStage{awsecs.DeploymentLifecycleStage_POST_TEST_TRAFFIC_SHIFT},
				}),
		},
		RollbackOn: &[]awscloudwatch.IAlarmRule{
			phasedfargate.RollbackAlarm_ServerErrors(&phasedfargate.ServerErrorsOptions{
				Percent:           jsii.Number(1),
				EvaluationPeriods: jsii.Number(3),
			}),
			phasedfargate.RollbackAlarm_UnhealthyHosts(&phasedfargate.UnhealthyHostsOptions{Count: jsii.Number(2)}),
			phasedfargate.RollbackAlarm_Latency(&phasedfargate.LatencyOptions{
				Threshold:  awscdk.Duration_Seconds(jsii.Number(1)),
				Percentile: jsii.Number(95),
			}),
		},
		CircuitBreaker:                   &awsecs.DeploymentCircuitBreaker{Rollback: jsii.Bool(true)},
		CircuitBreakerFailureCount:       jsii.Number(5),
		CircuitBreakerResetOnHealthyTask: jsii.Bool(true),
		FailureTopic:                     awssns.NewTopic(stack, jsii.String("Failures"), nil),
		MinHealthyPercent:                jsii.Number(50),
		MaxHealthyPercent:                jsii.Number(150),
		Ingress: phasedfargate.Ingress_InternetFacing(&phasedfargate.LoadBalancerIngressOptions{
			HealthCheck:              &awselasticloadbalancingv2.HealthCheck{Path: jsii.String("/health")},
			DeregistrationDelay:      awscdk.Duration_Seconds(jsii.Number(10)),
			SlowStart:                awscdk.Duration_Minutes(jsii.Number(1)),
			StickinessCookieDuration: awscdk.Duration_Hours(jsii.Number(1)),
			Conditions: &[]awselasticloadbalancingv2.ListenerCondition{
				awselasticloadbalancingv2.ListenerCondition_HttpHeader(jsii.String("X-Origin-Secret"), jsii.Strings("secret")),
			},
			Certificate:            certificate,
			AdditionalCertificates: &[]awscertificatemanager.ICertificate{another},
			SslPolicy:              awselasticloadbalancingv2.SslPolicy_TLS13_13,
			ListenerPort:           jsii.Number(8443),
			RedirectHTTP:           jsii.Bool(true),
			OpenListener:           jsii.Bool(false),
			TestListenerPort:       jsii.Number(9443),
			Subnets:                &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
			IpAddressType:          awselasticloadbalancingv2.IpAddressType_DUAL_STACK,
			IdleTimeout:            awscdk.Duration_Minutes(jsii.Number(2)),
			DomainName:             jsii.String("shop.example.com"),
			DomainZone: awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
				HostedZoneId: jsii.String("Z0123456789"),
				ZoneName:     jsii.String("example.com"),
			}),
		}),
	})

	phasedfargate.NewPhasedFargateService(stack, jsii.String("DefaultVpc"), &phasedfargate.PhasedFargateServiceProps{
		NatGateways:        jsii.Number(0),
		DeploymentStrategy: awsecs.DeploymentStrategy_ROLLING,
		LogDriver:          awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{StreamPrefix: jsii.String("shop")}),
		CloudMapOptions: &awsecs.CloudMapOptions{
			CloudMapNamespace: awsservicediscovery.NewPrivateDnsNamespace(stack, jsii.String("Namespace"),
				&awsservicediscovery.PrivateDnsNamespaceProps{Name: jsii.String("internal"), Vpc: vpc}),
		},
	})
	phasedfargate.NewPhasedFargateService(stack, jsii.String("Rule"), &phasedfargate.PhasedFargateServiceProps{
		Vpc:                vpc,
		DeploymentStrategy: awsecs.DeploymentStrategy_BLUE_GREEN,
		Ingress: phasedfargate.Ingress_OnListener(api.Listener(), &phasedfargate.ListenerIngressOptions{
			Priority:     jsii.Number(7),
			HostPatterns: jsii.Strings("shop.example.com"),
			PathPatterns: jsii.Strings("/rule"),
			TestListener: api.TestListener(),
		}),
	})
	phasedfargate.NewGuardedFargateService(stack, jsii.String("Worker"), &phasedfargate.GuardedFargateServiceProps{
		Guard:   api.Guard(),
		Cluster: cluster,
		Scaling: phasedfargate.Scaling_Exactly(jsii.Number(2)),
	})

	_ = phasedfargate.PhasedFargateServiceProps{
		CanaryPercent:      jsii.Number(10),
		CanaryBakeTime:     awscdk.Duration_Minutes(jsii.Number(15)),
		LinearStepPercent:  jsii.Number(20),
		LinearStepBakeTime: awscdk.Duration_Minutes(jsii.Number(2)),
	}

	app.Synth(nil)
}
