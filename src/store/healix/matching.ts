// Which memory fits a failure, in SQL: one ranking and one notion of equal signatures for everything that asks. SQL texts only.

/** Best first; a memory that nobody ever rated comes last. */
export const ranking = (memory: string): string =>
  `${memory}.confidence DESC NULLS LAST, ${memory}.success_count DESC NULLS LAST, ${memory}.id`;

/** Whether the team wants to be told at all: everything but an explicit false in teams.features. */
export const healixEnabled = (team: string): string =>
  `coalesce((SELECT t.features ->> 'healix_enabled' FROM teams t WHERE t.id = ${team}), 'true') <> 'false'`;

/** Memories that may be shown to a team: its own and the shared ones, unless retired. */
export const visible = (memory: string, team: string): string =>
  `${memory}.deleted_at IS NULL AND (${memory}.team_id = ${team} OR ${memory}.team_id IS NULL)`;

/** Whether a stored signature is the one asked for: memories are stored with `md5:` and without. */
export const sameSignature = (stored: string, wanted: string): string =>
  `${stored} IN (${wanted}, substr(${wanted}, 5))`;

/**
 * The id of the best exact memory (same test, same failure signature) of one failure, as a scalar subquery: part of one
 * statement for all failures of a batch. Twice as fast as a join with DISTINCT ON, whose rows are sorted by long names.
 */
export const exactMatch = (failure: string, team: string): string => `(
      SELECT h.id FROM healix_memories h
      WHERE h.test_name = ${failure}.test_name AND ${sameSignature('h.failure_signature', `${failure}.failure_signature`)}
        AND ${visible('h', team)}
      ORDER BY ${ranking('h')} LIMIT 1)`;

/** Whether a memory is to be read with care: unused for long, or failed at least three times and as often as it worked. */
export const stale = (memory: string): string =>
  `(coalesce(${memory}.last_applied, ${memory}.created_at) < now() - interval '${staleDays} days'
    OR (${memory}.failure_count >= 3 AND ${memory}.failure_count >= ${memory}.success_count))`;

/** Days without use after which a memory is stale. */
export const staleDays = 180;

/** The mean of the Beta distribution after so many successes and failures, from a uniform prior, as the column keeps it. */
export const posteriorMean = (worked: string, failed: string): string =>
  `round((${worked} + 1)::numeric / (${worked} + ${failed} + 2), 2)`;
