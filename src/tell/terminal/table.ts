// Tables on a terminal that fit its width. The only file that knows cli-table3.
import Table from 'cli-table3';
import { fold, type Paint, widthOf } from './terminal.ts';

/** A cell: safe to print, on one line. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

export interface TableColumn {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** May be cut to so many columns where there is no room; others never are. */
  readonly least?: number;
  /** The beginning is cut, and the end kept: of paths and node ids. */
  readonly keepsEnd?: boolean;
  /** Left out where there is no room, the highest first. */
  readonly optional?: number;
}

/** Between two columns. */
const gap = 2;

/**
 * @param rows a cell for each column
 * @param width columns of the terminal
 * @returns lines, the heading first
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  const wanted = columns.map(({ head }, at) =>
    Math.max(widthOf(head), ...rows.map((row) => widthOf(textOf(row[at] ?? '')))),
  );
  const shown = columns.map((_, at) => at);
  const room = (widths: readonly number[]) =>
    width - shown.reduce((sum, at) => sum + (widths[at] ?? 0), 0) - gap * (shown.length - 1);
  const leastOf = (at: number) => Math.min(columns[at]?.least ?? Number.POSITIVE_INFINITY, wanted[at] ?? 0);
  for (;;) {
    if (room(columns.map((_, at) => leastOf(at))) >= 0) break;
    const next = shown.toSorted((a, b) => (columns[b]?.optional ?? 0) - (columns[a]?.optional ?? 0))[0];
    if (next === undefined || columns[next]?.optional === undefined) break;
    shown.splice(shown.indexOf(next), 1);
  }
  const widths = [...wanted];
  // The widest of those that may be cut gives first.
  for (let lacking = -room(widths); lacking > 0; lacking = -room(widths)) {
    const cut = shown
      .filter((at) => (widths[at] ?? 0) > leastOf(at))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    const [first, second] = cut;
    if (first === undefined) break;
    const to = Math.max(leastOf(first), second === undefined ? 0 : (widths[second] ?? 0) - 1);
    widths[first] = Math.max(to, (widths[first] ?? 0) - lacking);
  }
  const cellOf = (cell: Cell, at: number): string => {
    const most = widths[at] ?? 0;
    const text = columns[at]?.keepsEnd === true ? foldStart(textOf(cell), most) : fold(textOf(cell), most);
    return typeof cell === 'string' ? text : cell.paint(text);
  };
  const table = new Table({
    chars: Object.fromEntries(borders.map((name) => [name, name === 'middle' ? ' '.repeat(gap) : ''])),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: shown.map((at) => columns[at]?.align ?? 'left'),
    head: shown.map((at) => paint.dim(cellOf(columns[at]?.head ?? '', at))),
  });
  for (const row of rows) table.push(shown.map((at) => cellOf(row[at] ?? '', at)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

const borders = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
];

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Cuts the beginning of a text; `…` shows the cut. */
function foldStart(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const kept: string[] = [];
  let left = width - 1;
  for (const char of [...text].reverse()) {
    left -= widthOf(char);
    if (left < 0) break;
    kept.unshift(char);
  }
  return `…${kept.join('')}`;
}
