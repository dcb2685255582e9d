// Which tests fail more often this week than in the month before, where chance does not explain it. Each test is asked by Fisher's
// exact test; of all that are named, at most 5 % are expected to be false.
//
// The unit is a commit of a line: a commit that is run five times says once that it is broken. Failures of one cause in one run are
// the cause's, not the tests'; and a burst, many failures at once that are gone in the next run, is nobody's.
import { logGamma } from './changepoint.ts';

/** How often something failed, of how many units. */
export interface Counts {
  readonly failed: number;
  readonly units: number;
}

export interface Comparison {
  readonly now: Counts;
  readonly before: Counts;
}

export interface Regression<T extends Comparison> {
  readonly of: T;
  /** Probability of so many failures this week, or more, if nothing changed. */
  readonly p: number;
}

/**
 * Those that got worse. The false discovery rate is held by the discrete form of Benjamini and Hochberg's procedure (Heyse 2011):
 * for a threshold it adds up what each comparison can reach by chance, which of one that seldom fails is nothing.
 *
 * @param all every comparison that was made, also those that got no worse
 * @returns the surest first
 */
export function findRegressions<T extends Comparison>(
  all: readonly T[],
  falseRate = 0.05,
): readonly Regression<T>[] {
  const tails = new Map<string, readonly number[]>();
  const tailsOf = ({ now, before }: Comparison): readonly number[] => {
    const key = `${now.units} ${before.units} ${now.failed + before.failed}`;
    const known = tails.get(key) ?? upperTails(now.units, before.units, now.failed + before.failed);
    tails.set(key, known);
    return known;
  };
  const found = all
    .map((of) => ({ of, p: tailsOf(of)[of.now.failed] ?? 1 }))
    .filter(({ p }) => p < falseRate)
    .sort((a, b) => a.p - b.p);
  const groups = new Map<readonly number[], number>();
  for (const one of all) groups.set(tailsOf(one), (groups.get(tailsOf(one)) ?? 0) + 1);
  const expectedAt = (threshold: number): number => {
    let sum = 0;
    for (const [reached, n] of groups) sum += n * (reached.find((p) => p <= threshold) ?? 0);
    return sum;
  };
  for (let last = found.length; last > 0; last--) {
    const threshold = found[last - 1]?.p ?? 0;
    if (expectedAt(threshold) <= falseRate * last) return found.slice(0, last);
  }
  return [];
}

/** By the number of failures this week: the probability of so many or more, descending. Fisher's exact test, one-sided. */
function upperTails(now: number, before: number, failed: number): readonly number[] {
  const most = Math.min(now, failed);
  const none = logChoose(now + before, failed);
  const single = Array.from({ length: most + 1 }, (_, k) =>
    failed - k > before ? 0 : Math.exp(logChoose(now, k) + logChoose(before, failed - k) - none),
  );
  const sums: number[] = [];
  let sum = 0;
  for (let k = most; k >= 0; k--) {
    sum += single[k] ?? 0;
    sums.unshift(Math.min(1, sum));
  }
  return sums;
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/** One run that counts, with what failed in it. */
export interface UnitRun {
  readonly lineId: string;
  readonly commit: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `causeKey`: what made it, where that is not the test itself. */
  readonly failed: readonly { readonly testName: string; readonly causeKey: string | undefined }[];
}

/** What failed, and in which units. */
export interface Failing {
  readonly kind: 'test' | 'cause';
  /** A test's name, or a cause's key. */
  readonly name: string;
  readonly lineId: string;
  /** Commits of the line on which it failed. */
  readonly commits: ReadonlySet<string>;
  /** Of a cause: the tests that it failed. */
  readonly tests: ReadonlySet<string>;
}

export interface Units {
  /** By line, the commits in the order of their first runs. */
  readonly lines: ReadonlyMap<string, readonly { readonly commit: string; readonly at: number }[]>;
  readonly failing: readonly Failing[];
  /** Units whose failures were a burst. */
  readonly bursts: number;
}

/** A burst: so many failures, so many times the line's usual number, so large a share of them gone in the next unit. */
const burst = { failures: 20, times: 2, gone: 0.8 } as const;

/** Puts runs together to units. */
export function unitsOf(runs: readonly UnitRun[]): Units {
  const byLine = new Map<
    string,
    Map<string, { at: number; own: Set<string>; causes: Map<string, Set<string>> }>
  >();
  for (const run of [...runs].sort((a, b) => a.at - b.at)) {
    const line = byLine.get(run.lineId) ?? new Map();
    byLine.set(run.lineId, line);
    const unit = line.get(run.commit) ?? { at: run.at, own: new Set(), causes: new Map() };
    line.set(run.commit, unit);
    const shared = new Map<string, string[]>();
    for (const { testName, causeKey } of run.failed)
      if (causeKey !== undefined) shared.set(causeKey, [...(shared.get(causeKey) ?? []), testName]);
    for (const { testName, causeKey } of run.failed) {
      const others = causeKey === undefined ? [] : (shared.get(causeKey) ?? []);
      if (causeKey === undefined || others.length < 2) unit.own.add(testName);
      else unit.causes.set(causeKey, new Set([...(unit.causes.get(causeKey) ?? []), ...others]));
    }
  }
  let bursts = 0;
  const failing = new Map<string, { of: Failing; commits: Set<string>; tests: Set<string> }>();
  const note = (
    kind: Failing['kind'],
    name: string,
    lineId: string,
    commit: string,
    tests: Iterable<string>,
  ) => {
    const key = `${kind}\n${lineId}\n${name}`;
    const known = failing.get(key);
    if (known !== undefined) {
      known.commits.add(commit);
      for (const one of tests) known.tests.add(one);
      return;
    }
    const [commits, all] = [new Set([commit]), new Set(tests)];
    failing.set(key, { of: { kind, name, lineId, commits, tests: all }, commits, tests: all });
  };
  const lines = new Map<string, { commit: string; at: number }[]>();
  for (const [lineId, units] of byLine) {
    const list = [...units];
    const usual = median(list.map(([, { own }]) => own.size));
    lines.set(
      lineId,
      list.map(([commit, { at }]) => ({ commit, at })),
    );
    for (const [place, [commit, { own, causes }]] of list.entries()) {
      for (const [cause, tests] of causes) note('cause', cause, lineId, commit, tests);
      const next = list[place + 1]?.[1].own;
      const gone = next === undefined ? 0 : [...own].filter((name) => !next.has(name)).length;
      if (
        own.size >= burst.failures &&
        own.size > burst.times * usual &&
        next !== undefined &&
        gone >= burst.gone * own.size
      ) {
        bursts++;
        continue;
      }
      for (const name of own) note('test', name, lineId, commit, []);
    }
  }
  return { lines, bursts, failing: [...failing.values()].map(({ of }) => of) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
