// Finds which dotted names are files in the checkout, seen from pytest's rootdir. Knows nothing of reports.

/** A classname with more parts names no file. The limit keeps lookups fast for hostile names. */
export const mostSegments = 200;
/** Test modules that are read to find a function, at most. */
const mostTestModules = 1000;
/** python_files' default, and Django's. */
export const testModule = /(?:^|\/)(?:test_[^/]*|[^/]*_test|tests)\.py$/;
/** Longer paths are no test's file: each of their folders would be kept. */
const longestPath = 1000;

export interface Checkout {
  /** Files (relative to rootdir) whose mangled path is exactly this dotted name. */
  files(dotted: string): readonly string[];
  /** Whether the dotted name is a folder that holds files. */
  isFolder(dotted: string): boolean;
  /** Whether some file has this name, whatever folder it is in. Known for names that may occur in a classname. */
  isFileName(name: string): boolean;
  /** Files named like test modules, wherever they lie; empty where there are too many to read. */
  readonly testModules: readonly string[];
  /** An absolute path below the repository's root, relative to that. */
  inside(path: string): string | undefined;
  /** A file's text, to choose between files that fit equally; undefined where it cannot be read. */
  readText(file: string): string | undefined;
  /**
   * pytest's rootdir relative to the repository's root: `''`, `services/api`, `..` (above); undefined if unknown, as where two
   * folders fit equally.
   */
  readonly rootdir: string | undefined;
}

export interface CheckoutFiles {
  /** Absolute, with `/`. */
  readonly root: string;
  /** Relative to the root, with `/`. */
  readonly paths: readonly string[];
  readText(path: string): string | undefined;
}

/**
 * Finds pytest's rootdir: the folder from which most classnames begin with a file's dotted path. Indexes the files from
 * there. The rootdir may lie below the repository's root (a monorepo) or above it.
 *
 * @param classnames a sample of the report's addresses, without `--junitprefix`
 * @param rootdir relative to the root, where the user named it
 * @param reportFolder where the report lies, relative to the root: of folders that fit equally, the one that holds it is taken
 */
