// What each of a run's reports holds, on its way into test_runs and back, on both databases.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Connect, Database } from '../../../src/store/database/port.ts';
import { createStorable } from '../../../src/store/database/storable.ts';
import { listJobs, readReportCounts } from '../../../src/store/runs/jobs.ts';
import { mostReportBytes, readReports, storedReports } from '../../../src/store/runs/report-counts.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads, openAccess } from '../../../src/store/schema/access.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import { startTally } from '../../../src/tally.ts';
import {
  asAdmin,
  createEmbedded,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../../support/databases.ts';
import {
  emptyContext,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
  totalsOf,
} from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';

const hostile = [
  '\u0000',
  '\ud800.xml',
  `${'😀'.repeat(300)}.xml`,
  '"},{"report":"x',
  "'; DROP TABLE test_runs; --",
  '\u0001\\\n',
  '',
];
const uploadOf = (name: string) =>
  makeUpload(name, { context: { ...emptyContext, gitSha: 'a'.repeat(40), repository: `acme/${name}` } });
const results = hostile.flatMap((report, i) =>
  [makeResult(1), makeFailure(2), makeResult(3, { outcome: 'skipped' })].map((one) => ({
    ...one,
    testName: `${one.testName}-${i % 2}`,
    report,
  })),
);
const several = (some = results) => {
  const tally = startTally();
  tally.add(some);
  return tally.reports(new Set([hostile[4] ?? '']));
};
const sourceWith = (some = results) => {
  const open = sourceOf(some);
  return () => ({ ...open(), reports: () => several(some) });
};

describe.each(['PostgreSQL', 'the embedded database'])('on %s', (kind) => {
  let connect: Connect;
  let look: (sql: string) => Promise<Record<string, unknown>[]>;
  let ready: ReadyDatabase | undefined;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    if (kind === 'PostgreSQL') {
      const server = await createReadyDatabase();
      ready = server;
      connect = (limits) => openPostgres(server.uploadUrl, limits);
      look = (sql) => rowsOf(server.adminUrl, sql);
      remove = server.drop;
    } else {
      const embedded = await createEmbedded();
      const kept: Database = { ...embedded.db, close: async () => {} };
      connect = async () => kept;
      look = (sql) => rowsIn(embedded.db, sql);
      remove = embedded.remove;
    }
  });
  afterAll(() => remove());

  const readBack = async (name: string) => {
    const upload = uploadOf(name);
    const db = await connect({ stallMs: 10_000 });
    try {
      const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
      const jobs = await listJobs(db, access, upload.context);
      return await Promise.all(
        jobs.map(async (job) =>
          job.runId === undefined ? undefined : { ...job, reports: await readReportCounts(db, access, job) },
        ),
      );
    } finally {
      await db.close();
    }
  };

  test('several reports come back as they were counted, with names that can be stored, and once', async () => {
    const upload = uploadOf('several');
    const warnings: string[] = [];
    const options = makeOptions({ onWarning: ({ code }) => void warnings.push(code) });
    const [first, again] = [
      await saveRun(connect, upload, sourceWith(), options),
      await saveRun(connect, upload, sourceWith(), options),
    ];
    expect([first.stored, again.stored, again.runId]).toEqual(['new', 'already', first.runId]);
    expect(warnings.sort()).toEqual(['stored-name-cut', 'stored-nul', 'stored-surrogate']);
    const [job] = (await readBack('several')).filter((one) => one?.runId === first.runId);
    const counted = several();
    expect(job?.hasReports).toBe(true);
    expect(job?.reports).toEqual({
      ...counted,
      counts: counted?.counts.map((one, i) => ({
        ...one,
        report: [
          '\u2400',
          '\ufffd.xml',
          expect.stringMatching(/^(?:😀){187}…#[0-9a-f]{11}$/u),
          ...hostile.slice(3),
        ][i],
      })),
    });
    const [row] = await look(`SELECT report_counts ->> 'tests' AS tests,
      (SELECT sum((one ->> 'failed')::integer) FROM jsonb_array_elements(report_counts -> 'reports') AS one) AS failed
      FROM test_runs WHERE id = '${first.runId}'`);
    expect([row?.tests, Number(row?.failed)]).toEqual(['6', hostile.length]);
  });

  test('one report, and a source of an older program, leave the column empty', async () => {
    const some = [{ ...makeResult(1), report: 'one.xml' }];
    for (const [name, source] of [
      ['one', sourceWith(some)],
      ['older', sourceOf(some)],
    ] as const) {
      const { runId } = await saveRun(connect, uploadOf(name), source, makeOptions());
      const [job] = (await readBack(name)).filter((one) => one?.runId === runId);
      expect([job?.hasReports, job?.reports]).toEqual([false, undefined]);
    }
  });

  test('what another program wrote is not read where it is huge or says something else than its run', async () => {
    const { runId } = await saveRun(connect, uploadOf('strange'), sourceWith(), makeOptions());
    for (const sql of [
      `jsonb_set(report_counts, '{reports,0,report}', to_jsonb(repeat('x', ${mostReportBytes})))`,
      `'{"reports": [{"report": "green.xml", "passed": 1, "failed": 0, "skipped": 0}]}'`,
    ]) {
      await look(`UPDATE test_runs SET report_counts = ${sql} WHERE id = '${runId}'`);
      const [job] = (await readBack('strange')).filter((one) => one?.runId === runId);
      expect([job?.hasReports, job?.reports]).toEqual([true, undefined]);
    }
  });

  test.runIf(kind === 'PostgreSQL')(
    "another team sees none of it; a login of one's own that may select alone sees it",
    async () => {
      const server = ready;
      if (server === undefined) throw new Error('no server');
      const count = 'SELECT count(*)::integer AS n FROM test_runs WHERE report_counts IS NOT NULL';
      const [all] = await look(count);
      expect(all?.n).toBeGreaterThan(0);
      expect(await rowsOf(server.uploadUrl, count)).toEqual([all]);
      const admin = await openPostgres(server.adminUrl);
      const roles: string[] = [];
      const seenBy = async (teamSlug: string, readOnly: boolean) => {
        const role = uniqueRole();
        roles.push(role);
        const wish = { teamSlug, role, readOnly, adminUrl: server.adminUrl };
        return rowsOf((await grantUploads(admin, wish)).databaseUrl, count);
      };
      try {
        await addTeam(admin, { slug: 'other' });
        expect(await seenBy(server.team.slug, true)).toEqual([all]);
        for (const readOnly of [true, false]) expect(await seenBy('other', readOnly)).toEqual([{ n: 0 }]);
      } finally {
        await admin.close();
        await server.drop();
        for (const role of roles) await asAdmin(inject('postgresAdminUrl'), `DROP ROLE IF EXISTS ${role}`);
      }
    },
  );
});

