import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Component, Project, Task } from 'projen';

const BEGIN = '<!-- tasks: written by projen -->';
const END = '<!-- end of tasks -->';

/** The tables of all tasks in CONTRIBUTING.md, with the descriptions that `npx projen --help` shows. */
export class TaskTable extends Component {
  constructor(project: Project, private readonly groups: Record<string, string[]>, private readonly rest: string) {
    super(project);
  }

  public postSynthesize(): void {
    const path = join(this.project.outdir, 'CONTRIBUTING.md');
    const text = readFileSync(path, 'utf8');
    const [before, after] = [text.split(BEGIN)[0], text.split(END)[1]];
    if (after === undefined) throw new Error(`CONTRIBUTING.md has no place for the tasks: ${BEGIN} and ${END}`);

    const named = Object.values(this.groups).flat();
    const unnamed = this.project.tasks.all.map(({ name }) => name).filter((name) => !named.includes(name)).sort();
    const tables = Object.entries({ ...this.groups, [this.rest]: unnamed }).map(([title, names]) => this.table(title, names));
    writeFileSync(path, `${before}${BEGIN}\n\n${tables.join('\n\n')}\n\n${END}${after}`);
  }

  private table(title: string, names: string[]): string {
    return [`### ${title}`, '', '| task | purpose |', '|---|---|', ...names.map((name) => this.row(name))].join('\n');
  }

  private row(name: string): string {
    const task: Task | undefined = this.project.tasks.tryFind(name);
    if (!task?.description) throw new Error(`task ${name} does not exist, or has no description`);
    return `| \`npx projen ${name}\` | ${task.description} |`;
  }
}
