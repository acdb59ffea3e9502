/** A guide as its readers follow it: the files that they write, the commands that they run, and the output that they see. */
export interface Guide {
  /** The whole guide as one shell script, because directories and variables persist between commands. */
  readonly script: string;
  /** Output that the guide shows, by the number of commands before it. */
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

/** Output of the commands with this number. */
export function screenOf(output: string, commands: number): string {
  const [, screen] = output.split(`${MARK} ${commands}\n`);
  return screen.split(MARK)[0];
}

/** An output without the parts that differ between runs: digests, commits, times, counts, names of load balancers. */
export function comparable(screen: string): string {
  return screen
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:#')
    .replace(/= [0-9a-f]{7}$/gm, '= #')
    .replace(/\d+:\d\d:\d\d [AP]M/g, '#')
    .replace(/\d+\/\d+/g, '#')
    .replace(/http:\S+/g, '#')
    .replace(/ +/g, ' ');
}
