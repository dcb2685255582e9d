// Grafana's dashboard under a login that only reads: every query answers, for its own team alone, and the login can write nothing.
import { readFileSync } from 'node:fs';
import type { Dashboard, Panel } from '@grafana/schema';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboard as source } from '../scripts/grafana-dashboard.ts';
import { openPostgres } from '../src/store/database/pg.ts';
import type { Database } from '../src/store/database/port.ts';
import { grantUploads, openAccess } from '../src/store/schema/access.ts';
import { describeDamage, findLostLogins } from '../src/store/schema/mend.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { revokeUploads } from '../src/store/schema/revoke.ts';
import { teamTables } from '../src/store/schema/tables.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { createReadyDatabase, type ReadyDatabase, rowsOf, uniqueRole } from './support/databases.ts';
import { fillQuestions, smallHistory } from './support/questions-history.ts';
import { rowsIn } from './support/sql.ts';

const folder = new URL('../docs/grafana/', import.meta.url);
const dashboard = JSON.parse(readFileSync(new URL('dashboard.json', folder), 'utf8')) as Dashboard;

/** As Grafana's PostgreSQL data source writes it for the last 30 days, with All chosen. */
function expanded(sql: string, values: Readonly<Record<string, readonly string[]>>): string {
  const text = sql
    .replace(/\$__timeFilter\(([\w.]+)\)/g, "$1 BETWEEN now() - interval '30 days' AND now()")
    .replace(/\$\{(\w+):sqlstring\}/g, (_, name: string) =>
      (values[name] ?? []).map((value) => `'${value.replaceAll("'", "''")}'`).join(','),
    );
  expect(text).not.toMatch(/\$[_{]/);
  return text;
}

const panels = (dashboard.panels ?? []) as Panel[];
const sqlOf = (panel: Panel) => String(panel.targets?.[0]?.rawSql);

let database: ReadyDatabase;
let admin: Database;
let url: string;
let rivalUrl: string;
const [reader, rival] = [uniqueRole('read'), uniqueRole('read')];

beforeAll(async () => {
  database = await createReadyDatabase();
  admin = await openPostgres(database.adminUrl);
  await ensurePartitions(admin, { monthsAhead: 1, monthsBack: 2 });
  await addTeam(admin, { slug: 'rival' });
  await fillQuestions(admin, database.team.id, smallHistory);
  const grant = (teamSlug: string, role: string) =>
    grantUploads(admin, { teamSlug, role, adminUrl: database.adminUrl, readOnly: true });
  url = (await grant('acme', reader)).databaseUrl;
  rivalUrl = (await grant('rival', rival)).databaseUrl;
});
afterAll(async () => {
  for (const [teamSlug, role] of [
    ['acme', reader],
    ['rival', rival],
  ] as const)
    await revokeUploads(admin, { teamSlug, role, dropLogin: true });
  await admin.close();
  await database.drop();
});

async function valuesOf(login: string): Promise<Record<string, string[]>> {
  const values: Record<string, string[]> = {};
  for (const { name, query } of dashboard.templating?.list ?? []) {
    const rows = await rowsOf(login, expanded(String(query), {}));
    values[name] = rows.map((row) => String(Object.values(row)[0]));
  }
  return values;
}

describe('the dashboard', () => {
  it('is what scripts/grafana-dashboard.ts makes, in Grafana’s own types', () => {
    expect(dashboard).toEqual(JSON.parse(JSON.stringify(source)));
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const provisioned = readFileSync(new URL('provisioning/datasources/lukhas.yaml', folder), 'utf8');
    for (const { datasource } of panels) {
      expect(provisioned).toContain(`uid: ${datasource?.uid}\n`);
      expect(provisioned).toContain(`type: ${datasource?.type}\n`);
    }
  });

  it('answers each of its queries under the login that only reads', async () => {
    const values = await valuesOf(url);
    expect(Object.values(values).map((list) => list.length > 0)).toEqual([true, true, true]);
    for (const panel of panels) {
      const rows = await rowsOf(url, expanded(sqlOf(panel), values));
      expect.soft(rows.length, panel.title).toBeGreaterThan(0);
      if (panel.type === 'timeseries') expect.soft(rows[0], panel.title).toHaveProperty('time');
    }
    const [first] = panels;
    const [counted] = await rowsOf<{ runs: string }>(url, expanded(sqlOf(first as Panel), values));
    const [apart] = await rowsIn<{ n: number }>(
      admin,
      `SELECT count(*)::int AS n FROM test_runs WHERE created_at BETWEEN now() - interval '30 days' AND now()
         AND coalesce(origin, 'team') <> 'stranger' AND coalesce(git_branch, '') NOT LIKE '%:%' AND stale IS NOT TRUE`,
    );
    expect(Number(counted?.runs)).toBe(apart?.n);
    expect(apart?.n).toBeGreaterThan(10);
  });

  it('shows another team no row, with this team’s names chosen', async () => {
    const values = await valuesOf(url);
    expect(await valuesOf(rivalUrl)).toEqual({ repository: [], branch: [], job: [] });
    for (const panel of panels) {
      const rows = await rowsOf(rivalUrl, expanded(sqlOf(panel), values));
      // An aggregate of nothing is one row that says so.
      if (panel.type === 'stat')
        expect
          .soft(
            rows.map((row) => Number(Object.values(row)[0])),
            panel.title,
          )
          .toEqual([0]);
      else expect.soft(rows, panel.title).toEqual([]);
    }
  });
});

describe('a login that only reads', () => {
  it('can write no table and call no function that writes, whatever it sets', async () => {
    const login = new pg.Client({ connectionString: url });
    await login.connect();
    await login.query('SET default_transaction_read_only = off');
    const refused = async (sql: string) =>
      expect(
        await login.query(sql).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
        sql,
      ).toBe('42501');
    for (const table of teamTables) {
      await refused(`INSERT INTO ${table} DEFAULT VALUES`);
      await refused(`DELETE FROM ${table}`);
      await refused(`TRUNCATE ${table}`);
      // Several statements in one message are a transaction, which LOCK TABLE asks for.
      await refused(`SELECT 1; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    }
    const functions = await rowsIn<{ name: string }>(
      admin,
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p
       WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege($1, p.oid, 'EXECUTE') ORDER BY 1`,
      [reader],
    );
    expect(functions.map(({ name }) => name)).toEqual([
      'lukhas_run_ts(uuid)',
      'lukhas_serves()',
      'lukhas_team_id()',
      'partition_bounds(regclass)',
    ]);
    await refused('UPDATE healix_memories SET solution = solution');
    await refused('SELECT * FROM healix_memories FOR UPDATE');
    await refused('SELECT * FROM users');
    await refused('SELECT * FROM team_credentials');
    await refused('CREATE TABLE public.mine (x int)');
    await refused('SET ROLE lukhas_ingest');
    await login.end();
  });

  it('reads as the other commands do, is no lost login, and is no damage', async () => {
    const db = await openPostgres(url);
    try {
      const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
      expect(access.team.slug).toBe('acme');
    } finally {
      await db.close();
    }
    expect(await findLostLogins(admin, 'public')).toEqual([]);
    expect(await describeDamage(admin, 'public')).toEqual({ lost: [], slower: [], mendable: [] });
  });

  it('is not made of one that uploads', async () => {
    await expect(
      grantUploads(admin, {
        teamSlug: 'acme',
        role: database.role,
        adminUrl: database.adminUrl,
        readOnly: true,
      }),
    ).rejects.toMatchObject({ code: 'role-may-write' });
  });
});
