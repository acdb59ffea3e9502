import { App, Duration } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Choices, ChoicesOf, FLAGS, PLACE, SERVICE, unset } from './options';
import { GuardedFargateService, ImageGuard, ImageVersion, ReleaseTask, ReleaseTaskProps } from '../../src';
import { allPairs, Combination, Impossible } from '../util/pairs';
import { testApp } from '../util/synth';

/** Options that a service also has can be the same. */
const {
  cluster, vpc, cpu, memoryLimitMiB, cpuArchitecture, ephemeralStorageGiB, platformVersion, containerName, entryPoint, workingDirectory, user,
  environment, environmentFiles, secrets, imageInEnvironment, dockerLabels, readonlyRootFilesystem, linuxParameters, ulimits, stopTimeout, family,
  logRetention, logDriver, taskRole, executionRole, taskSubnets, assignPublicIp, securityGroups,
} = SERVICE;

const TASK = {
  cluster,
  vpc,
  cpu,
  memoryLimitMiB,
  cpuArchitecture,
  ephemeralStorageGiB,
  platformVersion,
  containerName,
  entryPoint,
  workingDirectory,
  user,
  environment,
  environmentFiles,
  secrets,
  imageInEnvironment,
  dockerLabels,
  readonlyRootFilesystem,
  linuxParameters,
  ulimits,
  stopTimeout,
  family,
  logRetention,
  logDriver,
  taskRole,
  executionRole,
  taskSubnets,
  assignPublicIp,
  securityGroups,
  command: { given: () => ['node', 'migrate.js'] },
  timeout: { 'by default': unset, 'the longest': () => Duration.minutes(14) },
  rerunForEarlierReleases: { 'by default': unset, 'yes': () => true },
  failureLogLines: { 'by default': unset, 'none': () => 0 },
} satisfies ChoicesOf<Omit<ReleaseTaskProps, 'guard'>>;

const DIMENSIONS = { place: PLACE, flags: FLAGS, ...TASK };

type Matrix = typeof DIMENSIONS;
export type Options = Combination<Matrix>;

/** Combinations that the library refuses. They are the same as for a service, whose matrix lists them. */
const REFUSED: Impossible<Matrix>[] = [
  { because: 'a cluster has its own VPC', choices: { cluster: ['a given one', 'one of another stack'], vpc: ['a given one'] } },
  { because: 'your own log driver determines the log retention', choices: { logDriver: ['elsewhere', 'a given group'], logRetention: ['given'] } },
];

export const COMBINATIONS = allPairs(DIMENSIONS, REFUSED);

export function build(options: Options): App {
  const app = testApp({}, options.flags);
  const scope = PLACE[options.place](app);
  const chosen = Object.fromEntries(Object.entries(TASK)
    .map(([name, choices]) => [name, (choices as Choices<unknown>)[options[name as keyof Options]](scope)])
    .filter(([, value]) => value !== undefined)) as Omit<ReleaseTaskProps, 'guard'>;

  const guard = new ImageGuard(scope, 'Guard', {
    registry: ecr.Repository.fromRepositoryName(scope, 'Images', 'shop'), imageVersion: ImageVersion.tag('4f2a9c1'),
  });
  const api = new GuardedFargateService(scope, 'Api', { guard, cluster: chosen.cluster, vpc: chosen.vpc });
  const migration = new ReleaseTask(scope, 'Migration', { ...chosen, guard });
  migration.runBefore(api);
  return app;
}
