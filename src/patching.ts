// The use case's half that judges the coverage of a change: lines from git, coverage from this run or from all stored runs of its
// commit. Joins context, store and judge, which do not know each other.
import { type DiffAnswer, parsePatch } from './context/diff.ts';
import type { JudgedPoint } from './judge/judge.ts';
import { patchCoverage } from './judge/patch.ts';
import { type ChangeSource, ofLine, placeInGit } from './judging.ts';
import type { DiffFile, MeasuredFile, Patch, RunHistory } from './model.ts';
import type { Database } from './store/database/port.ts';
import { readCoveredTogether, readDifferentlyCovered, readMeasuredFiles } from './store/history/patch.ts';
import { type Access, inTeam } from './store/schema/access.ts';

export interface PatchQuery {
  /** The run brought a coverage report. */
  readonly isAsked: boolean;
  readonly change: ChangeSource;
  /** A branch or commit that somebody named; undefined: a pull request's or branch's own base. */
  readonly diffBase: string | undefined;
  readonly baseBranch: string | undefined;
}

/** The lines of a change. */
interface Change {
  readonly baseSha: string;
  /** undefined: the checkout with its uncommitted changes. */
  readonly to: string | undefined;
  readonly diff: readonly DiffFile[];
  /** Changed files that are not in it, since nobody knows their lines. */
  readonly notComputed?: readonly string[];
}

/** Reads the lines of the run's change once, for whoever judges them; undefined where there is none to ask about. */
export async function readChange(
  query: PatchQuery,
): Promise<Change | { readonly problem: string } | undefined> {
  const { context, git, named } = query.change;
  const { tested } = context;
  const isAsked = query.diffBase !== undefined;
  if (git === undefined || tested === undefined)
    return isAsked ? { problem: 'the folder is no git repository, or its commit is not known' } : undefined;
  let from: string | undefined;
  let base = query.diffBase;
  if (base !== undefined) {
    const tip = (await git.tip(base)) ?? (/^[0-9a-f]{40,64}$/.test(base) ? base : await git.complete(base));
    if (tip === undefined) return { problem: `the checkout has no branch or commit ${base}` };
    from = await git.mergeBase(tested.gitSha, tip);
  } else {
    base = query.baseBranch ?? context.baseBranch ?? named.defaultBranch ?? (await git.defaultBranch());
    const place = base === undefined ? undefined : await placeInGit(query.change, base);
    if (place === undefined || place.isBase) return undefined;
    from = place.begins;
  }
  if (from === undefined)
    return {
      problem: `the checkout does not reach the commit where the change leaves ${base} (\`fetch-depth: 0\`)`,
    };
  const to = (await hasEditedCode(query)) ? undefined : tested.gitSha;
  const answer = await git.diff(from, to, patterns);
  if (!('problem' in answer)) return { baseSha: from, to, diff: answer.files };
  const pulled = isAsked || to === undefined ? undefined : await readPulled(query.change, to);
  return pulled === undefined
    ? { problem: problems[answer.problem](from) }
    : { baseSha: from, to, ...pulled };
}

/**
 * The change as the pull request's server tells it. Coverage is of the merge and a patch of the head: it counts only for files that
 * are the same in both.
 */
async function readPulled({ git, readPulledFiles }: ChangeSource, tested: string) {
  const files = (await readPulledFiles?.())?.filter(({ path }) => isMeasured(path));
  const blobs =
    files &&
    (await git?.blobsAt(
      tested,
      files.map(({ path }) => path),
    ));
  if (files === undefined || blobs === undefined) return undefined;
  const diff = files.flatMap(({ patch, blob, ...file }): DiffFile[] => {
    if (file.isDeleted) return [{ ...file, hunks: [] }];
    return patch === undefined || blobs.get(file.path) !== blob
      ? []
      : [{ ...file, hunks: parsePatch(patch) }];
  });
  const told = new Set(diff.map(({ path }) => path));
  return { diff, notComputed: files.map(({ path }) => path).filter((path) => !told.has(path)) };
}

/** Whether the checkout's code differs from its commit: then the lines of its coverage are those of the checkout. */
async function hasEditedCode({ change: { context, git } }: PatchQuery): Promise<boolean> {
  const { tested } = context;
  if (git === undefined || tested === undefined || (tested.dirty ?? 0) === 0) return false;
  const answer = await git.diff(tested.gitSha, undefined, patterns);
  return 'problem' in answer || answer.files.length > 0;
}

/** What coverage.py measures: Python, and by its plugins templates and Cython. */
const endings = ['.py', '.pyx', '.html', '.jinja', '.jinja2', '.mako'];
const patterns = endings.map((ending) => `*${ending}`);
const isMeasured = (path: string) => endings.some((ending) => path.endsWith(ending));

