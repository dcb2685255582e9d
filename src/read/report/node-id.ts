// Rebuilds pytest's node id from the address in a report (classname, name, file). Pure; evidence comes from the survey and
// the checkout. pytest makes the address in _pytest/junitxml.py, mangle_test_address.
import type { NodeIdSource } from '../../model.ts';
import { type Checkout, mostSegments, testModule } from '../checkout.ts';
import { owned } from '../owned.ts';
import { agreementOf, installedFrame, type Location } from './failure-text.ts';
import { TurnMap } from './turn-map.ts';

/** How a testcase element names its test. */
export interface Address {
  readonly classname: string;
  readonly name: string;
  readonly file: string | undefined;
  /** A module that failed or was skipped during collection: the name is the file's dotted path. */
  readonly collected: boolean;
  /** The test was skipped: pytest shows absolute paths then. */
  readonly skipped?: boolean;
}

export interface NodeId {
  readonly testName: string;
  readonly testFile: string | undefined;
  readonly testClass: string | undefined;
  readonly testFunction: string | undefined;
  readonly source: NodeIdSource;
}

/** What the whole report says about its tests' files. */
export interface ReportEvidence {
  /** `--junitprefix`, or empty. */
  readonly prefix: string;
  /** Dotted module path (without the prefix) -> file. */
  readonly modules: ReadonlyMap<string, string>;
}

/** `tests/unit/test_x.py` becomes `tests.unit.test_x`; only `.py` is cut off. */
export function mangle(path: string): string {
  return path.replace(/\.py$/, '').replaceAll('/', '.');
}

/**
 * The segments of a mangled path. Each leading `...` is one `..`: pytest makes `../other/test_x.py` into `...other.test_x`.
 * Joined by dots they are the mangled path again.
 */
export function splitDotted(dotted: string): string[] {
  if (dotted === '') return [];
  let up = 0;
  while (dotted.startsWith('...', up * 3)) up++;
  const rest = dotted.slice(up * 3);
  return [...new Array<string>(up).fill('..'), ...(rest === '' ? [] : rest.split('.'))];
}

/** A module found in a classname: how many segments it takes, and its file. */
interface Module {
  readonly segments: number;
  readonly file: string;
}

/** Rebuilds node ids from one report's evidence; caches what follows from each classname. */
export interface NodeIds {
  /** @param locations from this test's own failure or skip text */
  rebuild(address: Address, locations: readonly Location[]): NodeId;
  /** The same for a test that shows nothing but its classname and name. */
  rebuildPassed(classname: string, name: string): NodeId;
  /** Whether tests of several files may have this address. */
  isAmbiguous(address: Address): boolean;
}

/** Cache sizes: the tests of a class stand together, or nearly so under xdist. */
const rememberedClasses = 10_000;
const rememberedClassnames = 2000;
const longestRemembered = 1000;
/** Files whose declared names are remembered. */
const rememberedFiles = 200;

/**
 * Rebuilds the node id, best evidence first: the `file` attribute if it agrees with the classname, the checkout, the
 * failure's own text, modules known from other tests of the report, pytest's naming conventions.
 */
