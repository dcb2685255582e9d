// Saving a run: one transaction, streamed, exactly once. Knows tables and keys, nothing of reports.
import { randomBytes } from 'node:crypto';
import { StoreError } from '../../errors.ts';
import type {
  CoverageFile,
  MatrizReview,
  RunContext,
  SavedRun,
  SignedResult,
  Totals,
  Warning,
} from '../../model.ts';
import type { SeveralReports } from '../../report-counts.ts';
import { CopyRows, type CopyValue, IntPairs } from '../database/copy-binary.ts';
import type { Connect, Database } from '../database/port.ts';
import { type RetryOptions, unlessCancelled, withRetries } from '../database/retry.ts';
import { andThen } from '../database/search-path.ts';
import { fateOf } from '../database/server-errors.ts';
import { createStorable, type Storable } from '../database/storable.ts';
import { exactMemories, type MemoryTables, memoryScope, memoryTables } from '../healix/matching.ts';
import { type Access, inTeam, openTeam, type TeamConnection } from '../schema/access.ts';
import { type Migration, migrations } from '../schema/migrations.generated.ts';
import { ensureMonth, ensureMonthsAhead, monthsMadeAhead } from '../schema/partitions.ts';
import { makeLineId } from './line.ts';
import { matrizEnabled } from './matriz.ts';
import { storedReports } from './report-counts.ts';
import { startTestsSignature } from './tests-signature.ts';
import { makeRowIdPrefix, makeRunId, teamUploadKey } from './upload-key.ts';

export interface Upload {
  /** undefined: the credential's own team, or `local` in the embedded database. */
  readonly teamSlug: string | undefined;
  /** The run's time, shared by all its rows: 31 days back to 1 day ahead. */
  readonly createdAt: Date;
  /** From makeUploadKey: SHA-256 in hex, without the team. */
  readonly uploadKey: string;
  /** SHA-256 over reports and coverage, in hex. */
  readonly payloadSha256: string;
  /** The same without any coverage: coverage is added to a run that was stored so. Absent: it is a conflict. */
  readonly resultsSha256?: string | undefined;
  readonly context: RunContext;
  /** Its analysis by MATRIZ; left out where the team has that turned off. */
  readonly matriz?: StoredMatriz | undefined;
}

export interface StoredMatriz extends Pick<MatrizReview, 'status' | 'score'> {
  /** As jsonb takes it. */
  readonly json: string;
  readonly durationMs: number | undefined;
  readonly activeComponents: number | undefined;
}

/** A run to be read once; a retry opens it anew. */
export interface RunSource {
  results(): AsyncIterable<readonly SignedResult[]>;
  coverage(): AsyncIterable<readonly CoverageFile[]> | Iterable<readonly CoverageFile[]>;
  /** Valid once results and coverage were read to their ends. */
  totals(): Totals;
  /** Valid as `totals`: what each of several reports holds. Absent: there is one. */
  reports?(): SeveralReports | undefined;
  /** Valid as `totals`: tests of the run are missing. Absent: none. */
  incomplete?(): boolean;
}

export interface SaveOptions extends RetryOptions {
  /** Take a superuser, a BYPASSRLS role or the tables' owner as well. */
  readonly allowPrivilegedRole: boolean;
  /** What the first attempt works with, where it is opened already. */
  readonly opened?: Promise<TeamConnection> | undefined;
  /** The time by this machine's clock, to compare with the database's. Absent: that is not done. */
  readonly clock?: (() => Date) | undefined;
  onWarning(warning: Warning): void;
  /** Called once it is known who the connection works for. */
  onAccess?(access: Access): void;
  /** Called with the number of results handed to the database so far. */
  onProgress?(results: number): void;
  /** What this program knows; for tests of other programs. */
  readonly migrations?: readonly Migration[] | undefined;
}

/** How far an attempt got. */
interface Stage {
  /** The last message, with COMMIT in it, is on its way. */
  committing: boolean;
}

/** A failing statement is kept to be compared with others. */
const longestStatement = 1_000;

const batchRows = 5_000;
/** Batches begin small, so that the server has work early, and double. */
const firstBatchRows = 500;
const batchBytes = 2_000_000;
/** Up to so many rows go without a temporary table: making and dropping it costs more than they do. */
const mostUnstaged = 300;
/** How long to wait for the answer to COMMIT once cancelled. */
const cancelledCommitMs = 5_000;
/** SQLSTATE of our closing statement: the key is there already. */
const keyTaken = 'LK001';
/** SQLSTATE of our closing statement: rows are missing from their tables. */
const rowsMissing = 'LK002';
/** Raised by our own final statement: this program must not write any more. */
const databaseNewer = 'LK003';

/**
 * Saves a run exactly once. The same upload again, at any time or at the same moment, gives `already` and writes nothing;
 * the same key with other content is a StoreError `upload-conflict`. Connections that break are replaced and the work done
 * again within the deadline; whether a lost COMMIT had succeeded is settled by the key.
 */
