// The second pass over a report: streams every test as a TestResult, in bounded memory. docs/reading.md lists what a
// pytest report can contain.

import { posix } from 'node:path';
import { asOptions, type Naming, ReportError } from '../../errors.ts';
import type { Failure, Outcome, TestResult, Warning } from '../../model.ts';
import type { Checkout } from '../checkout.ts';
import { decodeText } from '../decode.ts';
import type { Projects } from '../projects.ts';
import { AttemptJoiner, type Joined } from './attempts.ts';
import { capturedOutput } from './captured.ts';
import {
  type FailureText,
  firstCause,
  type Location,
  locationInFile,
  readFailureText,
  readSkipText,
  unwrapPhase,
  withoutColour,
} from './failure-text.ts';
import { betweenValues, type Frame, offsetsOfTest, type PassedTests, readFrames } from './frames.ts';
import { readMessage } from './message.ts';
import { createNodeIds, type NodeId, type NodeIds } from './node-id.ts';
import { findPlace, type PlaceQuery } from './place.ts';
import { findStatement } from './statement.ts';
import {
  countMissing,
  holdsNoFailure,
  holdsNone,
  isCollected,
  isStray,
  isTeardownError,
  type ReportFile,
  type Survey,
} from './survey.ts';
import {
  addressKey,
  isUnnamed,
  parseTestcases,
  type RawOutcome,
  type RawTestcase,
  readDuration,
} from './testcase.ts';

export interface ReadOptions {
  readonly survey: Survey;
  readonly checkout: Checkout | undefined;
  /** For reports of another project than the others; see Projects. */
  readonly projects?: Projects['byReport'] | undefined;
  /** The door's words for settings; the command line's by default. */
  readonly naming?: Naming | undefined;
  /** So many lines of what a failed test printed are read; none by default. */
  readonly capturedLines?: number | undefined;
  onWarning(warning: Warning): void;
  /** Bytes read so far, over all files. */
  onProgress?(bytes: number): void;
  /** At the end: how many tests the reports hold or speak of that could not be read. */
  onLost?(tests: number, reports: ReadonlySet<string>): void;
}

/** fast-xml-parser is fastest on batches of about this many characters. */
const batchLength = 64 * 1024;
const mostMalformedWarnings = 20;

/**
 * Yields the tests of all files in order, some hundred at a time. pytest writes a failed call and its failed teardown as
 * two testcases: they become one test.
 *
 * @throws ReportError `changed-while-reading` when a file is no longer what was surveyed
 */
export async function* readResults(
  files: readonly ReportFile[],
  options: ReadOptions,
): AsyncGenerator<readonly TestResult[]> {
  const reader = new ResultReader(options);
  const names = files.length > 1 ? new SharedNames(files) : undefined;
  let testcases = 0;
  let bytes = 0;
  for (const file of files) {
    reader.startFile(file.name);
    const counted = count(file.open(), (n) => {
      bytes += n;
      options.onProgress?.(bytes);
    });
    let batch: TestFrame[] = [];
    let length = 0;
    for await (const frames of readFrames(decodeText(counted, file.name), file.name)) {
      for (const frame of frames) {
        if (frame.kind === 'suite') {
          const rest = [...reader.take(batch), ...reader.startSuite()];
          names?.add(file.name, rest);
          if (rest.length > 0) yield rest;
          [batch, length] = [[], 0];
        }
        if (frame.kind === 'passed') {
          testcases += frame.offsets.length / offsetsOfTest;
          length += (frame.offsets.at(-1) ?? 0) - (frame.offsets[0] ?? 0);
        } else if (frame.kind === 'testcase') {
          testcases++;
          length += frame.xml.length;
        } else continue;
        batch.push(frame);
        if (length < batchLength) continue;
        const ready = reader.take(batch);
        names?.add(file.name, ready);
        yield ready;
        [batch, length] = [[], 0];
      }
    }
    const last = [...reader.take(batch), ...reader.endFile()];
    names?.add(file.name, last);
    yield last;
  }
  if (testcases !== options.survey.testcases) {
    throw new ReportError({
      code: 'changed-while-reading',
      message: `${files.length === 1 ? 'the report' : 'a report'} changed while it was read: ${options.survey.testcases} tests at first, then ${testcases}`,
      fix: 'Upload after pytest has ended.',
      place: { file: files.length === 1 ? files[0]?.name : undefined },
    });
  }
  reader.summarise();
  const shared = names?.warning(options.naming ?? asOptions);
  if (shared !== undefined) options.onWarning(shared);
}

