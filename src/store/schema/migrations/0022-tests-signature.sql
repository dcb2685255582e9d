-- Purpose: tell runs that ran the same tests, so that the rows of tests that passed need not be read one by one.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN tests_signature.

-- Equal where two runs ran the same tests with equal outcomes, but for those that passed at once in one and failed in the other.
-- NULL in a run of an older program: its rows are read.
ALTER TABLE test_runs ADD COLUMN tests_signature VARCHAR(16);
