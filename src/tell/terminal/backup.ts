// Words of `lukhas db backup` and `lukhas db verify-backup`. What a backup or a program said is made safe here.
import { safeLine } from '../safe.ts';
import { sizeOf } from './doctor.ts';
import type { Paint } from './terminal.ts';

interface ManifestWords {
  readonly created_at: string;
  readonly server: string;
  readonly database: string;
  readonly roles: readonly string[];
  readonly dump: { readonly bytes: number; readonly sha256: string };
  readonly content: {
    readonly schema: string;
    readonly schema_version: number;
    readonly tables: readonly {
      readonly name: string;
      readonly rows: number | null;
      readonly parent: string | null;
    }[];
    readonly indexes: readonly unknown[];
  };
}

export interface BackupWords {
  readonly files: readonly string[];
  readonly manifest: ManifestWords;
}

export interface ProblemWords {
  readonly code: string;
  readonly what: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

export interface VerifiedWords {
  readonly manifest: ManifestWords;
  readonly problems: readonly ProblemWords[];
  readonly restoredInto: string | undefined;
  readonly restoreSeconds: number;
  readonly teamsAsked: number;
  readonly migrated: readonly string[];
}

export function renderBackup({ files, manifest }: BackupWords, paint: Paint): string[] {
  return [
    ...contentLines(manifest),
    ...files.map((file, index) =>
      line(index === 0 ? 'written' : '', `${file}${index === 0 ? `, ${sizeOf(manifest.dump.bytes)}` : ''}`),
    ),
    line('sha256', manifest.dump.sha256),
    '',
    `${paint.green('\u2713')} backed up; whether it can be restored: lukhas db verify-backup ${safeLine(files[0] ?? '')}`,
  ];
}

export function renderVerified(verified: VerifiedWords, paint: Paint): string[] {
  const { manifest, problems, restoredInto, restoreSeconds, teamsAsked, migrated } = verified;
  const lines = [line('made', `${manifest.created_at} of ${manifest.database}`), ...contentLines(manifest)];
  if (restoredInto !== undefined)
    lines.push(line('restored', `in ${restoreSeconds.toFixed(1)} s into ${restoredInto}; dropped again`));
  if (teamsAsked > 0)
    lines.push(
      line(
        'asked',
        `the document\u2019s eight questions, by ${teamsAsked} ${teamsAsked === 1 ? 'team' : 'teams'}`,
      ),
    );
  if (migrated.length > 0)
    lines.push(
      line('older', `after a restore: lukhas db migrate (${migrated.length} tried in the scratch database)`),
    );
  if (problems.length === 0) return [...lines, '', paint.green('\u2713 the backup is whole')];
  return [
    ...lines,
    '',
    ...problems.slice(0, 40).map((problem) => `${paint.red('\u2717')} ${describeProblem(problem)}`),
    ...(problems.length > 40 ? [`  and ${problems.length - 40} more: --json`] : []),
    '',
    paint.red('\u2717 the backup is damaged: do not rely on it'),
    paint.dim('  Make a new one (lukhas db backup), and keep the last one that was whole.'),
  ];
}

const titles: Readonly<Record<string, string>> = {
  truncated: 'the file is cut off',
  changed: 'the file is not the one that was written',
  'role-missing': 'a role is missing',
  'restore-errors': 'the restore had an error',
  'foreign-schema': 'this is no database of lukhas-ingest',
  'schema-version': 'the schema is of another version',
  'table-missing': 'a table is missing',
  'table-added': 'a table is not in the manifest',
  'partition-bounds': 'a partition is not where it was',
  rows: 'rows are missing or too many',
  'row-security': 'row-level security is not as it was',
  'force-row-security': 'FORCE ROW LEVEL SECURITY is not as it was',
  owner: 'an owner is not as it was',
  grant: 'a right is not as it was',
  policy: 'a policy is not as it was',
  structure: 'a part of the schema is not as it was',
  'index-missing': 'an index is missing',
  'index-invalid': 'an index cannot be used',
  sequence: 'a sequence is not where it was',
  'not-as-made': 'not as the migrations make it',
  question: 'a question has another answer',
};

/** A problem as one line: `rows are missing or too many: test_runs_2026_11 (expected 12, found 0)`. */
export function describeProblem({ code, what, expected, found }: ProblemWords): string {
  const both = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [expected === undefined ? found : `found ${found}`]),
  ];
  return safeLine(
    `${titles[code] ?? code}: ${what.slice(0, 500)}${both.length === 0 ? '' : ` (${both.join(', ').slice(0, 500)})`}`,
  );
}

function contentLines({ server, content, roles }: ManifestWords): string[] {
  const rows = content.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const partitions = content.tables.filter(({ parent }) => parent !== null).length;
  return [
    line('server', server),
    line('schema', `version ${content.schema_version}, in ${content.schema}`),
    line(
      'holds',
      `${rows} rows in ${content.tables.length - partitions} tables and ${partitions} partitions, ${content.indexes.length} indexes, ${roles.length} roles`,
    ),
  ];
}

function line(name: string, value: string): string {
  return `${name.padEnd(10)}${safeLine(value)}`;
}

export function backupJson({ files, manifest }: BackupWords): Record<string, unknown> {
  return { files, ...manifestJson(manifest) };
}

export function verifiedJson(verified: VerifiedWords): Record<string, unknown> {
  return {
    whole: verified.problems.length === 0,
    problems: verified.problems.map((problem) => ({
      code: problem.code,
      what: problem.what,
      expected: problem.expected,
      found: problem.found,
      message: describeProblem(problem),
    })),
    restored_into: verified.restoredInto,
    restore_seconds: verified.restoreSeconds,
    teams_asked: verified.teamsAsked,
    migrated: verified.migrated,
    ...manifestJson(verified.manifest),
  };
}

function manifestJson({
  created_at,
  server,
  database,
  dump,
  content,
}: ManifestWords): Record<string, unknown> {
  return {
    created_at,
    server,
    database,
    schema: content.schema,
    schema_version: content.schema_version,
    bytes: dump.bytes,
    sha256: dump.sha256,
    tables: content.tables.filter(({ rows }) => rows !== null).map(({ name, rows }) => ({ name, rows })),
  };
}
