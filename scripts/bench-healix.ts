// Measures what the knowledge base adds to an upload: the same run stored and judged with matching and learning, and without
// (teams.features.healix_enabled), in pairs of alternating order, on a server of its own with fsync on.
//   npm run bench:healix [-- --pairs 11 --tests 100000 --failures 5000 --memories 100000]
//   npm run bench:healix -- --unknown --tests 1000 --failures 1000 --memories 40000
// Every second failure is known by an exact memory, every second memory stands under a bare signature. With --unknown all memories
// are of the team itself, and none fits any failure. Empty tables and a
// CHECKPOINT before each upload; rows in memory through saveRun by the limited role under row-level security.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { SignedResult } from '../src/model.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import { grantUploads } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { storeRun } from '../src/storing.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { emptyContext, makeOptions, makeUpload, totalsOf } from '../test/support/runs.ts';
import { rowsIn, runIn, scriptIn } from '../test/support/sql.ts';
import { median, tellFigure } from './figures.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '11' },
    tests: { type: 'string', default: '100000' },
    failures: { type: 'string', default: '5000' },
    memories: { type: 'string', default: '100000' },
    unknown: { type: 'boolean', default: false },
  },
});
const pairs = Number(values.pairs);
const tests = Number(values.tests);
const failures = Number(values.failures);
const memories = Number(values.memories);

const traceback = Array.from(
  { length: 40 },
  (_, line) => `    line ${line} of what pytest shows of a failure`,
).join('\n');
const every = Math.max(1, Math.floor(tests / failures));
const results: SignedResult[] = Array.from({ length: tests }, (_, n) => {
  const testName = nameOf(n);
  const failed = n % every === 0 && n / every < failures;
  return {
    testName,
    testFile: testName.split('::')[0],
    testClass: 'TestOrders',
    testFunction: testName.split('::')[2],
    nodeIdSource: 'convention',
    outcome: failed ? 'failed' : 'passed',
    durationSeconds: 0.012,
    failure: failed
      ? { errorType: 'KeyError', line: n % 500, lastFrameLine: 7, message: "KeyError: 'total'", traceback }
      : undefined,
    reason: undefined,
    markers: [],
    failureSignature: failed ? `md5:${signatureOf(n)}` : undefined,
    driftSignature: failed ? `d1:${signatureOf(n + 1)}` : undefined,
    wordsSignature: failed && values.unknown ? `w1:${signatureOf(n + 2)}` : undefined,
  };
});

const server = await startPostgres({
  external: false,
  settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
});
try {
  const admin = await openPostgres(server.adminUrl);
  await migrate(admin);
  const team = await addTeam(admin, { slug: 'bench' });
  const rival = await addTeam(admin, { slug: 'rival' });
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 1 });
  const { databaseUrl } = await grantUploads(admin, {
    teamSlug: 'bench',
    role: 'bench_ci',
    adminUrl: server.adminUrl,
  });
  await addMemories(admin, team.id, rival.id);
  await scriptIn(admin, 'ANALYZE healix_memories');

  const [postmaster] = await rowsIn<{ file: string }>(admin, `SELECT pg_read_file('postmaster.pid') AS file`);
  const pid = Number(postmaster?.file.split('\n')[0]);
  const without: number[] = [];
  const withMatching: number[] = [];
  const cpuWithout: number[] = [];
  const cpuWith: number[] = [];
  let matched = 0;
  // The first pair only warms everything up.
  for (let pair = 0; pair <= pairs; pair++) {
    const kinds = pair % 2 === 0 ? [false, true] : [true, false];
    for (const enabled of kinds) {
      await runIn(admin, 'UPDATE teams SET features = $2::text::jsonb WHERE id = $1', [
        team.id,
        JSON.stringify({ healix_enabled: enabled }),
      ]);
      await scriptIn(
        admin,
        'TRUNCATE test_results, coverage_data, test_runs, ingest_uploads, healix_matches',
      );
      await admin.outside('CHECKPOINT');
      const cpuBefore = await cpuOf(pid);
      const start = performance.now();
      await save(databaseUrl);
      const ms = performance.now() - start;
      // A backend's time is its parent's once it has ended.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const cpu = (await cpuOf(pid)) - cpuBefore;
      if (pair > 0) (enabled ? withMatching : without).push(ms);
      if (pair > 0) (enabled ? cpuWith : cpuWithout).push(cpu);
      const [row] = await rowsIn<{ n: number }>(
        admin,
        'SELECT count(healix_memory_id)::int AS n FROM test_results',
      );
      if (enabled) matched = row?.n ?? 0;
      else if (row?.n !== 0) throw new Error('matched though it was switched off');
    }
    if (pair > 0)
      console.log(
        `  pair ${pair}: ${Math.round(without.at(-1) ?? 0)} ms without, ${Math.round(withMatching.at(-1) ?? 0)} ms with`,
      );
  }
  await admin.close();
  console.log(`${tests} tests, ${failures} failures, ${memories} memories; ${matched} failures matched`);
  tell('wall time', without, withMatching);
  // What other programs on the machine do moves wall times by more than the matching; it hardly moves this.
  if (!cpuWith.every(Number.isNaN)) tell('server\u2019s CPU', cpuWithout, cpuWith);
} finally {
  await server.stop();
}

