// Compares a database with what the migrations make, and makes roles, owners, row-level security, policies and rights right: after
// a dump was restored, and where somebody changed them. What only a restore can bring is named, never made.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { beginIn } from '../database/search-path.ts';
import { expected } from './catalogue.generated.ts';
import { readCatalogue } from './catalogue.ts';
import { fingerprintsOf } from './fingerprints.ts';
import { migrations } from './migrations.generated.ts';
import { checkHistory, readSchemaState, type SchemaState } from './state.ts';
import { partitionedTables } from './tables.ts';

export interface Damage {
  /** Parts that are missing or other than the migrations make them: `table users`, `rows of test_results_2026_10`. */
  readonly lost: readonly string[];
  /** Parts without which everything works, only slower. */
  readonly slower: readonly string[];
  /** What a set-up makes right, as names with the SQL for it. */
  readonly mendable: readonly Mend[];
}

interface Mend {
  /** `owner of table users`, `policy team_isolation on users`, `rights on users`. */
  readonly name: string;
  readonly sql: string;
}

const roles = ['lukhas_owner', 'lukhas_ingest', 'lukhas_service'] as const;
/** Rights of others are their administrator's business. */
const ourGrantees = new Set<string>([...roles, 'PUBLIC', 'anon', 'authenticated', 'service_role']);

/** The statement of the first migration that makes roles, and their rights on database and schema. */
const rolesSql = /DO \$roles\$[\s\S]*?\$roles\$;/.exec(migrations[0]?.steps[0]?.sql ?? '')?.[0] ?? '';
const namesMade = (kind: 'TABLE' | 'FUNCTION'): string[] => [
  ...new Set(
    migrations.flatMap(({ steps }) =>
      steps.flatMap(({ sql }) =>
        [...sql.matchAll(new RegExp(`^CREATE (?:OR REPLACE )?${kind} (\\w+)`, 'gm'))].map(
          (match) => match[1] ?? '',
        ),
      ),
    ),
  ),
];
const knownTables = namesMade('TABLE');
const knownFunctions = namesMade('FUNCTION');

/**
 * Gives a restored schema to lukhas_owner, where the tables belong to the administrator who restored them: makes the roles first.
 * What is restored in part is refused, and nothing is changed. Returns what was made right; nothing where the schema is ours.
 *
 * @throws StoreError `database-incomplete`, `database-name-taken`, `database-history-differs`
 */
export async function adoptRestored(db: Database, state: SchemaState): Promise<string[]> {
  const { restored } = state;
  if (restored === undefined) return [];
  if (!restored.trusted) {
    throw new StoreError({
      code: 'database-name-taken',
      message: `the tables of the schema ${state.schema} belong to "${restored.owner}", who is neither this administrator nor the database\u2019s owner`,
      fix: `Where "${restored.owner}" restored them from a dump, set up as that role. Else give lukhas-ingest a database of its own. Nothing was changed.`,
    });
  }
  return db.transaction(
    async () => {
      const rows = await db.query<{ number: number; name: string; checksum: string }>(
        'SELECT number, name, checksum FROM lukhas_migrations ORDER BY number',
      );
      checkHistory(rows, migrations);
      const whole = rows.length >= migrations.length;
      if (rows.length === 0) throw incomplete(['rows of lukhas_migrations'], state.schema);
      // Of an older dump only the migrations can tell what is missing.
      if (whole) {
        const { lost, slower } = await findDamage(db, state.schema);
        if (lost.length + slower.length > 0) throw incomplete([...lost, ...slower], state.schema);
      }
      const made = await makeRoles(db);
      const objects = await db.query<{ name: string; sql: string }>(
        `SELECT CASE WHEN kind = 'TABLE' THEN 'owner of table ' ELSE 'owner of function ' END || name AS name,
           format('ALTER %s %s OWNER TO lukhas_owner', kind, name) AS sql
         FROM (
           SELECT 1 AS place, 'TABLE' AS kind, c.oid::regclass::text AS name FROM pg_class c
           WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) <> 'lukhas_owner'
             AND (c.relname = ANY ($1) OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
               WHERE i.inhrelid = c.oid AND p.relname = ANY ($3)))
           UNION ALL
           SELECT 2, 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p
           WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proname = ANY ($2) AND pg_get_userbyid(p.proowner) <> 'lukhas_owner'
         ) AS ours ORDER BY place, name`,
        [knownTables, knownFunctions, [...partitionedTables]],
      );
      for (const { sql } of objects) await db.script(sql);
      return [...made, ...objects.map(({ name }) => name)];
    },
    { begin: beginIn(state.schema, 'SET LOCAL lock_timeout = 10000', 'SET LOCAL statement_timeout = 0') },
  );
}

