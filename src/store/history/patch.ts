// The lines that stored runs of one commit covered, of a few files. Decides nothing: what they mean for a change is decided in
// src/judge/patch.ts.
import type { MeasuredFile } from '../../model.ts';
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';

/** A stored run. `at`: milliseconds since 1970. */
interface StoredRun {
  readonly runId: string;
  readonly at: number;
}

/** Files whose covered lines differ are looked at, at most so many. */
const mostFiles = 500;

/**
 * Reads the lines of some files in some runs; inside a transaction of the team. Runs in which a file has the same lines and branches,
 * as in most jobs of one commit, share a row, in the order of the runs.
 */
export async function readMeasuredFiles(
  db: Database,
  access: Access,
  { runs, paths }: { readonly runs: readonly StoredRun[]; readonly paths: readonly string[] },
): Promise<MeasuredFile[]> {
  if (runs.length === 0 || paths.length === 0) return [];
  // As JSON: the embedded database gives arrays as text.
  return db.query<MeasuredFile & Row>(
    `SELECT c.file_path AS "filePath", to_json(c.covered_lines) AS "coveredLines", to_json(c.missing_lines) AS "missingLines",
       coalesce(c.total_branches, 0) AS "totalBranches",
       CASE WHEN c.missing_branches IS NOT NULL THEN to_json(ARRAY(SELECT unnest(c.executed_branches))) END AS "executedBranches",
       CASE WHEN c.executed_branches IS NOT NULL THEN to_json(ARRAY(SELECT unnest(c.missing_branches))) END AS "missingBranches"
     FROM unnest($2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS r (id, at, place)
     JOIN coverage_data c ON c.team_id = $1 AND c.test_run_id = r.id AND c.created_at = r.at
     WHERE c.file_path = ANY ($4::text[]) AND c.covered_lines IS NOT NULL AND c.missing_lines IS NOT NULL
     GROUP BY c.file_path, c.covered_lines, c.missing_lines, c.total_branches, c.executed_branches, c.missing_branches
     ORDER BY min(r.place)`,
    [
      access.team.id,
      runs.map(({ runId }) => runId),
      runs.map(({ at }) => new Date(at).toISOString()),
      [...paths],
    ],
  );
}

/** Lines are added up where the runs together have at most so many statements; where a file has the same lines in several, once. */
const mostStatements = 2_000_000;

/**
 * Adds up the lines of several runs of one commit, file by file; undefined where a run has files without lines, or they are too many.
 * Inside a transaction of the team.
 */
export async function readCoveredTogether(
  db: Database,
  access: Access,
  runs: readonly StoredRun[],
): Promise<{ readonly statements: number; readonly covered: number } | undefined> {
  const ids = runs.map(({ runId }) => runId);
  const times = runs.map(({ at }) => new Date(at).toISOString());
  const [row] = await db.query<{ statements: string; covered: string }>(
    `WITH files AS (
       SELECT DISTINCT c.file_path, c.covered_lines, c.missing_lines, c.total_statements
       FROM unnest($2::uuid[], $3::timestamptz[]) AS r (id, at)
       JOIN coverage_data c ON c.team_id = $1 AND c.test_run_id = r.id AND c.created_at = r.at
     ), lines AS (
       SELECT file_path, line, bool_or(is_covered) AS is_covered
       FROM files, LATERAL (
         SELECT unnest(covered_lines) AS line, true AS is_covered UNION ALL SELECT unnest(missing_lines), false
       ) AS measured
       WHERE (SELECT sum(total_statements) <= ${mostStatements}
                AND bool_and(cardinality(covered_lines) + cardinality(missing_lines) = total_statements) FROM files)
       GROUP BY file_path, line
     )
     SELECT count(*) AS statements, count(*) FILTER (WHERE is_covered) AS covered FROM lines`,
    [access.team.id, ids, times],
  );
  const statements = Number(row?.statements ?? 0);
  return statements === 0 ? undefined : { statements, covered: Number(row?.covered ?? 0) };
}

/** Files whose covered lines in one run are not those of another one, at most 500; inside a transaction of the team. */
export async function readDifferentlyCovered(
  db: Database,
  access: Access,
  { here, there }: { readonly here: StoredRun; readonly there: StoredRun },
): Promise<string[]> {
  const rows = await db.query<{ file_path: string }>(
    `SELECT there.file_path FROM coverage_data there
     LEFT JOIN coverage_data here ON here.team_id = $1 AND here.test_run_id = $2 AND here.created_at = $3
       AND here.file_path = there.file_path
     WHERE there.team_id = $1 AND there.test_run_id = $4 AND there.created_at = $5
       AND here.covered_lines IS DISTINCT FROM there.covered_lines
     ORDER BY there.file_path LIMIT ${mostFiles}`,
    [access.team.id, here.runId, new Date(here.at), there.runId, new Date(there.at)],
  );
  return rows.map((row) => row.file_path);
}
