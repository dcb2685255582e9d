// How PostgreSQL executes each statement of an upload and its history, asked under the team's own login: row-level security keeps
// the planner from every index whose condition is not leakproof, and a table is then read from end to end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SavedRun } from '../../../src/model.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { addMatches } from '../../../src/store/healix/credits.ts';
import {
  planTests,
  readFailures,
  readFileEvidence,
  readRunEvidence,
  readTestEvidence,
} from '../../../src/store/history/evidence.ts';
import { lookAround } from '../../../src/store/history/matches.ts';
import { listJobs } from '../../../src/store/runs/jobs.ts';
import { inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { readRunHistory, storeRun } from '../../../src/storing.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase } from '../../support/databases.ts';
import {
  emptyContext,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly Plan[];
}
interface Seen {
  readonly statement: string;
  readonly plan: Plan;
}

const memories = 20_000;
const oldRuns = 10_000;
const unknown = 300;

let database: ReadyDatabase;
const seen: Seen[] = [];
let manyIds: readonly string[] = [];

/** The product's own connection, which explains each statement beside executing it. */
async function explaining(limits?: { readonly stallMs: number }): Promise<Database> {
  const db = await openPostgres(database.uploadUrl, limits);
  const explain = async (statement: string, params: Parameters<Database['query']>[1] = []) => {
    const rows = await db.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
      `EXPLAIN (FORMAT JSON) ${statement}`,
      params,
    );
    for (const { Plan } of rows[0]?.['QUERY PLAN'] ?? []) seen.push({ statement, plan: Plan });
  };
  let ended: string | undefined;
  return {
    ...db,
    query: async (sql, params) => {
      await explain(sql, params);
      return db.query(sql, params) as never;
    },
    each: async (sql, params, onRow) => {
      await explain(sql, params);
      return db.each(sql, params, onRow);
    },
    run: async (sql, params) => {
      await explain(sql, params);
      return db.run(sql, params);
    },
    copyIn: async (sql, rows, onSent) => {
      const counts = await db.copyIn(sql, rows, onSent);
      await explain(sql.slice(sql.indexOf('INSERT')));
      return counts;
    },
    transaction: (work, edges) =>
      db.transaction(async () => {
        const result = await work();
        if (edges.end !== undefined && ended === undefined) {
          ended = edges.end;
          for (const statement of statementsOf(edges.end)) await explain(statement);
        }
        return result;
      }, edges),
  };
}

/** The statements of the closing DO block, its record's fields written out. */
function statementsOf(block: string): string[] {
  const [, row = ''] = /INTO STRICT run FROM ([^;]+);/.exec(block) ?? [];
  const field = (text: string) =>
    text.replace(/\brun\.(\w+)/g, (_, name) => `(SELECT s.${name} FROM ${row})`);
  const counts = [...block.matchAll(/\(SELECT count\(\*\) FROM [\s\S]*?\) <>/g)].map(
    ([text]) => `SELECT ${text.slice(0, -3)}`,
  );
  expect(counts).toHaveLength(3);
  return counts.map(field);
}

