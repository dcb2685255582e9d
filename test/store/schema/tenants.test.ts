// What a team's login can do to other teams without touching their rows: learn that something of theirs exists, and stand in
// their way.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { grantUploads, openAccess } from '../../../src/store/schema/access.ts';
import { addTeam } from '../../../src/store/schema/teams.ts';
import { holdEverything } from '../../support/attacks.ts';
import {
  asAdmin,
  createReadyDatabase,
  type ReadyDatabase,
  rowsOf,
  uniqueRole,
} from '../../support/databases.ts';
import { makeFailure, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

let database: ReadyDatabase;
let blue: { readonly id: string; readonly url: string; readonly role: string };
const nobody = '00000000-0000-4000-8000-000000000000';

beforeAll(async () => {
  database = await createReadyDatabase({ slug: 'red' });
  const admin = await openPostgres(database.adminUrl);
  const { id } = await addTeam(admin, { slug: 'blue' });
  const role = uniqueRole();
  const { databaseUrl: url } = await grantUploads(admin, {
    teamSlug: 'blue',
    role,
    adminUrl: database.adminUrl,
  });
  await admin.close();
  blue = { id, url, role };
  for (const loginUrl of [database.uploadUrl, url]) {
    await saveRun(
      (limits) => openPostgres(loginUrl, limits),
      makeUpload('own'),
      sourceOf([makeResult(1), makeFailure(2)]),
      makeOptions(),
    );
  }
  for (const [slug, team] of [
    ['red', database.team.id],
    ['blue', id],
  ]) {
    await asAdmin(
      database.adminUrl,
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('${slug}-user', '${team}', '${slug}@example.com');
       INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${team}', 't', 's', '${slug} secret');
       INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown)
         SELECT team_id, id, gen_random_uuid(), now(), 't', true FROM healix_memories WHERE team_id = '${team}'`,
    );
  }
});
afterAll(async () => {
  await database.drop();
});

/** What a login is answered: code and words of the error, else how many rows. What it asked with is taken out of the words. */
async function answerTo(client: pg.Client, sql: string, asked: string): Promise<string> {
  await client.query('BEGIN');
  const answer = await client.query(sql).then(
    ({ rowCount, rows }) => `${rowCount} rows ${JSON.stringify(rows)}`,
    (error: pg.DatabaseError) =>
      [error.code, error.message, error.detail, error.hint, error.constraint, error.where].join(' | '),
  );
  await client.query('ROLLBACK');
  return answer.replaceAll(asked, '…');
}

test('no answer tells whether something of another team exists', async () => {
  const one = async (sql: string) => String((await rowsOf<{ v: string }>(database.adminUrl, sql))[0]?.v);
  const mine = database.team.id;
  const run = `(id, team_id, total_tests, created_at`;
  const memory = await one(`SELECT id::text AS v FROM healix_memories WHERE team_id = '${blue.id}'`);
  const theirRun = await one(`SELECT id::text AS v FROM test_runs WHERE team_id = '${blue.id}'`);
  const theirTime = await one(`SELECT created_at::text AS v FROM test_runs WHERE team_id = '${blue.id}'`);
  const theirKey = await one(
    `SELECT '\\x' || encode(upload_key, 'hex') AS v FROM ingest_uploads WHERE team_id = '${blue.id}'`,
  );
  const noKey = `\\x${'ab'.repeat(32)}`;
  // A question with something that is there, and the same with something that is not.
  const questions: [sql: (value: string) => string, there: string, absent: string][] = [
    [
      (v) =>
        `INSERT INTO test_runs (team_id, lambda_id, total_tests, created_at) VALUES ('${mine}', '${v}', 1, now())`,
      'blue-user',
      'nobody-at-all',
    ],
    [(v) => `INSERT INTO test_runs (team_id, total_tests) VALUES ('${v}', 1)`, blue.id, nobody],
    [(v) => `INSERT INTO test_runs ${run}) VALUES ('${v}', '${mine}', 1, '${theirTime}')`, theirRun, nobody],
    [
      (v) => `INSERT INTO test_runs ${run}) VALUES ('${v}', '${blue.id}', 1, '${theirTime}')`,
      theirRun,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO test_results (test_run_id, team_id, test_name, outcome, healix_memory_id) VALUES ('${nobody}', '${mine}', 't', 'failed', '${v}')`,
      memory,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO test_results (test_run_id, team_id, test_name, outcome) VALUES ('${v}', '${mine}', 't', 'passed')`,
      theirRun,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO healix_memories (id, team_id, test_name, failure_signature, solution) VALUES ('${v}', '${mine}', 't', 's', 'x')`,
      memory,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown) VALUES ('${mine}', '${v}', '${nobody}', now(), 't', true)`,
      memory,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown) VALUES ('${v}', '${memory}', '${nobody}', now(), 't', true)`,
      blue.id,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO healix_credits (team_id, memory_id, passed_run_id, failed_run_id, test_name) VALUES ('${mine}', '${v}', '${nobody}', '${nobody}', 't')`,
      memory,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows) VALUES ('${mine}', '${v}', '${nobody}', now(), sha256('x'), 0, 0)`,
      theirKey,
      noKey,
    ],
    [
      (v) =>
        `INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows) VALUES ('${blue.id}', '${v}', '${nobody}', now(), sha256('x'), 0, 0) ON CONFLICT DO NOTHING`,
      theirKey,
      noKey,
    ],
    [(v) => `SELECT lukhas_add_coverage('${v}', sha256('a'), sha256('b'), 1, 1) AS added`, theirKey, noKey],
    [
      (v) => `INSERT INTO missing_reports (team_id, upload_key, reason) VALUES ('${v}', sha256('x'), 'x')`,
      blue.id,
      nobody,
    ],
    [
      (v) =>
        `INSERT INTO test_aliases (team_id, suite_id, name, former, created_at) VALUES ('${v}', '${nobody}', 'a', 'b', now())`,
      blue.id,
      nobody,
    ],
    [(v) => `SELECT lukhas_find_team('${v}')`, 'blue', 'nowhere'],
    [(v) => `SELECT count(*)::int AS n FROM users WHERE lambda_id = '${v}'`, 'blue-user', 'nobody-at-all'],
    [(v) => `SELECT count(*)::int AS n FROM teams WHERE id = '${v}'`, blue.id, nobody],
    [
      (v) => `SELECT set_config('lukhas.team_id', '${v}', true), lukhas_team_id() IS NULL AS none`,
      blue.id,
      nobody,
    ],
    [(v) => `UPDATE healix_memories SET deleted_at = now() WHERE id = '${v}'`, memory, nobody],
    // A condition that fails, or tells, on another team's row must never meet one.
    [
      (v) => `SELECT count(*)::int AS n FROM healix_memories WHERE 1 / (solution <> '${v}')::int = 1`,
      'blue secret',
      'no secret',
    ],
    [
      (v) =>
        `SELECT count(*)::int AS n FROM test_runs WHERE 1 / (git_branch IS DISTINCT FROM '${v}')::int = 1 AND id = '${theirRun}'`,
      'main',
      'no branch',
    ],
  ];
  const client = new pg.Client({ connectionString: database.uploadUrl });
  await client.connect();
  try {
    for (const [sql, there, absent] of questions) {
      expect(await answerTo(client, sql(there), there), sql(there)).toBe(
        await answerTo(client, sql(absent), absent),
      );
    }
    // A function of the login's own, the cheapest of the condition, is never shown another team's row.
    const told: string[] = [];
    client.on('notice', ({ message = '' }) => told.push(message));
    await client.query(
      `CREATE FUNCTION pg_temp.tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
       $$ BEGIN RAISE NOTICE '%', t; RETURN true; END $$`,
    );
    await client.query('SELECT FROM healix_memories h WHERE pg_temp.tell(h::text)');
    await client.query('SELECT FROM test_results r WHERE pg_temp.tell(r::text)');
    expect(told.join()).toContain('red secret');
    expect(told.join()).not.toContain(blue.id);
    await expect(
      client.query(
        `CREATE FUNCTION pg_temp.leak(t text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'`,
      ),
    ).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.end();
  }
});

