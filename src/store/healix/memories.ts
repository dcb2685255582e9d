// The knowledge base: adding, finding, counting and retiring memories of one team, or those that all teams share, as the owner.
// Knows two tables alike but for the team, and the failures that memories are made from.
import { createHash } from 'node:crypto';
import { InputError, StoreError } from '../../errors.ts';
import type { HealixMemory } from '../../model.ts';
import { nearest } from '../../nearest.ts';
import type { Database, SqlValue } from '../database/port.ts';
import { createStorable } from '../database/storable.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { bareRepository, repositoryNames, sameHost, suiteOf } from '../schema/repository.ts';
import { asOwner } from '../schema/teams.ts';
import { posteriorMean, ranking, stale, untaughtOf } from './matching.ts';
import type { FileMemory } from './memory-file.ts';
import { normaliseSignature } from './stored-signature.ts';

/** A memory with everything that is known of it. */
export interface Memory extends HealixMemory {
  readonly testName: string;
  readonly failureSignature: string;
  readonly driftSignature: string | undefined;
  readonly wordsSignature: string | undefined;
  /** Of the failure that it is about; undefined: it matches in every one. */
  readonly repository: string | undefined;
  /** The host that the repository lies on; undefined: any. */
  readonly repositoryHost: string | undefined;
  /** The project inside the repository; undefined: it matches in every one. */
  readonly project: string | undefined;
  /** `proposed`: nobody has confirmed it, and it matches nothing. */
  readonly state: 'active' | 'proposed';
  readonly retiredAt: Date | undefined;
  readonly probableCause: string | undefined;
  readonly matrizStar: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  /** Seen by all teams, written by the owner only. */
  readonly shared: boolean;
  readonly stale: boolean;
}

/** Whose memories are worked on: a team's, or those shared by all, which takes an administrator's connection. */
export type Scope = Access | 'shared';

/** A failure as it is stored: what a new memory is about. */
export interface StoredFailure {
  readonly runId: string;
  readonly testName: string;
  readonly failureSignature: string;
  readonly driftSignature: string | undefined;
  readonly wordsSignature: string | undefined;
  readonly errorType: string | undefined;
  /** Of the run that it was in: in lower case, without its host. */
  readonly repository: string | undefined;
  readonly repositoryHost: string | undefined;
  readonly project: string | undefined;
  readonly testFile: string | undefined;
  readonly testFunction: string | undefined;
  /** The message and the traceback's end, bounded. */
  readonly message: string | undefined;
  readonly traceback: string | undefined;
}

/** What a person writes into a memory. */
export interface MemoryTexts {
  readonly rootCause: string | undefined;
  readonly probableCause: string | undefined;
  readonly solution: string;
  readonly solutionType: string | undefined;
  readonly autoFixCode: string | undefined;
  /** 0 to 1; undefined in a new memory: 0.5, the mean of the prior. */
  readonly confidence: number | undefined;
}

export interface NewMemory extends MemoryTexts {
  readonly about: StoredFailure;
  /** What the words signature was made of, kept so that a later version can sign it again; short values. */
  readonly signed: Readonly<Record<string, string>>;
  /** By a program: nobody is shown it as known, and nothing learns from it, until a person accepts it. */
  readonly isProposed?: boolean;
}

/** So many proposals of a team may wait: a program that makes more is stuck. */
const mostProposed = 200;

/** Confidence of a memory that was never tried: the mean of a uniform prior. */
const untried = 0.5;
/** Retention as in the schema document. */
const retention = { below: 0.5, months: 6 } as const;

const columns = `h.id, h.test_name, h.failure_signature, h.drift_signature, h.words_signature, h.state, h.deleted_at, h.root_cause, h.probable_cause, h.confidence, h.solution,
  h.solution_type, h.auto_fix_code, h.success_count, h.failure_count, h.last_applied, h.matriz_star, h.metadata, h.created_at,
  ${stale('h')} AS stale`;

type Row = Record<string, unknown> & {
  readonly id: string;
  readonly test_name: string;
  readonly failure_signature: string;
  readonly drift_signature: string | null;
  readonly words_signature: string | null;
  readonly repository: string | null;
  readonly repository_host: string | null;
  readonly project: string | null;
  readonly state: string;
  readonly deleted_at: Date | null;
  readonly root_cause: string | null;
  readonly probable_cause: string | null;
  readonly confidence: string | null;
  readonly solution: string;
  readonly solution_type: string | null;
  readonly auto_fix_code: string | null;
  readonly success_count: number | null;
  readonly failure_count: number | null;
  readonly last_applied: Date | null;
  readonly matriz_star: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly created_at: Date | null;
  readonly shared: boolean;
  readonly stale: boolean | null;
};

