/** A guide as its readers follow it: the files that it has them write, the commands that it has them run, and what these show. */
export interface Guide {
  /** All of it, as one shell script, since directories and variables last from one command to the next. */
  readonly script: string;
  /** What the guide says is on the screen, by the number of the commands that it stands after. */
  readonly screens: ReadonlyArray<{ readonly after: number; readonly lines: string[] }>;
}

const MARK = '%%% commands';

export function guideOf(markdown: string): Guide {
  const script = ['set -euo pipefail', 'exec 2>&1'];
  const screens: { after: number; lines: string[] }[] = [];
  let commands = 0;
  for (const { index, 1: language, 2: content } of markdown.matchAll(/^```(\S*).*\n([^]*?)^```$/gm)) {
    if (language === 'shell') {
      script.push(`echo '${MARK} ${++commands}'`, content);
    } else if (language === 'text') {
      screens.push({ after: commands, lines: content.trim().split('\n') });
    } else {
      const [file] = [...markdown.slice(0, index).matchAll(/`([\w.-]+\/[\w./-]+)`/g)].map(([, name]) => name).slice(-1);
      script.push(`mkdir -p "$(dirname ${file})"`, `cat > ${file} <<'END_OF_FILE'\n${content}END_OF_FILE`);
    }
  }
  return { script: script.join('\n'), screens };
}

/** What the commands of a guide with this number showed. */
export function screenOf(output: string, commands: number): string {
  const [, screen] = output.split(`${MARK} ${commands}\n`);
  return screen.split(MARK)[0];
}

/** A screen without what differs from run to run: digests, commits, times, counts, names of load balancers. */
export function comparable(screen: string): string {
  return screen
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:#')
    .replace(/= [0-9a-f]{7}$/gm, '= #')
    .replace(/\d+:\d\d:\d\d [AP]M/g, '#')
    .replace(/\d+\/\d+/g, '#')
    .replace(/http:\S+/g, '#')
    .replace(/ +/g, ' ');
}