export async function saveRun(
  connect: Connect,
  upload: Upload,
  open: () => RunSource,
  options: SaveOptions,
): Promise<SavedRun> {
  // The answer to our COMMIT was lost: if the key is found now, this upload stored the run.
  let maybeStored = false;
  try {
    return await withRetries(async (limits, attempt) => {
      const stage: Stage = { committing: false };
      try {
        const { signal } = options;
        const opened = attempt === 1 ? options.opened : undefined;
        if (opened === undefined && signal?.aborted === true) throw cancelled(false);
        const request = { ...options, teamSlug: upload.teamSlug };
        const team = await unlessCancelled(
          opened ?? openTeam(connect, request, { limits, signal }),
          signal,
          ({ db }) => db.destroy(),
        );
        const saved = await attemptOnce(team, upload, open, options, stage, limits.stallMs);
        return maybeStored && saved.stored === 'already' ? { ...saved, stored: 'new' } : saved;
      } catch (error) {
        maybeStored ||= stage.committing && fateOf(error) === 'lost';
        if (options.signal?.aborted === true) throw cancelled(maybeStored);
        throw error;
      }
    }, options);
  } catch (error) {
    const isOver = error instanceof StoreError && fateOf(error) !== 'never';
    throw maybeStored && isOver ? outcomeUnknown(error) : error;
  }
}

async function attemptOnce(
  { db, access }: TeamConnection,
  upload: Upload,
  open: () => RunSource,
  options: SaveOptions,
  stage: Stage,
  stallMs: number,
): Promise<SavedRun> {
  let grace: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    // Nothing is stored before the last message. After it, wait a moment for the answer.
    if (stage.committing) grace = setTimeout(() => db.destroy(), cancelledCommitMs);
    else db.destroy();
  };
  options.signal?.addEventListener('abort', cancel);
  try {
    options.onAccess?.(access);
    const teamKey = teamUploadKey(access.team.id, upload.uploadKey);
    const before = await lookAround(db, access, teamKey, upload, options.clock);
    const isOff = upload.matriz !== undefined && !before.matrizEnabled;
    if (isOff)
      options.onWarning({
        code: 'matriz-off',
        message:
          'the MATRIZ analysis was not stored: it is turned off for this team (features.matriz_enabled)',
      });
    const wanted = isOff ? { ...upload, matriz: undefined } : upload;
    const withMatriz = (saved: SavedRun): SavedRun => (isOff ? { ...saved, matrizIsOff: true } : saved);
    const known = { access, teamKey, upload: wanted, open, options, stallMs };
    if (before.stored !== undefined) return withMatriz(await settle(db, before.stored, known));
    const { clockOffset } = before;
    if (clockOffset !== undefined && !db.embedded)
      options.onWarning({
        code: 'clock-off',
        message: `this machine\u2019s clock is ${clockOffset} the database\u2019s: the times of its runs are wrong by as much, or the database\u2019s are`,
      });
    if (!before.monthReady) await makeMonth(db, access.schema, upload.createdAt, clockOffset);
    // Not at the last moment, when every upload would wait for it.
    else if (!before.aheadReady) await ensureMonthsAhead(db, access.schema, before.now);
    try {
      const saved = await writeRun(db, access, teamKey, wanted, open(), options, stage, {
        stallMs,
        authorKnown: before.authorKnown,
        memories: before.memories,
      });
      return withMatriz(saved);
    } catch (error) {
      if (!(error instanceof StoreError) || error.sqlstate !== keyTaken) throw error;
      const { stored } = await lookAround(db, access, teamKey, upload);
      if (stored === undefined) throw error;
      return withMatriz(await settle(db, stored, known));
    }
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    clearTimeout(grace);
    await db.close();
  }
}

interface StoredUpload {
  readonly runId: string;
  readonly createdAt: Date;
  readonly payloadSha256: string;
}

/** What must be known before writing, in one statement: an earlier upload of the key, the month, the author. */
async function lookAround(
  db: Database,
  access: Access,
  teamKey: Buffer,
  upload: Upload,
  clock?: () => Date,
): Promise<{
  stored: StoredUpload | undefined;
  monthReady: boolean;
  /** The months after the present one are there. */
  aheadReady: boolean;
  /** By the database's clock. */
  now: Date;
  /** See describeOffset. */
  clockOffset: string | undefined;
  authorKnown: boolean;
  memories: MemoryTables;
  /** Unless teams.features says `matriz_enabled: false`. */
  matrizEnabled: boolean;
}> {
  const ask = (): Promise<Record<string, unknown>[]> =>
    db.query(
      `SELECT ${monthReady(upload.createdAt)} AS ready, ${monthsAheadReady} AS ahead, clock_timestamp() AS now,
         $4::text IS NOT NULL AND EXISTS (SELECT FROM users WHERE lambda_id = $4 AND deleted_at IS NULL) AS author, ${memoryTables('$1')},
         ${matrizEnabled('$1')} AS matriz,
         u.run_id, u.created_at, encode(u.payload_sha256, 'hex') AS payload
       FROM (VALUES (1)) AS one LEFT JOIN ingest_uploads u ON u.team_id = $1 AND u.upload_key = $2`,
      [access.team.id, teamKey, upload.createdAt, upload.context.lambdaId ?? null],
    );
  const asked = performance.now();
  const rows = await inTeam(db, access, ask);
  const tripMs = performance.now() - asked;
  const row = rows[0] ?? {};
  const now = row.now as Date;
  return {
    stored:
      typeof row.run_id === 'string'
        ? { runId: row.run_id, createdAt: row.created_at as Date, payloadSha256: String(row.payload) }
        : undefined,
    monthReady: row.ready === true,
    aheadReady: row.ahead === true,
    now,
    clockOffset: clock && describeOffset(clock().getTime() - now.getTime(), tripMs),
    authorKnown: row.author === true,
    memories: { own: row.own === true, shared: row.shared === true },
    matrizEnabled: row.matriz === true,
  };
}

/** Clocks that are synchronised differ by less, in milliseconds. */
const clocksDiffer = 120_000;