export function createNodeIds(evidence: ReportEvidence, checkout: Checkout | undefined): NodeIds {
  const remembered = new Map<string, Remembered>();
  const files = new Map<string, Declared>();
  const declared = (file: string): Declared => {
    const known = files.get(file);
    if (known !== undefined) return known;
    if (files.size >= rememberedFiles) files.clear();
    const names = declaredNames(checkout?.readText(file) ?? '');
    files.set(file, names);
    return names;
  };
  let byFunction: ReturnType<typeof indexFunctions> | undefined;
  const declaring: Declaring = (classes, functionName) => {
    byFunction ??= indexFunctions(checkout);
    const found = (byFunction.get(functionName) ?? []).filter(({ names }) =>
      classes.every((name) => names.classes.has(name)),
    );
    return found.length === 1 ? found[0]?.file : undefined;
  };
  const remember = (dotted: string): Remembered => {
    const known = remembered.get(dotted);
    if (known !== undefined) return known;
    const key = owned(dotted);
    const segments = splitDotted(key);
    const words = isWords(segments);
    const found =
      segments.length > mostSegments
        ? { dotted: key, segments, candidates: [], module: undefined, isWords: words }
        : {
            dotted: key,
            segments,
            candidates: checkoutCandidates(segments, checkout),
            module: fromModules(segments, evidence.modules),
            isWords: words,
          };
    if (key.length > longestRemembered) return found;
    if (remembered.size >= rememberedClassnames) remembered.clear();
    remembered.set(key, found);
    return found;
  };
  const rebuild: NodeIds['rebuild'] = (address, locations) =>
    rebuildNodeId(address, locations, evidence, checkout, remember, declared, declaring);
  const classes = new TurnMap<{ readonly shared: Class | undefined }>();
  const addClass = (classname: string, name: string) => {
    const dotted = withoutPrefix({ classname, name, file: undefined, collected: false }, evidence.prefix);
    const module = remember(dotted);
    const known = { shared: classOf(dotted, module, checkout) };
    if (classname.length <= longestRemembered) {
      if (classes.size >= rememberedClasses) classes.clear();
      classes.add(dotted === classname ? module.dotted : owned(classname), known);
    }
    return known;
  };
  return {
    rebuild,
    rebuildPassed(classname, name) {
      const { shared: known } = classes.get(classname) ?? addClass(classname, name);
      // A name with a dot may be a file's.
      if (known === undefined || (known.source === 'convention' && name.includes('.')))
        return rebuild({ classname, name, file: undefined, collected: false }, []);
      const bare = known.isPython ? withoutXdistGroup(name) : name;
      return {
        testName: known.start + bare,
        testFile: known.file,
        testClass: known.testClass,
        testFunction: withoutParameters(bare),
        source: known.source,
      };
    },
    isAmbiguous: (address) => {
      if (address.file !== undefined && address.file !== '') return false;
      const dotted = withoutPrefix(address, evidence.prefix);
      const { segments, candidates } = remember(dotted);
      if (namesNoFile(dotted, segments) || segments.length > mostSegments) return true;
      if (candidates.length === 0) return moduleCandidates(segments, evidence.modules).length > 1;
      if (candidates.length === 1) return false;
      const functionName = withoutParameters(address.name);
      const declaring = candidates.filter((c) => declared(c.file).functions.has(functionName));
      return declaring.length !== 1;
    },
  };
}

/** The one test module of the checkout that has this function and these classes; undefined where there are several. */
type Declaring = (classes: readonly string[], functionName: string) => string | undefined;

/** Functions of a checkout's test modules that are remembered; with more, none is. */
const mostFunctions = 500_000;

function indexFunctions(checkout: Checkout | undefined) {
  const byName = new Map<string, { readonly file: string; readonly names: Declared }[]>();
  let count = 0;
  for (const file of checkout?.testModules ?? []) {
    const names = declaredNames(checkout?.readText(file) ?? '');
    count += names.functions.size;
    if (count > mostFunctions) return new Map<string, never[]>();
    for (const name of names.functions) {
      const same = byName.get(name);
      if (same === undefined) byName.set(name, [{ file, names }]);
      else same.push({ file, names });
    }
  }
  return byName;
}

