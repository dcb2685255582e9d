-- Purpose: read the past of a test from indexes alone. The index of lines holds what tells that a test passed; another one holds the
--   names of the failed tests of a run.
-- Locks: test_results, partitions of test_results: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: create idx_test_results_line as 0007 does; DROP INDEX idx_test_results_past, idx_test_results_failures.

-- step: the index of lines of the parent
CREATE INDEX idx_test_results_past ON ONLY test_results (team_id, line_id, test_name, created_at DESC)
  INCLUDE (test_run_id, outcome, attempts);

-- step: the index of lines of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_past" ON {leaf} (team_id, line_id, test_name, created_at DESC)
  INCLUDE (test_run_id, outcome, attempts);

-- step: attaching the index of lines, for each partition of test_results
ALTER INDEX idx_test_results_past ATTACH PARTITION "{name}_past";

-- step: the index of failures of the parent
-- Holds no other text than the name: a row of an index takes at most 2,704 bytes.
CREATE INDEX idx_test_results_failures ON ONLY test_results (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE outcome IN ('failed', 'error');

-- step: the index of failures of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_failures" ON {leaf} (team_id, created_at, test_name) INCLUDE (test_run_id)
  WHERE outcome IN ('failed', 'error');

-- step: attaching the index of failures, for each partition of test_results
ALTER INDEX idx_test_results_failures ATTACH PARTITION "{name}_failures";

-- step: the index that is no longer needed
DROP INDEX idx_test_results_line;
