const { stdout, env } = process;
const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const INDENT = '    ';
const WIDTH = 110;

/** Output of the demo: headings, commands, and facts. On a terminal, it also has colors and shows the progress of each step. */
export class Screen {
  private readonly colors = stdout.isTTY && env.NO_COLOR === undefined;
  private news = '';

  public heading(title: string, text?: string): void {
    this.print(`\n${this.paint(1, `▸ ${title}`)}`);
    if (text) this.quote(text);
  }

  public command(text: string): void {
    this.print(`${INDENT}${this.paint(36, `$ ${text}`)}`);
  }

  public fact(text: string): void {
    this.print(`${INDENT}${this.paint(32, '✔')} ${text}`);
  }

  public failure(text: string): void {
    this.print(`${INDENT}${this.paint(31, '✘')} ${text}`);
  }

  /** Quotes text, such as code or an error message, and wraps long lines. */
  public quote(text: string): void {
    for (const line of text.split('\n')) {
      for (const part of wrapped(line)) this.print(`${INDENT}${this.paint(2, `│ ${part}`)}`);
    }
  }

  /** Shows a spinner while the work is in progress, and then how long it took. */
  public async during<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const start = Date.now();
    const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
    let frame = 0;
    this.news = '';
    const ticker = stdout.isTTY && setInterval(() => {
      const line = `${INDENT}${FRAMES[frame++ % FRAMES.length]} ${what} … ${seconds()}  ${this.news}`;
      stdout.write(`\r\x1b[K${line.slice(0, (stdout.columns || WIDTH) - 1)}`);
    }, 100);
    try {
      return await work();
    } finally {
      if (ticker) {
        clearInterval(ticker);
        stdout.write('\r\x1b[K');
      }
      this.print(`${INDENT}${this.paint(2, `${what}: ${seconds()}`)}`);
    }
  }

  /** Shows the latest news next to the spinner. */
  public update(news: string): void {
    this.news = news;
  }

  public print(line: string): void {
    stdout.write(`${line}\n`);
  }

  private paint(code: number, text: string): string {
    return this.colors ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

function wrapped(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/(?<= )/)) {
    if ((lines.at(-1)! + word).length > WIDTH && lines.at(-1)) lines.push('');
    lines[lines.length - 1] += word;
  }
  return lines;
}
