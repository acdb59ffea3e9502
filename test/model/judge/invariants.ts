/**
 * Invariants that must hold in every story. Each has a few exemptions with reasons. Every use of an exemption is counted, so
 * that exemptions cannot make an invariant void.
 */
export const INVARIANTS = {
  wire: 'Each request to AWS matches the service model, and is signed for its service and region.',
  granted: 'The guard calls only its registry, CloudFormation about its own stack, layer URLs, and the ResponseURL. Its role permits every call.',

  oneAnswer: 'Each delivered request gets exactly one answer, unless Lambda crashes or the answer cannot be delivered.',
  inTime: 'The guard sends its answer before ServiceTimeout ends and before Lambda ends the function.',
  form: 'CloudFormation accepts the form of each answer: at most 4,096 bytes, the IDs of the request, a physical ID of 1 to 1,024 bytes, and no control characters.',
  failedKeepsId: 'The answer to a failed request contains the physical ID of the request.',
  attributes: 'Each SUCCESS has all attributes: a digest, the requested tag, and the requested task counts. Without an image, all task counts are 0.',
  secrets: 'Neither the log nor an answer contains 8 or more consecutive characters of a secret.',
  deletes: 'A Delete succeeds at once, returns the physical ID of the request, and makes no AWS call.',

  rollbackSucceeds: 'A rollback always succeeds.',
  rollbackAnswer: 'A rollback returns the previously deployed image.',
  rollbackTags: 'After a rollback, each release tag names the same image as before the update.',
  rollbackId: 'After a rollback, the physical ID is the same as before the update.',

  deployedIsTagged: 'From its first SUCCESS on, an image has a release tag whenever it is deployed or a rollback could restore it.',
  lateMessenger: 'After CloudFormation has stopped waiting for a request, the guard writes nothing for it if the stack status reveals that it is late.',
  ownTags: 'The guard moves only its own release tags, and none if release tags are not requested.',

  rightImage: 'A Create or an Update succeeds only with an existing digest that matches the requested version and platforms.',
  keepsImage: 'An Update that requests the same image keeps the digest, even if the tag has moved.',
  keepsTasks: 'startWithoutTasks never stops running tasks.',
  releases: 'An existing image that matches the request and can be tagged is released if it is already deployed or meets all requirements.',
  examinesNew: 'The guard looks up scans and signatures only if the template requires them, only for a digest that is new to the guard, and never in a rollback.',
  requirementsHold: 'A digest that is new to the guard is released and gets release tags only after ECR has reported that it meets all requirements.',
  requirementsWait: 'The guard waits for a scan or signature in progress as long as requested, and no longer.',
  waits: 'The guard waits for a missing image as long as requested, and no longer.',
  namesError: 'An error that a retry cannot resolve results in FAILED within two minutes, and the reason names the error.',
  calls: 'A new release with both release tags makes at most 8 calls, or 10 if the platform is in the config. Calls for requirements, and for tags on further recorded images, are additional.',
  ends: 'Every story ends.',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
  readonly at: number;
}

/** Exemptions from invariants: facts that the guard could not know, or actions that AWS did not permit. */
export const EXEMPTIONS = {
  unknownId: 'This library did not create the physical ID, as after an import or with a future version. The deployed image is not on record. Only release tags show earlier releases, which can be from an earlier stack.',
  statusUnknown: 'CloudFormation did not report the stack status in the whole invocation, or not at the last query before a refusal. The guard cannot distinguish a rollback from an update.',
  hardFault: 'AWS refused a call permanently, or for longer than the guard can wait.',
  disturbed: 'A late request moved a release tag. It became late between its last status query and its write, or the stack had the status of its own operation. The invariant holds again from the next release on.',
  longChain: 'More consecutive updates failed than a physical ID can record.',
  otherCode: 'Another version of the handler answered, because a rollback also restores the code of the function.',
  lostTime: 'Lambda delivered the event late, or crashed and retried. The event does not contain the time at which it was sent.',
  rollbackLookalike: 'A late update requests an earlier release, so it looks like a rollback, or a late rollback looks like an update to an earlier release. This exemption does not apply if the request found the stack at rest.',
  passing: 'In a rollback, the replaced image has no tag between the answer of the guard and the update of the service. The guard gets no further request in which it could add one.',
} as const;

export type Exemption = keyof typeof EXEMPTIONS;

/** Collects the findings in one story. */
export class Verdict {
  public readonly violations: Violation[] = [];
  public readonly exempted = new Map<Exemption, number>();
  public readonly checked = new Map<Invariant, number>();

  constructor(private readonly now: () => number) {}

  public get violated(): Set<Invariant> {
    return new Set(this.violations.map(({ invariant }) => invariant));
  }

  /** Records one check. */
  public expect(invariant: Invariant, holds: boolean, detail: () => string): void {
    this.checked.set(invariant, (this.checked.get(invariant) ?? 0) + 1);
    if (!holds) this.violations.push({ invariant, detail: detail(), at: this.now() });
  }

  /** Whether one of these exemptions applies. Counts the first that does. */
  public exempts(...cases: ReadonlyArray<readonly [Exemption, boolean]>): boolean {
    const exemption = cases.find(([, applies]) => applies)?.[0];
    if (exemption) this.exempted.set(exemption, (this.exempted.get(exemption) ?? 0) + 1);
    return exemption !== undefined;
  }
}
