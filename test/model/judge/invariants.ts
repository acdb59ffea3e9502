/**
 * Invariants that must hold in every story. Each has a few exemptions with reasons. Every use of an exemption is counted, so
 * that exemptions cannot make an invariant void.
 */
export const INVARIANTS = {
  wire: 'Each request to AWS is one that its service model allows, signed for that service and region.',
  granted: 'The guard asks nobody but its registry, its own stack, the layers and the ResponseURL, and nothing that its role may not.',

  oneAnswer: 'Each delivered request gets exactly one answer, unless Lambda dies or the answer cannot be delivered.',
  inTime: 'The answer is on its way before ServiceTimeout is over, and before Lambda ends the function.',
  form: 'An answer is what CloudFormation takes: 4,096 bytes, the ids echoed, a physical id of 1 to 1,024 bytes, no control characters.',
  failedKeepsId: 'A request that fails answers with the physical id that came in.',
  attributes: 'Each SUCCESS has all attributes, and they fit each other: the tag that was asked for, and every task count or none.',
  secrets: 'No part of a secret of 8 characters or more is logged or shown.',
  deletes: 'Delete succeeds at once, echoes the id and leaves the registry alone.',

  rollbackSucceeds: 'A rollback always succeeds.',
  rollbackAnswer: 'A rollback answers what was deployed before.',
  rollbackTags: 'After a rollback, each release tag of before names what it named before.',
  rollbackId: 'After a rollback, the physical id is the one of before.',

  deployedIsTagged: 'What is deployed, or may be gone back to, never lacks a release tag, at no moment from its first SUCCESS on.',
  lateMessenger: 'A request that CloudFormation waits for no longer writes nothing, as far as the stack\'s status tells.',
  ownTags: 'The guard moves no tags but its own release tags, and none where it is not asked to keep any.',

  rightImage: 'A create or an update succeeds only with a digest that exists and fits the version and the platforms asked for.',
  keepsImage: 'An update that asks for the same image keeps the digest, wherever its tag has gone.',
  keepsTasks: 'startWithoutTasks never stops tasks that run.',
  releases: 'An image that is there, fits and can be tagged is released, if it is deployed already or is all that is required.',
  examinesNew: 'Scans and signatures are asked for only of a digest that is new to the guard, never in a rollback, and only where the template requires them.',
  requirementsHold: 'A digest that is new to the guard is released, or given a release tag, only after ECR has said that it is all that is required.',
  requirementsWait: 'A scan or a signature that is under way is waited for as long as asked, and no longer.',
  waits: 'A missing image is waited for as long as asked, and no longer.',
  namesError: 'An error that trying again does not help against ends in FAILED in due time, and the reason names it.',
  calls: 'A new release with both release tags takes at most 8 calls, and two more where the platform is in the config. What is required comes on top, and so does a tag for each further image that has none yet.',
  ends: 'Every story comes to an end.',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
  readonly at: number;
}

/** Exemptions from invariants: facts that the guard could not know, or actions that AWS did not permit. */
export const EXEMPTIONS = {
  unknownId: 'The physical id is not of this library (an import, a future version): what was deployed is nowhere on record. Only release tags tell what was released, be it in an earlier life of the stack.',
  statusUnknown: 'CloudFormation has not told the status in the whole invocation, or not when it was asked just before a refusal, so that a rollback cannot be told from an update.',
  hardFault: 'AWS has refused a call for longer than anyone would wait, or for good.',
  disturbed: 'A request that was overtaken between its last look at the stack and its write has moved a release tag; or the status was the same as that of its own operation. It holds again from the next release on.',
  longChain: 'More failed updates in a row than a physical id has room for.',
  otherCode: 'Another version of the handler has answered: code is rolled back together with the resources.',
  lostTime: 'Lambda delivered late, or crashed and tried again: the event does not say when it was sent.',
  rollbackLookalike: 'The late request asks for what was deployed earlier, as a rollback does; or it is of a rollback, and looks like an update to an earlier release. Never once it has found the stack at rest.',
  passing: 'In a rollback, what is on its way out has no tag between the answer of the guard and the update of the service: the guard is not asked again.',
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