/** Names that are remembered to find them in another report; a later one takes the slot of an earlier one. */
const nameSlots = 1 << 20;

/** Marks results with their report, and finds names that stand in several reports: by hashes, in bounded memory. */
class SharedNames {
  readonly #files: readonly ReportFile[];
  readonly #hashes = new Int32Array(nameSlots);
  readonly #owners = new Uint32Array(nameSlots);
  #count = 0;
  #example: string | undefined;

  constructor(files: readonly ReportFile[]) {
    this.#files = files;
  }

  add(report: string, results: readonly TestResult[]): void {
    const owner = this.#files.findIndex((file) => file.name === report) + 1;
    for (const result of results) {
      // Set in place, as signatures are.
      (result as { report?: string }).report = report;
      const { testName } = result;
      let hash = testName.length;
      for (let i = 0; i < testName.length && i < 10_000; i++)
        hash = Math.imul(hash ^ testName.charCodeAt(i), 0x01000193);
      const slot = (hash ^ (hash >>> 20)) & (nameSlots - 1);
      const other = this.#owners[slot] ?? 0;
      if (this.#hashes[slot] === hash && other !== 0 && other !== owner) {
        this.#count++;
        this.#example ??= `${testName.slice(0, 300)} in ${this.#files[other - 1]?.name} and ${report}`;
      } else {
        this.#hashes[slot] = hash;
        this.#owners[slot] = owner;
      }
    }
  }

  warning(name: Naming): Warning | undefined {
    if (this.#count === 0) return undefined;
    return {
      code: 'same-test-in-reports',
      message: `${this.#count} ${this.#count === 1 ? 'test stands' : 'tests stand'} in several reports under one name, for example ${this.#example}; each is kept. If the reports are of different projects, upload each by itself, with ${name('rootdir')} and ${name('uploadKey')}`,
    };
  }
}

type TestcaseFrame = Extract<Frame, { kind: 'testcase' }>;
type TestFrame = TestcaseFrame | PassedTests;

async function* count(chunks: AsyncIterable<Buffer>, onBytes: (n: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

class ResultReader {
  readonly #options: ReadOptions;
  readonly #window: TeardownWindow;
  readonly #attempts: AttemptJoiner;
  #nodeIds: NodeIds;
  /** Written before the ids of the report. */
  #folder = '';
  #file = '';
  readonly #malformed = new Counter();
  readonly #replaced = new Counter();
  readonly #shortened = new Counter();
  readonly #interrupted = new Counter();
  readonly #lostAttributes = new Counter();

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#window = new TeardownWindow(options.survey.teardownErrors);
    this.#attempts = new AttemptJoiner(options.survey.repeats);
    this.#nodeIds = createNodeIds(options.survey.evidence, options.checkout);
  }

  startFile(name: string): void {
    this.#file = name;
    const project = this.#options.projects?.get(name);
    this.#folder = project?.folder ?? '';
    if (project !== undefined) this.#nodeIds = createNodeIds(this.#options.survey.evidence, project.checkout);
  }

  take(frames: readonly TestFrame[]): TestResult[] {
    if (frames.length === 0) return [];
    const elements = frames.filter((frame): frame is TestcaseFrame => frame.kind === 'testcase');
    const { testcases, replacedCharacters } = parseTestcases(elements);
    this.#replaced.add(replacedCharacters, this.#file);
    for (const frame of elements) if (frame.shortened) this.#shortened.add(1, this.#file);
    const ready: TestResult[] = [];
    let at = 0;
    for (const frame of frames) {
      if (frame.kind === 'passed') {
        this.#takePassed(frame, ready);
        continue;
      }
      const testcase = testcases[at++];
      if (testcase === undefined) continue;
      if ('malformed' in testcase) {
        this.#malformed.add(1, this.#file);
        if (this.#malformed.count <= mostMalformedWarnings) {
          this.#warn({
            code: 'malformed-testcase',
            message: `one test is not well-formed XML and was left out (${testcase.malformed}): ${testcase.excerpt}`,
            file: this.#file,
            line: testcase.line,
            column: testcase.column,
            severity: 'error',
          });
        }
        continue;
      }
      if (testcase.lostAttribute === true) this.#lostAttributes.add(1, this.#file);
      if (isUnnamed(testcase)) {
        this.#interrupted.add(1, this.#file);
        continue;
      }
      this.#add(testcase, ready);
    }
    return ready;
  }