/**
 * How far a clock is off, in words: `3 hours ahead of`. undefined where it is not, as far as can be told: the answer may have
 * taken the whole time of its trip.
 */
export function describeOffset(offsetMs: number, tripMs: number): string | undefined {
  const ms = Math.abs(offsetMs);
  if (ms - tripMs < clocksDiffer) return undefined;
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  const [unit, size] = units.find(([, length]) => ms >= 2 * length) ?? units[2];
  return `${Math.round(ms / size)} ${unit}s ${offsetMs > 0 ? 'ahead of' : 'behind'}`;
}

const partitioned = ['test_runs', 'test_results', 'coverage_data'] as const;

/** Whether the months' partitions are there: by the names that this program gives them, which is quicker, else by their bounds. */
function monthReady(at: Date): string {
  const month = at.toISOString().slice(0, 7).replace('-', '_');
  return `(SELECT count(*) = ${partitioned.length} FROM pg_inherits i WHERE NOT i.inhdetachpending AND (${partitioned
    .map((parent) => `i.inhrelid = to_regclass('${parent}_${month}') AND i.inhparent = '${parent}'::regclass`)
    .join(' OR ')})) OR month_is_ready($3)`;
}

const aheadMonths = `(SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i) AS month FROM generate_series(0, ${monthsMadeAhead}) AS i) AS ahead`;

/** The same of the present month and those after it that are to be there, by the database's clock. */
const monthsAheadReady = `((SELECT bool_and(to_regclass(parent || to_char(month, '_YYYY_MM')) IS NOT NULL) FROM ${aheadMonths}, unnest(ARRAY['${partitioned.join("', '")}']) AS parent)
  OR (SELECT bool_and(month_is_ready(month AT TIME ZONE 'UTC')) FROM ${aheadMonths}))`;

interface KnownUpload {
  readonly access: Access;
  readonly teamKey: Buffer;
  readonly upload: Upload;
  open(): RunSource;
  readonly options: SaveOptions;
  readonly stallMs: number;
}

/** Of an upload whose key is there: it is the same, or has coverage to add, or is a conflict. */
async function settle(db: Database, stored: StoredUpload, known: KnownUpload): Promise<SavedRun> {
  const saved = await settleResults(db, stored, known);
  await tellOtherMatriz(db, stored, known);
  return saved;
}

/** The analysis of a stored run stays as it is. */
async function tellOtherMatriz(
  db: Database,
  { runId, createdAt }: StoredUpload,
  { access, upload, options }: KnownUpload,
): Promise<void> {
  if (upload.matriz === undefined) return;
  const { json } = upload.matriz;
  const [run] = await inTeam(db, access, () =>
    db.query<{ same: boolean; stored: boolean }>(
      `SELECT r.matriz_analysis IS NOT NULL AS stored, r.matriz_analysis IS NOT DISTINCT FROM $4::text::jsonb AS same
       FROM test_runs r WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3`,
      [access.team.id, runId, createdAt, json],
    ),
  );
  if (run === undefined || run.same) return;
  options.onWarning({
    code: 'matriz-kept',
    message: `the run is stored with ${run.stored ? 'another' : 'no'} MATRIZ analysis (run ${runId}), and stays as it is: this one was not stored`,
  });
}

async function settleResults(db: Database, stored: StoredUpload, known: KnownUpload): Promise<SavedRun> {
  const { upload, access, options } = known;
  const { payloadSha256: payload, resultsSha256: results } = upload;
  const saved: SavedRun = {
    runId: stored.runId,
    stored: 'already',
    team: access.team.slug,
    createdAt: stored.createdAt,
  };
  if (stored.payloadSha256 === payload.toLowerCase()) return saved;
  if (results !== undefined && stored.payloadSha256 === results) {
    const isAdded = await addCoverage(db, stored, { ...known, results });
    return isAdded ? { ...saved, addedCoverage: true } : saved;
  }
  // Outside CI the key is made of the results: the coverage alone differs.
  if (results === undefined || upload.context.workflowRunId !== undefined) throw conflict(stored);
  if (payload !== results)
    options.onWarning({
      code: 'coverage-kept',
      message: `the run is stored with other coverage (run ${stored.runId}), which stays as it is`,
    });
  return saved;
}

/** Adds the coverage of an upload to its run; false where there is none, or another upload adds it at this moment. */
async function addCoverage(
  db: Database,
  { runId, createdAt }: StoredUpload,
  { access, teamKey, upload, open, options, stallMs, results }: KnownUpload & { readonly results: string },
): Promise<boolean> {
  const source = open();
  for await (const _ of source.results());
  const files: CoverageFile[] = [];
  for await (const some of source.coverage()) files.push(...some);
  if (files.length === 0) return false;
  const storable = createStorable();
  const stages = nameStages();
  const isAdded = await db.transaction(
    async () => {
      const [row] = await db.query<{ added: boolean }>(
        'SELECT lukhas_add_coverage($1, $2, $3, $4, $5::text::numeric) AS added',
        [
          teamKey,
          Buffer.from(results, 'hex'),
          Buffer.from(upload.payloadSha256, 'hex'),
          files.length,
          storable.percent(source.totals().coveragePercent)?.toFixed(2) ?? null,
        ],
      );
      if (row?.added !== true) return false;
      await setShared(db, { runId, createdAt, access, upload, storable });
      const nowhere = { own: false, shared: false };
      const writer = createWriter(db, { stages, memories: nowhere }, 'coverage', makeRowIdPrefix(createdAt));
      for (const file of files) await writer.add(coverageValues(file, storable));
      await writer.finish();
      return true;
    },
    { begin: andThen(access.begin, ...timeouts(db, stallMs)) },
  );
  for (const warning of storable.warnings()) options.onWarning(warning);
  return isAdded;
}

