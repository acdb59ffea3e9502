export { PhasedFargateService, PhasedFargateServiceProps } from './phased-fargate-service';

export { ImageRegistry, ImageRegistryProps } from './registry/image-registry';

export { ImageGuard } from './guard/image-guard';
export { ImageGuardOptions, ImageGuardProps } from './guard/image-guard-options';
export { AcceptedFinding, FindingSeverity, ImageRequirement, ScannedOptions, SignedOptions } from './guard/image-requirement';
export { ImageVersion } from './guard/image-version';
export { GuardExemption, RequireGuardOptions } from './guard/require-guard';
export { WhenMissing } from './guard/when-missing';

export { GuardedFargateService } from './service/guarded-fargate-service';
export { GuardedFargateServiceOptions, GuardedFargateServiceProps } from './service/guarded-fargate-service-options';
export { Ingress } from './service/ingress';
export { IngressTargetOptions, ListenerIngressOptions, LoadBalancerIngressOptions } from './service/ingress-options';
export { LatencyOptions, RollbackAlarm, RollbackAlarmOptions, ServerErrorsOptions, UnhealthyHostsOptions } from './service/rollback-alarm';
export { Scaling } from './service/scaling';
export { ScalingOptions } from './service/scaling-options';
export { ServiceDeploymentOptions } from './service/service-deployment-options';
export { ServiceTaskOptions } from './service/service-task-options';
export { TaskOptions } from './service/task-options';

export { ReleaseTask } from './release-task/release-task';
export { ReleaseTaskProps } from './release-task/release-task-props';

export { DeployWorkflow } from './pipeline/github/deploy-workflow';
export { DeployWorkflowProps, WorkflowEnvironment } from './pipeline/github/deploy-workflow-props';
export { ImageBuild } from './pipeline/image-build';
export { ImageCompression } from './pipeline/image-compression';
export { JsonPatch } from './pipeline/github/json-patch';
export { DeployScript, DeployScriptProps } from './pipeline/deploy-script';
export { GitHubDeployRole, GitHubDeployRoleProps } from './pipeline/github/github-deploy-role';
export { GitHubDiffRole, GitHubDiffRoleProps } from './pipeline/github/github-diff-role';
export { GitHubPushRole, GitHubPushRoleProps } from './pipeline/github/github-push-role';
export { GitHubRoleProps } from './pipeline/github/github-role';
export { GitHubSubject } from './pipeline/github/github-subject';
export { BuildAndPush, BuildAndPushProps } from './pipeline/codepipeline/build-and-push';
