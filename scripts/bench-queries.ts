// Measures the eight queries of the schema document and the questions of `lukhas` at the document's scale, by the team's own login under
// row-level security, warm, beside an empty round trip: one month of 4.5 million results in 365,000 runs, 1 million coverage rows,
// 100,000 memories, 5,000 reviews, 20 people.
//   npm run bench:queries [-- --scale 0.1 --rounds 30 --keep /tmp/lukhas-queries --only usage]
// With --keep the database stays in that folder and is measured again the next time; its runs end when it was made.
// Times are the adapter's, on loopback: the server's work, the transfer and reading the answer. What a question asks before its answer
// (the repository's name, the login) is not among them. Beside them the mean of the processor's time, of server and program: on a busy
// machine that is what can be compared. Linux tells it; elsewhere it is left out.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findFlaky, findWorse, judgeListed, readTest } from '../src/asking.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Database, SqlValue } from '../src/store/database/port.ts';
import { type Asked, documentQuestions } from '../src/store/questions/document.ts';
import { listFailures } from '../src/store/questions/failures.ts';
import { findRun, listRuns, readFailures } from '../src/store/questions/runs.ts';
import { listBlocked, readActivity, readMemoryRates, readUsage } from '../src/store/questions/team.ts';
import { findTest } from '../src/store/questions/tests.ts';
import { listSlow, readCoverage, readFileCoverage, readTrend } from '../src/store/questions/trends.ts';
import { type Access, grantUploads, inTeam, openAccess } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { rowsIn, scriptIn } from '../test/support/sql.ts';
import { tellFigure } from './figures.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '30' },
    keep: { type: 'string' },
    /** Only what has this in its name. */
    only: { type: 'string', default: '' },
  },
});
const scale = Number(values.scale);
const rounds = Number(values.rounds);
const n = (whole: number) => Math.max(1, Math.round(whole * scale));
const size = { runs: n(365_000), files: 50, memories: n(100_000), reviews: n(5000) };
const perRun = 12;
/** One run of so many has coverage: 20,000 in all. */
const every = 18;
const tests = 20_000;

const server = await startPostgres({
  external: false,
  keep: values.keep,
  settings: { shared_buffers: '2GB', max_wal_size: '8GB' },
});
try {
  const admin = await openPostgres(server.adminUrl, { stallMs: 3_600_000 });
  await migrate(admin, { connect: (limits) => openPostgres(server.adminUrl, limits) });
  const team = await addTeam(admin, { slug: 'bench' });
  const started = performance.now();
  // Said last, so that a database that was left half made is not measured.
  const [made] = await rowsIn<{ at: string | null }>(
    admin,
    "SELECT shobj_description(oid, 'pg_database') AS at FROM pg_database WHERE datname = current_database()",
  );
  const isMade = /^made \d/.test(made?.at ?? '');
  if (!isMade) {
    await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 2 });
    await fill(admin, team.id);
    await admin.outside(`COMMENT ON DATABASE postgres IS 'made ${new Date().toISOString()}'`);
  }
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_queries',
    adminUrl: server.adminUrl,
    newPassword: true,
  });
  const [counts] = await rowsIn<{ results: number; coverage: number }>(
    admin,
    'SELECT (SELECT count(*)::int FROM test_results) AS results, (SELECT count(*)::int FROM coverage_data) AS coverage',
  );
  await admin.close();
  console.log(
    `${counts?.results} results in ${size.runs} runs, ${counts?.coverage} coverage rows, ${size.memories} memories, ${size.reviews} reviews; ${isMade ? made?.at : `made in ${((performance.now() - started) / 1000).toFixed(0)} s`}`,
  );
  const db = await openPostgres(databaseUrl, { stallMs: 600_000 });
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  await measure(db, access);
  await db.close();
} finally {
  await server.stop();
}

