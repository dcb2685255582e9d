// Pass rate, duration and coverage of runs over time, a line for each job.
import uPlot from 'uplot';
import { count, duration } from '../../words.ts';
import type { PageRunData } from '../data.ts';
import { atTime, el, line, onDay, put } from './dom.ts';
import { type Model, shortSha } from './model.ts';

/** More lines cannot be told apart. */
const mostJobs = 6;

interface Measure {
  readonly name: string;
  readonly of: (run: PageRunData) => number | undefined;
  readonly words: (value: number) => string;
}

const measures: readonly Measure[] = [
  {
    name: 'Pass rate',
    // Skipped tests tell nothing.
    of: ({ tests, skipped, passed }) => (tests > skipped ? (100 * passed) / (tests - skipped) : undefined),
    words: (value) => `${floor(value)} %`,
  },
  { name: 'Duration', of: ({ seconds }) => seconds, words: duration },
  { name: 'Coverage', of: ({ coverage }) => coverage, words: (value) => `${floor(value)} %` },
];

/** Never 100 where a test failed. */
function floor(value: number): string {
  return (Math.floor(value * 100) / 100).toFixed(2).replace(/\.?0+$/, '');
}

export function trendSection(model: Model): HTMLElement {
  const plots = el('div', 'plots');
  const legend = el('ul', 'legend');
  const note = el('p', 'dim');
  const section = el(
    'section',
    '',
    { id: 'trend', 'aria-labelledby': 'trend-title' },
    el('h2', '', { id: 'trend-title' }, 'Trend'),
    note,
    legend,
    plots,
  );
  let drawn: uPlot[] = [];
  const draw = () => {
    for (const plot of drawn) plot.destroy();
    drawn = [];
    plots.replaceChildren();
    legend.replaceChildren();
    const { data } = model;
    // What is no evidence is no trend.
    const shown = model.shownRuns().filter((run) => model.isEvidence(data.runs[run] as PageRunData));
    const byJob = new Map<string, number[]>();
    for (const run of shown) {
      const job = model.jobOf(data.runs[run] as PageRunData);
      byJob.set(job, [...(byJob.get(job) ?? []), run]);
    }
    const jobs = [...byJob].sort((a, b) => b[1].length - a[1].length).slice(0, mostJobs);
    const left = byJob.size - jobs.length;
    const where =
      model.filter.branch === 'base' ? `of ${data.baseBranch ?? 'the base branch'}` : 'of all branches';
    note.textContent = '';
    put(
      note,
      `${count(shown.length, 'run')} ${where}${left > 0 ? `; ${count(left, 'more job')} by the filter above` : ''}. Skipped tests are not counted in the pass rate.`,
    );
    if (shown.length === 0) return;
    const colours = jobs.map((_, i) => colour(`--series-${i + 1}`));
    if (jobs.length > 1)
      for (const [i, [job]] of jobs.entries()) {
        const key = el('span', 'key');
        key.style.background = colours[i] ?? '';
        put(legend, el('li', '', {}, key, line(job)));
      }
    const places = jobs.flatMap(([, runs]) => runs).sort((a, b) => a - b);
    const later: (() => uPlot)[] = [];
    for (const measure of measures) {
      const values = jobs.map(([, runs]) => {
        const own = new Set(runs);
        return places.map((run) =>
          own.has(run) ? (measure.of(data.runs[run] as PageRunData) ?? null) : null,
        );
      });
      if (values.every((row) => row.every((value) => value === null))) continue;
      later.push(plot(model, measure, { plots, places, values, colours }));
    }
    // Their widths are known when all are on the page.
    drawn = later.map((make) => make());
  };
  model.onChange(draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('theme', draw);
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth !== width) draw();
    width = innerWidth;
  });
  // Its width is known when it is on the page.
  requestAnimationFrame(draw);
  return section;
}

function plot(
  model: Model,
  measure: Measure,
  {
    plots,
    places,
    values,
    colours,
  }: {
    readonly plots: HTMLElement;
    readonly places: readonly number[];
    readonly values: readonly (readonly (number | null)[])[];
    readonly colours: readonly string[];
  },
): () => uPlot {
  const { runs } = model.data;
  const last = values.map((row) => row.findLast((value) => value !== null) ?? null);
  const telling = el('span', 'telling');
  const title = el('h3', '', {}, measure.name, telling);
  const say = (at: number | null | undefined) => {
    telling.textContent = '';
    const row = at === null || at === undefined ? undefined : values.find((one) => one[at] !== null);
    const run = at === null || at === undefined ? undefined : runs[places[at] ?? -1];
    if (row === undefined || run === undefined) {
      const newest = values.length === 1 ? last[0] : undefined;
      if (newest !== null && newest !== undefined) put(telling, `last ${measure.words(newest)}`);
      return;
    }
    const value = row[at ?? 0] ?? 0;
    put(
      telling,
      `${measure.words(value)} · ${atTime(run.at)} · ${line(run.branch ?? '')} ${shortSha(run.sha)}${values.length > 1 ? ` · ${line(model.jobOf(run))}` : ''}`,
    );
  };
  say(undefined);
  const numbers = values.flat().filter((value) => value !== null);
  const box = el('figure', 'plot', {
    role: 'img',
    'aria-label': `${measure.name} of ${numbers.length} runs, from ${measure.words(Math.min(...numbers))} to ${measure.words(Math.max(...numbers))}`,
  });
  put(plots, el('div', 'measure', {}, title, box));
  const axis = {
    stroke: colour('--dim'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return () =>
    new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height: 140,
        padding: [8, 24, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: 'trend', setSeries: false }, drag: { x: false, y: false }, y: false },
        scales: {
          x: {
            range: (_, first, last) => (places.length > 1 && first < last ? [first, last] : aroundDay(first)),
          },
          y: { range: (_, min, max) => room(min, max, measure.name === 'Duration' ? Infinity : 100) },
        },
        axes: [
          { ...axis, grid: { show: false }, space: 64, size: 26, values: (_, ticks) => daysOf(ticks) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => measure.words(tick)) },
        ],
        series: [
          {},
          ...values.map((row, i) => ({
            stroke: colours[i] ?? '',
            width: 1.5,
            spanGaps: true,
            points: { show: row.filter((value) => value !== null).length < 60, size: 5 },
          })),
        ],
        hooks: { setCursor: [(self) => say(self.cursor.idx)] },
      },
      [places.map((run) => (runs[run]?.at ?? 0) / 1000), ...values.map((row) => [...row])],
      box,
    );
}

/** One run alone stands in the middle of two days; uPlot would show years. In seconds. */
function aroundDay(at: number): [number, number] {
  return [at - 86_400, at + 86_400];
}

/** One label a day. */
function daysOf(ticks: readonly number[]): string[] {
  const days = ticks.map((tick) => onDay(tick * 1000));
  return days.map((day, i) => (day === days[i - 1] ? '' : day));
}

function room(min: number, max: number, top: number): [number, number] {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  const pad = Math.max((max - min) * 0.1, max * 0.001, 0.01);
  return [Math.max(0, min - pad), Math.min(top, max + pad)];
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
