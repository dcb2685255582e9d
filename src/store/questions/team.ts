// What the team does: how much it runs, who, what its memories are worth, and which reviews are blocked. Queries 3, 6, 7 and 8 of the
// schema document.
import { InputError } from '../../errors.ts';
import type { Database, Row } from '../database/port.ts';
import { type Access, inTeam } from '../schema/access.ts';
import { dayRows } from './days.ts';
import { textOf } from './runs.ts';
import { Params, type Scope, whyNone } from './scope.ts';

/** What was run in one month (UTC). */
export interface MonthlyUse {
  readonly month: Date;
  readonly runs: number;
  readonly tests: number;
  readonly failedRuns: number;
  /** Over the runs that say it. */
  readonly hours: number;
  /** Mean of the runs that have it. */
  readonly coveragePercent: number | undefined;
}

/**
 * Months of a scope, the newest first: query 7.
 *
 * @throws InputError where no run is of the scope
 */
export function readUsage(db: Database, access: Access, scope: Scope): Promise<readonly MonthlyUse[]> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const rows = await db.query<Row>(
      `SELECT date_trunc('month', d.day::timestamp) AT TIME ZONE 'UTC' AS month, sum(d.runs)::int AS runs, sum(d.tests)::float8 AS tests,
         (sum(d.runs) - sum(d.green_runs))::int AS failed_runs, (sum(d.seconds) / 3600)::float8 AS hours,
         (sum(d.coverage_sum) / NULLIF(sum(d.covered_runs), 0))::float8 AS coverage
       FROM ${dayRows(scope, params, db, { evidence: false })} AS d GROUP BY 1 ORDER BY 1 DESC`,
      params.values,
    );
    if (rows.length === 0) throw await whyNone(db, access, scope);
    return rows.map((row) => ({
      month: row.month as Date,
      runs: Number(row.runs),
      tests: Number(row.tests),
      failedRuns: Number(row.failed_runs),
      hours: Number(row.hours),
      coveragePercent: row.coverage === null ? undefined : Number(row.coverage),
    }));
  });
}

/** A person of the team. */
export interface PersonActivity {
  readonly lambdaId: string;
  readonly displayName: string | undefined;
  readonly lastLoginAt: Date | undefined;
  /** Runs with the person's id in the time that was asked for. */
  readonly runs: number;
  readonly lastRunAt: Date | undefined;
}

/**
 * Who ran what, those that logged in last first, those that never did last: query 6.
 *
 * @param since runs from this time on
 */
export function readActivity(
  db: Database,
  access: Access,
  { since, limit }: { readonly since: Date; readonly limit: number },
): Promise<{ readonly people: readonly PersonActivity[]; readonly total: number }> {
  return inTeam(db, access, async () => {
    const rows = await db.query<Row>(
      // Person by person from an index: grouping the runs by person would take longer than counting them.
      `SELECT u.lambda_id, u.display_name, u.last_login_at, r.runs, r.last_run, (count(*) OVER ())::int AS total
       FROM users u CROSS JOIN LATERAL (
         SELECT count(*)::int AS runs, max(r.created_at) AS last_run FROM test_runs r
         WHERE r.team_id = $1 AND r.lambda_id = u.lambda_id AND r.created_at >= $2) AS r
       WHERE u.team_id = $1 AND u.deleted_at IS NULL ORDER BY u.last_login_at DESC NULLS LAST, r.runs DESC, u.lambda_id LIMIT $3`,
      [access.team.id, since, limit],
    );
    return {
      total: Number(rows[0]?.total ?? 0),
      people: rows.map((row) => ({
        lambdaId: String(row.lambda_id),
        displayName: textOf(row.display_name),
        lastLoginAt: (row.last_login_at as Date | null) ?? undefined,
        runs: Number(row.runs),
        lastRunAt: (row.last_run as Date | null) ?? undefined,
      })),
    };
  });
}

