import { SynthesizedApp } from './app';
import { arrow, box, picture, text } from './svg';

const REGISTRY = { x: 16, width: 226 };
const IMAGE = { x: 288, width: 208 };
const SERVICE = { x: 522, width: 322 };
const TOP = 92;
const ROW = 134;

/** The three phases, with the names and commands of an app. */
export function phasesPicture(app: SynthesizedApp): string {
  const registry = app.stackWith('AWS::ECR::Repository');
  const service = app.stackWith('AWS::ECS::Service');
  const guard = app.resource('Custom::ImageGuard');
  const taskDefinition = app.resource('AWS::ECS::TaskDefinition');
  const repositoryName = String(app.resource('AWS::ECR::Repository').properties.RepositoryName);
  const late = service.resources.filter((resource) => app.waitsFor(resource, guard));
  const others = late.length - 2; // without the task definition and the service

  // Checks the dependencies that the arrows show.
  const image = app.text(taskDefinition.properties.ContainerDefinitions[0].Image, taskDefinition);
  if (!image.endsWith(`/${repositoryName}@«${guard.path}.ImageDigest»`)) throw new Error(`the task definition runs ${image}`);
  for (const type of ['AWS::ECS::Service', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::EC2::VPC']) {
    if (!app.waitsFor(app.resource(type), guard)) throw new Error(`${type} does not wait for the guard`);
  }
  if (!app.waitsFor(app.resource('AWS::ECS::Service'), taskDefinition)) throw new Error('the service does not wait for its task definition');

  const deployRegistry = `cdk deploy ${registry.path}`;
  const [, pushCommands] = Object.entries<any>(registry.template.body.Outputs).find(([name]) => name.includes('PushCommands'))!;
  const [build] = /docker buildx build/.exec(app.text(pushCommands.Value, registry))!;
  const deployService = `cdk deploy ${service.path}`;
  const parameter = `--parameters ${guard.properties.ParameterName}=…`;

  return picture({
    title: 'The three phases: registry, image, service',
    description: `Phase 1: "${deployRegistry}" creates the ECR repository ${repositoryName} in its own stack. Phase 2: "${build}" pushes an image to it. `
      + `Phase 3: "${deployService} ${parameter}" first creates a guard, which looks up the image in the repository and returns its digest. `
      + `The task definition of the service contains this digest. ${others} other resources, such as the VPC and the load balancer, also wait for the guard.`,
    height: 366,
    content: [
      ...heading(1, REGISTRY.x, 'registry', deployRegistry),
      ...heading(2, IMAGE.x, 'image', `${build} … --push .`),
      ...heading(3, SERVICE.x, 'service', deployService, parameter),

      box('registry', REGISTRY.x, TOP, REGISTRY.width, 120),
      text('mono pale', REGISTRY.x + 16, TOP + 26, `stack ${registry.name}`),
      box('box', REGISTRY.x + 16, ROW, REGISTRY.width - 32, 58),
      text('ink strong', REGISTRY.x + 30, ROW + 25, 'ECR repository'),
      text('mono pale', REGISTRY.x + 30, ROW + 43, repositoryName),

      box('image', IMAGE.x, TOP, IMAGE.width, 120),
      text('small pale', IMAGE.x + 16, TOP + 26, 'CI, or a laptop'),
      box('box', IMAGE.x + 16, ROW, IMAGE.width - 32, 58),
      text('ink strong', IMAGE.x + 30, ROW + 25, 'image'),
      text('small pale', IMAGE.x + 30, ROW + 43, 'with its own tag'),
      arrow([[IMAGE.x + 16, ROW + 29], [REGISTRY.x + REGISTRY.width - 14, ROW + 29]]),
      text('small ink', (REGISTRY.x + REGISTRY.width + IMAGE.x) / 2, ROW + 20, 'push', 'middle'),

      box('service', SERVICE.x, TOP, SERVICE.width, 258),
      text('mono pale', SERVICE.x + 16, TOP + 26, `stack ${service.name}`),
      box('guard', SERVICE.x + 16, ROW, 112, 58),
      text('ink strong', SERVICE.x + 30, ROW + 25, 'guard'),
      text('small pale', SERVICE.x + 30, ROW + 43, 'image exists?'),
      box('box', SERVICE.x + 180, ROW, 126, 58),
      text('ink strong', SERVICE.x + 190, ROW + 25, 'task definition'),
      text('mono pale', SERVICE.x + 190, ROW + 43, '…@sha256:…'),
      arrow([[SERVICE.x + 128, ROW + 29], [SERVICE.x + 178, ROW + 29]]),
      text('small ink', SERVICE.x + 153, ROW + 20, 'digest', 'middle'),
      arrow([[SERVICE.x + 243, ROW + 58], [SERVICE.x + 243, ROW + 138]]),
      box('box', SERVICE.x + 180, ROW + 140, 126, 58),
      text('ink strong', SERVICE.x + 190, ROW + 165, 'service'),
      text('small pale', SERVICE.x + 190, ROW + 183, 'runs that image'),
      box('box', SERVICE.x + 16, ROW + 140, 152, 58),
      text('ink strong', SERVICE.x + 30, ROW + 165, `${others} resources`),
      text('small pale', SERVICE.x + 30, ROW + 183, 'VPC, load balancer, …'),
      arrow([[SERVICE.x + 72, ROW + 58], [SERVICE.x + 72, ROW + 138]]),
      text('small ink', SERVICE.x + 82, ROW + 102, 'only if it exists'),

      arrow([[SERVICE.x + 16, ROW + 44], [SERVICE.x - 14, ROW + 44], [SERVICE.x - 14, 282], [129, 282], [129, ROW + 60]]),
      text('small ink', 322, 273, 'looks up the image by name', 'middle'),
      text('small pale', 322, 301, 'if it does not exist, phase 3 fails here', 'middle'),
    ],
  });
}

function heading(phase: number, x: number, title: string, ...commands: string[]): string[] {
  return [
    text('head ink', x, 38, `${phase}. ${title}`),
    ...commands.map((command, index) => text('mono pale', x, 60 + index * 16, command)),
  ];
}
