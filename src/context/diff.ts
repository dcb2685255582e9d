// What a change did to the lines of its files, as git's diff without context tells it. Knows nothing of coverage.
import type { DiffFile, Hunk } from '../model.ts';
import type { Env } from './ci.ts';
import { runGit } from './git.ts';

/** `too-large`: more files, or more text, than are read. */
export type DiffAnswer =
  | { readonly files: readonly DiffFile[] }
  | { readonly problem: 'unknown' | 'too-large' };

const mostFiles = 5_000;
/** Above so many bytes git's answer is cut off. */
const mostBytes = 8 * 1024 * 1024;

/**
 * Reads the changed files between two commits, or a commit and the work tree.
 *
 * @param to undefined: the work tree
 * @param patterns pathspecs without magic: `*.py`
 * @param config more `-c` settings
 */
export async function readDiff(
  root: string,
  {
    from,
    to,
    patterns,
    config = [],
  }: {
    readonly from: string;
    readonly to: string | undefined;
    readonly patterns: readonly string[];
    readonly config?: readonly string[];
  },
  env: Env,
): Promise<DiffAnswer> {
  const { stdout, problem } = await runGit(
    root,
    [
      ...[
        'diff',
        '--raw',
        '--no-abbrev',
        '-z',
        '--patch',
        '--unified=0',
        '--no-color',
        '--no-ext-diff',
        '--no-textconv',
      ],
      ...[
        '--find-renames',
        '-l2000',
        '--ignore-submodules=all',
        '--diff-algorithm=histogram',
        '--no-indent-heuristic',
      ],
      ...[
        '--src-prefix=a/',
        '--dst-prefix=b/',
        '--no-relative',
        from,
        ...(to === undefined ? [] : [to]),
        '--',
      ],
      ...patterns.map((pattern) => `:(top,glob)**/${pattern}`),
    ],
    env,
    // One character a byte: names are decoded, and of the rest digits alone are read.
    { encoding: 'latin1', config: ['core.quotePath=false', ...config] },
  );
  if (stdout.length >= mostBytes) return { problem: 'too-large' };
  if (problem !== undefined) return { problem: 'unknown' };
  const files = parseDiff(stdout);
  return files.length > mostFiles ? { problem: 'too-large' } : { files };
}

/**
 * Parses `git diff --raw -z --patch --unified=0`, of which each character is a byte. Names come from the raw part, which is never
 * quoted; the patch tells each file's hunks in the same order.
 */
export function parseDiff(output: string): DiffFile[] {
  const entries: Omit<DiffFile, 'hunks'>[] = [];
  let at = 0;
  const field = (): string => {
    const end = output.indexOf('\0', at);
    const text = output.slice(at, end < 0 ? output.length : end);
    at = end < 0 ? output.length : end + 1;
    return text;
  };
  while (output[at] === ':') {
    const [, oldMode = '', newMode = '', status = ''] =
      /^:(\d{6}) (\d{6}) \S+ \S+ ([A-Z])/.exec(field()) ?? [];
    const first = pathOf(field());
    const path = status === 'R' || status === 'C' ? pathOf(field()) : first;
    const entry = {
      path,
      formerPath: status === 'A' ? undefined : first,
      isDeleted: status === 'D',
    };
    entries.push(entry);
    // A file that became a link, or the other way round, is two patches.
    if (status === 'T' && oldMode.slice(0, 3) !== newMode.slice(0, 3)) entries.push(entry);
  }
  if (output[at] === '\0') at++;
  // Not by `^`, which also fits behind a carriage return, and so inside of a line.
  const patches = output
    .slice(at)
    .split(/(?:^|\n)diff --git /)
    .slice(1);
  return entries.map((entry, place) => ({ ...entry, hunks: hunksOf(patches[place] ?? '') }));
}

function hunksOf(patch: string): Hunk[] {
  return [...patch.matchAll(/\n@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/g)].map(
    ([, oldStart, oldLines = '1', newStart, newLines = '1']) => ({
      oldStart: Number(oldStart),
      oldLines: Number(oldLines),
      newStart: Number(newStart),
      newLines: Number(newLines),
    }),
  );
}

/** The hunks, without context, of one file's patch as GitHub's API gives it: with context, and without a header. */
export function parsePatch(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  let [old, now] = [0, 0];
  let removed = 0;
  let added = 0;
  const end = () => {
    if (removed + added > 0)
      // Without lines of a side its start is the line before.
      hunks.push({
        oldStart: removed === 0 ? old - 1 : old - removed,
        oldLines: removed,
        newStart: added === 0 ? now - 1 : now - added,
        newLines: added,
      });
    removed = 0;
    added = 0;
  };
  for (const line of patch.split('\n')) {
    const [, oldStart, oldLines, newStart, newLines] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (oldStart !== undefined) {
      end();
      old = Number(oldStart) + (oldLines === '0' ? 1 : 0);
      now = Number(newStart) + (newLines === '0' ? 1 : 0);
    } else if (line.startsWith('-')) {
      if (added > 0) end();
      removed++;
      old++;
    } else if (line.startsWith('+')) {
      added++;
      now++;
    } else if (line.startsWith(' ') || line === '') {
      end();
      old++;
      now++;
    }
  }
  end();
  return hunks;
}

const pathOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
