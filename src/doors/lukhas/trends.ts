// Actions of the questions about time, coverage and change: call the store and the judge, and print what they answer. No SQL here.
import { findWorse } from '../../asking.ts';
import {
  type Bucket,
  listSlow,
  mostFileRuns,
  readCoverage,
  readFileCoverage,
  readTrend,
} from '../../store/questions/trends.ts';
import { shortSha } from '../../tell/evidence.ts';
import { safeLine } from '../../tell/safe.ts';
import { renderCurve, sparkline } from '../../tell/terminal/plot.ts';
import { type Cell, renderTable } from '../../tell/terminal/table.ts';
import { type Terminal, wrap } from '../../tell/terminal/terminal.ts';
import { ago } from '../../tell/terminal/when.ts';
import { count, duration, number, percent } from '../../tell/words.ts';
import type { ExitCode } from '../process.ts';
import { minutes } from './ask.ts';
import { type AskSettings, answerAbout } from './asking.ts';

const usual = 20;
const day = (at: Date) => at.toISOString().slice(0, 10);

export function slow({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 30 }, async ({ db, access, scope, json }) => {
    const found = await listSlow(db, access, scope, limit);
    const rows = found.tests.map((one): Cell[] => [
      { text: safeLine(one.testName), paint: paint.bold },
      minutes(one.totalSeconds),
      percent((100 * one.totalSeconds) / Math.max(found.totalSeconds, 1e-9)),
      duration(one.meanSeconds),
      duration(one.mostSeconds),
      number(one.runs),
      growthCell(one.growth, paint),
    ]);
    return {
      lines: [
        ...(rows.length === 0
          ? ['no test says how long it took']
          : renderTable(
              [
                { head: 'test', least: 24, keepsEnd: true },
                { head: 'time', align: 'right' },
                { head: 'share', align: 'right', optional: 1 },
                { head: 'usually', align: 'right' },
                { head: 'at most', align: 'right', optional: 3 },
                { head: 'runs', align: 'right', optional: 2 },
                { head: 'trend', align: 'right' },
              ],
              rows,
              { width, paint },
            )),
        ...wrap(
          `${minutes(found.totalSeconds)} in ${count(found.runs, 'run')}, ${count(found.results, 'result')}${found.more ? ': the newest only' : ''}; the trend is the newer half of them against the older`,
          width,
        ).map((line) => paint.dim(line)),
      ],
      json: {
        scope: json,
        runs: found.runs,
        results: found.results,
        total_seconds: found.totalSeconds,
        more: found.more,
        slow: found.tests.map((one) => ({
          test_name: one.testName,
          runs: one.runs,
          total_seconds: one.totalSeconds,
          mean_seconds: one.meanSeconds,
          most_seconds: one.mostSeconds,
          growth: one.growth,
        })),
      },
    };
  });
}

function growthCell(growth: number | undefined, paint: Terminal['paint']): Cell {
  if (growth === undefined) return '';
  if (growth > 0.9 && growth < 1.1) return { text: '≈', paint: paint.dim };
  return growth > 1
    ? { text: `× ${growth.toFixed(1)}`, paint: growth >= 1.5 ? paint.red : paint.yellow }
    : { text: `× ${growth.toFixed(1)}`, paint: paint.green };
}

/** A point a day for a season, a week for a year, a month beyond. */
function bucketOf(since: Date | undefined, now: Date): Bucket {
  const days =
    since === undefined ? Number.POSITIVE_INFINITY : (now.getTime() - since.getTime()) / 86_400_000;
  return days <= 100 ? 'day' : days <= 400 ? 'week' : 'month';
}

