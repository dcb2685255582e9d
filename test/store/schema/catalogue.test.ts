// The schema against two promises: every key between team tables carries team_id, so that a distributed PostgreSQL can shard by
// it, and every column of the user's schema document is there as the document has it.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expected } from '../../../src/store/schema/catalogue.generated.ts';
import { readCatalogue } from '../../../src/store/schema/catalogue.ts';
import { fingerprintsOf } from '../../../src/store/schema/fingerprints.ts';
import { teamTables } from '../../../src/store/schema/tables.ts';
import { createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';

/** Rows belong to one team and lie where the team lies. */
const distributed = [
  'coverage_data',
  'coverage_months',
  'consciousness_reviews',
  'healix_credits',
  'healix_matches',
  'healix_memories',
  'ingest_uploads',
  'missing_reports',
  'run_days',
  'test_aliases',
  'test_lines',
  'test_months',
  'test_names',
  'test_results',
  'test_runs',
];
/** Looked up before a team is known, or the same for all teams: small, and copied to every node. */
const reference = [
  'lukhas_locks',
  'lukhas_migration_steps',
  'lukhas_migrations',
  'lukhas_retirements',
  'service_credentials',
  'sessions',
  'shared_memories',
  'team_credentials',
  'teams',
  'user_preferences',
  'users',
  'webauthn_credentials',
];

/** Where our column differs from the document's statement, and why. */
const corrections: Readonly<Record<string, string>> = {
  'test_runs.id': 'part of the primary key with team_id and created_at, so NOT NULL',
  'test_runs.created_at': 'part of the primary key, so NOT NULL',
  'test_results.id': 'part of the primary key with team_id and created_at, so NOT NULL',
  'test_results.created_at': 'part of the primary key, so NOT NULL',
  'coverage_data.created_at': 'partitioned by month as the others, so part of the primary key and NOT NULL',
};

let database: ReadyDatabase;
const look = (sql: string) => rowsOf<Record<string, string>>(database.adminUrl, sql);
beforeAll(async () => {
  database = await createReadyDatabase();
});
afterAll(async () => {
  await database.drop();
});

test('every table is distributed or a reference table', async () => {
  const tables = await look(
    `SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`,
  );
  expect(tables.map(({ name }) => name)).toEqual([...distributed, ...reference].sort());
  // What code asks row-level security of.
  expect(tables.map(({ name }) => name).filter((name) => !name?.startsWith('lukhas_'))).toEqual(
    [...teamTables].sort(),
  );
});

test('what a database is compared with is what the migrations make', async () => {
  const catalogue = await readCatalogue((sql) => look(sql));
  expect(fingerprintsOf(catalogue, 'public')).toEqual(expected);
});

test('every primary key, unique key and reference of a distributed table carries team_id', async () => {
  const keys = await look(
    `SELECT c.relname::text AS "table", x.relname::text AS key, (SELECT string_agg(a.attname, ' ' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) AS columns
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
     WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition ORDER BY 1, 2`,
  );
  const unique = keys.filter(({ table = '' }) => distributed.includes(table));
  expect(new Set(unique.map(({ table }) => table))).toEqual(new Set(distributed));
  expect(unique.filter(({ columns = '' }) => !columns.split(' ').includes('team_id'))).toEqual([]);

  const references = await look(
    `SELECT c.relname::text AS "table", f.relname::text AS target, con.conname::text AS name,
       (SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (con.conkey)) AS columns,
       (SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = f.oid AND a.attnum = ANY (con.confkey)) AS targets
     FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_class f ON f.oid = con.confrelid
     WHERE con.contype = 'f' AND con.conparentid = 0 AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition`,
  );
  const between = references.filter(({ target = '' }) => distributed.includes(target));
  expect(between.map(({ table, target }) => `${table} -> ${target}`).sort()).toEqual([
    'healix_credits -> healix_memories',
    'healix_matches -> healix_memories',
  ]);
  // A reference table that refers to a distributed one could not be copied to every node.
  expect(between.filter(({ table = '' }) => reference.includes(table))).toEqual([]);
  for (const { columns = '', targets = '', name } of between) {
    expect(columns.split(' '), name).toContain('team_id');
    expect(targets.split(' '), name).toContain('team_id');
  }
});

test('a memory that is deleted leaves its results behind, with their team', async () => {
  const [run] = await look(
    `WITH memory AS (
       INSERT INTO healix_memories (team_id, test_name, failure_signature, solution)
       VALUES ('${database.team.id}', 't', 's', 'do it') RETURNING team_id, id)
     INSERT INTO test_results (team_id, test_run_id, test_name, outcome, healix_memory_id)
     SELECT team_id, gen_random_uuid(), 't', 'failed', id FROM memory RETURNING test_run_id`,
  );
  await look('DELETE FROM healix_memories');
  expect(
    await look(
      `SELECT team_id, healix_memory_id FROM test_results WHERE test_run_id = '${run?.test_run_id}'`,
    ),
  ).toEqual([{ team_id: database.team.id, healix_memory_id: null }]);
});

test('every column of the schema document is there with its name, type, default and NOT NULL', async () => {
  const statements = readFileSync(
    new URL('../../../fixtures/schema/document-columns.tsv', import.meta.url),
    'utf8',
  )
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [table: string, column: string]);
  expect(statements).toHaveLength(272);
  // PostgreSQL itself says what a statement means: the document's columns as tables beside ours.
  const tables = statements.map(([, statement], index) => {
    const definition = statement.replace(/ REFERENCES \w+ ?\(\w+\)( ON DELETE \w+)?/g, '');
    return `CREATE TABLE document.c${index} (${definition});`;
  });
  await look(`CREATE SCHEMA document; ${tables.join(' ')}`);
  const pairs = statements.map(
    ([table, statement], index) => `('${table}', '${statement.split(' ')[0]}', ${index})`,
  );
  const meaning = `SELECT format('%s %s %s', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`;
  const differing = await look(
    `SELECT DISTINCT format('%s.%s', p.name, p.col) AS name FROM (VALUES ${pairs.join(', ')}) AS p (name, col, n)
     WHERE (${meaning} WHERE a.attrelid = format('public.%I', p.name)::regclass AND a.attname = p.col)
       IS DISTINCT FROM (${meaning} WHERE a.attrelid = format('document.c%s', p.n)::regclass AND a.attname = p.col)`,
  );
  expect(differing.map(({ name }) => name).sort()).toEqual(Object.keys(corrections).sort());
});

test('a partition that is made later has the index of lines, attached', async () => {
  const indexes = await look(
    `SELECT pg_get_indexdef(i.inhrelid) AS made FROM pg_inherits i WHERE i.inhparent = 'idx_test_results_past'::regclass`,
  );
  const partitions = await look(`SELECT FROM pg_inherits i WHERE i.inhparent = 'test_results'::regclass`);
  expect(indexes.length).toBeGreaterThan(1);
  expect(indexes).toHaveLength(partitions.length);
  for (const { made } of indexes)
    expect(made).toContain(
      '(team_id, line_id, test_name, created_at DESC) INCLUDE (test_run_id, outcome, attempts)',
    );
});