/**
 * Makes right what can be made right, in one transaction, and returns its names.
 *
 * @throws StoreError `database-incomplete` where tables, keys, functions or rows are missing; nothing is changed then
 */
export async function mendSchema(db: Database): Promise<string[]> {
  const { schema } = await readSchemaState(db);
  return db.transaction(
    async () => {
      const before = await findDamage(db, schema);
      if (before.lost.length > 0) throw incomplete([...before.lost, ...before.slower], schema);
      const made = await makeRoles(db);
      // The roles' own rights may have hidden something.
      const { mendable } = made.length === 0 ? before : await findDamage(db, schema);
      for (const { sql } of mendable) await db.script(sql);
      return [...made, ...new Set(mendable.map(({ name }) => name))];
    },
    { begin: beginIn(schema, 'SET LOCAL lock_timeout = 10000', 'SET LOCAL statement_timeout = 0') },
  );
}

/** What differs, for a person; any login may ask. */
export function describeDamage(db: Database, schema: string): Promise<Damage> {
  return db.transaction(() => findDamage(db, schema), { begin: beginIn(schema) });
}

export type LostLogin = {
  readonly role: string;
  readonly team: string;
  readonly why: 'missing' | 'not granted';
};

/** Logins that are bound to a team and can neither upload nor read; as an administrator. */
export function findLostLogins(db: Database, schema: string): Promise<LostLogin[]> {
  return db.transaction(
    () =>
      db.query<LostLogin>(
        `SELECT c.role_name::text AS role, t.slug AS team, CASE WHEN r.oid IS NULL THEN 'missing' ELSE 'not granted' END AS why
         FROM team_credentials c JOIN teams t ON t.id = c.team_id LEFT JOIN pg_roles r ON r.rolname = c.role_name
         WHERE t.deleted_at IS NULL AND (r.oid IS NULL OR NOT (pg_has_role(r.oid, 'lukhas_ingest', 'MEMBER')
           OR has_table_privilege(r.oid, 'test_runs', 'SELECT'))) ORDER BY 1`,
      ),
    { begin: beginIn(schema, 'SET LOCAL ROLE lukhas_owner') },
  );
}

/** Makes the roles and their rights on database and schema where any of it is missing; as a member of nothing yet. */
async function makeRoles(db: Database): Promise<string[]> {
  const there = await db.query<{ name: string }>(
    'SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1)',
    [[...roles]],
  );
  const missing = roles.filter((role) => !there.some(({ name }) => name === role));
  if (missing.length === 0) {
    const [rights] = await db.query<{ complete: boolean }>(
      `SELECT bool_and(has_schema_privilege(r.oid, current_schema(), 'USAGE') AND CASE WHEN r.rolname = 'lukhas_owner'
           THEN has_schema_privilege(r.oid, current_schema(), 'CREATE') AND pg_has_role(current_user, r.oid, 'MEMBER')
           ELSE has_database_privilege(r.oid, current_database(), 'CONNECT')
             AND has_database_privilege(r.oid, current_database(), 'TEMPORARY') END) AS complete
       FROM pg_roles r WHERE r.rolname = ANY ($1)`,
      [[...roles]],
    );
    if (rights?.complete === true) return [];
  }
  await db.script(rolesSql);
  return missing.length === 0 ? ['rights on schema and database'] : missing.map((role) => `role ${role}`);
}

async function findDamage(db: Database, schema: string): Promise<Damage> {
  const found = fingerprintsOf(await readCatalogue((sql) => db.query(sql)), schema);
  const differing = Object.entries(expected.structure)
    .filter(([name, print]) => found.structure[name] !== print)
    .map(([name]) => name);
  const leaves = await partitionDamage(db);
  const lost = [...differing.filter((name) => !name.startsWith('index ')), ...leaves.lost];
  return {
    lost: [...lost, ...(lost.length === 0 ? await missingRows(db) : [])],
    slower: [...differing.filter((name) => name.startsWith('index ')), ...leaves.slower],
    mendable: [
      ...ownerMends(found.owners),
      ...securityMends(found.security),
      ...rightMends(found.rights),
      ...leaves.mendable,
    ],
  };
}

