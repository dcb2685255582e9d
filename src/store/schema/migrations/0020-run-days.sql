-- Purpose: answer for a year from the sums of its days: run_days is kept while runs are stored, changed and deleted, so that trends and use
--   read days and not runs; count a person's runs from an index alone; and list memories by success in the order of an index.
-- Locks: test_runs, partitions of test_runs, teams: SHARE ROW EXCLUSIVE; healix_memories: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP TRIGGER sum_stored_runs, sum_changed_runs and sum_deleted_runs ON test_runs; DROP FUNCTION lukhas_sum_runs,
--   lukhas_run_sums; DROP TABLE run_days; DROP INDEX idx_test_runs_author, idx_healix_rate; create
--   idx_healix_success_rate as 0002 does.

-- step: the sums and what keeps them
-- The runs of a UTC day under one set of names; NULL is a name, too.
CREATE TABLE run_days (
  team_id UUID NOT NULL CONSTRAINT run_days_team_id_fkey REFERENCES teams (id),
  -- md5 of the five names.
  scope_id UUID NOT NULL,
  day DATE NOT NULL,
  -- Whether the runs count in comparisons: not those of strangers, nor reports older than their commit.
  evidence BOOLEAN NOT NULL,
  runs INTEGER NOT NULL,
  -- Nothing failed and nothing broke.
  green_runs INTEGER NOT NULL,
  -- failed > 0, whatever errors says.
  failed_runs INTEGER NOT NULL,
  -- Runs that say how long they took, and how much they covered.
  timed_runs INTEGER NOT NULL,
  covered_runs INTEGER NOT NULL,
  tests BIGINT NOT NULL,
  passed BIGINT NOT NULL,
  -- Passed, failed or broken.
  ran BIGINT NOT NULL,
  seconds NUMERIC NOT NULL,
  coverage_sum NUMERIC NOT NULL,
  repository_host TEXT,
  repository TEXT,
  lane VARCHAR(50),
  job_name TEXT,
  -- NULL: all branches, and runs without one. Each run is summed there, and once more under its branch.
  git_branch VARCHAR(255),
  CONSTRAINT run_days_pkey PRIMARY KEY (team_id, scope_id, day, evidence)
) WITH (fillfactor = 80);
CREATE INDEX idx_run_days_branch ON run_days (team_id, git_branch, day);
ALTER TABLE run_days ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON run_days USING (team_id = (SELECT lukhas_team_id()));

-- Adds runs to their days, or takes them away: %s stands for their rows with `sign`, 1 or -1. In one order, so that two uploads of
-- one day wait for each other and do not lock each other out.
CREATE FUNCTION lukhas_run_sums() RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT $sums$
    INSERT INTO run_days AS d (team_id, scope_id, day, evidence, runs, green_runs, failed_runs, timed_runs, covered_runs, tests, passed, ran,
      seconds, coverage_sum, repository_host, repository, lane, job_name, git_branch)
    SELECT r.team_id, md5(ROW(r.repository_host, r.repository, r.lane, r.job_name, b.git_branch)::text)::uuid, (r.created_at AT TIME ZONE 'UTC')::date,
      coalesce(r.origin, CASE WHEN r.git_branch LIKE '%%:%%' THEN 'stranger' END, '') <> 'stranger' AND r.stale IS NOT TRUE,
      sum(r.sign), coalesce(sum(r.sign) FILTER (WHERE coalesce(r.failed, 0) + coalesce(r.errors, 0) = 0), 0),
      coalesce(sum(r.sign) FILTER (WHERE r.failed > 0), 0), coalesce(sum(r.sign) FILTER (WHERE r.duration_seconds IS NOT NULL), 0),
      coalesce(sum(r.sign) FILTER (WHERE r.coverage_percent IS NOT NULL), 0), sum(r.sign * r.total_tests::bigint), sum(r.sign * coalesce(r.passed, 0)::bigint),
      sum(r.sign * (coalesce(r.passed, 0)::bigint + coalesce(r.failed, 0) + coalesce(r.errors, 0))),
      sum(r.sign * coalesce(r.duration_seconds, 0)), sum(r.sign * coalesce(r.coverage_percent, 0)),
      r.repository_host, r.repository, r.lane, r.job_name, b.git_branch
    FROM (%s) AS r CROSS JOIN LATERAL (SELECT NULL::varchar(255) UNION ALL SELECT r.git_branch WHERE r.git_branch IS NOT NULL) AS b (git_branch)
    GROUP BY r.team_id, 3, 4, r.repository_host, r.repository, r.lane, r.job_name, b.git_branch
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (team_id, scope_id, day, evidence) DO UPDATE SET runs = d.runs + excluded.runs, green_runs = d.green_runs + excluded.green_runs,
      failed_runs = d.failed_runs + excluded.failed_runs, timed_runs = d.timed_runs + excluded.timed_runs,
      covered_runs = d.covered_runs + excluded.covered_runs, tests = d.tests + excluded.tests, passed = d.passed + excluded.passed,
      ran = d.ran + excluded.ran, seconds = d.seconds + excluded.seconds, coverage_sum = d.coverage_sum + excluded.coverage_sum
  $sums$
