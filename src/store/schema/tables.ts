// Which tables the migrations make, by name, as far as code asks for all of a kind.

/** The tables that are partitioned by month. */
export const partitionedTables = ['test_runs', 'test_results', 'coverage_data'] as const;

/** The tables whose rows belong to teams, and those that only the owner may see: all have row-level security. */
export const teamTables = [
  'teams',
  'users',
  'webauthn_credentials',
  'healix_memories',
  'shared_memories',
  'test_runs',
  'test_results',
  'coverage_data',
  'consciousness_reviews',
  'user_preferences',
  'sessions',
  'ingest_uploads',
  'missing_reports',
  'healix_credits',
  'test_aliases',
  'healix_matches',
  'run_days',
  'test_lines',
  'test_names',
  'test_months',
  'coverage_months',
  'team_credentials',
  'service_credentials',
] as const;
