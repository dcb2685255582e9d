// What a backup holds, written beside it in the dump's own snapshot, and read again of what was restored. The only file that knows
// the manifest's form.
import * as z from 'zod';
import { InputError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { quoteName } from '../database/search-path.ts';
import { readCatalogue } from '../schema/catalogue.ts';
import { fingerprintsOf } from '../schema/fingerprints.ts';

const text = z.string().max(100_000);
const texts = z.array(text).max(100_000);
const file = z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const contentSchema = z.object({
  schema: text,
  /** Number of the last migration. */
  schema_version: z.int().min(1),
  migrations: z.array(z.object({ number: z.int(), checksum: text })).max(10_000),
  tables: z
    .array(
      z.object({
        name: text,
        parent: text.nullable(),
        bounds: text.nullable(),
        /** Of a partitioned table null: its partitions have them. */
        rows: z.int().min(0).nullable(),
        owner: text,
        row_security: z.boolean(),
        force_row_security: z.boolean(),
        grants: texts,
      }),
    )
    .max(100_000),
  indexes: z
    .array(z.object({ name: text, table: text, valid: z.boolean(), ready: z.boolean() }))
    .max(1_000_000),
  sequences: z.array(z.object({ name: text, last_value: text, is_called: z.boolean() })).max(100_000),
  /** Tables, keys, references, indexes, functions and triggers by name, as fingerprints. */
  structure: z.record(text, text),
  /** Policies and row-level security, owners, rights: as statements. */
  security: texts,
  owners: texts,
  rights: texts,
});

const manifestSchema = z.object({
  format: z.literal(1),
  kind: z.enum(['server', 'embedded']),
  created_at: z.iso.datetime(),
  program: text,
  server_major: z.int().min(10).max(100),
  server: text,
  database: text,
  roles: texts,
  dump: file,
  roles_file: file.nullable(),
  content: contentSchema,
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Content = z.infer<typeof contentSchema>;

export const manifestOf = (dump: string): string => `${dump}.json`;
export const rolesFileOf = (dump: string): string => `${dump}.roles.sql`;

/** @throws InputError `backup-manifest`, `backup-newer` */
export function parseManifest(json: string, place: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  const format = (value as { format?: unknown } | undefined)?.format;
  if (typeof format === 'number' && format > 1)
    throw new InputError({
      code: 'backup-newer',
      message: 'the backup was made by a newer lukhas-ingest, whose manifest this one does not know',
      fix: 'Upgrade lukhas-ingest and verify it again.',
      place: { file: place },
    });
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError({
    code: 'backup-manifest',
    message: `this is no manifest of a backup${value === undefined ? ': it is not JSON' : `: ${issue?.path.join('.') || 'its form'} is not as \`lukhas db backup\` writes it`}`,
    fix: 'Take the one that was written with the dump; without it nothing tells what the dump is to hold.',
    place: { file: place },
  });
}

/** How a transaction that reads content begins beside its schema: bounds of months are written in the session's time zone. */
export const contentSettings = [
  'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
  `SET LOCAL timezone = 'UTC'`,
  `SET LOCAL intervalstyle = 'postgres'`,
  'SET LOCAL statement_timeout = 0',
] as const;

/**
 * Everything in the current schema that a backup must bring back. Part of a transaction whose snapshot does not change, of somebody whom
 * row-level security hides nothing from.
 */
export async function readContent(db: Database, schema: string): Promise<Content> {
  const migrations = await db.query<{ number: number; checksum: string }>(
    'SELECT number, checksum FROM lukhas_migrations ORDER BY number',
  );
  const tables = await db.query<{
    name: string;
    kind: string;
    parent: string | null;
    bounds: string | null;
    owner: string;
    row_security: boolean;
    force_row_security: boolean;
    grants: string[];
  }>(
    `SELECT c.relname::text AS name, c.relkind::text AS kind, p.relname::text AS parent, pg_get_expr(c.relpartbound, c.oid) AS bounds,
       pg_get_userbyid(c.relowner)::text AS owner, c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,
       ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' ' || a.privilege_type
         FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner ORDER BY 1) AS grants
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition LEFT JOIN pg_class p ON p.oid = i.inhparent
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname`,
  );
  const rows = new Map<string, number>();
  for (const { name, kind } of tables) {
    if (kind === 'p') continue;
    const [count] = await db.query<{ rows: number }>(`SELECT count(*) AS rows FROM ONLY ${quoteName(name)}`);
    rows.set(name, count?.rows ?? 0);
  }
  const indexes = await db.query<Content['indexes'][number]>(
    `SELECT x.relname::text AS name, c.relname::text AS table, i.indisvalid AS valid, i.indisready AS ready
     FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') ORDER BY x.relname`,
  );
  const named = await db.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'S' ORDER BY relname`,
  );
  const sequences: Content['sequences'] = [];
  for (const { name } of named) {
    const [state] = await db.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value::text, is_called FROM ${quoteName(name)}`,
    );
    if (state !== undefined) sequences.push({ name, ...state });
  }
  const prints = fingerprintsOf(await readCatalogue((sql) => db.query(sql)), schema);
  return {
    schema,
    schema_version: migrations.at(-1)?.number ?? 0,
    migrations,
    tables: tables.map(({ kind, ...table }) => ({
      ...table,
      rows: kind === 'p' ? null : (rows.get(table.name) ?? 0),
    })),
    indexes,
    sequences,
    structure: { ...prints.structure },
    security: [...prints.security],
    owners: [...prints.owners],
    rights: [...prints.rights],
  };
}

