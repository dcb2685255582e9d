// One test's earlier failures in the order of runs: the row of failures that this one ends, what fixed it before, and how
// often it changed.
import type { FailingBlock, PastRun } from '../model.ts';

export interface Timeline {
  /** The first run of the row of failures on this branch that ends in this run; undefined where no earlier run is in it. */
  readonly firstOfRow: PastRun | undefined;
  /** Failing runs of this branch in a row, this one included. */
  readonly runsInARow: number;
  /** The commit by which it went green the last time it had failed before. */
  readonly lastFixedBy: string | undefined;
  /** It failed in the latest run of the base branch that had it. */
  readonly failedOnBase: boolean;
  /** On one commit it failed in one run and passed in the next: somebody ran it again. */
  readonly passedOnRerun: boolean;
  /** How often its outcome changed on the base branch since a time, this run included where it is on that branch. */
  flipsSince(time: number): number;
}

export interface TimelineOptions {
  runAt(side: PastRun['side'], back: number | undefined): PastRun | undefined;
  readonly isOnBaseBranch: boolean;
}

/** @param blocks of each side the latest first */
export function timelineOf(
  blocks: readonly FailingBlock[],
  { runAt, isOnBaseBranch }: TimelineOptions,
): Timeline {
  const branch = blocks.filter((block) => block.side === 'branch');
  const base = isOnBaseBranch ? branch : blocks.filter((block) => block.side === 'base');
  const sameCommit = (side: PastRun['side'], one: number | undefined, other: number): boolean => {
    const sha = runAt(side, one)?.gitSha;
    return sha !== undefined && sha === runAt(side, other)?.gitSha;
  };

  // The row goes back over blocks as long as no green run lies between.
  const firstGreen = branch.findIndex((block) => block.greenAfter !== undefined);
  const row = firstGreen < 0 ? branch : branch.slice(0, firstGreen);
  const oldest = row.at(-1);
  // Green again on the same commit is luck, not a fix.
  const fixed = [...branch.slice(row.length), ...(isOnBaseBranch ? [] : base)].find(
    ({ side, greenAfter, newest }) => greenAfter !== undefined && !sameCommit(side, greenAfter, newest),
  );
  const latest = base[0];
  return {
    firstOfRow: oldest && runAt('branch', oldest.oldest),
    runsInARow: 1 + row.reduce((sum, block) => sum + block.oldest - block.newest + 1, 0),
    lastFixedBy: fixed && runAt(fixed.side, fixed.greenAfter)?.gitSha,
    failedOnBase: latest !== undefined && latest.greenAfter === undefined,
    passedOnRerun: blocks.some(
      ({ side, greenAfter, greenBefore, newest, oldest }) =>
        sameCommit(side, greenAfter, newest) || sameCommit(side, greenBefore, oldest),
    ),
    flipsSince(time) {
      const isRecent = (side: PastRun['side'], back: number) => (runAt(side, back)?.at ?? 0) >= time;
      const flips = base.reduce(
        (sum, { side, oldest, greenBefore, greenAfter }) =>
          sum +
          (greenBefore !== undefined && isRecent(side, oldest) ? 1 : 0) +
          (greenAfter !== undefined && isRecent(side, greenAfter) ? 1 : 0),
        0,
      );
      return flips + (isOnBaseBranch && latest?.greenAfter !== undefined ? 1 : 0);
    },
  };
}
