// Measures what the facts cost that a run is judged by: 500 failures in a million results on 8 lines, all of them unknown, by the
// limited role under row-level security, warm.
//   npm run bench:evidence [-- --rounds 50]
// 50 commits of main and 350 runs of branches, in 8 jobs, over 60 days; 2,500 tests a run. Two runs are asked about: of the first
// one's failed tests 50 failed before now and then, of the second one's all 500 did.
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Database } from '../src/store/database/port.ts';
import { type EvidenceRun, readRunEvidence, readTestEvidence } from '../src/store/history/evidence.ts';
import { grantUploads, inTeam, openAccess } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { rowsIn, scriptIn } from '../test/support/sql.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' } } });
const rounds = Number(values.rounds);

const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});
try {
  const admin = await openPostgres(server.adminUrl, { stallMs: 600_000 });
  await migrate(admin);
  const team = await addTeam(admin, { slug: 'bench' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 4 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });
  const asked = await fill(admin, team.id);
  const [size] = await rowsIn<{ n: number }>(admin, 'SELECT count(*)::int AS n FROM test_results');
  await admin.close();
  console.log(`${size?.n} results`);
  const db = await openPostgres(databaseUrl);
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  for (const { run, what, bound } of asked) {
    const [first, second]: [number[], number[]] = [[], []];
    let rows = 0;
    for (let round = 0; round < rounds + 5; round++) {
      await inTeam(db, access, async () => {
        const start = performance.now();
        const facts = await readRunEvidence(db, access, {
          ...run,
          baseBranch: 'main',
          defaultBranch: undefined,
          baseCommits: [],
          beginsAt: undefined,
        });
        const middle = performance.now();
        const tests = await readTestEvidence(db, access, { ...run, ...chosen(facts.run, facts.runs) });
        rows = tests.rows.length;
        if (round < 5) return;
        first.push(middle - start);
        second.push(performance.now() - middle);
      });
    }
    console.log(`${what}, ${rows} rows`);
    console.log(`  runs   ${line(first)}`);
    console.log(`  tests  ${line(second)}   both p95 at most ${bound} ms`);
  }
  await db.close();
} finally {
  await server.stop();
}

/** As the judge chooses them: the newest commit of main is the point. */
function chosen(me: EvidenceRun, runs: readonly EvidenceRun[]) {
  const base = runs.filter(({ branch }) => branch === 'main').sort((a, b) => b.at - a.at);
  const others = runs.filter(({ branch }) => branch !== 'main' && branch !== me.branch);
  const own = [...base, ...runs.filter(({ branch }) => branch === me.branch)].filter(
    ({ lineId }) => lineId === me.lineId,
  );
  return { own, base, others, point: base.filter(({ gitSha }) => gitSha === base[0]?.gitSha) };
}

function line(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5).padStart(6)} ms   p95 ${at(0.95).padStart(6)} ms   of ${sorted.length}`;
}

interface Asked {
  readonly run: { readonly runId: string; readonly createdAt: Date };
  readonly what: string;
  readonly bound: number;
}

async function fill(admin: Database, team: string): Promise<readonly Asked[]> {
  await scriptIn(
    admin,
    `
    -- Commits: 50 of main, each in 4 of the 8 jobs in turn; the rest are of branches.
    CREATE TEMP TABLE r AS SELECT n, gen_random_uuid() AS id, n % 8 AS job, md5('line ' || n % 8)::uuid AS line,
      CASE WHEN n > 400 THEN 'feature-' || n WHEN (n / 8) % 2 = 0 THEN 'main' ELSE 'feature-' || (n / 8) % 20 END AS branch,
      date_trunc('second', now()) - interval '60 days' + n * interval '3.5 hours' AS at, md5('commit ' || n / 8) || '00000000' AS sha
    FROM generate_series(1, 400) AS n UNION ALL
    SELECT n, gen_random_uuid(), 0, md5('line 0')::uuid, 'feature-' || n, date_trunc('second', now()) - interval '1 minute', md5('mine ' || n) || '00000000'
    FROM generate_series(401, 402) AS n;
    INSERT INTO test_runs (id, team_id, total_tests, failed, git_sha, git_branch, created_at, line_id, job_name, kind, origin,
      tested_git_sha, committed_at, project, repository)
    SELECT id, '${team}', 2500, 25, sha, branch, at, line, 'job ' || job, 'head', 'team', sha, at, '.', 'acme/shop' FROM r;
    INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome, duration_seconds, error_message,
      error_traceback, failure_signature, drift_signature, markers, error_type, statement)
    SELECT r.id, '${team}', r.at, r.line, 'tests/orders/test_module_' || t % 97 || '.py::TestOrders::test_total_of_order_' || t,
      'tests/orders/test_module_' || t % 97 || '.py',
      CASE WHEN f.failed THEN 'failed' ELSE 'passed' END, 0.01,
      CASE WHEN f.failed THEN 'KeyError: ''total''' END, CASE WHEN f.failed THEN repeat('what pytest shows of a failure ', 60) END,
      CASE WHEN f.failed THEN 'md5:' || md5('signature ' || t) END, CASE WHEN f.failed THEN 'd1:' || md5('drift ' || t) END, '{}',
      CASE WHEN f.failed THEN 'KeyError' END, CASE WHEN f.failed THEN 'assert order.total == price * count' END
    FROM r CROSS JOIN generate_series(1, 2500) AS t
    CROSS JOIN LATERAL (SELECT CASE
      WHEN r.n = 401 THEN t <= 500
      WHEN r.n = 402 THEN t BETWEEN 451 AND 950
      -- 1 to 450 never failed; of the others 1 % fails in each run.
      ELSE t > 450 AND (t * 7919 + r.n * 104729) % 100 = 0 END AS failed) AS f`,
  );
  const rows = await rowsIn<{ id: string; at: Date }>(admin, 'SELECT id, at FROM r WHERE n > 400 ORDER BY n');
  await admin.outside('VACUUM ANALYZE');
  const runOf = (place: number) => ({
    runId: rows[place]?.id ?? '',
    createdAt: rows[place]?.at ?? new Date(0),
  });
  return [
    { run: runOf(0), what: '500 failures, 50 of them mixed', bound: 75 },
    { run: runOf(1), what: '500 failures, all of them mixed', bound: 250 },
  ];
}
