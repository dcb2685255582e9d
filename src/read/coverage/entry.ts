// One source file's entry in coverage.py's JSON: validates it, merges several runs' entries of one file, and computes its
// percentage. Knows nothing of paths or of the document around it.
import * as z from 'zod/mini';
import type { FlatBranches } from '../../model.ts';

/** A validated entry. Lines are 1-based, ascending and distinct; a branch is one number, see `branchOf`. */
export interface CoverageEntry {
  readonly statements: number;
  readonly covered: number;
  readonly branches: number;
  readonly coveredBranches: number;
  readonly coveredLines: readonly number[];
  readonly missingLines: readonly number[];
  readonly takenBranches: readonly number[];
  readonly untakenBranches: readonly number[];
}

/** The members of an entry that are read. `functions`, `classes` and `contexts` repeat them, up to hundreds of megabytes. */
export const entryMembers: ReadonlySet<string> = new Set([
  'summary',
  'executed_lines',
  'missing_lines',
  'excluded_lines',
  'executed_branches',
  'missing_branches',
]);

/** More lines than any file has; small enough for a pair of them to be an exact number. */
const maxLine = 2 ** 24;
const maxCount = 2 ** 31 - 1;

const count = z
  .int('must be a whole number')
  .check(z.minimum(0, 'must not be below 0'), z.maximum(maxCount, `must not be above ${maxCount}`));
// Predicates: zod, element by element, would take longer than everything else together.
const lines = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((line) => isWithin(line, 0)),
  'must be line numbers',
);
const branches = z.custom<[number, number][]>(
  (value) =>
    Array.isArray(value) &&
    value.every(
      (pair) =>
        Array.isArray(pair) &&
        pair.length === 2 &&
        isWithin(pair[0], -maxLine) &&
        isWithin(pair[1], -maxLine),
    ),
  'must be pairs of line numbers',
);
const entrySchema = z.object({
  summary: z
    .object(
      {
        covered_lines: count,
        num_statements: count,
        covered_branches: z._default(count, 0),
        num_branches: z._default(count, 0),
      },
      'must be an object',
    )
    .check(
      z.refine(
        (summary) => summary.covered_lines <= summary.num_statements,
        'more lines covered than there are',
      ),
      z.refine(
        (summary) => summary.covered_branches <= summary.num_branches,
        'more branches covered than there are',
      ),
    ),
  executed_lines: lines,
  missing_lines: lines,
  excluded_lines: z._default(lines, []),
  executed_branches: z._default(branches, []),
  missing_branches: z._default(branches, []),
});

function isWithin(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= maxLine;
}

/** Validates an entry from the members in `entryMembers`; returns the reason if it is unusable. */
export function parseEntry(members: ReadonlyMap<string, unknown>): CoverageEntry | string {
  const parsed = entrySchema.safeParse(Object.fromEntries(members));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return issue === undefined
      ? 'not understood'
      : [issue.path.join('.'), issue.message].filter(Boolean).join(': ');
  }
  const { summary, ...lists } = parsed.data;
  return {
    statements: summary.num_statements,
    covered: summary.covered_lines,
    branches: summary.num_branches,
    coveredBranches: summary.covered_branches,
    coveredLines: statementLines(lists.executed_lines, lists.excluded_lines, summary.covered_lines),
    missingLines: ascending(lists.missing_lines),
    takenBranches: ascending(lists.executed_branches.map(branchOf)),
    untakenBranches: ascending(lists.missing_branches.map(branchOf)),
  };
}

/** coverage.py's formula; a file without statements has 100 %. */
export function percentOf(counts: {
  readonly statements: number;
  readonly covered: number;
  readonly branches: number;
  readonly coveredBranches: number;
}): number {
  const all = counts.statements + counts.branches;
  return all === 0 ? 100 : (100 * (counts.covered + counts.coveredBranches)) / all;
}

export interface MergedEntry {
  readonly entry: CoverageEntry;
  /** False if the inputs do not list their branches: the best single input was taken. */
  readonly branchesExact: boolean;
}

/** Merges two entries of one file: a line or branch is covered if either covered it, and missing if neither did. */
export function mergeEntries(first: CoverageEntry, second: CoverageEntry): MergedEntry {
  const coveredLines = union(first.coveredLines, second.coveredLines);
  const missingLines = without(union(first.missingLines, second.missingLines), coveredLines);
  const takenBranches = union(first.takenBranches, second.takenBranches);
  const untakenBranches = without(union(first.untakenBranches, second.untakenBranches), takenBranches);
  const branches = mergedBranches(first, second, takenBranches.length, untakenBranches.length);
  return {
    entry: {
      ...mergedStatements(first, second, coveredLines.length, missingLines.length),
      branches: branches.branches,
      coveredBranches: branches.coveredBranches,
      coveredLines,
      missingLines,
      takenBranches,
      untakenBranches,
    },
    branchesExact: branches.exact,
  };
}

