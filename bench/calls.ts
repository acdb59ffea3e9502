import { added, Resources, resourcesOf } from './resources';
import { Requirement } from '../src/guard/contract';
import { FIXTURES } from '../test/guard/handler/fixtures';
import { event, Simulation } from '../test/guard/handler/simulation';

export interface Calls {
  readonly situation: string;
  readonly registry: readonly string[];
  readonly stack: number;
  readonly responses: number;
}

const PROFILE = 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/Release';
const REQUIREMENTS: Requirement[] = [
  { kind: 'scanned', failOn: 'HIGH', onlyFixable: false, accepted: [], waitSeconds: 300 },
  { kind: 'signed', profileArn: PROFILE, waitSeconds: 120 },
];

const SITUATIONS: ReadonlyArray<{ readonly name: string; readonly properties?: object; readonly prepare: (aws: Simulation) => void }> = [
  { name: 'an index', prepare: (aws) => aws.push('v1', { fixture: FIXTURES.buildxIndex }) },
  { name: 'a single manifest, with the platform in its config', prepare: (aws) => aws.push('v1', { fixture: FIXTURES.dockerImage }) },
  { name: 'an image without a platform to check', properties: { Platforms: [] }, prepare: (aws) => aws.push('v1') },
  { name: 'an index that gets release tags', properties: { ReleaseTagName: 'web' }, prepare: (aws) => aws.push('v1', { fixture: FIXTURES.buildxIndex }) },
  {
    name: 'an index that must be scanned and signed',
    properties: { Requirements: REQUIREMENTS.map((requirement) => JSON.stringify(requirement)) },
    prepare: (aws) => {
      aws.push('v1', { fixture: FIXTURES.buildxIndex });
      aws.scan = () => ({ imageScanStatus: { status: 'COMPLETE' } });
      aws.signing = () => [{ signingProfileArn: PROFILE, status: 'COMPLETE' }];
    },
  },
  { name: 'a missing image', prepare: (aws) => aws.push('v0') },
  { name: 'a missing repository', prepare: (aws) => { aws.repositoryExists = false; } },
];

/** Counts the calls for a Create request in each situation. */
export async function countCalls(): Promise<Calls[]> {
  const all: Calls[] = [];
  for (const { name, properties, prepare } of SITUATIONS) {
    const aws = new Simulation();
    aws.stackStatus = 'CREATE_IN_PROGRESS';
    prepare(aws);
    await aws.run(event({}, properties));
    const { Status } = JSON.parse(aws.answers[0]);
    if ((Status === 'SUCCESS') === name.startsWith('a missing')) throw new Error(`${name}: the guard has answered ${aws.answers[0]}`);
    all.push({
      situation: name,
      registry: aws.actions.filter((action) => action.startsWith('ecr:')),
      stack: aws.actions.filter((action) => action.startsWith('cloudformation:')).length,
      responses: aws.answers.length,
    });
  }
  return all;
}

/** Resources that requirements add to a stack with a guard. */
export function resourcesOfRequirements(): Resources {
  const [without, withThem] = [false, true].map((areRequired) => resourcesOf(({ ImageRequirement, PhasedFargateService }, stack) => {
    new PhasedFargateService(stack, 'Api', { requirements: areRequired ? [ImageRequirement.scanned(), ImageRequirement.signedBy(PROFILE)] : [] });
  }));
  return added(withThem, without);
}
