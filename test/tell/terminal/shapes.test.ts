// Tables, curves and times on a terminal.
import { describe, expect, it } from 'vitest';
import { renderCurve, sparkline } from '../../../src/tell/terminal/plot.ts';
import { renderTable } from '../../../src/tell/terminal/table.ts';
import { createPaint, widthOf } from '../../../src/tell/terminal/terminal.ts';
import { ago, lasted } from '../../../src/tell/terminal/when.ts';

const paint = createPaint(false);
const columns = [
  { head: 'test', least: 10, keepsEnd: true },
  { head: 'runs', align: 'right' },
  { head: 'note', least: 6, optional: 1 },
] as const;
const rows = [
  ['tests/orders/test_refunds.py::test_is_kept_41', '7', 'failed alone, last on 1a2b3c4'],
  ['日本語の長い名前のテスト::テスト', '12,345', ''],
];

describe('a table', () => {
  it.each([30, 60, 80, 120])('fits %i columns, also with wide characters', (width) => {
    const lines = renderTable(columns, rows, { width, paint });
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/test_is_kept_41|…\S*41/);
  });

  it('leaves out what is optional before it cuts what is not', () => {
    expect(renderTable(columns, rows, { width: 22, paint })[0]).not.toContain('note');
    expect(renderTable(columns, rows, { width: 120, paint })[0]).toContain('note');
  });

  it('paints cells without counting the colours', () => {
    const red = createPaint(true).red;
    const [, plain] = renderTable(columns, [['a', '1', 'b']], { width: 80, paint });
    const [, painted] = renderTable(columns, [[{ text: 'a', paint: red }, '1', 'b']], { width: 80, paint });
    expect(painted).toBe(plain?.replace('a', red('a')));
  });
});

describe('a curve', () => {
  const format = (value: number) => value.toFixed(0);
  const points = (...values: (number | undefined)[]) =>
    values.map((value, at) => ({ label: `d${at}`, value }));

  it('has the scale of its values, and the first and last label', () => {
    const lines = renderCurve(points(10, 20, 30, undefined, 40), { width: 60, format });
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatch(/^ +40 ┤/);
    expect(lines.at(-2)).toMatch(/^ +10 ┼/);
    expect(lines.at(-1)).toMatch(/^ +d0 +d4$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it.each([
    ['nothing', []],
    ['one value', [5]],
    ['no value', [undefined, undefined]],
  ])('of %s is none', (_, values) => {
    expect(renderCurve(points(...values), { width: 60, format })).toEqual([]);
  });

  it('begins with the first value, stays flat where nothing changes, and takes means where there is no room', () => {
    expect(renderCurve(points(undefined, 5, 5), { width: 60, format }).at(-1)).toMatch(/d1 +d2/);
    const many = renderCurve(points(...Array.from({ length: 500 }, (_, at) => at)), { width: 50, format });
    for (const line of many) expect(line.length).toBeLessThanOrEqual(50);
  });
});

it('a line of bars goes from the smallest to the greatest', () => {
  expect(sparkline([0, 5, undefined, 10])).toBe('▁▅ █');
  expect(sparkline([3, 3])).toBe('▁▁');
  expect(sparkline([])).toBe('');
});

it.each([
  [0, 'now'],
  [50, '1 min ago'],
  [3599, '1 hour ago'],
  [7200, '2 hours ago'],
  [86_400, '1 day ago'],
  [40 * 86_400, '40 days ago'],
  [90 * 86_400, '2026-08-29'],
  [-7200, 'in 2 hours'],
])('%i seconds before are %j', (seconds, words) => {
  const now = new Date('2026-11-27T12:00:00Z');
  const at = new Date(now.getTime() - seconds * 1000);
  expect(ago(at, now)).toBe(words);
  if (seconds > 0 && seconds < 5_000_000) expect(lasted(at, now)).toBe(words.replace(' ago', ''));
});
