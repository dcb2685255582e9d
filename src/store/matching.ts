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

/** A failure's signature in both forms that memories are stored with: `md5:…` and the bare digits. */
export const signatureForms = (signature: string): string =>
  `(VALUES (${signature}), (substr(${signature}, 5)))`;

/**
 * A SELECT of the best exact memory (same test, same failure signature) of every failure among `results`: columns test_name,
 * failure_signature, memory_id. One statement for any number of failures; row-level security applies to it.
 */
export function exactMatches(results: string, team: string): string {
  return `
      SELECT DISTINCT ON (f.test_name, f.failure_signature) f.test_name, f.failure_signature, h.id AS memory_id
      FROM (SELECT DISTINCT test_name, failure_signature FROM ${results}
            WHERE outcome IN ('failed', 'error') AND failure_signature IS NOT NULL) f
      CROSS JOIN LATERAL ${signatureForms('f.failure_signature')} AS form (signature)
      JOIN healix_memories h ON h.test_name = f.test_name AND h.failure_signature = form.signature
      WHERE ${visible('h', team)}
      ORDER BY f.test_name, f.failure_signature, ${ranking('h')}`;
}

/** Whether a memory is to be read with care: unused for long, or failed at least three times and as often as it worked. */
export const stale = (memory: string): string =>
  `(coalesce(${memory}.last_applied, ${memory}.created_at) < now() - interval '${staleDays} days'
    OR (${memory}.failure_count >= 3 AND ${memory}.failure_count >= ${memory}.success_count))`;

/** Days without use after which a memory is stale. */
export const staleDays = 180;

/** The mean of the Beta distribution after so many successes and failures, from a uniform prior, as the column keeps it. */
export const posteriorMean = (worked: string, failed: string): string =>
  `round((${worked} + 1)::numeric / (${worked} + ${failed} + 2), 2)`;