function ownerMends(found: readonly string[]): Mend[] {
  return expected.owners
    .filter((sql) => !found.includes(sql))
    .map((sql) => ({
      name: `owner of ${/^ALTER (TABLE|FUNCTION) (.*) OWNER/.exec(sql)?.slice(1).join(' ').replace('TABLE', 'table').replace('FUNCTION', 'function')}`,
      sql,
    }));
}

function securityMends(found: readonly string[]): Mend[] {
  const policy = (sql: string) =>
    /^CREATE POLICY (\S+) ON (\S+) FOR \S+(?: TO (.*?))?(?: USING| WITH CHECK|;)/.exec(sql);
  const tables = new Set(expected.security.map((sql) => policy(sql)?.[2]));
  const missing = expected.security.filter((sql) => !found.includes(sql));
  const names = new Set(missing.map((sql) => policy(sql)?.slice(1, 3).join(' ')));
  const extra = found.filter((sql) => {
    const parts = policy(sql);
    if (parts === null || expected.security.includes(sql)) return false;
    const [, name, table, grantees = 'PUBLIC'] = parts;
    return (
      names.has(`${name} ${table}`) ||
      (tables.has(table) && grantees.split(', ').some((grantee) => ourGrantees.has(grantee)))
    );
  });
  const titleOf = (sql: string) => {
    const parts = policy(sql);
    return parts === null
      ? `row-level security of ${/^ALTER TABLE (\S+)/.exec(sql)?.[1]}`
      : `policy ${parts[1]} on ${parts[2]}`;
  };
  return [
    ...extra.map((sql) => ({
      name: titleOf(sql),
      sql: `DROP POLICY ${policy(sql)?.[1]} ON ${policy(sql)?.[2]}`,
    })),
    ...missing.map((sql) => ({ name: titleOf(sql), sql })),
  ];
}

function rightMends(found: readonly string[]): Mend[] {
  const grant = (sql: string) => /^GRANT (.*) ON (.*) TO (\S+);$/.exec(sql);
  const objects = new Set(expected.rights.map((sql) => grant(sql)?.[2]));
  const titleOf = (sql: string) => {
    const parts = grant(sql);
    return parts === null
      ? `rights on ${/ON (.*) FROM/.exec(sql)?.[1]?.replace('FUNCTION', 'function')}`
      : `rights on ${parts[2]?.replace('FUNCTION', 'function')}`;
  };
  const extra = found.filter((sql) => {
    const parts = grant(sql);
    return (
      parts !== null &&
      !expected.rights.includes(sql) &&
      objects.has(parts[2]) &&
      ourGrantees.has(parts[3] ?? '')
    );
  });
  return [
    // A line of a table holds all rights of one role on it: taken away, and what is right is given below.
    ...extra.map((sql) => ({
      name: titleOf(sql),
      sql: sql.replace(/^GRANT/, 'REVOKE').replace(/ TO (\S+);$/, ' FROM $1'),
    })),
    ...expected.rights.filter((sql) => !found.includes(sql)).map((sql) => ({ name: titleOf(sql), sql })),
  ];
}