/** Names after `class` and `def` in a file. */
interface Declared {
  readonly classes: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

function declaredNames(text: string): Declared {
  const classes = new Set<string>();
  const functions = new Set<string>();
  for (const [, keyword, name = ''] of text.matchAll(/(class|def)\s+([\p{L}_][\p{L}\p{N}_]*)/gu))
    (keyword === 'class' ? classes : functions).add(owned(name));
  return { classes, functions };
}

/** What follows from a classname alone. */
interface Remembered {
  /** Without the prefix. */
  readonly dotted: string;
  readonly segments: readonly string[];
  readonly candidates: readonly Module[];
  readonly module: Found;
  readonly isWords: boolean;
}

/** What all tests of a classname have in common, where only their names can tell them apart. */
interface Class {
  /** Of the node id, up to the test's name. */
  readonly start: string;
  readonly file: string;
  readonly testClass: string | undefined;
  readonly source: NodeIdSource;
  readonly isPython: boolean;
}

/** Undefined where a test's name or traceback may matter: `rebuildNodeId` decides. */
function classOf(dotted: string, known: Remembered, checkout: Checkout | undefined): Class | undefined {
  const { segments, candidates, module, isWords } = known;
  if (namesNoFile(dotted, segments) || candidates.length > 1) return undefined;
  const mayBeOther = segments.some((segment, i) => i > 0 && isExtension(segment));
  const found =
    fromCheckout(segments, candidates, '', [], () => noNames) ??
    module ??
    (isWords || mayBeOther ? undefined : fromConvention(segments, ''));
  if (found === undefined) return undefined;
  const { testClass, start } = collectorsOf(segments, found, checkout);
  return {
    start: owned(start),
    testClass: testClass === undefined ? undefined : owned(testClass),
    file: found.file,
    source: found.source,
    isPython: found.file.endsWith('.py'),
  };
}

const noNames: Declared = { classes: new Set(), functions: new Set() };

/** The collectors behind a module's file, and the node id up to the test's name. */
function collectorsOf(
  segments: readonly string[],
  found: Module,
  checkout: Checkout | undefined,
): { readonly testClass: string | undefined; readonly start: string } {
  const classes = collectorNames(segments.slice(found.segments), checkout);
  const testClass = classes.length > 1 ? classes.join('::') : classes[0];
  return { testClass, start: testClass === undefined ? `${found.file}::` : `${found.file}::${testClass}::` };
}

function rebuildNodeId(
  address: Address,
  locations: readonly Location[],
  evidence: ReportEvidence,
  checkout: Checkout | undefined,
  remember: (dotted: string) => Remembered,
  declared: (file: string) => Declared,
  declaring: Declaring,
): NodeId {
  const dotted = withoutPrefix(address, evidence.prefix);
  if (address.collected) return collectedModule(dotted, address, locations, evidence, checkout);
  if (dotted === '' && isBracketedPath(address.name)) return bracketedPath(address.name);
  const { segments, candidates, module, isWords } = remember(dotted);
  const withoutGroup = withoutXdistGroup(address.name);
  if (namesNoFile(dotted, segments))
    return withFile(
      unknownId(segments.slice(1).join('::'), withoutGroup),
      address,
      locations,
      checkout,
      declaring,
    );
  const bareName = withoutParameters(withoutGroup);
  const found =
    fromFileAttribute(address.file, dotted) ??
    fromCheckout(segments, candidates, bareName, locations, declared) ??
    fromLocations(segments, locations) ??
    module ??
    (isWords ? undefined : fromConvention(segments, address.name));
  if (found === undefined) {
    return isWords
      ? withFile(unknownId(dotted, address.name), address, locations, checkout)
      : unknownId(dotted, withoutGroup);
  }
  const { testClass, start } = collectorsOf(segments, found, checkout);
  // Only Python functions have groups; another item's name may hold an `@`.
  const name = found.file.endsWith('.py') ? withoutGroup : address.name;
  return {
    testName: start + name,
    testFile: found.file,
    testClass,
    testFunction: name === withoutGroup ? bareName : withoutParameters(name),
    source: found.source,
  };
}

function withoutParameters(name: string): string {
  const parameters = name.indexOf('[');
  return parameters < 0 ? name : name.slice(0, parameters);
}

function unknownId(dotted: string, name: string): NodeId {
  const functionName = withoutParameters(name);
  return {
    testName: dotted === '' ? name : `${dotted}::${name}`,
    testFile: undefined,
    testClass: dotted === '' ? undefined : dotted,
    testFunction: functionName === '' ? undefined : functionName,
    source: 'unknown',
  };
}

/**
 * Removes the group that xdist's `--dist=loadgroup` puts behind a function's name.
 * matches: test_q@grp one, test_p[0]@db, test_q@g[1]; not: test_x[a@b], login user@host
 */
function withoutXdistGroup(name: string): string {
  if (!name.includes('@')) return name;
  const match = /^([\p{L}_][\p{L}\p{N}_]*)(?:@|(\[.*\])@[^\]]*$)/su.exec(name);
  return match === null ? name : `${match[1]}${match[2] ?? ''}`;
}

