-- The schema as the migrations leave it, without the partitions. Made by `npm run dump:schema`, compared by a test.
-- For reading: databases are made by `lukhas db setup`, which runs src/store/schema/migrations.

-- Tables

CREATE TABLE consciousness_reviews (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  team_id uuid NOT NULL,
  pr_number integer,
  git_sha character varying(40) NOT NULL,
  git_branch character varying(255),
  lambda_id character varying(255),
  matriz_analysis jsonb NOT NULL,
  guardian_status text GENERATED ALWAYS AS ((matriz_analysis #>> '{stars,guardian,status}'::text[])) STORED,
  overall_status character varying(20),
  consciousness_score numeric(5,2),
  analysis_duration_ms integer,
  active_components integer,
  created_at timestamp with time zone DEFAULT now(),
  repository text,
  origin character varying(10),
  run_id uuid
);

CREATE TABLE coverage_data (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  test_run_id uuid NOT NULL,
  team_id uuid NOT NULL,
  total_statements integer NOT NULL,
  covered_statements integer NOT NULL,
  missing_statements integer NOT NULL,
  file_path character varying(500) NOT NULL,
  coverage_percent numeric(5,2) NOT NULL,
  covered_lines integer[] DEFAULT ARRAY[]::integer[],
  missing_lines integer[] DEFAULT ARRAY[]::integer[],
  total_branches integer DEFAULT 0,
  covered_branches integer DEFAULT 0,
  lane character varying(50),
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  executed_branches integer[],
  missing_branches integer[]
) PARTITION BY RANGE (created_at);

CREATE TABLE coverage_months (
  team_id uuid NOT NULL,
  line_id uuid NOT NULL,
  month date NOT NULL,
  runs integer NOT NULL,
  total_statements bigint NOT NULL,
  covered_statements bigint NOT NULL,
  total_branches bigint NOT NULL,
  covered_branches bigint NOT NULL,
  on_base boolean NOT NULL,
  percent_sum numeric(14,2) NOT NULL,
  lowest_percent numeric(5,2) NOT NULL,
  highest_percent numeric(5,2) NOT NULL,
  file_path character varying(500) NOT NULL
);

CREATE TABLE healix_credits (
  team_id uuid NOT NULL,
  passed_run_id uuid NOT NULL,
  failed_run_id uuid NOT NULL,
  test_name character varying(500) NOT NULL,
  memory_id uuid NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE healix_matches (
  team_id uuid NOT NULL,
  memory_id uuid NOT NULL,
  run_id uuid NOT NULL,
  created_at timestamp with time zone NOT NULL,
  test_name character varying(500) NOT NULL,
  shown boolean NOT NULL,
  change text,
  outcome character varying(10),
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  ended_git_sha character varying(40),
  earlier_runs integer,
  earlier_failures integer,
  counted character varying(10),
  healed boolean DEFAULT false NOT NULL
);

CREATE TABLE healix_memories (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  team_id uuid NOT NULL,
  test_name character varying(500) NOT NULL,
  failure_signature character varying(255) NOT NULL,
  drift_signature character varying(255),
  root_cause text,
  probable_cause text,
  confidence numeric(3,2),
  solution text NOT NULL,
  solution_type character varying(50),
  auto_fix_code text,
  success_count integer DEFAULT 0,
  failure_count integer DEFAULT 0,
  last_applied timestamp with time zone,
  matriz_star character varying(50),
  metadata jsonb DEFAULT '{}'::jsonb,
  error_type text GENERATED ALWAYS AS ((metadata ->> 'error_type'::text)) STORED,
  test_family text GENERATED ALWAYS AS (split_part((test_name)::text, '['::text, 1)) STORED,
  created_at timestamp with time zone DEFAULT now(),
  updated_at timestamp with time zone DEFAULT now(),
  deleted_at timestamp with time zone,
  words_signature character varying(255),
  repository text,
  project text,
  state character varying(20) DEFAULT 'active'::character varying NOT NULL,
  repository_host text
);

CREATE TABLE ingest_uploads (
  team_id uuid NOT NULL,
  upload_key bytea NOT NULL,
  run_id uuid NOT NULL,
  created_at timestamp with time zone NOT NULL,
  payload_sha256 bytea NOT NULL,
  result_rows integer NOT NULL,
  coverage_rows integer NOT NULL,
  repository text,
  workflow_run_id text,
  run_attempt integer,
  job text,
  pull_request integer,
  base_branch text,
  uploaded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  workflow text,
  step text,
  check_run_id bigint
);

CREATE TABLE lukhas_locks (
  name text NOT NULL
);

CREATE TABLE lukhas_migration_steps (
  number integer NOT NULL,
  step integer NOT NULL,
  target text NOT NULL,
  done_at timestamp with time zone
);

CREATE TABLE lukhas_migrations (
  number integer NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  oldest_program integer NOT NULL,
  applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE lukhas_retirements (
  parent text NOT NULL,
  child text NOT NULL,
  mark text NOT NULL,
  lower_bound timestamp with time zone,
  upper_bound timestamp with time zone NOT NULL,
  begun_at timestamp with time zone DEFAULT now() NOT NULL,
  summed_at timestamp with time zone
);

CREATE TABLE missing_reports (
  team_id uuid NOT NULL,
  upload_key bytea NOT NULL,
  reason text NOT NULL,
  repository text,
  workflow text,
  workflow_run_id text,
  run_attempt integer,
  job text,
  job_name text,
  lane character varying(50),
  step text,
  check_run_id bigint,
  pull_request integer,
  git_sha character varying(40),
  git_branch character varying(255),
  uploaded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE run_days (
  team_id uuid NOT NULL,
  scope_id uuid NOT NULL,
  day date NOT NULL,
  evidence boolean NOT NULL,
  runs integer NOT NULL,
  green_runs integer NOT NULL,
  failed_runs integer NOT NULL,
  timed_runs integer NOT NULL,
  covered_runs integer NOT NULL,
  tests bigint NOT NULL,
  passed bigint NOT NULL,
  ran bigint NOT NULL,
  seconds numeric NOT NULL,
  coverage_sum numeric NOT NULL,
  repository_host text,
  repository text,
  lane character varying(50),
  job_name text,
  git_branch character varying(255)
);

CREATE TABLE service_credentials (
  role_name name NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE sessions (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  lambda_id character varying(255),
  session_token character varying(255) NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  user_agent text,
  ip_address inet,
  created_at timestamp with time zone DEFAULT now(),
  last_activity timestamp with time zone DEFAULT now()
);

CREATE TABLE shared_memories (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  test_name character varying(500) NOT NULL,
  failure_signature character varying(255) NOT NULL,
  drift_signature character varying(255),
  root_cause text,
  probable_cause text,
  confidence numeric(3,2),
  solution text NOT NULL,
  solution_type character varying(50),
  auto_fix_code text,
  success_count integer DEFAULT 0,
  failure_count integer DEFAULT 0,
  last_applied timestamp with time zone,
  matriz_star character varying(50),
  metadata jsonb DEFAULT '{}'::jsonb,
  error_type text GENERATED ALWAYS AS ((metadata ->> 'error_type'::text)) STORED,
  test_family text GENERATED ALWAYS AS (split_part((test_name)::text, '['::text, 1)) STORED,
  created_at timestamp with time zone DEFAULT now(),
  updated_at timestamp with time zone DEFAULT now(),
  deleted_at timestamp with time zone,
  words_signature character varying(255),
  state character varying(20) DEFAULT 'active'::character varying NOT NULL
);

CREATE TABLE team_credentials (
  role_name name NOT NULL,
  team_id uuid NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE teams (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  name character varying(255) NOT NULL,
  slug character varying(100) NOT NULL,
  description text,
  avatar_url character varying(500),
  plan character varying(50) DEFAULT 'free'::character varying,
  seats integer DEFAULT 5,
  features jsonb DEFAULT '{}'::jsonb,
  created_at timestamp with time zone DEFAULT now(),
  updated_at timestamp with time zone DEFAULT now(),
  deleted_at timestamp with time zone
);

CREATE TABLE test_aliases (
  team_id uuid NOT NULL,
  suite_id uuid NOT NULL,
  name character varying(500) NOT NULL,
  former character varying(500) NOT NULL,
  created_at timestamp with time zone NOT NULL,
  git_sha character varying(40)
);

CREATE TABLE test_lines (
  team_id uuid NOT NULL,
  line_id uuid NOT NULL,
  repository_host text,
  repository text,
  project text,
  lane character varying(50),
  job_name text,
  step text
);

CREATE TABLE test_months (
  team_id uuid NOT NULL,
  test_id uuid NOT NULL,
  line_id uuid NOT NULL,
  month date NOT NULL,
  runs integer NOT NULL,
  passed integer NOT NULL,
  failed integer NOT NULL,
  errors integer NOT NULL,
  skipped integer NOT NULL,
  xfailed integer NOT NULL,
  xpassed integer NOT NULL,
  flaky integer NOT NULL,
  last_failed_at timestamp with time zone,
  on_base boolean NOT NULL,
  seconds numeric(14,3) NOT NULL,
  last_failure_signature character varying(255)
);

CREATE TABLE test_names (
  team_id uuid NOT NULL,
  test_id uuid NOT NULL,
  test_name character varying(500) NOT NULL
);

CREATE TABLE test_results (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  test_run_id uuid NOT NULL,
  team_id uuid NOT NULL,
  test_name character varying(500) NOT NULL,
  test_class character varying(255),
  test_function character varying(255),
  test_file character varying(500),
  outcome character varying(20) NOT NULL,
  duration_seconds numeric(8,3),
  error_message text,
  error_traceback text,
  failure_signature character varying(255),
  markers text[],
  healix_memory_id uuid,
  auto_healed boolean DEFAULT false,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  drift_signature character varying(255),
  shared_memory_id uuid,
  line_id uuid,
  attempts integer,
  error_type character varying(255),
  statement text,
  words_signature character varying(255),
  cause_key character varying(500)
) PARTITION BY RANGE (created_at);

CREATE TABLE test_runs (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  team_id uuid NOT NULL,
  lambda_id character varying(255),
  total_tests integer NOT NULL,
  passed integer DEFAULT 0,
  failed integer DEFAULT 0,
  skipped integer DEFAULT 0,
  errors integer DEFAULT 0,
  coverage_percent numeric(5,2),
  duration_seconds numeric(10,3),
  lane character varying(50),
  markers text[],
  python_version character varying(20),
  pytest_version character varying(20),
  ci_system character varying(50),
  git_sha character varying(40),
  git_branch character varying(255),
  git_commit_message text,
  matriz_analysis jsonb,
  consciousness_score numeric(5,2),
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  repository text,
  job_name text,
  incomplete boolean DEFAULT false NOT NULL,
  line_id uuid,
  project text,
  tested_git_sha character varying(40),
  parents text[],
  committed_at timestamp with time zone,
  kind character varying(10),
  origin character varying(10),
  dirty integer,
  stale boolean,
  attempt integer,
  step text,
  repository_host text,
  tests_signature character varying(16),
  report_counts jsonb
) PARTITION BY RANGE (created_at);

CREATE TABLE user_preferences (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  lambda_id character varying(255),
  dashboard_layout jsonb DEFAULT '{}'::jsonb,
  email_notifications boolean DEFAULT true,
  slack_webhook_url character varying(500),
  theme character varying(20) DEFAULT 'system'::character varying,
  timezone character varying(50) DEFAULT 'UTC'::character varying,
  settings jsonb DEFAULT '{}'::jsonb,
  created_at timestamp with time zone DEFAULT now(),
  updated_at timestamp with time zone DEFAULT now()
);

CREATE TABLE users (
  lambda_id character varying(255) NOT NULL,
  team_id uuid,
  email character varying(320) NOT NULL,
  display_name character varying(100),
  avatar_url character varying(500),
  role character varying(50) DEFAULT 'developer'::character varying,
  permissions text[] DEFAULT ARRAY['tests:read'::text, 'coverage:read'::text],
  email_verified boolean DEFAULT false,
  is_active boolean DEFAULT true,
  last_login_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now(),
  updated_at timestamp with time zone DEFAULT now(),
  deleted_at timestamp with time zone
);

CREATE TABLE webauthn_credentials (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  credential_id bytea NOT NULL,
  public_key bytea NOT NULL,
  sign_count bigint DEFAULT 0,
  lambda_id character varying(255),
  device_name character varying(255),
  device_type character varying(50),
  transports text[],
  backup_eligible boolean DEFAULT false,
  attestation_format character varying(50),
  aaguid uuid,
  created_at timestamp with time zone DEFAULT now(),
  last_used timestamp with time zone DEFAULT now(),
  use_count integer DEFAULT 0,
  revoked_at timestamp with time zone
);


-- Keys and checks

ALTER TABLE consciousness_reviews ADD CONSTRAINT consciousness_reviews_pkey PRIMARY KEY (team_id, id);
ALTER TABLE coverage_data ADD CONSTRAINT coverage_data_coverage_percent_check CHECK (((coverage_percent >= (0)::numeric) AND (coverage_percent <= (100)::numeric)));
ALTER TABLE coverage_data ADD CONSTRAINT coverage_data_pkey PRIMARY KEY (team_id, id, created_at);
ALTER TABLE coverage_months ADD CONSTRAINT coverage_months_pkey PRIMARY KEY (team_id, file_path, month, line_id, on_base);
ALTER TABLE healix_credits ADD CONSTRAINT healix_credits_pkey PRIMARY KEY (team_id, test_name, passed_run_id);
ALTER TABLE healix_matches ADD CONSTRAINT healix_matches_counted_check CHECK (((counted)::text = ANY ((ARRAY['worked'::character varying, 'failed'::character varying, 'recovered'::character varying, 'lasted'::character varying])::text[])));
ALTER TABLE healix_matches ADD CONSTRAINT healix_matches_outcome_check CHECK (((outcome)::text = ANY ((ARRAY['open'::character varying, 'worked'::character varying, 'failed'::character varying, 'nothing'::character varying])::text[])));
ALTER TABLE healix_matches ADD CONSTRAINT healix_matches_pkey PRIMARY KEY (team_id, memory_id, run_id);
ALTER TABLE healix_memories ADD CONSTRAINT healix_memories_confidence_check CHECK (((confidence >= (0)::numeric) AND (confidence <= (1)::numeric)));
ALTER TABLE healix_memories ADD CONSTRAINT healix_memories_state_check CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'proposed'::character varying])::text[])));
ALTER TABLE healix_memories ADD CONSTRAINT healix_memories_pkey PRIMARY KEY (team_id, id);
ALTER TABLE ingest_uploads ADD CONSTRAINT ingest_uploads_payload_sha256_check CHECK ((octet_length(payload_sha256) = 32));
ALTER TABLE ingest_uploads ADD CONSTRAINT ingest_uploads_upload_key_check CHECK ((octet_length(upload_key) = 32));
ALTER TABLE ingest_uploads ADD CONSTRAINT ingest_uploads_pkey PRIMARY KEY (team_id, upload_key);
ALTER TABLE lukhas_locks ADD CONSTRAINT lukhas_locks_pkey PRIMARY KEY (name);
ALTER TABLE lukhas_migration_steps ADD CONSTRAINT lukhas_migration_steps_pkey PRIMARY KEY (number, step, target);
ALTER TABLE lukhas_migrations ADD CONSTRAINT lukhas_migrations_pkey PRIMARY KEY (number);
ALTER TABLE lukhas_retirements ADD CONSTRAINT lukhas_retirements_pkey PRIMARY KEY (parent, child);
ALTER TABLE missing_reports ADD CONSTRAINT missing_reports_upload_key_check CHECK ((octet_length(upload_key) = 32));
ALTER TABLE missing_reports ADD CONSTRAINT missing_reports_pkey PRIMARY KEY (team_id, upload_key);
ALTER TABLE run_days ADD CONSTRAINT run_days_pkey PRIMARY KEY (team_id, scope_id, day, evidence);
ALTER TABLE service_credentials ADD CONSTRAINT service_credentials_pkey PRIMARY KEY (role_name);
ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE sessions ADD CONSTRAINT sessions_session_token_key UNIQUE (session_token);
ALTER TABLE shared_memories ADD CONSTRAINT shared_memories_confidence_check CHECK (((confidence >= (0)::numeric) AND (confidence <= (1)::numeric)));
ALTER TABLE shared_memories ADD CONSTRAINT shared_memories_state_check CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'proposed'::character varying])::text[])));
ALTER TABLE shared_memories ADD CONSTRAINT shared_memories_pkey PRIMARY KEY (id);
ALTER TABLE team_credentials ADD CONSTRAINT team_credentials_pkey PRIMARY KEY (role_name);
ALTER TABLE teams ADD CONSTRAINT teams_pkey PRIMARY KEY (id);
ALTER TABLE test_aliases ADD CONSTRAINT test_aliases_former_check CHECK (((former)::text <> (name)::text));
ALTER TABLE test_aliases ADD CONSTRAINT test_aliases_pkey PRIMARY KEY (team_id, suite_id, name, created_at);
ALTER TABLE test_lines ADD CONSTRAINT test_lines_pkey PRIMARY KEY (team_id, line_id);
ALTER TABLE test_months ADD CONSTRAINT test_months_pkey PRIMARY KEY (team_id, test_id, month, line_id, on_base);
ALTER TABLE test_names ADD CONSTRAINT test_names_pkey PRIMARY KEY (team_id, test_id);
ALTER TABLE test_results ADD CONSTRAINT test_results_duration_seconds_check CHECK (((duration_seconds >= (0)::numeric) AND (duration_seconds <= 99999.999)));
ALTER TABLE test_results ADD CONSTRAINT test_results_outcome_check CHECK (((outcome)::text = ANY ((ARRAY['passed'::character varying, 'failed'::character varying, 'skipped'::character varying, 'error'::character varying, 'xfailed'::character varying, 'xpassed'::character varying])::text[])));
ALTER TABLE test_results ADD CONSTRAINT test_results_pkey PRIMARY KEY (team_id, id, created_at);
ALTER TABLE test_runs ADD CONSTRAINT test_runs_coverage_percent_check CHECK (((coverage_percent >= (0)::numeric) AND (coverage_percent <= (100)::numeric)));
ALTER TABLE test_runs ADD CONSTRAINT test_runs_duration_seconds_check CHECK (((duration_seconds >= (0)::numeric) AND (duration_seconds <= 9999999.999)));
ALTER TABLE test_runs ADD CONSTRAINT test_runs_pkey PRIMARY KEY (team_id, id, created_at);
ALTER TABLE user_preferences ADD CONSTRAINT user_preferences_pkey PRIMARY KEY (id);
ALTER TABLE user_preferences ADD CONSTRAINT user_preferences_lambda_id_key UNIQUE (lambda_id);
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (lambda_id);
ALTER TABLE webauthn_credentials ADD CONSTRAINT webauthn_credentials_pkey PRIMARY KEY (id);
ALTER TABLE webauthn_credentials ADD CONSTRAINT webauthn_credentials_credential_id_key UNIQUE (credential_id);