function conflict({ runId }: StoredUpload): StoreError {
  return new StoreError({
    code: 'upload-conflict',
    message: `an upload of this attempt of this job with other content is stored already (run ${runId}); nothing was written`,
    fix: (name) => {
      const words = [name('uploadKey'), name('step')].filter((word) => word !== undefined);
      return `Two uploads of one job are told apart by ${words.join(' or ')}. A report that was repaired is stored by running the job again, which is an attempt of its own.`;
    },
  });
}

async function makeMonth(
  db: Database,
  schema: string,
  at: Date,
  clockOffset: string | undefined,
): Promise<void> {
  try {
    await ensureMonth(db, schema, at);
  } catch (error) {
    if (!(error instanceof StoreError) || error.sqlstate !== '22008') throw error;
    const clock = clockOffset === undefined ? '' : `; this machine\u2019s clock is ${clockOffset} it`;
    throw new StoreError({
      code: 'run-time-range',
      message: `the run\u2019s time ${at.toISOString()} is more than 31 days back or 1 day ahead of the database\u2019s clock${clock}`,
      fix: (name) => {
        if (clockOffset !== undefined) return 'Set the clock of this machine, or of the database\u2019s.';
        const option = name('createdAt');
        const now = option === undefined ? '' : `Store it with the time of now: ${option} now. `;
        return `${now}For older runs an administrator makes the months first (\`lukhas db partitions\`).`;
      },
      sqlstate: error.sqlstate,
    });
  }
}

async function writeRun(
  db: Database,
  access: Access,
  teamKey: Buffer,
  upload: Upload,
  source: RunSource,
  options: SaveOptions,
  stage: Stage,
  facts: { readonly stallMs: number; readonly authorKnown: boolean; readonly memories: MemoryTables },
): Promise<SavedRun> {
  const storable = createStorable();
  const runId = makeRunId(upload.createdAt, teamKey);
  const lineId = makeLineId(access.team.id, upload.context);
  const stages = nameStages();
  await db.transaction(
    async () => {
      await setShared(db, { runId, createdAt: upload.createdAt, access, upload, storable, lineId });
      const { memories } = facts;
      const isMatched = memories.own || memories.shared;
      const results = createWriter(
        db,
        { stages, memories },
        'results',
        makeRowIdPrefix(upload.createdAt),
        options.onProgress,
      );
      const tests = startTestsSignature();
      for await (const batch of source.results()) {
        for (const result of batch) {
          const testName = storable.name(result.testName, 500) ?? '';
          tests.add(testName, result.outcome, result.attempts);
          if (isBare(result)) await results.add(bareValues(testName, result, storable), 'bare');
          else {
            const kind = isMatched && result.failure !== undefined ? 'matched' : 'plain';
            await results.add(resultValues(testName, result, storable), kind);
          }
        }
      }
      // Make the first rows of coverage while the server works on the last results.
      const resultsDone = results.finish();
      resultsDone.catch(() => {});

      const coverage = createWriter(
        db,
        { stages, memories },
        'coverage',
        makeRowIdPrefix(upload.createdAt),
        undefined,
        resultsDone.then(() => {}),
      );
      for await (const files of source.coverage()) {
        for (const file of files) await coverage.add(coverageValues(file, storable));
      }
      const coverageRows = await coverage.finish();
      const resultRows = await resultsDone;

      await setRun(db, {
        runId,
        lineId,
        access,
        teamKey,
        upload,
        storable,
        totals: source.totals(),
        reports: source.reports?.(),
        incomplete: source.incomplete?.() ?? false,
        testsSignature: tests.text(),
        resultRows,
        coverageRows,
      });
      options.signal?.throwIfAborted();
      stage.committing = true;
    },
    {
      begin: andThen(access.begin, ...timeouts(db, facts.stallMs)),
      end: storeRun((options.migrations ?? migrations).length),
    },
  );
  for (const warning of storable.warnings()) options.onWarning(warning);
  if (upload.context.lambdaId !== undefined && !facts.authorKnown) {
    options.onWarning({
      code: 'author-unknown',
      message: `there is no user ${JSON.stringify(upload.context.lambdaId.slice(0, 255))} in this team: the run is stored without an author`,
    });
  }
  return { runId, stored: 'new', team: access.team.slug, createdAt: upload.createdAt };
}

/**
 * Stages rows and moves them to their table batch by batch, a batch in one message. While the server works on one batch the
 * caller makes the next: only a full batch waits for the one before.
 */