function tell(what: string, before: readonly number[], after: readonly number[]): void {
  const ratio = median(after.map((ms, pair) => ms / (before[pair] ?? Number.NaN)));
  console.log(`${what}: ${Math.round(median(before))} ms without, ${Math.round(median(after))} ms with`);
  if (values.unknown) {
    tellFigure({
      what: `an upload of ${failures} unknown failures beside ${memories} memories, against one without, ${what}, median of ${pairs} pairs`,
      value: ratio.toFixed(2),
      bound: '1.5',
    });
    return;
  }
  tellFigure({
    what: `matching and learning beside storing and judging, ${what}, median of ${pairs} pairs`,
    value: `${((ratio - 1) * 100).toFixed(1)} % added`,
    bound: '5 %',
  });
}

/** Milliseconds of processor time of all ended backends; NaN where there is no /proc. */
async function cpuOf(postmaster: number): Promise<number> {
  const text = await readFile(`/proc/${postmaster}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function addMemories(
  admin: Awaited<ReturnType<typeof openPostgres>>,
  team: string,
  rival: string,
): Promise<void> {
  const rows: object[] = [];
  for (let n = 0; n < memories; n++) {
    // Half of the failures are known; the rest of the memories are of other tests and lines, some of them another team's.
    const known = values.unknown ? 0 : failures / 2;
    const about = n < known ? n * 2 * every : tests + 2 + n;
    rows.push({
      team_id: n >= known && n % 4 === 0 && !values.unknown ? rival : team,
      test_name: nameOf(about),
      failure_signature: `${n % 2 === 0 ? 'md5:' : ''}${signatureOf(about)}`,
      drift_signature: `d1:${signatureOf(about + 1)}`,
      words_signature: values.unknown ? `w1:${signatureOf(about + 2)}` : undefined,
      confidence: (n % 100) / 100,
      solution: 'Raise the limit and add a timeout to the pool of connections',
      root_cause: 'The limit was exceeded under load',
      success_count: n % 50,
    });
  }
  await runIn(
    admin,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, words_signature, confidence, solution, root_cause, success_count)
     SELECT m.* FROM json_to_recordset($1::text::json) AS m (team_id uuid, test_name text, failure_signature text, drift_signature text,
       words_signature text, confidence numeric, solution text, root_cause text, success_count integer)`,
    [JSON.stringify(rows)],
  );
}

async function save(databaseUrl: string): Promise<void> {
  const { saved } = await storeRun(
    (limits) => openPostgres(databaseUrl, limits),
    makeUpload('bench', { context: { ...emptyContext, gitSha: 'a'.repeat(40), gitBranch: 'main' } }),
    () => ({
      async *results() {
        for (let at = 0; at < results.length; at += 500) yield results.slice(at, at + 500);
      },
      coverage: () => [],
      totals: () => totalsOf(results),
    }),
    { ...makeOptions(), baseBranch: undefined, change: undefined, onSaved: () => {} },
  );
  if (saved?.stored !== 'new') throw new Error('not stored');
}

function nameOf(n: number): string {
  return `tests/orders/test_module_${n % 997}.py::TestOrders::test_total_of_order_${n}`;
}

function signatureOf(n: number): string {
  return createHash('md5').update(`signature ${n}`).digest('hex');
}
