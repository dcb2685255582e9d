// What a test function was called before, and what it is called later: the renames that runs showed.
import type { Database, Row } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import { suiteOf } from '../schema/repository.ts';

/** A renamed function, `file::Class::function`, and the first run that showed it. */
export interface SeenRename {
  readonly from: string;
  readonly to: string;
  readonly gitSha: string | undefined;
  readonly seenAt: Date;
}

/** The names of one function in one repository and project. */
export interface SuiteNames {
  /** See suiteOf. */
  readonly suite: string;
  /** How it came by its name, the last rename first. */
  readonly former: readonly SeenRename[];
  /** Where its name went, a list for each way, the first rename first. */
  readonly later: readonly (readonly SeenRename[])[];
}

/** A name is looked for in so many repositories and projects, followed so many renames, and so many ways forward. */
const most = { suites: 20, steps: 5, ways: 3 } as const;

/**
 * The renames into and out of the name of a test's function, inside a transaction of the team.
 *
 * @param only of this repository and project; undefined: of all that the team has
 */
export async function readSuiteNames(
  db: Database,
  access: Access,
  testName: string,
  only?: { readonly repository: string; readonly project: string | undefined },
): Promise<readonly SuiteNames[]> {
  // Without parameters.
  const [functionName = ''] = testName.split('[', 1);
  const rows = await db.query<StoredRename>(namesSql, [
    access.team.id,
    functionName,
    only?.repository ?? null,
    only?.project ?? null,
  ]);
  const found = new Map<string, { former: SeenRename[]; later: Map<number, SeenRename[]> }>();
  for (const row of rows) {
    const suite = found.get(row.suite) ?? { former: [], later: new Map<number, SeenRename[]>() };
    found.set(row.suite, suite);
    const rename = {
      from: row.former,
      to: row.name,
      gitSha: row.git_sha ?? undefined,
      seenAt: row.created_at,
    };
    if (row.way === 0) suite.former.push(rename);
    else suite.later.set(row.way, [...(suite.later.get(row.way) ?? []), rename]);
  }
  return [...found].map(([suite, { former, later }]) => ({ suite, former, later: [...later.values()] }));
}

type StoredRename = Row & {
  readonly suite: string;
  /** 0: a former name; else the number of the way forward. */
  readonly way: number;
  readonly name: string;
  readonly former: string;
  readonly git_sha: string | null;
  readonly created_at: Date;
};

// Back, the newest rename before the younger one counts, as in the judging; forward, the newest of each name. A circle ends by its times.
const namesSql = `
  WITH RECURSIVE suites AS MATERIALIZED (
    SELECT DISTINCT a.suite_id FROM test_aliases a WHERE a.team_id = $1 AND (a.name = $2 OR a.former = $2)
      AND ($3::text IS NULL OR a.suite_id = (SELECT ${suiteOf('o')} FROM (SELECT $3::text AS repository, $4::text AS project) AS o))
    LIMIT ${most.suites}
  ), back AS (
    SELECT s.suite_id, NULL::varchar AS name, $2::varchar AS former, NULL::varchar AS git_sha, 'infinity'::timestamptz AS created_at, 0 AS step
    FROM suites s
    UNION ALL
    SELECT b.suite_id, a.name, a.former, a.git_sha, a.created_at, b.step + 1
    FROM back b CROSS JOIN LATERAL (
      SELECT a.name, a.former, a.git_sha, a.created_at FROM test_aliases a
      WHERE a.team_id = $1 AND a.suite_id = b.suite_id AND a.name = b.former AND a.created_at < b.created_at
      ORDER BY a.created_at DESC LIMIT 1) AS a
    WHERE b.step < ${most.steps}
  ), ways AS (
    SELECT w.*, row_number() OVER (PARTITION BY w.suite_id ORDER BY w.created_at DESC, w.name) AS way FROM (
      SELECT DISTINCT ON (a.suite_id, a.name) a.suite_id, a.name, a.former, a.git_sha, a.created_at
      FROM suites s JOIN test_aliases a ON a.team_id = $1 AND a.suite_id = s.suite_id AND a.former = $2
      ORDER BY a.suite_id, a.name, a.created_at DESC) AS w
  ), forth AS (
    SELECT w.suite_id, w.way, w.name, w.former, w.git_sha, w.created_at, 1 AS step FROM ways w WHERE w.way <= ${most.ways}
    UNION ALL
    SELECT f.suite_id, f.way, a.name, a.former, a.git_sha, a.created_at, f.step + 1
    FROM forth f CROSS JOIN LATERAL (
      SELECT a.name, a.former, a.git_sha, a.created_at FROM test_aliases a
      WHERE a.team_id = $1 AND a.suite_id = f.suite_id AND a.former = f.name AND a.created_at > f.created_at
      ORDER BY a.created_at DESC, a.name LIMIT 1) AS a
    WHERE f.step < ${most.steps}
  )
  SELECT suite_id::text AS suite, 0 AS way, name, former, git_sha, created_at, step FROM back WHERE step > 0
  UNION ALL
  SELECT suite_id::text, way::int, name, former, git_sha, created_at, step FROM forth
  ORDER BY suite, way, step`;
