/** All that is made begins with it, so that a clean-up finds it, whatever has become of the run. */
export const PREFIX = 'PhasedFargateTest';

/** The names of one run, which no other has. */
export interface Names {
  readonly registry: string;
  readonly service: string;
  readonly blueGreen: string;
  readonly repository: string;
}

export function namesOf(run: string): Names {
  const stack = (id: string) => `${PREFIX}-${run}-${id}`;
  return { registry: stack('Registry'), service: stack('Service'), blueGreen: stack('BlueGreen'), repository: `${PREFIX}-${run}`.toLowerCase() };
}