  #add(testcase: RawTestcase, ready: TestResult[]): void {
    if (this.#attempts.isRepeated(testcase)) this.#addAttempt(testcase, ready);
    else this.#window.add(testcase, (earlier) => this.#result(testcase, earlier), ready);
  }

  #takePassed({ text, offsets }: PassedTests, ready: TestResult[]): void {
    const isForeign = this.#options.survey.foreign.has(this.#file);
    const isUsual = !isForeign && this.#folder === '' && this.#attempts.isIdle;
    for (let i = 0; i < offsets.length; i += offsetsOfTest) {
      const classnameEnd = offsets[i + 1] ?? 0;
      const nameEnd = offsets[i + 2] ?? 0;
      const classname = text.slice(offsets[i], classnameEnd);
      const name = text.slice(classnameEnd + betweenValues, nameEnd);
      if (!isUsual || this.#window.isWaiting) {
        const time = text.slice(nameEnd + betweenValues, text.indexOf('"', nameEnd + betweenValues));
        this.#add({ ...passedTestcase, classname, name, time }, ready);
        continue;
      }
      const { testName, testFile, testClass, testFunction, source } = this.#nodeIds.rebuildPassed(
        classname,
        name,
      );
      ready.push({
        testName,
        testFile,
        testClass,
        testFunction,
        nodeIdSource: source,
        outcome: 'passed',
        durationSeconds: secondsAt(text, nameEnd + betweenValues),
        failure: undefined,
        reason: undefined,
        markers: noMarkers,
      });
    }
  }

  /** Attempts never go from one suite to the next: those are different runs. */
  startSuite(): TestResult[] {
    const ready: TestResult[] = [];
    for (const joined of this.#attempts.startSuite()) this.#release(joined, ready);
    return ready;
  }

  #addAttempt(testcase: RawTestcase, ready: TestResult[]): void {
    // The teardown of a call that failed belongs to that call.
    if (isTeardownError(testcase) && !this.#attempts.holds(testcase)) {
      this.#window.add(testcase, (earlier) => this.#result(testcase, earlier), ready);
      return;
    }
    const result = this.#result(testcase, undefined);
    const { classname = '', name = '', file } = testcase;
    const maySplit = this.#nodeIds.isAmbiguous({ classname, name, file, collected: false });
    for (const joined of this.#attempts.add(testcase, result, maySplit)) this.#release(joined, ready);
  }

  #release({ testcase, result }: Joined, ready: TestResult[]): void {
    this.#window.add(
      testcase,
      (earlier) => (earlier === undefined ? result : withTeardownError(earlier, testcase)),
      ready,
    );
  }

  endFile(): TestResult[] {
    const ready: TestResult[] = [];
    for (const joined of this.#attempts.drain()) this.#release(joined, ready);
    return [...ready, ...this.#window.drain()];
  }

  summarise(): void {
    const { survey } = this.#options;
    if (this.#malformed.count > mostMalformedWarnings) {
      this.#warn({
        code: 'malformed-testcase',
        message: `${this.#malformed.count} tests were left out in all because they are not well-formed XML`,
        file: this.#malformed.file,
        severity: 'error',
      });
    }
    if (this.#replaced.count > 0) {
      this.#warn({
        code: 'illegal-characters',
        message: `${this.#replaced.of('character')} that XML forbids ${this.#replaced.count === 1 ? 'was' : 'were'} replaced by U+FFFD; pytest writes them where a property's name has a control character`,
        file: this.#replaced.file,
      });
    }
    if (this.#lostAttributes.count > 0) {
      this.#warn({
        code: 'malformed-attribute',
        message: `${this.#lostAttributes.of('test')} ${this.#lostAttributes.count === 1 ? 'has' : 'have'} an attribute whose name is not well-formed XML (record_xml_attribute writes any name): the attribute was left out, the test kept`,
        file: this.#lostAttributes.file,
      });
    }
    if (this.#shortened.count > 0) {
      this.#warn({
        code: 'text-shortened',
        message: `${this.#shortened.of('test')} had more than a megabyte of text in one place; its middle was left out`,
        file: this.#shortened.file,
      });
    }
    if (this.#interrupted.count > 0) {
      const one = this.#interrupted.count === 1;
      this.#warn({
        code: 'interrupted',
        message: `${this.#interrupted.of('test')} ${one ? 'was' : 'were'} begun and never finished (interrupted, pytest.exit() or an internal error); the report does not name ${one ? 'it' : 'them'}`,
        file: this.#interrupted.file,
        severity: 'error',
      });
    }
    for (const one of survey.unseen)
      this.#warn({ ...holdsNoFailure(one), code: 'failures-missing', severity: 'error' });
    for (const one of survey.hollow)
      this.#warn({ ...holdsNone(one), code: 'tests-missing', severity: 'error' });
    for (const one of survey.strays)
      this.#warn({ ...isStray(one), code: 'stray-element', severity: 'error' });
    const unseen = survey.unseen.reduce((sum, { failures }) => sum + failures, 0);
    this.#options.onLost?.(
      this.#malformed.count + this.#interrupted.count + unseen + countMissing(survey),
      new Set([
        ...this.#malformed.files,
        ...this.#interrupted.files,
        ...[...survey.unseen, ...survey.hollow, ...survey.strays].map(({ file }) => file),
      ]),
    );
    for (const file of survey.foreign) {
      this.#warn({
        code: 'foreign-report',
        message:
          'this report was not written by pytest: names are taken as they stand, and failing lines may be missing',
        file,
      });
    }
    for (const place of survey.incomplete) {
      this.#warn({
        code: 'incomplete-report',
        message: 'the report is cut off; only the tests that are whole were taken',
        file: place.file,
        line: place.line,
        column: place.column,
      });
    }
  }

  #warn(warning: Warning): void {
    this.#options.onWarning(warning);
  }

  #result(testcase: RawTestcase, earlier: TestResult | undefined): TestResult {
    if (earlier !== undefined) return withTeardownError(earlier, testcase);
    const verdict = decideOutcome(testcase.outcomes);
    const read =
      verdict.deciding === undefined || verdict.outcome === 'xfailed'
        ? { locations: [], errorType: undefined }
        : verdict.outcome === 'skipped'
          ? { locations: readSkipText(verdict.deciding.text), errorType: undefined }
          : readFailureText(verdict.deciding.text, verdict.deciding.message);
    const id = this.#identify(testcase, read.locations, verdict.outcome === 'skipped');
    const failed = verdict.outcome === 'failed' || verdict.outcome === 'error';
    // Field by field: spreading an object per test would take most of the reader's time.
    return {
      testName: this.#folder === '' ? id.testName : belowFolder(this.#folder, id),
      testFile:
        this.#folder === '' || id.testFile === undefined || posix.isAbsolute(id.testFile)
          ? id.testFile
          : posix.join(this.#folder, id.testFile),
      testClass: id.testClass,
      testFunction: id.testFunction,
      nodeIdSource: id.source,
      outcome: verdict.outcome,
      durationSeconds: readDuration(testcase.time),
      failure:
        failed && verdict.deciding !== undefined
          ? this.#failure(testcase, verdict.deciding, read, id)
          : undefined,
      reason: failed || verdict.deciding === undefined ? undefined : readReason(verdict.deciding),
      markers: testcase.properties.length === 0 ? noMarkers : readMarkers(testcase.properties),
    };
  }

  #failure(testcase: RawTestcase, deciding: RawOutcome, read: FailureText, id: NodeId): Failure {
    const failure = readFailure(deciding, read, id);
    const captured = capturedOutput(testcase.output, this.#options.capturedLines ?? 0);
    return captured === undefined ? failure : { ...failure, captured };
  }

  #identify(testcase: RawTestcase, locations: readonly Location[], skipped: boolean): NodeId {
    const { classname = '', name = '' } = testcase;
    const { survey } = this.#options;
    if (classname === 'pytest' && name === 'internal' && isInternalError(testcase)) return internalError;
    if (survey.foreign.has(this.#file)) return foreignId(testcase);
    const collected = isCollected(testcase) && (classname === '' || classname === survey.evidence.prefix);
    return this.#nodeIds.rebuild({ classname, name, file: testcase.file, collected, skipped }, locations);
  }
}

