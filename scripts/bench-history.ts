// Measures what a run's history costs: a run with 500 failures, in a database of at least a million results and 100,000
// memories, by the limited role under row-level security, warm.
//   npm run bench:history [-- --rounds 100]
// Times are the adapter's, on loopback: the server's work, the transfer, reading the answer and judging it, and the processor's time of
// that, which is what can be compared on a busy machine; beside it the time with what changed since the point. 400 runs of 2,500 tests over 60
// days, half of them on main; each run fails in about 1 % of its tests. Of the 500 failures 200 fail since ten runs, 100 on main
// too, 100 were repaired before; 150 are known exactly, 100 moved, 50 similar.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judgeStored } from '../src/judging.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Database } from '../src/store/database/port.ts';
import { grantUploads, inTeam, openAccess } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { rowsIn, scriptIn } from '../test/support/sql.ts';
import { tellFigure } from './figures.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' } } });
const rounds = Number(values.rounds);
/** Rounds of each kind before: V8 compiles for so long what it judges with. */
const warming = 150;

const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});
try {
  const admin = await openPostgres(server.adminUrl, { stallMs: 600_000 });
  await migrate(admin);
  const team = await addTeam(admin, { slug: 'bench' });
  const rival = await addTeam(admin, { slug: 'rival' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 4 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });
  const run = await fill(admin, team.id, rival.id);
  const [size] = await rowsIn<{ n: number }>(admin, 'SELECT count(*)::int AS n FROM test_results');
  await admin.close();

  const db = await openPostgres(databaseUrl);
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  // Every other round does not ask what changed since the point: that is no part of the history, and runs beside the judging.
  let isWhole = true;
  const timed: Database = {
    ...db,
    query: async (sql, params) => (!isWhole && sql.includes('pairs AS') ? [] : await db.query(sql, params)),
  };
  const [backend] = await inTeam(db, access, () =>
    db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
  );
  const served = () => serverMs(backend?.pid);
  const processor = { program: [] as number[], server: [] as number[] };
  const judged: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < 2 * (rounds + warming); round++) {
    isWhole = round % 2 === 0;
    const [start, used, before] = [performance.now(), process.cpuUsage(), served()];
    const history = await judgeStored(timed, access, { ...run, baseBranch: 'main' });
    const took = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    if (round >= 2 * warming) {
      (isWhole ? whole : judged).push(took);
      if (!isWhole) {
        processor.program.push((user + system) / 1000);
        processor.server.push(served() - before);
      }
    }
    if (round > 0) continue;
    const classes = new Map<string, number>();
    for (const failure of history.failures) {
      const tier = failure.match === undefined ? '' : ` (${failure.match.tier})`;
      classes.set(failure.class + tier, (classes.get(failure.class + tier) ?? 0) + 1);
    }
    console.log(
      `${size?.n} results, ${history.failures.length} failures: ${[...classes].map(([name, n]) => `${n} ${name}`).join(', ')}`,
    );
  }
  await db.close();
  tellFigure({
    what: 'history and matches of 500 failures, known and unknown ones, p95',
    value: line(judged),
    bound: '75 ms',
  });
  console.log(`and what changed      ${line(whole)}`);
  console.log(`processor, program    ${line(processor.program)}`);
  console.log(`processor, server     ${line(processor.server)}`);
} finally {
  await server.stop();
}