async function measure(db: Database, access: Access): Promise<void> {
  const now = new Date();
  const since = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const shop = { repository: { name: 'acme/shop', host: 'github.com' } };
  const last = await findRun(db, access, shop, 'last');
  const red = (await listRuns(db, access, shop, 200)).items.find(({ totals }) => totals.failed > 0) ?? last;
  const { items } = await readFailures(db, access, red, 1);
  const failed = items[0]?.testName ?? 'none';
  const query =
    (sql: string, params: readonly SqlValue[] = []) =>
    () =>
      inTeam(db, access, () => db.query(sql, params));
  const asked: Readonly<Record<Asked, SqlValue>> = {
    team: access.team.id,
    now,
    run: red.runId,
    file: 'src/shop/module_7.py',
    test: failed,
    signature: items[0]?.failureSignature ?? '',
  };
  // As issue and document number them, and at most so many milliseconds.
  const bounds = [10, 20, 20, 75, 10, 20, 100, 20];
  const documents: readonly (readonly [name: string, bound: number, () => Promise<unknown>])[] = [
    ['an empty round trip', 0, query('SELECT')],
    ...documentQuestions.map(
      ({ name, sql, params }, at) =>
        [
          `${at + 1} ${name}`,
          bounds[at] ?? 0,
          query(
            sql,
            params.map((one) => asked[one]),
          ),
        ] as const,
    ),
  ];
  const testName = await findTest(db, access, { ...shop, since: since(90) }, failed);
  const part = failed.split('::').at(-1)?.slice(5) ?? failed;
  const questions: readonly [name: string, bound: number, () => Promise<unknown>][] = [
    ['runs', 100, () => listRuns(db, access, shop, 20)],
    ['runs of main', 100, () => listRuns(db, access, { ...shop, branch: 'main' }, 20)],
    ['run last (found)', 100, () => findRun(db, access, shop, 'last')],
    ['run (its failures)', 100, () => readFailures(db, access, red, 1000)],
    ['run (judged)', 0, () => judgeListed(db, access, red, undefined)],
    ['test (found by a part)', 100, () => findTest(db, access, { ...shop, since: since(90) }, part)],
    [
      'test (timeline)',
      100,
      () => readTest(db, access, { ...shop, since: since(90) }, { testName, limit: 100 }),
    ],
    ['failures, 30 days', 100, () => listFailures(db, access, { ...shop, since: since(30) }, 20)],
    ['flaky', 0, () => findFlaky(db, access, shop)],
    ['slow', 100, () => listSlow(db, access, { ...shop, since: since(30) }, 20)],
    ['trend, a year', 300, () => readTrend(db, access, { ...shop, since: since(365) }, 'week')],
    ['coverage', 100, () => readCoverage(db, access, { ...shop, since: since(90) }, 20)],
    [
      'coverage of a file, a year',
      300,
      () => readFileCoverage(db, access, { ...shop, since: since(365) }, 'src/shop/module_7.py'),
    ],
    ['regressions', 0, () => findWorse(db, access, shop, now)],
    ['usage, a year', 300, () => readUsage(db, access, { since: since(365) })],
    ['activity', 100, () => readActivity(db, access, { since: since(7), limit: 20 })],
    ['guardian', 100, () => listBlocked(db, access, {}, 50)],
    ['healix rates', 100, () => readMemoryRates(db, access, 20)],
  ];
  const [{ pid } = { pid: 0 }] = await inTeam(db, access, () =>
    db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
  );
  console.log(`${rounds} rounds each after 3; load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`);
  for (const [name, bound, ask] of [...documents, ...questions].filter(([name]) =>
    name.includes(values.only),
  )) {
    const times: number[] = [];
    let [used, usedHere] = [0, process.cpuUsage()];
    for (let round = -3; round < rounds; round++) {
      if (round === 0) [used, usedHere] = [serverTime(pid), process.cpuUsage()];
      const start = performance.now();
      await ask();
      if (round >= 0) times.push(performance.now() - start);
    }
    const here = process.cpuUsage(usedHere);
    const spent = serverTime(pid) - used + (here.user + here.system) / 1000;
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    tellFigure({
      what: `${name}, p95`,
      value: `${at(0.95).toFixed(1)} ms (p50 ${at(0.5).toFixed(1)}, processor ${(spent / rounds).toFixed(1)})${bound > 0 && at(0.95) > bound ? ': over' : ''}`,
      bound: bound === 0 ? undefined : `${bound} ms`,
    });
  }
}

