// How long rows are kept where nobody says otherwise: the periods of the schema document.

/** By table, as intervals of PostgreSQL. Sessions count from their end, the others from when they were made. */
export const defaultPeriods = {
  test_runs: '3 years',
  test_results: '1 year',
  coverage_data: '1 year',
  consciousness_reviews: '6 months',
  sessions: '7 days',
} as const;

/** The same in whole months, for the tables that lose whole months. */
export const defaultMonths = { test_runs: 36, test_results: 12, coverage_data: 12 } as const;
