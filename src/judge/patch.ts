// Which statements of a change the tests ran, and which lines lost their coverage by it. Pure; knows the lines that git's diff
// names and those that coverage.py measured.
import type {
  Branch,
  DiffFile,
  Hunk,
  LineRange,
  MeasuredFile,
  PatchBranches,
  PatchCoverage,
  PatchFile,
} from '../model.ts';

export interface PatchFacts {
  readonly diff: readonly DiffFile[];
  /** Of the tested commit: all reports of its jobs. A line that one of them ran is covered. */
  readonly here: readonly MeasuredFile[];
  /** Of an earlier commit, with what changed since; undefined where nothing is known of it. */
  readonly before?:
    | { readonly diff: readonly DiffFile[]; readonly files: readonly MeasuredFile[] }
    | undefined;
}

/**
 * The coverage of a change. A statement counts where the line on which it begins was added or changed: coverage.py measures no other.
 * A file that no report mentions is named, and counts as nothing.
 */
export function patchCoverage({ diff, here, before }: PatchFacts): PatchCoverage {
  const measured = unionOf(here);
  const branches = branchesOf(here);
  const unlisted = new Set<string>(here.filter(hidesBranches).map(({ filePath }) => filePath));
  const files: PatchFile[] = [];
  const unreported: string[] = [];
  for (const { path, isDeleted, hunks } of diff) {
    const lines = measured.get(path);
    const changed = isDeleted ? [] : addedRanges(hunks);
    if (changed.length === 0) continue;
    if (lines === undefined) {
      if (isSource(path)) unreported.push(path);
      continue;
    }
    const isChanged = inRanges(changed);
    const covered = [...lines.covered].filter(isChanged);
    const missing = [...lines.missing].filter(isChanged);
    if (covered.length + missing.length === 0) continue;
    files.push({
      filePath: path,
      changedStatements: covered.length + missing.length,
      coveredStatements: covered.length,
      uncovered: ranges(missing, (line) => !lines.covered.has(line) && isChanged(line)),
      branches: unlisted.has(path) ? undefined : patchBranches(branches.get(path), isChanged, lines),
    });
  }
  const sum = (of: (file: PatchFile) => number) => files.reduce((all, file) => all + of(file), 0);
  const changedStatements = sum((file) => file.changedStatements);
  const coveredStatements = sum((file) => file.coveredStatements);
  const hasBranches = files.some((file) => file.branches !== undefined);
  const areKnown = !files.some(({ filePath }) => unlisted.has(filePath));
  return {
    changedStatements,
    coveredStatements,
    percent: changedStatements === 0 ? undefined : (100 * coveredStatements) / changedStatements,
    branches:
      hasBranches && areKnown
        ? {
            changed: sum((file) => file.branches?.changed ?? 0),
            covered: sum((file) => file.branches?.covered ?? 0),
          }
        : undefined,
    files,
    lost: before === undefined ? undefined : lostLines(before, measured),
    unreported,
  };
}

/** The report counts branches without a usable list: coverage.py up to 7.x may list other pairs, other tools list none. */
function hidesBranches({ totalBranches = 0, executedBranches }: MeasuredFile): boolean {
  return totalBranches > 0 && executedBranches == null;
}

/** The branches that leave a line, as one report lists them. */
interface LineExits {
  readonly executed: Set<number>;
  readonly missing: Set<number>;
}

/** By line: the branches that leave it, as each report lists them. Reports without branches add nothing. */
type Exits = ReadonlyMap<number, readonly LineExits[]>;

function branchesOf(files: readonly MeasuredFile[]): ReadonlyMap<string, Exits> {
  const found = new Map<string, Map<number, LineExits[]>>();
  for (const { filePath, executedBranches, missingBranches } of files) {
    if (executedBranches == null || missingBranches == null) continue;
    const own = new Map<number, LineExits>();
    const add = (branches: readonly number[], kind: keyof LineExits) => {
      for (let i = 0; i + 1 < branches.length; i += 2) {
        const [from = 0, to = 0] = [branches[i], branches[i + 1]];
        const exits = own.get(from) ?? { executed: new Set(), missing: new Set() };
        own.set(from, exits);
        exits[kind].add(to);
      }
    };
    add(executedBranches, 'executed');
    add(missingBranches, 'missing');
    const lines = found.get(filePath) ?? new Map<number, LineExits[]>();
    found.set(filePath, lines);
    for (const [line, exits] of own) lines.set(line, [...(lines.get(line) ?? []), exits]);
  }
  return found;
}

function patchBranches(
  exits: Exits | undefined,
  isChanged: (line: number) => boolean,
  { covered: ran }: Lines,
): PatchBranches | undefined {
  if (exits === undefined) return undefined;
  let changed = 0;
  const uncovered: Branch[] = [];
  for (const [from, reports] of [...exits].sort(([a], [b]) => a - b)) {
    if (!isChanged(from)) continue;
    const { all, missing } = joinExits(reports);
    changed += all;
    uncovered.push(...missing.sort((a, b) => a - b).map((to): Branch => [from, to]));
  }
  const partial = uncovered.filter(([from]) => ran.has(from));
  return { changed, covered: changed - uncovered.length, uncovered, partial };
}

