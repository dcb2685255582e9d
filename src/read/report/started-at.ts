// When a run began: the time in the report where it can be trusted, else the time of reading. It decides which monthly
// partition a run lands in: a wrong or hostile clock must not make partitions.
import { InputError } from '../../errors.ts';
import type { SuiteStart } from './survey.ts';

export interface StartedAt {
  readonly createdAt: Date;
  /** Why it is what it is. */
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
 * The earliest suite's own time, when it has a zone (pytest 8.3 and later) or when the reader runs on the machine that
 * wrote it, and when it lies within 31 days back and 1 day ahead. Otherwise now.
 */
export function startedAt(suites: readonly SuiteStart[], reader: { now: Date; hostname: string }): StartedAt {
  const times = suites.flatMap(({ timestamp, hostname }) => {
    if (timestamp === undefined) return [];
    const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(timestamp);
    // Without a zone the time is the writer's local time, which only the same machine knows.
    if (match === null || (match[1] === undefined && hostname !== reader.hostname)) return [];
    const time = Date.parse(timestamp);
    return isPlausible(time, reader.now) ? [time] : [];
  });
  return times.length === 0
    ? { createdAt: reader.now, source: 'now' }
    : { createdAt: new Date(Math.min(...times)), source: 'report' };
}

/** Whether a run may be stored under this time without making partitions for months long gone or far ahead. */
export function isPlausible(time: number, now: Date): boolean {
  return Number.isFinite(time) && time >= now.getTime() - longestAgo && time <= now.getTime() + furthestAhead;
}
