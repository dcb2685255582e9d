// Measures what it costs to judge a run: 500 failures in a million results on 8 lines, 100,000 memories of the team, all signatures
// unknown, by the limited role under row-level security, warm; and 2,000 failures.
//   npm run bench:evidence [-- --rounds 50 --keep /tmp/lukhas-evidence]
// With --keep the database stays in that folder and is measured again the next time.
// 25 commits of main and 25 of branches, each in 8 jobs, over 60 days; 2,500 tests a run. Three runs are asked about: of the first
// one's failed tests 50 failed before now and then, of the second one's all 500 did, of the third one's 1,550 of 2,000.
// They began a second apart, as reports of one push do. `judged` is history, matches and causes; `all` is also what changed since
// the point. Warm is after 30 rounds; what the first one took is told, too. On a busy machine look at the processor's time: the
// server's is told beside the program's. A statement's time counts from when it was asked, or from the answer to the one before it
// where that came later.
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

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '50' }, keep: { type: 'string' } },
});
const rounds = Number(values.rounds);
/** Rounds before those that count: the program's own compiler is at work in the first ones, beside the server on the same cores. */
const warming = 300;

const server = await startPostgres({
  external: false,
  keep: values.keep,
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
    newPassword: true,
  });
  // Said last, so that a database that was left half made is not measured.
  const [made] = await rowsIn<{ at: string | null }>(
    admin,
    "SELECT shobj_description(oid, 'pg_database') AS at FROM pg_database WHERE datname = current_database()",
  );
  if (!/^made \d/.test(made?.at ?? '')) {
    await fill(admin, team.id);
    await admin.outside(`COMMENT ON DATABASE postgres IS 'made ${new Date().toISOString()}'`);
  }
  const asked = await askedRuns(admin);
  const [size] = await rowsIn<{ n: number }>(admin, 'SELECT count(*)::int AS n FROM test_results');
  await admin.close();
  console.log(`${size?.n} results`);
  const db = await openPostgres(databaseUrl);
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  const [backend] = await inTeam(db, access, () =>
    db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
  );
  for (const { run, what, bound } of asked) {
    const statements = new Map<string, number[]>();
    let since = 0;
    let answered = 0;
    const timing = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
      const asked = performance.now();
      const answer = await work();
      const now = performance.now();
      const took = now - Math.max(asked, answered);
      answered = now;
      const name = statementName(sql);
      const times = statements.get(name) ?? [];
      statements.set(name, times);
      times.push(took);
      if (name === 'differences' || name === 'coverage') since += took;
      return answer;
    };
    const timed: Database = {
      ...db,
      query: (sql, params) => timing(sql, () => db.query(sql, params)),
      each: (sql, params, onRow) => timing(sql, () => db.each(sql, params, onRow)),
    };
    const times = {
      judged: [] as number[],
      all: [] as number[],
      program: [] as number[],
      server: [] as number[],
    };
    let failures = 0;
    for (let round = 0; round < rounds + warming; round++) {
      if (round === warming)
        for (const list of [...statements.values(), ...Object.values(times)]) list.length = 0;
      since = 0;
      const [start, used, served] = [performance.now(), process.cpuUsage(), serverMs(backend?.pid)];
      const history = await judgeStored(timed, access, { ...run, baseBranch: 'main' });
      const took = performance.now() - start;
      if (round === 0) console.log(`${what}: the first ${took.toFixed(1)} ms`);
      const { user, system } = process.cpuUsage(used);
      times.all.push(took);
      times.judged.push(took - since);
      times.program.push((user + system) / 1000);
      times.server.push(serverMs(backend?.pid) - served);
      failures = history.failures.length;
    }
    console.log(`${what}: ${failures} failures`);
    for (const [name, list] of statements) console.log(`  ${name.padEnd(12)} ${line(list)}`);
    tellFigure({
      what: `judging ${what}, p95`,
      value: `${ratio(times.judged, bound)} of ${bound} ms, ${line(times.judged)}`,
      bound: '1',
    });
    console.log(`  ${'all'.padEnd(12)} ${line(times.all)}`);
    console.log(`  processor    program ${line(times.program)}`);
    console.log(`               server  ${line(times.server)}`);
  }
  await db.close();
} finally {
  await server.stop();
}

/** What a statement reads, by words that it alone has. */
function statementName(sql: string): string {
  const known = [
    ["'branches'", 'runs'],
    ['beside AS', 'tests'],
    ['LIMIT 1) AS f', 'line'],
    ['AS both', 'files'],
    ['r.failure_signature, r.words_signature', 'failures'],
    ['drifted AS', 'around'],
    ['e.exact, w.words', 'matches'],
    ['pairs AS', 'differences'],
    ['coverage_percent', 'coverage'],
  ] as const;
  return known.find(([word]) => sql.includes(word))?.[1] ?? 'others';
}

