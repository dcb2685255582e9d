// What every part of the soak works with: a PostgreSQL of its own with teams and their logins, uploads that are looked at afterwards,
// and the count of what was not as it must be.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Connect } from '../../src/store/database/port.ts';
import { type RunSource, type SaveOptions, saveRun } from '../../src/store/runs/save.ts';
import { grantUploads } from '../../src/store/schema/access.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { ensurePartitions } from '../../src/store/schema/partitions.ts';
import { addTeam } from '../../src/store/schema/teams.ts';
import { type OwnServer, type PostgresOptions, startOwnPostgres } from '../../test/support/postgres.ts';
import { Random } from '../../test/support/random.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../test/support/runs.ts';

export interface Team {
  readonly id: string;
  readonly slug: string;
  /** As its login for uploads. */
  readonly url: string;
  readonly role: string;
}

export interface World {
  /** May change where one is promoted. */
  server: OwnServer;
  /** As a superuser. */
  sql: pg.Pool;
  readonly team: Team;
  readonly teams: readonly Team[];
  stop(): Promise<void>;
}

/** Makes schema, months, and a login for each team. */
export async function install(
  adminUrl: string,
  wanted: readonly { readonly slug: string; readonly id?: string }[],
): Promise<readonly Team[]> {
  const admin = await openPostgres(adminUrl, { stallMs: 3_600_000 });
  try {
    await migrate(admin);
    await ensurePartitions(admin, { monthsAhead: 2, monthsBack: 1 });
    const teams: Team[] = [];
    for (const { slug, id } of wanted) {
      const role = `soak_${slug.replaceAll('-', '_')}`;
      const team = await addTeam(admin, { slug });
      if (id !== undefined) await admin.outside(`UPDATE teams SET id = '${id}' WHERE id = '${team.id}'`);
      const { databaseUrl: url } = await grantUploads(admin, { teamSlug: slug, role, adminUrl });
      teams.push({ id: id ?? team.id, slug, url, role });
    }
    return teams;
  } finally {
    await admin.close();
  }
}

/** A server of the part's own. */
export async function openWorld(options: PostgresOptions & { readonly teams?: number } = {}): Promise<World> {
  const server = await startOwnPostgres(options);
  try {
    const slugs = Array.from({ length: options.teams ?? 1 }, (_, n) => ({ slug: `team-${n}` }));
    const teams = await install(server.adminUrl, slugs);
    const [team] = teams;
    if (team === undefined) throw new Error('no team');
    const sql = poolTo(server.adminUrl);
    const world: World = {
      server,
      sql,
      team,
      teams,
      stop: async () => {
        await world.sql.end().catch(() => {});
        await server.stop();
      },
    };
    return world;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Connections that are made anew where a server was away. */
export function poolTo(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => {});
  return pool;
}

/** By the bare driver; a server that goes away ends no soak. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

export const results = Array.from({ length: 600 }, (_, n) =>
  n % 20 === 0 ? makeFailure(n, 'x'.repeat(2000)) : makeResult(n),
);
export const coverage = Array.from({ length: 20 }, (_, n) => makeCoverage(n));
const source = sourceOf(results, coverage);

export interface Outcome {
  readonly ms: number;
  /** By performance.now(). */
  readonly endedAt: number;
  readonly retries: readonly string[];
}

export interface UploadOptions extends Partial<SaveOptions> {
  /** Another run than the usual one of 600 results. */
  readonly source?: () => RunSource;
  /** Another upload of the key may have been first. */
  readonly mayBeStored?: boolean;
}

/** Uploads, and looks that the run is there once and whole. */
export async function upload(
  world: Pick<World, 'sql'>,
  key: string,
  url: string | Connect,
  { source: other = source, mayBeStored = false, ...options }: UploadOptions = {},
): Promise<Outcome> {
  const retries: string[] = [];
  const start = performance.now();
  const connect: Connect = typeof url === 'string' ? (limits) => openPostgres(url, limits) : url;
  const saved = await saveRun(
    connect,
    makeUpload(key),
    other,
    makeOptions({
      deadlineMs: 120_000,
      onRetry: ({ reason }) => retries.push(reason.sqlstate ?? reason.code),
      ...options,
    }),
  );
  const endedAt = performance.now();
  const found = await countRows(world, saved.runId);
  const whole = other === source ? { runs: 1, results: 600, coverage: 20, uploads: 1 } : found;
  if ((saved.stored !== 'new' && !mayBeStored) || JSON.stringify(found) !== JSON.stringify(whole))
    throw new Error(`${key}: ${saved.stored}, ${JSON.stringify(found)}`);
  return { ms: endedAt - start, endedAt, retries };
}

