// What a bench found, on a line for people, and for `npm run bench`, which gathers the figures of all benches, in a file.
import { appendFileSync } from 'node:fs';

export interface Figure {
  /** What was measured, in words that stand alone. */
  readonly what: string;
  /** With its unit. */
  readonly value: string;
  /** What it is to be at most, in the same unit. */
  readonly bound?: string | undefined;
}

/** Prints a figure, and hands it to `npm run bench` where that runs. */
export function tellFigure(figure: Figure): void {
  const { what, value, bound } = figure;
  console.log(`${what}: ${value}${bound === undefined ? '' : ` (at most ${bound})`}`);
  const file = process.env.LUKHAS_FIGURES ?? '';
  if (file !== '') appendFileSync(file, `${JSON.stringify(figure)}\n`);
}

/** The middle one of some values; the lower of two. */
export function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)] ?? Number.NaN;
}

/** Ten times the time is so many blocks more. */
const blocksAFactor = 16;

/** Times of a series as bars, from 0.1 s on: ten times the time is 16 blocks more. What is no time in seconds is left out. */
export function plotTimes(figures: readonly Pick<Figure, 'what' | 'value'>[]): string[] {
  return figures.flatMap(({ what, value }) => {
    const seconds = Number(/^[\d.]+(?= s\b)/.exec(value)?.[0] ?? Number.NaN);
    if (!(seconds > 0)) return [];
    const blocks = Math.max(1, Math.round(blocksAFactor * Math.log10(seconds / 0.1)));
    return [`${seconds.toFixed(2).padStart(6)} s ${'█'.repeat(blocks).padEnd(3 * blocksAFactor)} ${what}`];
  });
}