export interface RoleScript {
  readonly roles: readonly string[];
  /** Makes the roles that are missing, without passwords, and their memberships and rights on the database. */
  readonly sql: string;
}

/**
 * The roles that a dump of the current schema speaks of, and those that are bound to teams. Reads no password: not even a
 * superuser's eyes are needed.
 */
export async function readRoles(db: Database): Promise<RoleScript> {
  const roles = await db.query<{ name: string; login: boolean; member_of: string[] }>(
    `WITH named AS (
       SELECT relowner AS oid FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT proowner FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT a.grantee FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT a.grantee FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL aclexplode(t.attacl) a
         WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT a.grantee FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT a.grantee FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a WHERE n.oid = quote_ident(current_schema())::regnamespace
       UNION SELECT unnest(polroles) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
       UNION SELECT r.oid FROM pg_roles r JOIN (SELECT role_name FROM team_credentials UNION SELECT role_name FROM service_credentials) b
         ON b.role_name = r.rolname
     )
     SELECT r.rolname::text AS name, r.rolcanlogin AND NOT r.rolsuper AS login,
       ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
         WHERE m.member = r.oid AND g.oid IN (SELECT oid FROM named) ORDER BY 1) AS member_of
     FROM pg_roles r WHERE r.oid IN (SELECT oid FROM named) AND r.rolname NOT LIKE 'pg\\_%' ORDER BY r.rolname`,
  );
  const [made] = await db.query<{ sql: string }>(
    `SELECT coalesce(string_agg(text, E'\\n' ORDER BY place, text), '') AS sql FROM (
       SELECT 1 AS place, format('DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %L) THEN CREATE ROLE %I %s; END IF; END $do$;',
         r.name, r.name, CASE WHEN r.login THEN 'LOGIN' ELSE 'NOLOGIN' END) AS text FROM jsonb_to_recordset($1::text::jsonb) AS r (name text, login boolean)
       UNION ALL
       SELECT 2, format('GRANT %I TO %I;', g, r.name) FROM jsonb_to_recordset($1::text::jsonb) AS r (name text, member_of text[])
         CROSS JOIN LATERAL unnest(r.member_of) AS g
       UNION ALL
       SELECT 3, format('DO $do$ BEGIN EXECUTE format(%L, current_database()); END $do$;', format('GRANT %s ON DATABASE %%I TO %I',
         string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), pg_get_userbyid(a.grantee)))
       FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a
       WHERE d.datname = current_database() AND pg_get_userbyid(a.grantee) IN (SELECT r.name FROM jsonb_to_recordset($1::text::jsonb) AS r (name text))
       GROUP BY a.grantee
     ) AS statements`,
    [JSON.stringify(roles)],
  );
  const head =
    '-- Roles of a backup of lukhas-ingest, without passwords. Run it in the database that the dump is restored into, before the dump.\n';
  return { roles: roles.map(({ name }) => name), sql: `${head}${made?.sql ?? ''}\n` };
}