-- References

ALTER TABLE consciousness_reviews ADD CONSTRAINT consciousness_reviews_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE coverage_data ADD CONSTRAINT coverage_data_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE coverage_months ADD CONSTRAINT coverage_months_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE healix_credits ADD CONSTRAINT healix_credits_memory_id_fkey FOREIGN KEY (team_id, memory_id) REFERENCES healix_memories(team_id, id) ON DELETE CASCADE;
ALTER TABLE healix_credits ADD CONSTRAINT healix_credits_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE;
ALTER TABLE healix_matches ADD CONSTRAINT healix_matches_memory_id_fkey FOREIGN KEY (team_id, memory_id) REFERENCES healix_memories(team_id, id) ON DELETE CASCADE;
ALTER TABLE healix_memories ADD CONSTRAINT healix_memories_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE;
ALTER TABLE ingest_uploads ADD CONSTRAINT ingest_uploads_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE missing_reports ADD CONSTRAINT missing_reports_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE run_days ADD CONSTRAINT run_days_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE sessions ADD CONSTRAINT sessions_lambda_id_fkey FOREIGN KEY (lambda_id) REFERENCES users(lambda_id) ON DELETE CASCADE;
ALTER TABLE team_credentials ADD CONSTRAINT team_credentials_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE;
ALTER TABLE test_aliases ADD CONSTRAINT test_aliases_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE;
ALTER TABLE test_lines ADD CONSTRAINT test_lines_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE test_months ADD CONSTRAINT test_months_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE test_names ADD CONSTRAINT test_names_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE test_results ADD CONSTRAINT test_results_shared_memory_id_fkey FOREIGN KEY (shared_memory_id) REFERENCES shared_memories(id) ON DELETE SET NULL;
ALTER TABLE test_results ADD CONSTRAINT test_results_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE test_runs ADD CONSTRAINT test_runs_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id);
ALTER TABLE user_preferences ADD CONSTRAINT user_preferences_lambda_id_fkey FOREIGN KEY (lambda_id) REFERENCES users(lambda_id) ON DELETE CASCADE;
ALTER TABLE users ADD CONSTRAINT users_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams(id) ON DELETE CASCADE;
ALTER TABLE webauthn_credentials ADD CONSTRAINT webauthn_credentials_lambda_id_fkey FOREIGN KEY (lambda_id) REFERENCES users(lambda_id) ON DELETE CASCADE;

