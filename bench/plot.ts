const WIDTH = 640;
const COLORS = ['#6a8499', '#d9822b', '#1f8a70', '#a45bc4'];

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
  /** Whether the chart is about this bar. The other bars are for comparison. */
  readonly highlighted: boolean;
}

export function barChart(title: string, bars: readonly Bar[]): string {
  const [left, right, top, step] = [210, 70, 44, 30];
  const largest = Math.max(...bars.map(({ value }) => value));
  const rows = bars.map(({ name, value, label, highlighted }, index) => {
    const y = top + index * step;
    const width = value / largest * (WIDTH - left - right);
    return [
      text(left - 8, y + 15, name, 'end'),
      `<rect x="${left}" y="${y}" width="${round(width)}" height="20" fill="${COLORS[highlighted ? 1 : 0]}"/>`,
      text(round(left + width) + 6, y + 15, label),
    ].join('\n');
  });
  return svg(top + bars.length * step + 10, title, rows);
}

export interface Line {
  readonly name: string;
  readonly points: ReadonlyArray<readonly [number, number]>;
}

export function lineChart(title: string, axis: string, lines: readonly Line[]): string {
  const [left, right, top, height] = [70, 150, 50, 250];
  const points = lines.flatMap((line) => line.points);
  const [largestX, largestY] = [0, 1].map((coordinate) => Math.max(...points.map((point) => point[coordinate])));
  const x = (value: number) => round(left + value / largestX * (WIDTH - left - right));
  const y = (value: number) => round(top + height - value / largestY * height);
  const curves = lines.map(({ name, points: line }, index) => {
    const color = COLORS[index % COLORS.length];
    const [lastX, lastY] = line[line.length - 1];
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${line.map(([a, b]) => `${x(a)},${y(b)}`).join(' ')}"/>`,
      ...line.map(([a, b]) => `<circle cx="${x(a)}" cy="${y(b)}" r="3" fill="${color}"/>`),
      text(x(lastX) + 8, y(lastY) + 4, name),
    ].join('\n');
  });
  const ticks = [...new Set(points.map(([value]) => value))].map((value) => text(x(value), top + height + 18, String(value), 'middle'));
  return svg(top + height + 46, title, [
    `<path fill="none" stroke="#888" d="M${left},${top} V${top + height} H${WIDTH - right}"/>`,
    text(left - 8, y(largestY) + 4, String(Math.round(largestY)), 'end'),
    text(left - 8, y(0) + 4, '0', 'end'),
    text((left + WIDTH - right) / 2, top + height + 36, axis, 'middle'),
    ...ticks,
    ...curves,
  ]);
}

function svg(height: number, title: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${title}</title>`,
    // The colors follow the light or dark mode of the page.
    '<style>text{fill:#1f2328}.paper{fill:#fff}@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}}</style>',
    '<rect class="paper" width="100%" height="100%"/>',
    `<text x="16" y="24" font-size="14" font-weight="bold">${title}</text>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
