import { byService } from './app';
import { arrow, box, picture, text, wrap } from './svg';
import { StackEvent } from '../../test/emulator/aws';

/** Two first deployments of the same stack. */
export interface Deployments {
  /** Events of the deployment without the image. */
  readonly refused: readonly StackEvent[];
  /** Events of the deployment with the image. */
  readonly released: readonly StackEvent[];
}

const STACK = 'AWS::CloudFormation::Stack';
const GUARD = 'Custom::ImageGuard';
const COLUMNS = { refused: 16, released: 438 };
const COLUMN_WIDTH = 406;
const TYPES_AT = 186;
const TYPES_CHARACTERS = 31;
const NOTE = wrap('These are the stack events on the local emulator, which creates one resource at a time. AWS creates resources in '
  + 'parallel unless they wait for each other. On both, the resources below the guard wait for it.', 58);
const ROW = 18;
const TOP = 88;
const GUARD_HEIGHT = 74;

/** Shows the order in which CloudFormation creates the resources of a service, and where it stops without an image. */
export function eventsPicture({ refused, released }: Deployments): string {
  const parts = { refused: around(refused), released: around(released) };
  if (JSON.stringify(parts.refused.before) !== JSON.stringify(parts.released.before)) throw new Error('the deployments differ before the guard');
  const reason = /Image .*? does not exist .*?\. .*?\./.exec(parts.refused.guard.reason)![0].replace(/\S*\//, '…/');

  const guardAt = TOP + rowsOf(parts.refused.before).length * ROW + 4;
  const afterAt = guardAt + GUARD_HEIGHT + 28;
  const end = afterAt + Math.max(rowsOf(parts.refused.after).length, rowsOf(parts.released.after).length) * ROW;

  return picture({
    title: 'Stack events of a failed and a successful deployment',
    description: `Both deployments begin with the same events: ${told(parts.refused.before)}. Without the image, the guard ends with ${parts.refused.guard.status}: ${reason} `
      + `Then: ${told(parts.refused.after)}. With the image, the guard ends with ${parts.released.guard.status}. Then: ${told(parts.released.after)}.`,
    height: end + 16,
    content: [
      ...column(COLUMNS.refused, 'The image does not exist', parts.refused, 'refused', reason),
      ...column(COLUMNS.released, 'The image exists', parts.released, 'guard', 'The guard returns the digest of the image. All resources that need it, or cost money, are created after this.'),
      ...NOTE.map((line, index) => text('small pale', COLUMNS.refused, end - ROW + (index + 1 - NOTE.length) * 17, line)),
    ],
  });

  function column(x: number, title: string, { before, guard, after }: Parts, style: string, remark: string): string[] {
    return [
      text('head ink', x, 38, title),
      text('mono pale', x, 62, 'CREATE_IN_PROGRESS'),
      ...drawn(before, x, TOP),
      box(style, x, guardAt, COLUMN_WIDTH, GUARD_HEIGHT),
      text('ink strong', x + 14, guardAt + 24, 'the guard'),
      text(`mono strong ${guard.status.endsWith('FAILED') ? 'bad' : 'good'}`, x + COLUMN_WIDTH - 14, guardAt + 24, guard.status, 'end'),
      ...wrap(remark, 58).map((line, index) => text('small ink', x + 14, guardAt + 45 + index * 17, line)),
      arrow([[x + 20, guardAt + GUARD_HEIGHT], [x + 20, guardAt + GUARD_HEIGHT + 14]]),
      ...drawn(after, x, afterAt),
    ];
  }
}

interface Parts {
  readonly before: readonly StackEvent[];
  readonly guard: StackEvent;
  readonly after: readonly StackEvent[];
}

/** Events before and after the guard, and the final status of the stack. */
function around(events: readonly StackEvent[]): Parts {
  const ends = events.filter(({ type, status }) => (type === STACK ? !/^(REVIEW|CREATE)_IN_PROGRESS$/.test(status) : !status.endsWith('_IN_PROGRESS')));
  const index = ends.findIndex(({ type }) => type === GUARD);
  return { before: ends.slice(0, index), guard: ends[index], after: ends.slice(index + 1) };
}

interface Row {
  readonly style: 'made' | 'deleted' | 'stack' | 'more';
  readonly name: string;
  readonly types: string;
}

/** One row for consecutive events of one service. */
function rowsOf(events: readonly StackEvent[]): Row[] {
  return runsOf(events).flatMap((run): Row[] => {
    const { type, status } = run[0];
    if (type === STACK) return [{ style: 'stack', name: status, types: '' }];
    const [[service, types]] = byService(run);
    const style = status.startsWith('DELETE') ? 'deleted' : 'made';
    return wrap(types, TYPES_CHARACTERS, /(?<=,) /).map((line, index) => (
      index === 0 ? { style, name: service, types: line } : { style: 'more', name: '', types: line }
    ));
  });
}

function runsOf(events: readonly StackEvent[]): StackEvent[][] {
  const runs: StackEvent[][] = [];
  for (const event of events) {
    const [previous] = runs.at(-1) ?? [];
    if (previous && kindOf(previous) === kindOf(event)) runs.at(-1)!.push(event);
    else runs.push([event]);
  }
  return runs;
}

function kindOf({ type, status }: StackEvent): string {
  return `${status} ${type === STACK ? status : type.split('::')[1]}`;
}

function drawn(events: readonly StackEvent[], x: number, y: number): string[] {
  return rowsOf(events).flatMap(({ style, name, types }, index) => {
    const at = y + index * ROW;
    switch (style) {
      case 'stack':
        return [text(`mono strong ${name === 'CREATE_COMPLETE' ? 'good' : 'bad'}`, x, at, name)];
      case 'more':
        return [text('mono pale', x + TYPES_AT, at, types)];
      default:
        return [
          style === 'made' ? text('small good', x + 14, at, '✔') : text('small pale', x + 14, at, '✕'),
          text('small ink', x + 34, at, name),
          text('mono pale', x + TYPES_AT, at, types),
        ];
    }
  });
}

function told(events: readonly StackEvent[]): string {
  return runsOf(events).map((run) => {
    const { type, status } = run[0];
    return type === STACK ? `the stack is ${status}` : `${status} of ${byService(run).map((named) => named.join(' ')).join()}`;
  }).join(', ');
}
