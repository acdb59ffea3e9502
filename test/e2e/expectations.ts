import { Run } from './user';

/** Returns the reason of the guard's refusal, after checking that the screen shows it in full. */
export function refusal({ guard, screen }: Run): string {
  const reasons = guard.map(({ answer }) => answer).filter((answer) => answer?.Status === 'FAILED').map((answer) => answer!.Reason!);
  expect(reasons).toHaveLength(1);
  expect(screen).toContain(reasons[0].replace(/\s+/g, ' '));
  return reasons[0];
}

/** Digests that the guard returned for the updates from CloudFormation, in order. `undefined` for a refusal. */
export function updates({ guard }: Run): (string | undefined)[] {
  return guard.filter(({ requestType }) => requestType === 'Update').map(({ answer }) => answer?.Data?.ImageDigest);
}
