// Which facts are something to mend: each fact of a well installation changed by itself, and each finding in words.
import { describe, expect, it } from 'vitest';
import type {
  ConnectionFacts,
  DatabaseFacts,
  HealthFacts,
  IndexFacts,
  JobFacts,
  MonthFacts,
} from '../../src/health.ts';
import { findIllnesses, growthOf } from '../../src/judge/health.ts';
import { healthJson, renderHealth, sizeOf, wordsOf } from '../../src/tell/terminal/doctor.ts';
import { createPaint } from '../../src/tell/terminal/terminal.ts';

const now = new Date('2026-11-27T12:00:00Z');
const rules = { monthsAhead: 2, keptMonths: { test_runs: 36, test_results: 12, coverage_data: 12 } };
const before = (days: number) => new Date(now.getTime() - days * 86_400_000);

function month(table: string, name: string, bytes = 100_000): MonthFacts {
  const from = new Date(`${name}-01T00:00:00Z`);
  const until = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  return { table, partition: `${table}_${name.replace('-', '_')}`, from, until, bytes };
}
const tables = Object.keys(rules.keptMonths);
const months = tables.flatMap((table) =>
  ['2026-10', '2026-11', '2026-12', '2027-01'].map((name) => month(table, name)),
);
const job: JobFacts = {
  team: 'payments',
  repository: 'acme/shop',
  jobName: 'test',
  lane: undefined,
  days: 20,
  first: before(30),
  last: before(1),
};
const index: IndexFacts = {
  index: 'idx_runs_note',
  table: 'test_runs_2026_11',
  scans: 3,
  bytes: 50_000_000,
  neededBytes: 45_000_000,
  isOurs: false,
  isUnique: false,
};
const connection: ConnectionFacts = {
  server: 'PostgreSQL 15.18',
  login: 'postgres',
  privilege: 'a superuser',
  team: undefined,
  administers: true,
  remarks: [],
  encryption: 'verified',
  pooler: undefined,
  clockOffsetMs: 400,
  tripMs: 3,
  readOnly: false,
  bytes: 10_000_000,
};
const database: DatabaseFacts = {
  connection,
  schema: { name: 'public', applied: 15, known: 15 },
  damage: { lost: [], slower: [], mendable: [] },
  lostLogins: [],
  months,
  halfDetached: [],
  tables: [{ table: 'test_runs_2026_11', bytes: 1_000_000, deadRows: 100, liveRows: 10 }],
  indexes: [index],
  statisticsSince: before(400),
  jobs: [job],
  overdue: [],
  troubles: [],
};
const well: HealthFacts = {
  now,
  database,
  embedded: undefined,
  diskBytes: undefined,
  checkout: undefined,
  reports: [],
  token: undefined,
  isInActions: false,
  troubles: [],
};
const inCi = {
  ciSystem: 'github_actions',
  repository: 'acme/shop',
  gitSha: 'a'.repeat(40),
  gitBranch: 'main',
  jobName: 'test',
  isInRepository: true,
  remarks: [],
};
const withDatabase = (changes: Partial<DatabaseFacts>): HealthFacts => ({
  ...well,
  database: { ...database, ...changes },
});
const withConnection = (changes: Partial<ConnectionFacts>) =>
  withDatabase({ connection: { ...connection, ...changes } });
const withDamage = (changes: Partial<NonNullable<DatabaseFacts['damage']>>) =>
  withDatabase({ damage: { lost: [], slower: [], mendable: [], ...changes } });
const token = { repository: 'acme/shop', isValid: true, wantsComment: true, mayComment: true };