/** Nothing but its attributes; where it stands is told of malformed ones alone. */
const passedTestcase: RawTestcase = {
  line: 0,
  column: 0,
  classname: undefined,
  name: undefined,
  file: undefined,
  defLine: undefined,
  time: undefined,
  outcomes: [],
  properties: [],
};

/** A time as pytest writes it, `12.345`: a whole number of thousandths, whose quotient is rounded as the text would be. */
function secondsAt(text: string, start: number): number {
  let thousandths = 0;
  for (let at = start; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x2e) continue;
    if (!(code >= 0x30 && code <= 0x39)) return thousandths / 1000;
    thousandths = 10 * thousandths + (code - 0x30);
  }
}

/** The id with its file as it is seen from the repository's root; what does not begin with a file stays. */
function belowFolder(folder: string, { testName, testFile }: NodeId): string {
  return testFile !== undefined && !posix.isAbsolute(testFile) && testName.startsWith(testFile)
    ? posix.join(folder, testFile) + testName.slice(testFile.length)
    : testName;
}

/** Counts something, and names the report if it was in only one. */
class Counter {
  count = 0;
  readonly #files = new Set<string>();

  get files(): ReadonlySet<string> {
    return this.#files;
  }

  add(count: number, file: string): void {
    if (count === 0) return;
    this.count += count;
    this.#files.add(file);
  }