/** What a memory that was tried is worth. */
export interface MemoryRate {
  readonly memoryId: string;
  readonly testName: string;
  readonly solutionType: string | undefined;
  /** 0 to 1. */
  readonly confidence: number | undefined;
  readonly successCount: number;
  readonly failureCount: number;
  /** 0 to 1. */
  readonly successRate: number;
  readonly matrizStar: string | undefined;
}

/** Memories of the team that were tried at least five times, the best first: query 8. Retired ones are left out. */
export function readMemoryRates(
  db: Database,
  access: Access,
  limit: number,
): Promise<{ readonly rates: readonly MemoryRate[]; readonly more: boolean }> {
  return inTeam(db, access, async () => {
    const rate = 'round(h.success_count::numeric / NULLIF(h.success_count + h.failure_count, 0)::numeric, 3)';
    const rows = await db.query<Row>(
      `SELECT h.id::text AS id, h.test_name, h.solution_type, h.confidence::float8 AS confidence, h.success_count, h.failure_count,
         ${rate}::float8 AS rate, h.matriz_star
       FROM healix_memories h WHERE h.team_id = $1 AND h.success_count + h.failure_count >= 5 AND h.deleted_at IS NULL AND h.state = 'active'
       ORDER BY ${rate} DESC, h.confidence DESC NULLS LAST, h.id LIMIT $2`,
      [access.team.id, limit + 1],
    );
    return {
      more: rows.length > limit,
      rates: rows.slice(0, limit).map((row) => ({
        memoryId: String(row.id),
        testName: String(row.test_name),
        solutionType: textOf(row.solution_type),
        confidence: row.confidence === null ? undefined : Number(row.confidence),
        successCount: Number(row.success_count),
        failureCount: Number(row.failure_count),
        successRate: Number(row.rate),
        matrizStar: textOf(row.matriz_star),
      })),
    };
  });
}

/** A review that Guardian blocks. */
export interface BlockedReview {
  readonly reviewId: string;
  readonly pullRequest: number | undefined;
  readonly gitSha: string;
  readonly branch: string | undefined;
  readonly createdAt: Date;
  /** What the review says under `stars.guardian`, as JSON. */
  readonly guardian: unknown;
}

/**
 * Reviews with the star Guardian BLOCKED, the newest first: query 3.
 *
 * @throws InputError `no-reviews` where none is stored
 */
export function listBlocked(
  db: Database,
  access: Access,
  scope: Pick<Scope, 'branch' | 'since'>,
  limit: number,
): Promise<{ readonly reviews: readonly BlockedReview[]; readonly more: boolean }> {
  return inTeam(db, access, async () => {
    const params = new Params(access);
    const since = scope.since === undefined ? '' : `AND c.created_at >= ${params.add(scope.since)}`;
    const branch = scope.branch === undefined ? '' : `AND c.git_branch = ${params.add(scope.branch)}`;
    const rows = await db.query<Row>(
      `SELECT c.id::text AS id, c.pr_number, c.git_sha, c.git_branch, c.created_at, c.matriz_analysis #> '{stars,guardian}' AS guardian
       FROM consciousness_reviews c WHERE c.team_id = $1 AND c.guardian_status = 'BLOCKED' ${since} ${branch}
       ORDER BY c.created_at DESC LIMIT ${params.add(limit + 1)}::int`,
      params.values,
    );
    if (rows.length === 0) {
      const any = await db.query('SELECT FROM consciousness_reviews c WHERE c.team_id = $1 LIMIT 1', [
        access.team.id,
      ]);
      if (any.length === 0)
        throw new InputError({
          code: 'no-reviews',
          message: `no review of team ${access.team.slug} is stored`,
          fix: 'MATRIZ writes reviews into consciousness_reviews.',
        });
    }
    return {
      more: rows.length > limit,
      reviews: rows.slice(0, limit).map((row) => ({
        reviewId: String(row.id),
        pullRequest: row.pr_number === null ? undefined : Number(row.pr_number),
        gitSha: String(row.git_sha),
        branch: textOf(row.git_branch),
        createdAt: row.created_at as Date,
        guardian: row.guardian,
      })),
    };
  });
}
