import { byService, SynthesizedApp, SynthesizedStack } from './app';
import { arrow, box, picture, text, wrap } from './svg';
import { Resource } from '../../test/util/reference-graph';

const LEFT = { x: 16, width: 206 };
const RIGHT = { x: 336, width: 508 };
const INNER = { x: RIGHT.x + 14, width: RIGHT.width - 28 };
const GAP = (LEFT.x + LEFT.width + RIGHT.x) / 2;
const TYPES_AT = 168;
const TYPES_CHARACTERS = 42;
const ROW = 18;

/** The two stacks of a service: their resources, their order, and the values that they share. */
export function stacksPicture(app: SynthesizedApp): string {
  const registry = app.stackWith('AWS::ECR::Repository');
  const service = app.stackWith('AWS::ECS::Service');
  const guard = app.resource('Custom::ImageGuard');
  const repositoryName = String(app.resource('AWS::ECR::Repository').properties.RepositoryName);
  if (guard.properties.RepositoryName !== repositoryName) throw new Error('the guard asks for another repository');
  if (!service.after.includes(registry.name)) throw new Error(`${service.name} is not deployed after ${registry.name}`);

  const early = service.resources.filter((resource) => resource !== guard && !app.waitsFor(resource, guard));
  const late = service.resources.filter((resource) => app.waitsFor(resource, guard));
  const exports = exportsOf(registry) + exportsOf(service);

  const first = band('box', 62, `${early.length} resources that do not wait for the guard`, early);
  const guardAt = first.end + 22;
  const last = band('service', guardAt + 96, `${late.length} resources that are created only after the guard answers`, late);
  const end = last.end + 16;
  const outputs = Object.keys(registry.template.body.Outputs).map((name) => name.replace(/[0-9A-F]{8}$/, ''));

  return picture({
    title: `The stacks ${registry.name} and ${service.name}`,
    description: `${registry.name} holds the ECR repository ${repositoryName}. ${service.name} is deployed after it and refers to the repository by name, `
      + `${exports === 0 ? 'without exports' : `with ${exports} exports`}. In ${service.name}, ${early.length} resources do not wait for the guard: ${listed(early)}. `
      + `The guard looks up the image. ${late.length} resources are created only after it answers: ${listed(late)}.`,
    height: end + 16,
    content: [
      box('registry', LEFT.x, guardAt - 46, LEFT.width, 176),
      text('mono strong ink', LEFT.x + 14, guardAt - 22, registry.name),
      box('box', LEFT.x + 14, guardAt, LEFT.width - 28, 52),
      text('ink strong', LEFT.x + 26, guardAt + 22, 'ECR Repository'),
      text('mono pale', LEFT.x + 26, guardAt + 40, repositoryName),
      text('small pale', LEFT.x + 14, guardAt + 78, 'outputs'),
      ...outputs.map((name, index) => text('mono pale', LEFT.x + 14, guardAt + 97 + index * ROW, name)),

      box('service', RIGHT.x, 16, RIGHT.width, end - 16),
      text('mono strong ink', INNER.x, 42, service.name),
      text('small pale', INNER.x + INNER.width, 42, `${service.resources.length} resources`, 'end'),
      ...first.content,

      box('guard', INNER.x, guardAt, INNER.width, 52),
      text('ink strong', INNER.x + 14, guardAt + 22, 'Guard'),
      text('mono pale', INNER.x + 14, guardAt + 40, guard.type),
      text('small pale', INNER.x + INNER.width - 14, guardAt + 22, 'does the image exist, and does it run', 'end'),
      text('small pale', INNER.x + INNER.width - 14, guardAt + 39, 'on the platform of the task definition?', 'end'),
      arrow([[INNER.x + 60, guardAt + 52], [INNER.x + 60, guardAt + 94]]),
      text('small ink', INNER.x + 72, guardAt + 78, 'the digest of the image'),
      ...last.content,

      arrow([[RIGHT.x, 38], [LEFT.x + LEFT.width / 2, 38], [LEFT.x + LEFT.width / 2, guardAt - 48]], 'dashed'),
      text('small ink', GAP, 29, 'is deployed after', 'middle'),
      text('small pale', GAP, 56, exports === 0 ? 'no export' : `${exports} exports`, 'middle'),
      arrow([[INNER.x, guardAt + 26], [LEFT.x + LEFT.width - 12, guardAt + 26]]),
      text('small ink', GAP, guardAt + 16, 'looks up image', 'middle'),
      text('small pale', GAP, guardAt + 43, 'by name', 'middle'),
    ],
  });

  function band(style: string, y: number, title: string, resources: readonly Resource[]): { content: string[]; end: number } {
    const content = [text('ink strong', INNER.x + 14, y + 24, title)];
    let at = y + 46;
    for (const [name, types] of byService(resources)) {
      content.push(text('small ink', INNER.x + 14, at, name));
      for (const line of wrap(types, TYPES_CHARACTERS, /(?<=,) /)) {
        content.push(text('mono pale', INNER.x + TYPES_AT, at, line));
        at += ROW;
      }
    }
    content.unshift(box(style === 'service' ? 'box' : style, INNER.x, y, INNER.width, at - y - 2));
    return { content, end: at - 2 };
  }
}

function exportsOf({ template }: SynthesizedStack): number {
  return Object.values<any>(template.body.Outputs).filter((output) => output.Export !== undefined).length;
}

function listed(resources: readonly Resource[]): string {
  return byService(resources).map(([service, types]) => `${service} (${types})`).join(', ');
}