  /** Undefined where there are several. */
  get file(): string | undefined {
    return this.#files.size === 1 ? [...this.#files][0] : undefined;
  }

  of(noun: string): string {
    return `${this.count} ${noun}${this.count === 1 ? '' : 's'}`;
  }
}

const noMarkers: readonly string[] = [];

/** pytest itself failed: no test, but the run's most important line. */
const internalError: NodeId = {
  testName: 'pytest internal error',
  testFile: undefined,
  testClass: undefined,
  testFunction: undefined,
  source: 'unknown',
};

/** Another program's names are kept unchanged. */
function foreignId({ classname = '', name = '', file }: RawTestcase): NodeId {
  return {
    testName: classname === '' ? name : `${classname}::${name}`,
    testFile: file,
    testClass: classname === '' ? undefined : classname,
    testFunction: name,
    source: 'unknown',
  };
}

function isInternalError(testcase: RawTestcase): boolean {
  return testcase.outcomes.some((o) => o.kind === 'error' && o.message === 'internal error');
}

/** The worst result child decides, the first of equal ones: failed, error, xfailed, skipped, passed. */
function decideOutcome(outcomes: readonly RawOutcome[]): {
  outcome: Outcome;
  deciding: RawOutcome | undefined;
} {
  const failure = outcomes.find((o) => o.kind === 'failure' || isOldStrictXpass(o));
  if (failure !== undefined) return { outcome: 'failed', deciding: failure };
  const error = outcomes.find((o) => o.kind === 'error');
  if (error !== undefined) return { outcome: 'error', deciding: error };
  const xfailed = outcomes.find((o) => o.type === 'pytest.xfail');
  if (xfailed !== undefined) return { outcome: 'xfailed', deciding: xfailed };
  const skipped = outcomes[0];
  return { outcome: skipped === undefined ? 'passed' : 'skipped', deciding: skipped };
}