/** The processor's time of the server's process, where /proc tells it. */
function serverMs(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

function ratio(times: readonly number[], bound: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  const p95 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? Number.NaN;
  return `${(p95 / bound).toFixed(2)} of it`;
}

function line(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return `min ${at(0).padStart(6)} ms   p50 ${at(0.5).padStart(6)} ms   p95 ${at(0.95).padStart(6)} ms   of ${sorted.length}`;
}

interface Asked {
  readonly run: { readonly runId: string; readonly createdAt: Date };
  readonly what: string;
  readonly bound: number;
}

async function fill(admin: Database, team: string): Promise<void> {
  await scriptIn(
    admin,
    `
    -- 50 commits in 8 jobs each, in turn of main and of branches.
    CREATE TEMP TABLE r AS SELECT n, gen_random_uuid() AS id, n % 8 AS job, md5('line ' || n % 8)::uuid AS line,
      CASE WHEN n > 400 THEN 'feature-' || n WHEN (n / 8) % 2 = 0 THEN 'main' ELSE 'feature-' || (n / 8) % 20 END AS branch,
      date_trunc('second', now()) - interval '60 days' + n * interval '3.5 hours' AS at, md5('commit ' || n / 8) || '00000000' AS sha,
      date_trunc('second', now()) - interval '60 days' + (n / 8) * interval '28 hours' AS committed
    FROM generate_series(1, 400) AS n UNION ALL
    SELECT n, gen_random_uuid(), 0, md5('line 0')::uuid, 'feature-' || n, date_trunc('second', now()) - interval '1 minute' + (n - 401) * interval '1 second', md5('mine ' || n) || '00000000',
      date_trunc('second', now()) - interval '2 minutes'
    FROM generate_series(401, 403) AS n;
    INSERT INTO test_runs (id, team_id, total_tests, failed, git_sha, git_branch, created_at, line_id, job_name, kind, origin,
      tested_git_sha, committed_at, project, repository)
    SELECT id, '${team}', 2500, 25, sha, branch, at, line, 'job ' || job, 'head', 'team', sha, committed, '.', 'acme/shop' FROM r;
    INSERT INTO test_results (test_run_id, team_id, created_at, line_id, test_name, test_file, outcome, duration_seconds, error_message,
      error_traceback, failure_signature, drift_signature, words_signature, markers, error_type, statement)
    SELECT r.id, '${team}', r.at, r.line, 'tests/orders/test_module_' || t % 97 || '.py::TestOrders::test_total_of_order_' || t,
      'tests/orders/test_module_' || t % 97 || '.py',
      CASE WHEN f.failed THEN 'failed' ELSE 'passed' END, 0.01,
      CASE WHEN f.failed THEN 'KeyError: ''total''' END, CASE WHEN f.failed THEN repeat('what pytest shows of a failure ', 60) END,
      CASE WHEN f.failed THEN 'md5:' || md5('signature ' || t) END, CASE WHEN f.failed THEN 'd1:' || md5('drift ' || t) END,
      CASE WHEN f.failed THEN 'w1:' || md5('words ' || t) END, '{}', CASE WHEN f.failed THEN 'KeyError' END, CASE WHEN f.failed THEN 'assert order.total == price * count' END
    FROM r CROSS JOIN generate_series(1, 2500) AS t
    CROSS JOIN LATERAL (SELECT CASE
      WHEN r.n = 401 THEN t <= 500
      WHEN r.n = 402 THEN t BETWEEN 451 AND 950
      WHEN r.n = 403 THEN t <= 2000
      -- 1 to 450 never failed; of the others 1 % fails in each run.
      ELSE t > 450 AND (t * 7919 + r.n * 104729) % 100 = 0 END AS failed) AS f;
    -- As an upload stores them: all of these runs ran the same tests.
    UPDATE test_runs r SET tests_signature = left(md5('tests'), 16),
      failed = (SELECT count(*) FROM test_results t WHERE t.test_run_id = r.id AND t.created_at = r.created_at AND t.outcome = 'failed');
    INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, words_signature, confidence, solution,
      root_cause, success_count)
    SELECT '${team}', 'tests/orders/test_module_' || n % 97 || '.py::TestOrders::test_total_of_order_' || n % 2500,
      md5('other ' || n), 'd1:' || md5('other ' || n), 'w1:' || md5('other ' || n), (n % 100) / 100.0,
      'Raise the limit and add a timeout to the pool of connections', 'The limit was exceeded under load', n % 50
    FROM generate_series(1, 100000) AS n`,
  );
  await admin.outside('VACUUM ANALYZE');
  // Else the server writes what was made while it is measured.
  await admin.outside('CHECKPOINT');
}

async function askedRuns(admin: Database): Promise<readonly Asked[]> {
  const rows = await rowsIn<{ id: string; at: Date }>(
    admin,
    "SELECT id, created_at AS at FROM test_runs WHERE git_branch IN ('feature-401', 'feature-402', 'feature-403') ORDER BY git_branch",
  );
  const runOf = (place: number) => ({
    runId: rows[place]?.id ?? '',
    createdAt: rows[place]?.at ?? new Date(0),
  });
  return [
    { run: runOf(0), what: '500 failures, 50 of them mixed', bound: 75 },
    { run: runOf(1), what: '500 failures, all of them mixed', bound: 250 },
    { run: runOf(2), what: '2,000 failures, 1,550 of them mixed', bound: 1000 },
  ];
}