/** Older versions list executed lines that are no statements (docstrings); then only the statement count is right. */
function mergedStatements(
  first: CoverageEntry,
  second: CoverageEntry,
  covered: number,
  missing: number,
): { statements: number; covered: number } {
  const listed = listsStatements(first) && listsStatements(second);
  if (listed || first.statements !== second.statements) return { statements: covered + missing, covered };
  const statements = Math.max(first.statements, missing);
  return { statements, covered: statements - missing };
}

/** Up to 7.x executed branches may hold pairs that are no branches; the listed missing ones are right. */
function mergedBranches(
  first: CoverageEntry,
  second: CoverageEntry,
  taken: number,
  untaken: number,
): { branches: number; coveredBranches: number; exact: boolean } {
  if (listsMissingBranches(first) && listsMissingBranches(second)) {
    const listed =
      first.takenBranches.length === first.coveredBranches &&
      second.takenBranches.length === second.coveredBranches;
    if (listed) return { branches: taken + untaken, coveredBranches: taken, exact: true };
    if (first.branches === second.branches) {
      return {
        branches: first.branches,
        coveredBranches: Math.max(0, first.branches - untaken),
        exact: true,
      };
    }
  }
  const branches = Math.max(first.branches, second.branches);
  const covered = Math.max(first.coveredBranches, second.coveredBranches);
  return { branches, coveredBranches: Math.min(branches, covered), exact: false };
}

/** Every branch of an entry, flat; undefined where it has none, or does not list them all exactly. */
export function listedBranches(
  entry: CoverageEntry,
): { readonly executed: FlatBranches; readonly missing: FlatBranches } | undefined {
  if (entry.branches === 0 || !listsMissingBranches(entry)) return undefined;
  // Up to 7.x it may hold pairs that are no branches.
  if (entry.takenBranches.length !== entry.coveredBranches) return undefined;
  return { executed: flat(entry.takenBranches), missing: flat(entry.untakenBranches) };
}

function flat(branches: readonly number[]): number[] {
  const pairs: number[] = new Array(2 * branches.length);
  for (const [at, branch] of branches.entries()) {
    pairs[2 * at] = Math.floor(branch / (4 * maxLine)) - maxLine;
    pairs[2 * at + 1] = (branch % (4 * maxLine)) - maxLine;
  }
  return pairs;
}

function listsStatements(entry: CoverageEntry): boolean {
  return (
    entry.coveredLines.length === entry.covered &&
    entry.missingLines.length === entry.statements - entry.covered
  );
}

function listsMissingBranches(entry: CoverageEntry): boolean {
  return entry.untakenBranches.length === entry.branches - entry.coveredBranches;
}

/** The executed statements. Up to 7.x an empty module has the executed line 0 (or its docstring's) and no statement. */
function statementLines(
  executed: readonly number[],
  excluded: readonly number[],
  covered: number,
): readonly number[] {
  if (covered === 0) return [];
  const lines = ascending(executed);
  // A copy would take a third more memory than the lines.
  const real = (lines[0] ?? 1) > 0 ? lines : lines.filter((line) => line > 0);
  if (real.length === covered) return real;
  return without(real, ascending(excluded));
}

/** A pair of line numbers as one exact number; `to` is negative if the branch leaves its function. */
function branchOf([from, to]: readonly [number, number]): number {
  return (from + maxLine) * (4 * maxLine) + (to + maxLine);
}

function ascending(values: readonly number[]): readonly number[] {
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? 0) <= (values[index - 1] ?? 0)) return [...new Set(values)].sort((a, b) => a - b);
  }
  return values;
}

function union(first: readonly number[], second: readonly number[]): number[] {
  const merged: number[] = [];
  let left = 0;
  let right = 0;
  while (left < first.length || right < second.length) {
    const a = first[left] ?? Number.POSITIVE_INFINITY;
    const b = second[right] ?? Number.POSITIVE_INFINITY;
    merged.push(Math.min(a, b));
    if (a <= b) left++;
    if (b <= a) right++;
  }
  return merged;
}

function without(values: readonly number[], removed: readonly number[]): number[] {
  const gone = new Set(removed);
  return values.filter((value) => !gone.has(value));
}