$$;

-- Months that are there already: their runs are summed by steps of their own, and so long those that come are not.
CREATE TABLE run_days_pending (leaf REGCLASS PRIMARY KEY, lower_bound TIMESTAMPTZ NOT NULL, upper_bound TIMESTAMPTZ NOT NULL);

CREATE FUNCTION lukhas_sum_runs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format(lukhas_run_sums(), 'SELECT r.* FROM (' || CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'
    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END
    || ') AS r WHERE NOT EXISTS (SELECT FROM run_days_pending p WHERE r.created_at >= p.lower_bound AND r.created_at < p.upper_bound)');
  RETURN NULL;
END
$$;
CREATE TRIGGER sum_stored_runs AFTER INSERT ON test_runs
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_changed_runs AFTER UPDATE ON test_runs
  REFERENCING OLD TABLE AS deleted NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_deleted_runs AFTER DELETE ON test_runs
  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();

-- Nobody stores a run before this ends. Partitions without two bounds are summed now: they are none of ours, and small.
INSERT INTO run_days_pending SELECT b.child, b.lower_bound, b.upper_bound FROM partition_bounds('test_runs') b;
DO $odd$
DECLARE
  odd regclass;
BEGIN
  FOR odd IN
    SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = 'test_runs'::regclass AND NOT i.inhdetachpending
      AND i.inhrelid NOT IN (SELECT p.leaf FROM run_days_pending p)
  LOOP
    EXECUTE format(lukhas_run_sums(), format('SELECT 1 AS sign, r.* FROM %s r', odd));
  END LOOP;
END
$odd$;

-- As in 0004: platforms give their own roles rights on every new table and function.
DO $closed$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE format('REVOKE ALL ON run_days, run_days_pending FROM %s', grantee);
    EXECUTE format('REVOKE ALL ON FUNCTION lukhas_run_sums(), lukhas_sum_runs() FROM %s', grantee);
  END LOOP;
END
$closed$;
-- Who may read runs may read their sums: logins that only read have rights of their own.
DO $readers$
DECLARE
  reader text;
BEGIN
  FOR reader IN
    SELECT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
    WHERE c.oid = 'test_runs'::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON run_days TO %s', reader);
  END LOOP;
END
$readers$;

-- step: the index of people's runs of the parent
CREATE INDEX idx_test_runs_author ON ONLY test_runs (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;

-- step: the index of people's runs of a partition, outside a transaction, for each partition of test_runs
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_author" ON {leaf} (team_id, lambda_id, created_at) WHERE lambda_id IS NOT NULL;

-- step: attaching the index of people's runs, for each partition of test_runs
ALTER INDEX idx_test_runs_author ATTACH PARTITION "{name}_author";

-- step: the index of rates
-- As the questions sort: a memory without confidence comes last.
CREATE INDEX idx_healix_rate ON healix_memories (
  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC NULLS LAST, id
) WHERE success_count + failure_count >= 5 AND deleted_at IS NULL;

-- step: the end of the index that sorted otherwise
DROP INDEX IF EXISTS idx_healix_success_rate;

-- step: the sums of a month, for each partition of test_runs
-- Its uploads wait for as long as it takes to read its runs.
LOCK TABLE ONLY {leaf} IN SHARE ROW EXCLUSIVE MODE;
DO $sums$
BEGIN
  DELETE FROM run_days_pending WHERE leaf = '{leaf}'::regclass;
  IF FOUND THEN
    EXECUTE format(lukhas_run_sums(), 'SELECT 1 AS sign, r.* FROM {leaf} r');
  END IF;
END
$sums$;

-- step: the end of the waiting months
-- A statement that fired the function as it was would look for the table: until those have ended nothing is dropped.
LOCK TABLE test_runs IN SHARE ROW EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION lukhas_sum_runs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format(lukhas_run_sums(), CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'
    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END);
  RETURN NULL;
END
$$;
DROP TABLE run_days_pending;
