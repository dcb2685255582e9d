// The first pass over a report: checks that it is whole, hashes it, and collects evidence about its tests' files. Keeps no
// tests; its memory is bounded by the number of modules.
import { createHash, type Hash } from 'node:crypto';
import { InputError, type Naming, type Place, ReportError } from '../../errors.ts';
import type { Warning } from '../../model.ts';
import { decodeText } from '../decode.ts';
import { owned } from '../owned.ts';
import { RepeatFinder, RepeatHints, type Repeats } from './attempts.ts';
import { readFailureText, readSkipText, withoutColour } from './failure-text.ts';
import { type Frame, offsetsOfTest, type PassedTests, type Position, readFrames } from './frames.ts';
import { fromFileAttribute, matchPath, type ReportEvidence, splitDotted } from './node-id.ts';
import {
  addressKey,
  decodeReferences,
  isUnnamed,
  type ParsedTestcase,
  parseProperties,
  parseStartTag,
  parseTestcases,
  type RawOutcome,
  type RawTestcase,
  readDuration,
  teardownError,
} from './testcase.ts';
import { TurnMap } from './turn-map.ts';
import { isPytestSuite } from './written-by.ts';

/** A report that can be opened more than once. */
export interface ReportFile {
  /** As the user named it. */
  readonly name: string;
  readonly bytes: number;
  /** A chunk is good until the next one is asked for. */
  open(): AsyncIterable<Buffer>;
}

export interface SuiteStart {
  /** The report it stands in. */
  readonly file?: string | undefined;
  /** The attribute unchanged: with an offset since pytest 8.3, else the writer's local time. */
  readonly timestamp: string | undefined;
  readonly hostname: string | undefined;
}

export interface Survey {
  /** SHA-256 (hex) over a file's length and bytes; of several files, in any order, over their hashes. */
  readonly sha256: string;
  readonly testcases: number;
  readonly suites: readonly SuiteStart[];
  /** Sum of the outermost suites' `time`, in seconds. */
  readonly durationSeconds: number | undefined;
  /** The suites' properties (record_testsuite_property); the first of equal names wins. */
  readonly properties: ReadonlyMap<string, string>;
  readonly evidence: ReportEvidence;
  /** Distinct classnames without the prefix; at most 20,000, and as many collected modules. */
  readonly classnames: ReadonlySet<string>;
  /** The same by report file; at most 100,000 in all. Several files may come from several rootdirs. */
  readonly classnamesByFile: ReadonlyMap<string, ReadonlySet<string>>;
  /** Addresses of tests whose teardown failed; if the call failed too, pytest wrote two testcases. */
  readonly teardownErrors: ReadonlySet<string>;
  /** By the suite's ordinal over all files, from 1: addresses that stand there more than once. */
  readonly repeats: ReadonlyMap<number, Repeats>;
  /** Names of the files that pytest did not write. */
  readonly foreign: ReadonlySet<string>;
  /** Files that end before their root element does, where that was allowed. */
  readonly incomplete: readonly Place[];
  /** The files that were taken, in order. */
  readonly files: readonly ReportFile[];
  /** Why the other files were not taken, or not to their end. */
  readonly problems: readonly (InputError | ReportError)[];
  /** Files without a test that can be read. */
  readonly empty: readonly EmptyReport[];
  /** Suites that count failures or errors and hold none. Other differences are lawful: subtests, reruns. */
  readonly unseen: readonly UnseenFailures[];
  /** Whole files that count tests, none of them a failure, and hold none. They are among the empty ones. */
  readonly hollow: readonly HollowReport[];
  /** Traces of tests that were damaged, outside of any test; at most 20. */
  readonly strays: readonly StrayElement[];
}

export interface UnseenFailures {
  readonly file: string;
  /** As the suite counts them. */
  readonly failures: number;
}

export interface EmptyReport {
  readonly file: string;
  /** Tests that cannot be read. */
  readonly elements: number;
}

export interface StrayElement extends Position {
  readonly file: string;
  /** As it stands there; its beginning. */
  readonly tag: string;
}

export interface HollowReport {
  readonly file: string;
  /** As the root or its suites count them. */
  readonly tests: number;
}

