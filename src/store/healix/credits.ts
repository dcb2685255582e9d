// Credits memories: a test failed as the memory says, and is green on a later commit of its branch. One credit each time it
// broke. SQL text for the last message of an upload.
import { posteriorMean } from './matching.ts';

/** How many runs of the branch and lane, and how many days, are looked at on either side of the run. */
const runsAround = 50;
const daysAround = 30;

/**
 * Statements of the PL/pgSQL block that stores a run, after the run's own row; `run` is a record of that row.
 *
 * A green result ends an episode unless it is of the very commit that failed last. The order in which uploads arrive does not
 * matter: each upload looks at the runs before and after its own, and credits are given for episodes that have none yet. The
 * lock makes uploads of one team see each other; it is taken in one message with COMMIT, so that no frozen client holds it.
 */
export const giveCredits = `
    IF run.git_branch NOT LIKE '%:%' AND run.git_sha IS NOT NULL
      AND EXISTS (SELECT FROM healix_memories h WHERE h.team_id = run.team_id) THEN
      PERFORM lukhas_lock_team();
      WITH near AS MATERIALIZED (
        SELECT id, created_at, git_sha, false AS later FROM (
          SELECT id, created_at, git_sha FROM test_runs
          WHERE team_id = run.team_id AND git_branch = run.git_branch AND lane IS NOT DISTINCT FROM run.lane AND git_sha IS NOT NULL
            AND job_name IS NOT DISTINCT FROM run.job_name AND (repository = run.repository) IS NOT FALSE
            AND (SELECT u.pull_request FROM ingest_uploads u WHERE u.team_id = run.team_id AND u.run_id = test_runs.id LIMIT 1)
              IS NOT DISTINCT FROM run.pull_request
            AND created_at <= run.created_at AND created_at > run.created_at - interval '${daysAround} days'
          ORDER BY created_at DESC LIMIT ${runsAround + 1}) AS before
        UNION ALL
        SELECT id, created_at, git_sha, true FROM (
          SELECT id, created_at, git_sha FROM test_runs
          WHERE team_id = run.team_id AND git_branch = run.git_branch AND lane IS NOT DISTINCT FROM run.lane AND git_sha IS NOT NULL
            AND job_name IS NOT DISTINCT FROM run.job_name AND (repository = run.repository) IS NOT FALSE
            AND (SELECT u.pull_request FROM ingest_uploads u WHERE u.team_id = run.team_id AND u.run_id = test_runs.id LIMIT 1)
              IS NOT DISTINCT FROM run.pull_request
            AND created_at > run.created_at AND created_at < run.created_at + interval '${daysAround} days'
          ORDER BY created_at LIMIT ${runsAround}) AS after
      ), broken AS MATERIALIZED (
        -- Each test's latest failure that a memory was found for.
        SELECT DISTINCT ON (r.test_name) r.test_name, n.id AS run_id
        FROM near n
        JOIN test_results r ON r.team_id = run.team_id AND r.outcome IN ('failed', 'error') AND r.created_at = n.created_at
          AND r.test_run_id = n.id
        WHERE r.healix_memory_id IS NOT NULL AND (n.id <> run.id OR EXISTS (SELECT FROM near WHERE later))
        ORDER BY r.test_name, n.created_at DESC, n.id DESC
      ), touched AS MATERIALIZED (
        -- Those that this upload may decide: green in it, or in it at all where later runs were uploaded before.
        SELECT b.test_name FROM broken b
        WHERE CASE WHEN EXISTS (SELECT FROM near WHERE later) THEN
            EXISTS (SELECT FROM test_results r WHERE r.team_id = run.team_id AND r.test_name = b.test_name
              AND r.created_at = run.created_at AND r.test_run_id = run.id)
          ELSE EXISTS (SELECT FROM test_results r WHERE r.team_id = run.team_id AND r.test_name = b.test_name
              AND r.created_at = run.created_at AND r.test_run_id = run.id AND r.outcome IN ('passed', 'xpassed'))
            AND NOT EXISTS (SELECT FROM healix_credits c WHERE c.team_id = run.team_id AND c.test_name = b.test_name
              AND c.failed_run_id = b.run_id)
          END
      ), told AS (
        -- One verdict a test and run, in order; a test that failed once in a run has failed in it.
        SELECT t.test_name, n.id AS run_id, n.created_at, n.git_sha, v.broken, v.memory_id,
          count(*) FILTER (WHERE v.broken) OVER line AS failures
        FROM touched t CROSS JOIN near n
        CROSS JOIN LATERAL (
          SELECT bool_or(r.outcome IN ('failed', 'error')) AS broken,
            (array_agg(r.healix_memory_id ORDER BY r.id) FILTER (WHERE r.healix_memory_id IS NOT NULL))[1] AS memory_id
          FROM test_results r
          WHERE r.team_id = run.team_id AND r.test_name = t.test_name AND r.created_at = n.created_at AND r.test_run_id = n.id
            AND r.outcome IN ('passed', 'xpassed', 'failed', 'error')
        ) v
        WHERE v.broken IS NOT NULL
        WINDOW line AS (PARTITION BY t.test_name ORDER BY n.created_at, n.id)
      ), ended AS (
        -- Counting the greens that end an episode from the latest back gives each episode a number of its own.
        SELECT *, count(*) FILTER (WHERE green) OVER (PARTITION BY test_name ORDER BY created_at DESC, run_id DESC) AS episode
        FROM (
          SELECT *, NOT broken AND failures > 0 AND git_sha <> first_value(git_sha)
            OVER (PARTITION BY test_name, failures ORDER BY created_at, run_id) AS green
          FROM told) AS greens
      ), episodes AS (
        SELECT test_name, (array_agg(run_id ORDER BY created_at) FILTER (WHERE green))[1] AS passed_run_id,
          (array_agg(created_at ORDER BY created_at) FILTER (WHERE green))[1] AS passed_at,
          (array_agg(run_id ORDER BY created_at DESC) FILTER (WHERE broken AND memory_id IS NOT NULL))[1] AS failed_run_id,
          (array_agg(memory_id ORDER BY created_at DESC) FILTER (WHERE broken AND memory_id IS NOT NULL))[1] AS memory_id
        FROM ended WHERE episode > 0 GROUP BY test_name, episode
      ), known AS (
        SELECT c.test_name, c.passed_run_id FROM healix_credits c
        WHERE c.team_id = run.team_id AND c.test_name IN (SELECT test_name FROM touched)
          AND c.passed_run_id IN (SELECT id FROM near) AND c.failed_run_id IN (SELECT id FROM near)
      ), due AS (
        -- An upload that arrives late may part one episode in two, or move its end: what counts is how many there are.
        SELECT e.*, row_number() OVER (PARTITION BY e.test_name ORDER BY e.passed_at DESC) AS place,
          count(*) OVER (PARTITION BY e.test_name) AS missing
        FROM episodes e
        WHERE e.memory_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM known k WHERE k.test_name = e.test_name AND k.passed_run_id = e.passed_run_id)
          -- Jobs of a matrix, or a push and its pull request, that turn green by one commit tell of one repair.
          AND NOT EXISTS (
            SELECT FROM healix_credits c
            JOIN test_runs p ON p.team_id = c.team_id AND p.id = c.passed_run_id AND p.created_at = lukhas_run_ts(c.passed_run_id)
            WHERE c.team_id = run.team_id AND c.test_name = e.test_name AND c.memory_id = e.memory_id
              AND p.git_branch = run.git_branch
              AND p.git_sha = (SELECT n.git_sha FROM near n WHERE n.id = e.passed_run_id)
              AND c.passed_run_id NOT IN (SELECT id FROM near))
      ), given AS (
        INSERT INTO healix_credits (team_id, passed_run_id, failed_run_id, test_name, memory_id)
        SELECT run.team_id, d.passed_run_id, d.failed_run_id, d.test_name, d.memory_id FROM due d
        WHERE d.place <= d.missing - (
          SELECT count(*) FROM known k WHERE k.test_name = d.test_name AND NOT EXISTS (
            SELECT FROM episodes e WHERE e.test_name = k.test_name AND e.passed_run_id = k.passed_run_id AND e.memory_id IS NOT NULL))
        ON CONFLICT DO NOTHING
        RETURNING memory_id, passed_run_id
      ), learned AS MATERIALIZED (
        -- Locked in one order, because uploads of two branches may teach the same memories.
        SELECT h.id FROM healix_memories h
        WHERE h.id IN (SELECT memory_id FROM given) AND h.team_id = run.team_id ORDER BY h.id FOR NO KEY UPDATE
      )
      UPDATE healix_memories h
      SET success_count = coalesce(h.success_count, 0) + g.times,
        confidence = ${posteriorMean('(coalesce(h.success_count, 0) + g.times)', 'coalesce(h.failure_count, 0)')},
        last_applied = greatest(h.last_applied, g.at)
      FROM (SELECT g.memory_id, count(*)::int AS times, max(n.created_at) AS at
            FROM given g JOIN near n ON n.id = g.passed_run_id GROUP BY g.memory_id) AS g
      WHERE h.team_id = run.team_id AND h.id = g.memory_id AND h.id IN (SELECT id FROM learned);
    END IF;`;
