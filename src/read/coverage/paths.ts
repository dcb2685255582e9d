// Resolves coverage.py's paths against the repository's root. Evidence: git's files, the run's folder, and how many other
// files of the report agree. Works on text only; never opens a path of a report.

export interface PathOptions {
  /** Absolute, from git; undefined outside a repository. */
  readonly repositoryRoot: string | undefined;
  /** pytest's rootdir, relative to the repository's root or absolute below it; undefined if unknown. */
  readonly rootdir: string | undefined;
  /** Absolute. */
  readonly workingDirectory: string;
  /** The repository's files, relative to its root, with `/`; undefined without a checkout. */
  readonly trackedFiles: readonly string[] | undefined;
}

export interface ResolvedPath {
  readonly path: string;
  /** False if the file is outside the repository, or nothing shows that it is inside. */
  readonly inRepository: boolean;
}

/**
 * Resolves each path of one report. Its relative paths start from one folder, that of the run: the one under which most
 * of them are tracked. Absolute paths of another machine share its checkout's folder.
 */
export function resolvePaths(paths: readonly string[], options: PathOptions): Map<string, ResolvedPath> {
  const tracked = options.trackedFiles === undefined ? undefined : new Set(options.trackedFiles);
  const root = options.repositoryRoot === undefined ? undefined : normalise(slashes(options.repositoryRoot));
  const unified = new Map(paths.map((path) => [path, unifySeparators(path, tracked)]));
  const below = new Map<string, string>();
  const relative: string[] = [];
  const foreign: string[] = [];
  for (const path of new Set(unified.values())) {
    if (!isAbsolute(path)) relative.push(path);
    else {
      const inside = root === undefined ? undefined : relativeTo(root, path);
      if (inside === undefined) foreign.push(path);
      else below.set(path, inside);
    }
  }
  const prefix = runFolder(relative, root, tracked, options);
  const checkouts = foreignCheckouts(foreign, tracked);
  const isInstalled = (path: string) => installed.test(path) && tracked?.has(path) !== true;
  const resolve = (path: string): ResolvedPath => {
    const inside = below.get(path) ?? checkouts.get(path);
    if (inside !== undefined) return { path: inside, inRepository: !isInstalled(inside) };
    if (isAbsolute(path)) return { path, inRepository: false };
    const joined = prefix === undefined ? path : join(prefix, path);
    // Without a checkout nothing is known, so do not warn.
    return {
      path: joined,
      inRepository:
        (tracked === undefined || prefix !== undefined) && !joined.startsWith('../') && !isInstalled(joined),
    };
  };
  return new Map([...unified].map(([raw, path]) => [raw, resolve(path)]));
}

/** Converts native separators to `/`, except in a tracked name that has a backslash. */
function unifySeparators(path: string, tracked: ReadonlySet<string> | undefined): string {
  if (tracked?.has(path)) return path;
  return normalise(slashes(path));
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}

/** matches: /a, C:/a, //server/a; not: a, ./a, C:a */
function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:\/)/.test(path);
}

/** Removes `.`, empty and resolvable `..` parts; keeps leading `..` parts. */
function normalise(path: string): string {
  const lead = /^([A-Za-z]:\/+|\/+)?/.exec(path)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of path.slice(lead.length).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || lead === '') parts.push(part);
  }
  return `${lead.replace(/\/+$/, '/')}${parts.join('/')}`;
}

function join(folder: string, path: string): string {
  return normalise(folder === '' ? path : `${folder}/${path}`);
}

/** The part of an absolute path after `root/`; drive letters in either case. */
function relativeTo(root: string, path: string): string | undefined {
  const folder = root.endsWith('/') ? root : `${root}/`;
  const head = path.slice(0, folder.length);
  const same = /^[A-Za-z]:/.test(folder) ? head.toLowerCase() === folder.toLowerCase() : head === folder;
  return same && path.length > folder.length ? path.slice(folder.length) : undefined;
}

/** The folder from which a report's relative paths start, relative to the root; undefined without evidence. */
function runFolder(
  paths: readonly string[],
  root: string | undefined,
  tracked: ReadonlySet<string> | undefined,
  options: PathOptions,
): string | undefined {
  const likely = [
    insideRoot(options.rootdir, root),
    root === undefined ? undefined : insideRoot(slashes(options.workingDirectory), root),
    '',
  ].filter((folder) => folder !== undefined);
  if (tracked === undefined) return likely[0];
  const candidates = new Set([...likely, ...suffixFolders(paths, tracked)]);
  let best: string | undefined;
  let bestHits = 0;
  let tied = false;
  for (const folder of candidates) {
    let hits = 0;
    for (const path of paths) if (tracked.has(join(folder, path))) hits++;
    if (hits > bestHits) {
      best = folder;
      bestHits = hits;
      tied = false;
    } else if (hits === bestHits && hits > 0) {
      // Likely folders come first and win ties; two equal guesses prove nothing.
      tied = true;
    }
  }
  if (best === undefined || (tied && !likely.includes(best))) return undefined;
  return best;
}