/**
 * How many branches leave a line, and which of them no test took. Versions of Python number the same branch differently, so a branch that
 * only one report misses may have been taken under another number: it counts only where all reports together took fewer than there are.
 */
function joinExits(reports: readonly LineExits[]): { readonly all: number; readonly missing: number[] } {
  const size = ({ executed, missing }: LineExits) => new Set([...executed, ...missing]).size;
  const widest = reports.reduce((one, other) => (size(other) > size(one) ? other : one));
  const all = size(widest);
  const executed = new Set(reports.flatMap((report) => [...report.executed]));
  const open = [...widest.missing].filter((to) => !executed.has(to));
  const isMissingInAll = (to: number) => reports.every(({ missing }) => missing.has(to));
  const sure = open.filter(isMissingInAll);
  const others = open.filter((to) => !isMissingInAll(to));
  return { all, missing: [...sure, ...others.slice(0, Math.max(0, all - executed.size - sure.length))] };
}

/** Lines that a test ran before the change, that are the same now, and that none ran here. */
function lostLines(
  { diff, files }: NonNullable<PatchFacts['before']>,
  measured: ReadonlyMap<string, Lines>,
): PatchCoverage['lost'] {
  const changes = new Map(
    diff.flatMap((file) => (file.formerPath === undefined ? [] : [[file.formerPath, file]])),
  );
  const found: { filePath: string; lines: readonly LineRange[] }[] = [];
  for (const [formerPath, { covered }] of unionOf(files)) {
    const change = changes.get(formerPath);
    if (change?.isDeleted === true) continue;
    const path = change?.path ?? formerPath;
    const now = measured.get(path);
    if (now === undefined) continue;
    const carry = carrier(change?.hunks ?? []);
    const lost = [...covered]
      .sort((a, b) => a - b)
      .flatMap((line) => {
        const place = carry(line);
        return place !== undefined && now.missing.has(place) ? [place] : [];
      });
    if (lost.length > 0)
      found.push({
        filePath: path,
        lines: ranges(lost, (line) => !now.covered.has(line) && !now.missing.has(line)),
      });
  }
  return found.sort((a, b) => (a.filePath < b.filePath ? -1 : 1));
}

/** Where an unchanged line lies after a change; undefined for one that was changed or deleted. Asked in ascending order. */
function carrier(hunks: readonly Hunk[]): (line: number) => number | undefined {
  let next = 0;
  let shift = 0;
  return (line) => {
    for (let hunk = hunks[next]; hunk !== undefined; hunk = hunks[next]) {
      // Without context git names the line after which lines were added.
      const first = hunk.oldLines === 0 ? hunk.oldStart + 1 : hunk.oldStart;
      if (line < first) break;
      if (line < first + hunk.oldLines) return undefined;
      shift += hunk.newLines - hunk.oldLines;
      next++;
    }
    return line + shift;
  };
}

interface Lines {
  readonly covered: ReadonlySet<number>;
  readonly missing: ReadonlySet<number>;
}

/** A line that one report ran is covered, however many others did not. */
function unionOf(files: readonly MeasuredFile[]): ReadonlyMap<string, Lines> {
  const union = new Map<string, { covered: Set<number>; missing: Set<number> }>();
  for (const { filePath, coveredLines, missingLines } of files) {
    const lines = union.get(filePath) ?? { covered: new Set<number>(), missing: new Set<number>() };
    union.set(filePath, lines);
    for (const line of coveredLines) lines.covered.add(line);
    for (const line of missingLines) lines.missing.add(line);
  }
  for (const { covered, missing } of union.values()) for (const line of covered) missing.delete(line);
  return union;
}

function addedRanges(hunks: readonly Hunk[]): LineRange[] {
  return hunks.flatMap(({ newStart, newLines }): LineRange[] =>
    newLines === 0 ? [] : [[newStart, newStart + newLines - 1]],
  );
}

/** Ascending ranges. */
function inRanges(sorted: readonly LineRange[]): (line: number) => boolean {
  return (line) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.[1] ?? 0) < line) low = middle + 1;
      else high = middle;
    }
    const range = sorted[low];
    return range !== undefined && range[0] <= line;
  };
}

/** Lines as ranges. What lies between two of them joins them where `joins` says so: lines that are no statements. */
function ranges(lines: readonly number[], joins: (line: number) => boolean): LineRange[] {
  const found: [number, number][] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const last = found.at(-1);
    const isJoined = last !== undefined && between(last[1], line).every(joins);
    if (isJoined) last[1] = line;
    else found.push([line, line]);
  }
  return found;
}

/** Above so many lines between two statements they are no one range. */
const widestGap = 200;

function between(after: number, before: number): number[] {
  const length = before - after - 1;
  return length > widestGap ? [0] : Array.from({ length }, (_, i) => after + 1 + i);
}

/** Python code that tests are about: reports are often told to leave out the tests themselves. */
function isSource(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    /\.pyx?$/.test(name) &&
    !/^(test_.*|.*_test|conftest|setup)\.py$/.test(name) &&
    !/(^|\/)(tests?|docs?)\//.test(path)
  );
}