const problems: Record<
  Extract<DiffAnswer, { readonly problem: string }>['problem'],
  (sha: string) => string
> = {
  unknown: (sha) =>
    `the checkout lacks the commit ${sha.slice(0, 12)} (\`fetch-depth: 2\` for pull requests, else 0)`,
  'too-large': () => 'the change has more than 5,000 files or 8 MB of lines',
};

/** By this run's own reports alone, where nothing is stored. */
export function judgeOwnPatch(
  change: Awaited<ReturnType<typeof readChange>>,
  files: readonly MeasuredFile[],
): Patch | undefined {
  if (change === undefined || 'problem' in change) return change;
  const { baseSha, diff, notComputed } = change;
  return { baseSha, coverage: patchCoverage({ diff, here: files }), runs: 1, notComputed };
}

/**
 * By all stored runs of the run's commit; lines that lost their coverage by the run that this one is compared with.
 *
 * A run without coverage tells that of the commit's other runs: the comment of a job that comes last is all jobs' comment.
 *
 * @param read gives what readChange gives for the query
 */
export async function judgePatch(
  db: Database,
  access: Access,
  query: PatchQuery,
  read: () => ReturnType<typeof readChange>,
  { judged: { facts, point }, history }: { readonly judged: JudgedPoint; readonly history: RunHistory },
): Promise<Patch | undefined> {
  const { run } = facts;
  const others = facts.runs.filter(
    (other) =>
      other.testedSha !== undefined &&
      other.testedSha === run.testedSha &&
      other.coveragePercent !== undefined &&
      other.origin === run.origin &&
      !other.isStale &&
      !other.isDirty,
  );
  const isOfOthers = run.coveragePercent === undefined;
  if (isOfOthers && !query.isAsked && others.length === 0) return undefined;
  const change = await read();
  if (change === undefined) return undefined;
  // Lines of the commit are not those of a checkout that was edited.
  const isEdited = 'problem' in change ? (run.isDirty ?? false) : change.to === undefined;
  const runs = [...(isOfOthers ? [] : [run]), ...(isEdited ? [] : others)];
  if (runs.length === 0) return query.isAsked && 'problem' in change ? change : undefined;
  const isOfSeveral = runs.length > 1;
  const readTogether = async () => {
    const read = await readCoveredTogether(db, access, runs);
    return read && { ...read, runs: runs.length };
  };
  if ('problem' in change)
    return { ...change, together: isOfSeveral ? await inTeam(db, access, readTogether) : undefined };
  const { diff, baseSha } = change;
  // A part of the tests loses lines for no reason that is the change's.
  const isWhole =
    !isOfOthers &&
    run.isComplete &&
    !history.changes?.notRun.some(({ why }) => why === 'not part of this run');
  const there = ofLine(run, point?.runs ?? []).find(
    (other) => other.coveragePercent !== undefined && other.lineId === run.lineId,
  );
  const since =
    isWhole && there?.testedSha !== undefined && !there.isDirty
      ? // Where the base was tested by the merge that became it, the lines are those of that merge.
        there.testedSha === baseSha
        ? diff
        : await changedSince(query, there.testedSha, change.to)
      : undefined;
  return inTeam(db, access, async () => {
    const inDiff = diff.map(({ path }) => path);
    const [different, measured, together] = await Promise.all([
      there === undefined || since === undefined
        ? []
        : readDifferentlyCovered(db, access, { here: run, there }),
      readMeasuredFiles(db, access, { runs, paths: inDiff }),
      // What takes longest comes last: the other answers are read meanwhile.
      isOfSeveral ? readTogether() : undefined,
    ]);
    const renamed = new Map(
      since?.flatMap((file) => (file.formerPath === undefined ? [] : [[file.formerPath, file.path]])),
    );
    const others = new Set([...different, ...different.flatMap((path) => renamed.get(path) ?? [])]);
    for (const path of inDiff) others.delete(path);
    const here = [...measured, ...(await readMeasuredFiles(db, access, { runs, paths: [...others] }))];
    const files =
      there === undefined || since === undefined
        ? undefined
        : await readMeasuredFiles(db, access, { runs: [there], paths: different });
    const before = since === undefined || files === undefined ? undefined : { diff: since, files };
    const coverage = patchCoverage({ diff, here, before });
    return {
      baseSha,
      coverage,
      runs: runs.length,
      isOfOthers: isOfOthers || undefined,
      notComputed: change.notComputed,
      together,
    };
  });
}

async function changedSince({ change: { git } }: PatchQuery, sha: string, to: string | undefined) {
  const answer = await git?.diff(sha, to, patterns);
  return answer === undefined || 'problem' in answer ? undefined : answer.files;
}
