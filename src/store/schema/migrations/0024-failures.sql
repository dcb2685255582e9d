-- Purpose: read how tests failed in earlier runs from an index alone. The index of failures holds the drift signature, too.
-- Locks: test_results, partitions of test_results: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: create idx_test_results_failures as 0012 does; DROP INDEX idx_test_results_failed_tests.

-- step: the index of failures of the parent
-- A row of an index takes at most 2,704 bytes: a name takes up to 2,000, the drift signature 35.
CREATE INDEX idx_test_results_failed_tests ON ONLY test_results (team_id, created_at, test_name)
  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');

-- step: the index of failures of a partition, outside a transaction, for each partition of test_results
CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}_failed_tests" ON {leaf} (team_id, created_at, test_name)
  INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE outcome IN ('failed', 'error');

-- step: attaching the index of failures, for each partition of test_results
ALTER INDEX idx_test_results_failed_tests ATTACH PARTITION "{name}_failed_tests";

-- step: the index that is no longer needed
DROP INDEX idx_test_results_failures;