export interface SurveyOptions {
  /** Take the whole tests of a truncated report instead of refusing it. */
  readonly allowIncomplete: boolean;
  /** Bytes read so far, over all files. */
  onProgress?(bytes: number): void;
}

/**
 * Reads every file once; once more where some of them cannot be taken. Of a truncated report the whole tests are taken where
 * it is allowed, or where another report is whole.
 *
 * @throws InputError, ReportError if no file can be taken: codes of frames.ts and decode.ts, and `truncated`
 */
export async function surveyReports(files: readonly ReportFile[], options: SurveyOptions): Promise<Survey> {
  const bad = new Map<ReportFile, InputError | ReportError>();
  const first = await surveyOnce(files, options, bad);
  const { cut } = first;
  if (!options.allowIncomplete && bad.size + cut.size === files.length)
    for (const [file, { place, collected }] of cut) bad.set(file, truncated(place, collected));
  if (files.length > 0 && bad.size === files.length) throw noneTaken([...bad.values()]);
  const taken = files.filter((file) => !bad.has(file));
  // What was collected of a bad file cannot be told from the rest.
  const survey = bad.size === 0 ? first : await surveyOnce(taken, { allowIncomplete: true });
  const problems = files.flatMap((file) => {
    const half = cut.get(file);
    const error =
      half === undefined || options.allowIncomplete ? undefined : halfTaken(half.place, half.collected);
    return bad.get(file) ?? error ?? [];
  });
  const incomplete = options.allowIncomplete ? [...cut.values()].map(({ place }) => place) : [];
  return { ...survey, files: taken, problems, incomplete };
}

interface Collected {
  readonly testcases: number;
  readonly last: string | undefined;
}

type SurveyOnce = Omit<Survey, 'files' | 'problems' | 'incomplete'> & {
  readonly cut: ReadonlyMap<ReportFile, { readonly place: Place; readonly collected: Collected }>;
};

/** Files that cannot be taken go into `bad`; without it the first one's error is thrown. */
async function surveyOnce(
  files: readonly ReportFile[],
  options: SurveyOptions,
  bad?: Map<ReportFile, InputError | ReportError>,
): Promise<SurveyOnce> {
  const hashes: string[] = [];
  const collector = new Collector();
  const cut = new Map<ReportFile, { place: Place; collected: Collected }>();
  let bytes = 0;
  for (const file of files) {
    const hash = createHash('sha256').update(`${file.bytes}\n`);
    collector.startFile(file.name);
    const counted = countBytes(file, hash, (count) => {
      bytes += count;
      options.onProgress?.(bytes);
    });
    const frames = readFrames(decodeText(counted, file.name), file.name);
    try {
      let next = await frames.next();
      for (; next.done !== true; next = await frames.next()) collector.take(next.value);
      if (!next.value.complete) {
        const place = { file: file.name, ...next.value.position };
        cut.set(file, {
          place,
          collected: { testcases: collector.testcasesOfFile, last: collector.lastTestcase },
        });
      }
      collector.endFile(next.value.complete);
      await collector.findRepeats(file);
    } catch (error) {
      if (bad === undefined || !(error instanceof InputError || error instanceof ReportError)) throw error;
      bad.set(file, error);
    }
    hashes.push(hash.digest('hex'));
  }
  return { ...collector.finish(), sha256: hashInAnyOrder(hashes), cut };
}

/** Reports in another order are the same run. */
function hashInAnyOrder(hashes: readonly string[]): string {
  const [only = '', ...others] = [...hashes].sort();
  return others.length === 0
    ? only
    : createHash('sha256')
        .update([only, ...others].join('\n'))
        .digest('hex');
}

/** The first error, and which other files share its fate. */
function noneTaken([first, ...others]: readonly (InputError | ReportError)[]): unknown {
  if (first === undefined || others.length === 0) return first;
  const names = others.slice(0, 5).map((error) => error.place?.file ?? 'another one');
  const more = others.length > names.length ? ` and ${others.length - names.length} more` : '';
  return new ReportError({
    code: first.code,
    message: `${first.message}. The other reports cannot be taken either: ${names.join(', ')}${more}`,
    fix: (name) => first.fixIn(name),
    place: first.place,
  });
}

