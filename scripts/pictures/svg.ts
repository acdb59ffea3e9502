/** Shared parts of all pictures: the frame, the colors for light and dark mode, and basic shapes. */

export const WIDTH = 860;

const SANS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
export const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** Class: fill and stroke in light mode, fill and stroke in dark mode. */
const COLORS: Record<string, readonly [string, string, string, string]> = {
  paper: ['#ffffff', '#d8dee4', '#0d1117', '#30363d'],
  box: ['#ffffff', '#c4ccd4', '#161b22', '#3d444d'],
  registry: ['#eef4fc', '#a9c4ea', '#121f33', '#34598c'],
  image: ['#f5f1fc', '#c9b8ea', '#1f1a33', '#5d4b8f'],
  service: ['#eef8f1', '#a3d1b3', '#10241a', '#2f6b48'],
  guard: ['#fff6e0', '#dfb65c', '#2c230d', '#8a6a1f'],
  refused: ['#fdefee', '#e6a9a4', '#331615', '#8d3b37'],
};

/** Class: color in light mode, color in dark mode. */
const INKS: Record<string, readonly [string, string]> = {
  ink: ['#1f2328', '#e6edf3'],
  pale: ['#59636e', '#9198a1'],
  good: ['#1a7f37', '#3fb950'],
  bad: ['#cf222e', '#f8746c'],
};

export interface Picture {
  /** Short title and full description of the picture, for screen readers. */
  readonly title: string;
  readonly description: string;
  readonly height: number;
  readonly content: readonly string[];
}

export function picture({ title, description, height, content }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    '<style>',
    `text{font-family:${SANS};font-size:13px}`,
    `.mono{font-family:${MONO};font-size:11.5px}`,
    '.small{font-size:11.5px}',
    '.strong{font-weight:600}',
    '.head{font-size:15px;font-weight:600}',
    '.line{fill:none;stroke-width:1.5}',
    '.dashed{stroke-dasharray:5 4}',
    ...colors(0),
    `@media (prefers-color-scheme:dark){${colors(1).join('')}}`,
    '</style>',
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0,0.5 L7.5,4 L0,7.5 Z"/></marker></defs>',
    box('paper', 0.5, 0.5, WIDTH - 1, height - 1),
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function colors(night: 0 | 1): string[] {
  return [
    ...Object.entries(COLORS).map(([name, of]) => `.${name}{fill:${of[2 * night]};stroke:${of[2 * night + 1]}}`),
    ...Object.entries(INKS).map(([name, of]) => `.${name}{fill:${of[night]}}`),
    `.line{stroke:${INKS.pale[night]}}.tip{fill:${INKS.pale[night]}}`,
  ];
}

export function box(style: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`;
}

export function text(style: string, x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text class="${style}" x="${x}" y="${y}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escape(content)}</text>`;
}

/** A line through these points, with an arrowhead at its end. */
export function arrow(points: ReadonlyArray<readonly [number, number]>, style = ''): string {
  return `<path class="line ${style}" marker-end="url(#tip)" d="M${points.map((point) => point.join(',')).join(' L')}"/>`;
}

/** Wraps text to lines of at most this many characters. `separator` matches the spaces at which a line can break. */
export function wrap(content: string, characters: number, separator = / /): string[] {
  const lines = [''];
  for (const word of content.split(separator)) {
    const line = lines[lines.length - 1];
    if (line && line.length + 1 + word.length > characters) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}

export function escape(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