function createWriter(
  db: Database,
  { stages, memories }: { readonly stages: Stages; readonly memories: MemoryTables },
  kind: 'results' | 'coverage',
  idPrefix: string,
  onProgress?: (rows: number) => void,
  before: Promise<void> = Promise.resolve(),
): { add(values: readonly CopyValue[], as?: keyof Batches): Promise<void>; finish(): Promise<number> } {
  let rows = 0;
  // What is matched goes in batches of its own: planning the search for each of all batches costs as much as searching.
  const batches: Batches = {
    bare: startBatch(stageColumns.bare),
    plain: startBatch(stageColumns[kind]),
    matched: startBatch(stageColumns[kind]),
  };
  const prefix = Buffer.from(idPrefix.replaceAll('-', ''), 'hex');
  /** The first rows, while there are few. */
  const few: { readonly as: keyof Batches; readonly id: string; readonly values: readonly CopyValue[] }[] =
    [];
  let isMade = false;
  let underWay = before;
  underWay.catch(() => {});
  const moves = moveStatements(stages, db.embedded, memories);

  const moveOf = (statements: MoveStatements, as: keyof Batches): string =>
    statements[as === 'plain' ? kind : as];

  async function store(as: keyof Batches, onSent: () => void): Promise<void> {
    const { names, rows, count } = batches[as];
    const begin = isMade ? `TRUNCATE ${stages[kind]}` : stageTable(stages, kind);
    isMade = true;
    const [, staged = 0, moved = 0] = await db.copyIn(
      `${begin}; COPY ${stages[kind]} (${names.join(', ')}) FROM STDIN (FORMAT binary); ${moveOf(moves, as)}`,
      rows.file(),
      onSent,
    );
    check(count, staged, moved);
  }

  async function storeFew(): Promise<void> {
    if (few.length === 0) return;
    await underWay;
    const statements = moveStatements(unstaged, db.embedded, memories);
    const rows = few.map(({ as, id, values }) => ({
      ...(as === 'bare' && { markers: [] }),
      ...Object.fromEntries([id, ...values].map((value, place) => [batches[as].names[place] ?? '', value])),
    }));
    const statement = statements[batches.matched.count > 0 ? 'matched' : kind];
    check(few.length, few.length, await db.run(statement, [JSON.stringify(rows)]));
  }

  function check(count: number, staged: number, moved: number): void {
    // Never commit a run with lost rows.
    if (staged !== count || moved !== count) {
      throw new StoreError({
        code: 'database-rows-missing',
        message: `of ${count} rows ${staged} were staged and ${moved} arrived in their table; nothing was stored`,
        fix: 'Look for triggers or rules on test_results and coverage_data that are not of lukhas-ingest.',
      });
    }
    onProgress?.(rows);
  }

  async function flush(as: keyof Batches): Promise<void> {
    const batch = batches[as];
    if (batch.count === 0) return;
    await underWay;
    // Wait until the rows are sent: making the next ones meanwhile would keep the server waiting for these.
    await new Promise<void>((resolve, reject) => {
      underWay = store(as, resolve);
      // A later failure is thrown by the next flush or by finish.
      underWay.then(resolve, reject);
    });
    batch.rows.clear();
    batch.count = 0;
    batch.limit = Math.min(2 * batch.limit, batchRows);
    few.length = 0;
  }

  return {
    async add(values, as = 'plain') {
      const batch = batches[as];
      batch.rows.add({ prefix, number: rows }, values);
      if (!isMade && rows < mostUnstaged)
        few.push({ as, id: `${idPrefix}${rows.toString(16).padStart(8, '0')}`, values });
      rows++;
      batch.count++;
      if (batch.count >= batch.limit || batch.rows.size >= batchBytes) await flush(as);
    },
    async finish() {
      if (!isMade && rows <= mostUnstaged) await storeFew();
      else for (const as of batchKinds) await flush(as);
      await underWay;
      return rows;
    },
  };
}

/** Rows of one kind that are not stored yet. */
interface Batch {
  readonly names: readonly string[];
  readonly rows: CopyRows;
  count: number;
  /** It is stored with so many rows; the first ones are small, so that the server begins early. */
  limit: number;
}

/** Batches of one kind are copied into the same columns, and moved by one statement. */
type Batches = Readonly<Record<(typeof batchKinds)[number], Batch>>;

const batchKinds = ['bare', 'plain', 'matched'] as const;

function startBatch(columns: string): Batch {
  const found = [...columns.matchAll(/(\w+) (\w+(?:\([^)]*\))?(?:\[\])?)/g)];
  return {
    names: found.map(([, name = '']) => name),
    rows: new CopyRows(found.map(([, , type = '']) => type)),
    count: 0,
    limit: firstBatchRows,
  };
}

/** Whether nothing is stored of it but its names, its outcome and its time: almost all results are so, and half of the columns are not sent. */
function isBare({
  failure,
  reason,
  attempts,
  markers,
  failureSignature,
  driftSignature,
  wordsSignature,
  causeKey,
}: SignedResult): boolean {
  return (
    failure === undefined &&
    reason === undefined &&
    attempts === undefined &&
    markers.length === 0 &&
    failureSignature === undefined &&
    driftSignature === undefined &&
    wordsSignature === undefined &&
    causeKey === undefined
  );
}

/** Everything after the id, in the order of the stage's columns. */
function bareValues(testName: string, result: SignedResult, storable: Storable): CopyValue[] {
  return [
    testName,
    storable.name(result.testClass, 255),
    storable.name(result.testFunction, 255),
    storable.name(result.testFile, 500),
    result.outcome,
    storable.seconds(result.durationSeconds, 99_999.999)?.toFixed(3),
  ];
}

function resultValues(testName: string, result: SignedResult, storable: Storable): CopyValue[] {
  const failure = result.failure;
  return [
    ...bareValues(testName, result, storable),
    // The reason of a skip or xfail goes where a failure's message goes.
    storable.text(failure === undefined ? result.reason : failure.message),
    storable.text(failure?.traceback),
    result.failureSignature,
    result.driftSignature,
    result.wordsSignature,
    storable.name(result.causeKey, 500),
    result.markers.map((marker) => storable.text(marker) ?? ''),
    result.attempts === undefined ? undefined : storable.count(result.attempts),
    storable.name(failure?.errorType, 255),
    storable.name(failure?.statement, longestStatement),
  ];
}

