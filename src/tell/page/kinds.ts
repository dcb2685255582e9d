// The kinds of cells of the page's grid.

/** What a cell holds; the number is its four bits. `again`: it passed after attempts that failed. */
export const cellKinds = [
  'absent',
  'passed',
  'failed',
  'error',
  'skipped',
  'xfailed',
  'xpassed',
  'again',
] as const;
export type CellKind = (typeof cellKinds)[number];
