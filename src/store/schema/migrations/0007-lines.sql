-- Purpose: store what a run is compared by: its line, project, tested commit, kind and origin; and of a result its line, attempts,
--   error type and statement. An index finds the rows of one test on one line.
-- Locks: test_runs, partitions of test_runs, test_results, partitions of test_results: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP INDEX idx_test_results_line; ALTER TABLE … DROP COLUMN; what the columns said is lost.

-- step: the columns of runs
-- Without defaults and checks: no row is rewritten or read. NULL in rows of older programs, and where nobody could tell.
ALTER TABLE test_runs
  ADD COLUMN line_id UUID,
  -- pytest's rootdir relative to the repository's root, '.' where they are one.
  ADD COLUMN project TEXT,
  -- What was checked out; git_sha stays the commit that people know.
  ADD COLUMN tested_git_sha VARCHAR(40),
  ADD COLUMN parents TEXT[],
  ADD COLUMN committed_at TIMESTAMPTZ,
  -- head, merge
  ADD COLUMN kind VARCHAR(10),
  -- team, stranger, local
  ADD COLUMN origin VARCHAR(10),
  -- Tracked files that differed from the commit.
  ADD COLUMN dirty INTEGER,
  -- The report is older than its commit.
  ADD COLUMN stale BOOLEAN,
  ADD COLUMN attempt INTEGER,
  ADD COLUMN step TEXT;

-- step: the columns of results
ALTER TABLE test_results
  ADD COLUMN line_id UUID,
  -- How often it was run, where that was more than once.
  ADD COLUMN attempts INTEGER,
  ADD COLUMN error_type VARCHAR(255),
  ADD COLUMN statement TEXT;

-- step: the index of the parent
CREATE INDEX idx_test_results_line ON ONLY test_results (team_id, line_id, test_name, created_at DESC);

-- step: the index of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_line" ON {leaf} (team_id, line_id, test_name, created_at DESC);

-- step: attaching the index, for each partition of test_results
ALTER INDEX idx_test_results_line ATTACH PARTITION "{name}_line";
