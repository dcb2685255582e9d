// Which facts about an installation are something to mend. Pure: no SQL, no words; the thresholds stand here.
import type {
  DatabaseFacts,
  Finding,
  Growth,
  HealthFacts,
  IndexFacts,
  JobFacts,
  MonthFacts,
  TableFacts,
} from '../health.ts';

/** What health is judged by that others decide as well. */
export interface HealthRules {
  /** How many months after the present one are to be there. */
  readonly monthsAhead: number;
  /** Whole months that each partitioned table keeps; Infinity: all. */
  readonly keptMonths: Readonly<Record<string, number>>;
}

/** Clocks that are synchronised differ by less. As `clock-off` of an upload has it. */
const clocksDifferMs = 120_000;
/** A retention runs monthly: what it has left for longer than that is overdue. */
const graceMonths = 1;
const soonMonths = 3;
/** A job's usual pause is known after so many days with runs. */
const fewestDays = 5;
const shortestSilenceDays = 3;
const pausesOfSilence = 4;
const unusedIndexBytes = 10_000_000;
const unusedAfterDays = 30;
const wastedIndexBytes = 20_000_000;
const deadRowsAtLeast = 50_000;
const dayMs = 86_400_000;

/** What is to be mended, what matters most first; empty where all is well. */
export function findIllnesses(facts: HealthFacts, rules: HealthRules): Finding[] {
  const { database, checkout } = facts;
  return [
    ...[...database.troubles, ...facts.troubles].map((trouble): Finding => ({ code: 'trouble', trouble })),
    ...ofConnection(facts),
    ...ofSchema(database),
    ...ofMonths(facts, rules),
    ...ofRetention(facts, rules),
    ...ofDisk(facts, rules),
    ...(database.jobs ?? []).flatMap((job) => ofJob(job, facts.now)),
    ...(database.indexes ?? []).flatMap((index) => ofIndex(index, facts)),
    ...(database.tables ?? []).filter(isBloated).map((table): Finding => ({ code: 'table-bloated', table })),
    ...ofToken(facts),
    ...(checkout !== undefined &&
    checkout.gitSha === undefined &&
    (checkout.ciSystem !== undefined || facts.reports.some(({ isNamed }) => isNamed))
      ? [
          {
            code: 'no-commit' as const,
            ciSystem: checkout.ciSystem,
            isInRepository: checkout.isInRepository,
          },
        ]
      : []),
  ];
}

function ofConnection({ database: { connection }, checkout }: HealthFacts): Finding[] {
  if (connection === undefined) return [];
  const { encryption, remarks, clockOffsetMs, tripMs, privilege, login, readOnly } = connection;
  const found: Finding[] = [];
  const remark = remarks[0] ?? '';
  if (encryption === 'none') found.push({ code: 'not-encrypted', remark });
  if (encryption === 'unverified' && remarks.length > 0) found.push({ code: 'identity-unchecked', remark });
  // An administrator asks for everybody; in CI it is the login that uploads.
  if (privilege !== undefined && checkout?.ciSystem !== undefined)
    found.push({ code: 'login-privileged', login, privilege });
  if (readOnly) found.push({ code: 'read-only' });
  if (Math.abs(clockOffsetMs) - tripMs >= clocksDifferMs)
    found.push({ code: 'clock-off', offsetMs: clockOffsetMs });
  return found;
}

function ofSchema({ damage, lostLogins }: DatabaseFacts): Finding[] {
  const found: Finding[] = [];
  if (damage !== undefined) {
    const { lost, slower, mendable } = damage;
    const kinds = [
      ['row-security', /^row-level security of /],
      ['policies', /^policy /],
      ['rights', /^rights on /],
      ['owners', /^owner of /],
      ['roles', /^role /],
    ] as const;
    if (lost.length > 0) found.push({ code: 'parts-missing', parts: lost });
    for (const [code, pattern] of kinds) {
      const parts = [...new Set(mendable.filter((name) => pattern.test(name)))];
      if (parts.length > 0) found.push({ code, parts: parts.map((name) => name.replace(pattern, '')) });
    }
    if (slower.length > 0) found.push({ code: 'index-missing', parts: slower });
  }
  return [
    ...found,
    ...(lostLogins ?? []).map(({ role, team }): Finding => ({ code: 'login-lost', role, team })),
  ];
}

