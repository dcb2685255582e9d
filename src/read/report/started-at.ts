// When a run began: the report's time if it can be trusted, else now. A run's time selects its monthly partition, so a
// hostile or wrong clock must not decide it.
import { InputError } from '../../errors.ts';
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
    message: `--created-at ${asked.toISOString()} is not within 31 days back and 1 day ahead`,
    fix: 'Runs are stored by month; a time that far away would make partitions nobody expects. Use report or now.',
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
