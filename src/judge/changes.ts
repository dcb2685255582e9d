// How the tests of a run differ from those of the runs at the point: added, removed, newly skipped, not run here, slower. What
// a run did not run is not removed.
import type { NotRun, SlowerTest, TestChanges, TestPair } from '../model.ts';
import type { ChangesFacts, FilePair } from './facts.ts';
import { groupBy } from './group.ts';

/** Green runs at the base that a comparison of durations needs. */
const samples = 10;
const slowerFactor = 1.5;
const slowerSeconds = 0.1;

/**
 * @param isPointTested the commit where the change begins has a run: else nothing can be called added or removed
 * @param isComplete the judged run has all tests that were asked for
 */
export function changesOf(
  { tests, files, renamed, renamedFunctions = [] }: ChangesFacts,
  { isPointTested, isComplete }: { readonly isPointTested: boolean; readonly isComplete: boolean },
): TestChanges {
  const fileOf = new Map(files.map((file) => [file.file, file]));
  const moved = new Set(renamed.flatMap(({ from, to }) => [from, to]));
  const differing = tests.filter(({ testName }) => !moved.has(testName));
  const fate = (test: TestPair) => fateOf(test, fileOf.get(test.testFile), isComplete);
  const fates = groupBy(differing, fate);
  const names = (list: readonly TestPair[] = []) => list.map(({ testName }) => testName).sort();
  const functionNow = new Map(renamedFunctions.map(({ from, to }) => [from, to]));
  const functionOf = (test: TestPair) => functionNow.get(functionIdOf(test)) ?? functionIdOf(test);
  const addedHere = new Set((fates.get('added') ?? []).map(functionOf));
  const changed = new Set((fates.get('removed') ?? []).map(functionOf).filter((name) => addedHere.has(name)));
  const without = (list: readonly TestPair[] = []) => list.filter((test) => !changed.has(functionOf(test)));
  return {
    added: isPointTested ? names(without(fates.get('added'))) : [],
    removed: isPointTested ? names(without(fates.get('removed'))) : [],
    renamed: isPointTested ? renamed : [],
    parametersChanged: isPointTested ? [...changed].sort() : [],
    newlySkipped: names(
      differing.filter(({ here, there }) => here === 'skipped' && there !== undefined && there !== 'skipped'),
    ),
    notRun: notRun(fates.get('not run') ?? [], files),
    slower: slowerOf(tests),
  };
}

/** `file::Class::function` */
export function functionIdOf({
  testFile,
  testFunction,
}: Pick<TestPair, 'testFile' | 'testFunction'>): string {
  return `${testFile}::${testFunction}`;
}

/** Tests of the point that this run does not have, while it has others of their files: they are gone, or were deselected. */
export function missingTests(
  { tests, files }: Pick<ChangesFacts, 'tests' | 'files'>,
  isComplete: boolean,
): readonly TestPair[] {
  const fileOf = new Map(files.map((file) => [file.file, file]));
  return tests.filter((test) => {
    const file = fileOf.get(test.testFile);
    return file?.isInTreeHere !== false && fateOf(test, file, isComplete) === 'removed';
  });
}

/**
 * Tests that may be two ends of renames: those that are surely gone, and those that are not known to have been there. What was only
 * not part of one of the runs is neither.
 */
export function renameCandidates(
  { tests, files }: Pick<ChangesFacts, 'tests' | 'files'>,
  isComplete: boolean,
): { readonly gone: readonly TestPair[]; readonly came: readonly TestPair[] } {
  const fileOf = new Map(files.map((file) => [file.file, file]));
  const isNew = (file: FilePair | undefined) =>
    file !== undefined && file.testsThere === 0 && file.isInTreeThere === undefined;
  return {
    gone: tests.filter((test) => fateOf(test, fileOf.get(test.testFile), isComplete) === 'removed'),
    came: tests.filter((test) => {
      const file = fileOf.get(test.testFile);
      return (
        test.there === undefined &&
        test.here !== undefined &&
        (fateOf(test, file, isComplete) === 'added' || isNew(file))
      );
    }),
  };
}

type Fate = 'added' | 'removed' | 'not run' | 'both';

function fateOf(
  { here, there, isInSourceHere }: TestPair,
  file: FilePair | undefined,
  isComplete: boolean,
): Fate {
  if (here !== undefined && there !== undefined) return 'both';
  if (here === undefined) {
    if (file?.isInTreeHere === false) return 'removed';
    if (isInSourceHere === true) return 'not run';
    return file !== undefined && file.testsHere > 0 && isComplete && !file.collectionFailed
      ? 'removed'
      : 'not run';
  }
  if (file?.isInTreeThere === false) return 'added';
  // A file of both trees that only this run ran says nothing of its tests.
  return file !== undefined && file.testsThere > 0 ? 'added' : 'both';
}

function notRun(tests: readonly TestPair[], files: readonly FilePair[]): NotRun[] {
  const failed = new Set(files.filter(({ collectionFailed }) => collectionFailed).map(({ file }) => file));
  return [...groupBy(tests, ({ testFile }) => testFile)]
    .map(
      ([file, group]): NotRun => ({
        file,
        tests: group.length,
        why: failed.has(file) ? 'not collected' : 'not part of this run',
      }),
    )
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Above the maximum of 10 green samples, 1.5 times their median, and 0.1 s more than it. */
function slowerOf(tests: readonly TestPair[]): SlowerTest[] {
  return tests
    .flatMap(({ testName, here, secondsHere, greenSeconds }): SlowerTest[] => {
      if (here !== 'passed' || secondsHere === undefined || greenSeconds.length < samples) return [];
      const sorted = greenSeconds.slice(0, samples).sort((a, b) => a - b);
      const median = ((sorted[samples / 2 - 1] ?? 0) + (sorted[samples / 2] ?? 0)) / 2;
      const isSlower =
        secondsHere > (sorted.at(-1) ?? 0) &&
        secondsHere >= slowerFactor * median &&
        secondsHere >= median + slowerSeconds;
      return isSlower ? [{ testName, beforeSeconds: median, afterSeconds: secondsHere }] : [];
    })
    .sort(
      (a, b) =>
        b.afterSeconds - b.beforeSeconds - (a.afterSeconds - a.beforeSeconds) ||
        (a.testName < b.testName ? -1 : 1),
    );
}