/**
 * `` and `.TestX`: the node id of a file that was given by name outside rootdir begins with `::`. One segment behind the dot
 * is a class, whatever its name: pytest collects no hidden file of the root.
 */
function namesNoFile(dotted: string, segments: readonly string[]): boolean {
  return (
    dotted === '' || (segments[0] === '' && (segments.length === 2 || segments.slice(1).every(isClassName)))
  );
}

/**
 * Adds the file to an address that names none: xunit1's `file`, else the checkout's where one test module alone has such a
 * test and the traceback does not tell another, else the traceback's.
 */
function withFile(
  id: NodeId,
  address: Address,
  locations: readonly Location[],
  checkout: Checkout | undefined,
  declaring?: Declaring,
): NodeId {
  const attribute = address.file?.replaceAll('\\', '/') || undefined;
  const file = attribute ?? ownFile(locations, checkout, address.skipped === true);
  if (attribute === undefined && isTestFunction(id)) {
    const declared = declaring?.(id.testClass?.split('::') ?? [], id.testFunction ?? '');
    if (declared !== undefined && (file === undefined || agreementOf(file, declared) > 0))
      return { ...id, testName: `${declared}::${id.testName}`, testFile: declared, source: 'checkout' };
  }
  if (file === undefined) return id;
  return {
    ...id,
    // Words are the same test with and without a failure; a function's name is in many files. An absolute or installed path
    // is another one on the next machine.
    testName:
      attribute !== undefined || (isTestFunction(id) && !isAbsolute(file) && !isInstalled(file, locations))
        ? `${file}::${id.testName}`
        : id.testName,
    testFile: file,
    source: attribute === undefined ? 'traceback' : 'file-attribute',
  };
}

/** By the defaults of python_functions and unittest. */
function isTestFunction({ testFunction = '' }: NodeId): boolean {
  return /^test/.test(testFunction) && !/\s/.test(testFunction);
}

function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:\/)/.test(path);
}

function isInstalled(file: string, locations: readonly Location[]): boolean {
  return locations.some(({ path }) => path.endsWith(`/${file}`) && installedFrame.test(path));
}

/** Where hosted runners check a repository out: /home/runner/work/zoo/zoo/tests/a.py. */
const runnerCheckout =
  /^(?:\/home\/runner\/work|\/Users\/runner\/work|[A-Za-z]:\/a|\/__w)\/([^/]+)\/\1\/(.+)$/;

/**
 * The test's own file by its frames: the first named like a test module, else the first that is no conftest.py, else an
 * installed test module (`--pyargs pkg.tests`), relative to the folder of the packages.
 *
 * @param skipped a skip shows absolute paths, a failure of the same test relative ones: only what can be made relative counts
 */
function ownFile(
  locations: readonly Location[],
  checkout: Checkout | undefined,
  skipped: boolean,
): string | undefined {
  const own = locations.filter(({ path }) => !installedFrame.test(path));
  const isTest = ({ path }: Location) => testModule.test(path);
  const path = (own.find(isTest) ?? own.find((l) => !/(?:^|\/)conftest\.py$/.test(l.path)))?.path;
  if (path === undefined)
    return own.length > 0 ? undefined : belowPackages.exec(locations.find(isTest)?.path ?? '')?.[1];
  if (!isAbsolute(path)) return path;
  return checkout?.inside(path) ?? runnerCheckout.exec(path)?.[2] ?? (skipped ? undefined : path);
}

const belowPackages = /(?:^|\/)(?:site|dist)-packages\/(.+)$/;

