import { Job, JobBody } from './workflow';

export interface JobPlace {
  readonly id: string;
  readonly name: string;
  readonly needs: string[];

  /** What must hold besides the success of the jobs that it needs. */
  readonly conditions?: string[];
}

/** The jobs of a workflow, in the order in which they are added. Ids and names are unique, whatever they are made from. */
export class Jobs {
  public readonly byId: Record<string, Job> = {};

  private readonly checks = new Set<string>();

  /** Adds a check, which is called as its user calls it. Returns its id. */
  public addCheck(name: string, body: JobBody): string {
    this.checks.add(name);
    this.byId[name] = { name, ...body };
    return name;
  }

  /**
   * Adds a job that runs only if those that it needs have succeeded. Returns its id.
   *
   * @param body given the name that the job gets: with a number, if others had it before
   */
  public add({ id, name, needs, conditions = [] }: JobPlace, body: (name: string) => JobBody): string {
    const check = [id, name].find((taken) => this.checks.has(taken));
    if (check !== undefined) throw new Error(`checks: "${check}" is the name of another job of the workflow: give the check another name`);
    const names = Object.values(this.byId).map((job) => job.name);
    const freeId = numbered(id, (candidate) => candidate in this.byId, (number) => `${id}-${number}`);
    const freeName = numbered(name, (candidate) => names.includes(candidate), (number) => `${name} (${number})`);
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

function numbered(first: string, isTaken: (candidate: string) => boolean, next: (number: number) => string): string {
  let candidate = first;
  for (let number = 2; isTaken(candidate); number++) candidate = next(number);
  return candidate;
}