function nodes(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

const testName = (n: number) => `tests/test_unknown_${n % 17}.py::test_${n}`;
const upload = async (key: string, letter: 'F' | 'P', sha: string): Promise<SavedRun> => {
  const { saved, storeError } = await storeRun(
    explaining,
    makeUpload(key, {
      context: {
        ...emptyContext,
        repository: 'acme/shop',
        job: 'test',
        jobName: 'tests',
        gitSha: sha.repeat(40),
        gitBranch: 'main',
      },
    }),
    sourceOf(
      Array.from({ length: unknown }, (_, n) =>
        letter === 'P'
          ? makeResult(n, { testName: testName(n) })
          : {
              ...makeFailure(n),
              testName: testName(n),
              driftSignature: `d1:${'e'.repeat(32)}` as const,
              wordsSignature: `w1:${'e'.repeat(32)}` as const,
              causeKey: `c1:${'e'.repeat(32)} tests/conftest.py:3` as const,
            },
      ),
    ),
    { ...makeOptions(), baseBranch: undefined, change: undefined, onSaved: () => {} },
  );
  if (saved === undefined) throw storeError;
  return saved;
};

beforeAll(async () => {
  database = await createReadyDatabase();
  const team = database.team.id;
  await asAdmin(
    database.adminUrl,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, drift_signature, words_signature, solution, confidence)
     SELECT '${team}', 'tests/test_known_' || n % 97 || '.py::test_' || n, md5('s' || n), 'd1:' || md5('d' || n), 'w1:' || md5('w' || n),
       'do it', 0.5
     FROM generate_series(1, ${memories}) AS n;
     INSERT INTO shared_memories (test_name, failure_signature, drift_signature, words_signature, solution)
     SELECT 'tests/test_shared_' || n % 97 || '.py::test_' || n, md5('s' || n), 'd1:' || md5('d' || n), 'w1:' || md5('w' || n), 'do it'
     FROM generate_series(1, ${memories}) AS n;
     INSERT INTO test_runs (id, team_id, total_tests, git_sha, git_branch, job_name, repository, created_at)
     SELECT gen_random_uuid(), '${team}', 100, md5('c' || n), CASE WHEN n % 20 = 0 THEN 'main' ELSE 'branch-' || n % 97 END,
       'tests', 'acme/shop', date_trunc('month', now()) + n * interval '8 seconds'
     FROM generate_series(1, ${oldRuns}) AS n;
     INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown)
     SELECT r.team_id, h.id, r.id, r.created_at, h.test_name, true
     FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM test_runs) AS r
     JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM healix_memories) AS h USING (n);
     INSERT INTO healix_memories (team_id, test_name, failure_signature, solution)
     SELECT '${team}', 'tests/test_unknown_' || n % 17 || '.py::test_' || n, 's', 'do it' FROM generate_series(0, 9) AS n;
     INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows)
     SELECT team_id, sha256(id::text::bytea), id, created_at, sha256('x'), 100, 0 FROM test_runs;
     INSERT INTO missing_reports (team_id, upload_key, reason, git_sha, git_branch, repository)
     SELECT team_id, sha256(id::text::bytea), 'none', git_sha, git_branch, repository FROM test_runs;
     INSERT INTO test_results (team_id, test_run_id, test_name, outcome, created_at)
     SELECT r.team_id, r.id, 'tests/test_unknown_' || n % 17 || '.py::test_' || n, CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'passed' END, r.created_at
     FROM test_runs r CROSS JOIN generate_series(1, 100) AS n WHERE r.git_branch = 'main';
     INSERT INTO coverage_data (team_id, test_run_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent, created_at)
     SELECT r.team_id, r.id, 1, 1, 0, 'src/' || n || '.py', 100, r.created_at
     FROM test_runs r CROSS JOIN generate_series(1, 20) AS n WHERE r.git_branch = 'main';
     ANALYZE`,
  );
  await upload('first', 'F', 'a');
  const saved = await upload('second', 'F', 'b');
  manyIds = await someMemories(2000);
  await upload('third', 'P', 'c');
  await readRunHistory(explaining, {
    saved,
    teamSlug: undefined,
    allowPrivilegedRole: false,
    baseBranch: undefined,
  });
  await readEvidence(saved);
  const db = await explaining();
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  const commit = {
    repository: 'acme/shop',
    pullRequest: undefined,
    gitBranch: 'main',
    gitSha: 'b'.repeat(40),
  };
  expect(await listJobs(db, access, commit)).toHaveLength(1);
  await db.close();
}, 300_000);

async function someMemories(count: number): Promise<string[]> {
  const admin = await openPostgres(database.adminUrl);
  const rows = await rowsIn<{ id: string }>(
    admin,
    `SELECT id FROM healix_memories WHERE words_signature IS NOT NULL ORDER BY id LIMIT ${count}`,
  );
  await admin.close();
  return rows.map(({ id }) => id);
}

/** The facts that the saved run is judged by, with every kind of run in the lists. */
async function readEvidence(run: SavedRun): Promise<void> {
  const db = await explaining();
  const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
  // The transaction's questions go to the explaining connection, too.
  await inTeam(db, access, async () => {
    const { run: judged, runs } = await readRunEvidence(db, access, {
      ...run,
      baseBranch: 'main',
      defaultBranch: undefined,
      baseCommits: ['a'.repeat(40)],
      beginsAt: undefined,
    });
    const base = runs.filter(({ branch }) => branch === 'main');
    const others = runs.filter(({ branch }) => branch !== 'main');
    expect(base.length).toBeGreaterThan(50);
    expect(others).toHaveLength(400);
    const point = base.slice(0, 2);
    const failures = await readFailures(db, access, run);
    const lists = { ...run, lineId: judged.lineId, own: base.slice(0, 30), base, others };
    await readTestEvidence(db, access, planTests({ ...lists, point }), failures);
    // Others are since that one: what they passed is asked, too.
    const early = runs.toSorted((a, b) => a.at - b.at).slice(0, 1);
    await readTestEvidence(db, access, planTests({ ...lists, point: early }), failures);
    await readFileEvidence(db, access, { ...run, point, files: ['tests/test_a.py'] });
    // Thousands of failures known by exact memories.
    const known = failures.flatMap((failure, n) =>
      manyIds.slice(n * 10, n * 10 + 10).map((id) => ({ ...failure, memory: { id, shared: false } })),
    );
    expect(known).toHaveLength(manyIds.length);
    const { settled } = await lookAround(db, access, run, {
      failures: known,
      runIds: [],
      isJustStored: true,
    });
    expect(settled.size).toBe(0);
    await addMatches(db, access, run, {
      shown: manyIds.map((memoryId) => ({ memoryId, testName: 'tests/test_a.py::test' })),
      untaught: [],
      isAllOwn: false,
    });
  });
  await db.close();
}
afterAll(async () => {
  await database.drop();
});

test('no statement reads a table of rows from end to end', () => {
  const big =
    /^(?:healix_memories|healix_matches|shared_memories|ingest_uploads|missing_reports|(?:test_runs|test_results|coverage_data)_\d{4}_\d{2})$/;
  expect(seen.length).toBeGreaterThan(15);
  const scans = seen.flatMap(({ statement, plan }) =>
    nodes(plan)
      .filter((node) => node['Node Type'] === 'Seq Scan' && big.test(node['Relation Name'] ?? ''))
      // Whether there is any memory at all ends with the first one.
      .filter(({ Filter = '' }) => /signature|test_|\bid\b|created_at|git_sha|upload_key/.test(Filter))
      // A month without rows is read at once.
      .filter(
        (node) => !/_\d{4}_\d{2}$/.test(node['Relation Name'] ?? '') || thisMonth(node['Relation Name']),
      )
      .map((node) => `${node['Relation Name']} in ${statement.slice(0, 120)}`),
  );
  expect(scans).toEqual([]);
});

test('no list of tests is searched anew for each test', () => {
  const searched = seen.flatMap(({ statement, plan }) =>
    nodes(plan)
      .filter((node) => node['Parent Relationship'] === 'SubPlan' && node['Node Type'] === 'CTE Scan')
      .filter(({ Filter = '' }) => Filter.includes('test_name'))
      .map(({ Filter }) => `${Filter} in ${statement.slice(0, 120)}`),
  );
  expect(searched).toEqual([]);
});

test('what a run tells of memories is found by the run and the memory', () => {
  const conditions = seen.flatMap(({ plan }) =>
    nodes(plan)
      .filter((node) => node['Relation Name'] === 'healix_matches' && node['Index Cond'] !== undefined)
      .map((node) => node['Index Cond'] ?? ''),
  );
  expect(conditions.length).toBeGreaterThan(5);
  expect(conditions.filter((text) => !/team_id.*(?:memory_id|run_id)/.test(text))).toEqual([]);
  expect(seen.some(({ statement }) => statement.includes('UPDATE test_results r SET auto_healed'))).toBe(
    true,
  );
});

test('memories are found by their team and what is asked for', () => {
  const conditions = seen.flatMap(({ plan }) =>
    nodes(plan)
      .filter((node) => node['Relation Name'] === 'healix_memories' && node['Index Cond'] !== undefined)
      .map((node) => node['Index Cond'] ?? ''),
  );
  expect(conditions.length).toBeGreaterThan(5);
  const narrow = /team_id.*(?:failure_signature|drift_signature|words_signature|test_name|\bid =)/;
  expect(conditions.filter((text) => !narrow.test(text))).toEqual([]);
});

test('rows of one test are found by its line, those of a run by the run or its failures', () => {
  const conditions = seen
    .filter(({ statement }) => /failed AS|AS both/.test(statement))
    .flatMap(({ plan }) => nodes(plan))
    .filter((node) => /^test_results_/.test(node['Relation Name'] ?? '') && thisMonth(node['Relation Name']))
    // The index below it has the condition.
    .filter((node) => node['Node Type'] !== 'Bitmap Heap Scan')
    // The index of failures holds those alone.
    .filter((node) => !isOfFailures(node) || !/created_at = /.test(node['Index Cond'] ?? ''))
    .map((node) => node['Index Cond'] ?? `${node['Node Type']} without a condition`);
  expect(conditions.length).toBeGreaterThan(5);
  // One test at the very time of one run is as narrow as its line.
  const narrow = /line_id.*test_name|test_name.*created_at = |outcome.*created_at = |test_run_id/;
  expect(conditions.filter((text) => !narrow.test(text))).toEqual([]);
  expect(conditions.filter((text) => /line_id.*test_name.*created_at/.test(text)).length).toBeGreaterThan(3);
});

test('that a test passed is read from the index, and so are failures', () => {
  expect(seen.some(({ statement }) => statement.includes('beside AS'))).toBe(true);
  const scans = seen
    .filter(({ statement }) => statement.includes('failed AS'))
    .flatMap(({ plan }) => nodes(plan))
    .filter((node) => thisMonth(node['Relation Name']));
  const ofLines = scans.filter((node) => node['Index Cond']?.includes('line_id'));
  expect(ofLines.length).toBeGreaterThan(2);
  expect(ofLines.filter((node) => node['Node Type'] !== 'Index Only Scan')).toEqual([]);
  const failures = scans.filter(isOfFailures);
  expect(failures.length).toBeGreaterThan(3);
  expect(failures.filter((node) => node['Node Type'] !== 'Index Only Scan')).toEqual([]);
});

const isOfFailures = (node: Plan) => /_team_id_created_at_test_name/.test(node['Index Name'] ?? '');

function thisMonth(table = ''): boolean {
  const now = new Date().toISOString();
  return table.endsWith(`_${now.slice(0, 4)}_${now.slice(5, 7)}`);
}