function memoryOf(row: Row): Memory {
  return {
    id: row.id,
    testName: row.test_name,
    failureSignature: row.failure_signature,
    driftSignature: row.drift_signature ?? undefined,
    wordsSignature: row.words_signature ?? undefined,
    repository: row.repository ?? undefined,
    repositoryHost: row.repository_host ?? undefined,
    project: row.project ?? undefined,
    state: row.state === 'proposed' ? 'proposed' : 'active',
    retiredAt: row.deleted_at ?? undefined,
    rootCause: row.root_cause ?? undefined,
    probableCause: row.probable_cause ?? undefined,
    confidence: row.confidence === null ? undefined : Number(row.confidence),
    solution: row.solution,
    solutionType: row.solution_type ?? undefined,
    autoFixCode: row.auto_fix_code ?? undefined,
    successCount: row.success_count ?? 0,
    failureCount: row.failure_count ?? 0,
    lastApplied: row.last_applied ?? undefined,
    matrizStar: row.matriz_star ?? undefined,
    metadata: row.metadata ?? {},
    untaught: untaughtOf(row.metadata?.baseline),
    createdAt: row.created_at ?? new Date(0),
    shared: row.shared,
    stale: row.stale === true,
  };
}

/** Runs work as whoever may write the scope's memories; `team` is the id that its rows carry. */
function inScope<T>(db: Database, scope: Scope, work: (team: string | null) => Promise<T>): Promise<T> {
  if (scope !== 'shared') return inTeam(db, scope, () => work(scope.team.id));
  return asOwner(db, () => work(null)).catch((error: unknown) => {
    if (!(error instanceof StoreError) || error.sqlstate !== '42501') throw error;
    throw new StoreError({
      code: 'memory-shared',
      message:
        'memories shared by all teams are written by the owner only, and this login may not act as lukhas_owner',
      fix: 'Use an administrator\u2019s connection, or leave --shared away.',
      sqlstate: error.sqlstate,
    });
  });
}

/** The memories that belong to a scope itself; `team` is the parameter $1. */
interface Owned {
  readonly table: 'healix_memories' | 'shared_memories';
  /** Condition on a row `h`. */
  readonly own: string;
  /** What else a statement returns of a row `h`. */
  readonly columns: string;
}

function ownedBy(team: string | null): Owned {
  return team === null
    ? {
        table: 'shared_memories',
        own: '$1::uuid IS NULL',
        columns: `${columns}, NULL::text AS repository, NULL::text AS repository_host, NULL::text AS project, true AS shared`,
      }
    : {
        table: 'healix_memories',
        own: 'h.team_id = $1',
        columns: `${columns}, h.repository, h.repository_host, h.project, false AS shared`,
      };
}

/** Memories that a scope reads, as one list: a team its own and the shared ones. */
function readable(team: string | null, where: string): string {
  const of = ({ table, own, columns }: Owned): string =>
    `SELECT ${columns} FROM ${table} h WHERE ${own} AND ${where}`;
  const shared = { ...ownedBy(null), own: 'true' };
  return team === null ? of(ownedBy(team)) : `${of(ownedBy(team))} UNION ALL ${of(shared)}`;
}

/** Of a stored failure, in characters. */
const longestRead = { message: 20_000, traceback: 100_000 } as const;

type FailureRow = {
  readonly run_id: string;
  readonly test_name: string;
  readonly failure_signature: string | null;
  readonly drift_signature: string | null;
  readonly words_signature: string | null;
  readonly repository: string | null;
  readonly repository_host: string | null;
  readonly project: string | null;
  readonly test_file: string | null;
  readonly test_function: string | null;
  readonly error_type: string | null;
  readonly error_message: string | null;
  readonly error_traceback: string | null;
};

/** Of a result `r`. */
const failures = `
       SELECT r.test_run_id AS run_id, r.test_name, r.failure_signature, r.drift_signature, r.words_signature, r.test_file, r.test_function, r.error_type,
         left(r.error_message, ${longestRead.message}) AS error_message, right(r.error_traceback, ${longestRead.traceback}) AS error_traceback,
         ${bareRepository('t')} AS repository, t.repository_host, t.project
       FROM test_results r
       LEFT JOIN test_runs t ON t.team_id = $1 AND t.id = r.test_run_id AND t.created_at = r.created_at
       WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error')`;

