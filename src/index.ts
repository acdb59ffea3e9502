export { PhasedFargateService, PhasedFargateServiceProps } from './phased-fargate-service';

export { ImageRegistry, ImageRegistryProps } from './registry/image-registry';

export { ImageGuard, ImageGuardOptions, ImageGuardProps, RequireGuardOptions } from './guard/image-guard';
export { AcceptedFinding, FindingSeverity, ImageRequirement, ScannedOptions, SignedOptions } from './guard/image-requirement';
export { ImageVersion } from './guard/image-version';
export { WhenMissing } from './guard/when-missing';

export { GuardedFargateService, GuardedFargateServiceProps } from './service/guarded-fargate-service';
export { GuardedFargateServiceOptions } from './service/guarded-fargate-service-options';
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

export { DeployWorkflow, DeployWorkflowProps, WorkflowEnvironment } from './pipeline/deploy-workflow';
export { ImageBuild } from './pipeline/image-build';
export { JsonPatch } from './pipeline/json-patch';
export { DeployScript, DeployScriptProps } from './pipeline/deploy-script';
export { GitHubDeployRole, GitHubDeployRoleProps } from './pipeline/github-deploy-role';
export { GitHubPushRole, GitHubPushRoleProps } from './pipeline/github-push-role';
export { GitHubRole, GitHubRoleProps } from './pipeline/github-role';
export { GitHubSubject } from './pipeline/github-subject';
export { BuildAndPush, BuildAndPushProps } from './pipeline/build-and-push';
