// How long each table's rows are kept: the schema document's periods, what a person changes of them, and what is refused. Pure.
import { InputError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';

/** A time in calendar months and days; `undefined` months and days: without end. */
export interface Period {
  /** As PostgreSQL's interval reads it, and as a person wrote it: `18 months`; undefined: for ever. */
  readonly interval: string | undefined;
  /** About; for comparing periods. */
  readonly days: number;
}

/** Tables whose rows are kept for a time of their own. */
export const keptTables = [
  'test_runs',
  'test_results',
  'coverage_data',
  'healix_memories',
  'consciousness_reviews',
  'sessions',
  'test_months',
  'coverage_months',
] as const;
export type KeptTable = (typeof keptTables)[number];
export type Policy = Readonly<Record<KeptTable, Period>>;

/** Tables whose rows go with others, or never. */
const others: Readonly<Record<string, string>> = {
  ingest_uploads: 'its rows go with test_runs',
  healix_matches: 'its rows go with test_runs',
  healix_credits: 'its rows go with test_runs',
  missing_reports: 'its rows go with test_runs',
  run_days: 'its rows go with test_runs',
  test_aliases: 'its rows go with test_months',
  test_lines: 'its rows stay',
  test_names: 'its rows stay',
  shared_memories: 'its rows go as those of healix_memories do',
  teams: 'its rows stay',
  users: 'its rows stay',
  user_preferences: 'its rows stay',
  webauthn_credentials: 'its rows stay',
  team_credentials: 'its rows stay',
  service_credentials: 'its rows stay',
};

const unitDays = { day: 1, week: 7, month: 365.25 / 12, year: 365.25 } as const;

/** `18 months`, `1 year`, `forever`; undefined for any other text. */
export function readPeriod(text: string): Period | undefined {
  if (/^ *forever *$/i.test(text)) return { interval: undefined, days: Number.POSITIVE_INFINITY };
  const [, digits, unit] = /^ *(\d{1,5}) *(day|week|month|year)s? *$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const count = Number(digits);
  const name = unit.toLowerCase() as keyof typeof unitDays;
  const days = count * unitDays[name];
  // PostgreSQL's calendar begins some thousand years ago.
  if (days > 200 * unitDays.year) return undefined;
  return { interval: `${count} ${name}${count === 1 ? '' : 's'}`, days };
}

/** A period that is written here. */
function period(text: string): Period {
  const read = readPeriod(text);
  if (read === undefined) throw new Error(`not a period: ${text}`);
  return read;
}

/** The schema document's periods. Sums are small, and answer for years: they stay. */
export const documented: Policy = {
  test_runs: period('3 years'),
  test_results: period('1 year'),
  coverage_data: period('1 year'),
  healix_memories: period('6 months'),
  consciousness_reviews: period('6 months'),
  sessions: period('7 days'),
  test_months: period('forever'),
  coverage_months: period('forever'),
};

/**
 * A run is compared with those of the 90 days before it (src/judge/limits.ts), may be stored 31 days after it began, and a breakage is
 * looked at for 120 days (src/store/healix/credits.ts).
 */
const judged = {
  least: period('5 months'),
  why: 'a run is compared with those of 90 days, may be stored a month late, and memories learn from 120 days',
};
const least: Readonly<Partial<Record<KeptTable, { readonly least: Period; readonly why: string }>>> = {
  test_runs: judged,
  test_results: judged,
  coverage_data: judged,
  healix_memories: judged,
  consciousness_reviews: {
    least: period('1 month'),
    why: 'a review answers for its commit while a pull request is open',
  },
};
/** A table that must be kept at least as long as another. */
const order: readonly (readonly [longer: KeptTable, shorter: KeptTable, why: string])[] = [
  ['test_runs', 'test_results', 'results are summed by what their runs say'],
  ['test_runs', 'coverage_data', 'coverage is summed by what its runs say'],
  ['test_months', 'test_results', 'the sums stand for results that are gone'],
  ['coverage_months', 'coverage_data', 'the sums stand for coverage that is gone'],
];

/**
 * The periods with what a person asks for: `test_results=18 months`.
 *
 * @throws InputError `retention-table`, `retention-period`, `retention-short`
 */
export function readPolicy(wishes: readonly string[]): Policy {
  const changed: Partial<Record<KeptTable, Period>> = {};
  for (const wish of wishes) {
    const [, name = '', text = ''] = /^([^=]*)=(.*)$/s.exec(wish) ?? [];
    if (name === '') {
      throw new InputError({
        code: 'retention-period',
        message: `not a table and a time: ${JSON.stringify(wish.slice(0, 100))}`,
        fix: "Such as --keep 'test_results=18 months'.",
      });
    }
    const table = checkTable(name.trim());
    const read = readPeriod(text);
    if (read === undefined) {
      throw new InputError({
        code: 'retention-period',
        message: `not a time to keep ${table} for: ${JSON.stringify(text.slice(0, 100))}`,
        fix: `A whole number of days, weeks, months or years, at most 200 years, or forever: --keep '${table}=${documented[table].interval ?? '5 years'}'.`,
      });
    }
    if (changed[table] !== undefined) {
      throw new InputError({ code: 'retention-period', message: `${table} is named twice in --keep` });
    }
    changed[table] = read;
  }
  const policy = { ...documented, ...changed };
  for (const table of keptTables) {
    const bound = least[table];
    // Months differ in length: five of them written in days are 150.
    if (bound === undefined || policy[table].days >= bound.least.days - 2.5) continue;
    throw tooShort(table, policy[table], `at least ${bound.least.interval}: ${bound.why}`);
  }
  for (const [longer, shorter, why] of order) {
    if (policy[longer].days >= policy[shorter].days) continue;
    throw tooShort(
      longer,
      policy[longer],
      `at least as long as ${shorter} (${said(policy[shorter])}): ${why}`,
    );
  }
  return policy;
}

function tooShort(table: KeptTable, { interval }: Period, bound: string): InputError {
  return new InputError({
    code: 'retention-short',
    message: `${table} cannot be kept for ${interval} only: it is kept ${bound}`,
    fix: 'Nothing was changed.',
  });
}

/** `1 year`, or `forever`. */
export function said({ interval }: Period): string {
  return interval ?? 'forever';
}

/** @throws InputError `retention-table` */
export function checkTable(name: string): KeptTable {
  const known = keptTables.find((table) => table === name);
  if (known !== undefined) return known;
  const other = Object.hasOwn(others, name) ? others[name] : undefined;
  const shown = JSON.stringify(name.slice(0, 100));
  if (other !== undefined) {
    const table = keptTables.find((one) => other.includes(one));
    throw new InputError({
      code: 'retention-table',
      message: `${name} is kept for no time of its own: ${other}`,
      fix: table === undefined ? `Tables with a time: ${keptTables.join(', ')}.` : `Name ${table}.`,
    });
  }
  const near = nearest(name, keptTables);
  throw new InputError({
    code: 'retention-table',
    message: `there is no table ${shown} that is kept for a time`,
    fix: `${near === undefined ? '' : `Did you mean ${near}? `}Tables with a time: ${keptTables.join(', ')}.`,
  });
}