-- Indexes

CREATE INDEX idx_consciousness_git_sha ON consciousness_reviews USING btree (git_sha);
CREATE INDEX idx_consciousness_guardian ON consciousness_reviews USING btree (team_id, guardian_status, created_at DESC);
CREATE INDEX idx_consciousness_matriz_gin ON consciousness_reviews USING gin (matriz_analysis);
CREATE INDEX idx_consciousness_status ON consciousness_reviews USING btree (team_id, overall_status, created_at DESC);
CREATE INDEX idx_consciousness_team_pr ON consciousness_reviews USING btree (team_id, pr_number DESC);
CREATE INDEX idx_coverage_lane ON coverage_data USING btree (team_id, lane, created_at DESC);
CREATE INDEX idx_coverage_low ON coverage_data USING btree (team_id, file_path) WHERE (coverage_percent < 75.0);
CREATE INDEX idx_coverage_run_id ON coverage_data USING btree (test_run_id);
CREATE INDEX idx_coverage_team_file ON coverage_data USING btree (team_id, file_path, created_at DESC);
CREATE INDEX idx_healix_confidence ON healix_memories USING btree (team_id, confidence DESC);
CREATE INDEX idx_healix_credits_memory ON healix_credits USING btree (team_id, memory_id);
CREATE INDEX idx_healix_drift_rank ON healix_memories USING btree (team_id, drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE ((deleted_at IS NULL) AND (drift_signature IS NOT NULL));
CREATE INDEX idx_healix_matches_run ON healix_matches USING btree (team_id, run_id);
CREATE INDEX idx_healix_metadata_gin ON healix_memories USING gin (metadata);
CREATE INDEX idx_healix_rate ON healix_memories USING btree (team_id, round(((success_count)::numeric / (NULLIF((success_count + failure_count), 0))::numeric), 3) DESC, confidence DESC NULLS LAST, id) WHERE (((success_count + failure_count) >= 5) AND (deleted_at IS NULL));
CREATE INDEX idx_healix_signature_rank ON healix_memories USING btree (team_id, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE (deleted_at IS NULL);
CREATE INDEX idx_healix_test_errtype ON healix_memories USING btree (team_id, test_name, error_type) WHERE (deleted_at IS NULL);
CREATE INDEX idx_healix_test_signature ON healix_memories USING btree (team_id, test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE (deleted_at IS NULL);
CREATE INDEX idx_healix_words_rank ON healix_memories USING btree (team_id, words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE ((deleted_at IS NULL) AND (words_signature IS NOT NULL));
CREATE INDEX idx_healix_words_test ON healix_memories USING btree (team_id, words_signature, test_name) WHERE ((deleted_at IS NULL) AND (words_signature IS NOT NULL));
CREATE INDEX idx_ingest_uploads_base ON ingest_uploads USING btree (team_id, repository, base_branch) WHERE (pull_request IS NOT NULL);
CREATE INDEX idx_ingest_uploads_pull_request ON ingest_uploads USING btree (team_id, repository, pull_request, created_at DESC) WHERE (pull_request IS NOT NULL);
CREATE INDEX idx_ingest_uploads_run_id ON ingest_uploads USING btree (team_id, run_id);
CREATE INDEX idx_missing_reports_git_sha ON missing_reports USING btree (team_id, git_sha);
CREATE INDEX idx_run_days_branch ON run_days USING btree (team_id, git_branch, day);
CREATE INDEX idx_sessions_active ON sessions USING btree (lambda_id, expires_at);
CREATE INDEX idx_sessions_expires ON sessions USING btree (expires_at);
CREATE INDEX idx_sessions_lambda_id ON sessions USING btree (lambda_id, last_activity DESC);
CREATE INDEX idx_shared_drift_rank ON shared_memories USING btree (drift_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE ((deleted_at IS NULL) AND (drift_signature IS NOT NULL));
CREATE INDEX idx_shared_signature_rank ON shared_memories USING btree (failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE (deleted_at IS NULL);
CREATE INDEX idx_shared_test_signature ON shared_memories USING btree (test_name, failure_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE (deleted_at IS NULL);
CREATE INDEX idx_shared_words_rank ON shared_memories USING btree (words_signature, confidence DESC NULLS LAST, success_count DESC NULLS LAST, id) WHERE ((deleted_at IS NULL) AND (words_signature IS NOT NULL));
CREATE INDEX idx_shared_words_test ON shared_memories USING btree (words_signature, test_name) WHERE ((deleted_at IS NULL) AND (words_signature IS NOT NULL));
CREATE INDEX idx_teams_plan ON teams USING btree (plan) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX idx_teams_slug ON teams USING btree (slug) WHERE (deleted_at IS NULL);
CREATE INDEX idx_test_results_again ON test_results USING btree (team_id, created_at, test_name) INCLUDE (test_run_id) WHERE (attempts > 1);
CREATE INDEX idx_test_results_failed ON test_results USING btree (test_name, failure_signature) WHERE ((outcome)::text = ANY ((ARRAY['failed'::character varying, 'error'::character varying])::text[]));
CREATE INDEX idx_test_results_failed_tests ON test_results USING btree (team_id, created_at, test_name) INCLUDE (test_run_id, outcome, attempts, drift_signature) WHERE ((outcome)::text = ANY ((ARRAY['failed'::character varying, 'error'::character varying])::text[]));
CREATE INDEX idx_test_results_memory ON test_results USING btree (team_id, healix_memory_id) WHERE (healix_memory_id IS NOT NULL);
CREATE INDEX idx_test_results_past ON test_results USING btree (team_id, line_id, test_name, created_at DESC) INCLUDE (test_run_id, outcome, attempts);
CREATE INDEX idx_test_results_run_id ON test_results USING btree (test_run_id);
CREATE INDEX idx_test_results_shared_memory ON test_results USING btree (shared_memory_id) WHERE (shared_memory_id IS NOT NULL);
CREATE INDEX idx_test_results_team_outcome ON test_results USING btree (team_id, outcome, created_at DESC);
CREATE INDEX idx_test_results_test_name ON test_results USING btree (test_name, created_at DESC);
CREATE INDEX idx_test_runs_author ON test_runs USING btree (team_id, lambda_id, created_at) WHERE (lambda_id IS NOT NULL);
CREATE INDEX idx_test_runs_branch ON test_runs USING btree (team_id, git_branch, created_at DESC);
CREATE INDEX idx_test_runs_dashboard ON test_runs USING btree (team_id, created_at DESC) INCLUDE (id, total_tests, passed, failed, coverage_percent, duration_seconds);
CREATE INDEX idx_test_runs_failed ON test_runs USING btree (team_id, created_at DESC) WHERE (failed > 0);
CREATE INDEX idx_test_runs_git_sha ON test_runs USING btree (git_sha);
CREATE INDEX idx_test_runs_lambda_id ON test_runs USING btree (lambda_id, created_at DESC);
CREATE INDEX idx_test_runs_lane ON test_runs USING btree (team_id, lane, created_at DESC);
CREATE INDEX idx_test_runs_matriz_gin ON test_runs USING gin (matriz_analysis);
CREATE UNIQUE INDEX idx_users_email ON users USING btree (email) WHERE (deleted_at IS NULL);
CREATE INDEX idx_users_role ON users USING btree (team_id, role) WHERE (deleted_at IS NULL);
CREATE INDEX idx_users_team ON users USING btree (team_id) WHERE (deleted_at IS NULL);
CREATE INDEX idx_webauthn_lambda_id ON webauthn_credentials USING btree (lambda_id) WHERE (revoked_at IS NULL);
CREATE INDEX idx_webauthn_last_used ON webauthn_credentials USING btree (lambda_id, last_used DESC) WHERE (revoked_at IS NULL);

-- Functions

CREATE OR REPLACE FUNCTION public.attach_month(at timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  month_start timestamptz := date_trunc('month', at);
  month_end timestamptz := date_trunc('month', at) + interval '1 month';
  parent text;
  child text;
  grantee text;
BEGIN
  PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE;
  FOREACH parent IN ARRAY ARRAY['test_runs', 'test_results', 'coverage_data'] LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM partition_bounds(parent::regclass) b
      WHERE b.lower_bound <= month_start AND b.upper_bound >= month_end
    );
    child := parent || '_' || to_char(month_start, 'YYYY_MM');
    -- Fails loudly where a table of that name exists but is no partition: its rows are somebody's.
    EXECUTE format(
      'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',
      child, parent);
    -- Policies are not inherited by a partition that is named directly: without grants and with none of its own it is closed.
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    -- A platform's default privileges may have opened it all the same.
    FOR grantee IN
      SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
      WHERE c.oid = child::regclass AND a.grantee <> c.relowner
    LOOP
      EXECUTE format('REVOKE ALL ON %I FROM %s', child, grantee);
    END LOOP;
    -- With this CHECK in place ATTACH need not scan.
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (created_at >= %L AND created_at < %L)',
      child, child || '_bound', month_start, month_end);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      parent, child, month_start, month_end);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', child, child || '_bound');
    RETURN NEXT child;
  END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION public.check_months_login()
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF lukhas_team_id() IS NULL AND NOT lukhas_serves()
     AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = session_user AND r.rolbypassrls) THEN
    RAISE EXCEPTION 'this login is bound to no team of this database' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$function$;

CREATE OR REPLACE FUNCTION public.ensure_partitions(months_ahead integer DEFAULT 2, months_back integer DEFAULT 0)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
BEGIN
  PERFORM check_months_login();
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 OR months_back IS NULL OR months_back NOT BETWEEN 0 AND 36 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 24, months back 0 to 36' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN -months_back..months_ahead LOOP
    RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
  END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION public.ensure_partitions_for(at timestamp with time zone, months_ahead integer DEFAULT 2)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
BEGIN
  PERFORM check_months_login();
  IF at IS NULL OR date_trunc('month', at) < date_trunc('month', now() - interval '32 days')
     OR date_trunc('month', at) > date_trunc('month', now() + interval '2 days') THEN
    RAISE EXCEPTION 'a run''s time must lie from 31 days back to 1 day ahead' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 12 THEN
    RAISE EXCEPTION 'months ahead must be 0 to 12' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT month_is_ready(at) THEN
    RETURN QUERY SELECT attach_month(at);
  END IF;
  FOR i IN 0..months_ahead LOOP
    IF NOT month_is_ready(date_trunc('month', now()) + make_interval(months => i)) THEN
      -- The row that attach_month locks.
      PERFORM FROM lukhas_locks WHERE name = 'partitions' FOR UPDATE SKIP LOCKED;
      EXIT WHEN NOT FOUND;
      RETURN QUERY SELECT attach_month(date_trunc('month', now()) + make_interval(months => i));
    END IF;
  END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION public.expired_partitions(parent regclass, keep interval)
 RETURNS TABLE(child regclass, upper_bound timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  SELECT b.child, b.upper_bound FROM partition_bounds(parent) b WHERE b.upper_bound <= now() - keep ORDER BY b.upper_bound
$function$;

CREATE OR REPLACE FUNCTION public.forget_memory()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  UPDATE test_results SET healix_memory_id = NULL WHERE team_id = OLD.team_id AND healix_memory_id = OLD.id;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.forget_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  UPDATE test_runs SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  UPDATE consciousness_reviews SET lambda_id = NULL WHERE lambda_id = OLD.lambda_id;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.keep_webauthn_revoked()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';
END
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_add_coverage(key bytea, without_coverage bytea, payload bytea, files integer, percent numeric)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  run record;
BEGIN
  UPDATE ingest_uploads u SET payload_sha256 = payload, coverage_rows = files
  WHERE u.team_id = lukhas_team_id() AND u.upload_key = key AND u.payload_sha256 = without_coverage AND u.coverage_rows = 0
  RETURNING u.team_id, u.run_id, u.created_at INTO run;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE test_runs r SET coverage_percent = percent
  WHERE r.team_id = run.team_id AND r.id = run.run_id AND r.created_at = run.created_at AND r.coverage_percent IS NULL;
  RETURN true;
END
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_find_team(wanted text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT t.id FROM teams t WHERE t.slug = wanted AND t.deleted_at IS NULL AND lukhas_serves()
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_lock_team()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT FROM teams t WHERE t.id = lukhas_team_id() FOR NO KEY UPDATE
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_run_sums()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_run_ts(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN to_timestamp((((((('x'::text || lpad("left"(replace((id)::text, '-'::text, ''::text), 12), 16, '0'::text)))::bit(64))::bigint)::numeric / 1000.0))::double precision);

CREATE OR REPLACE FUNCTION public.lukhas_serves()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT pg_has_role(session_user, 'lukhas_owner', 'MEMBER')
    OR (pg_has_role(session_user, 'lukhas_service', 'MEMBER')
      AND EXISTS (SELECT FROM service_credentials c WHERE c.role_name = session_user))
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_sum_runs()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  EXECUTE format(lukhas_run_sums(), CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, a.* FROM added a'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, d.* FROM deleted d'
    ELSE 'SELECT 1 AS sign, a.* FROM added a UNION ALL SELECT -1, d.* FROM deleted d' END);
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.lukhas_team_id()
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  RETURN CASE
    WHEN EXISTS (SELECT FROM team_credentials c WHERE c.role_name = session_user) THEN (
      SELECT t.id FROM team_credentials c JOIN teams t ON t.id = c.team_id
      WHERE c.role_name = session_user AND t.deleted_at IS NULL
    )
    WHEN lukhas_serves() THEN NULLIF(current_setting('lukhas.team_id', true), '')::uuid
  END;
END
$function$;

CREATE OR REPLACE FUNCTION public.make_preferences()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO user_preferences (lambda_id) SELECT u.lambda_id FROM users u WHERE u.lambda_id = NEW.lambda_id
  ON CONFLICT (lambda_id) DO NOTHING;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.month_is_ready(at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT count(*) = 3
  FROM unnest(ARRAY['test_runs', 'test_results', 'coverage_data']) AS parents (name)
  WHERE EXISTS (
    SELECT FROM partition_bounds(parents.name::regclass) b WHERE b.lower_bound <= at AND b.upper_bound > at
  )
$function$;

CREATE OR REPLACE FUNCTION public.normalise_failure_signature()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.failure_signature ~* '^(md5:)?[0-9a-f]{32}$' THEN
    NEW.failure_signature = 'md5:' || lower(right(NEW.failure_signature, 32));
  END IF;
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.partition_bounds(parent regclass)
 RETURNS TABLE(child regclass, lower_bound timestamp with time zone, upper_bound timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  SELECT c.oid::regclass, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
  ) b
  WHERE i.inhparent = parent AND NOT i.inhdetachpending AND b.bounds IS NOT NULL
$function$;

CREATE OR REPLACE FUNCTION public.update_updated_at_column()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.use_webauthn_credential()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF OLD.revoked_at IS NOT NULL THEN
    RAISE EXCEPTION 'the credential is revoked' USING ERRCODE = 'LK010';
  END IF;
  IF EXISTS (SELECT FROM users u WHERE u.lambda_id = OLD.lambda_id AND (u.deleted_at IS NOT NULL OR u.is_active IS FALSE)) THEN
    RAISE EXCEPTION 'the credential is of a person who is deactivated or deleted' USING ERRCODE = 'LK011';
  END IF;
  -- 32 bits without a sign.
  IF NEW.sign_count IS NULL OR NEW.sign_count NOT BETWEEN 0 AND 4294967295 THEN
    RAISE EXCEPTION 'a sign count is a number from 0 to 4294967295' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.sign_count <= coalesce(OLD.sign_count, 0) AND (NEW.sign_count <> 0 OR coalesce(OLD.sign_count, 0) <> 0) THEN
    RAISE EXCEPTION 'the sign count did not rise: the credential may be cloned' USING ERRCODE = 'LK012';
  END IF;
  NEW.use_count := coalesce(OLD.use_count, 0) + 1;
  NEW.last_used := clock_timestamp();
  RETURN NEW;
END
$function$;


-- Triggers

CREATE TRIGGER forget_memory AFTER DELETE ON healix_memories FOR EACH ROW EXECUTE FUNCTION forget_memory();
CREATE TRIGGER normalise_healix_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON healix_memories FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
CREATE TRIGGER update_healix_memories_updated_at BEFORE UPDATE ON healix_memories FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER normalise_shared_memories_signature BEFORE INSERT OR UPDATE OF failure_signature ON shared_memories FOR EACH ROW EXECUTE FUNCTION normalise_failure_signature();
CREATE TRIGGER update_shared_memories_updated_at BEFORE UPDATE ON shared_memories FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_teams_updated_at BEFORE UPDATE ON teams FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER sum_changed_runs AFTER UPDATE ON test_runs REFERENCING OLD TABLE AS deleted NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_deleted_runs AFTER DELETE ON test_runs REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER sum_stored_runs AFTER INSERT ON test_runs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lukhas_sum_runs();
CREATE TRIGGER update_user_preferences_updated_at BEFORE UPDATE ON user_preferences FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER forget_person AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_person();
CREATE CONSTRAINT TRIGGER make_preferences AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION make_preferences();
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER keep_webauthn_revoked BEFORE UPDATE OF revoked_at ON webauthn_credentials FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at))) EXECUTE FUNCTION keep_webauthn_revoked();
CREATE TRIGGER use_webauthn_credential BEFORE UPDATE OF sign_count ON webauthn_credentials FOR EACH ROW EXECUTE FUNCTION use_webauthn_credential();

-- Row-level security

ALTER TABLE consciousness_reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON consciousness_reviews FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE coverage_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON coverage_data FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE coverage_months ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON coverage_months FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE healix_credits ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_credits FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE healix_matches ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_matches FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE healix_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON healix_memories FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE ingest_uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON ingest_uploads FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE missing_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON missing_reports FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE run_days ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON run_days FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE service_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON sessions FOR ALL USING (EXISTS ( SELECT
   FROM users u
  WHERE ((u.lambda_id)::text = (sessions.lambda_id)::text)));
ALTER TABLE shared_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared_memories ON shared_memories FOR SELECT USING (( SELECT lukhas_team_id() AS lukhas_team_id) IS NOT NULL);
ALTER TABLE team_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON teams FOR ALL USING (id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_aliases ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_aliases FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_lines FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_months ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_months FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_names ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_names FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_results FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE test_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON test_runs FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON user_preferences FOR ALL USING (EXISTS ( SELECT
   FROM users u
  WHERE ((u.lambda_id)::text = (user_preferences.lambda_id)::text)));
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON users FOR ALL USING (team_id = ( SELECT lukhas_team_id() AS lukhas_team_id));
ALTER TABLE webauthn_credentials ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_isolation ON webauthn_credentials FOR ALL USING (EXISTS ( SELECT
   FROM users u
  WHERE ((u.lambda_id)::text = (webauthn_credentials.lambda_id)::text)));

-- Owners

ALTER TABLE consciousness_reviews OWNER TO lukhas_owner;
ALTER TABLE coverage_data OWNER TO lukhas_owner;
ALTER TABLE coverage_months OWNER TO lukhas_owner;
ALTER TABLE healix_credits OWNER TO lukhas_owner;
ALTER TABLE healix_matches OWNER TO lukhas_owner;
ALTER TABLE healix_memories OWNER TO lukhas_owner;
ALTER TABLE ingest_uploads OWNER TO lukhas_owner;
ALTER TABLE lukhas_locks OWNER TO lukhas_owner;
ALTER TABLE lukhas_migration_steps OWNER TO lukhas_owner;
ALTER TABLE lukhas_migrations OWNER TO lukhas_owner;
ALTER TABLE lukhas_retirements OWNER TO lukhas_owner;
ALTER TABLE missing_reports OWNER TO lukhas_owner;
ALTER TABLE run_days OWNER TO lukhas_owner;
ALTER TABLE service_credentials OWNER TO lukhas_owner;
ALTER TABLE sessions OWNER TO lukhas_owner;
ALTER TABLE shared_memories OWNER TO lukhas_owner;
ALTER TABLE team_credentials OWNER TO lukhas_owner;
ALTER TABLE teams OWNER TO lukhas_owner;
ALTER TABLE test_aliases OWNER TO lukhas_owner;
ALTER TABLE test_lines OWNER TO lukhas_owner;
ALTER TABLE test_months OWNER TO lukhas_owner;
ALTER TABLE test_names OWNER TO lukhas_owner;
ALTER TABLE test_results OWNER TO lukhas_owner;
ALTER TABLE test_runs OWNER TO lukhas_owner;
ALTER TABLE user_preferences OWNER TO lukhas_owner;
ALTER TABLE users OWNER TO lukhas_owner;
ALTER TABLE webauthn_credentials OWNER TO lukhas_owner;
ALTER FUNCTION attach_month(timestamp with time zone) OWNER TO lukhas_owner;
ALTER FUNCTION check_months_login() OWNER TO lukhas_owner;
ALTER FUNCTION ensure_partitions(integer,integer) OWNER TO lukhas_owner;
ALTER FUNCTION ensure_partitions_for(timestamp with time zone,integer) OWNER TO lukhas_owner;
ALTER FUNCTION expired_partitions(regclass,interval) OWNER TO lukhas_owner;
ALTER FUNCTION forget_memory() OWNER TO lukhas_owner;
ALTER FUNCTION forget_person() OWNER TO lukhas_owner;
ALTER FUNCTION keep_webauthn_revoked() OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_add_coverage(bytea,bytea,bytea,integer,numeric) OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_find_team(text) OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_lock_team() OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_run_sums() OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_run_ts(uuid) OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_serves() OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_sum_runs() OWNER TO lukhas_owner;
ALTER FUNCTION lukhas_team_id() OWNER TO lukhas_owner;
ALTER FUNCTION make_preferences() OWNER TO lukhas_owner;
ALTER FUNCTION month_is_ready(timestamp with time zone) OWNER TO lukhas_owner;
ALTER FUNCTION normalise_failure_signature() OWNER TO lukhas_owner;
ALTER FUNCTION partition_bounds(regclass) OWNER TO lukhas_owner;
ALTER FUNCTION update_updated_at_column() OWNER TO lukhas_owner;
ALTER FUNCTION use_webauthn_credential() OWNER TO lukhas_owner;

-- Rights

GRANT INSERT, SELECT ON consciousness_reviews TO lukhas_ingest;
GRANT INSERT, SELECT, UPDATE ON consciousness_reviews TO lukhas_service;
GRANT INSERT, SELECT ON coverage_data TO lukhas_ingest;
GRANT INSERT, SELECT ON coverage_data TO lukhas_service;
GRANT SELECT ON coverage_months TO lukhas_ingest;
GRANT SELECT ON coverage_months TO lukhas_service;
GRANT INSERT, SELECT ON healix_credits TO lukhas_ingest;
GRANT INSERT, SELECT ON healix_credits TO lukhas_service;
GRANT INSERT, SELECT ON healix_matches TO lukhas_ingest;
GRANT INSERT, SELECT ON healix_matches TO lukhas_service;
GRANT INSERT, SELECT ON healix_memories TO lukhas_ingest;
GRANT INSERT, SELECT, UPDATE ON healix_memories TO lukhas_service;
GRANT INSERT, SELECT ON ingest_uploads TO lukhas_ingest;
GRANT INSERT, SELECT ON ingest_uploads TO lukhas_service;
GRANT SELECT ON lukhas_migration_steps TO lukhas_ingest;
GRANT SELECT ON lukhas_migration_steps TO lukhas_service;
GRANT SELECT ON lukhas_migrations TO lukhas_ingest;
GRANT SELECT ON lukhas_migrations TO lukhas_service;
GRANT SELECT ON lukhas_retirements TO lukhas_ingest;
GRANT SELECT ON lukhas_retirements TO lukhas_service;
GRANT INSERT, SELECT ON missing_reports TO lukhas_ingest;
GRANT INSERT, SELECT ON missing_reports TO lukhas_service;
GRANT SELECT ON run_days TO lukhas_ingest;
GRANT SELECT ON run_days TO lukhas_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON sessions TO lukhas_service;
GRANT SELECT ON shared_memories TO lukhas_ingest;
GRANT SELECT ON shared_memories TO lukhas_service;
GRANT SELECT ON teams TO lukhas_ingest;
GRANT SELECT ON teams TO lukhas_service;
GRANT INSERT, SELECT ON test_aliases TO lukhas_ingest;
GRANT INSERT, SELECT ON test_aliases TO lukhas_service;
GRANT SELECT ON test_lines TO lukhas_ingest;
GRANT SELECT ON test_lines TO lukhas_service;
GRANT SELECT ON test_months TO lukhas_ingest;
GRANT SELECT ON test_months TO lukhas_service;
GRANT SELECT ON test_names TO lukhas_ingest;
GRANT SELECT ON test_names TO lukhas_service;
GRANT INSERT, SELECT ON test_results TO lukhas_ingest;
GRANT INSERT, SELECT ON test_results TO lukhas_service;
GRANT INSERT, SELECT ON test_runs TO lukhas_ingest;
GRANT INSERT, SELECT ON test_runs TO lukhas_service;
GRANT INSERT, SELECT, UPDATE ON user_preferences TO lukhas_service;
GRANT INSERT, SELECT, UPDATE ON users TO lukhas_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON webauthn_credentials TO lukhas_service;
GRANT UPDATE (change) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (change) ON healix_matches TO lukhas_service;
GRANT UPDATE (counted) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (counted) ON healix_matches TO lukhas_service;
GRANT UPDATE (earlier_failures) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (earlier_failures) ON healix_matches TO lukhas_service;
GRANT UPDATE (earlier_runs) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (earlier_runs) ON healix_matches TO lukhas_service;
GRANT UPDATE (ended_at) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (ended_at) ON healix_matches TO lukhas_service;
GRANT UPDATE (ended_git_sha) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (ended_git_sha) ON healix_matches TO lukhas_service;
GRANT UPDATE (healed) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (healed) ON healix_matches TO lukhas_service;
GRANT UPDATE (outcome) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (outcome) ON healix_matches TO lukhas_service;
GRANT UPDATE (shown) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (shown) ON healix_matches TO lukhas_service;
GRANT UPDATE (started_at) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (started_at) ON healix_matches TO lukhas_service;
GRANT UPDATE (test_name) ON healix_matches TO lukhas_ingest;
GRANT UPDATE (test_name) ON healix_matches TO lukhas_service;
GRANT UPDATE (auto_fix_code) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (confidence) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (deleted_at) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (failure_count) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (last_applied) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (metadata) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (probable_cause) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (root_cause) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (solution) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (solution_type) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (state) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (success_count) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (updated_at) ON healix_memories TO lukhas_ingest;
GRANT UPDATE (auto_healed) ON test_results TO lukhas_ingest;
GRANT UPDATE (auto_healed) ON test_results TO lukhas_service;
GRANT SELECT (deleted_at) ON users TO lukhas_ingest;
GRANT SELECT (display_name) ON users TO lukhas_ingest;
GRANT SELECT (lambda_id) ON users TO lukhas_ingest;
GRANT SELECT (last_login_at) ON users TO lukhas_ingest;
GRANT SELECT (team_id) ON users TO lukhas_ingest;
REVOKE ALL ON FUNCTION attach_month(timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION check_months_login() FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_partitions(integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(integer,integer) TO lukhas_service;
REVOKE ALL ON FUNCTION ensure_partitions_for(timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions_for(timestamp with time zone,integer) TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION ensure_partitions_for(timestamp with time zone,integer) TO lukhas_service;
REVOKE ALL ON FUNCTION expired_partitions(regclass,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expired_partitions(regclass,interval) TO lukhas_service;
REVOKE ALL ON FUNCTION forget_memory() FROM PUBLIC;
REVOKE ALL ON FUNCTION forget_person() FROM PUBLIC;
REVOKE ALL ON FUNCTION keep_webauthn_revoked() FROM PUBLIC;
REVOKE ALL ON FUNCTION lukhas_add_coverage(bytea,bytea,bytea,integer,numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_add_coverage(bytea,bytea,bytea,integer,numeric) TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION lukhas_add_coverage(bytea,bytea,bytea,integer,numeric) TO lukhas_service;
REVOKE ALL ON FUNCTION lukhas_find_team(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_find_team(text) TO lukhas_service;
REVOKE ALL ON FUNCTION lukhas_lock_team() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_lock_team() TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION lukhas_lock_team() TO lukhas_service;
REVOKE ALL ON FUNCTION lukhas_run_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION lukhas_run_ts(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_run_ts(uuid) TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION lukhas_run_ts(uuid) TO lukhas_service;
REVOKE ALL ON FUNCTION lukhas_serves() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_serves() TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION lukhas_serves() TO lukhas_service;
REVOKE ALL ON FUNCTION lukhas_sum_runs() FROM PUBLIC;
REVOKE ALL ON FUNCTION lukhas_team_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lukhas_team_id() TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION lukhas_team_id() TO lukhas_service;
REVOKE ALL ON FUNCTION make_preferences() FROM PUBLIC;
REVOKE ALL ON FUNCTION month_is_ready(timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION month_is_ready(timestamp with time zone) TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION month_is_ready(timestamp with time zone) TO lukhas_service;
REVOKE ALL ON FUNCTION normalise_failure_signature() FROM PUBLIC;
REVOKE ALL ON FUNCTION partition_bounds(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION partition_bounds(regclass) TO lukhas_ingest;
GRANT EXECUTE ON FUNCTION partition_bounds(regclass) TO lukhas_service;
REVOKE ALL ON FUNCTION update_updated_at_column() FROM PUBLIC;
REVOKE ALL ON FUNCTION use_webauthn_credential() FROM PUBLIC;