test('whatever a login takes and keeps, another team uploads, teaches and makes months as if alone', async () => {
  const { held, refused, client } = await holdEverything(database.adminUrl, database.uploadUrl, {
    mine: database.team.id,
    other: blue.id,
    otherRole: blue.role,
  });
  try {
    expect(held.length + refused.length).toBeGreaterThan(300);
    // The strongest that it gets: months that nobody has made yet, and rows of its own.
    expect(held).toContain('SELECT ensure_partitions_for(now(), 12)');
    expect(
      held.filter(
        (sql) =>
          /^LOCK.*(SHARE|EXCLUSIVE)/.test(sql) && !/IN (ACCESS SHARE|ROW SHARE|ROW EXCLUSIVE) /.test(sql),
      ),
    ).toEqual([]);
    const connect = (limits?: { stallMs: number }) => openPostgres(blue.url, limits);
    // A lock that it waits for is given up, and all begun anew.
    const retries: string[] = [];
    const saved = await saveRun(
      connect,
      makeUpload('beside'),
      sourceOf([makeResult(1), makeFailure(2)]),
      makeOptions({ onRetry: ({ reason }) => retries.push(reason.code) }),
    );
    expect(saved).toMatchObject({ stored: 'new', team: 'blue' });
    expect(retries).toEqual([]);
    // What waits for a lock waits for the end of this test.
    const limit = `SET lock_timeout = '10s'; SET statement_timeout = '60s';`;
    for (const sql of [
      'SELECT ensure_partitions_for(now(), 2)',
      `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${blue.id}', 't', 's3', 'x')`,
      'UPDATE healix_memories SET success_count = success_count + 1',
      'UPDATE healix_matches SET shown = true',
      'SELECT lukhas_lock_team()',
    ]) {
      await rowsOf(blue.url, `${limit} ${sql}`).catch((error) => {
        throw new Error(`${sql}: ${error.message}`);
      });
    }
  } finally {
    await client.end();
  }
});

