import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Compares the tables of the guides for users of AWS Copilot and AWS App Runner with the fields that these tools document. */

const CHECKOUT = join(__dirname, '../..');

/**
 * Fields of the manifests of services and jobs. Subfields are listed only if they need their own rows.
 *
 * @see https://aws.github.io/copilot-cli/docs/manifest/lb-web-service/
 * @see https://aws.github.io/copilot-cli/docs/manifest/backend-service/
 * @see https://aws.github.io/copilot-cli/docs/manifest/worker-service/
 * @see https://aws.github.io/copilot-cli/docs/manifest/scheduled-job/
 */
const SERVICE_FIELDS = `
  name type environments platform cpu memory exec entrypoint command variables env_file secrets from_cfn taskdef_overrides sidecars
  image.build image.build.cache_from image.location image.credentials image.port image.labels image.depends_on image.healthcheck
  http http.path http.alb http.alias http.hosted_zone http.healthcheck http.healthcheck.grace_period http.deregistration_delay
  http.target_container http.target_port http.stickiness http.allowed_source_ips http.redirect_to_https http.version http.additional_rules
  nlb
  count count.spot count.range count.range.spot_from count.cooldown count.cpu_percentage count.memory_percentage count.requests
  count.response_time count.queue_delay
  network.connect network.vpc.placement network.vpc.placement.subnets network.vpc.security_groups
  storage.ephemeral storage.readonly_fs storage.volumes
  publish.topics subscribe.topics subscribe.queue
  logging.retention logging.destination logging.secretOptions logging.image logging.enableMetadata logging.configFilePath logging.env_file
  observability.tracing deployment.rolling deployment.rollback_alarms
  on.schedule retries timeout
`;

/** @see https://aws.github.io/copilot-cli/docs/manifest/environment/ */
const ENVIRONMENT_FIELDS = `
  network.vpc.id network.vpc.cidr network.vpc.subnets network.vpc.security_group network.vpc.flow_logs cdn
  http.public.certificates http.public.access_logs http.public.ssl_policy http.public.ingress.cdn http.public.ingress.source_ips
  http.private observability.container_insights
`;

/** @see https://aws.github.io/copilot-cli/docs/manifest/pipeline/ */
const PIPELINE_FIELDS = `
  name source build.image build.buildspec build.additional_policy stages.name stages.requires_approval stages.pre_deployments
  stages.deployments stages.post_deployments stages.test_commands
`;

/**
 * Properties, without those that only contain other listed properties.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_AppRunner.html
 */
const APP_RUNNER_PROPERTIES = `
  ServiceName Tags
  EncryptionConfiguration.KmsKey
  HealthCheckConfiguration.Protocol HealthCheckConfiguration.Path HealthCheckConfiguration.Interval HealthCheckConfiguration.Timeout
  HealthCheckConfiguration.HealthyThreshold HealthCheckConfiguration.UnhealthyThreshold
  InstanceConfiguration.Cpu InstanceConfiguration.Memory InstanceConfiguration.InstanceRoleArn
  NetworkConfiguration.IpAddressType NetworkConfiguration.EgressConfiguration NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible
  AuthenticationConfiguration.AccessRoleArn AuthenticationConfiguration.ConnectionArn AutoDeploymentsEnabled
  CodeRepository.RepositoryUrl CodeRepository.SourceCodeVersion CodeRepository.SourceDirectory CodeConfigurationValues
  ImageRepository.ImageIdentifier ImageRepository.ImageRepositoryType ImageConfiguration.Port ImageConfiguration.StartCommand
  ImageConfiguration.RuntimeEnvironmentVariables ImageConfiguration.RuntimeEnvironmentSecrets
  ObservabilityConfiguration VpcConnector.Subnets VpcConnector.SecurityGroups VpcIngressConnection
  AutoScalingConfiguration.MinSize AutoScalingConfiguration.MaxSize AutoScalingConfiguration.MaxConcurrency
`;

/** @see https://docs.aws.amazon.com/apprunner/latest/dg/config-file-ref.html */
const APP_RUNNER_FILE = `
  runtime pre-build build post-build build.env run.runtime-version run.pre-run run.command run.network.port run.network.env run.env
  run.secrets
`;

/** Names in the tables that belong to aws-cdk-lib. */
const OF_THE_CDK = [
  'addPropertyOverride', 'containerInsightsV2', 'defaultCloudMapNamespace', 'healthyHttpCodes', 'healthyThresholdCount', 'protocolVersion',
  'unhealthyThresholdCount',
];

interface Row {
  readonly fields: string[];
  readonly here: string;
}

const [services, environments, pipelines] = tables('from-copilot.md', 'Copilot');
const [properties] = tables('from-app-runner.md', 'App Runner');
const [file] = tables('from-app-runner.md', '`apprunner.yaml`');

test.each([
  ['the manifest of a service or job', SERVICE_FIELDS, services],
  ['the manifest of an environment', ENVIRONMENT_FIELDS, environments],
  ['the manifest of a pipeline', PIPELINE_FIELDS, pipelines],
  ['an App Runner service', APP_RUNNER_PROPERTIES, properties],
  ['apprunner.yaml', APP_RUNNER_FILE, file],
])('the guide says what replaces each field of %s', (_, fields, rows) => {
  const listed = rows.flatMap((row) => row.fields);
  expect(words(fields).filter((field) => !listed.some((other) => field === other || field.startsWith(`${other}.`)))).toEqual([]);
});

test('each option that the tables name is an option of this library or of aws-cdk-lib', () => {
  const ours = new Set(sources(join(CHECKOUT, 'src')).flatMap((text) => [...text.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name)));
  const named = [...services, ...environments, ...pipelines, ...properties, ...file]
    .flatMap(({ here }) => codes(here))
    .filter((code) => /^[a-z]+(?:[A-Z][A-Za-z\d]*)+$/.test(code));
  expect(named.length).toBeGreaterThan(50);
  expect([...new Set(named)].filter((name) => !ours.has(name)).sort()).toEqual(OF_THE_CDK);
});

/** The tables of a page whose first column has this title. */
function tables(page: string, title: string): Row[][] {
  return readFileSync(join(CHECKOUT, 'docs/guides', page), 'utf8').split(`| ${title} | here |\n|---|---|\n`).slice(1).map((rest) =>
    rest.split('\n\n')[0].split('\n').map((line) => {
      const [theirs, ...here] = line.split(' | ');
      return { fields: fieldsOf(theirs), here: here.join(' | ') };
    }));
}

/** Names that begin with a dot have the same parent as the first name in the cell. */
function fieldsOf(cell: string): string[] {
  const names = codes(cell).map((code) => code.replace(/:.*/, ''));
  const parent = names[0]?.split('.').slice(0, -1).join('.');
  return names.map((name) => name.startsWith('.') ? `${parent}${name}` : name);
}

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'utf8'));
}