const cases: readonly [what: string, facts: HealthFacts, codes: readonly string[]][] = [
  ['a well one', well, []],
  [
    'what nothing could be asked of',
    withDatabase({ connection: undefined, months: undefined, jobs: undefined }),
    [],
  ],
  [
    'an error of the database',
    withDatabase({ troubles: [{ code: 'database-not-set-up', message: 'not set up', fix: 'set up' }] }),
    ['database-not-set-up'],
  ],
  [
    'an error of a report',
    { ...well, troubles: [{ code: 'truncated', message: 'cut off', fix: undefined }] },
    ['truncated'],
  ],
  ['no encryption', withConnection({ encryption: 'none', remarks: ['not encrypted'] }), ['not-encrypted']],
  [
    'an unproved server',
    withConnection({ encryption: 'unverified', remarks: ['nobody checks'] }),
    ['identity-unchecked'],
  ],
  ['a tunnel to this machine', withConnection({ encryption: 'unverified' }), []],
  ['a superuser\u2019s login in CI', { ...well, checkout: inCi }, ['login-privileged']],
  ['a superuser\u2019s login outside CI', { ...well, checkout: { ...inCi, ciSystem: undefined } }, []],
  ['a standby', withConnection({ readOnly: true }), ['read-only']],
  ['a clock two minutes ahead', withConnection({ clockOffsetMs: 120_100 }), ['clock-off']],
  ['a clock an hour behind', withConnection({ clockOffsetMs: -3_600_000 }), ['clock-off']],
  ['a clock that a slow answer explains', withConnection({ clockOffsetMs: 121_000, tripMs: 5_000 }), []],
  ['a table that is missing', withDamage({ lost: ['table users'] }), ['parts-missing']],
  ['an index that is missing', withDamage({ slower: ['index idx_users_team'] }), ['index-missing']],
  [
    'a leaf without row-level security',
    withDamage({ mendable: ['row-level security of test_runs_2026_11'] }),
    ['row-security'],
  ],
  [
    'policies, rights, owners and roles changed',
    withDamage({
      mendable: [
        'rights on users',
        'policy team_isolation on users',
        'owner of table users',
        'role lukhas_owner',
      ],
    }),
    ['policies', 'rights', 'owners', 'roles'],
  ],
  ['a login that is gone', withDatabase({ lostLogins: [{ role: 'ci', team: 'payments' }] }), ['login-lost']],
  [
    'a month ahead that is missing',
    withDatabase({ months: months.filter(({ partition }) => partition !== 'coverage_data_2027_01') }),
    ['months-missing'],
  ],
  [
    'the present month that is missing in all tables',
    withDatabase({ months: months.filter(({ partition }) => !partition.endsWith('2026_11')) }),
    ['months-missing', 'months-missing', 'months-missing'],
  ],
  [
    'no partition at all',
    withDatabase({ months: [] }),
    ['months-missing', 'months-missing', 'months-missing'],
  ],
  [
    'an embedded database before its first upload',
    {
      ...withDatabase({ months: [] }),
      embedded: { folder: '/d', isThere: true, bytes: 4e7, freeBytes: 1e9 },
    },
    [],
  ],
  ['a month half detached', withDatabase({ halfDetached: ['test_runs_2023_01'] }), ['half-detached']],
  [
    'the month that expired when this one began',
    withDatabase({ months: [...months, month('test_results', '2025-10')] }),
    [],
  ],
  [
    'a month that a monthly job has left',
    withDatabase({ months: [...months, month('test_results', '2025-09')] }),
    ['retention-overdue'],
  ],
  [
    'runs of that month, kept three years',
    withDatabase({ months: [...months, month('test_runs', '2025-09')] }),
    [],
  ],
  [
    'reviews past their period',
    withDatabase({ overdue: [{ table: 'consciousness_reviews', rows: 7, oldest: before(300) }] }),
    ['retention-overdue'],
  ],
  ['a disk that is full', { ...withConnection({ bytes: 2e9 }), diskBytes: 1e9 }, ['disk-full-soon']],
  [
    'a disk that is full in two months',
    {
      ...withDatabase({
        connection: { ...connection, bytes: 3e9 },
        months: [...months, ...['2026-08', '2026-09'].map((name) => month('test_results', name, 1e9))],
      }),
      diskBytes: 4.5e9,
    },
    ['disk-full-soon'],
  ],
  ['a disk that lasts', { ...well, diskBytes: 1e12 }, []],
  [
    'an embedded database on a full disk',
    { ...well, embedded: { folder: '/d', isThere: true, bytes: 4e7, freeBytes: 0 } },
    ['disk-full-soon'],
  ],
  ['a daily job silent for a week', withDatabase({ jobs: [{ ...job, last: before(7) }] }), ['job-silent']],
  ['a daily job over a weekend', withDatabase({ jobs: [{ ...job, last: before(2.9) }] }), []],
  [
    'a weekly job silent for three weeks',
    withDatabase({ jobs: [{ ...job, days: 5, first: before(49), last: before(21) }] }),
    [],
  ],
  ['a job that ran twice', withDatabase({ jobs: [{ ...job, days: 2, last: before(28) }] }), []],
  ['an index nobody uses', withDatabase({ indexes: [{ ...index, scans: 0 }] }), ['index-unused']],
  ['an unused index of ours', withDatabase({ indexes: [{ ...index, scans: 0, isOurs: true }] }), []],
  ['an unused unique index', withDatabase({ indexes: [{ ...index, scans: 0, isUnique: true }] }), []],
  [
    'an unused index of last week',
    withDatabase({ indexes: [{ ...index, scans: 0 }], statisticsSince: before(7) }),
    [],
  ],
  ['a bloated index', withDatabase({ indexes: [{ ...index, neededBytes: 5_000_000 }] }), ['index-bloated']],
  ['an index of unknown need', withDatabase({ indexes: [{ ...index, neededBytes: undefined }] }), []],
  [
    'a table full of dead rows',
    withDatabase({ tables: [{ table: 'test_results', bytes: 1e9, deadRows: 60_000, liveRows: 100_000 }] }),
    ['table-bloated'],
  ],
  [
    'a job without a commit',
    {
      ...withConnection({ privilege: undefined }),
      checkout: { ...inCi, gitSha: undefined, isInRepository: false },
    },
    ['no-commit'],
  ],
  [
    'a folder of an administrator',
    { ...well, checkout: { ...inCi, ciSystem: undefined, gitSha: undefined } },
    [],
  ],
  [
    'a report beside no checkout',
    {
      ...well,
      checkout: { ...inCi, ciSystem: undefined, gitSha: undefined, isInRepository: false },
      reports: [{ name: 'r.xml', tests: 1, isNamed: true }],
    },
    ['no-commit'],
  ],
  ['a good token', { ...well, isInActions: true, token }, []],
  ['no token', { ...well, isInActions: true }, []],
  ['a refused token', { ...well, isInActions: true, token: { ...token, isValid: false } }, ['token-refused']],
  [
    'a token that may not comment',
    { ...well, isInActions: true, token: { ...token, mayComment: false } },
    ['token-may-not-comment'],
  ],
];

