import { FIXTURES } from '../test/guard/handler/fixtures';
import { event, Simulation } from '../test/guard/handler/simulation';

export interface Calls {
  readonly situation: string;
  readonly registry: readonly string[];
  readonly stack: number;
  readonly responses: number;
}

const SITUATIONS: ReadonlyArray<{ readonly name: string; readonly properties?: object; readonly prepare: (aws: Simulation) => void }> = [
  { name: 'an index', prepare: (aws) => aws.push('v1', { fixture: FIXTURES.buildxIndex }) },
  { name: 'a single manifest, whose platform is in its config', prepare: (aws) => aws.push('v1', { fixture: FIXTURES.dockerImage }) },
  { name: 'an image without a platform to check', properties: { Platforms: [] }, prepare: (aws) => aws.push('v1') },
  { name: 'a missing image', prepare: (aws) => aws.push('v0') },
  { name: 'a missing repository', prepare: (aws) => { aws.repositoryExists = false; } },
];

/** What it takes to decide about a resource that is created. */
export async function countCalls(): Promise<Calls[]> {
  const all: Calls[] = [];
  for (const { name, properties, prepare } of SITUATIONS) {
    const aws = new Simulation();
    aws.stackStatus = 'CREATE_IN_PROGRESS';
    prepare(aws);
    await aws.run(event({}, properties));
    all.push({
      situation: name,
      registry: aws.actions.filter((action) => action.startsWith('ecr:')),
      stack: aws.actions.filter((action) => action.startsWith('cloudformation:')).length,
      responses: aws.answers.length,
    });
  }
  return all;
}