function coverageValues(file: CoverageFile, storable: Storable): CopyValue[] {
  const pairs = (numbers: readonly number[] | undefined) => numbers && new IntPairs(numbers);
  return [
    storable.name(file.filePath, 500),
    (storable.percent(file.coveragePercent) ?? 0).toFixed(2),
    storable.count(file.totalStatements),
    storable.count(file.coveredStatements),
    storable.count(file.missingStatements),
    storable.count(file.totalBranches),
    storable.count(file.coveredBranches),
    storable.counts(file.coveredLines),
    storable.counts(file.missingLines),
    pairs(file.executedBranches),
    pairs(file.missingBranches),
  ];
}

interface RunToStore {
  readonly runId: string;
  readonly lineId: string;
  readonly access: Access;
  readonly teamKey: Buffer;
  readonly upload: Upload;
  readonly storable: Storable;
  readonly totals: Totals;
  readonly reports: SeveralReports | undefined;
  readonly incomplete: boolean;
  readonly testsSignature: string;
  readonly resultRows: number;
  readonly coverageRows: number;
}

/** What all rows of the run share, in a setting of the transaction: a temporary table for it costs more than storing a small run. */
async function setShared(
  db: Database,
  run: Pick<RunToStore, 'runId' | 'access' | 'upload' | 'storable'> & {
    readonly createdAt: Date;
    readonly lineId?: string;
  },
): Promise<void> {
  const { context } = run.upload;
  await set(db, sharedSetting, {
    run_id: run.runId,
    team_id: run.access.team.id,
    created_at: run.createdAt,
    lane: run.storable.short(context.lane, 50),
    line_id: run.lineId,
    repository: run.storable.text(context.repository),
    repository_host: run.storable.text(context.repositoryHost),
    project: run.storable.text(context.project),
  });
}

/** The run's own row, in a setting, so that the last message holds no values and can take the key and COMMIT in one. */
async function setRun(db: Database, run: RunToStore): Promise<void> {
  const { context } = run.upload;
  const { storable, totals } = run;
  const short = (value: string | undefined, max: number): string | null => storable.short(value, max) ?? null;
  await set(db, runSetting, {
    upload_key: bytes(run.teamKey),
    payload_sha256: bytes(Buffer.from(run.upload.payloadSha256, 'hex')),
    result_rows: run.resultRows,
    coverage_rows: run.coverageRows,
    repository: storable.text(context.repository) ?? null,
    workflow_run_id: storable.text(context.workflowRunId) ?? null,
    run_attempt: context.runAttempt === undefined ? null : storable.count(context.runAttempt),
    job: storable.text(context.job) ?? null,
    pull_request: context.pullRequest === undefined ? null : storable.count(context.pullRequest),
    base_branch: storable.text(context.baseBranch) ?? null,
    id: run.runId,
    team_id: run.access.team.id,
    lambda_id: short(context.lambdaId, 255),
    total_tests: storable.count(totals.total),
    passed: storable.count(totals.passed),
    failed: storable.count(totals.failed),
    skipped: storable.count(totals.skipped),
    errors: storable.count(totals.errors),
    coverage_percent: storable.percent(totals.coveragePercent)?.toFixed(2) ?? null,
    duration_seconds: storable.seconds(totals.durationSeconds, 9_999_999.999)?.toFixed(3) ?? null,
    lane: short(context.lane, 50),
    markers: context.markers.map((marker) => storable.text(marker) ?? ''),
    python_version: short(context.pythonVersion, 20),
    pytest_version: short(context.pytestVersion, 20),
    ci_system: short(context.ciSystem, 50),
    git_sha: short(context.gitSha, 40),
    git_branch: storable.name(context.gitBranch, 255) ?? null,
    git_commit_message: storable.text(context.gitCommitMessage) ?? null,
    created_at: run.upload.createdAt,
    job_name: storable.text(context.jobName) ?? null,
    incomplete: run.incomplete,
    tests_signature: run.testsSignature,
    report_counts: run.reports && storedReports(run.reports, storable),
    workflow: storable.text(context.workflow) ?? null,
    step: storable.text(context.step) ?? null,
    check_run_id: context.checkRunId ?? null,
    line_id: run.lineId,
    project: storable.text(context.project) ?? null,
    tested_git_sha: short(context.tested?.gitSha, 40),
    parents: context.tested?.parents ?? null,
    committed_at: context.tested?.committedAt ?? null,
    kind: context.kind ?? null,
    origin: context.origin ?? null,
    dirty: context.tested?.dirty === undefined ? null : storable.count(context.tested.dirty),
    stale: context.isStale ?? null,
    repository_host: storable.text(context.repositoryHost) ?? null,
    matriz: run.upload.matriz?.json ?? null,
    consciousness_score: run.upload.matriz?.score.toFixed(2) ?? null,
    matriz_status: run.upload.matriz?.status ?? null,
    matriz_ms: run.upload.matriz?.durationMs ?? null,
    matriz_components: run.upload.matriz?.activeComponents ?? null,
  });
}

/** As bytea reads them. */
const bytes = (value: Buffer): string => `\\x${value.toString('hex')}`;

const sharedSetting = 'lukhas.shared';
const runSetting = 'lukhas.run';

async function set(db: Database, name: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  await db.query('SELECT set_config($1, $2, true)', [name, JSON.stringify(values)]);
}