export function trend(settings: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 90 }, async ({ db, access, scope, now, json }) => {
    const bucket = bucketOf(scope.since, now);
    const points = await readTrend(db, access, scope, bucket);
    const runs = points.reduce((sum, point) => sum + point.runs, 0);
    const green = points.reduce((sum, point) => sum + point.green, 0);
    const curves = [
      ['tests that pass', 'passPercent', (value: number) => percent(value)],
      ['duration of a run', 'durationSeconds', duration],
      ['coverage', 'coveragePercent', (value: number) => percent(value)],
    ] as const;
    const lines = curves.flatMap(([title, key, format]) => {
      const known = points.flatMap((point) => point[key] ?? []);
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return [];
      const curve = renderCurve(
        points.map((point) => ({ label: day(point.start), value: point[key] })),
        { width, format },
      );
      return [
        '',
        known.length === 1
          ? `${paint.bold(title)}  ${format(first)}`
          : `${paint.bold(title)}  ${format(first)} → ${format(last)}  ${paint.dim(`from ${format(Math.min(...known))} to ${format(Math.max(...known))}`)}`,
        ...curve.map((line) => paint.cyan(line)),
      ];
    });
    return {
      lines: [
        `${count(runs, 'run')}, ${percent((100 * green) / Math.max(1, runs))} without a failure, means by ${bucket}`,
        ...lines,
      ],
      json: {
        scope: json,
        bucket,
        trend: points.map((point) => ({
          start: point.start.toISOString(),
          runs: point.runs,
          green_runs: point.green,
          pass_percent: point.passPercent,
          duration_seconds: point.durationSeconds,
          coverage_percent: point.coveragePercent,
        })),
      },
    };
  });
}

export function coverage(
  { file, limit = usual, ...settings }: AskSettings & { readonly file: string | undefined },
  terminal: Terminal,
): Promise<ExitCode> {
  return file === undefined
    ? coverageOfAll({ limit, ...settings }, terminal)
    : coverageOfFile({ file, ...settings }, terminal);
}

function coverageOfAll({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 90 }, async ({ db, access, scope, now, json }) => {
    const found = await readCoverage(db, access, scope, limit);
    const points = (await readTrend(db, access, scope, bucketOf(scope.since, now))).filter(
      ({ coveragePercent }) => coveragePercent !== undefined,
    );
    const rows = found.files.map((one): Cell[] => [
      safeLine(one.filePath),
      {
        text: percent(one.coveragePercent),
        paint: one.coveragePercent < 50 ? paint.red : one.coveragePercent < 80 ? paint.yellow : paint.green,
      },
      number(one.missingStatements),
      number(one.totalStatements),
    ]);
    return {
      lines: [
        `${found.run.percent === undefined ? '' : `${paint.bold(percent(found.run.percent))} of `}${count(found.total, 'file')}  ${paint.dim(`run ${found.run.runId.slice(0, 13)}, ${ago(found.run.createdAt, now)}`)}`,
        ...renderCurve(
          points.map((point) => ({ label: day(point.start), value: point.coveragePercent })),
          { width, height: 5, format: percent },
        ).map((line) => paint.cyan(line)),
        '',
        ...renderTable(
          [
            { head: 'file', least: 20, keepsEnd: true },
            { head: 'covered', align: 'right' },
            { head: 'missing', align: 'right' },
            { head: 'statements', align: 'right', optional: 1 },
          ],
          rows,
          { width, paint },
        ),
        ...(found.total > rows.length
          ? [
              paint.dim(
                `${rows.length} of ${number(found.total)}, those with most missing: --limit ${limit * 5} shows more`,
              ),
            ]
          : []),
      ],
      json: {
        scope: json,
        run_id: found.run.runId,
        created_at: found.run.createdAt.toISOString(),
        coverage_percent: found.run.percent,
        files_total: found.total,
        trend: points.map((point) => ({
          start: point.start.toISOString(),
          coverage_percent: point.coveragePercent,
        })),
        files: found.files.map(jsonOfFile),
      },
    };
  });
}

