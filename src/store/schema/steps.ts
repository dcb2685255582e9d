// Runs the steps of one migration, each once: records what is done, gives way to those who work with the database, says for whom
// it waits. Knows nothing of what the steps make.
import { StoreError } from '../../errors.ts';
import type { Database } from '../database/port.ts';
import { type Begin, beginIn, beginInCatalog, quoteName } from '../database/search-path.ts';
import type { Blockers } from './blockers.ts';
import type { Migration, Step } from './migrations.generated.ts';
import { givingWay, isLockError, letPass, type Watched, watchWork, withoutTimeouts } from './waiting.ts';

/** What one migration is run with. */
export interface Work extends Watched {
  readonly migration: Migration;
  readonly schema: string;
}

/**
 * A statement that waits for a lock makes everybody queue behind it who comes later, readers too. So it waits this long, lets
 * them pass, and tries again.
 */
const lockTimeoutMs = 400;
/** Autovacuum ends its work for whoever waits longer than deadlock_timeout, 1 s by default; else it may take hours. */
const autovacuumLockTimeoutMs = 1_500;

/** Runs what is not done yet and records the migration. false: somebody else has applied it meanwhile. */
export async function runMigration(work: Work): Promise<boolean> {
  const { steps } = work.migration;
  await work.db.transaction(async () => work.watcher?.watch(work.db), { begin: beginInCatalog() });
  for (const [index, step] of steps.entries()) {
    if (step.partitionsOf !== undefined) await runForEach(work, index);
    else if (!step.inTransaction) await runOutside(work, index, '');
    // What the last step does and the record of the whole are one: nobody sees the one without the other.
    else if (index === steps.length - 1) return finish(work, step);
    else await runInside(work, index, '');
  }
  return finish(work, undefined);
}

function finish(work: Work, last: Step | undefined): Promise<boolean> {
  const { db, migration } = work;
  return inTurn(work, last?.title ?? 'recording it', async () => {
    const rows = await db.query('SELECT FROM lukhas_migrations WHERE number = $1', [migration.number]);
    if (rows.length > 0) return false;
    if (last !== undefined) await db.script(textOf(work, last));
    await record(db, migration);
    return true;
  });
}

/**
 * Runs a whole migration in the transaction that is open, for a database that nobody works with yet: nothing is recorded but the
 * migration, and no index is built beside others.
 */
export async function runAtOnce(db: Database, schema: string, migration: Migration): Promise<void> {
  for (const step of migration.steps) {
    const targets = step.partitionsOf === undefined ? [''] : await partitionsOf(db, step.partitionsOf);
    for (const target of targets) {
      const sql = textOf({ schema }, step, target);
      await db.script(step.inTransaction ? sql : sql.replaceAll(' INDEX CONCURRENTLY ', ' INDEX '));
    }
  }
  await record(db, migration);
}