describe('what is to be mended', () => {
  it.each(cases)('of %s is named with its fix', (_, facts, codes) => {
    const findings = findIllnesses(facts, rules).map(wordsOf);
    expect(findings.map(({ code }) => code)).toEqual(codes);
    for (const { message, fix } of findings) {
      expect(message).not.toMatch(/undefined|NaN|\[object|\.$/);
      expect(fix).toMatch(/\w/);
    }
  });

  it('is told in full on a terminal and as JSON, with nothing that moves its cursor', () => {
    const facts = {
      ...withDatabase({ jobs: [{ ...job, jobName: '\u001b[2Jx\n::error::', last: before(9) }] }),
      checkout: inCi,
    };
    const findings = findIllnesses(facts, rules);
    const growth = growthOf(facts, rules);
    const lines = renderHealth(facts, findings, growth, createPaint(false));
    expect(lines.join('\n')).not.toMatch(/\u001b|\n::/);
    expect(lines.at(-1)).toBe('\u2717 2 to mend');
    expect(healthJson(facts, findings, growth)).toMatchObject({
      well: false,
      findings: [{ code: 'login-privileged' }, { code: 'job-silent' }],
    });
    expect(renderHealth(well, [], growth, createPaint(false)).at(-1)).toBe('\u2713 nothing to mend');
  });
});

describe('growth', () => {
  it('is the mean of the last whole months that hold something, and ends where retention takes as much', () => {
    const full = (name: string) => month('test_results', name, 1e9);
    const facts = {
      ...withDatabase({
        connection: { ...connection, bytes: 12e9 },
        months: [
          ...months.filter(({ table }) => table !== 'test_results'),
          ...['2026-11', '2026-12', '2027-01'].map((name) => month('test_results', name)),
          // A year of a gigabyte each.
          ...Array.from({ length: 11 }, (_, i) =>
            full(new Date(Date.UTC(2025, 11 + i, 1)).toISOString().slice(0, 7)),
          ),
        ],
      }),
    };
    expect(growthOf({ ...facts, diskBytes: 13.5e9 }, rules)).toEqual({
      bytesPerMonth: 1e9,
      tables: { test_runs: 0, test_results: 1e9, coverage_data: 0 },
      fullInMonths: 1,
    });
    expect(growthOf({ ...facts, diskBytes: 14.5e9 }, rules).fullInMonths).toBeUndefined();
  });

  it('is that of the present month where there is no other, once it is not its first day', () => {
    const young = (day: number) => ({
      ...withDatabase({
        months: [month('test_results', '2026-11', 27e6), month('test_results', '2026-12', 1e5)],
      }),
      now: new Date(Date.UTC(2026, 10, day, 1)),
    });
    expect(growthOf(young(1), rules).bytesPerMonth).toBe(0);
    expect(growthOf(young(16), rules).bytesPerMonth).toBeCloseTo(54e6, -6);
  });

  it('is written in sizes that disks are sold in', () => {
    expect([0, 999, 1000, 1_234_567, 999_600_000, 5.4e12].map(sizeOf)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.2 MB',
      '1.0 GB',
      '5.4 TB',
    ]);
  });
});
