-- Purpose: the ten tables of the schema document with the corrections of docs/schema-document.md, the memories that all teams share,
--   the credits of memories, the upload keys that make a repeated upload harmless, and the team each credential is bound to.
--   Two kinds of tables, so that a distributed PostgreSQL can shard by team. Distributed: every primary, unique and foreign key
--   between them holds team_id. Reference: looked up before a team is known, or the same for all teams.
-- Locks: none
-- Older programs: are refused
-- Reversible: drop the tables; their data goes with them.

-- Reference tables --------------------------------------------------------------------------------------------------------

CREATE TABLE teams (
  id UUID CONSTRAINT teams_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  name VARCHAR(255) NOT NULL,
  slug VARCHAR(100) NOT NULL,
  description TEXT,
  avatar_url VARCHAR(500),
  plan VARCHAR(50) DEFAULT 'free',
  seats INTEGER DEFAULT 5,
  features JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ
);
-- Unique among the living only, so that a deleted team's slug can be given again.
CREATE UNIQUE INDEX idx_teams_slug ON teams (slug) WHERE deleted_at IS NULL;
CREATE INDEX idx_teams_plan ON teams (plan) WHERE deleted_at IS NULL;

CREATE TABLE users (
  lambda_id VARCHAR(255) CONSTRAINT users_pkey PRIMARY KEY,
  team_id UUID CONSTRAINT users_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  email VARCHAR(320) NOT NULL,
  display_name VARCHAR(100),
  avatar_url VARCHAR(500),
  role VARCHAR(50) DEFAULT 'developer',
  permissions TEXT[] DEFAULT ARRAY['tests:read', 'coverage:read'],
  email_verified BOOLEAN DEFAULT false,
  is_active BOOLEAN DEFAULT true,
  last_login_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ
);
CREATE INDEX idx_users_team ON users (team_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX idx_users_email ON users (email) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_role ON users (team_id, role) WHERE deleted_at IS NULL;

CREATE TABLE webauthn_credentials (
  id UUID CONSTRAINT webauthn_credentials_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  credential_id BYTEA NOT NULL CONSTRAINT webauthn_credentials_credential_id_key UNIQUE,
  public_key BYTEA NOT NULL,
  sign_count BIGINT DEFAULT 0,
  lambda_id VARCHAR(255) CONSTRAINT webauthn_credentials_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  device_name VARCHAR(255),
  device_type VARCHAR(50),
  transports TEXT[],
  backup_eligible BOOLEAN DEFAULT false,
  attestation_format VARCHAR(50),
  aaguid UUID,
  created_at TIMESTAMPTZ DEFAULT now(),
  last_used TIMESTAMPTZ DEFAULT now(),
  use_count INTEGER DEFAULT 0,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX idx_webauthn_lambda_id ON webauthn_credentials (lambda_id) WHERE revoked_at IS NULL;
CREATE INDEX idx_webauthn_last_used ON webauthn_credentials (lambda_id, last_used DESC) WHERE revoked_at IS NULL;

CREATE TABLE user_preferences (
  id UUID CONSTRAINT user_preferences_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  lambda_id VARCHAR(255) CONSTRAINT user_preferences_lambda_id_key UNIQUE
    CONSTRAINT user_preferences_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  dashboard_layout JSONB DEFAULT '{}',
  email_notifications BOOLEAN DEFAULT true,
  slack_webhook_url VARCHAR(500),
  theme VARCHAR(20) DEFAULT 'system',
  timezone VARCHAR(50) DEFAULT 'UTC',
  settings JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE sessions (
  id UUID CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  lambda_id VARCHAR(255) CONSTRAINT sessions_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE CASCADE,
  session_token VARCHAR(255) NOT NULL CONSTRAINT sessions_session_token_key UNIQUE,
  expires_at TIMESTAMPTZ NOT NULL,
  user_agent TEXT,
  ip_address INET,
  created_at TIMESTAMPTZ DEFAULT now(),
  last_activity TIMESTAMPTZ DEFAULT now()
);
CREATE INDEX idx_sessions_lambda_id ON sessions (lambda_id, last_activity DESC);
CREATE INDEX idx_sessions_active ON sessions (lambda_id, expires_at);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);

-- Which team a login role works for. Only the owner writes it, so that no credential can move itself to another team.
CREATE TABLE team_credentials (
  role_name NAME CONSTRAINT team_credentials_pkey PRIMARY KEY,
  team_id UUID NOT NULL CONSTRAINT team_credentials_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Memories that all teams read and the owner writes: those of healix_memories, without a team.
CREATE TABLE shared_memories (
  id UUID CONSTRAINT shared_memories_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  test_name VARCHAR(500) NOT NULL,
  failure_signature VARCHAR(255) NOT NULL,
  drift_signature VARCHAR(255),
  root_cause TEXT,
  probable_cause TEXT,
  confidence NUMERIC(3, 2),
  solution TEXT NOT NULL,
  solution_type VARCHAR(50),
  auto_fix_code TEXT,
  success_count INTEGER DEFAULT 0,
  failure_count INTEGER DEFAULT 0,
  last_applied TIMESTAMPTZ,
  matriz_star VARCHAR(50),
  metadata JSONB DEFAULT '{}',
  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,
  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ,
  CONSTRAINT shared_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)
);
CREATE INDEX idx_shared_test_signature ON shared_memories
  (test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_shared_signature_rank ON shared_memories
  (failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_shared_drift_family ON shared_memories (drift_signature, test_family)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
CREATE INDEX idx_shared_drift_rank ON shared_memories
  (drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;

-- Distributed tables ------------------------------------------------------------------------------------------------------

-- Before test_results, which refers to it.
CREATE TABLE healix_memories (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT healix_memories_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  test_name VARCHAR(500) NOT NULL,
  failure_signature VARCHAR(255) NOT NULL,
  drift_signature VARCHAR(255),
  root_cause TEXT,
  probable_cause TEXT,
  confidence NUMERIC(3, 2),
  solution TEXT NOT NULL,
  solution_type VARCHAR(50),
  auto_fix_code TEXT,
  success_count INTEGER DEFAULT 0,
  failure_count INTEGER DEFAULT 0,
  last_applied TIMESTAMPTZ,
  matriz_star VARCHAR(50),
  metadata JSONB DEFAULT '{}',
  -- Columns, because under row-level security no index is used on an expression or operator that is not leakproof.
  error_type TEXT GENERATED ALWAYS AS (metadata ->> 'error_type') STORED,
  -- The test without its parameters.
  test_family TEXT GENERATED ALWAYS AS (split_part(test_name, '[', 1)) STORED,
  created_at TIMESTAMPTZ DEFAULT now(),
  updated_at TIMESTAMPTZ DEFAULT now(),
  deleted_at TIMESTAMPTZ,
  CONSTRAINT healix_memories_pkey PRIMARY KEY (team_id, id),
  -- NaN is above every number, so it is refused as well.
  CONSTRAINT healix_memories_confidence_check CHECK (confidence BETWEEN 0 AND 1)
);
CREATE INDEX idx_healix_test_signature ON healix_memories
  (team_id, test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_test_errtype ON healix_memories (team_id, test_name, error_type) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_confidence ON healix_memories (team_id, confidence DESC);
-- `similar` asks for the best memory of any test with the failure's signature, or with its drift signature; `moved` asks for one
-- test's memories of one drift signature.
CREATE INDEX idx_healix_signature_rank ON healix_memories
  (team_id, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_healix_drift_rank ON healix_memories
  (team_id, drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
CREATE INDEX idx_healix_drift_family ON healix_memories (team_id, drift_signature, test_family)
  WHERE deleted_at IS NULL AND drift_signature IS NOT NULL;
-- The expression is the one that the success-rate query sorts by, else the index is of no use to it.
CREATE INDEX idx_healix_success_rate ON healix_memories (
  team_id, (round(success_count::numeric / NULLIF(success_count + failure_count, 0), 3)) DESC, confidence DESC
) WHERE success_count + failure_count >= 5;
CREATE INDEX idx_healix_metadata_gin ON healix_memories USING gin (metadata);

CREATE TABLE test_runs (
  id UUID DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT test_runs_team_id_fkey REFERENCES teams (id),
  lambda_id VARCHAR(255) CONSTRAINT test_runs_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,
  total_tests INTEGER NOT NULL,
  passed INTEGER DEFAULT 0,
  failed INTEGER DEFAULT 0,
  skipped INTEGER DEFAULT 0,
  errors INTEGER DEFAULT 0,
  coverage_percent NUMERIC(5, 2),
  duration_seconds NUMERIC(10, 3),
  lane VARCHAR(50),
  markers TEXT[],
  python_version VARCHAR(20),
  pytest_version VARCHAR(20),
  ci_system VARCHAR(50),
  git_sha VARCHAR(40),
  git_branch VARCHAR(255),
  git_commit_message TEXT,
  matriz_analysis JSONB,
  consciousness_score NUMERIC(5, 2),
  created_at TIMESTAMPTZ DEFAULT now(),
  -- As in ingest_uploads, which is not joined for it: a branch's runs are looked up for every upload.
  repository TEXT,
  -- The job as people know it, the same in every run: `tests / pytest (3.13)`. ingest_uploads.job holds numbers of one run, too.
  job_name TEXT,
  CONSTRAINT test_runs_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT test_runs_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100),
  CONSTRAINT test_runs_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 9999999.999)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_test_runs_lambda_id ON test_runs (lambda_id, created_at DESC);
CREATE INDEX idx_test_runs_git_sha ON test_runs (git_sha);
CREATE INDEX idx_test_runs_lane ON test_runs (team_id, lane, created_at DESC);
CREATE INDEX idx_test_runs_dashboard ON test_runs (team_id, created_at DESC)
  INCLUDE (id, total_tests, passed, failed, coverage_percent, duration_seconds);
CREATE INDEX idx_test_runs_matriz_gin ON test_runs USING gin (matriz_analysis);
CREATE INDEX idx_test_runs_failed ON test_runs (team_id, created_at DESC) WHERE failed > 0;
-- A branch's latest runs: the history of a failure and its credits are read from them.
CREATE INDEX idx_test_runs_branch ON test_runs (team_id, git_branch, created_at DESC);

CREATE TABLE test_results (
  id UUID DEFAULT gen_random_uuid(),
  test_run_id UUID NOT NULL,
  team_id UUID NOT NULL CONSTRAINT test_results_team_id_fkey REFERENCES teams (id),
  test_name VARCHAR(500) NOT NULL,
  test_class VARCHAR(255),
  test_function VARCHAR(255),
  test_file VARCHAR(500),
  outcome VARCHAR(20) NOT NULL,
  duration_seconds NUMERIC(8, 3),
  error_message TEXT,
  error_traceback TEXT,
  failure_signature VARCHAR(255),
  markers TEXT[],
  healix_memory_id UUID,
  auto_healed BOOLEAN DEFAULT false,
  created_at TIMESTAMPTZ DEFAULT now(),
  drift_signature VARCHAR(255),
  -- The exact memory where it is one that all teams share.
  shared_memory_id UUID CONSTRAINT test_results_shared_memory_id_fkey REFERENCES shared_memories (id) ON DELETE SET NULL,
  CONSTRAINT test_results_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT test_results_healix_memory_id_fkey FOREIGN KEY (team_id, healix_memory_id)
    REFERENCES healix_memories (team_id, id) ON DELETE SET NULL (healix_memory_id),
  CONSTRAINT test_results_outcome_check
    CHECK (outcome IN ('passed', 'failed', 'skipped', 'error', 'xfailed', 'xpassed')),
  CONSTRAINT test_results_duration_seconds_check CHECK (duration_seconds BETWEEN 0 AND 99999.999)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_test_results_run_id ON test_results (test_run_id);
CREATE INDEX idx_test_results_team_outcome ON test_results (team_id, outcome, created_at DESC);
CREATE INDEX idx_test_results_test_name ON test_results (test_name, created_at DESC);
CREATE INDEX idx_test_results_failed ON test_results (test_name, failure_signature) WHERE outcome IN ('failed', 'error');
-- For ON DELETE SET NULL; few rows have a memory, so the index stays small.
CREATE INDEX idx_test_results_memory ON test_results (team_id, healix_memory_id) WHERE healix_memory_id IS NOT NULL;
CREATE INDEX idx_test_results_shared_memory ON test_results (shared_memory_id) WHERE shared_memory_id IS NOT NULL;

-- Partitioned like the runs it belongs to: it is the bulk of the data, and is kept for a shorter time.
CREATE TABLE coverage_data (
  id UUID DEFAULT gen_random_uuid(),
  test_run_id UUID NOT NULL,
  team_id UUID NOT NULL CONSTRAINT coverage_data_team_id_fkey REFERENCES teams (id),
  total_statements INTEGER NOT NULL,
  covered_statements INTEGER NOT NULL,
  missing_statements INTEGER NOT NULL,
  file_path VARCHAR(500) NOT NULL,
  coverage_percent NUMERIC(5, 2) NOT NULL,
  covered_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],
  missing_lines INTEGER[] DEFAULT ARRAY[]::INTEGER[],
  total_branches INTEGER DEFAULT 0,
  covered_branches INTEGER DEFAULT 0,
  lane VARCHAR(50),
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT coverage_data_pkey PRIMARY KEY (team_id, id, created_at),
  CONSTRAINT coverage_data_coverage_percent_check CHECK (coverage_percent BETWEEN 0 AND 100)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_coverage_run_id ON coverage_data (test_run_id);
CREATE INDEX idx_coverage_team_file ON coverage_data (team_id, file_path, created_at DESC);
CREATE INDEX idx_coverage_lane ON coverage_data (team_id, lane, created_at DESC);
CREATE INDEX idx_coverage_low ON coverage_data (team_id, file_path) WHERE coverage_percent < 75.0;

CREATE TABLE consciousness_reviews (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  team_id UUID NOT NULL CONSTRAINT consciousness_reviews_team_id_fkey REFERENCES teams (id),
  pr_number INTEGER,
  git_sha VARCHAR(40) NOT NULL,
  git_branch VARCHAR(255),
  lambda_id VARCHAR(255) CONSTRAINT consciousness_reviews_lambda_id_fkey REFERENCES users (lambda_id) ON DELETE SET NULL,
  matriz_analysis JSONB NOT NULL,
  -- A column, because row-level security keeps the planner from the GIN index (@> is not leakproof).
  guardian_status TEXT GENERATED ALWAYS AS (matriz_analysis #>> '{stars,guardian,status}') STORED,
  overall_status VARCHAR(20),
  consciousness_score NUMERIC(5, 2),
  analysis_duration_ms INTEGER,
  active_components INTEGER,
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT consciousness_reviews_pkey PRIMARY KEY (team_id, id)
);
CREATE INDEX idx_consciousness_team_pr ON consciousness_reviews (team_id, pr_number DESC);
CREATE INDEX idx_consciousness_git_sha ON consciousness_reviews (git_sha);
CREATE INDEX idx_consciousness_status ON consciousness_reviews (team_id, overall_status, created_at DESC);
CREATE INDEX idx_consciousness_guardian ON consciousness_reviews (team_id, guardian_status, created_at DESC);
CREATE INDEX idx_consciousness_matriz_gin ON consciousness_reviews USING gin (matriz_analysis);

-- Not partitioned, because a unique key of a partitioned table must hold the partition key, and a repeated upload may come
-- with another time. Also what a run's own columns have no place for.
CREATE TABLE ingest_uploads (
  team_id UUID NOT NULL CONSTRAINT ingest_uploads_team_id_fkey REFERENCES teams (id),
  upload_key BYTEA NOT NULL,
  run_id UUID NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  payload_sha256 BYTEA NOT NULL,
  result_rows INTEGER NOT NULL,
  coverage_rows INTEGER NOT NULL,
  repository TEXT,
  workflow_run_id TEXT,
  run_attempt INTEGER,
  job TEXT,
  pull_request INTEGER,
  base_branch TEXT,
  uploaded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ingest_uploads_pkey PRIMARY KEY (team_id, upload_key),
  CONSTRAINT ingest_uploads_upload_key_check CHECK (octet_length(upload_key) = 32),
  CONSTRAINT ingest_uploads_payload_sha256_check CHECK (octet_length(payload_sha256) = 32)
);
CREATE INDEX idx_ingest_uploads_run_id ON ingest_uploads (team_id, run_id);
CREATE INDEX idx_ingest_uploads_pull_request ON ingest_uploads (team_id, repository, pull_request, created_at DESC)
  WHERE pull_request IS NOT NULL;

-- One row for each failure episode that ended in green by a later commit: what makes a credit happen once.
CREATE TABLE healix_credits (
  team_id UUID NOT NULL CONSTRAINT healix_credits_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
  -- The run in which the test was green again, and the last one before it in which it failed with the memory's signature.
  passed_run_id UUID NOT NULL,
  failed_run_id UUID NOT NULL,
  test_name VARCHAR(500) NOT NULL,
  memory_id UUID NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT healix_credits_pkey PRIMARY KEY (team_id, test_name, passed_run_id),
  CONSTRAINT healix_credits_memory_id_fkey FOREIGN KEY (team_id, memory_id)
    REFERENCES healix_memories (team_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_healix_credits_memory ON healix_credits (team_id, memory_id);

-- Functions ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END
$$;
CREATE TRIGGER update_teams_updated_at BEFORE UPDATE ON teams
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_healix_memories_updated_at BEFORE UPDATE ON healix_memories
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_user_preferences_updated_at BEFORE UPDATE ON user_preferences
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_shared_memories_updated_at BEFORE UPDATE ON shared_memories
  FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- One form of a signature wherever it is stored, so that it is found by plain equality: `md5:` and 32 small hex digits. What is
-- no whole MD5 stays as it is.
CREATE FUNCTION normalise_failure_signature() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.failure_signature ~* '^(md5:)?[0-9a-f]{32}$' THEN
    NEW.failure_signature = 'md5:' || lower(right(NEW.failure_signature, 32));
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER normalise_healix_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON healix_memories
  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
CREATE TRIGGER normalise_shared_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON shared_memories
  FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
