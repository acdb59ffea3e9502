import { Played } from './playback';
import { escape, MONO, WIDTH } from './svg';

const COLUMNS = 116;
const ROWS = 27;
const COLUMN = 7.22;
const ROW = 17;
const BAR = 36;
const DESCENT = 4;
const MARGIN = 12;
const STYLES: Record<string, string> = { 0: '', 1: 'b', 2: 'd', 31: 'r', 32: 'g', 36: 'c' };

/** An animated picture of the demo's output. It uses only CSS, so it also plays inside an <img>. */
export function terminalPicture(command: string, { played, seconds }: { played: readonly Played[]; seconds: number }): string {
  const percent = (at: number) => `${(at / seconds * 100).toFixed(2)}%`;
  const frames: string[] = [];
  const lines: string[] = [];
  const scroll: string[] = [];
  let row = 0;
  let still = 0;

  for (const [index, { from, until, line }] of played.entries()) {
    const rows = rowsOf(line);
    frames.push(`@keyframes f${index}{0%{opacity:0}${percent(from)}{opacity:1}${until === undefined ? '' : `${percent(until)}{opacity:0}`}}`);
    lines.push(`<text class="${until === undefined ? 'stays' : 'passes'}" style="animation-name:f${index}">${
      rows.map((segments, offset) => drawn(segments, (row + offset + 1) * ROW - DESCENT)).join('')
    }</text>`);
    scroll.push(`${percent(from)}{transform:translateY(${-ROW * Math.max(0, row + rows.length - ROWS)}px)}`);
    if (until === undefined) row += rows.length;
    if (line.includes('before phase 2')) still = row - 1;
  }

  const height = BAR + ROWS * ROW + 2 * MARGIN;
  const said = plainLines(played).filter((line) => /^[▸✔]/.test(line)).map((line) => line.slice(2));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(`A terminal that runs ${command}`)}</title>`,
    `<desc id="description">${escape(said.join('. '))}.</desc>`,
    '<style>',
    `text{font:12px ${MONO};fill:#e6edf3;white-space:pre}`,
    '.b{font-weight:bold;fill:#fff}.d{fill:#9198a1}.r{fill:#ff7b72}.g{fill:#56d364}.c{fill:#79c0ff}',
    `.stays,.passes,.scroll{animation:${seconds.toFixed(1)}s step-end infinite}.passes{opacity:0}`,
    '@media (prefers-reduced-motion:reduce){.stays,.passes,.scroll{animation:none}}',
    ...frames,
    `@keyframes scroll{0%{transform:none}${[...new Map(scroll.map((step) => [step.split('{')[0], step])).values()].join('')}}`,
    '</style>',
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="#0d1117" stroke="#3d444d"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map((color, index) => `<circle cx="${20 + 18 * index}" cy="${BAR / 2}" r="5.5" fill="${color}"/>`),
    `<text x="${WIDTH / 2}" y="${BAR / 2 + 4}" text-anchor="middle" class="d">$ ${escape(command)}</text>`,
    `<text x="${WIDTH - 16}" y="${BAR / 2 + 4}" text-anchor="end" class="d">waits are shortened</text>`,
    `<path d="M1,${BAR} H${WIDTH - 1}" stroke="#30363d"/>`,
    `<svg x="0" y="${BAR + MARGIN}" width="${WIDTH}" height="${ROWS * ROW}">`,
    `<g class="scroll" style="animation-name:scroll" transform="translate(0,${-ROW * still})" xml:space="preserve">`,
    ...lines,
    '</g>',
    '</svg>',
    '</svg>',
    '',
  ].join('\n');
}

interface Segment {
  readonly column: number;
  readonly style: string;
  readonly text: string;
}

/** Splits a line into segments of one color, and into rows if it is wider than the terminal. */
function rowsOf(line: string): Segment[][] {
  const rows: Segment[][] = [[]];
  let column = 0;
  for (const part of line.split(/(?=\x1b\[)/)) {
    const [, code = '0', content] = /^(?:\x1b\[(\d+)m)?(.*)$/.exec(part)!;
    if (!(code in STYLES)) throw new Error(`unknown escape sequence in ${JSON.stringify(line)}`);
    for (let rest = content; rest;) {
      if (column === COLUMNS) {
        rows.push([]);
        column = 0;
      }
      const text = rest.slice(0, COLUMNS - column);
      rows.at(-1)!.push({ column, style: STYLES[code], text });
      column += text.length;
      rest = rest.slice(text.length);
    }
  }
  return rows;
}

function drawn(segments: readonly Segment[], y: number): string {
  return segments.map(({ column, style, text }) => (
    `<tspan x="${(MARGIN + column * COLUMN).toFixed(1)}" y="${y}"${style && ` class="${style}"`}>${escape(text)}</tspan>`
  )).join('');
}

function plainLines(played: readonly Played[]): string[] {
  return played.filter(({ until }) => until === undefined).map(({ line }) => line.replace(/\x1b\[\d+m/g, '').trim());
}

/** Lines of the film, to compare them with the output of a demo that runs without a terminal. */
export function storyOf(svg: string): string[] {
  return storyIn([...svg.matchAll(/<text class="stays"[^>]*>(.*?)<\/text>/g)].map(([, line]) => (
    line.replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')
  )));
}

/** Removes all parts that differ between runs: times, the port, digests, names of load balancers, the environment, and one-time steps. */
export function storyIn(lines: readonly string[]): string[] {
  return lines.map((line) => line.trim()
    .replace(/\d+(\.\d)? s\b/g, '… s')
    .replace(/127\.0\.0\.1:\d+/, '127.0.0.1:…')
    .replace(/sha256:[0-9a-f]{64}/, 'sha256:…')
    .replace(/\S+\.elb\.amazonaws\.com/, '….elb.amazonaws.com')
    .replace(/not used: .*/, 'not used: …')).filter((line) => line && !line.startsWith('Installing '));
}