function isOldStrictXpass(outcome: RawOutcome): boolean {
  return outcome.kind === 'skipped' && outcome.message === 'xfail-marked test passes unexpectedly';
}

/** Errors of fixtures; stored failures are known by it. */
const phase = /^failed on (?:setup|teardown)\b/;

/** No class has a longer name; in characters. */
const longestErrorType = 200;

function readFailure(
  outcome: RawOutcome,
  { locations, errorType: readType }: FailureText,
  { testFile, testFunction }: Pick<NodeId, 'testFile' | 'testFunction'>,
): Failure {
  const own = locationInFile(locations, testFile);
  const ownType = outcome.type?.slice(outcome.type.lastIndexOf('.') + 1);
  const errorType = (readType ?? (ownType === '' ? undefined : ownType))?.slice(0, longestErrorType);
  const lines = outcome.text.split('\n');
  const isCall = outcome.kind === 'failure' && !phase.test(outcome.message ?? '');
  const test = { testFile, testFunction, isCall };
  const cause = locations.length === 0 ? undefined : readCause(outcome.text, test);
  const failure: { -readonly [K in keyof Failure]: Failure[K] } = {
    errorType,
    line: own?.line,
    lastFrameLine: locations.at(-1)?.line,
    message: readMessage(outcome, own, locations),
    traceback: outcome.text === '' ? undefined : outcome.text,
    statement: findStatement(lines, own ?? locations.at(-1)),
    place: findPlace({ testFile, testFunction, isCall, lines, locations, errorType }),
  };
  if (cause !== undefined) failure.raisedFrom = cause;
  if (locations.some(({ isWindows }) => isWindows)) failure.isFromWindows = true;
  return failure;
}

function readCause(
  text: string,
  test: Pick<PlaceQuery, 'testFile' | 'testFunction' | 'isCall'>,
): Failure['raisedFrom'] {
  const cause = firstCause(text);
  if (cause === undefined) return undefined;
  const { locations, message } = cause;
  const errorType = cause.errorType?.slice(0, longestErrorType);
  const place = findPlace({ ...test, lines: cause.text.split('\n'), locations, errorType });
  return place && { errorType, message, place };
}

/** Reads a failure again from its stored message and traceback (or the traceback's end). */
export function readStoredFailure(stored: {
  readonly testFile: string | undefined;
  readonly testFunction?: string | undefined;
  readonly message: string | undefined;
  readonly traceback: string | undefined;
}): Failure {
  const text = withoutColour(stored.traceback ?? '');
  const message = stored.message === undefined ? undefined : withoutColour(stored.message);
  const read = readFailureText(text, message);
  const outcome: RawOutcome = { kind: 'failure', type: undefined, message, text };
  return readFailure(outcome, read, { testFile: stored.testFile, testFunction: stored.testFunction });
}