/** Milliseconds of the processor that a session and the parallel workers of its server have used; 0 where nothing tells. */
function serverTime(pid: number): number {
  const fields = (of: number | string) => {
    const stat = readFileSync(`/proc/${of}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  };
  try {
    const own = fields(pid);
    const parent = fields(own[1] ?? '');
    // In ticks of 10 ms: user and system; of the server its children that have ended.
    return 10 * [own[11], own[12], parent[13], parent[14]].reduce((sum, ticks) => sum + Number(ticks), 0);
  } catch {
    return 0;
  }
}

/** Fills the month on the server itself, in pieces. */
async function fill(admin: Database, team: string): Promise<void> {
  const pieces = Math.max(1, Math.ceil(size.runs / 50_000));
  const hash = (a: string, seed: number) => `(hashint8extended(${a}, ${seed}) & 2147483647)`;
  await scriptIn(
    admin,
    `INSERT INTO users (lambda_id, team_id, email, display_name, last_login_at)
     SELECT 'lambda-' || n, '${team}', n || '@example.com', 'Person ' || n, now() - n * interval '3 hours' FROM generate_series(1, 20) AS n;
     INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, confidence, solution, solution_type, root_cause, success_count, failure_count)
     SELECT '${team}', 'tests/test_module_' || m % 389 || '.py::test_case_' || m % ${tests}, 'md5:' || md5('signature ' || m % ${tests}), 'd1:' || md5('drift ' || m % ${tests}),
       (m % 100) / 100.0, 'Raise the timeout', 'config', 'The service is slow', m % 50, m % 7 FROM generate_series(1, ${size.memories}) AS m;
     INSERT INTO consciousness_reviews (team_id, pr_number, git_sha, git_branch, matriz_analysis, overall_status, created_at)
     SELECT '${team}', n, md5('review ' || n) || '00000000', 'feature/' || n % 13,
       jsonb_build_object('stars', jsonb_build_object('guardian', jsonb_build_object('status', CASE WHEN n % 4 = 0 THEN 'BLOCKED' ELSE 'PASSED' END))), 'PASSED',
       now() - n * interval '8 minutes' FROM generate_series(1, ${size.reviews}) AS n`,
  );
  for (let piece = 0; piece < pieces; piece++) {
    const [from, to] = [piece * 50_000 + 1, Math.min(size.runs, (piece + 1) * 50_000)];
    await scriptIn(
      admin,
      `CREATE TEMP TABLE r ON COMMIT DROP AS
       SELECT n, n % 8 AS job, at, (lpad(to_hex(round(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5('run ' || n), 1, 3) || '8' || substr(md5('run ' || n), 4, 15))::uuid AS id,
         CASE WHEN n / 8 % 10 < 3 THEN 'main' ELSE 'feature/' || n / 8 % 300 END AS branch, md5('commit ' || n / 8) || '00000000' AS sha
       FROM (SELECT n, date_trunc('milliseconds', now() - interval '1 hour' - (${size.runs} - n) * (interval '30 days' / ${size.runs})) AS at FROM generate_series(${from}, ${to}) AS n) AS r;
       CREATE TEMP TABLE x ON COMMIT DROP AS
       SELECT r.*, t, ${hash('r.n::bigint * 1000003 + t', 3)} % 1000 < CASE WHEN t % 4 = 0 THEN 15 ELSE 1 END AS failed
       FROM r CROSS JOIN LATERAL (SELECT (r.job + 8 * (${hash('r.n::bigint * 31 + k', 5)} % ${tests / 8})) AS t FROM generate_series(1, ${perRun}) AS k GROUP BY 1) AS t;
       INSERT INTO test_runs (id, team_id, lambda_id, total_tests, passed, failed, coverage_percent, duration_seconds, git_sha, git_branch, created_at, repository,
         repository_host, project, job_name, line_id, tested_git_sha, parents, committed_at, kind, origin, dirty, stale, ci_system)
       SELECT r.id, '${team}', 'lambda-' || 1 + r.n % 20, c.n, c.n - c.failed, c.failed, CASE WHEN r.n % ${every} = 0 THEN 80 END, 60, r.sha, r.branch, r.at, 'acme/shop', 'github.com', '.',
         'tests (' || r.job || ')', md5('line ' || r.job)::uuid, r.sha, ARRAY[md5('commit ' || r.n / 8 - 1) || '00000000'], r.at - interval '5 minutes', 'head', 'team', 0, false, 'github_actions'
       FROM r JOIN (SELECT id, count(*) AS n, count(*) FILTER (WHERE failed) AS failed FROM x GROUP BY id) AS c ON c.id = r.id;
       INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows, repository, workflow_run_id, run_attempt, job, uploaded_at)
       SELECT '${team}', sha256(convert_to('key ' || n, 'UTF8')), id, at, sha256(convert_to('payload ' || n, 'UTF8')), ${perRun}, 0, 'acme/shop', (n / 8)::text, 1, 'tests', at FROM r;
       INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome, duration_seconds, error_type, error_message, error_traceback,
         failure_signature, drift_signature, markers)
       SELECT x.id, '${team}', x.at, md5('line ' || x.job)::uuid, 'tests/test_module_' || t % 389 || '.py::test_case_' || t, 'tests/test_module_' || t % 389 || '.py',
         CASE WHEN failed THEN 'failed' ELSE 'passed' END, 0.01 + t % 100 / 50.0, CASE WHEN failed THEN 'KeyError' END, CASE WHEN failed THEN 'KeyError: ''total''' END,
         CASE WHEN failed THEN repeat('what pytest shows of a failure ', 60) END, CASE WHEN failed THEN 'md5:' || md5('signature ' || t) END,
         CASE WHEN failed THEN 'd1:' || md5('drift ' || t) END, '{}' FROM x;
       INSERT INTO coverage_data (test_run_id, team_id, created_at, file_path, total_statements, covered_statements, missing_statements, coverage_percent, covered_lines, missing_lines)
       SELECT r.id, '${team}', r.at, 'src/shop/module_' || f || '.py', 100, 80, 20, 80, ARRAY(SELECT generate_series(1, 80)), ARRAY(SELECT generate_series(81, 100))
       FROM r CROSS JOIN generate_series(1, ${size.files}) AS f WHERE r.n % ${every} = 0`,
    );
  }
  await admin.outside('VACUUM ANALYZE');
  // Else the server writes what was made while it is measured.
  await admin.outside('CHECKPOINT');
}