/** Partitions come and go, so that no list names them: what each has to be follows from its parent. */
async function partitionDamage(db: Database): Promise<Damage> {
  const leaves = await db.query<{
    name: string;
    owned: boolean;
    secured: boolean;
    grantees: string[];
    policies: string[];
  }>(
    `SELECT c.oid::regclass::text AS name, pg_get_userbyid(c.relowner) = 'lukhas_owner' AS owned, c.relrowsecurity AS secured,
       ARRAY(SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
         FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) AS grantees,
       ARRAY(SELECT quote_ident(p.polname) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polroles = '{0}') AS policies
     FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relname = ANY ($1) AND p.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY c.relname`,
    [[...partitionedTables]],
  );
  // An older dump has no such table yet.
  const [retirements] = await db.query<{ there: boolean }>(
    `SELECT to_regclass('lukhas_retirements') IS NOT NULL AS there`,
  );
  const onItsWayOut =
    retirements?.there === true
      ? 'EXISTS (SELECT FROM lukhas_retirements n WHERE n.child = c.relname)'
      : 'false';
  const loose = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c
     WHERE NOT ${onItsWayOut} AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
       AND c.relname ~ '^(test_runs|test_results|coverage_data)_[0-9]{4}_[0-9]{2}$'
       AND pg_get_userbyid(c.relowner) IN (SELECT pg_get_userbyid(m.relowner) FROM pg_class m WHERE m.oid = to_regclass('test_runs'))`,
  );
  const broken = await db.query<{ name: string; unique: boolean }>(
    `SELECT x.relname::text AS name, i.indisunique AS unique FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
     WHERE NOT i.indisvalid AND c.relname = ANY ($1) AND c.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY 1`,
    [knownTables],
  );
  return {
    lost: [...broken.filter(({ unique }) => unique).map(({ name }) => `unique index ${name} of a partition`)],
    slower: [
      ...broken.filter(({ unique }) => !unique).map(({ name }) => `index ${name} of a partition`),
      ...loose.map(({ name }) => `table ${name}, which is no partition (detached, or not restored whole)`),
    ],
    mendable: leaves.flatMap(({ name, owned, secured, grantees, policies }) => [
      ...(owned
        ? []
        : [{ name: `owner of table ${name}`, sql: `ALTER TABLE ${name} OWNER TO lukhas_owner` }]),
      ...(secured
        ? []
        : [{ name: `row-level security of ${name}`, sql: `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY` }]),
      ...grantees
        .filter((grantee) => ourGrantees.has(grantee))
        .map((grantee) => ({ name: `rights on ${name}`, sql: `REVOKE ALL ON ${name} FROM ${grantee}` })),
      ...policies.map((policy) => ({
        name: `policy ${policy} on ${name}`,
        sql: `DROP POLICY ${policy} ON ${name}`,
      })),
    ]),
  };
}

/**
 * Months in which uploads are listed and a table has no row at all: a COPY that failed brings none. Months that are gone were dropped
 * by their retention.
 */
async function missingRows(db: Database): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT b.child::text AS name FROM unnest($1::text[]) AS parents (name)
     CROSS JOIN LATERAL partition_bounds(parents.name::regclass) AS b
     WHERE EXISTS (SELECT FROM ingest_uploads u WHERE u.created_at >= b.lower_bound AND u.created_at < b.upper_bound
         AND CASE parents.name WHEN 'test_runs' THEN true WHEN 'test_results' THEN u.result_rows > 0 ELSE u.coverage_rows > 0 END)
       AND NOT CASE parents.name
         WHEN 'test_runs' THEN EXISTS (SELECT FROM test_runs r WHERE r.created_at >= b.lower_bound AND r.created_at < b.upper_bound)
         WHEN 'test_results' THEN EXISTS (SELECT FROM test_results r WHERE r.created_at >= b.lower_bound AND r.created_at < b.upper_bound)
         ELSE EXISTS (SELECT FROM coverage_data r WHERE r.created_at >= b.lower_bound AND r.created_at < b.upper_bound) END
     ORDER BY 1`,
    [[...partitionedTables]],
  );
  return rows.map(({ name }) => `rows of ${name}`);
}

function incomplete(parts: readonly string[], schema: string): StoreError {
  const shown = parts.slice(0, 3).join(', ');
  return new StoreError({
    code: 'database-incomplete',
    message: `parts of lukhas-ingest are missing in the schema ${schema}, or are not as the migrations make them: ${shown}${parts.length > 3 ? `, and ${parts.length - 3} more` : ''}`,
    fix: 'Nothing was changed. Restore the dump as a whole, into an empty database: psql -v ON_ERROR_STOP=1 --single-transaction (docs/restore.md).',
  });
}

/** Names of one kind as one line: `owner of 34 tables and functions`. */
export function summarise(names: readonly string[]): string[] {
  const kinds: [RegExp, string][] = [
    [/^role /, 'roles'],
    [/^owner of /, 'owners'],
    [/^row-level security of /, 'row-level security'],
    [/^policy /, 'policies'],
    [/^rights on /, 'rights'],
  ];
  return kinds.flatMap(([pattern, kind]) => {
    const some = names.filter((name) => pattern.test(name)).map((name) => name.replace(pattern, ''));
    if (some.length === 0) return [];
    return [
      `${kind}: ${some.slice(0, 4).join(', ')}${some.length > 4 ? `, and ${some.length - 4} more` : ''}`,
    ];
  });
}