async function* countBytes(
  file: ReportFile,
  hash: Hash,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of file.open()) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
}

const wholeFile = 'Upload the whole file (was the disk full, or the copy interrupted?)';

function truncated(place: Place, collected: Collected): ReportError {
  return new ReportError({
    code: 'truncated',
    message: cutOff(collected),
    fix: (name) => {
      const allow = name('allowIncomplete');
      return `${wholeFile}${allow === undefined ? '' : `, or store what is whole of it with ${allow}`}.`;
    },
    place,
  });
}

/** Where other reports are whole. */
function halfTaken(place: Place, collected: Collected): ReportError {
  const message = `${cutOff(collected)}${collected.last === undefined ? '' : '; what is complete was taken'}`;
  return new ReportError({ code: 'truncated', message, fix: `${wholeFile}.`, place });
}

function cutOff({ testcases, last }: Collected): string {
  return `the report is cut off: it ends before its root element does. ${
    last === undefined
      ? 'Not one test in it is complete'
      : `${testcases} ${testcases === 1 ? 'test is' : 'tests are'} complete, the last one is ${last}`
  }`;
}

const mostClassnames = 20_000;
const mostClassnamesOfFiles = 100_000;
const mostModules = 200_000;
/** Longer classnames, prefixes and modules are not kept: they name no file. In characters. */
const longestName = 1000;
const longestPath = 4096;
/** Of a suite's property; in characters. */
const longestValue = 10_000;
/** Failing tests per classname whose text is searched for their file. */
const searchesPerClassname = 3;

class Collector {
  testcasesOfFile = 0;
  #file = '';
  #testcases = 0;
  #lastXml: string | undefined;
  #root: { name: string; attributes: ReadonlyMap<string, string> } = { name: '', attributes: new Map() };
  /** The suites around the next testcase, outermost first. */
  #open: ReadonlyMap<string, string>[] = [];
  #isWriterKnown = false;
  readonly #suites: SuiteStart[] = [];
  #duration: number | undefined;
  readonly #properties = new Map<string, string>();
  /** Searched failures per classname. Cleared when large: searching again does no harm. */
  readonly #searched = new TurnMap<Searched>();
  readonly #classnames = new Set<string>();
  readonly #classnamesByFile = new Map<string, Set<string>>();
  #classnamesOfFiles = 0;
  /** Modules that failed or were skipped during collection, without the prefix: as good as classnames. */
  readonly #collected = new Set<string>();
  /** The dotted start that all classnames share; undefined before the first. */
  #common: string | undefined;
  readonly #modules = new Map<string, string>();
  /** Modules found after leading segments that may be the prefix; `finish` decides. */
  readonly #behindLeading: { readonly leading: string; readonly dotted: string; readonly file: string }[] =
    [];
  readonly #prefixVotes = new Map<string, number>();
  readonly #foreign = new Set<string>();
  readonly #teardownErrors = new Set<string>();
  readonly #hints = new RepeatHints();
  readonly #repeats = new RepeatFinder();
  #isReadable = false;
  readonly #empty: EmptyReport[] = [];
  /** Of the root and the open suites, outermost first. */
  #counts: FailureCount[] = [];
  readonly #unseen: UnseenFailures[] = [];
  /** Tests that the root counts, and that its suites do. */
  #counted = { root: 0, suites: 0 };
  readonly #hollow: HollowReport[] = [];
  readonly #strays: StrayElement[] = [];

  startFile(name: string): void {
    this.#file = name;
    this.#hints.startFile();
    this.#open = [];
    this.#counts = [];
    this.#counted = { root: 0, suites: 0 };
    this.#isReadable = false;
    this.#isWriterKnown = false;
    this.#searched.clear();
    this.testcasesOfFile = 0;
    this.#lastXml = undefined;
  }