/** Time-outs for this transaction: a frozen client must not hold a server's connection for long. */
function timeouts(db: Database, stallMs: number): string[] {
  if (db.embedded) return [];
  return [
    `SET LOCAL statement_timeout = ${Math.round(stallMs * 0.9)}`,
    `SET LOCAL lock_timeout = ${Math.min(20_000, Math.round(stallMs * 0.7))}`,
    'SET LOCAL idle_in_transaction_session_timeout = 120000',
    'SET LOCAL tcp_keepalives_idle = 30; SET LOCAL tcp_keepalives_interval = 10; SET LOCAL tcp_keepalives_count = 3',
    'SET LOCAL tcp_user_timeout = 60000',
  ];
}

/** The temporary tables of one upload. */
type Stages = Readonly<Record<'results' | 'coverage', string>>;

/** Random names: in a session that a pooler hands on, any fixed name may be taken. */
function nameStages(): Stages {
  const name = (kind: string) => `pg_temp.lukhas_${kind}_${randomBytes(6).toString('hex')}`;
  return { results: name('results'), coverage: name('coverage') };
}

// COPY into a table with row-level security is refused by PostgreSQL; through a temporary table every row meets the policy.
const stageTable = (stages: Stages, kind: keyof Stages): string =>
  `CREATE TABLE ${stages[kind]} (${stageColumns[kind]}) ON COMMIT DROP`;

const bareColumns = `id uuid, test_name varchar(500), test_class varchar(255), test_function varchar(255), test_file varchar(500),
    outcome varchar(20), duration_seconds numeric(8, 3)`;

const stageColumns = {
  bare: bareColumns,
  results: `
    ${bareColumns}, error_message text, error_traceback text,
    failure_signature varchar(255), drift_signature varchar(255), words_signature varchar(255), cause_key varchar(500),
    markers text[], attempts integer, error_type varchar(255), statement text`,
  coverage: `
    id uuid, file_path varchar(500), coverage_percent numeric(5, 2), total_statements integer, covered_statements integer,
    missing_statements integer, total_branches integer, covered_branches integer, covered_lines integer[],
    missing_lines integer[], executed_branches integer[], missing_branches integer[]`,
} as const;

/** The same rows as a parameter: JSON, its members named as the columns. */
const unstaged: Stages = {
  results: `json_to_recordset($1::text::json) AS s (${stageColumns.results})`,
  coverage: `json_to_recordset($1::text::json) AS s (${stageColumns.coverage})`,
};

const sharedRow = `(SELECT s.* FROM json_to_record(current_setting('${sharedSetting}')::json) AS s (run_id uuid, team_id uuid,
      created_at timestamptz, lane varchar(50), line_id uuid, repository text, repository_host text, project text))`;

const runRow = `json_to_record(current_setting('${runSetting}')::json) AS s (
      upload_key bytea, payload_sha256 bytea, result_rows integer, coverage_rows integer, repository text,
      workflow_run_id text, run_attempt integer, job text, pull_request integer, base_branch text,
      id uuid, team_id uuid, lambda_id varchar(255), total_tests integer, passed integer, failed integer, skipped integer,
      errors integer, coverage_percent numeric(5, 2), duration_seconds numeric(10, 3), lane varchar(50), markers text[],
      python_version varchar(20), pytest_version varchar(20), ci_system varchar(50), git_sha varchar(40),
      git_branch varchar(255), git_commit_message text, created_at timestamptz, job_name text, incomplete boolean,
      workflow text, step text, check_run_id bigint, line_id uuid, project text, tested_git_sha varchar(40), parents text[],
      committed_at timestamptz, kind varchar(10), origin varchar(10), dirty integer, stale boolean, repository_host text, matriz text,
      consciousness_score numeric(5, 2), matriz_status varchar(20), matriz_ms integer, matriz_components integer,
      tests_signature varchar(16), report_counts jsonb)`;

const bareNames = 'test_name, test_class, test_function, test_file, outcome, duration_seconds';
const resultColumns = `${bareNames}, error_message, error_traceback, failure_signature, drift_signature, words_signature, cause_key, markers, attempts, error_type,
      statement`;

type MoveStatements = Readonly<Record<'bare' | 'results' | 'matched' | 'coverage', string>>;

function moveStatements(stages: Stages, embedded: boolean, memories: MemoryTables): MoveStatements {
  const shared = (column: 'run_id' | 'team_id' | 'created_at' | 'lane' | 'line_id'): string =>
    `(SELECT r.${column} FROM ${sharedRow} r)`;
  const sharedColumns = `${shared('run_id')}, ${shared('team_id')}, ${shared('created_at')}`;
  const lineId = shared('line_id');
  return {
    results: `INSERT INTO test_results (id, test_run_id, team_id, created_at, line_id, ${resultColumns})
      SELECT id, ${sharedColumns}, ${lineId}, ${resultColumns}
      FROM ${stages.results}`,
    bare: `INSERT INTO test_results (id, test_run_id, team_id, created_at, line_id, ${bareNames}, markers)
      SELECT id, ${sharedColumns}, ${lineId}, ${bareNames}, '{}'
      FROM ${stages.results}`,
    // A parameter is read once, and a table twice: many rows would not fit into memory.
    matched: `INSERT INTO test_results (id, test_run_id, team_id, created_at, line_id, healix_memory_id, shared_memory_id, ${resultColumns})
      WITH s AS ${stages === unstaged ? '' : 'NOT '}MATERIALIZED (SELECT * FROM ${stages.results})
      SELECT id, ${sharedColumns}, ${lineId}, own_id, shared_id, ${resultColumns}
      FROM s LEFT JOIN (${exactMemories('s', memoryScope(sharedRow, shared('team_id'), embedded, memories))}
      ) AS m ON m.result_id = s.id`,
    coverage: `INSERT INTO coverage_data (id, test_run_id, team_id, created_at, lane, file_path, coverage_percent,
        total_statements, covered_statements, missing_statements, total_branches, covered_branches, covered_lines, missing_lines,
        executed_branches, missing_branches)
      SELECT id, ${sharedColumns}, ${shared('lane')}, file_path, coverage_percent,
        total_statements, covered_statements, missing_statements, total_branches, covered_branches, covered_lines, missing_lines,
        executed_branches, missing_branches
      FROM ${stages.coverage}`,
  };
}