/** Words that a conftest.py set as node id: at least three in one segment, and nothing named like a test module. */
function isWords(segments: readonly string[]): boolean {
  return segments.some((s) => /\S\s+\S+\s+\S/.test(s)) && !segments.some(isTestModule);
}

/**
 * The collectors behind a file. A classname joins them by dots, and a custom collector's name may hold dots itself:
 * `check-3.8.test` is one, `Outer.Inner` are two.
 */
function collectorNames(segments: readonly string[], checkout: Checkout | undefined): readonly string[] {
  if (segments.length < 2) return segments;
  const names: string[] = [];
  for (let at = 0; at < segments.length; ) {
    let taken = 1;
    for (let n = Math.min(segments.length - at, mostDots); n > 1 && taken === 1; n--) {
      if (checkout?.isFileName(segments.slice(at, at + n).join('.')) === true) taken = n;
    }
    const name = segments.slice(at, at + taken).join('.');
    const before = names.at(-1);
    if (before !== undefined && taken === 1 && continues(before, name))
      names[names.length - 1] = `${before}.${name}`;
    else names.push(name);
    at += taken;
  }
  return names;
}

/** Dots of one collector's name that are looked for among the checkout's files. */
const mostDots = 6;

/** Whether a segment belongs to the name before it: no class begins so, or it is the extension of a file's name. */
function continues(before: string, segment: string): boolean {
  if (segment === '' || /^\d/.test(segment)) return true;
  const isFileName = !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(before) && !/\s/.test(before);
  return isFileName ? /^[a-z][a-z0-9]{0,5}$/.test(segment) : !isClassName(before) && isExtension(segment);
}

/** The dotted address without `--junitprefix`: a collected module's name, else the classname. */
function withoutPrefix(address: Address, prefix: string): string {
  if (address.collected) return address.name;
  if (prefix === '') return address.classname;
  if (address.classname === prefix) return '';
  return address.classname.startsWith(`${prefix}.`)
    ? address.classname.slice(prefix.length + 1)
    : address.classname;
}

function collectedModule(
  dotted: string,
  address: Address,
  locations: readonly Location[],
  evidence: ReportEvidence,
  checkout: Checkout | undefined,
): NodeId {
  const segments = splitDotted(dotted);
  if (namesNoFile(dotted, segments)) {
    const file =
      address.file?.replaceAll('\\', '/') || ownFile(locations, checkout, address.skipped === true);
    const source = address.file ? 'file-attribute' : file === undefined ? 'unknown' : 'traceback';
    const testName = [file ?? 'a file that could not be collected', ...segments.slice(1)].join('::');
    return { testName, testFile: file, testClass: undefined, testFunction: undefined, source };
  }
  const whole = (module: (Module & { source: NodeIdSource }) | undefined) =>
    module?.segments === segments.length ? module : undefined;
  const found =
    whole(fromFileAttribute(address.file, dotted)) ??
    checkoutWhole(dotted, checkout) ??
    whole(fromLocations(segments, locations)) ??
    whole(segments.length > mostSegments ? undefined : fromModules(segments, evidence.modules));
  const other = found === undefined ? otherFile(segments, 'test') : undefined;
  const file = found?.file ?? (other?.segments === segments.length ? other.file : conventionalFile(segments));
  return {
    testName: file,
    testFile: file,
    testClass: undefined,
    testFunction: undefined,
    source: found?.source ?? 'convention',
  };
}

function checkoutWhole(
  dotted: string,
  checkout: Checkout | undefined,
): (Module & { source: NodeIdSource }) | undefined {
  const file =
    checkout?.files(dotted)[0] ??
    (checkout?.isFolder(dotted) === true ? dotted.replaceAll('.', '/') : undefined);
  return file === undefined ? undefined : { segments: splitDotted(dotted).length, file, source: 'checkout' };
}

/**
 * Whether a name is a path that was cut at a folder's `[`, and not a parameter that holds a path: `t[a/test_b.py::c]`. In a path
 * the folder's name ends before the file's.
 */