function insideRoot(folder: string | undefined, root: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  const clean = normalise(slashes(folder));
  if (!isAbsolute(clean)) return clean.startsWith('..') ? undefined : clean;
  if (root === undefined) return undefined;
  return clean === root ? '' : relativeTo(root, clean);
}

/** Enough paths to find the folder; few enough to stay fast with thousands of `__init__.py`. */
const sampledPaths = 100;
const maxNamesakes = 500;
const maxCandidates = 200;

/** Folders under which a tracked file ends with one of the paths; uses the paths with the rarest names. */
function suffixFolders(paths: readonly string[], tracked: ReadonlySet<string>): Set<string> {
  const namesakes = new Map<string, string[]>(paths.map((path) => [baseName(path), []]));
  for (const file of tracked) {
    const found = namesakes.get(baseName(file));
    if (found !== undefined && found.length <= maxNamesakes) found.push(file);
  }
  const countOf = (path: string): number => namesakes.get(baseName(path))?.length ?? 0;
  const sample = paths
    .filter((path) => countOf(path) > 0 && countOf(path) <= maxNamesakes && !path.startsWith('../'))
    .sort((a, b) => countOf(a) - countOf(b))
    .slice(0, sampledPaths);
  const folders = new Set<string>();
  for (const path of sample) {
    for (const file of namesakes.get(baseName(path)) ?? []) {
      if (folders.size >= maxCandidates) return folders;
      if (file.endsWith(`/${path}`)) folders.add(file.slice(0, -path.length - 1));
    }
  }
  return folders;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

// Hosted runners check a repository out in a folder that has its name twice; needs no checkout.
// matches: /home/runner/work/zoo/zoo/src/a.py, D:/a/zoo/zoo/src/a.py, /__w/zoo/zoo/a.py; not: /home/runner/work/zoo/other/a.py
// https://docs.github.com/actions/reference/workflows-and-actions/variables (GITHUB_WORKSPACE)
const runnerCheckout =
  /^(?:\/home\/runner\/work|\/Users\/runner\/work|[A-Za-z]:\/a|\/__w)\/([^/]+)\/\1\/(.+)$/;

/** Installed packages: a file there is never the tracked file of the same name. */
const installed =
  /(?:^|\/)(?:(?:site-packages|dist-packages|\.tox|\.nox|\.venv)(?:\/|$)|lib\/python\d[\d.]*(?:\/|$))/;

/**
 * Resolves absolute paths of another machine by their ends: `<checkout>/src/a.py` is the tracked `src/a.py` if other files
 * have the same checkout folder, or if at least a folder and a name match.
 */
function foreignCheckouts(
  paths: readonly string[],
  tracked: ReadonlySet<string> | undefined,
): Map<string, string> {
  const found = new Map<string, string>();
  const votes = new Map<string, number>();
  const places = new Map<string, { folder: string; rest: string }[]>();
  for (const path of paths) {
    const rest = runnerCheckout.exec(path)?.[2];
    if (tracked === undefined) {
      if (rest !== undefined && !installed.test(path)) found.set(path, rest);
      continue;
    }
    const ends = trackedEnds(path, tracked);
    places.set(path, ends);
    for (const { folder } of ends) votes.set(folder, (votes.get(folder) ?? 0) + 1);
  }
  const votesOf = (folder: string): number => votes.get(folder) ?? 0;
  for (const [path, ends] of places) {
    // The longest end comes first and wins among equals.
    const best = ends.reduce<(typeof ends)[number] | undefined>(
      (one, other) => (one === undefined || votesOf(other.folder) > votesOf(one.folder) ? other : one),
      undefined,
    );
    if (best !== undefined && (best.rest.includes('/') || votesOf(best.folder) > 1))
      found.set(path, best.rest);
  }
  return found;
}

const longestPath = 1000;

function trackedEnds(path: string, tracked: ReadonlySet<string>): { folder: string; rest: string }[] {
  const ends: { folder: string; rest: string }[] = [];
  // A path of thousands of folders is compared by its last ones alone.
  const from = path.length > longestPath ? path.length - longestPath : 0;
  for (let slash = path.indexOf('/', from); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const rest = path.slice(slash + 1);
    const folder = path.slice(0, slash);
    if (tracked.has(rest) && !installed.test(folder)) ends.push({ folder, rest });
  }
  return ends;
}