function failureOf(row: FailureRow): StoredFailure {
  return {
    runId: row.run_id,
    testName: row.test_name,
    failureSignature: normaliseSignature(row.failure_signature ?? ''),
    driftSignature: row.drift_signature ?? undefined,
    wordsSignature: row.words_signature ?? undefined,
    // Older programs did not store it.
    errorType: row.error_type ?? errorTypeOf((row.error_message ?? '').slice(0, 1000)),
    repository: row.repository ?? undefined,
    repositoryHost: row.repository_host ?? undefined,
    project: row.project ?? undefined,
    testFile: row.test_file ?? undefined,
    testFunction: row.test_function ?? undefined,
    message: row.error_message ?? undefined,
    traceback: row.error_traceback ?? undefined,
  };
}

/**
 * The latest stored failure of a test, of one run or with one signature where they are named.
 *
 * @throws InputError `failure-unknown` with the nearest test or signature that did fail
 */
export async function findFailure(
  db: Database,
  access: Access,
  wish: {
    readonly testName: string;
    readonly runId?: string | undefined;
    readonly signature?: string | undefined;
  },
): Promise<StoredFailure> {
  const testName = createStorable().name(wish.testName, 500) ?? '';
  const signature = wish.signature === undefined ? null : normaliseSignature(wish.signature);
  const runId = wish.runId === undefined ? null : checkRunId(wish.runId);
  return inTeam(db, access, async () => {
    const [row] = await db.query<FailureRow>(
      `${failures} AND r.test_name = $2 AND r.failure_signature IS NOT NULL
         AND ($3::text IS NULL OR r.failure_signature = $3)
         AND ($4::uuid IS NULL OR (r.test_run_id = $4 AND r.created_at = lukhas_run_ts($4)))
       ORDER BY r.created_at DESC, r.id DESC LIMIT 1`,
      [access.team.id, testName, signature, runId],
    );
    if (row === undefined) throw await unknownFailure(db, access, { testName, signature, runId });
    return failureOf(row);
  });
}

/** Where somebody is who speaks of the last run. */
export interface Whereabouts {
  /** As a run's; undefined outside CI where nothing names it. */
  readonly repository: string | undefined;
  readonly repositoryHost: string | undefined;
  /** Relative to the repository's root, `.` for the root itself; undefined outside a repository. */
  readonly folder: string | undefined;
}

/** So many runs are looked at for the last one that was stored. */
const runsSearched = 2000;

/**
 * A failure by its number among those of a run in the order in which they are stored: of the run named, else of the last one that
 * was stored for a project in the folder, or for one that the folder is in.
 *
 * @throws InputError `failure-unknown` naming how many there are
 */
export async function findNumberedFailure(
  db: Database,
  access: Access,
  wish: {
    readonly number: number;
    readonly runId: string | undefined;
    /** Asked only where no run is named. */
    where(): Promise<Whereabouts>;
  },
): Promise<StoredFailure> {
  const runId =
    wish.runId === undefined ? await lastRun(db, access, await wish.where()) : checkRunId(wish.runId);
  return inTeam(db, access, async () => {
    const ofRun = 'r.created_at = lukhas_run_ts($2) AND r.test_run_id IS NOT DISTINCT FROM $2::uuid';
    const [row] = await db.query<FailureRow>(`${failures} AND ${ofRun} ORDER BY r.id OFFSET $3 LIMIT 1`, [
      access.team.id,
      runId,
      wish.number - 1,
    ]);
    if (row !== undefined && row.failure_signature !== null) return failureOf(row);
    const [found] = await db.query<{ runs: number; failures: number }>(
      `SELECT (SELECT count(*)::int FROM test_runs t WHERE t.team_id = $1 AND t.id = $2 AND t.created_at = lukhas_run_ts($2)) AS runs,
         (SELECT count(*)::int FROM test_results r WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error') AND ${ofRun}) AS failures`,
      [access.team.id, runId],
    );
    const count = found?.failures ?? 0;
    if (found?.runs === 0) {
      throw new InputError({
        code: 'failure-unknown',
        message: `there is no run ${runId} of this team in this database`,
        fix: 'The upload\u2019s summary prints the run\u2019s id, and in which database it was stored.',
      });
    }
    throw new InputError({
      code: 'failure-unknown',
      message: `run ${runId} has ${count === 0 ? 'no failure' : count === 1 ? 'one failure' : `${count} failures`}, and none with the number ${wish.number}`,
      fix: 'The upload\u2019s summary numbers them; `--run <id>` names another run.',
    });
  });
}