describe('a back end of another database of the server', () => {
  let stranger: string;
  let role: string;
  beforeAll(async () => {
    role = uniqueRole('service');
    await asAdmin(database.adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'pw' IN ROLE lukhas_service`);
    stranger = database.urlFor(role, 'pw');
    await asAdmin(
      database.adminUrl,
      `INSERT INTO shared_memories (test_name, failure_signature, solution) VALUES ('t', 's', 'shared')`,
    );
  });

  test('is nobody here: no team, no row, no month', async () => {
    const named = `SELECT set_config('lukhas.team_id', '${blue.id}', true);`;
    for (const table of ['teams', 'test_runs', 'healix_memories', 'shared_memories', 'users']) {
      expect(await rowsOf(stranger, `BEGIN; ${named} SELECT * FROM ${table}`), table).toEqual([]);
    }
    expect(await rowsOf(stranger, `SELECT lukhas_find_team('blue') AS id`)).toEqual([{ id: null }]);
    for (const sql of ['SELECT ensure_partitions_for(now(), 12)', 'SELECT ensure_partitions(24)']) {
      await expect(rowsOf(stranger, sql), sql).rejects.toMatchObject({ code: '42501' });
    }
    const db = await openPostgres(stranger);
    await expect(openAccess(db, { teamSlug: 'blue', allowPrivilegedRole: false })).rejects.toMatchObject({
      code: 'role-not-bound',
    });
    await db.close();
  });

  test('serves where the owner has named it', async () => {
    await asAdmin(database.adminUrl, `INSERT INTO service_credentials (role_name) VALUES ('${role}')`);
    const named = `SELECT set_config('lukhas.team_id', '${blue.id}', true);`;
    expect(await rowsOf(stranger, `BEGIN; ${named} SELECT slug FROM teams`)).toEqual([{ slug: 'blue' }]);
  });
});

test('a person or memory that is deleted leaves its runs and results behind', async () => {
  const [memory] = await rowsOf<{ id: string }>(
    database.adminUrl,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${blue.id}', 'gone', 's', 'x') RETURNING id`,
  );
  await asAdmin(
    database.adminUrl,
    `INSERT INTO test_runs (team_id, lambda_id, total_tests) VALUES ('${blue.id}', 'blue-user', 77);
     INSERT INTO consciousness_reviews (team_id, git_sha, lambda_id, matriz_analysis) VALUES ('${blue.id}', 'x', 'blue-user', '{}');
     INSERT INTO test_results (test_run_id, team_id, test_name, outcome, healix_memory_id) VALUES ('${nobody}', '${blue.id}', 'gone', 'failed', '${memory?.id}');
     DELETE FROM users WHERE lambda_id = 'blue-user'; DELETE FROM healix_memories WHERE test_name = 'gone'`,
  );
  expect(
    await rowsOf(
      database.adminUrl,
      `SELECT (SELECT lambda_id FROM test_runs WHERE total_tests = 77) AS run, (SELECT lambda_id FROM consciousness_reviews) AS review,
         (SELECT healix_memory_id FROM test_results WHERE test_name = 'gone') AS result`,
    ),
  ).toEqual([{ run: null, review: null, result: null }]);
});
