// Since when a test fails that also passes now and then: the change point of its failure rate, by Bayes' rule. Model: the
// failures have one unknown constant probability, or one before a commit and another from it on; each with a Beta prior. The
// priors are those of LUCI Analysis: most tests nearly always pass or nearly always fail.
const priorFailed = 0.3;
const priorPassed = 0.5;
const priorChange = 0.001;
const setHolds = 0.99;

/** One run: which commit, by its place in the sequence of commits, and whether the test failed. */
export interface Sample {
  readonly commit: number;
  readonly failed: boolean;
}

/** A commit at which the failure rate changed, with its share of the weight. */
export interface Candidate {
  readonly commit: number;
  readonly weight: number;
}

export interface ChangePoint {
  /** Probability that there is a change at all. */
  readonly probability: number;
  /** The smallest set of commits that holds the change with 99 %, likeliest first. */
  readonly candidates: readonly Candidate[];
  readonly rateBefore: number;
  readonly rateAfter: number;
}

/**
 * The change point of a sequence, between commits, never between the runs of one. undefined where there is nothing to split.
 *
 * @param samples in commit order
 */
export function changePoint(samples: readonly Sample[]): ChangePoint | undefined {
  const { evidence, failedUpTo } = evidenceOf(samples);
  const splits: { readonly at: number; readonly commit: number; readonly log: number }[] = [];
  for (let at = 1; at < samples.length; at++) {
    const commit = samples[at]?.commit;
    if (commit === undefined || commit === samples[at - 1]?.commit) continue;
    splits.push({ at, commit, log: evidence(0, at) + evidence(at, samples.length) });
  }
  if (splits.length === 0) return undefined;
  const none = evidence(0, samples.length);
  const greatest = splits.reduce((most, { log }) => Math.max(most, log), none);
  const sum = splits.reduce((total, { log }) => total + Math.exp(log - greatest), 0);
  const changed = (priorChange * sum) / splits.length;
  const unchanged = (1 - priorChange) * Math.exp(none - greatest);
  const weighed = splits
    .map(({ at, commit, log }) => ({ at, commit, weight: Math.exp(log - greatest) / sum }))
    .sort((a, b) => b.weight - a.weight || b.commit - a.commit);
  const candidates: Candidate[] = [];
  let held = 0;
  for (const { commit, weight } of weighed) {
    candidates.push({ commit, weight });
    held += weight;
    if (held >= setHolds) break;
  }
  const at = weighed[0]?.at ?? 0;
  return {
    probability: changed / (changed + unchanged),
    candidates,
    rateBefore: failedUpTo(at) / at,
    rateAfter: (failedUpTo(samples.length) - failedUpTo(at)) / (samples.length - at),
  };
}

/**
 * The break that a sequence ends in, where it is more probable than no break. Earlier changes are cut off first: what was
 * repaired says nothing of the present failure.
 */
export function presentBreak(samples: readonly Sample[]): ChangePoint | undefined {
  const segment = samples.slice(lastRecovery(samples));
  const change = changePoint(segment);
  return change !== undefined && change.probability > 0.5 && change.rateAfter > change.rateBefore
    ? change
    : undefined;
}

/**
 * Index of the first sample after the last fall of the failure rate; 0 where it never fell. Goes by the most probable way to cut
 * the sequence into parts of constant rate: one change alone would not be seen where several undo each other.
 */
function lastRecovery(samples: readonly Sample[]): number {
  const firstFailed = samples.findIndex(({ failed }) => failed);
  if (samples.slice(Math.max(0, firstFailed)).every(({ failed }) => failed)) return 0;
  const { evidence, failedUpTo } = evidenceOf(samples);
  const price = Math.log(priorChange / Math.max(1, samples.length - 1));
  const best = [-price];
  const cutBefore = [0];
  for (let end = 1; end <= samples.length; end++) {
    let [most, cut] = [-Infinity, 0];
    if (end === samples.length || samples[end]?.commit !== samples[end - 1]?.commit)
      for (let start = 0; start < end; start++) {
        const before = best[start] ?? -Infinity;
        // Evidence is the logarithm of a probability: never above 0.
        if (before + price <= most) continue;
        const total = before + price + evidence(start, end);
        if (total <= most) continue;
        most = total;
        cut = start;
      }
    best.push(most);
    cutBefore.push(cut);
  }
  const rate = (from: number, to: number) => (failedUpTo(to) - failedUpTo(from)) / (to - from);
  for (let end = samples.length, cut = cutBefore[end] ?? 0; cut > 0; ) {
    const before = cutBefore[cut] ?? 0;
    if (rate(cut, end) < rate(before, cut)) return cut;
    [end, cut] = [cut, before];
  }
  return 0;
}

/** Logarithm of the probability of a part's outcomes at one unknown rate, and the failures before a place. */
function evidenceOf(samples: readonly Sample[]) {
  const failures = new Int32Array(samples.length + 1);
  let sum = 0;
  for (let place = 0; place < samples.length; place++) {
    if (samples[place]?.failed === true) sum++;
    failures[place + 1] = sum;
  }
  const failedUpTo = (end: number) => failures[end] ?? 0;
  const inFailed = failedTable(samples.length);
  const inPassed = passedTable(samples.length);
  const inBoth = bothTable(samples.length);
  const gammaOf = (table: readonly number[], n: number) => table[n] ?? 0;
  const none = gammaOf(inFailed, 0) + gammaOf(inPassed, 0) - gammaOf(inBoth, 0);
  return {
    failedUpTo,
    evidence(from: number, to: number): number {
      const count = failedUpTo(to) - failedUpTo(from);
      return (
        gammaOf(inFailed, count) + gammaOf(inPassed, to - from - count) - gammaOf(inBoth, to - from) - none
      );
    },
  };
}

/** ln Γ(prior + n) for n = 0, 1, 2 … up to a number, each computed once: every test of a run asks for the same. */
function tableOf(prior: number): (upTo: number) => readonly number[] {
  const known: number[] = [];
  return (upTo) => {
    for (let n = known.length; n <= upTo; n++) known.push(logGamma(prior + n));
    return known;
  };
}

const failedTable = tableOf(priorFailed);
const passedTable = tableOf(priorPassed);
const bothTable = tableOf(priorFailed + priorPassed);

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0, by Lanczos' approximation (g = 7, 9 terms): relative error below 1e-13. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  const series = lanczos.slice(1).reduce((sum, c, i) => sum + c / (z + i + 1), lanczos[0] ?? 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}
