// Verifies a backup by restoring it into a database to throw away, and asking that for everything the manifest says it held. What it finds
// is named; words for people are elsewhere.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { InputError, StoreError } from '../../errors.ts';
import { connectionUrlFor } from '../database/connection-url.ts';
import { openPglite } from '../database/pglite.ts';
import type { Database, SqlValue } from '../database/port.ts';
import { type Begin, beginIn, beginInCatalog, quoteName } from '../database/search-path.ts';
import { documentQuestions } from '../questions/document.ts';
import { openAccess } from '../schema/access.ts';
import { describeDamage } from '../schema/mend.ts';
import { migrate } from '../schema/migrate.ts';
import { migrations } from '../schema/migrations.generated.ts';
import { describeFile } from './backup.ts';
import { compareContent, type DamageCode } from './compare.ts';
import {
  contentSettings,
  type Manifest,
  manifestOf,
  parseManifest,
  readContent,
  rolesFileOf,
} from './manifest.ts';
import {
  complaints,
  type Env,
  findPrograms,
  packageOf,
  runProgram,
  stopIfAborted,
  withConnection,
} from './programs.ts';
import { startScratch } from './scratch.ts';

export interface VerifyRequest {
  readonly file: string;
  /** A superuser's URL of the server to restore into; undefined: one is made here, and thrown away. */
  readonly serverUrl: string | undefined;
  readonly sslCa: string | undefined;
  readonly env: Env;
  /** Opens a connection to a server; given by the door, which loads the driver. */
  readonly connect: (url: string) => Promise<Database>;
  readonly onMessage: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export type ProblemCode =
  | DamageCode
  | 'truncated'
  | 'changed'
  | 'role-missing'
  | 'restore-errors'
  | 'foreign-schema'
  | 'not-as-made'
  | 'question';

/** What a backup does not bring back as it was. */
export interface Problem {
  readonly code: ProblemCode;
  readonly what: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

export interface Verified {
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
  /** Where it was restored: `PostgreSQL 15.18`; undefined where it was not. */
  readonly restoredInto: string | undefined;
  readonly restoreSeconds: number;
  /** Teams whose eight questions were asked. */
  readonly teamsAsked: number;
  /** Migrations that it lacked, and that were made in the scratch database. */
  readonly migrated: readonly string[];
}

/** Enough to see what is wrong; a backup that lacks everything has thousands. */
const mostProblems = 200;
const mostTeams = 5;

/**
 * Restores the backup and compares it with its manifest.
 *
 * @throws InputError `backup-file`, `backup-manifest`, `backup-foreign`, `backup-newer`, `pg-program`, `scratch-server`;
 *   StoreError where the scratch server refuses
 */
export async function verifyBackup(request: VerifyRequest): Promise<Verified> {
  const file = path.resolve(request.file);
  const begins = await readBeginning(file);
  const manifest = await openManifest(file, begins);
  const none = { manifest, restoredInto: undefined, restoreSeconds: 0, teamsAsked: 0, migrated: [] };
  const wrong = await compareFiles(file, manifest);
  if (wrong.length > 0) return { ...none, problems: wrong };
  requireKind(file, begins, manifest);
  const known = migrations.length;
  if (manifest.content.schema_version > known)
    throw new InputError({
      code: 'backup-newer',
      message: `the backup is newer than this program: it is at migration ${manifest.content.schema_version}, this program knows ${known}`,
      fix: 'Upgrade lukhas-ingest and verify it again.',
      place: { file },
    });
  return manifest.kind === 'embedded'
    ? verifyEmbedded(file, manifest)
    : verifyOnServer(file, manifest, request);
}

async function readBeginning(file: string): Promise<Buffer> {
  try {
    if (!(await stat(file)).isFile()) throw Object.assign(new Error(), { code: 'EISDIR' });
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(64);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InputError({
      code: 'backup-file',
      message: code === 'ENOENT' ? 'there is no such file' : `the backup cannot be read (${code})`,
      fix: 'Name the dump that `lukhas db backup` wrote; its manifest and its roles lie beside it.',
      place: { file },
    });
  }
}

/** What a file is, by its first bytes. */
function kindOf(begins: Buffer): string {
  const text = begins.toString('latin1');
  if (text.startsWith('PGDMP')) return 'an archive of pg_dump';
  if (begins[0] === 0x1f && begins[1] === 0x8b) return 'a gzip file';
  if (text.startsWith('SQLite format 3')) return 'a database of SQLite';
  if (/^-- MySQL dump|^-- MariaDB dump/.test(text)) return 'a dump of MySQL';
  if (/PostgreSQL database (?:cluster )?dump/.test(text) || text.startsWith('--\n'))
    return 'a dump as plain SQL';
  if (text.startsWith('PK')) return 'a ZIP file';
  return begins.length === 0 ? 'an empty file' : 'a file of another kind';
}

async function openManifest(file: string, begins: Buffer): Promise<Manifest> {
  const place = manifestOf(file);
  let text: string;
  try {
    text = await readFile(place, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InputError({
      code: 'backup-manifest',
      message:
        code === 'ENOENT'
          ? `this is ${kindOf(begins)} without a manifest beside it: not a backup that \`lukhas db backup\` made, or its ${path.basename(place)} is lost`
          : `the manifest cannot be read (${code})`,
      fix: 'The three files of a backup belong together. What other programs dumped is verified by restoring it (docs/restore.md).',
      place: { file },
    });
  }
  return parseManifest(text, place);
}

async function compareFiles(file: string, manifest: Manifest): Promise<Problem[]> {
  const wanted = [
    [file, manifest.dump],
    ...(manifest.roles_file === null ? [] : [[rolesFileOf(file), manifest.roles_file] as const]),
  ] as const;
  const problems: Problem[] = [];
  for (const [name, expected] of wanted) {
    const what = path.basename(name);
    const found = await describeFile(name).catch(() => undefined);
    if (found === undefined) problems.push({ code: 'changed', what, expected: 'a file', found: 'no file' });
    else if (found.bytes < expected.bytes)
      problems.push({
        code: 'truncated',
        what,
        expected: `${expected.bytes} bytes`,
        found: `${found.bytes} bytes`,
      });
    else if (found.sha256 !== expected.sha256)
      problems.push({ code: 'changed', what, expected: expected.sha256, found: found.sha256 });
  }
  return problems;
}

function requireKind(file: string, begins: Buffer, { kind }: Manifest): void {
  const found = kindOf(begins);
  if (found === (kind === 'server' ? 'an archive of pg_dump' : 'a gzip file')) return;
  throw new InputError({
    code: 'backup-foreign',
    message: `this is ${found}, and the manifest is of ${kind === 'server' ? 'an archive of pg_dump' : 'an embedded database\u2019s files'}`,
    fix: 'Name the dump that `lukhas db backup` wrote with this manifest.',
    place: { file },
  });
}

// The embedded database

async function verifyEmbedded(file: string, manifest: Manifest): Promise<Verified> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lukhas-scratch-'));
  try {
    const begun = performance.now();
    let db: Database;
    try {
      db = await openPglite(folder, { archive: await readFile(file) });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const problems: Problem[] = [{ code: 'restore-errors', what: error.message }];
      return { manifest, problems, restoredInto: undefined, restoreSeconds: 0, teamsAsked: 0, migrated: [] };
    }
    const restoreSeconds = (performance.now() - begun) / 1000;
    try {
      const checked = await check(db, manifest, async (team) => {
        const { begin } = await openAccess(db, { teamSlug: team.slug, allowPrivilegedRole: false });
        return { login: { db, begin }, service: { db, begin } };
      });
      return { manifest, restoredInto: 'the embedded database', restoreSeconds, ...checked };
    } finally {
      await db.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// A server

async function verifyOnServer(file: string, manifest: Manifest, request: VerifyRequest): Promise<Verified> {
  if (request.serverUrl !== undefined)
    return restoreAndCheck(file, manifest, request.serverUrl, request, true);
  request.onMessage('starting a PostgreSQL server to restore into');
  const server = await startScratch(manifest.server_major, request.env);
  try {
    return await restoreAndCheck(file, manifest, server.adminUrl, request, false);
  } finally {
    await server.stop();
  }
}

interface Server {
  readonly name: string;
  readonly major: number;
}

async function restoreAndCheck(
  file: string,
  manifest: Manifest,
  serverUrl: string,
  request: VerifyRequest,
  isShared: boolean,
): Promise<Verified> {
  const { connect } = request;
  const admin = await connect(serverUrl);
  const name = `lukhas_verify_${randomBytes(6).toString('hex')}`;
  const madeRoles: string[] = [];
  let isMade = false;
  try {
    const server = await requireScratch(admin, manifest);
    stopIfAborted(request.signal);
    const pgRestore = await findRestore(manifest, server, request.env);
    const listed = await listArchive(pgRestore, file, request);
    const database = quoteName(name);
    // Outside of a transaction nothing may stand beside it.
    await admin.outside(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`);
    isMade = true;
    await inCatalog(
      admin,
      `ALTER DATABASE ${database} SET search_path = ${quoteName(manifest.content.schema)}`,
    );
    const url = withDatabase(serverUrl, name);
    const problems: Problem[] = [];
    const scripted = await readFile(rolesFileOf(file), 'utf8');
    const scratch = await connect(url);
    try {
      // The archive brings its schema.
      if (/^\d+; \d+ \d+ SCHEMA - public /m.test(listed)) await inCatalog(scratch, 'DROP SCHEMA public');
      problems.push(...(await makeRoles(scratch, manifest, scripted, isShared, madeRoles)));
    } finally {
      await scratch.close();
    }
    request.onMessage(`restoring into ${server.name}, database ${name}`);
    const begun = performance.now();
    problems.push(...(await restore(pgRestore, file, url, name, request)));
    const restoreSeconds = (performance.now() - begun) / 1000;
    stopIfAborted(request.signal);
    request.onMessage('comparing it with the manifest');
    const db = await connect(url);
    try {
      const checked = await check(db, manifest, (team) =>
        openAsTeam(db, team, url, manifest, madeRoles, connect),
      );
      return {
        manifest,
        restoredInto: server.name,
        restoreSeconds,
        ...checked,
        problems: [...problems, ...checked.problems].slice(0, mostProblems),
      };
    } finally {
      await db.close();
    }
  } finally {
    if (isMade) await admin.outside(`DROP DATABASE ${quoteName(name)} WITH (FORCE)`).catch(() => {});
    for (const role of madeRoles.reverse())
      await inCatalog(admin, `DROP ROLE IF EXISTS ${quoteName(role)}`).catch(() => {});
    await admin.close();
  }
}

function inCatalog(db: Database, sql: string): Promise<void> {
  return db.transaction(() => db.script(sql), { begin: beginInCatalog() });
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

const ourRoles = ['lukhas_owner', 'lukhas_ingest', 'lukhas_service'];

/** @throws InputError `scratch-server` where a restore could not be whole, or would touch what is there */
async function requireScratch(admin: Database, manifest: Manifest): Promise<Server> {
  const [row] = await admin.transaction(
    () =>
      admin.query<{ login: string; superuser: boolean; major: number; version: string; bad: string[] }>(
        `SELECT current_user::text AS login, r.rolsuper AS superuser, current_setting('server_version_num')::int / 10000 AS major,
           current_setting('server_version') AS version,
           ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.rolname = ANY ($1) AND (o.rolcanlogin OR o.rolsuper OR o.rolbypassrls)) AS bad
         FROM pg_roles r WHERE r.rolname = current_user`,
        [ourRoles],
      ),
    { begin: beginInCatalog() },
  );
  if (row === undefined) throw new Error('no row about the session itself');
  const refuse = (message: string, fix: string) => new InputError({ code: 'scratch-server', message, fix });
  if (!row.superuser)
    throw refuse(
      `"${row.login}" is no superuser of the server to restore into: owners and roles could not be restored as they were`,
      'Name a superuser of a server that may be used so, or leave --server away: one is made here and thrown away.',
    );
  if (row.major < manifest.server_major)
    throw refuse(
      `the backup is of PostgreSQL ${manifest.server_major}, and the server to restore into is older: ${row.version}`,
      `Name a server of PostgreSQL ${manifest.server_major} or later, or leave --server away.`,
    );
  if (row.bad.length > 0)
    throw refuse(
      `the server has a role ${row.bad.join(', ')} that may log in or pass row-level security: what is restored there would prove nothing`,
      'Name another server, or leave --server away. Nothing was changed.',
    );
  return { name: `PostgreSQL ${row.version}`, major: row.major };
}

/** pg_restore reads archives of its own version and older ones, and speaks to servers of its own version and newer ones. */
async function findRestore(manifest: Manifest, server: Server, env: Env): Promise<string> {
  const majors = Array.from({ length: server.major - manifest.server_major + 1 }, (_, i) => server.major - i);
  const found = await findPrograms(['pg_restore'], majors, env);
  const fitting = majors.flatMap((major) => found.filter((one) => one.major === major))[0];
  if (fitting !== undefined) return path.join(fitting.folder, 'pg_restore');
  throw new InputError({
    code: 'pg-program',
    message:
      found[0] === undefined
        ? `pg_restore of PostgreSQL ${server.major} is not installed`
        : `pg_restore here is of PostgreSQL ${found[0].major}: the backup is of ${manifest.server_major}, the server to restore into of ${server.major}`,
    fix: packageOf(server.major, 'client'),
  });
}

/** @throws InputError `backup-foreign`, `backup-newer` where pg_restore cannot read the archive at all */
async function listArchive(program: string, file: string, { env, signal }: VerifyRequest): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, ['--list', file], {
    env: { ...cEnv(env) },
    signal,
  });
  if (code === 0) return stdout;
  const why = complaints(stderr)[0] ?? 'it did not say why';
  const isNewer = /unsupported version/.test(why);
  throw new InputError({
    code: isNewer ? 'backup-newer' : 'backup-foreign',
    message: `pg_restore cannot read the archive: ${why}`,
    fix: isNewer
      ? 'It was made by a newer pg_dump: install the programs of that version.'
      : 'Name the dump that `lukhas db backup` wrote.',
    place: { file },
  });
}

function cEnv({ PATH, HOME }: Env): Env {
  return { ...(PATH === undefined ? {} : { PATH }), ...(HOME === undefined ? {} : { HOME }), LC_ALL: 'C' };
}

/**
 * Makes the roles that the dump speaks of. On a server of ours by the backup's own script, so that it is tried as well; on one that is
 * named only those that are missing, which go again.
 */
async function makeRoles(
  db: Database,
  manifest: Manifest,
  script: string,
  isShared: boolean,
  made: string[],
): Promise<Problem[]> {
  const unspoken = manifest.roles.filter((role) => !script.includes(`CREATE ROLE ${unquotedName(role)} `));
  const problems = unspoken.map(
    (role): Problem => ({
      code: 'role-missing',
      what: role,
      expected: 'made by the roles\u2019 file',
      found: 'not in it',
    }),
  );
  if (!isShared) {
    try {
      await inCatalog(db, script);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      problems.push({ code: 'role-missing', what: 'the roles\u2019 file', found: error.message });
    }
    return problems;
  }
  const there = await db.transaction(
    () => db.query<{ name: string }>('SELECT rolname::text AS name FROM pg_roles'),
    { begin: beginInCatalog() },
  );
  const names = new Set(there.map(({ name }) => name));
  for (const role of manifest.roles) {
    if (names.has(role) || unspoken.includes(role)) continue;
    await inCatalog(db, `CREATE ROLE ${quoteName(role)} NOLOGIN`);
    made.push(role);
  }
  return problems;
}

/** As PostgreSQL's format('%I') writes it. */
function unquotedName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteName(name);
}

async function restore(
  program: string,
  file: string,
  url: string,
  database: string,
  { env, sslCa, signal }: VerifyRequest,
): Promise<Problem[]> {
  return withConnection(url, { env, sslCa }, async (connected) => {
    const jobs = Math.min(4, availableParallelism());
    const found = new Set<string>();
    let code: number | null = 0;
    // One after the other: else a foreign key of the parent may be there before a partition's rows, which are then checked by an
    // owner who has no rights yet.
    for (const section of ['pre-data', 'data', 'post-data']) {
      const args = ['--no-password', `--section=${section}`, `--jobs=${jobs}`, `--dbname=${database}`, file];
      const ended = await runProgram(program, args, { env: connected, signal });
      code ||= ended.code;
      for (const what of complaints(ended.stderr)) found.add(what);
    }
    // Some builds and wrappers end with 0 all the same.
    const said = [...found];
    if (code === 0 && said.length === 0) return [];
    const shown = said.slice(0, 5).map((what): Problem => ({ code: 'restore-errors', what }));
    if (shown.length === 0)
      shown.push({ code: 'restore-errors', what: `pg_restore ended with ${code ?? 'a signal'}` });
    if (said.length > 5) shown.push({ code: 'restore-errors', what: `and ${said.length - 5} more` });
    return shown;
  });
}

// What was restored

interface Asker {
  readonly db: Database;
  readonly begin: Begin;
}
interface TeamAskers {
  readonly login: Asker;
  readonly service: Asker;
  close?(): Promise<void>;
}
interface Team {
  readonly id: string;
  readonly slug: string;
}
type Checked = Pick<Verified, 'problems' | 'teamsAsked' | 'migrated'>;

async function check(
  db: Database,
  manifest: Manifest,
  openTeam: (team: Team) => Promise<TeamAskers>,
): Promise<Checked> {
  const { schema } = manifest.content;
  const nothing = { teamsAsked: 0, migrated: [] };
  const [place] = await db.transaction(
    () =>
      db.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
        `${quoteName(schema)}.lukhas_migrations`,
      ]),
    { begin: beginInCatalog() },
  );
  if (place?.there !== true)
    return {
      ...nothing,
      problems: [
        {
          code: 'foreign-schema',
          what: `the schema ${schema}`,
          expected: 'that of lukhas-ingest',
          found: 'no lukhas_migrations in it',
        },
      ],
    };
  let problems: Problem[];
  try {
    const content = await db.transaction(() => readContent(db, schema), {
      begin: beginIn(schema, ...contentSettings),
    });
    problems = compareContent(manifest.content, content);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return {
      ...nothing,
      problems: [{ code: 'foreign-schema', what: `the schema ${schema}`, found: error.message }],
    };
  }
  // Where the parts themselves are not there, questions say nothing more.
  if (problems.some(({ code }) => code === 'schema-version')) return { ...nothing, problems };
  const asked = await askQuestions(db, manifest, openTeam);
  problems.push(...asked.problems);
  let migrated: readonly string[] = [];
  if (problems.length === 0 && manifest.content.schema_version < migrations.length) {
    try {
      migrated = await migrate(db);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      problems.push({
        code: 'not-as-made',
        what: 'migrating it to this program\u2019s version',
        found: error.message,
      });
    }
  }
  if (manifest.content.schema_version === migrations.length || migrated.length > 0)
    problems.push(...(await ownDamage(db, schema, problems)));
  return { teamsAsked: asked.teams, migrated, problems };
}

/** What was wrong in the database already when it was dumped; what the comparison has named is not named twice. */
async function ownDamage(db: Database, schema: string, named: readonly Problem[]): Promise<Problem[]> {
  const { lost, slower, mendable } = await describeDamage(db, schema);
  const parts = new Set([...lost, ...slower, ...mendable.map(({ name }) => name)]);
  return [...parts]
    .filter((part) => {
      const words = part.split(/[ .]/).filter((word) => word.includes('_') || word.length > 8);
      return !named.some(({ what }) => words.some((word) => what.includes(word)));
    })
    .map(
      (part): Problem => ({
        code: 'not-as-made',
        what: part,
        found: 'so in the database that was dumped, too',
      }),
    );
}

/** The document's eight questions by teams' own logins: each must see what an administrator sees of its team, and nothing of another. */
async function askQuestions(
  db: Database,
  manifest: Manifest,
  openTeam: (team: Team) => Promise<TeamAskers>,
): Promise<{ readonly problems: Problem[]; readonly teams: number }> {
  const { schema } = manifest.content;
  const problems: Problem[] = [];
  const byAll: Asker = { db, begin: beginIn(schema, 'SET LOCAL statement_timeout = 0') };
  const teams = await ask<{ id: string; slug: string }>(
    byAll,
    `SELECT t.id, t.slug FROM teams t LEFT JOIN LATERAL (SELECT max(created_at) AS last FROM test_runs r WHERE r.team_id = t.id) r ON true
     WHERE t.deleted_at IS NULL ORDER BY r.last DESC NULLS LAST, t.slug LIMIT ${mostTeams}`,
  );
  for (const team of teams) {
    let askers: TeamAskers;
    try {
      askers = await openTeam(team);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      problems.push({ code: 'question', what: `the login of the team ${team.slug}`, found: error.message });
      continue;
    }
    try {
      const samples = await ask<{
        run: string | null;
        file: string | null;
        test: string | null;
        signature: string | null;
      }>(
        byAll,
        `SELECT (SELECT id FROM test_runs WHERE team_id = $1 ORDER BY created_at DESC LIMIT 1)::text AS run,
           (SELECT file_path FROM coverage_data WHERE team_id = $1 ORDER BY created_at DESC LIMIT 1) AS file, m.test_name AS test,
           m.failure_signature AS signature
         FROM (VALUES (1)) AS one LEFT JOIN LATERAL (SELECT test_name, failure_signature FROM healix_memories
           WHERE team_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1) AS m ON true`,
        [team.id],
      );
      const [sample] = samples;
      const other = teams.find(({ id }) => id !== team.id);
      for (const question of documentQuestions) {
        const asker = question.reader === 'lukhas_ingest' ? askers.login : askers.service;
        const params = (teamId: string): SqlValue[] =>
          question.params.map((name) => {
            if (name === 'team') return teamId;
            if (name === 'now') return manifest.created_at;
            return sample?.[name] ?? (name === 'run' ? '00000000-0000-0000-0000-000000000000' : '');
          });
        const what = `"${question.name}", asked by the team ${team.slug}`;
        try {
          const truth = await ask(byAll, question.sql, params(team.id));
          const seen = await ask(asker, question.sql, params(team.id));
          if (JSON.stringify(truth) !== JSON.stringify(seen))
            problems.push({ code: 'question', what, expected: rowsIn(truth), found: rowsIn(seen) });
          if (other === undefined) continue;
          const foreign = await ask(asker, question.sql, params(other.id));
          if (foreign.length > 0)
            problems.push({
              code: 'question',
              what: `${what} about ${other.slug}`,
              expected: 'nothing',
              found: rowsIn(foreign),
            });
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          problems.push({ code: 'question', what, expected: 'an answer', found: error.message });
        }
      }
      const hidden = await ask<{ rows: number }>(
        askers.login,
        'SELECT count(*) AS rows FROM test_runs WHERE team_id <> $1',
        [team.id],
      );
      if ((hidden[0]?.rows ?? 0) > 0)
        problems.push({
          code: 'question',
          what: `the runs of other teams, seen by the team ${team.slug}`,
          expected: 'none',
          found: `${hidden[0]?.rows}`,
        });
    } finally {
      await askers.close?.();
    }
  }
  return { problems, teams: teams.length };
}

function ask<R extends Record<string, unknown>>(
  { db, begin }: Asker,
  sql: string,
  params: readonly SqlValue[] = [],
): Promise<R[]> {
  return db.transaction(() => db.query<R>(sql, params), { begin });
}

function rowsIn(rows: readonly unknown[]): string {
  return rows.length === 1 ? '1 row' : `${rows.length} rows`;
}

/** Two logins made for the scratch database: one bound to the team, one of a back end that names it. */
async function openAsTeam(
  db: Database,
  team: Team,
  url: string,
  { content: { schema } }: Manifest,
  made: string[],
  connect: (url: string) => Promise<Database>,
): Promise<TeamAskers> {
  const password = randomBytes(18).toString('base64url');
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  const mark = randomBytes(5).toString('hex');
  const [login, service] = [`lukhas_verify_ci_${mark}`, `lukhas_verify_app_${mark}`];
  await db.transaction(
    async () => {
      await db.script(
        `CREATE ROLE ${login} LOGIN PASSWORD '${password}' IN ROLE lukhas_ingest; CREATE ROLE ${service} LOGIN PASSWORD '${password}' IN ROLE lukhas_service`,
      );
      await db.run('INSERT INTO team_credentials (role_name, team_id) VALUES ($1, $2)', [login, team.id]);
      await db.run('INSERT INTO service_credentials (role_name) VALUES ($1)', [service]);
    },
    { begin: beginIn(schema) },
  );
  made.push(login, service);
  const open = (user: string) => connect(connectionUrlFor(url, { user, password, database }));
  const asLogin = await open(login);
  try {
    const asService = await open(service);
    return {
      login: { db: asLogin, begin: beginIn(schema) },
      service: {
        db: asService,
        begin: beginIn(schema, `SELECT set_config('lukhas.team_id', '${uuidOf(team)}', true)`),
      },
      close: async () => {
        await asLogin.close();
        await asService.close();
      },
    };
  } catch (error) {
    await asLogin.close();
    throw error;
  }
}

/** It goes into SQL as text. */
function uuidOf({ id }: Team): string {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new Error('a team id that is no UUID');
  return id;
}