function ofMonths(facts: HealthFacts, { monthsAhead, keptMonths }: HealthRules): Finding[] {
  const { now, database, embedded } = facts;
  const { months, halfDetached } = database;
  // Of the embedded one nothing is made before an upload needs it.
  if (months === undefined || embedded !== undefined) return [];
  const wanted = Array.from({ length: monthsAhead + 1 }, (_, i) => monthAfter(now, i));
  return [
    ...Object.keys(keptMonths).flatMap((table): Finding[] => {
      const there = months.filter((month) => month.table === table);
      const missing = wanted.filter(
        (start) => !there.some(({ from, until }) => from <= start && until > start),
      );
      return missing.length === 0 ? [] : [{ code: 'months-missing', table, months: missing.map(nameOf) }];
    }),
    ...halfDetached.map((partition): Finding => ({ code: 'half-detached', partition })),
  ];
}

function ofRetention({ now, database }: HealthFacts, { keptMonths }: HealthRules): Finding[] {
  const { months = [], overdue = [] } = database;
  return [
    ...Object.entries(keptMonths).flatMap(([table, kept]): Finding[] => {
      if (!Number.isFinite(kept)) return [];
      const end = monthAfter(now, -kept - graceMonths);
      const late = months.filter((month) => month.table === table && month.until <= end);
      if (late.length === 0) return [];
      const names = late.map(({ from }) => nameOf(from)).sort();
      return [{ code: 'retention-overdue', table, months: names, rows: 0 }];
    }),
    ...overdue
      .filter(({ rows }) => rows > 0)
      .map(({ table, rows }): Finding => ({ code: 'retention-overdue', table, months: [], rows })),
  ];
}

function ofDisk(facts: HealthFacts, rules: HealthRules): Finding[] {
  const { fullInMonths } = growthOf(facts, rules);
  const diskBytes = diskOf(facts);
  if (fullInMonths === undefined || diskBytes === undefined || fullInMonths > soonMonths) return [];
  const bytes = bytesOf(facts);
  return [{ code: 'disk-full-soon', inMonths: fullInMonths, bytes, diskBytes }];
}

/** What the database may take in all: as told, else of the embedded one what its disk has. */
function diskOf({ diskBytes, embedded }: HealthFacts): number | undefined {
  if (diskBytes !== undefined || embedded?.freeBytes === undefined) return diskBytes;
  return embedded.bytes + embedded.freeBytes;
}

function bytesOf({ database, embedded }: HealthFacts): number {
  return embedded?.bytes ?? database.connection?.bytes ?? 0;
}

/**
 * How the database grows: each partitioned table by the mean of its last three whole months that have more than an empty month takes, or
 * by the present month where it has no other, and loses what its retention takes.
 */