/** Why a test was skipped or expected to fail; a module's reason is in the repr of a tuple. */
function readReason(outcome: RawOutcome): string | undefined {
  if (outcome.message === 'collection skipped') {
    const tuple = outcome.text.trim();
    const before = /^\((?:'[^'\n]*'|"[^"\n]*"), \d+, (['"])/.exec(tuple);
    const reason =
      before !== null && tuple.endsWith(`${before[1]})`) ? tuple.slice(before[0].length, -2) : outcome.text;
    return reason.replace(/^Skipped: /, '');
  }
  return outcome.message === '' ? undefined : (outcome.message ?? outcome.text);
}

/** From `record_property("marker", "slow")` or `("markers", "slow,unit")`: the XML has no other place for markers. */
function readMarkers(properties: RawTestcase['properties']): string[] {
  const found = new Set<string>();
  for (const [name, value] of properties) {
    if (name !== 'marker' && name !== 'markers') continue;
    for (const marker of value.split(/[\s,]+/)) if (marker !== '') found.add(marker);
  }
  return [...found];
}

/** Keeps the call's failure as the test's failure and appends the teardown's texts. */
function withTeardownError(failed: TestResult, teardown: RawTestcase): TestResult {
  const error = teardown.outcomes.find((o) => o.kind === 'error');
  const time = readDuration(teardown.time);
  const { failure } = failed;
  return {
    ...failed,
    durationSeconds: time === undefined ? failed.durationSeconds : (failed.durationSeconds ?? 0) + time,
    failure:
      failure === undefined
        ? undefined
        : {
            ...failure,
            message: `${failure.message ?? ''}\nand then, on teardown: ${unwrapPhase(error?.message ?? '')}`,
            traceback: `${failure.traceback ?? ''}\n\n${teardownRule}\n\n${error?.text ?? ''}`,
          },
  };
}

/** What stands between a failed call's text and that of its failed teardown. */
export const teardownRule = `${'_'.repeat(20)} teardown failed as well ${'_'.repeat(20)}`;

/** Under xdist other workers' tests come between a failed call and its failed teardown: at most this many … */
const windowTests = 5000;
/** … and this much failure text, in characters. */
const windowLength = 4 << 20;

/**
 * Holds tests back, in order, while a failed test's teardown error may still follow. Only a failure followed by `failed
 * on teardown` of the same address is one test: two different tests can share an address.
 */
class TeardownWindow {
  /** Held tests from `#head` on; `waitsFor` is set while the teardown may still fail. */
  #held: { waitsFor: string | undefined; length: number; result: TestResult }[] = [];
  #head = 0;
  /** Address -> index in `#held` of the latest failed test that waits. */
  readonly #waiting = new Map<string, number>();
  #length = 0;
  /** Addresses with a failed teardown somewhere in the reports: only these wait. */
  readonly #teardownErrors: ReadonlySet<string>;

  constructor(teardownErrors: ReadonlySet<string>) {
    this.#teardownErrors = teardownErrors;
  }

  add(
    testcase: RawTestcase,
    make: (earlier: TestResult | undefined) => TestResult,
    ready: TestResult[],
  ): void {
    if (isTeardownError(testcase)) {
      const address = addressKey(testcase);
      const failed = this.#held[this.#waiting.get(address) ?? -1];
      if (failed !== undefined) {
        failed.result = make(failed.result);
        failed.waitsFor = undefined;
        this.#waiting.delete(address);
        this.#release(ready);
        return;
      }
    }
    const result = make(undefined);
    const key =
      result.outcome === 'failed' && this.#teardownErrors.size > 0 ? addressKey(testcase) : undefined;
    const address = key !== undefined && this.#teardownErrors.has(key) ? key : undefined;
    if (address === undefined && this.#waiting.size === 0) {
      ready.push(result);
      return;
    }
    if (address !== undefined) {
      // A teardown's error belongs to the latest failure of its address: release an earlier one.
      const earlier = this.#held[this.#waiting.get(address) ?? -1];
      if (earlier !== undefined) earlier.waitsFor = undefined;
      this.#waiting.set(address, this.#held.length);
    }
    const length = (result.failure?.traceback?.length ?? 0) + (result.failure?.message?.length ?? 0);
    this.#held.push({ waitsFor: address, length, result });
    this.#length += length;
    this.#release(ready);
  }

  /** Whether tests are held back. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  drain(): TestResult[] {
    const rest = this.#held.slice(this.#head).map((held) => held.result);
    this.#clear();
    return rest;
  }

  #release(ready: TestResult[]): void {
    for (let held = this.#held[this.#head]; held !== undefined; held = this.#held[this.#head]) {
      const full = this.#held.length - this.#head > windowTests || this.#length > windowLength;
      if (held.waitsFor !== undefined) {
        if (!full) break;
        if (this.#waiting.get(held.waitsFor) === this.#head) this.#waiting.delete(held.waitsFor);
      }
      this.#length -= held.length;
      ready.push(held.result);
      this.#head++;
    }
    if (this.#head === this.#held.length) this.#clear();
    else if (this.#head > windowTests) {
      this.#held = this.#held.slice(this.#head);
      for (const [address, index] of this.#waiting) this.#waiting.set(address, index - this.#head);
      this.#head = 0;
    }
  }

  #clear(): void {
    this.#held = [];
    this.#head = 0;
    this.#length = 0;
    this.#waiting.clear();
  }
}