async function partitionsOf(db: Database, parent: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass($1) ORDER BY 1`,
    [parent],
  );
  return rows.map(({ name }) => name);
}

/** Records a whole migration, and with it the oldest program that may still write. */
export async function record(db: Database, migration: Migration): Promise<void> {
  await db.run(
    `INSERT INTO lukhas_migrations (number, name, checksum, oldest_program)
     SELECT $1, $2, $3, CASE WHEN $4 THEN $1 ELSE coalesce((SELECT max(oldest_program) FROM lukhas_migrations), $1) END`,
    [migration.number, migration.name, migration.checksum, migration.refusesOlder],
  );
  await db.run('DELETE FROM lukhas_migration_steps WHERE number = $1', [migration.number]);
}

async function runInside(work: Work, index: number, target: string): Promise<void> {
  const step = stepAt(work, index);
  await inTurn(work, step.title, async () => {
    if (await isDone(work, index, target)) return;
    if (target === '' || (await isPartition(work.db, step, target)))
      await work.db.script(textOf(work, step, target));
    await note(work, index, target);
    if (target === '') await plan(work, index + 1);
  });
}

async function runOutside(work: Work, index: number, target: string): Promise<void> {
  const { db } = work;
  const step = stepAt(work, index);
  const isOver = await inTurn(
    work,
    step.title,
    async () =>
      (await isDone(work, index, target)) || (target !== '' && !(await isPartition(db, step, target))),
  );
  if (!isOver) {
    if (work.turn === undefined && !db.embedded) {
      throw new Error(`the step "${step.title}" is outside a transaction: migrate needs a second connection`);
    }
    await concurrently(work, step, textOf(work, step, target));
  }
  await inTurn(work, step.title, async () => {
    await note(work, index, target);
    if (target === '') await plan(work, index + 1);
  });
}

/** Partition by partition, then a record that all are done. */
async function runForEach(work: Work, index: number): Promise<void> {
  const { db, migration } = work;
  const step = stepAt(work, index);
  const targets = await inTurn(work, step.title, async () => {
    if (await isDone(work, index, '')) return [];
    await plan(work, index);
    const rows = await db.query<{ target: string }>(
      `SELECT target FROM lukhas_migration_steps
       WHERE number = $1 AND step = $2 AND target <> '' AND done_at IS NULL ORDER BY target`,
      [migration.number, index + 1],
    );
    return rows.map(({ target }) => target);
  });
  for (const target of targets) {
    if (step.inTransaction) await runInside(work, index, target);
    else await runOutside(work, index, target);
  }
  await inTurn(work, step.title, async () => {
    await note(work, index, '');
    await plan(work, index + 1);
  });
}

/**
 * Writes down which partitions the steps from `index` on are for that are for each partition of one table. In the transaction of
 * the step before them, which has made something on the parent: a partition that is attached later gets that from the parent, and
 * these steps would do it twice. Does nothing where it is planned, or nothing is to be planned.
 */
async function plan({ db, migration }: Work, index: number): Promise<void> {
  const { steps } = migration;
  const parent = steps[index]?.partitionsOf;
  if (parent === undefined || steps[index - 1]?.partitionsOf === parent) return;
  const planned = await db.query('SELECT FROM lukhas_migration_steps WHERE number = $1 AND step = $2', [
    migration.number,
    index + 1,
  ]);
  if (planned.length > 0) return;
  const after = steps.findIndex((step, at) => at > index && step.partitionsOf !== parent);
  await db.run(
    `INSERT INTO lukhas_migration_steps (number, step, target)
     SELECT $1::int, step, name FROM generate_series($2::int, $3::int) AS step CROSS JOIN (
       SELECT '' AS name UNION ALL
       SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($4)
     ) AS targets`,
    [migration.number, index + 1, after < 0 ? steps.length : after, parent],
  );
}

async function isDone({ db, migration }: Work, index: number, target: string): Promise<boolean> {
  const [row] = await db.query<{ done: boolean }>(
    `SELECT EXISTS (SELECT FROM lukhas_migrations WHERE number = $1) OR EXISTS (
       SELECT FROM lukhas_migration_steps
       WHERE number = $1 AND step = $2 AND target IN ('', $3) AND done_at IS NOT NULL) AS done`,
    [migration.number, index + 1, target],
  );
  return row?.done === true;
}

async function note({ db, migration }: Work, index: number, target: string): Promise<void> {
  await db.run(
    `INSERT INTO lukhas_migration_steps (number, step, target, done_at)
     SELECT $1::int, $2::int, $3::text, now() WHERE NOT EXISTS (SELECT FROM lukhas_migrations WHERE number = $1)
     ON CONFLICT (number, step, target) DO UPDATE SET done_at = excluded.done_at`,
    [migration.number, index + 1, target],
  );
}

/** false: detached or dropped since the plan was made, and no longer ours. */
async function isPartition(db: Database, step: Step, name: string): Promise<boolean> {
  const rows = await db.query(
    `SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass($1) AND c.relname = $2 AND NOT i.inhdetachpending`,
    [step.partitionsOf ?? null, name],
  );
  return rows.length > 0;
}

function stepAt({ migration }: Work, index: number): Step {
  const step = migration.steps[index];
  if (step === undefined) throw new Error(`migration ${migration.number} has no step ${index + 1}`);
  return step;
}

/** A step's text for one schema and, where it is done for each, one partition. */
function textOf({ schema }: Pick<Work, 'schema'>, { sql }: Step, target = ''): string {
  return sql
    .replaceAll('{schema}', () => quoteName(schema))
    .replaceAll('{leaf}', () => `${quoteName(schema)}.${quoteName(target)}`)
    .replaceAll('{name}', () => target.replaceAll('"', '""'));
}

function nameOf({ migration }: Work, title: string): string {
  return `migration ${migration.number}, ${title}`;
}

/** One short transaction as the owner, which gives way. */
function inTurn<T>(work: Work, title: string, body: () => Promise<T>): Promise<T> {
  return givingWay(work, nameOf(work, title), body, {
    begin: (watch) => beginStep(work, watch.blockers()?.autovacuum === true),
    lost: turnLost,
    givenUp: (watch, cause) => givenUp(work, title, watch.blockers(), cause),
  });
}

function beginStep({ schema }: Work, behindAutovacuum: boolean): Begin {
  return beginIn(
    schema,
    'SET LOCAL ROLE lukhas_owner',
    `SET LOCAL lock_timeout = ${behindAutovacuum ? autovacuumLockTimeoutMs : lockTimeoutMs}`,
    'SET LOCAL statement_timeout = 0',
    'SET LOCAL idle_in_transaction_session_timeout = 0',
    // First of all, before the records are read: the backend of a runner that was killed may be about to commit still.
    'LOCK TABLE lukhas_migration_steps IN SHARE UPDATE EXCLUSIVE MODE',
  );
}

/** Runs a statement outside a transaction. It waits for others as long as it must, because nobody queues behind it. */
async function concurrently(work: Work, step: Step, sql: string): Promise<void> {
  const { db } = work;
  const watch = watchWork(work, nameOf(work, step.title), sql);
  const restore = await withoutTimeouts(db);
  try {
    for (;;) {
      try {
        if (await isIndexFree(work, sql)) return await db.outside(sql);
      } catch (error) {
        if (watch.lost()) throw turnLost(error);
        if (watch.waitedMs() > work.waitMs) throw givenUp(work, step.title, watch.blockers(), error);
        if (!isLockError(error)) throw error;
      }
      if (watch.waitedMs() > work.waitMs) throw givenUp(work, step.title, watch.blockers(), undefined);
      watch.noteTimeout();
      await letPass();
    }
  } finally {
    watch.stop();
    await restore().catch(() => {});
  }
}

/**
 * CREATE INDEX CONCURRENTLY that was cut off leaves an index that is kept up and never used: it is dropped. false: the backend
 * of a runner that was killed builds it still.
 */
async function isIndexFree({ db, schema }: Work, sql: string): Promise<boolean> {
  const name = /CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?:"([^"]+)"|(\w+))/.exec(sql);
  if (name === null) return true;
  const indexName = name[1] ?? name[2]?.toLowerCase() ?? '';
  const [invalid] = await db.transaction(
    () =>
      db.query<{ building: boolean }>(
        `SELECT EXISTS (
           SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
           WHERE l.relation = i.indrelid AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid() AND a.usename IS NOT NULL
         ) AS building
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND NOT i.indisvalid`,
        [schema, indexName],
      ),
    { begin: beginInCatalog() },
  );
  if (invalid === undefined) return true;
  if (invalid.building) return false;
  await db.outside(`DROP INDEX CONCURRENTLY IF EXISTS ${quoteName(schema)}.${quoteName(indexName)}`);
  return true;
}

function turnLost(cause: unknown): StoreError {
  return new StoreError({
    code: 'migration-interrupted',
    message: 'the connection that keeps other migrations away was lost',
    fix: 'What is done stays. Run `lukhas db migrate` again: it goes on where this one stopped.',
    cause,
  });
}

function givenUp(work: Work, title: string, blockers: Blockers | undefined, cause: unknown): StoreError {
  return new StoreError({
    code: 'migration-blocked',
    message: `${nameOf(work, title)}: given up, because of ${blockers?.text ?? 'somebody\u2019s lock'}`,
    fix: 'What is done of it stays. End that session (SELECT pg_terminate_backend(<pid>)) or wait for it, and run `lukhas db migrate` again.',
    sqlstate: '55P03',
    cause,
  });
}