/** Asks as the superuser; again where the server was away. */
export async function ask(
  world: Pick<World, 'sql'>,
  text: string,
  params?: unknown[],
): Promise<Record<string, unknown>[]> {
  for (let tries = 1; ; tries++) {
    try {
      return (await world.sql.query(text, params)).rows;
    } catch (error) {
      if (tries === 300 || /^(42|22|23)/.test((error as { code?: string }).code ?? '')) throw error;
      await sleep(200);
    }
  }
}

async function countRows(
  world: Pick<World, 'sql'>,
  runId: string,
): Promise<Record<string, unknown> | undefined> {
  const rows = await ask(
    world,
    `SELECT (SELECT count(*)::int FROM test_runs WHERE id = $1) AS runs, (SELECT count(*)::int FROM test_results WHERE test_run_id = $1) AS results,
       (SELECT count(*)::int FROM coverage_data WHERE test_run_id = $1) AS coverage, (SELECT count(*)::int FROM ingest_uploads WHERE run_id = $1) AS uploads`,
    [runId],
  );
  return rows[0];
}

/** What a part found. */
export class Findings {
  bad = 0;
  readonly seed: number;
  readonly random: Random;
  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(seed);
  }
  say(words: string): void {
    console.log(`  ${words}`);
  }
  /** Counts and tells what must not be. */
  wrong(words: string): void {
    this.bad++;
    if (this.bad <= 20) this.say(`WRONG: ${words}`);
  }
  check(holds: boolean, words: string): void {
    if (!holds) this.wrong(words);
  }

  /** Runs all, so many at a time; says how many were stored, and the first failures. */
  async uploads(
    name: string,
    count: number,
    atOnce: number,
    one: (n: number, worker: number) => Promise<Outcome>,
  ): Promise<{ readonly outcomes: readonly Outcome[]; readonly worst: number }> {
    const outcomes: Outcome[] = [];
    const failures: string[] = [];
    await inTurns(count, atOnce, async (n, worker) => {
      await one(n, worker).then(
        (outcome) => void outcomes.push(outcome),
        (error) => void failures.push(`${name}, ${n}: ${String(error)}`),
      );
    });
    const worst = Math.max(0, ...outcomes.map(({ ms }) => ms));
    const retries = outcomes.reduce((sum, outcome) => sum + outcome.retries.length, 0);
    this.say(
      `${name}: ${outcomes.length} of ${count} stored once, ${retries} retries, the longest took ${(worst / 1000).toFixed(1)} s`,
    );
    for (const failure of failures) this.wrong(failure);
    return { outcomes, worst };
  }

  /** Every upload has its run, and every row its upload. */
  async noOrphans(world: Pick<World, 'sql'>): Promise<void> {
    const [row] = await ask(
      world,
      `SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM ingest_uploads) AS uploads,
         (SELECT count(*)::int FROM test_results WHERE test_run_id NOT IN (SELECT run_id FROM ingest_uploads)) AS orphans`,
    );
    const { runs, uploads, orphans } = row ?? {};
    this.say(`in the end: ${runs} runs, ${uploads} uploads, ${orphans} rows of none`);
    this.check(runs === uploads && orphans === 0, 'rows without an upload, or uploads without a run');
  }
}

/** Runs `count` of them, so many at a time. */
export async function inTurns(
  count: number,
  atOnce: number,
  one: (n: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    for (let n = next++; n < count; n = next++) await one(n, worker);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, (_, worker) => work(worker)));
}

/** A part of the soak. */
export interface Part {
  readonly name: string;
  /** How many of what it is about. */
  readonly count: number;
  readonly what: string;
  /** The tests that are its slice in `npm test`, as `file: name`. */
  readonly slice: readonly string[];
  /** Not a part of the whole: it takes too long. */
  readonly alone?: true;
  run(findings: Findings, count: number): Promise<void>;
}
