// What a login may try against another team, whose rows are all called blue: statements on every table and partition after whatever a
// session can set, and everything that it can take and keep.
import pg from 'pg';
import { teamTables } from '../../src/store/schema/tables.ts';
import { asAdmin, rowsOf, uniqueRole } from './databases.ts';

export interface Siege {
  readonly adminUrl: string;
  /** The other team's id. */
  readonly other: string;
  /** The partitions. */
  readonly leaves: readonly string[];
}

/** Gives both teams rows in every table that an upload does not fill. */
export async function layOut(
  adminUrl: string,
  { red, blue }: { readonly red: string; readonly blue: string },
): Promise<Siege> {
  for (const [slug, id] of [
    ['red', red],
    ['blue', blue],
  ]) {
    await asAdmin(
      adminUrl,
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('${slug}-user', '${id}', '${slug}@example.com');
       INSERT INTO webauthn_credentials (credential_id, public_key, lambda_id) VALUES ('\\x${Buffer.from(slug ?? '').toString('hex')}', '\\x00', '${slug}-user');
       INSERT INTO user_preferences (lambda_id) VALUES ('${slug}-user');
       INSERT INTO sessions (lambda_id, session_token, expires_at) VALUES ('${slug}-user', '${slug}', now() + interval '1 day');
       INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${id}', 't', 's', '${slug} secret');
       INSERT INTO healix_credits (team_id, passed_run_id, failed_run_id, test_name, memory_id)
         SELECT team_id, gen_random_uuid(), gen_random_uuid(), 't', id FROM healix_memories WHERE team_id = '${id}';
       INSERT INTO healix_matches (team_id, memory_id, run_id, created_at, test_name, shown, change)
         SELECT team_id, id, gen_random_uuid(), now(), 't', true, '${slug}' FROM healix_memories WHERE team_id = '${id}';
       INSERT INTO missing_reports (team_id, upload_key, reason) VALUES ('${id}', sha256('${slug}'), '${slug} secret');
       INSERT INTO test_aliases (team_id, suite_id, name, former, created_at) VALUES ('${id}', gen_random_uuid(), '${slug} secret', 'f', now());
       INSERT INTO consciousness_reviews (team_id, git_sha, matriz_analysis) VALUES ('${id}', 'abc', '{}')`,
    );
  }
  await asAdmin(
    adminUrl,
    `INSERT INTO shared_memories (test_name, failure_signature, solution) VALUES ('t', 's', 'shared')`,
  );
  const leaves = await rowsOf<{ name: string }>(
    adminUrl,
    `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`,
  );
  return { adminUrl, other: blue, leaves: leaves.map(({ name }) => name) };
}

/** A fingerprint of everything that belongs to the other team, shared rows included. */
export async function otherRows(siege: Siege): Promise<string> {
  const parts: string[] = [];
  for (const table of teamTables) {
    const [row] = await rowsOf<{ all: string }>(
      siege.adminUrl,
      `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS all FROM ${table} t WHERE ${whose(siege, table)}`,
    );
    parts.push(`${table} ${row?.all}`);
  }
  return parts.join('\n');
}

/** A condition that holds for rows of the other team. */
function whose({ other }: Siege, table: string): string {
  if (table === 'teams') return `id = '${other}'`;
  if (['webauthn_credentials', 'user_preferences', 'sessions'].includes(table))
    return `lambda_id = 'blue-user'`;
  // Nobody's rows: changed by none.
  if (table === 'shared_memories' || table === 'service_credentials') return 'true';
  return `team_id = '${other}'`;
}

/** A condition for rows that only the other team may read. */
export function secret(siege: Siege, table: string): string {
  return table === 'shared_memories' ? 'false' : whose(siege, table);
}

/** Everything a session can try before it looks; `false` where PostgreSQL itself refuses it. */
const guises = ({ other }: Siege): string[][] => [
  [],
  [`SELECT set_config('lukhas.team_id', '${other}', false)`],
  [`SET lukhas.team_id = '${other}'`],
  ['SET row_security = off'],
  ['SET ROLE lukhas_ingest', `SELECT set_config('lukhas.team_id', '${other}', false)`],
  ['SET ROLE lukhas_service', `SELECT set_config('lukhas.team_id', '${other}', false)`],
  ['SET ROLE lukhas_owner'],
  ['SET SESSION AUTHORIZATION postgres'],
  [
    `CREATE FUNCTION pg_temp.lukhas_team_id() RETURNS uuid LANGUAGE sql AS $$ SELECT '${other}'::uuid $$`,
    `CREATE TEMP TABLE team_credentials (role_name name, team_id uuid)`,
    `INSERT INTO pg_temp.team_credentials VALUES (session_user, '${other}')`,
    `SET search_path = pg_temp, public`,
  ],
];

const verbs = (siege: Siege, table: string, name: string): string[] => [
  `UPDATE ${name} SET ${changedColumn(table)} = ${changedColumn(table)} WHERE ${whose(siege, table)}`,
  `DELETE FROM ${name} WHERE ${whose(siege, table)}`,
  `TRUNCATE ${name} CASCADE`,
  `INSERT INTO ${name} SELECT * FROM ${name} WHERE ${whose(siege, table)}`,
  insertOf(siege, table, name),
  `DROP TABLE ${name}`,
  `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
  `CREATE POLICY mine ON ${name} USING (true)`,
];

function changedColumn(table: string): string {
  if (table === 'teams') return 'name';
  if (table === 'team_credentials') return 'team_id';
  // What a credential may change of its own team's memories.
  return table === 'healix_memories' ? 'deleted_at' : 'created_at';
}

/** A new row for the other team. */
export function insertOf({ other }: Siege, table: string, name: string): string {
  const now = 'now()';
  switch (table) {
    case 'teams':
      return `INSERT INTO ${name} (id, name, slug) VALUES (gen_random_uuid(), 'x', 'x')`;
    case 'users':
      return `INSERT INTO ${name} (lambda_id, team_id, email) VALUES ('intruder', '${other}', 'x@x')`;
    case 'webauthn_credentials':
      return `INSERT INTO ${name} (credential_id, public_key, lambda_id) VALUES ('\\x99', '\\x00', 'blue-user')`;
    case 'user_preferences':
      return `INSERT INTO ${name} (lambda_id) VALUES ('blue-user')`;
    case 'sessions':
      return `INSERT INTO ${name} (lambda_id, session_token, expires_at) VALUES ('blue-user', 'forged', ${now})`;
    case 'healix_memories':
      return `INSERT INTO ${name} (team_id, test_name, failure_signature, solution) VALUES ('${other}', 't', 's', 'forged')`;
    case 'shared_memories':
      return `INSERT INTO ${name} (test_name, failure_signature, solution) VALUES ('t', 's', 'forged')`;
    case 'consciousness_reviews':
      return `INSERT INTO ${name} (team_id, git_sha, matriz_analysis) VALUES ('${other}', 'x', '{}')`;
    case 'test_runs':
      return `INSERT INTO ${name} (team_id, total_tests, created_at) VALUES ('${other}', 1, ${now})`;
    case 'test_results':
      return `INSERT INTO ${name} (test_run_id, team_id, test_name, outcome, created_at) VALUES (gen_random_uuid(), '${other}', 't', 'passed', ${now})`;
    case 'coverage_data':
      return `INSERT INTO ${name} (test_run_id, team_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent, created_at) VALUES (gen_random_uuid(), '${other}', 1, 1, 0, 'f', 1, ${now})`;
    case 'ingest_uploads':
      return `INSERT INTO ${name} (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows) VALUES ('${other}', sha256('x'), gen_random_uuid(), ${now}, sha256('x'), 0, 0)`;
    case 'missing_reports':
      return `INSERT INTO ${name} (team_id, upload_key, reason) VALUES ('${other}', sha256('x'), 'forged')`;
    case 'test_aliases':
      return `INSERT INTO ${name} (team_id, suite_id, name, former, created_at) VALUES ('${other}', gen_random_uuid(), 'forged', 'f', ${now})`;
    case 'healix_credits':
      return `INSERT INTO ${name} (team_id, passed_run_id, failed_run_id, test_name, memory_id) SELECT '${other}', gen_random_uuid(), gen_random_uuid(), 't', id FROM public.healix_memories LIMIT 1`;
    case 'healix_matches':
      return `INSERT INTO ${name} (team_id, memory_id, run_id, created_at, test_name, shown) SELECT '${other}', id, gen_random_uuid(), ${now}, 't', true FROM public.healix_memories LIMIT 1`;
    case 'service_credentials':
      return `INSERT INTO ${name} (role_name) VALUES (session_user)`;
    default:
      return `INSERT INTO ${name} (role_name, team_id) VALUES ('${uniqueRole('forged')}', '${other}')`;
  }
}

/** Tries everything as one login: what got through that must not, and how many statements there were. */
export async function attack(
  siege: Siege,
  url: string,
): Promise<{ readonly breaches: readonly string[]; readonly statements: number }> {
  const breaches: string[] = [];
  let statements = 0;
  for (const guise of guises(siege)) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    for (const step of guise) await client.query(step).catch(() => {});
    const places = [
      ...teamTables.map((table) => ({ table: table as string, name: `public.${table}` })),
      ...siege.leaves.map((leaf) => ({ table: leaf.replace(/_\d{4}_\d{2}$/, ''), name: `public.${leaf}` })),
    ];
    for (const { table, name } of places) {
      const looks = [
        `SELECT count(*)::int AS n FROM ${name} WHERE ${secret(siege, table)}`,
        `SELECT count(*)::int AS n FROM ${name} t WHERE t::text LIKE '%blue%'`,
      ];
      for (const look of looks) {
        statements++;
        const seen = await client.query(look).catch(() => undefined);
        if ((seen?.rows[0]?.n ?? 0) > 0) breaches.push(`${look} after ${guise.join('; ')}`);
      }
      for (const verb of verbs(siege, table, name)) {
        statements++;
        const done = await client.query(verb).catch(() => undefined);
        if (done !== undefined && (done.rowCount ?? 1) > 0)
          breaches.push(`${verb} after ${guise.join('; ')}`);
      }
    }
    await client.end();
  }
  return { breaches, statements };
}

/** Everything that a login can take and keep in one transaction. */
export async function holdEverything(
  adminUrl: string,
  url: string,
  { mine, other, otherRole }: { readonly mine: string; readonly other: string; readonly otherRole: string },
): Promise<{ held: string[]; refused: string[]; client: pg.Client }> {
  const tables = await rowsOf<{ name: string }>(
    adminUrl,
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  );
  const modes = [
    'ACCESS EXCLUSIVE',
    'EXCLUSIVE',
    'SHARE ROW EXCLUSIVE',
    'SHARE UPDATE EXCLUSIVE',
    'SHARE',
    'ROW EXCLUSIVE',
    'ROW SHARE',
    'ACCESS SHARE',
  ];
  const keys = ['lukhas', 'lukhas.ensure_partitions', 'lukhas_migrations', 'partitions', other, mine];
  const statements = [
    ...keys.flatMap((key) => [
      `SELECT pg_advisory_xact_lock(hashtextextended('${key}', 0))`,
      `SELECT pg_advisory_xact_lock(hashtext('${key}'))`,
    ]),
    'SELECT pg_advisory_xact_lock(n) FROM generate_series(-500, 500) AS n',
    ...tables.flatMap(({ name }) => [
      ...modes.map((mode) => `LOCK TABLE public."${name}" IN ${mode} MODE NOWAIT`),
      ...['UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE'].map(
        (strength) => `SELECT FROM public."${name}" FOR ${strength} NOWAIT`,
      ),
    ]),
    'SELECT lukhas_lock_team()',
    `INSERT INTO test_runs (team_id, lambda_id, total_tests) VALUES ('${mine}', 'blue-user', 1)`,
    `INSERT INTO test_results (test_run_id, team_id, test_name, outcome) VALUES (gen_random_uuid(), '${mine}', 't', 'passed')`,
    `INSERT INTO coverage_data (test_run_id, team_id, total_statements, covered_statements, missing_statements, file_path, coverage_percent) VALUES (gen_random_uuid(), '${mine}', 1, 1, 0, 'f', 1)`,
    `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution) VALUES ('${mine}', 't', 's2', 'x')`,
    `UPDATE healix_memories SET success_count = 1`,
    `UPDATE test_results SET auto_healed = true`,
    `UPDATE healix_matches SET shown = true`,
    `SELECT ensure_partitions_for(now() - interval '31 days', 12)`,
    'SELECT ensure_partitions_for(now(), 12)',
    'SELECT ensure_partitions(24, 36)',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${otherRole}'`,
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '${otherRole}'`,
  ];
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  const held: string[] = [];
  const refused: string[] = [];
  for (const statement of statements) {
    await client.query('SAVEPOINT before');
    await client.query(statement).then(
      () => void held.push(statement),
      async () => {
        refused.push(statement);
        await client.query('ROLLBACK TO before');
      },
    );
  }
  return { held, refused, client };
}