async function lastRun(db: Database, access: Access, where: Whereabouts): Promise<string> {
  const [row] = await inTeam(db, access, () =>
    db.query<{ id: string }>(
      `WITH here AS MATERIALIZED (SELECT $2::text AS repository, $3::text AS repository_host, $4::text AS folder), names AS MATERIALIZED (
         SELECT ${repositoryNames('here')} AS names FROM here)
       SELECT r.id FROM (SELECT * FROM test_runs WHERE team_id = $1 ORDER BY created_at DESC LIMIT ${runsSearched}) AS r
       JOIN ingest_uploads u ON u.team_id = $1 AND u.run_id = r.id
       CROSS JOIN here
       WHERE (lower(r.repository) = ANY ((SELECT names FROM names)::text[])) IS NOT FALSE AND ${sameHost('r.repository_host', 'here.repository_host')}
         AND (here.folder IS NULL OR r.project IS NULL OR '.' IN (here.folder, r.project)
           OR starts_with(here.folder || '/', r.project || '/') OR starts_with(r.project || '/', here.folder || '/'))
       ORDER BY u.uploaded_at DESC, r.id DESC LIMIT 1`,
      [access.team.id, where.repository ?? null, where.repositoryHost ?? null, where.folder ?? null],
    ),
  );
  if (row !== undefined) return row.id;
  throw new InputError({
    code: 'failure-unknown',
    message: `no run of ${where.repository === undefined ? 'this folder' : JSON.stringify(where.repository.slice(0, 200))} is stored in this database`,
    fix: 'Stand where the tests ran, or name the run: `--run <id>`.',
  });
}

/** An error that names what exists: other runs, other signatures of the test, or the test that was probably meant. */
async function unknownFailure(
  db: Database,
  access: Access,
  wish: { readonly testName: string; readonly signature: string | null; readonly runId: string | null },
): Promise<InputError> {
  const tests = await db.query<{ test_name: string; signature: string | null; run_id: string }>(
    `SELECT DISTINCT ON (test_name, failure_signature) test_name, failure_signature AS signature, test_run_id AS run_id
     FROM test_results
     WHERE team_id = $1 AND outcome IN ('failed', 'error') AND created_at > now() - interval '90 days'
     ORDER BY test_name, failure_signature, created_at DESC LIMIT 20000`,
    [access.team.id],
  );
  const of = tests.filter((test) => test.test_name === wish.testName);
  const shown = JSON.stringify(wish.testName.slice(0, 200));
  if (of.length === 0) {
    const names = [...new Set(tests.map((test) => test.test_name))];
    const near = nearestTest(wish.testName, names);
    return new InputError({
      code: 'failure-unknown',
      message: `no stored failure of the test ${shown}`,
      fix:
        near === undefined
          ? 'Memories are made from failures that were uploaded. Name the test by its whole node id, as the upload\u2019s summary prints it.'
          : `Did you mean ${near}?`,
    });
  }
  if (wish.runId !== null) {
    return new InputError({
      code: 'failure-unknown',
      message: `the test ${shown} did not fail${wish.signature === null ? '' : ' with that signature'} in run ${wish.runId}`,
      fix: `It failed in run ${of[0]?.run_id}; without --run the latest failure is taken.`,
    });
  }
  const signatures = of.map((test) => test.signature).filter((signature) => signature !== null);
  return new InputError({
    code: 'failure-unknown',
    message: `the test ${shown} never failed with the signature ${JSON.stringify((wish.signature ?? '').slice(0, 80))}`,
    fix: `It failed with ${signatures.slice(0, 3).join(', ')}${signatures.length > 3 ? ' and others' : ''}; without --signature the latest failure is taken.`,
  });
}