  endFile(isWhole: boolean): void {
    // The root, and the suites of a file that is cut off.
    while (this.#counts.length > 0) this.#endCount();
    if (!this.#isReadable) this.#empty.push({ file: this.#file, elements: this.testcasesOfFile });
    const { root, suites } = this.#counted;
    const tests = Math.max(root, suites);
    const isTold = [...this.#unseen, ...this.#strays].some(({ file }) => file === this.#file);
    if (isWhole && this.testcasesOfFile === 0 && tests > 0 && !isTold)
      this.#hollow.push({ file: this.#file, tests });
  }

  /** Ends the file: reads it once more where it may hold several attempts of one test. */
  async findRepeats(file: ReportFile): Promise<void> {
    const { suites } = this.#hints;
    this.#hints.endSuite();
    if (!this.#hints.found) {
      this.#repeats.skip(suites);
      return;
    }
    for await (const frames of readFrames(decodeText(file.open(), file.name), file.name)) {
      for (const frame of frames) {
        if (frame.kind === 'suite') this.#repeats.startSuite(parseStartTag(frame.xml).get('tests'));
        else if (frame.kind === 'passed') this.#repeats.addPassed(frame);
        else if (frame.kind === 'testcase') this.#repeats.add(frame.xml);
      }
    }
    this.#repeats.endSuite();
  }

  /** The last complete test's address, for messages. */
  get lastTestcase(): string | undefined {
    if (this.#lastXml === undefined) return undefined;
    const attributes = parseStartTag(startTag(this.#lastXml));
    return [attributes.get('classname'), attributes.get('name')]
      .filter((part) => part)
      .join(' :: ')
      .slice(0, 300);
  }

  take(frames: readonly Frame[]): void {
    const candidates: TestcaseFrame[] = [];
    for (const frame of frames) {
      switch (frame.kind) {
        case 'root':
          this.#root = { name: frame.name, attributes: parseStartTag(frame.xml) };
          // A merged report may count in its root alone; a lone suite is a root itself.
          if (frame.name === 'testsuites') {
            this.#counts = [countOf(this.#root.attributes)];
            this.#counted.root = amount(this.#root.attributes, 'tests');
          }
          break;
        case 'suite':
          this.#takeSuite(parseStartTag(frame.xml));
          break;
        case 'suite-end':
          this.#open.pop();
          this.#endCount();
          this.#isWriterKnown = false;
          break;
        case 'properties':
          for (const [name, value] of parseProperties(frame.xml)) {
            if (!this.#properties.has(name) && this.#properties.size < 1000)
              this.#properties.set(owned(name.slice(0, longestName)), owned(value.slice(0, longestValue)));
          }
          break;
        case 'stray': {
          const { tag, line, column } = frame;
          if (this.#strays.length < mostUnseen)
            this.#strays.push({ file: this.#file, tag: owned(tag), line, column });
          break;
        }
        case 'passed':
          this.#takePassed(frame);
          break;
        case 'testcase':
          if (!this.#isWriterKnown) this.#findWriter();
          this.#testcases++;
          this.testcasesOfFile++;
          this.#lastXml = frame.xml;
          if (!this.#isReadable) this.#isReadable = parseTestcases([frame]).testcases.some(isReadable);
          this.#countFailure(frame);
          if (this.#mayHaveEvidence(frame.xml)) candidates.push(frame);
          break;
        default:
      }
    }
    const unusual: TestcaseFrame[] = [];
    for (const frame of candidates) {
      const read = readFirstText(frame);
      if (read === undefined) unusual.push(frame);
      else this.#takeEvidence(read);
    }
    if (unusual.length === 0) return;
    for (const testcase of parseTestcases(unusual).testcases) {
      if (!('malformed' in testcase)) this.#takeEvidence(testcase);
    }
  }

  #takePassed(passed: PassedTests): void {
    const { text, offsets } = passed;
    if (!this.#isWriterKnown) this.#findWriter();
    const count = offsets.length / offsetsOfTest;
    this.#testcases += count;
    this.testcasesOfFile += count;
    this.#isReadable = true;
    for (let i = 0; i < offsets.length; i += offsetsOfTest)
      this.#searchedOf(text.slice(offsets[i], offsets[i + 1]));
    this.#hints.addPassed(passed);
    const [classname, , nameEnd] = offsets.slice(-offsetsOfTest);
    this.#lastXml = `<testcase classname="${text.slice(classname, nameEnd)}">`;
  }

  finish(): Omit<SurveyOnce, 'sha256' | 'cut'> {
    let prefix = '';
    let most = this.#prefixVotes.get('') ?? 0;
    for (const [candidate, votes] of this.#prefixVotes) {
      if (votes > most && isDottedStart(candidate, this.#common ?? '')) [prefix, most] = [candidate, votes];
    }
    for (const { leading, dotted, file } of this.#behindLeading) {
      // The leading segments are the prefix, not folders: the file follows them.
      if (leading === prefix)
        addModule(this.#modules, dotted.slice(prefix.length + 1), file.slice(prefix.length + 1));
      else addModule(this.#modules, dotted, file);
    }
    const withoutPrefix = (names: Iterable<string>) => {
      const bare = new Set<string>();
      for (const name of names) {
        if (name === prefix) continue;
        bare.add(prefix !== '' && name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : name);
      }
      return bare;
    };
    const classnames = new Set([...this.#collected, ...withoutPrefix(this.#classnames)]);
    const classnamesByFile = new Map<string, Set<string>>();
    for (const [file, names] of this.#classnamesByFile) classnamesByFile.set(file, withoutPrefix(names));
    return {
      testcases: this.#testcases,
      suites: this.#suites,
      durationSeconds: this.#duration,
      properties: this.#properties,
      evidence: { prefix, modules: this.#modules },
      classnames,
      classnamesByFile,
      teardownErrors: this.#teardownErrors,
      repeats: this.#repeats.repeats,
      foreign: this.#foreign,
      empty: this.#empty,
      unseen: this.#unseen,
      hollow: this.#hollow,
      strays: this.#strays,
    };
  }

  #countFailure(frame: TestcaseFrame): void {
    const { xml } = frame;
    if (xml.endsWith('/>')) return;
    // Its own suite, or the nearest around it that counts any.
    const suite = this.#counts.findLast(({ failures }) => failures > 0);
    if (suite === undefined || suite.seen || !/[<:](?:failure|error)\b/.test(xml)) return;
    // The words may stand in a comment, in CDATA or in another element.
    suite.seen = parseTestcases([frame]).testcases.some(
      (testcase) =>
        // A malformed one is told by itself.
        'malformed' in testcase || testcase.outcomes.some(({ kind }) => kind !== 'skipped'),
    );
  }

  #endCount(): void {
    const suite = this.#counts.pop();
    if (suite === undefined) return;
    const isMissing = suite.failures > 0 && !suite.seen;
    if (isMissing && this.#unseen.length < mostUnseen)
      this.#unseen.push({ file: this.#file, failures: suite.failures });
    // An outer suite counts the failures of its inner ones: told once.
    const outer = this.#counts.at(-1);
    if (outer !== undefined && (suite.seen || isMissing)) outer.seen = true;
  }

  #takeSuite(attributes: ReadonlyMap<string, string>): void {
    this.#open.push(attributes);
    this.#counts.push(countOf(attributes));
    this.#isWriterKnown = false;
    this.#hints.startSuite(attributes.get('tests'));
    if (this.#open.length > 1) return;
    this.#counted.suites += amount(attributes, 'tests');
    if (this.#suites.length < 1000) {
      this.#suites.push({
        file: this.#file,
        timestamp: attributes.get('timestamp')?.slice(0, longestName),
        hostname: attributes.get('hostname')?.slice(0, longestName),
      });
    }
    const time = readDuration(attributes.get('time'));
    if (time !== undefined) this.#duration = (this.#duration ?? 0) + time;
  }

  #findWriter(): void {
    this.#isWriterKnown = true;
    if (!isPytestSuite(this.#root, this.#open.at(-1), this.#open.length)) this.#foreign.add(this.#file);
  }

  /** Whether a testcase may name its module's file and that file is not known yet. */
  #mayHaveEvidence(xml: string): boolean {
    const hasContent = !xml.endsWith('/>');
    const classname = classnameOf(xml);
    const searched = this.#searchedOf(classname);
    // includes() is faster than the pattern, and usually false; a `<` is rare in a text.
    const isTeardown = hasContent && xml.includes('<error message="') && teardownError.test(xml);
    this.#hints.add(xml, isTeardown);
    if (!hasContent && !xml.includes(' file="')) return false;
    if (isTeardown) return true;
    if (classname !== '' && (searched.times >= searchesPerClassname || this.#isModuleKnown(classname)))
      return false;
    if (!/ file="|<(?:failure|error|skipped)\b/.test(xml)) return false;
    searched.times++;
    return true;
  }

  #searchedOf(classname: string): Searched {
    return this.#searched.get(classname) ?? this.#addClassname(owned(classname));
  }

  #isModuleKnown(classname: string): boolean {
    if (this.#modules.size === 0) return false;
    for (let end = classname.length; end > 0; end = classname.lastIndexOf('.', end - 1)) {
      if (this.#modules.has(classname.slice(0, end))) return true;
    }
    return false;
  }

  #takeEvidence(testcase: RawTestcase): void {
    const { classname = '', name = '' } = testcase;
    if (isTeardownError(testcase) && this.#teardownErrors.size < mostModules) {
      this.#teardownErrors.add(owned(addressKey(testcase)));
    }
    // A class that failed collection has its module as classname and its own name; a module has only the prefix.
    const collected = isCollected(testcase) && (classname === '' || !/^(?:Test|\p{Lu})/u.test(name));
    const dotted = collected ? name : classname;
    if (collected) {
      this.#vote(classname);
      if (this.#collected.size < mostClassnames && name.length <= longestName)
        this.#collected.add(owned(name));
    }
    const byFile = fromFileAttribute(testcase.file, dotted);
    if (byFile !== undefined) {
      this.#vote('');
      addModule(this.#modules, splitDotted(dotted).slice(0, byFile.segments).join('.'), byFile.file);
      return;
    }
    const segments = splitDotted(dotted);
    for (const outcome of testcase.outcomes.slice(0, 3)) {
      const locations =
        outcome.kind === 'skipped'
          ? readSkipText(outcome.text)
          : readFailureText(outcome.text, outcome.message).locations;
      for (const { path } of locations) {
        const match = matchPath(segments, path);
        if (match === undefined) continue;
        const leading = segments.slice(0, match.leading).join('.');
        // If the leading segments were folders, an absolute path would have matched them too.
        if (path.startsWith('/') || /^[A-Za-z]:\//.test(path)) this.#vote(leading);
        const module = segments.slice(0, match.segments).join('.');
        if (leading === '') addModule(this.#modules, module, match.file);
        else if (this.#behindLeading.length < mostModules && dotted.length <= longestName) {
          this.#behindLeading.push({
            leading: owned(leading),
            dotted: owned(module),
            file: owned(match.file),
          });
        }
      }
    }
  }

  #vote(prefix: string): void {
    const votes = this.#prefixVotes.get(prefix);
    if (prefix.length > longestName || (votes === undefined && this.#prefixVotes.size >= mostClassnames))
      return;
    this.#prefixVotes.set(owned(prefix), (votes ?? 0) + 1);
  }

  #addClassname(classname: string): Searched {
    const searched = { times: 0 };
    if (classname.length > longestName) return searched;
    if (this.#searched.size >= mostClassnames) this.#searched.clear();
    this.#searched.add(classname, searched);
    if (this.#classnames.size < mostClassnames) this.#classnames.add(classname);
    if (this.#classnamesOfFiles++ < mostClassnamesOfFiles) {
      const names = this.#classnamesByFile.get(this.#file);
      if (names === undefined) this.#classnamesByFile.set(this.#file, new Set([classname]));
      else names.add(classname);
    }
    // A collected module's classname is only the prefix, or empty.
    if (classname !== '')
      this.#common = this.#common === undefined ? classname : commonStart(this.#common, classname);
    return searched;
  }
}

/** How many failures of a classname were searched. */
interface Searched {
  times: number;
}

function classnameOf(xml: string): string {
  const at = xml.indexOf(' classname="') + 12;
  const end = at > 11 ? xml.indexOf('"', at) : -1;
  return end < 0 ? '' : xml.slice(at, end);
}

const mostUnseen = 20;
const mostEmpty = 5;

/** The failures and errors that an element counts, and whether one of its tests has any. */
interface FailureCount {
  readonly failures: number;
  seen: boolean;
}

function countOf(attributes: ReadonlyMap<string, string>): FailureCount {
  return { failures: amount(attributes, 'failures') + amount(attributes, 'errors'), seen: false };
}

function amount(attributes: ReadonlyMap<string, string>, name: string): number {
  const text = attributes.get(name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function isReadable(testcase: ParsedTestcase): boolean {
  return !('malformed' in testcase) && !isUnnamed(testcase);
}

/** The leading segments that two dotted names share. */
function commonStart(a: string, b: string): string {
  if (isDottedStart(a, b)) return a;
  let end = 0;
  for (let i = 0; i < Math.min(a.length, b.length) && a[i] === b[i]; i++) if (a[i] === '.') end = i;
  const shorter = a.length < b.length ? a : b;
  return isDottedStart(shorter, a) && isDottedStart(shorter, b) ? shorter : a.slice(0, end);
}

function isDottedStart(start: string, name: string): boolean {
  return start === name || name.startsWith(`${start}.`);
}

type TestcaseFrame = Extract<Frame, { kind: 'testcase' }>;

/**
 * Reads the address and the first long text of a failing testcase without a parser; the framing reader delimited the
 * text. Undefined if its kind depends on the message.
 */
function readFirstText({ xml, texts, line, column }: TestcaseFrame): RawTestcase | undefined {
  const [start, end] = texts;
  if (start === undefined) return undefined;
  const head = xml.slice(0, start);
  const child = /^<(failure|error|skipped)\b[^>]*>$/.exec(head.slice(Math.max(0, head.lastIndexOf('<'))));
  if (child === null || /message="(?:collection |failed on teardown|test teardown|internal error)/.test(head))
    return undefined;
  const attributes = parseStartTag(startTag(xml));
  return {
    line,
    column,
    classname: attributes.get('classname'),
    name: attributes.get('name'),
    file: attributes.get('file'),
    defLine: undefined,
    time: undefined,
    outcomes: [
      {
        kind: child[1] as RawOutcome['kind'],
        type: undefined,
        message: undefined,
        text: withoutColour(decodeReferences(xml.slice(start, end))),
      },
    ],
    properties: [],
  };
}

function addModule(modules: Map<string, string>, dotted: string, file: string): void {
  if (modules.size < mostModules && dotted.length <= longestName && !modules.has(dotted))
    modules.set(owned(dotted), owned(file.slice(-longestPath)));
}

/** Failed or skipped during collection. */
export function isCollected(testcase: RawTestcase): boolean {
  return testcase.outcomes.some(
    (o) => o.message === 'collection failure' || o.message === 'collection skipped',
  );
}

/** pytest up to 5.4 wrote `test teardown failure`. */
export function isTeardownError(testcase: RawTestcase): boolean {
  const message = testcase.outcomes.find((o) => o.kind === 'error')?.message ?? '';
  return message.startsWith('failed on teardown with ') || message === 'test teardown failure';
}

/** Why there is nothing to store: no report holds a test that can be read; undefined where one does. */
export function noTests(survey: Survey): ReportError | undefined {
  const { testcases, files, empty, incomplete, hollow, unseen, strays } = survey;
  if (empty.length < files.length) return undefined;
  const [cut] = incomplete;
  // pytest ran what is missing.
  if (testcases === 0 && cut !== undefined) return halfTaken(cut, { testcases, last: undefined });
  const [missing] = [...hollow.map(holdsNone), ...unseen.map(holdsNoFailure), ...strays.map(isStray)];
  if (testcases === 0 && missing !== undefined)
    return new ReportError({
      code: 'tests-missing',
      message: missing.message,
      fix: 'Upload the report as it was written: something took its tests out.',
      place: missing,
    });
  const whose = files.length === 1 ? 'the report' : `none of the ${files.length} reports`;
  const elements = `${testcases} ${testcases === 1 ? 'element' : 'elements'}`;
  return new ReportError({
    code: 'no-tests',
    message:
      testcases > 0
        ? `no test is left of ${files.length === 1 ? 'the report' : 'the reports'}: ${elements} without a name or not well-formed`
        : `${whose} holds ${files.length === 1 ? 'no' : 'a'} test`,
    fix:
      testcases > 0
        ? 'pytest writes a test without a name when it was interrupted while the test ran (pytest.exit(), Ctrl-C, an internal error): look at its output.'
        : (name) =>
            `pytest ran nothing (it exits with 5 then): look at -k, -m, testpaths and the folder it was started in; ${ifRight(name)}.`,
    place: { file: files[0]?.name },
  });
}

/**
 * Those of several reports that hold nothing, where that is not told otherwise: of tests that are counted or damaged the second
 * pass tells. Five are named, the others counted.
 */
export function emptyReports({ empty, incomplete, hollow, unseen, strays, problems }: Survey): ReportError[] {
  const told = new Set(
    [...hollow, ...unseen, ...strays, ...problems.map(({ place }) => place)].map((where) => where?.file),
  );
  const cut = new Map(incomplete.map((place) => [place.file, place]));
  const errors: ReportError[] = [];
  const without: string[] = [];
  for (const { file, elements } of empty) {
    const place = cut.get(file);
    if (elements > 0) continue;
    if (place !== undefined) errors.push(halfTaken(place, { testcases: 0, last: undefined }));
    else if (!told.has(file)) without.push(file);
  }
  const fix = (name: Naming) => `pytest ran nothing of it (it exits with 5 then); ${ifRight(name)}.`;
  const noTest = (message: string, file?: string) =>
    new ReportError({ code: 'no-tests', message, fix, place: { file } });
  for (const file of without.slice(0, mostEmpty)) errors.push(noTest('the report holds no test', file));
  const rest = without.length - mostEmpty;
  if (rest > 0) errors.push(noTest(`${rest} more ${rest === 1 ? 'report holds' : 'reports hold'} no test`));
  return errors;
}

/** A shard, or `-k`, may have no test. */
function ifRight(name: Naming): string {
  return `if that is right, set ${name('onEmpty')} to ignore`;
}

/** What is wrong with a report that counts tests and holds none. */
export function holdsNone({ file, tests }: HollowReport): Pick<Warning, 'file' | 'message'> {
  return { file, message: `the report counts ${tests} ${tests === 1 ? 'test' : 'tests'} and holds none` };
}

/** The same of one whose failures are missing. */
export function holdsNoFailure({ file, failures }: UnseenFailures): Pick<Warning, 'file' | 'message'> {
  const one = failures === 1;
  return {
    file,
    message: `a suite counts ${failures} ${one ? 'failure or error' : 'failures and errors'}, and none of its tests has one: ${one ? 'a test is' : 'tests are'} missing from the report`,
  };
}

/** What is wrong with an element outside of any test. */
export function isStray({
  tag,
  ...place
}: StrayElement): Pick<Warning, 'message'> & Position & Pick<Place, 'file'> {
  return {
    ...place,
    message: `${tag} stands outside of any test: a test is damaged, or missing from the report`,
  };
}

/** Tests that are missing, as far as no suite's number of failures tells it. */
export function countMissing({
  hollow,
  strays,
  unseen,
}: Pick<Survey, 'hollow' | 'strays' | 'unseen'>): number {
  const counted = new Set(unseen.map(({ file }) => file));
  return (
    hollow.reduce((sum, { tests }) => sum + tests, 0) + strays.filter(({ file }) => !counted.has(file)).length
  );
}

function startTag(xml: string): string {
  // A `>` inside a value is not the tag's end.
  let at = 0;
  for (;;) {
    const end = xml.indexOf('>', at);
    const quote = xml.indexOf('"', at);
    if (end < 0) return xml;
    if (quote < 0 || quote > end) return xml.slice(0, end + 1);
    const close = xml.indexOf('"', quote + 1);
    if (close < 0) return xml;
    at = close + 1;
  }
}
