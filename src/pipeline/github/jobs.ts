import { Job, JobBody } from './workflow';

export interface JobPlace {
  readonly id: string;
  readonly name: string;
  readonly needs: string[];

  /** Conditions in addition to the success of the jobs in `needs`. */
  readonly conditions?: string[];
}

/**
 * Jobs of a workflow, in the order in which they are added. IDs and names are unique. GitHub compares IDs without regard to
 * case.
 */
export class Jobs {
  public readonly byId: Record<string, Job> = {};

  private readonly checks: string[] = [];

  /** Adds a check with the name that the user chose. Returns its ID. */
  public addCheck(name: string, body: JobBody): string {
    const other = this.checks.find((check) => isSame(check, name));
    if (other !== undefined) throw new Error(`checks: "${other}" and "${name}" differ only in case, and GitHub treats them as the same`);
    this.checks.push(name);
    this.byId[name] = { name, ...body };
    return name;
  }

  /**
   * Adds a job that runs only if all jobs in `needs` succeed. Returns its ID.
   *
   * @param body gets the name of the job, which has a number if the name was taken
   */
  public add({ id, name, needs, conditions = [] }: JobPlace, body: (name: string) => JobBody): string {
    const check = this.checks.find((taken) => isSame(taken, id) || isSame(taken, name));
    if (check !== undefined) throw new Error(`checks: "${check}" is the name of another job of the workflow: give the check another name`);
    const names = Object.values(this.byId).map((job) => job.name);
    const freeId = firstFree(id, Object.keys(this.byId), (number) => `${id}-${number}`);
    const freeName = firstFree(name, names, (number) => `${name} (${number})`);
    // Explicit conditions ensure that nothing is deployed without its image, even if a later change adds another condition.
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