const jsonOfFile = (one: {
  readonly filePath: string;
  readonly coveragePercent: number;
  readonly totalStatements: number;
  readonly missingStatements: number;
}) => ({
  file_path: one.filePath,
  coverage_percent: one.coveragePercent,
  total_statements: one.totalStatements,
  missing_statements: one.missingStatements,
});

function coverageOfFile(
  { file, ...settings }: AskSettings & { readonly file: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 90 }, async ({ db, access, scope, now, json }) => {
    const found = await readFileCoverage(db, access, scope, file);
    const percents = found.days.map((one) => one.percent);
    const [first, last] = [percents[0] ?? 0, percents.at(-1) ?? 0];
    return {
      lines: [
        `${paint.bold(safeLine(found.filePath))}  ${percent(found.coveragePercent)}, ${number(found.missingStatements)} of ${count(found.totalStatements, 'statement')} missing  ${paint.dim(`run ${found.run.runId.slice(0, 13)}, ${ago(found.run.createdAt, now)}`)}`,
        '',
        ...stripOf(found.coveredLines, found.missingLines, { width, paint }),
        ...(found.missingLines.length === 0
          ? []
          : ['', `missing lines: ${rangesOf(found.missingLines, found.coveredLines)}`]),
        ...(percents.length < 2
          ? []
          : [
              '',
              `by day, ${percent(first)} → ${percent(last)}: ${paint.cyan(sparkline(percents.slice(-(width - 40))))}`,
            ]),
        ...(found.isCut
          ? [paint.dim(`by day: of the newest ${number(mostFileRuns)} runs that have it`)]
          : []),
      ],
      json: {
        scope: json,
        run_id: found.run.runId,
        created_at: found.run.createdAt.toISOString(),
        ...jsonOfFile(found),
        covered_lines: found.coveredLines,
        missing_lines: found.missingLines,
        cut: found.isCut,
        days: found.days.map((one) => ({
          day: one.day.toISOString(),
          coverage_percent: one.percent,
          runs: one.runs,
        })),
      },
    };
  });
}

/** The file's lines from left to right, a cell a line: covered, missing, no statement. Of a long file a cell is several lines. */
function stripOf(
  covered: readonly number[],
  missing: readonly number[],
  { width, paint }: { readonly width: number; readonly paint: Terminal['paint'] },
): readonly string[] {
  const last = Math.max(0, ...covered.slice(-1), ...missing.slice(-1));
  if (last === 0) return [];
  const room = Math.max(10, Math.floor((width - 8) / 10) * 10);
  const perCell = Math.max(1, Math.ceil(last / (room * 8)));
  const [isCovered, isMissing] = [new Set(covered), new Set(missing)];
  const rows: string[] = [];
  for (let start = 1; start <= last; start += room * perCell) {
    let row = '';
    for (let at = start; at < start + room * perCell && at <= last; at += perCell) {
      const some = Array.from({ length: perCell }, (_, more) => at + more);
      row += some.some((line) => isMissing.has(line))
        ? paint.red('▒')
        : some.some((line) => isCovered.has(line))
          ? paint.green('█')
          : paint.dim('·');
    }
    rows.push(`${paint.dim(String(start).padStart(6))}  ${row}`);
  }
  return [
    ...rows,
    paint.dim(
      `        █ covered  ▒ missing  · no statement${perCell > 1 ? `; a cell is ${perCell} lines, missing where one of them is` : ''}`,
    ),
  ];
}

/** `41-52, 60`, at most 20: two missing lines with no covered one between them are one range. */
function rangesOf(missing: readonly number[], covered: readonly number[]): string {
  const isCovered = new Set(covered);
  const ranges: [number, number][] = [];
  for (const line of missing) {
    const open = ranges.at(-1);
    const isNear = open !== undefined && !hasBetween(isCovered, open[1], line);
    if (open !== undefined && isNear) open[1] = line;
    else ranges.push([line, line]);
  }
  const shown = ranges.slice(0, 20).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return `${shown.join(', ')}${ranges.length > 20 ? ` and ${ranges.length - 20} more ranges` : ''}`;
}