/** Of the tests that failed, the one whose end is the word, else the most similar one. */
function nearestTest(word: string, names: readonly string[]): string | undefined {
  const ends = names.find(
    (name) => name.endsWith(`::${word}`) || name.replace(/\[.*$/, '').endsWith(`::${word}`),
  );
  if (ends !== undefined) return ends;
  const family = names.find((name) => name.split('[')[0] === word.split('[')[0]);
  if (family !== undefined) return family;
  // Levenshtein's distance costs the product of both lengths.
  const near = (names: readonly string[]): string | undefined =>
    word.length > 300
      ? undefined
      : nearest(word, names.filter((name) => Math.abs(name.length - word.length) <= 20).slice(0, 2000));
  const bare = near([...new Set(names.map(bareName))]);
  return near(names) ?? names.find((name) => bareName(name) === bare);
}

/** The test's function alone. */
function bareName(testName: string): string {
  return testName.replace(/\[.*$/, '').split('::').at(-1) ?? '';
}

/** The exception's bare class name as pytest writes it before a failure's words; undefined where it does not. */
function errorTypeOf(message: string): string | undefined {
  const words = message.replace(/^failed on (?:setup|teardown)(?: at [^"\n]+:\d+)? with "/, '');
  if (/^assert\b/.test(words)) return 'AssertionError';
  return /^(?:[A-Za-z_]\w*\.)*([A-Z]\w{1,99})(?=[:\s"]|$)/.exec(words)?.[1];
}

function checkRunId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new InputError({
    code: 'run-id',
    message: `not the id of a run: ${JSON.stringify(id.slice(0, 60))}`,
    fix: 'A run\u2019s id is a UUID; the upload prints it, and --json has it as `id`.',
  });
}

/**
 * Adds a memory of the team about a stored failure.
 *
 * @throws InputError `memory-duplicate` where a living one says the same of the same failure
 */
export async function addMemory(db: Database, access: Access, memory: NewMemory): Promise<Memory> {
  const storable = createStorable();
  const text = (value: string | undefined): string | null => storable.text(value) ?? null;
  const { about } = memory;
  const metadata =
    about.errorType === undefined ? memory.signed : { error_type: about.errorType, ...memory.signed };
  return inTeam(db, access, async () => {
    const identity = [
      access.team.id,
      about.testName,
      about.failureSignature,
      text(about.repository),
      text(about.repositoryHost),
      text(about.project),
    ];
    const [twin] = await db.query<{ id: string; state: string }>(
      `SELECT h.id, h.state FROM healix_memories h
       WHERE h.team_id = $1 AND h.test_name = $2 AND h.failure_signature = $3 AND h.deleted_at IS NULL
         AND h.repository IS NOT DISTINCT FROM $4 AND (h.repository_host = $5) IS NOT FALSE AND h.project IS NOT DISTINCT FROM $6
         AND h.root_cause IS NOT DISTINCT FROM $7 AND h.solution = $8 AND h.words_signature IS NOT DISTINCT FROM $9
       LIMIT 1`,
      [...identity, text(memory.rootCause), text(memory.solution) ?? '', about.wordsSignature ?? null],
    );
    if (twin !== undefined) {
      throw new InputError({
        code: 'memory-duplicate',
        message: `the memory ${twin.id} says the same of this failure`,
        fix:
          twin.state === 'proposed'
            ? `It is only proposed: \`lukhas healix accept ${twin.id.slice(0, 8)}\` makes it known.`
            : `\`lukhas healix edit ${twin.id.slice(0, 8)}\` changes it.`,
      });
    }
    if (memory.isProposed === true) {
      const waiting = await db.query(
        `SELECT FROM healix_memories h WHERE h.team_id = $1 AND h.state = 'proposed' AND h.deleted_at IS NULL LIMIT ${mostProposed}`,
        [access.team.id],
      );
      if (waiting.length >= mostProposed)
        throw new InputError({
          code: 'proposals-full',
          message: `${mostProposed} proposed memories wait for somebody who looks at them`,
          fix: '`lukhas healix list` shows them, `accept <id>` and `retire <id>` decide. Nothing was stored.',
        });
    }
    const rows = await db.query<Row>(
      `INSERT INTO healix_memories AS h (team_id, test_name, failure_signature, repository, repository_host, project, drift_signature, words_signature,
         root_cause, probable_cause, confidence, solution, solution_type, auto_fix_code, metadata, state)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::numeric, $12, $13, $14, $15::text::jsonb, $16)
       RETURNING ${ownedBy(access.team.id).columns}`,
      [
        ...identity,
        about.driftSignature ?? null,
        about.wordsSignature ?? null,
        text(memory.rootCause),
        text(memory.probableCause),
        (memory.confidence ?? untried).toFixed(2),
        text(memory.solution) ?? '',
        storable.short(memory.solutionType, 50) ?? null,
        text(memory.autoFixCode),
        JSON.stringify(
          Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, storable.text(value)])),
        ),
        memory.isProposed === true ? 'proposed' : 'active',
      ],
    );
    return memoryOf(first(rows));
  });
}

/**
 * The memory whose id begins with the digits given (at least four), among the team's own and the shared ones.
 *
 * @param retired whether living ones are searched, retired ones, or both
 *
 * @throws InputError `memory-unknown`, `memory-ambiguous`
 */
export async function findMemory(
  db: Database,
  scope: Scope,
  id: string,
  retired: 'no' | 'only' | 'too' = 'no',
): Promise<Memory> {
  const digits = id.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{4,32}$/.test(digits)) {
    throw new InputError({
      code: 'memory-id',
      message: `not the id of a memory: ${JSON.stringify(id.slice(0, 60))}`,
      fix: 'An id is a UUID, or at least its first four digits; `lukhas healix list` shows them.',
    });
  }
  const living = { no: 'h.deleted_at IS NULL', only: 'h.deleted_at IS NOT NULL', too: 'true' }[retired];
  const rows = await inScope(db, scope, (team) =>
    db.query<Row>(
      // A range of ids and not a pattern: it is found in the primary key.
      `${readable(team, `h.id BETWEEN $2::uuid AND $3::uuid AND ${living}`)} ORDER BY id, shared LIMIT 6`,
      [team, digits.padEnd(32, '0'), digits.padEnd(32, 'f')],
    ),
  );
  const [only, ...others] = rows;
  if (only === undefined) {
    throw new InputError({
      code: 'memory-unknown',
      message: `there is no ${retired === 'only' ? 'retired ' : ''}memory ${id.slice(0, 60)} that this team may see`,
      fix:
        retired === 'only'
          ? '`lukhas healix show <id>` shows whether it is retired.'
          : '`lukhas healix list` shows them; `lukhas healix show` finds a retired one, and `unretire` brings it back.',
    });
  }
  if (others.length > 0) {
    throw new InputError({
      code: 'memory-ambiguous',
      message: `several memories begin with ${id.slice(0, 60)}`,
      fix: `One of: ${rows
        .slice(0, 5)
        .map((row) => row.id)
        .join(', ')}${rows.length > 5 ? ', …' : ''}.`,
    });
  }
  return memoryOf(only);
}

export interface MemoryFilter {
  /** Part of a test's name, or of one that the test was renamed into. */
  readonly test?: string | undefined;
  /** A failure signature in either form, a drift or a words signature. */
  readonly signature?: string | undefined;
  readonly stale?: boolean | undefined;
  /** Those that wait for a person, instead of those that are known. */
  readonly proposed?: boolean | undefined;
  readonly limit: number;
}

/**
 * The team's memories of tests that were renamed into a name which holds `$2`, up to five renames later, in the repository and project of
 * the memory. OFFSET 0: the suite is computed of those whose names fit.
 */
const ofFormerNames = `
  WITH RECURSIVE former AS (
    SELECT a.suite_id, a.former, a.created_at, 1 AS step FROM test_aliases a
    WHERE a.team_id = $1 AND strpos(lower(a.name), lower(split_part($2, '[', 1))) > 0
    UNION
    SELECT a.suite_id, a.former, a.created_at, f.step + 1 FROM former f JOIN test_aliases a
      ON a.team_id = $1 AND a.suite_id = f.suite_id AND a.name = f.former AND a.created_at < f.created_at
    WHERE f.step < 5
  ), of_former_names AS MATERIALIZED (
    SELECT n.id FROM (
      SELECT m.id, m.repository, m.project, f.suite_id
      FROM (SELECT DISTINCT suite_id, former FROM former) AS f JOIN healix_memories m
        ON m.team_id = $1 AND split_part(m.test_name, '[', 1) = f.former
      WHERE m.repository IS NOT NULL AND (strpos($2, '[') = 0 OR strpos(m.test_name, substr($2, strpos($2, '['))) > 0)
      OFFSET 0) AS n
    WHERE n.suite_id = ${suiteOf('n')}
  )`;

/** Memories that are not retired and known, or only proposed where that is asked for, best first, and how many there are in all. */
export async function listMemories(
  db: Database,
  scope: Scope,
  filter: MemoryFilter,
): Promise<{ readonly memories: Memory[]; readonly total: number }> {
  const isNamed = `strpos(lower(h.test_name), lower($2)) > 0 OR h.id IN (SELECT id FROM of_former_names)`;
  const rows = await inScope(db, scope, (team) =>
    db.query<Row & { total: number }>(
      `${filter.test === undefined ? '' : ofFormerNames}
       SELECT h.*, count(*) OVER () AS total FROM (${readable(
         team,
         `h.deleted_at IS NULL AND h.state = '${filter.proposed === true ? 'proposed' : 'active'}' AND ($2::text IS NULL${filter.test === undefined ? '' : ` OR ${isNamed}`})
         AND ($3::text IS NULL OR h.drift_signature = $3 OR h.words_signature = $3 OR h.failure_signature = $3)
         AND ($4 = false OR ${stale('h')})`,
       )}) AS h ORDER BY ${ranking('h')} LIMIT $5`,
      [
        team,
        filter.test ?? null,
        filter.signature === undefined ? null : normaliseSignature(filter.signature),
        filter.stale === true,
        filter.limit,
      ],
    ),
  );
  return { memories: rows.map(memoryOf), total: Number(rows[0]?.total ?? 0) };
}

/** Counts that a memory's solution worked or did not: one atomic statement, so that nothing is lost beside others'. */
export async function countOutcome(
  db: Database,
  scope: Scope,
  id: string,
  outcome: 'worked' | 'failed',
): Promise<Memory> {
  const memory = await findMemory(db, scope, id);
  if (memory.state === 'proposed')
    throw new InputError({
      code: 'memory-proposed',
      message: `the memory ${memory.id} is only proposed, and nothing counts for it`,
      fix: `\`lukhas healix accept ${memory.id.slice(0, 8)}\` makes it known.`,
    });
  const worked = `(coalesce(h.success_count, 0) + ${outcome === 'worked' ? 1 : 0})`;
  const failed = `(coalesce(h.failure_count, 0) + ${outcome === 'failed' ? 1 : 0})`;
  return change(
    db,
    scope,
    memory,
    `success_count = ${worked}, failure_count = ${failed}, confidence = ${posteriorMean(worked, failed)},
     last_applied = greatest(h.last_applied, now())`,
  );
}

/**
 * Makes a proposed memory known: it matches from now on.
 *
 * @throws InputError `memory-accepted` where it is known already
 */
export async function acceptMemory(db: Database, scope: Scope, id: string): Promise<Memory> {
  const memory = await findMemory(db, scope, id);
  if (memory.state === 'active')
    throw new InputError({
      code: 'memory-accepted',
      message: `the memory ${memory.id} is known already; nothing was changed`,
    });
  return change(db, scope, memory, `state = 'active', updated_at = now()`);
}

/** Retires a memory: it matches nothing any more; its row stays, for the results that refer to it. */
export async function retireMemory(db: Database, scope: Scope, id: string): Promise<Memory> {
  const memory = await findMemory(db, scope, id);
  await change(db, scope, memory, 'deleted_at = now()');
  return memory;
}

/** Brings a retired memory back. */
export async function unretireMemory(db: Database, scope: Scope, id: string): Promise<Memory> {
  const memory = await findMemory(db, scope, id, 'only');
  return change(db, scope, memory, 'deleted_at = NULL');
}

/** Changes what a person wrote; what is undefined stays. */
export async function editMemory(
  db: Database,
  scope: Scope,
  id: string,
  texts: { readonly [Field in keyof MemoryTexts]?: MemoryTexts[Field] | undefined },
): Promise<Memory> {
  const memory = await findMemory(db, scope, id);
  const storable = createStorable();
  const text = (value: string | undefined): string | null => storable.text(value) ?? null;
  return change(
    db,
    scope,
    memory,
    `root_cause = coalesce($3, h.root_cause), probable_cause = coalesce($4, h.probable_cause), solution = coalesce($5, h.solution),
     solution_type = coalesce($6, h.solution_type), auto_fix_code = coalesce($7, h.auto_fix_code),
     confidence = coalesce($8::text::numeric, h.confidence), updated_at = now()`,
    [
      text(texts.rootCause),
      text(texts.probableCause),
      text(texts.solution),
      storable.short(texts.solutionType, 50) ?? null,
      text(texts.autoFixCode),
      texts.confidence?.toFixed(2) ?? null,
    ],
  );
}

/** Changes a memory that nobody else has retired or brought back meanwhile. */
async function change(
  db: Database,
  scope: Scope,
  memory: Memory,
  set: string,
  params: readonly SqlValue[] = [],
): Promise<Memory> {
  if (scope !== 'shared' && memory.shared) {
    throw new InputError({
      code: 'memory-shared',
      message: `the memory ${memory.id} is shared by all teams: only the owner changes it`,
      fix: 'With an administrator\u2019s connection: the same command with --shared.',
    });
  }
  const rows = await inScope(db, scope, (team) => {
    const { table, own, columns } = ownedBy(team);
    return db.query<Row>(
      `UPDATE ${table} h SET ${set}
       WHERE ${own} AND h.id = $2 AND (h.deleted_at IS NULL) = ${memory.retiredAt === undefined} RETURNING ${columns}`,
      [team, memory.id, ...params],
    );
  });
  const [row] = rows;
  if (row === undefined) {
    throw new InputError({
      code: 'memory-unknown',
      message: `the memory ${memory.id} was ${memory.retiredAt === undefined ? 'retired' : 'brought back'} meanwhile`,
    });
  }
  return memoryOf(row);
}

/** Retires what the schema document does not keep: confidence below 0.5 and older than six months. Returns what it took. */
export async function retireLowConfidence(
  db: Database,
  scope: Scope,
  options: { readonly dryRun: boolean },
): Promise<Memory[]> {
  const rows = await inScope(db, scope, (team) => {
    const { table, own, columns } = ownedBy(team);
    const where = `${own} AND h.deleted_at IS NULL AND h.confidence < ${retention.below}
      AND h.created_at < now() - interval '${retention.months} months'`;
    return db.query<Row>(
      options.dryRun
        ? `SELECT ${columns} FROM ${table} h WHERE ${where} ORDER BY h.confidence, h.id`
        : `UPDATE ${table} h SET deleted_at = now() WHERE ${where} RETURNING ${columns}`,
      [team],
    );
  });
  return rows.map(memoryOf);
}

export interface Imported {
  readonly added: number;
  /** Were there already under the same id; not changed. */
  readonly already: number;
}

/**
 * Imports all memories or none. An id that is a UUID is kept, any other becomes one made from the memory, so that the same file
 * imported twice adds nothing twice.
 */
export async function importMemories(
  db: Database,
  scope: Scope,
  memories: readonly FileMemory[],
): Promise<Imported> {
  return inScope(db, scope, async (team) => {
    const rows = memories.map((memory) => ({ ...memory, id: idOf(memory, team) }));
    const added = await insertRows(db, team, rows);
    return { added, already: memories.length - added };
  });
}

/** Returns how many were not there before. */
async function insertRows(
  db: Database,
  team: string | null,
  rows: readonly (FileMemory & { readonly id: string })[],
): Promise<number> {
  const { table } = ownedBy(team);
  const [intoTeam, fromTeam] =
    team === null
      ? ['', '']
      : [
          'team_id, repository, repository_host, project, ',
          '$1::uuid, lower(m.repository), lower(m.repository_host), m.project, ',
        ];
  const params: SqlValue[] = [team, JSON.stringify(rows)];
  return db.run(
    `INSERT INTO ${table} (${intoTeam}id, test_name, failure_signature, drift_signature, words_signature, state, root_cause, probable_cause,
       confidence, solution, solution_type, auto_fix_code, success_count, failure_count, last_applied, matriz_star, metadata, created_at)
     SELECT ${fromTeam}m.id, m.test_name, m.failure_signature, m.drift_signature, m.words_signature, coalesce(m.state, 'active'), m.root_cause, m.probable_cause, m.confidence,
       m.solution, m.solution_type, m.auto_fix_code, coalesce(m.success_count, 0), coalesce(m.failure_count, 0), m.last_applied,
       m.matriz_star, coalesce(m.metadata, '{}'), coalesce(m.created_at, now())
     FROM json_to_recordset($2::text::json) AS m (id uuid, test_name text, failure_signature text, drift_signature text, words_signature text,
       repository text, repository_host text, project text, state text, root_cause text,
       probable_cause text, confidence numeric, solution text, solution_type text, auto_fix_code text, success_count integer,
       failure_count integer, last_applied timestamptz, matriz_star text, metadata jsonb, created_at timestamptz)
     WHERE $1::uuid IS NOT DISTINCT FROM $1
     ON CONFLICT DO NOTHING`,
    params,
  );
}

function idOf(memory: FileMemory, team: string | null): string {
  const digits = memory.id?.replaceAll('-', '').toLowerCase() ?? '';
  return /^[0-9a-f]{32}$/.test(digits) ? hyphenated(digits) : madeId(memory, team);
}

/** A UUID (version 8) of the team and the memory itself. */
function madeId(memory: FileMemory, team: string | null): string {
  const { id, test_name, failure_signature, solution } = memory;
  const hash = createHash('sha256')
    .update(JSON.stringify(['lukhas memory 1', team, id, test_name, failure_signature, solution]), 'utf8')
    .digest('hex');
  return hyphenated(`${hash.slice(0, 12)}8${hash.slice(13, 16)}8${hash.slice(17, 32)}`);
}

function hyphenated(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** All living memories of the scope itself, oldest first: what `import` takes again as it is. */
export async function exportMemories(db: Database, scope: Scope): Promise<Memory[]> {
  const rows = await inScope(db, scope, (team) => {
    const { table, own, columns } = ownedBy(team);
    return db.query<Row>(
      `SELECT ${columns} FROM ${table} h WHERE ${own} AND h.deleted_at IS NULL ORDER BY h.created_at, h.id`,
      [team],
    );
  });
  return rows.map(memoryOf);
}

function first(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('an inserted memory was not returned');
  return row;
}
