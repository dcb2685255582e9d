-- Purpose: know on which host a repository lies: outside CI a run is called github.com/acme/shop, in CI acme/shop.
-- Locks: test_runs, partitions of test_runs, healix_memories: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: ALTER TABLE … DROP COLUMN repository_host; repositories of equal names on two hosts are one then.

-- step: the host of runs
-- NULL in rows of older programs, and where nobody could tell: they are compared by name.
ALTER TABLE test_runs ADD COLUMN repository_host TEXT;

-- step: the host of memories
-- Their repository is named without it, and in lower case.
ALTER TABLE healix_memories ADD COLUMN repository_host TEXT;