function hasBetween(lines: ReadonlySet<number>, from: number, to: number): boolean {
  // Files have at most some ten thousand lines, and a gap ends at the first covered one.
  for (let line = from + 1; line < to; line++) if (lines.has(line)) return true;
  return false;
}

export function regressions(
  { limit = usual, ...settings }: AskSettings,
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, {}, async ({ db, access, scope, now, json }) => {
    const found = await findWorse(db, access, scope, now);
    const shown = found.regressions.slice(0, limit);
    const rows = shown.map((one): Cell[] => [
      {
        text: safeLine(
          one.kind === 'test'
            ? one.name
            : `${count(one.tests, 'test')} by ${one.name.replace(/^c1:[0-9a-f]{32} /, '')}`,
        ),
        paint: paint.bold,
      },
      `${number(one.now.failed)} of ${number(one.now.units)}`,
      `${number(one.before.failed)} of ${number(one.before.units)}`,
      one.p < 1e-6 ? '< 1e-6' : one.p.toPrecision(1),
      one.firstRed === undefined ? '' : shortSha(one.firstRed),
      one.isRedNow ? { text: 'red', paint: paint.red } : { text: 'green', paint: paint.green },
      safeLine(one.jobName ?? ''),
    ]);
    const on = found.branches.length === 0 ? 'no branch' : safeLine(found.branches.join(', '));
    const isComparable = found.units.now > 0 && found.units.before > 0;
    const notes = [
      `on ${on}: ${count(found.units.now, 'commit')} of 7 days against ${number(found.units.before)} of the 30 before${isComparable ? `; ${number(found.compared)} ${found.compared === 1 ? 'test or cause that failed was' : 'tests and causes that failed were'} compared` : ''}`,
      ...(found.outages > 0 ? [`${count(found.outages, 'run')} that looked like an outage left out`] : []),
      ...(found.bursts > 0
        ? [`${count(found.bursts, 'burst')} left out: many failures at once, gone on the next commit`]
        : []),
      ...(found.isCut ? ['only the newest runs of the time were read'] : []),
      ...(found.moreSuites ? ['only the projects and lanes with the newest runs were looked at'] : []),
      ...(found.regressions.length > shown.length
        ? [`${shown.length} of ${number(found.regressions.length)}: --limit ${limit * 5} shows more`]
        : []),
    ];
    return {
      lines: [
        ...(rows.length === 0
          ? [
              isComparable
                ? 'nothing fails more often than chance explains'
                : 'nothing to compare: one of the two times has no run that counts',
            ]
          : renderTable(
              [
                { head: 'test', least: 24, keepsEnd: true },
                { head: 'this week', align: 'right' },
                { head: 'before', align: 'right' },
                { head: 'p', align: 'right', optional: 2 },
                { head: 'first on', optional: 1 },
                { head: 'now' },
                { head: 'job', least: 8, optional: 3 },
              ],
              rows,
              { width, paint },
            )),
        ...notes.flatMap((note) => wrap(note, width)).map((note) => paint.dim(note)),
      ],
      json: {
        scope: json,
        branches: found.branches,
        commits_now: found.units.now,
        commits_before: found.units.before,
        compared: found.compared,
        bursts: found.bursts,
        outages: found.outages,
        cut: found.isCut,
        total: found.regressions.length,
        regressions: shown.map((one) => ({
          kind: one.kind,
          name: one.name,
          tests: one.kind === 'cause' ? one.tests : 1,
          repository: one.suite.repository,
          project: one.suite.project,
          lane: one.suite.lane,
          job: one.jobName,
          git_branch: one.branch,
          failed_now: one.now.failed,
          commits_now: one.now.units,
          failed_before: one.before.failed,
          commits_before: one.before.units,
          p: one.p,
          first_git_sha: one.firstRed,
          red_now: one.isRedNow,
        })),
      },
    };
  });
}