function isBracketedPath(name: string): boolean {
  const file = name.search(/\.py(?:::|$)/);
  if (file < 0) return false;
  const open = name.indexOf('[');
  const close = name.indexOf(']', open);
  return open < 0 || open > file || !/\](?:@[^\]]*)?$/.test(name) || (close >= 0 && close < file);
}

/**
 * A folder with `[` in its name: pytest cuts the address inside the path. The classname is empty, and the name is the
 * node id, mangled only before the bracket.
 */
function bracketedPath(name: string): NodeId {
  const cut = name.indexOf('[');
  const id = cut < 0 ? name : name.slice(0, cut).replaceAll('.', '/') + name.slice(cut);
  const [file = id, ...rest] = id.split('::');
  const last = rest.at(-1);
  return {
    testName: id,
    testFile: file,
    testClass: rest.length > 1 ? rest.slice(0, -1).join('::') : undefined,
    testFunction: last?.split('[', 1)[0],
    source: 'traceback',
  };
}

type Found = (Module & { readonly source: NodeIdSource }) | undefined;

/** xunit1 names the file that defines the function: for inherited and imported tests it is another file. */
export function fromFileAttribute(file: string | undefined, dotted: string): Found {
  // Mangling takes at most `.py` away: a longer path is not worth its work.
  if (file === undefined || file === '' || file.length > dotted.length + 3) return undefined;
  const path = file.replaceAll('\\', '/');
  const module = mangle(path);
  if (dotted !== module && !dotted.startsWith(`${module}.`)) return undefined;
  return { segments: splitDotted(module).length, file: path, source: 'file-attribute' };
}

function checkoutCandidates(segments: readonly string[], checkout: Checkout | undefined): Module[] {
  const candidates: Module[] = [];
  if (checkout === undefined) return candidates;
  for (let n = segments.length; n > 0; n--) {
    for (const file of checkout.files(segments.slice(0, n).join('.'))) {
      // A file without extension could be any word.
      if (n === segments.length || /\.[^/.]+$/.test(file)) candidates.push({ segments: n, file });
    }
  }
  // Classes are Python's; another file's collectors count only where no module fits.
  const certain = candidates.filter((c) => c.segments === segments.length || c.file.endsWith('.py'));
  return certain.length > 0 ? certain : candidates;
}

function fromCheckout(
  segments: readonly string[],
  candidates: readonly Module[],
  functionName: string,
  locations: readonly Location[],
  declared: (file: string) => Declared,
): Found {
  if (candidates.length === 0) return undefined;
  const source = 'checkout' as const;
  const only = candidates[0];
  if (candidates.length === 1 && only !== undefined) return { ...only, source };
  // Several files fit: prefer the one in the test's own failure, else the one that has the class and function.
  const seen = candidates.filter((c) =>
    locations.some((l) => l.path === c.file || l.path.endsWith(`/${c.file}`)),
  );
  if (seen.length === 1 && seen[0] !== undefined) return { ...seen[0], source };
  const className = (module: Module) => segments[module.segments];
  const scored = (seen.length > 0 ? seen : candidates).map((module) => {
    const names = declared(module.file);
    const name = className(module);
    const hasClass = name === undefined || names.classes.has(name);
    const hasFunction = names.functions.has(functionName);
    return { module, score: (hasClass ? 2 : 0) + (hasFunction ? 1 : 0) };
  });
  const best = Math.max(...scored.map((s) => s.score));
  const winner = preferred(
    segments,
    scored.filter((s) => s.score === best).map((s) => s.module),
  );
  return winner === undefined ? undefined : { ...winner, source };
}

/** Finds the module by a path whose mangled end is part of the classname. */
export function fromLocations(segments: readonly string[], locations: readonly Location[]): Found {
  let best: (Module & { matched: number; index: number }) | undefined;
  for (const [index, { path }] of locations.entries()) {
    const match = matchPath(segments, path);
    if (match === undefined) continue;
    if (
      best === undefined ||
      match.matched > best.matched ||
      (match.matched === best.matched && index > best.index)
    ) {
      best = { ...match, index };
    }
  }
  return best === undefined ? undefined : { segments: best.segments, file: best.file, source: 'traceback' };
}

