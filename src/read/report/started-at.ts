// When a run began: the report's time if it can be trusted, else now. A run's time selects its monthly partition, so a
// hostile or wrong clock must not decide it.
import { InputError } from '../../errors.ts';
import type { Warning } from '../../model.ts';
import type { SuiteStart } from './survey.ts';

export interface StartedAt {
  readonly createdAt: Date;
  /** Where `createdAt` comes from. */
  readonly source: 'report' | 'now';
}

const day = 24 * 60 * 60 * 1000;
/** Not earlier than this before now … */
const longestAgo = 31 * day;
/** … and not later than this after it. */
const furthestAhead = day;

/**
 * The time that a run is stored under, as `--created-at` asks.
 *
 * @throws InputError `implausible-time`
 */
export function decideCreatedAt(
  asked: 'now' | 'report' | Date,
  suites: readonly SuiteStart[],
  reader: { readonly now: Date; readonly hostname: string },
): Date {
  if (asked === 'now') return reader.now;
  if (asked === 'report') return startedAt(suites, reader).createdAt;
  if (isPlausible(asked.getTime(), reader.now)) return asked;
  throw new InputError({
    code: 'implausible-time',
    message: `the time ${asked.toISOString()} is not within 31 days back and 1 day ahead`,
    fix: (name) =>
      `Runs are stored by month; a time that far away would make partitions nobody expects. ${name('createdAt') ?? 'It'} also takes report or now.`,
  });
}

/**
 * The earliest suite's time, if it has a zone (pytest 8.3 and later) or was written on this machine, and lies between
 * 31 days ago and 1 day ahead. Otherwise now.
 */
export function startedAt(suites: readonly SuiteStart[], reader: { now: Date; hostname: string }): StartedAt {
  const times = suites.flatMap(({ timestamp, hostname }) => {
    if (timestamp === undefined) return [];
    const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(timestamp);
    // Without a zone it is local time, which means something only on the same machine.
    if (match === null || (match[1] === undefined && hostname !== reader.hostname)) return [];
    const time = Date.parse(timestamp);
    return isPlausible(time, reader.now) ? [time] : [];
  });
  return times.length === 0
    ? { createdAt: reader.now, source: 'now' }
    : { createdAt: new Date(Math.min(...times)), source: 'report' };
}

/** The earliest suite's time that has a zone, whatever it is. */
export function earliestZonedTime(suites: readonly SuiteStart[]): Date | undefined {
  const times = suites.flatMap(({ timestamp = '' }) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/.test(timestamp)
      ? [Date.parse(timestamp)]
      : [],
  );
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? new Date(earliest) : undefined;
}

/** Whether the time is near enough to now to make no partition that nobody expects. */
export function isPlausible(time: number, now: Date): boolean {
  return Number.isFinite(time) && time >= now.getTime() - longestAgo && time <= now.getTime() + furthestAhead;
}

/** Clocks differ; in milliseconds. */
const slack = 10 * 60 * 1000;
const mostOldReports = 5;

/**
 * Warns of reports that pytest began before the run that they are uploaded for can have begun: left over from an earlier run,
 * or restored from a cache. Times without a zone (before pytest 8.3) say nothing.
 */
export function findOldReports(
  suites: readonly SuiteStart[],
  beginning: { readonly at: Date; readonly what: string } | undefined,
): Warning[] {
  if (beginning === undefined) return [];
  const earliest = new Map<string, number>();
  for (const { file, timestamp } of suites) {
    if (file === undefined || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(timestamp ?? ''))
      continue;
    const time = Date.parse(timestamp ?? '');
    if (time < (earliest.get(file) ?? beginning.at.getTime() - slack)) earliest.set(file, time);
  }
  const old = [...earliest].map(
    ([file, time]): Warning => ({
      code: 'old-report',
      message: `pytest began this report at ${minute(time)}, before ${beginning.what} (${minute(beginning.at.getTime())}): is it left over from an earlier run, or from a cache?`,
      file,
    }),
  );
  const rest = old.length - mostOldReports;
  return rest <= 0
    ? old
    : [...old.slice(0, mostOldReports), { code: 'old-report', message: `${rest} more reports are as old` }];
}

/** `2026-11-22 16:05 UTC`. */
function minute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