// The key comes last, in one message with COMMIT. Taken first, it would make a retry wait behind a dead connection.
const storeRun = (known: number): string => `
  DO $store$
  DECLARE
    run record;
  BEGIN
    SELECT s.* INTO STRICT run FROM ${runRow};
    INSERT INTO ingest_uploads (team_id, upload_key, run_id, created_at, payload_sha256, result_rows, coverage_rows, repository,
      workflow_run_id, run_attempt, job, pull_request, base_branch, workflow, step, check_run_id)
    VALUES (run.team_id, run.upload_key, run.id, run.created_at, run.payload_sha256, run.result_rows, run.coverage_rows, run.repository,
      run.workflow_run_id, run.run_attempt, run.job, run.pull_request, run.base_branch, run.workflow, run.step, run.check_run_id)
    ON CONFLICT (team_id, upload_key) DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'the upload key is taken' USING ERRCODE = '${keyTaken}';
    END IF;
    IF run.lambda_id IS NOT NULL THEN
      run.lambda_id := (SELECT u.lambda_id FROM users u WHERE u.lambda_id = run.lambda_id AND u.deleted_at IS NULL);
    END IF;
    INSERT INTO test_runs (id, team_id, lambda_id, total_tests, passed, failed, skipped, errors, coverage_percent,
      duration_seconds, lane, markers, python_version, pytest_version, ci_system, git_sha, git_branch, git_commit_message,
      created_at, repository, job_name, incomplete, line_id, project, tested_git_sha, parents, committed_at, kind, origin, dirty,
      stale, attempt, step, repository_host, matriz_analysis, consciousness_score, tests_signature,
      report_counts)
    VALUES (run.id, run.team_id, run.lambda_id, run.total_tests, run.passed, run.failed, run.skipped, run.errors, run.coverage_percent,
      run.duration_seconds, run.lane, run.markers, run.python_version, run.pytest_version, run.ci_system, run.git_sha, run.git_branch,
      run.git_commit_message, run.created_at, run.repository, run.job_name, run.incomplete, run.line_id, run.project,
      run.tested_git_sha, run.parents, run.committed_at, run.kind, run.origin, run.dirty, run.stale, run.run_attempt, run.step,
      run.repository_host, run.matriz::jsonb, run.consciousness_score, run.tests_signature,
      run.report_counts);
    IF run.matriz IS NOT NULL AND run.pull_request IS NOT NULL AND run.git_sha IS NOT NULL THEN
      -- By the clock: the newest of a commit is the one that came last.
      INSERT INTO consciousness_reviews (team_id, pr_number, git_sha, git_branch, lambda_id, matriz_analysis, overall_status,
        consciousness_score, analysis_duration_ms, active_components, repository, origin, run_id, created_at)
      VALUES (run.team_id, run.pull_request, run.git_sha, run.git_branch, run.lambda_id, run.matriz::jsonb, run.matriz_status,
        run.consciousness_score, run.matriz_ms, run.matriz_components, run.repository, run.origin, run.id, clock_timestamp());
    END IF;
    -- What is promised is counted where it lies: a rule or trigger of somebody else's may have led rows elsewhere.
    IF (SELECT count(*) FROM test_runs r WHERE r.team_id = run.team_id AND r.id = run.id AND r.created_at = run.created_at) <> 1
      OR (SELECT count(*) FROM test_results r
        WHERE r.team_id = run.team_id AND r.test_run_id = run.id AND r.created_at = run.created_at) <> run.result_rows
      OR (SELECT count(*) FROM coverage_data c
        WHERE c.team_id = run.team_id AND c.test_run_id = run.id AND c.created_at = run.created_at) <> run.coverage_rows THEN
      RAISE EXCEPTION 'rows are missing' USING ERRCODE = '${rowsMissing}';
    END IF;
    -- A migration may have come since the schema was looked at.
    IF (SELECT max(m.oldest_program) FROM lukhas_migrations m) > ${known} THEN
      RAISE EXCEPTION 'the database is newer' USING ERRCODE = '${databaseNewer}';
    END IF;
  END
  $store$`;

function cancelled(maybeStored: boolean): StoreError {
  return maybeStored
    ? outcomeUnknown(undefined)
    : new StoreError({ code: 'upload-cancelled', message: 'cancelled; nothing was stored' });
}

function outcomeUnknown(last: StoreError | undefined): StoreError {
  return new StoreError({
    code: 'upload-outcome-unknown',
    message:
      'the connection was lost in the very moment of storing; the run is stored as a whole or not at all',
    fix: 'Run the same command again: it finds out, and stores nothing twice.',
    sqlstate: last?.sqlstate,
  });
}
