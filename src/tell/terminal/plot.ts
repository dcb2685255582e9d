// Plots on a terminal: a curve over time, and a line of small bars. The only file that knows asciichart.
import { plot } from 'asciichart';

export interface CurvePoint {
  /** What stands below the axis for it. */
  readonly label: string;
  /** undefined: nothing is known, and the curve stays where it was. */
  readonly value: number | undefined;
}

/**
 * A curve with its scale on the left and the first and last label below.
 *
 * @param width columns of the terminal
 * @param format a value of the scale, in few characters
 * @returns lines; none where fewer than two values are known
 */
export function renderCurve(
  points: readonly CurvePoint[],
  {
    width,
    height = 7,
    format,
  }: { readonly width: number; readonly height?: number; format(value: number): string },
): readonly string[] {
  const begun = points.slice(points.findIndex(({ value }) => value !== undefined));
  const known = begun.flatMap(({ value }) => value ?? []);
  if (known.length < 2) return [];
  const [min, max] = [Math.min(...known), Math.max(...known)];
  const scale = Math.max(...[min, max, (min + max) / 2].map((value) => format(value).length)) + 1;
  const columns = Math.max(10, width - scale - 3);
  let latest = known[0] ?? 0;
  const series = stretch(
    begun.map(({ value }) => {
      latest = value ?? latest;
      return latest;
    }),
    columns,
  );
  // A flat line has no scale of its own.
  const bounds = max > min ? { min, max } : { min: min - 1, max: max + 1 };
  const lines = plot(series, {
    height: max > min ? height - 1 : 2,
    ...bounds,
    format: (value) => (max > min || Math.abs(value - min) < 0.01 ? format(value) : '').padStart(scale),
  })
    .split('\n')
    .map((line) => line.trimEnd());
  const [first = '', last = ''] = [begun[0]?.label, begun.at(-1)?.label];
  const blanks = Math.max(2, Math.min(columns, series.length) - first.length - last.length);
  return [...lines, `${' '.repeat(scale + 2)}${first}${' '.repeat(blanks)}${last}`];
}

/** As many values as there are columns, or fewer by a whole factor: the mean of those that share a column. */
function stretch(values: readonly number[], columns: number): number[] {
  if (values.length <= columns) {
    const times = Math.max(1, Math.floor(columns / values.length));
    return values.flatMap((value) => Array.from({ length: times }, () => value));
  }
  return Array.from({ length: columns }, (_, at) => {
    const from = Math.floor((at * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / columns));
    const some = values.slice(from, to);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
}

const bars = '▁▂▃▄▅▆▇█';

/** One bar a value, from the smallest to the greatest; a blank where nothing is known. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.flatMap((value) => value ?? []);
  const [min, max] = [Math.min(...known), Math.max(...known)];
  return values
    .map((value) => {
      if (value === undefined) return ' ';
      const share = max > min ? (value - min) / (max - min) : 0;
      return bars[Math.min(bars.length - 1, Math.floor(share * bars.length))] ?? ' ';
    })
    .join('');
}