export interface PathMatch {
  /** How many segments of the classname the module takes. */
  readonly segments: number;
  /** Relative to rootdir, as far as the classname shows. */
  readonly file: string;
  /** How many of the path's parts are in the classname. */
  readonly matched: number;
  /** Segments of the classname before the path's first matched part. */
  readonly leading: number;
}

/** Finds the longest end of a path whose mangled form is a sequence of the classname's segments. */
export function matchPath(segments: readonly string[], path: string): PathMatch | undefined {
  if (segments.length > mostSegments) return undefined;
  // As a rule the whole path begins the classname.
  const whole = partsInFront(segments, path);
  if (whole > 0 && isPlausible(segments.slice(whole), whole))
    return { segments: whole, file: path, matched: whole, leading: 0 };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  let best: PathMatch | undefined;
  let tail: string[] = [];
  for (let used = 1; used <= parts.length; used++) {
    const part = parts[parts.length - used] ?? '';
    tail = [...(used === 1 ? part.replace(/\.py$/, '') : part).split('.'), ...tail];
    if (tail.length > segments.length) break;
    // The leftmost match is the path; a later one would be a class.
    const leading = runAt(segments, tail);
    if (leading < 0) {
      if (used > 1 || !segments.includes(tail[0] ?? '')) break;
      continue;
    }
    if (!isPlausible(segments.slice(leading + tail.length), used)) continue;
    const file = [...segments.slice(0, leading), ...parts.slice(parts.length - used)].join('/');
    best = { segments: leading + tail.length, file, matched: used, leading };
  }
  return best;
}

/** How many parts a path has, none of which holds a dot of its own, if they are the first segments; else 0. */
function partsInFront(segments: readonly string[], path: string): number {
  let at = 0;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] ?? '';
    // Only a file's name, such as `..py`, can match such a segment.
    if (segment === '' || segment === '..') return path.slice(at) === `${segment}.py` ? i + 1 : 0;
    if (!path.startsWith(segment, at)) return 0;
    at += segment.length;
    if (at === path.length || (at + 3 === path.length && path.endsWith('.py'))) return i + 1;
    if (path.charCodeAt(at) !== 0x2f) return 0;
    at++;
  }
  return 0;
}

/**
 * Only classes can follow the module. `pkg/sets/sets.py` is not the module of `pkg.sets.tests.test_x`, though its last
 * part is in there.
 */
function isPlausible(rest: readonly string[], matched: number): boolean {
  return !rest.some(isTestModule) && (matched > 1 || rest.every(isClassName));
}

function runAt(segments: readonly string[], run: readonly string[]): number {
  for (let at = 0; at + run.length <= segments.length; at++) {
    if (run.every((segment, i) => segments[at + i] === segment)) return at;
  }
  return -1;
}

function moduleCandidates(segments: readonly string[], modules: ReadonlyMap<string, string>): Module[] {
  const candidates: Module[] = [];
  for (let n = segments.length; n > 0; n--) {
    const file = modules.get(segments.slice(0, n).join('.'));
    if (file !== undefined) candidates.push({ segments: n, file });
  }
  return candidates;
}

function fromModules(segments: readonly string[], modules: ReadonlyMap<string, string>): Found {
  const winner = preferred(segments, moduleCandidates(segments, modules));
  return winner === undefined ? undefined : { ...winner, source: 'traceback' };
}

/** If several modules fit: the one named like a test module, else the longest. */
function preferred(segments: readonly string[], candidates: readonly Module[]): Module | undefined {
  return candidates.find((c) => isTestModule(segments[c.segments - 1] ?? '')) ?? candidates[0];
}

/** python_files' default: `test_*.py` and `*_test.py`. */
function isTestModule(segment: string): boolean {
  return /^test_|_test$/.test(segment);
}