export function growthOf(facts: HealthFacts, { keptMonths }: HealthRules): Growth {
  const { now, database } = facts;
  const months = database.months ?? [];
  const present = monthAfter(now, 0);
  const tables = Object.entries(keptMonths).map(([table, kept]) => {
    const all = months.filter((month) => month.table === table && month.from <= present);
    const least = Math.min(...months.filter((month) => month.table === table).map(({ bytes }) => bytes));
    const past = all
      .filter((month) => month.from < present)
      .sort((one, other) => other.from.getTime() - one.from.getTime());
    const grown = past.slice(0, 3).filter(({ bytes }) => bytes > least);
    const current = all.find(({ from }) => from.getTime() === present.getTime());
    const rate = grown.length > 0 ? mean(grown.map(({ bytes }) => bytes)) : currentRate(current, now, least);
    const sizes = all.map(({ from, bytes }) => ({
      from,
      // The rest of the present month is still to come.
      bytes: from.getTime() === present.getTime() ? Math.max(bytes, rate) : bytes,
    }));
    const rest = Math.max(0, rate - (current?.bytes ?? 0));
    return { table, kept, rate, rest, sizes };
  });
  const bytesPerMonth = tables.reduce((sum, { rate }) => sum + rate, 0);
  const grown = { bytesPerMonth, tables: Object.fromEntries(tables.map(({ table, rate }) => [table, rate])) };
  const disk = diskOf(facts);
  const taken = bytesOf(facts);
  if (disk === undefined) return { ...grown, fullInMonths: undefined };
  if (taken >= disk) return { ...grown, fullInMonths: 0 };
  let total = taken + tables.reduce((sum, { rest }) => sum + rest, 0);
  for (let ahead = 1; ahead <= 120; ahead++) {
    for (const { kept, rate, sizes } of tables) {
      total += rate;
      sizes.push({ from: monthAfter(now, ahead), bytes: rate });
      if (!Number.isFinite(kept)) continue;
      const end = monthAfter(now, ahead - kept - 1).getTime();
      total -= sizes.find(({ from }) => from.getTime() === end)?.bytes ?? 0;
    }
    if (total >= disk) return { ...grown, fullInMonths: ahead };
  }
  return { ...grown, fullInMonths: undefined };
}

/** The present month as if it were over; its first day says too little. */
function currentRate(month: MonthFacts | undefined, now: Date, least: number): number {
  if (month === undefined || month.bytes <= least) return 0;
  const part = (now.getTime() - month.from.getTime()) / (month.until.getTime() - month.from.getTime());
  return part < 1 / 31 ? 0 : month.bytes / part;
}

function ofJob(job: JobFacts, now: Date): Finding[] {
  if (job.days < fewestDays) return [];
  const usualDays = (job.last.getTime() - job.first.getTime()) / dayMs / (job.days - 1);
  const silentDays = (now.getTime() - job.last.getTime()) / dayMs;
  if (silentDays < Math.max(shortestSilenceDays, usualDays * pausesOfSilence)) return [];
  return [{ code: 'job-silent', job, usualDays, silentDays }];
}

function ofIndex(index: IndexFacts, { now, database }: HealthFacts): Finding[] {
  const { bytes, neededBytes, isOurs, isUnique, scans } = index;
  const since = database.statisticsSince;
  const isKnown = since !== undefined && now.getTime() - since.getTime() >= unusedAfterDays * dayMs;
  const found: Finding[] = [];
  // Ours are part of the schema, and a unique one has other work than to be read.
  if (scans === 0 && isKnown && !isOurs && !isUnique && bytes >= unusedIndexBytes)
    found.push({ code: 'index-unused', index });
  const wastedBytes = bytes - (neededBytes ?? bytes);
  if (wastedBytes >= wastedIndexBytes && wastedBytes >= bytes / 2)
    found.push({ code: 'index-bloated', index, wastedBytes });
  return found;
}

function isBloated({ deadRows, liveRows }: TableFacts): boolean {
  return deadRows >= deadRowsAtLeast && deadRows >= liveRows / 2;
}

function ofToken({ isInActions, token }: HealthFacts): Finding[] {
  if (!isInActions || token === undefined) return [];
  if (!token.isValid) return [{ code: 'token-refused' }];
  if (token.mayComment === false && token.wantsComment)
    return [{ code: 'token-may-not-comment', repository: token.repository }];
  return [];
}

/** The start of a month in UTC, so many after that of `date`. */
function monthAfter(date: Date, months: number): Date {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
}

function nameOf(month: Date): string {
  return month.toISOString().slice(0, 7);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
