import { Run } from './user';

/** The reason with which the guard refused, having seen to it that the screen shows it in full. */
export function refusal({ guard, screen }: Run): string {
  const reasons = guard.map(({ answer }) => answer).filter((answer) => answer?.Status === 'FAILED').map((answer) => answer!.Reason!);
  expect(reasons).toHaveLength(1);
  expect(screen).toContain(reasons[0].replace(/\s+/g, ' '));
  return reasons[0];
}

/** The digests that the guard gave for the updates that CloudFormation sent, in their order; nothing where it refused. */
export function updates({ guard }: Run): (string | undefined)[] {
  return guard.filter(({ requestType }) => requestType === 'Update').map(({ answer }) => answer?.Data?.ImageDigest);
}