describe('what is read', () => {
  const totals = totalsOf(results);
  const good = storedReports(several() ?? { counts: [], rest: undefined, tests: 0 }, createStorable()) as {
    reports: Record<string, unknown>[];
  };
  const withFirst = (changes: Record<string, unknown>) => ({
    ...good,
    reports: [{ ...good.reports[0], ...changes }, ...good.reports.slice(1)],
  });

  test('is what was stored', () => {
    expect(readReports(JSON.parse(JSON.stringify(good)), totals)?.counts).toHaveLength(hostile.length);
  });

  test.each([
    null,
    [],
    'x',
    {},
    { reports: [] },
    { ...good, reports: {} },
    { ...good, reports: [null] },
    withFirst({ report: 7 }),
    withFirst({ failed: -1 }),
    withFirst({ failed: 0 }),
    withFirst({ failed: '1' }),
    withFirst({ passed: 1.5 }),
    { ...good, rest: { reports: 1, passed: 1, failed: 0, skipped: 0 } },
    { ...good, rest: 'x' },
    { ...good, tests: 1e9 },
    { ...good, tests: 0 },
    { ...good, rest: { reports: 0, passed: 0, failed: 0, skipped: 0 } },
    { reports: Array(101).fill({ report: 'x', passed: 0, failed: 0, skipped: 0 }) },
  ])('is nothing of what has not its form, case %#', (value) => {
    expect(readReports(value, totals)).toBeUndefined();
  });

  test('of a hundred of the longest names fits in', () => {
    const most = { passed: 2_147_483_647, failed: 2_147_483_647, skipped: 2_147_483_647, incomplete: true };
    const counts = Array.from({ length: 100 }, () => ({ report: '\u0001'.repeat(1000), ...most }));
    const stored = storedReports({ counts, rest: { reports: 9, ...most }, tests: 9 }, createStorable());
    // As jsonb prints it, with a blank behind each colon and comma.
    expect(Buffer.byteLength(JSON.stringify(stored, null, 1).replace(/\n */g, ' '))).toBeLessThan(
      mostReportBytes,
    );
  });
});
