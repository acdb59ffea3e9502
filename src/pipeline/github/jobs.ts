import { Job, JobBody } from './workflow';

export interface JobPlace {
  readonly id: string;
  readonly name: string;
  readonly needs: string[];

  /** What must hold besides the success of the jobs that it needs. */
  readonly conditions?: string[];
}

/**
 * The jobs of a workflow, in the order in which they are added. Ids and names are unique, whatever they are made from. GitHub
 * compares ids without regard to case.
 */
export class Jobs {
  public readonly byId: Record<string, Job> = {};

  private readonly checks: string[] = [];

  /** Adds a check, which is called as its user calls it. Returns its id. */
  public addCheck(name: string, body: JobBody): string {
    const other = this.checks.find((check) => isSame(check, name));
    if (other !== undefined) throw new Error(`checks: "${other}" and "${name}" differ only in case, and GitHub treats them as the same`);
    this.checks.push(name);
    this.byId[name] = { name, ...body };
    return name;
  }

  /**
   * Adds a job that runs only if those that it needs have succeeded. Returns its id.
   *
   * @param body given the name that the job gets: with a number, if others had it before
   */
  public add({ id, name, needs, conditions = [] }: JobPlace, body: (name: string) => JobBody): string {
    const check = this.checks.find((taken) => isSame(taken, id) || isSame(taken, name));
    if (check !== undefined) throw new Error(`checks: "${check}" is the name of another job of the workflow: give the check another name`);
    const names = Object.values(this.byId).map((job) => job.name);
    const freeId = firstFree(id, Object.keys(this.byId), (number) => `${id}-${number}`);
    const freeName = firstFree(name, names, (number) => `${name} (${number})`);
    // Said in so many words: nothing is deployed whose image was not pushed, whatever a later change adds to the condition.
    const all = [...conditions, ...needs.map((need) => `needs.${need}.result == 'success'`)];
    this.byId[freeId] = {
      name: freeName,
      needs: needs.length > 0 ? needs : undefined,
      if: all.length > 0 ? all.join(' && ') : undefined,
      ...body(freeName),
    };
    return freeId;
  }
}

function firstFree(first: string, taken: string[], next: (number: number) => string): string {
  let candidate = first;
  for (let number = 2; taken.some((other) => isSame(other, candidate)); number++) candidate = next(number);
  return candidate;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
