-- Purpose: know a failure by its words and by where it was raised, know which repository a memory belongs to, and keep memories that
--   nobody has confirmed.
-- Locks: test_results, partitions of test_results, healix_memories, shared_memories: ACCESS EXCLUSIVE
-- Older programs: go on uploading
-- Reversible: DROP INDEX of the four new ones; ALTER TABLE … DROP COLUMN of the new ones; create idx_healix_drift_family and
--   idx_shared_drift_family as 0002 does. Signatures, causes and proposals are lost.

-- step: the columns of results
-- The signature that knows the compared values, and the key of the cause with its place: both are NULL for rows of older programs.
ALTER TABLE test_results ADD COLUMN words_signature VARCHAR(255), ADD COLUMN cause_key VARCHAR(500);

-- step: the columns of memories
-- NULL in repository and project: it matches in every one.
ALTER TABLE healix_memories ADD COLUMN words_signature VARCHAR(255), ADD COLUMN repository TEXT, ADD COLUMN project TEXT,
  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'
    CONSTRAINT healix_memories_state_check CHECK (state IN ('active', 'proposed'));
ALTER TABLE shared_memories ADD COLUMN words_signature VARCHAR(255),
  ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'active'
    CONSTRAINT shared_memories_state_check CHECK (state IN ('active', 'proposed'));

-- step: the indexes of memories
-- `moved` asks for one test's memories of some words, `cause` for the best memory of any test with them. `moved` asked for the drift
-- signature and the test before.
CREATE INDEX idx_healix_words_test ON healix_memories (team_id, words_signature, test_name)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_healix_words_rank ON healix_memories
  (team_id, words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_shared_words_test ON shared_memories (words_signature, test_name)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
CREATE INDEX idx_shared_words_rank ON shared_memories
  (words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND words_signature IS NOT NULL;
DROP INDEX idx_healix_drift_family, idx_shared_drift_family;

-- step: the right to edit
-- A login that uploads may add and retire memories; editing one keeps its id and its counts.
GRANT UPDATE (root_cause, probable_cause, solution, solution_type, auto_fix_code, updated_at) ON healix_memories TO lukhas_ingest;
