// Fresh databases for tests: a new database of the run's PostgreSQL server, or an embedded one in a temporary directory.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Database } from '../../src/store/database/port.ts';
import { grantUploads } from '../../src/store/schema/access.ts';
import { openEmbedded } from '../../src/store/schema/embedded.ts';
import { addTeam } from '../../src/store/schema/teams.ts';
import { copyEmbedded } from './templates.ts';

export interface TestDatabase {
  readonly name: string;
  /** Superuser's URL of this database. */
  readonly adminUrl: string;
  /** The same database as another login. */
  urlFor(user: string, password: string): string;
  drop(): Promise<void>;
}

/** A new empty database on the test server. */
export async function createDatabase(): Promise<TestDatabase> {
  return createDatabaseOn(inject('postgresAdminUrl'));
}

/** The same on another server, or as a copy of another database. */
export async function createDatabaseOn(serverUrl: string, template = 'template1'): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  const adminUrl = withPath(serverUrl, name);
  return {
    name,
    adminUrl,
    urlFor(user, password) {
      const url = new URL(adminUrl);
      url.username = encodeURIComponent(user);
      url.password = encodeURIComponent(password);
      return url.href;
    },
    drop: () => asAdmin(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

export interface ReadyDatabase extends TestDatabase {
  /** URL of a login bound to the team, as `lukhas db grant` makes it. */
  readonly uploadUrl: string;
  readonly role: string;
  readonly team: { readonly id: string; readonly slug: string };
}

/** A database with the schema, a team, a credential for it and the partitions of this month and its neighbours. */
export async function createReadyDatabase(options: { readonly slug?: string } = {}): Promise<ReadyDatabase> {
  const serverUrl = inject('postgresAdminUrl');
  const database = await createDatabaseOn(serverUrl, inject('templateDatabase'));
  const admin = await openPostgres(database.adminUrl);
  try {
    const team = await addTeam(admin, { slug: options.slug ?? 'acme' });
    const role = uniqueRole();
    const grant = await grantUploads(admin, { teamSlug: team.slug, role, adminUrl: database.adminUrl });
    return {
      ...database,
      uploadUrl: grant.databaseUrl,
      role,
      team,
      drop: async () => {
        await database.drop();
        await asAdmin(serverUrl, `DROP ROLE IF EXISTS ${role}`);
      },
    };
  } finally {
    await admin.close();
  }
}

/** Roles belong to the whole server, so that every test needs names of its own. */
export function uniqueRole(prefix = 'ci'): string {
  return `${prefix}_${randomBytes(5).toString('hex')}`;
}

/** Runs SQL as the superuser of `url`, one statement or several, and returns the rows of the last one. */
export async function asAdmin(url: string, sql: string): Promise<void> {
  await rowsOf(url, sql);
}

/** Rows as any login, by the bare driver: what the product's own adapter does is not in the way. */
export async function rowsOf<R extends pg.QueryResultRow>(
  url: string,
  sql: string,
  params?: unknown[],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const answer = await client.query<R>(sql, params);
    return Array.isArray(answer) ? ((answer as pg.QueryResult<R>[]).at(-1)?.rows ?? []) : answer.rows;
  } finally {
    await client.end();
  }
}

export interface EmbeddedDatabase {
  readonly dir: string;
  readonly db: Database;
  remove(): Promise<void>;
}

/** An embedded database with the schema in a new temporary directory. */
export async function createEmbedded(): Promise<EmbeddedDatabase> {
  const dir = await temporaryDir();
  await copyEmbedded(dir);
  const db = await openEmbedded(dir);
  return {
    dir,
    db,
    remove: async () => {
      await db.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function temporaryDir(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'lukhas-test-'));
}

function withPath(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