export function indexCheckout(
  checkout: CheckoutFiles,
  classnames: Iterable<string>,
  rootdir: string | undefined,
  reportFolder?: string,
): Checkout {
  const names = [...classnames].map((name) => name.split('.')).filter((name) => name.length <= mostSegments);
  const needed = new Set(names.flat());
  const above = checkout.root.split('/').filter((part) => part !== '');
  // Only files whose last dotted segment occurs in some classname can be a module of it.
  const candidates = checkout.paths.filter(
    (path) => path.length <= longestPath && needed.has(lastSegment(path)),
  );
  const base =
    rootdir === undefined
      ? voteForBase(names, candidates, above, split(reportFolder ?? ''))
      : { below: split(rootdir), above: [], isGuess: false };
  const fileNames = new Set(candidates.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const index = new Map<string, string[]>();
  const byIndexed = new Map<string, string>();
  const folders = new Set<string>();
  const below = base.below.length === 0 ? '' : `${base.below.join('/')}/`;
  const prefix = base.above.length === 0 ? '' : `${base.above.join('/')}/`;
  for (const path of candidates) {
    if (!path.startsWith(below)) continue;
    const file = prefix + path.slice(below.length);
    const dotted = file.replace(/\.py$/, '').replaceAll('/', '.');
    const same = index.get(dotted);
    if (same === undefined) index.set(dotted, [file]);
    else same.push(file);
    byIndexed.set(file, path);
  }
  const modules = checkout.paths.filter((path) => path.length <= longestPath && testModule.test(path));
  const testModules = modules.length > mostTestModules ? [] : modules;
  // As pytest names a file beside or above its rootdir.
  const fromBase = (path: string) =>
    path.startsWith(below) ? prefix + path.slice(below.length) : '../'.repeat(base.below.length) + path;
  for (const path of testModules) if (!byIndexed.has(fromBase(path))) byIndexed.set(fromBase(path), path);
  for (const path of checkout.paths) {
    if (!path.startsWith(below) || path.length > longestPath) continue;
    for (let at = path.indexOf('/', below.length); at >= 0; at = path.indexOf('/', at + 1)) {
      folders.add((prefix + path.slice(below.length, at)).replaceAll('/', '.'));
    }
  }
  return {
    // If a package and a module share a name, the module comes first.
    files: (dotted) => index.get(dotted) ?? [],
    isFolder: (dotted) => folders.has(dotted),
    isFileName: (name) => fileNames.has(name),
    testModules: testModules.map(fromBase),
    inside: (path) =>
      path.startsWith(`${checkout.root}/`) ? path.slice(checkout.root.length + 1) : undefined,
    readText: (file) => {
      const path = byIndexed.get(file);
      return path === undefined ? undefined : checkout.readText(path);
    },
    rootdir:
      index.size === 0 || base.isGuess
        ? undefined
        : base.above.length > 0
          ? base.above.map(() => '..').join('/')
          : base.below.join('/'),
  };
}

/** rootdir, seen from the repository's root: folders below it, or the root's own last folders to go up. */
interface Base {
  readonly below: readonly string[];
  readonly above: readonly string[];
}

/** A sample of this size, spread over the report, gives the same answer as all addresses. */
const mostVoters = 1000;

function voteForBase(
  names: readonly (readonly string[])[],
  paths: readonly string[],
  above: readonly string[],
  reportFolder: readonly string[],
): Base & { readonly isGuess: boolean } {
  const bySegment = new Map<string, string[][]>();
  for (const path of paths) {
    const parts = path.split('/');
    const last = lastSegment(path);
    const list = bySegment.get(last);
    if (list === undefined) bySegment.set(last, [parts]);
    else if (list.length < 1000) list.push(parts);
  }
  const votes = new Map<string, { base: Base; count: number }>();
  const every = Math.ceil(names.length / mostVoters);
  for (const segments of names.filter((_, i) => i % every === 0)) {
    const bases = new Map<string, Base>();
    for (const [i, segment] of segments.entries()) {
      for (const parts of bySegment.get(segment) ?? []) {
        const base = baseOf(segments.slice(0, i + 1), parts, above);
        if (base !== undefined) bases.set(JSON.stringify(base), base);
      }
    }
    for (const [key, base] of bases) {
      const vote = votes.get(key);
      if (vote === undefined) votes.set(key, { base, count: 1 });
      else vote.count++;
    }
  }
  // On equal votes, take the one that the report lies in, else the one nearest to the repository's root.
  const holdsReport = ({ below }: Base) =>
    below.length > 0 && below.every((part, i) => part === reportFolder[i]);
  const distance = (base: Base) =>
    base.below.length + base.above.length - (holdsReport(base) ? 2 * mostSegments : 0);
  const before = (a: { base: Base; count: number }, b: { base: Base; count: number }) =>
    b.count - a.count || distance(a.base) - distance(b.base);
  let best: { base: Base; count: number } | undefined;
  let isGuess = false;
  for (const vote of votes.values()) {
    const order = best === undefined ? -1 : before(vote, best);
    if (order <= 0) isGuess = order === 0;
    if (order < 0) best = vote;
  }
  return { ...(best?.base ?? { below: [], above: [] }), isGuess };
}

/** The base from which this file's mangled path equals these segments; undefined if there is none. */
function baseOf(
  segments: readonly string[],
  parts: readonly string[],
  above: readonly string[],
): Base | undefined {
  let left = segments.length;
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = i === parts.length - 1 ? stem(parts[i] ?? '') : (parts[i] ?? '');
    const pieces = part.split('.');
    if (pieces.length > left || pieces.some((piece, k) => segments[left - pieces.length + k] !== piece))
      return undefined;
    left -= pieces.length;
    if (left === 0) return { below: parts.slice(0, i), above: [] };
  }
  // The file's whole path matched: the other segments must be the folders above the repository.
  const up: string[] = [];
  for (let i = above.length - 1; i >= 0 && left > 0; i--) {
    const pieces = (above[i] ?? '').split('.');
    if (pieces.length > left || pieces.some((piece, k) => segments[left - pieces.length + k] !== piece))
      return undefined;
    left -= pieces.length;
    up.unshift(above[i] ?? '');
  }
  return left === 0 ? { below: [], above: up } : undefined;
}

/** `tests/test_x.py` ends with `test_x`, `docs/g.txt` with `txt`. */
export function lastSegment(path: string): string {
  const dotted = stem(path).replaceAll('/', '.');
  return dotted.slice(dotted.lastIndexOf('.') + 1);
}

function stem(path: string): string {
  return path.replace(/\.py$/, '');
}

function split(path: string): string[] {
  return path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
}
