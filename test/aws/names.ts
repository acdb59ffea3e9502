/** All that is made begins with it, so that a clean-up finds it, whatever has become of the run. */
export const PREFIX = 'PhasedFargateTest';

/** The names of one run, which no other has. */
export interface Names {
  readonly prefix: string;
  readonly registry: string;
  readonly service: string;
  readonly blueGreen: string;
  readonly repository: string;
}

export function namesOf(run: string): Names {
  const prefix = `${PREFIX}-${run}`;
  return { prefix, registry: `${prefix}-Registry`, service: `${prefix}-Service`, blueGreen: `${prefix}-BlueGreen`, repository: prefix.toLowerCase() };
}