/** The processor's time of the server's process, where /proc tells it. */
function serverMs(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

function line(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5).padStart(6)} ms   p95 ${at(0.95).padStart(6)} ms   of ${sorted.length}`;
}

/** Fills the database on the server itself and returns the run to be asked about. */
async function fill(
  admin: Database,
  team: string,
  rival: string,
): Promise<{ runId: string; createdAt: Date }> {
  await scriptIn(
    admin,
    `
    CREATE TEMP TABLE r AS SELECT n, gen_random_uuid() AS id,
      CASE WHEN n = 400 THEN 'feature-1' WHEN n % 2 = 0 THEN 'main' ELSE 'feature-' || (n / 2) % 10 END AS branch,
      date_trunc('second', now()) - interval '60 days' + n * interval '3.5 hours' AS at, md5('commit ' || n) || '00000000' AS sha
    FROM generate_series(1, 400) AS n;
    INSERT INTO test_runs (id, team_id, total_tests, failed, git_sha, git_branch, created_at, line_id, job_name, kind, origin,
      tested_git_sha, committed_at, project, repository)
    SELECT id, '${team}', 2500, 25, sha, branch, at, md5('line')::uuid, 'tests', 'head', 'team', sha, at - interval '5 minutes', '.', 'acme/shop' FROM r;
    INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome, duration_seconds, error_message,
      error_traceback, failure_signature, drift_signature, words_signature, markers)
    SELECT r.id, '${team}', r.at, md5('line')::uuid, 'tests/orders/test_module_' || t % 97 || '.py::TestOrders::test_total_of_order_' || t, 'tests/orders/test_module_' || t % 97 || '.py',
      CASE WHEN f.failed THEN 'failed' ELSE 'passed' END, 0.01,
      CASE WHEN f.failed THEN 'KeyError: ''total''' END, CASE WHEN f.failed THEN repeat('what pytest shows of a failure ', 60) END,
      CASE WHEN f.failed THEN 'md5:' || md5('signature ' || t) END, CASE WHEN f.failed THEN 'd1:' || md5('drift ' || t) END,
      CASE WHEN f.failed THEN 'w1:' || md5('words ' || t) END, '{}'
    FROM r CROSS JOIN generate_series(1, 2500) AS t
    CROSS JOIN LATERAL (SELECT CASE
      WHEN r.n = 400 THEN t <= 500
      WHEN t <= 200 AND r.branch = 'feature-1' AND r.n > 220 THEN true
      WHEN t BETWEEN 201 AND 300 AND r.branch = 'main' AND r.n > 380 THEN true
      WHEN t BETWEEN 301 AND 400 AND r.branch = 'feature-1' AND r.n BETWEEN 240 AND 300 THEN true
      ELSE (t * 7919 + r.n * 104729) % 100 = 0 END AS failed) AS f;
    -- As an upload stores them: all of these runs ran the same tests.
    UPDATE test_runs r SET tests_signature = left(md5('tests'), 16),
      failed = (SELECT count(*) FROM test_results t WHERE t.test_run_id = r.id AND t.created_at = r.created_at AND t.outcome = 'failed');
    INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, words_signature, confidence, solution, root_cause, success_count)
    SELECT CASE WHEN n % 4 = 3 AND n > 500 THEN '${rival}'::uuid ELSE '${team}'::uuid END,
      CASE WHEN n BETWEEN 401 AND 450 THEN 'tests/other.py::test_' || n ELSE 'tests/orders/test_module_' || n % 97 || '.py::TestOrders::test_total_of_order_' || n END,
      CASE WHEN n <= 150 THEN CASE WHEN n % 2 = 0 THEN 'md5:' ELSE '' END || md5('signature ' || n) ELSE md5('other ' || n) END,
      CASE WHEN n BETWEEN 201 AND 300 OR n BETWEEN 401 AND 450 THEN 'd1:' || md5('drift ' || n) ELSE 'd1:' || md5('other ' || n) END,
      CASE WHEN n <= 150 OR n BETWEEN 201 AND 300 THEN 'w1:' || md5('words ' || n) ELSE 'w1:' || md5('other ' || n) END,
      (n % 100) / 100.0, 'Raise the limit and add a timeout to the pool of connections', 'The limit was exceeded under load', n % 50
    FROM generate_series(1, 100000) AS n WHERE n <= 150 OR n BETWEEN 201 AND 300 OR n BETWEEN 401 AND 450 OR n > 2500`,
  );
  const [row] = await rowsIn<{ id: string; at: Date }>(admin, 'SELECT id, at FROM r WHERE n = 400');
  await admin.outside('VACUUM ANALYZE');
  // Else the server writes what was made while it is measured.
  await admin.outside('CHECKPOINT');
  return { runId: row?.id ?? '', createdAt: row?.at ?? new Date(0) };
}
