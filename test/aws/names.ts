/** The names of all resources begin with this prefix, so that a cleanup finds them even after an interrupted run. */
export const PREFIX = 'PhasedFargateTest';

/** The names of one run, which are different for each run. */
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
