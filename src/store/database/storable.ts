// Changes values that their columns would refuse, and counts the changes: one bad value never fails a run. Pure.
import { createHash } from 'node:crypto';
import type { Warning } from '../../model.ts';

type Change = 'nul' | 'surrogate' | 'name' | 'text' | 'duration' | 'count';

const words: Readonly<
  Record<Change, { readonly code: string; readonly one: string; readonly many: string }>
> = {
  nul: {
    code: 'stored-nul',
    one: 'value held the character U+0000, which PostgreSQL cannot store: it is stored as \u2400',
    many: 'values held the character U+0000, which PostgreSQL cannot store: it is stored as \u2400',
  },
  surrogate: {
    code: 'stored-surrogate',
    one: 'value held half of a surrogate pair, which is no character: it is stored as \ufffd',
    many: 'values held halves of surrogate pairs, which are no characters: they are stored as \ufffd',
  },
  name: {
    code: 'stored-name-cut',
    one: 'name is longer than its column and was cut; it ends in a hash of the whole name',
    many: 'names are longer than their columns and were cut; each ends in a hash of the whole name',
  },
  text: {
    code: 'stored-text-cut',
    one: 'value describing the run is longer than its column and was cut',
    many: 'values describing the run are longer than their columns and were cut',
  },
  duration: {
    code: 'stored-duration',
    one: 'duration is negative, not a number or too large; it is stored as 0, empty or 99999.999',
    many: 'durations are negative, not numbers or too large; they are stored as 0, empty or 99999.999',
  },
  count: {
    code: 'stored-count',
    one: 'number of a coverage report is outside its column\u2019s range and was moved into it',
    many: 'numbers of a coverage report are outside their columns\u2019 range and were moved into it',
  },
};

export interface Storable {
  /** Text without limit. */
  text(value: string | undefined): string | undefined;
  /** A name of at most `max` code points; a longer one keeps its beginning and ends in a hash of the whole. */
  name(value: string | undefined, max: number): string | undefined;
  /** Text of at most `max` code points, simply cut. */
  short(value: string | undefined, max: number): string | undefined;
  /** Seconds between 0 and `max`; undefined where there is no number. */
  seconds(value: number | undefined, max: number): number | undefined;
  /** A percentage, or undefined. */
  percent(value: number | undefined): number | undefined;
  /** A whole number from 0 to 2147483647. */
  count(value: number): number;
  /** The same for all elements; returns the array itself where nothing had to be changed. */
  counts(values: readonly number[]): readonly number[];
  /** What was changed so far, one warning a kind. */
  warnings(): Warning[];
}

/** The name under which a test is stored: at most 500 code points. */
export function storedTestName(name: string): string {
  return createStorable().name(name, 500) ?? '';
}

/** U+0000, or any half of a surrogate pair, lone or not. */
const suspicious = /[\u0000\ud800-\udfff]/;
const maxInt = 2_147_483_647;
/** `…#` and eleven hex digits. */
const suffixLength = 13;

export function createStorable(): Storable {
  const changes = new Map<Change, number>();
  const note = (change: Change): void => void changes.set(change, (changes.get(change) ?? 0) + 1);

  const text = (value: string | undefined): string | undefined => {
    if (value === undefined) return undefined;
    // Fast path: almost no value holds either.
    if (!suspicious.test(value)) return value;
    let safe = value;
    if (safe.includes('\u0000')) {
      note('nul');
      safe = safe.replaceAll('\u0000', '\u2400');
    }
    if (/\p{Surrogate}/u.test(safe)) {
      note('surrogate');
      safe = safe.replace(/\p{Surrogate}/gu, '\ufffd');
    }
    return safe;
  };

  const count = (value: number): number => {
    if (Number.isInteger(value) && value >= 0 && value <= maxInt) return value;
    note('count');
    return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), maxInt) : 0;
  };

  return {
    text,
    name(value, max) {
      const safe = text(value);
      if (safe === undefined || safe.length <= max) return safe;
      const points = [...safe];
      if (points.length <= max) return safe;
      note('name');
      const hash = createHash('sha256')
        .update(safe, 'utf8')
        .digest('hex')
        .slice(0, suffixLength - 2);
      return `${points.slice(0, max - suffixLength).join('')}\u2026#${hash}`;
    },
    short(value, max) {
      const safe = text(value);
      if (safe === undefined || safe.length <= max) return safe;
      const points = [...safe];
      if (points.length <= max) return safe;
      note('text');
      return points.slice(0, max).join('');
    },
    seconds(value, max) {
      if (value === undefined) return undefined;
      if (value >= 0 && value <= max) return value;
      note('duration');
      if (Number.isNaN(value) || !Number.isFinite(value)) return undefined;
      return value < 0 ? 0 : max;
    },
    percent(value) {
      if (value === undefined || Number.isNaN(value)) return undefined;
      return Math.min(Math.max(value, 0), 100);
    },
    count,
    counts(values) {
      const fits = values.every((value) => Number.isInteger(value) && value >= 0 && value <= maxInt);
      return fits ? values : values.map(count);
    },
    warnings() {
      return [...changes].map(([change, times]) => ({
        code: words[change].code,
        message: `${times} ${times === 1 ? words[change].one : words[change].many}`,
      }));
    },
  };
}
