import { Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { DEFAULT_ZONES } from './default-cluster';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { durationOutside, isKnown, MOST_INTEGER, outside } from '../private/validation';

export const DEFAULT_MIN_HEALTHY_PERCENT = 100;
export const DEFAULT_MAX_HEALTHY_PERCENT = 200;

/** Valid names of services, families, and containers in ECS. */
const NAME = /^[A-Za-z0-9_-]{1,255}$/;
/** A user or its number, with or without a group. */
const USER = /^[^\s:]+(:[^\s:]+)?$/;
const UNLIMITED = -1;
const MOST_ENVIRONMENT_FILES = 10;
const MOST_SECURITY_GROUPS = 5;
const MOST_CAPACITY_PROVIDERS = 20;
const MOST_MINUTES = 1_440;

/** Version 1.4.0 or later. */
const PLATFORM = /^(LATEST|1\.([4-9]|\d\d)\.\d+|[2-9]\.\d+\.\d+)$/;

type Options = GuardedFargateServiceProps;

export function strategyOf({ deploymentStrategy = ecs.DeploymentStrategy.ROLLING }: Options): string {
  return deploymentStrategy;
}

export function shiftsTraffic(options: Options): boolean {
  return strategyOf(options) !== ecs.DeploymentStrategy.ROLLING;
}

export function environmentOf({ guard, imageInEnvironment, environment }: Options): Record<string, string> | undefined {
  return imageInEnvironment ? { IMAGE_TAG: guard.imageTag, IMAGE_DIGEST: guard.imageDigest, ...environment } : environment;
}

/** Finds errors in the options of a service that depend on the options alone. */
export function* faultsOf(options: Options): Generator<string> {
  yield* faultsOfNames(options);
  yield* faultsOfTask(options);
  yield* faultsOfHealthChecks(options);
  yield* faultsOfStrategy(options);
  yield* faultsOfPercentages(options);
  yield* faultsOfCircuitBreaker(options);
  yield* faultsOfPlace(options);
}

function* faultsOfNames(options: Options): Generator<string> {
  for (const name of ['serviceName', 'family', 'containerName'] as const) {
    const value = options[name];
    if (value !== undefined && isKnown(value) && !NAME.test(value)) {
      yield `${name} "${value}" is not a valid ECS name: pass up to 255 letters, digits, hyphens, and underscores`;
    }
  }
}

function* faultsOfTask(options: Options): Generator<string> {
  const { containerPort, ephemeralStorageGiB, environmentFiles = [], platformVersion, stopTimeout, user, workingDirectory } = options;
  if (containerPort !== undefined && outside(containerPort, 1, 65535)) {
    yield `containerPort ${containerPort} is not a port: pass 1 to 65535`;
  }
  if (ephemeralStorageGiB !== undefined && outside(ephemeralStorageGiB, 21, 200)) {
    yield `ephemeralStorageGiB ${ephemeralStorageGiB} is not a whole number from 21 to 200`;
  }
  if (platformVersion !== undefined && isKnown(platformVersion) && !PLATFORM.test(platformVersion)) {
    yield `platformVersion ${platformVersion} is not supported by this library: pass ecs.FargatePlatformVersion.VERSION1_4 or LATEST`;
  }
  if (stopTimeout && durationOutside('seconds', stopTimeout, 1, 120)) {
    yield `stopTimeout ${stopTimeout.toHumanString()} is not a whole number of seconds from 1 to 120`;
  }
  if (user !== undefined && isKnown(user) && !USER.test(user)) {
    yield `user "${user}" is not a user: pass a name or a number, optionally with a group, such as "1000:1000"`;
  }
  if (workingDirectory !== undefined && isKnown(workingDirectory) && !workingDirectory.startsWith('/')) {
    yield `workingDirectory "${workingDirectory}" is not an absolute path`;
  }
  if (environmentFiles.length > MOST_ENVIRONMENT_FILES) {
    yield `environmentFiles has ${environmentFiles.length} files: ECS allows ${MOST_ENVIRONMENT_FILES}`;
  }
  yield* faultsOfUlimits(options.ulimits ?? []);
  const variable = Object.keys(environmentOf(options) ?? {}).find((name) => Object.hasOwn(options.secrets ?? {}, name));
  if (variable !== undefined) {
    yield `environment and secrets both set ${variable}: set it in only one of them`;
  }
  if (options.logDriver && options.logRetention !== undefined) {
    yield `logRetention ${options.logRetention} has no effect with logDriver, because your own log driver decides how long logs are kept: leave out logRetention`;
  }
}

/** @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html */
function* faultsOfUlimits(ulimits: ecs.Ulimit[]): Generator<string> {
  for (const [index, { name, softLimit, hardLimit }] of ulimits.entries()) {
    if (ulimits.findIndex((other) => other.name === name) !== index) yield `ulimits lists ${name} twice`;
    for (const [property, limit] of Object.entries({ softLimit, hardLimit })) {
      if (outside(limit, UNLIMITED, MOST_INTEGER)) {
        yield `ulimits ${name}: ${property} ${limit} is not a limit: pass a whole number, or ${UNLIMITED} for no limit`;
      }
    }
    const known = !Token.isUnresolved(softLimit) && !Token.isUnresolved(hardLimit);
    const aboveHard = softLimit === UNLIMITED ? hardLimit !== UNLIMITED : softLimit > hardLimit && hardLimit !== UNLIMITED;
    if (known && aboveHard) yield `ulimits ${name}: softLimit ${softLimit === UNLIMITED ? 'unlimited' : softLimit} exceeds hardLimit ${hardLimit}`;
  }
}

function* faultsOfHealthChecks({ healthCheck, healthCheckGracePeriod }: Options): Generator<string> {
  if (healthCheckGracePeriod && durationOutside('seconds', healthCheckGracePeriod, 0, MOST_INTEGER)) {
    yield `healthCheckGracePeriod ${healthCheckGracePeriod.toHumanString()} is not a whole number of seconds from 0 to ${MOST_INTEGER}`;
  }
  if (!healthCheck) return;
  if (healthCheck.command.length === 0) yield 'healthCheck.command is empty: pass the command that checks the health';
  for (const [name, min, max] of [['interval', 5, 300], ['timeout', 2, 120], ['startPeriod', 0, 300]] as const) {
    const duration = healthCheck[name];
    if (duration?.isUnresolved()) yield `healthCheck.${name} must be known at synthesis`;
    if (duration && durationOutside('seconds', duration, min, max)) {
      yield `healthCheck.${name} ${duration.toHumanString()} is not a whole number of seconds from ${min} to ${max}`;
    }
  }
  const { interval, timeout, retries } = healthCheck;
  if (retries !== undefined && outside(retries, 1, 10)) {
    yield `healthCheck.retries ${retries} is not a whole number from 1 to 10`;
  }
  if (interval && timeout && !interval.isUnresolved() && !timeout.isUnresolved() && interval.toSeconds() < timeout.toSeconds()) {
    yield `healthCheck.timeout ${timeout.toHumanString()} is longer than healthCheck.interval ${interval.toHumanString()}`;
  }
}

function* faultsOfStrategy(options: Options): Generator<string> {
  const strategy = strategyOf(options);
  if (!shiftsTraffic(options) && (options.bakeTime || options.lifecycleHooks)) {
    yield `${options.bakeTime ? 'bakeTime' : 'lifecycleHooks'} needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN`;
  }
  for (const [name, needed] of [
    ['canaryPercent', 'CANARY'], ['canaryBakeTime', 'CANARY'], ['linearStepPercent', 'LINEAR'], ['linearStepBakeTime', 'LINEAR'],
  ] as const) {
    if (options[name] !== undefined && strategy !== needed) {
      yield `${name} needs the deploymentStrategy ${needed}, but it is ${strategy}`;
    }
  }
  for (const name of ['bakeTime', 'canaryBakeTime', 'linearStepBakeTime'] as const) {
    const duration = options[name];
    if (duration && durationOutside('minutes', duration, 0, MOST_MINUTES)) {
      yield `${name} ${duration.toHumanString()} is not a whole number of minutes from 0 to ${MOST_MINUTES}`;
    }
  }
  for (const [name, least] of [['canaryPercent', 0.1], ['linearStepPercent', 3]] as const) {
    const percent = options[name];
    if (percent !== undefined && !Token.isUnresolved(percent) && !isPercentInTenths(percent, least)) {
      yield `${name} ${percent} is not valid: pass ${least} to 100, in steps of 0.1`;
    }
  }
  if (options.cloudMapOptions && shiftsTraffic(options)) yield cloudMapWith(strategy);
}

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html */
export function cloudMapWith(strategy: string): string {
  return `cloudMapOptions conflicts with deploymentStrategy ${strategy}, because ECS cannot shift traffic in Cloud Map: ` +
    'use Service Connect, or pass ROLLING';
}

function isPercentInTenths(percent: number, least: number): boolean {
  return percent >= least && percent <= 100 && Math.abs(percent * 10 - Math.round(percent * 10)) < 1e-6;
}

function* faultsOfPercentages(options: Options): Generator<string> {
  const { minHealthyPercent: min = DEFAULT_MIN_HEALTHY_PERCENT, maxHealthyPercent: max = DEFAULT_MAX_HEALTHY_PERCENT } = options;
  if (outside(min, 0)) yield `minHealthyPercent ${min} is not valid: pass a whole number, 0 or more`;
  if (outside(max, 1)) yield `maxHealthyPercent ${max} is not valid: pass a whole number, 1 or more`;
  const known = !Token.isUnresolved(min) && !Token.isUnresolved(max);
  if (known && !shiftsTraffic(options) && max <= min) {
    yield `maxHealthyPercent ${max} is not more than minHealthyPercent ${min}: a rolling deployment could neither start nor stop a task`;
  }
  const { availabilityZoneRebalancing: rebalancing } = options;
  if (rebalancing === ecs.AvailabilityZoneRebalancing.ENABLED && !Token.isUnresolved(max) && max <= 100) {
    yield `availabilityZoneRebalancing ENABLED needs a maxHealthyPercent above 100, but it is ${max}: ECS starts a task before it stops another`;
  }
}

function* faultsOfCircuitBreaker(options: Options): Generator<string> {
  const { circuitBreakerFailureCount: failures } = options;
  if (failures !== undefined && outside(failures, 1)) {
    yield `circuitBreakerFailureCount ${failures} is not valid: pass a whole number of tasks, 1 or more`;
  }
  for (const name of ['circuitBreakerFailureCount', 'circuitBreakerResetOnHealthyTask'] as const) {
    if (options[name] !== undefined && options.circuitBreaker?.enable === false) {
      yield `${name} ${options[name]} has no effect, because circuitBreaker.enable is false: enable the circuit breaker, or leave out ${name}`;
    }
  }
}

function* faultsOfPlace({ cluster, vpc, natGateways, capacityProviderStrategies: capacity, securityGroups }: Options): Generator<string> {
  if (cluster && vpc) {
    yield 'cluster and vpc conflict, because a cluster has its own VPC: pass only one of them';
  }
  if (natGateways !== undefined) {
    if (cluster || vpc) yield `natGateways and ${cluster ? 'cluster' : 'vpc'} conflict, because natGateways applies only to the VPC that the library creates: pass only one of them`;
    if (Token.isUnresolved(natGateways)) yield 'natGateways must be known at synthesis';
    if (outside(natGateways, 0, DEFAULT_ZONES)) {
      yield `natGateways ${natGateways} is not a whole number from 0 to ${DEFAULT_ZONES}, the number of availability zones of the VPC that the library creates`;
    }
  }
  if (securityGroups && (securityGroups.length < 1 || securityGroups.length > MOST_SECURITY_GROUPS)) {
    yield `securityGroups has ${securityGroups.length} groups: pass 1 to ${MOST_SECURITY_GROUPS}`;
  }
  if (!capacity) return;
  if (capacity.length < 1 || capacity.length > MOST_CAPACITY_PROVIDERS) {
    yield `capacityProviderStrategies has ${capacity.length} items: pass 1 to ${MOST_CAPACITY_PROVIDERS}`;
  }
  const names = capacity.map(({ capacityProvider }) => capacityProvider);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) yield `capacityProviderStrategies lists ${twice} twice`;
  for (const { capacityProvider, base = 0, weight = 0 } of capacity) {
    if (outside(base, 0, 100_000)) yield `capacityProviderStrategies ${capacityProvider}: base ${base} is not a whole number of tasks from 0 to 100000`;
    if (outside(weight, 0, 1_000)) yield `capacityProviderStrategies ${capacityProvider}: weight ${weight} is not a whole number from 0 to 1000`;
  }
  if (capacity.filter(({ base = 0 }) => base !== 0).length > 1) {
    yield 'capacityProviderStrategies has a base for more than one capacity provider: ECS allows one';
  }
  if (capacity.length > 1 && capacity.every(({ weight = 0 }) => weight === 0)) {
    yield 'capacityProviderStrategies has no weight above 0, so ECS could not place a task: pass a weight';
  }
}