/** python_classes' default is `Test`; unittest classes may have any name, with a capital by PEP 8. */
function isClassName(segment: string): boolean {
  return /^(?:Test|\p{Lu})/u.test(segment);
}

function fromConvention(segments: readonly string[], name: string): Found {
  if (segments.length === 0) return undefined;
  const source = 'convention' as const;
  // A doctest text file has one item, named like it: classname `docs.guide.txt`, name `guide.txt`.
  const ownName = name.split('.');
  if (
    ownName.length > 1 &&
    segments.length >= ownName.length &&
    segments.slice(-ownName.length).join('.') === name
  ) {
    return {
      segments: segments.length,
      file: [...segments.slice(0, -ownName.length), name].join('/'),
      source,
    };
  }
  const other = otherFile(segments, name);
  if (other !== undefined) return { ...other, source };
  const last = segments.findLastIndex(isTestModule);
  if (last >= 0) {
    // A folder named like a module: `test_client/tests.py`.
    let end = last + 1;
    while (/^tests?$|_tests$|^tests_/.test(segments[end] ?? '')) end++;
    return { segments: end, file: conventionalFile(segments.slice(0, end)), source };
  }
  const firstClass = segments.findIndex((segment, i) => i > 0 && isClassName(segment));
  const end = firstClass < 0 ? segments.length : firstClass;
  return { segments: end, file: conventionalFile(segments.slice(0, end)), source };
}

function conventionalFile(segments: readonly string[]): string {
  return `${conventionalPath(segments)}.py`;
}

/** An empty segment is the dot of a hidden folder: `.case.test_x` is `.case/test_x`. */
function conventionalPath(segments: readonly string[]): string {
  const path = segments.join('/');
  return path.startsWith('/') || path.includes('//') ? path.replace(/(^|\/)\//g, '$1.') : path;
}

/** Files that plugins collect, and that are hardly ever the name of a Python module … */
const extensions = new Set('ipynb yaml yml md rst txt feature robot toml'.split(' '));
/** … of which nothing but items can follow … */
const neverModules = new Set(['ipynb', 'feature', 'robot']);
/** … and others, where the test's name is no Python test's. */
const rarerExtensions = new Set(
  'json sql html xml csv cfg ini sh bats graphql proto http j2 js ts c cc cpp rs go rb test'.split(' '),
);

function isExtension(segment: string): boolean {
  return extensions.has(segment) || rarerExtensions.has(segment);
}

/** A file that is not Python, by its extension: classname `nb.Intro.ipynb.part` of `nb/Intro.ipynb::part::step 1`. */
function otherFile(segments: readonly string[], name: string): Module | undefined {
  const at = segments.findLastIndex((segment, i) => i > 0 && isExtension(segment));
  const extension = segments[at];
  if (extension === undefined) return undefined;
  if (!neverModules.has(extension)) {
    const rest = segments.slice(at + 1);
    if (rest.some(isTestModule) || rest.some(isClassName) || isDoctestOf(segments, name)) return undefined;
    const isPython = (segment: string) => isTestModule(segment) || isClassName(segment);
    if (
      !extensions.has(extension) &&
      (/^test\w*(?:\[|$)/i.test(name) || segments.slice(0, at).some(isPython))
    )
      return undefined;
  }
  // `login.tavern.yaml`, `check-3.8.test`: the name holds more than one dot.
  let start = at;
  while (start > 1 && /^\d|^tavern$/.test(segments[start - 1] ?? '')) start--;
  const file = [conventionalPath(segments.slice(0, start)), ...segments.slice(start, at + 1)].join('.');
  return { segments: at + 1, file };
}

/** A doctest's name begins with its module's: classname `src.app.json`, name `app.json.load`. */
function isDoctestOf(segments: readonly string[], name: string): boolean {
  const last = segments.at(-1) ?? '';
  const before = name.split('.');
  const at = before.lastIndexOf(last);
  return at >= 0 && segments.slice(-at - 1).join('.') === before.slice(0, at + 1).join('.');
}
