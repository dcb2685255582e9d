-- Purpose: keep what each report of a run holds, where it had several, so that every job of the commit can tell it.
-- Locks: test_runs, partitions of test_runs: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE test_runs DROP COLUMN report_counts.

-- {"tests": 2, "reports": [{"report": "results-3.12.xml", "passed": 1, "failed": 1, "skipped": 0}], "rest": {"reports": 12, "passed": 24, …}}:
-- at most 100 reports, those with failures before others; the rest added up. "incomplete": true where tests of one could not be read.
-- NULL where a run had one report, and in runs of older programs.
ALTER TABLE test_runs ADD COLUMN report_counts JSONB;
