// The framing reader: cuts a JUnit report's text into whole elements in bounded memory, whatever the file's size.
// Knows where elements begin and end, not what they contain; fast-xml-parser reads them (testcase.ts).
import { ReportError } from '../../errors.ts';

/** Where an element begins; 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Frame = PassedTests | Element;

/**
 * Passed tests side by side, as pytest writes them: `<testcase classname="…" name="…" time="1.234" />`, without a reference,
 * an illegal character or another attribute.
 */
export interface PassedTests {
  readonly kind: 'passed';
  readonly text: string;
  /** Of each test, as offsets in `text`: where its classname begins and ends, where its name ends, and where the element ends. */
  readonly offsets: readonly number[];
}

/** In `PassedTests.offsets`. */
export const offsetsOfTest = 4;
/** From the end of a classname to its name, and from the end of a name to its time. */
export const betweenValues = '" name="'.length;

type Element = Position &
  (
    | { readonly kind: 'root'; readonly name: string; readonly xml: string }
    /** A testsuite's start tag alone. */
    | { readonly kind: 'suite'; readonly xml: string }
    | { readonly kind: 'suite-end' }
    /** What belongs to a test, outside of any: a failure, the end of a test, an element with a test's attributes. */
    | { readonly kind: 'stray'; readonly tag: string }
    /** A suite's own properties, whole. */
    | { readonly kind: 'properties'; readonly xml: string }
    | {
        readonly kind: 'testcase';
        readonly xml: string;
        /** Start and end in `xml` of each long plain text, in pairs: the parser can skip them. */
        readonly texts: readonly number[];
        /** Long texts or attributes lost their middle. */
        readonly shortened: boolean;
      }
  );

/** How the text ended. */
export interface FramingEnd {
  readonly complete: boolean;
  readonly position: Position;
}

/** Characters kept from the start of one text or attribute … */
const keptHead = 1 << 20;
/** … and from its end, where a traceback names the exception. */
const keptTail = 1 << 16;
/** In an element larger than this, each further text is cut much shorter. */
const fullElement = 8 << 20;
/** An element of tags alone larger than this is refused. */
const largestElement = 32 << 20;
/** A start tag outside of testcases larger than this is refused. */
const largestTag = 8 << 20;
/** Shorter texts are left to the parser. */
const longText = 80;
/** While an unfinished element is longer than this, new text is gathered to a share of it. Keeps copying linear. */
const patientLength = 1 << 18;
const deepestNesting = 64;

/**
 * Cuts decoded text into frames; after each chunk yields the frames it completed.
 *
 * @throws ReportError `doctype`, `not-a-report`, `too-deep`, `element-too-large`, `trailing-content`, `empty-report`
 */
export async function* readFrames(
  text: AsyncIterable<string>,
  file: string,
): AsyncGenerator<Frame[], FramingEnd> {
  const framer = new Framer(file);
  for await (const chunk of text) {
    const frames = framer.push(chunk);
    if (frames.length > 0) yield frames;
  }
  const rest = framer.flush();
  if (rest.length > 0) yield rest;
  return framer.end();
}

const passedStart = '<testcase classname="';
/** Takes less than `parsePlain` in testcase.ts, and reads it alike. */
const passedTest =
  /<testcase classname="[^"<&\u0000-\u001f\ufffe\uffff]*" name="[^"<&\u0000-\u001f\ufffe\uffff]*" time="\d{1,9}\.\d{3}" ?\/>/y;

/**
 * Where a test with one child begins, up to the child's text: no value holds a `<`, and every quote is closed. What is in the values
 * is left to testcase.ts.
 */
const failedTest =
  /<testcase classname="[^"<]*" name="[^"<]*" time="[^"<]*"><(failure|error|skipped)(?: (?:message|type)="[^"<]*"){0,2}>/y;

/** Text that is cut off is looked at again with the next chunk up to this length. */
const longestWait = 4096;

/**
 * Whether the text surely ends in the tag of a test, or in the text of a test with one child: the next chunk will show it whole, and most
 * are usual ones then.
 */
function isCutOff(buffer: string, open: number): boolean {
  if (buffer.length - open > longestWait || !buffer.startsWith(passedStart, open)) return false;
  if (buffer.indexOf('<', open + 1) < 0) return buffer.indexOf('>', open) < 0;
  failedTest.lastIndex = open;
  return failedTest.test(buffer) && buffer.indexOf('<', failedTest.lastIndex) < 0;
}

type State = 'text' | 'tag' | 'comment' | 'cdata' | 'instruction';
const closers = { comment: '-->', cdata: ']]>', instruction: '?>' } as const;

class Framer {
  readonly #file: string;
  /** Text not yet consumed; begins with the captured element, if there is one. */
  #buffer = '';
  /** Text gathered while the buffer is large: each scan copies the whole buffer. */
  #late = '';
  /** The scan position in the buffer. */
  #at = 0;
  #state: State = 'text';
  /** Start of the tag, comment or section being scanned. */
  #tokenStart = 0;
  /** Start of the current text or attribute value, whose middle may be cut. */
  #runStart = 0;
  #quote = '';
  /** Start of the testcase or properties element being captured, or -1. */
  #captureStart = -1;
  #captureName = '';
  #captureDepth = 0;
  #capturePosition: Position = { line: 1, column: 1 };
  #shortened = false;
  /** The last text or value that was cut, and the cut's place in the element: it may be cut there again. */
  #cut = { run: -1, at: 0 };
  /** Long texts of the captured element, as offsets from its start. */
  #texts: number[] = [];
  /** Where the offsets of passed tests are gathered, once and for all. */
  readonly #offsets: number[] = [];
  readonly #open: string[] = [];
  /** The place in `#open` of an element that was told as stray; -1 outside of one. */
  #stray = -1;
  /** Whose ends may still come: tests that were taken without, and one whose failure was told as stray. */
  #endless = 0;
  #rootSeen = false;
  /** Lines and characters before the buffer's position `#counted`. */
  #line = 1;
  #column = 1;
  #counted = 0;
  /** The first line feed at or after `#counted`; `noFeed` when the buffer has none. Keeps counting linear. */
  #nextFeed = noFeed;
  #frames: Frame[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  push(chunk: string): Frame[] {
    const size = this.#buffer.length;
    this.#late += chunk;
    if (size > patientLength && this.#late.length < size / 4) return noFrames;
    return this.flush();
  }

  /** Scans what `push` has gathered. */
  flush(): Frame[] {
    const chunk = this.#late;
    if (chunk === '') return noFrames;
    this.#late = '';
    if (this.#nextFeed === noFeed) this.#nextFeed = feedAfter(chunk, 0, this.#buffer.length);
    this.#buffer += chunk;
    this.#frames = [];
    this.#scan();
    this.#bound();
    this.#dropConsumed();
    return this.#frames;
  }

  end(): FramingEnd {
    this.#countTo(this.#buffer.length);
    const position = { line: this.#line, column: this.#column };
    if (!this.#rootSeen) {
      if (this.#state === 'text' && this.#buffer.trim() === '') {
        throw new ReportError({
          code: 'empty-report',
          message: 'the file is empty',
          fix: 'pytest writes its report at the end of the session: was it killed, or was the file only created?',
          place: { file: this.#file },
        });
      }
      if (this.#state === 'text') throw this.#notAReport('');
      return { complete: false, position };
    }
    // A `<` at the end that was waiting for more text.
    if (this.#state === 'text' && this.#open.length === 0 && this.#at < this.#buffer.length)
      throw this.#trailing(this.#at);
    return {
      complete: this.#open.length === 0 && this.#captureStart < 0 && this.#state === 'text',
      position,
    };
  }

  #scan(): void {
    const buffer = this.#buffer;
    for (;;) {
      switch (this.#state) {
        case 'text': {
          const open = buffer.indexOf('<', this.#at);
          if (open < 0) {
            this.#requireBlank(buffer.length);
            this.#at = buffer.length;
            return;
          }
          if (this.#captureStart < 0 && this.#open.length > 0) {
            const next = this.#takeUsual(buffer, open);
            if (next < 0) break;
            if (isCutOff(buffer, next)) {
              this.#at = next;
              return;
            }
            if (next !== open) break;
          }
          // Wait until a comment, a section, a declaration and the one of a web page can be told apart.
          if (!isTold(buffer, open)) {
            this.#requireBlank(open);
            this.#at = open;
            return;
          }
          this.#requireBlank(open);
          if (this.#captureStart >= 0 && open - this.#runStart >= longText) {
            this.#texts.push(this.#runStart - this.#captureStart, open - this.#captureStart);
          }
          this.#beginToken(buffer, open);
          break;
        }
        case 'tag': {
          if (!this.#findTagEnd(buffer)) return;
          this.#state = 'text';
          this.#runStart = this.#at;
          this.#tag(buffer.slice(this.#tokenStart, this.#at));
          break;
        }
        default: {
          const closer = closers[this.#state];
          const end = buffer.indexOf(closer, this.#at);
          if (end < 0) {
            this.#at = Math.max(this.#at, buffer.length - closer.length + 1);
            return;
          }
          this.#at = end + closer.length;
          this.#state = 'text';
          this.#runStart = this.#at;
        }
      }
    }
  }

  /** Takes tests from here on as long as they are usual ones and whole. Returns the first tag that it leaves, -1 where there is none. */
  #takeUsual(buffer: string, open: number): number {
    let at = open;
    while (at >= 0 && (this.#takePassed(buffer, at) || this.#takeFailed(buffer, at)))
      at = nextTag(buffer, this.#at);
    return at;
  }

  /** Takes a test whose only child holds plain text and no element: what `#scan` would make of it, in one step. */
  #takeFailed(buffer: string, open: number): boolean {
    failedTest.lastIndex = open;
    const kind = failedTest.exec(buffer)?.[1];
    // Inside an open element of that name the closing tag would end that element: leave it to #scan.
    if (kind === undefined || this.#open.at(-1) === kind) return false;
    const text = failedTest.lastIndex;
    const textEnd = buffer.indexOf('<', text);
    const closer = ends[kind] ?? '';
    if (textEnd < 0 || !buffer.startsWith(closer, textEnd)) return false;
    this.#countTo(open);
    this.#at = textEnd + closer.length;
    this.#runStart = this.#at;
    this.#frames.push({
      kind: 'testcase',
      xml: buffer.slice(open, this.#at),
      texts: textEnd - text >= longText ? [text - open, textEnd - open] : noTexts,
      shortened: false,
      line: this.#line,
      column: this.#column,
    });
    return true;
  }

  /** Takes the passed tests from here on; false where the first is no such element, or is not whole yet. */
  #takePassed(buffer: string, open: number): boolean {
    passedTest.lastIndex = open;
    if (!passedTest.test(buffer)) return false;
    const offsets = this.#offsets;
    let count = 0;
    let at = open;
    let end = 0;
    do {
      const classname = at + passedStart.length;
      const classnameEnd = buffer.indexOf('"', classname);
      end = passedTest.lastIndex;
      offsets[count] = classname;
      offsets[count + 1] = classnameEnd;
      offsets[count + 2] = buffer.indexOf('"', classnameEnd + betweenValues);
      offsets[count + 3] = end;
      count += offsetsOfTest;
      at = nextTag(buffer, end);
      passedTest.lastIndex = at;
    } while (at >= 0 && passedTest.test(buffer));
    this.#at = end;
    this.#runStart = end;
    this.#frames.push({ kind: 'passed', text: buffer, offsets: offsets.slice(0, count) });
    return true;
  }

  #beginToken(buffer: string, open: number): void {
    this.#tokenStart = open;
    const next = buffer.charCodeAt(open + 1);
    if (next === 0x21 /* ! */) {
      if (buffer.startsWith('<!--', open)) this.#enter('comment', open + 4);
      else if (buffer.startsWith('<![CDATA[', open)) this.#enter('cdata', open + 9);
      else if (/^<!DOCTYPE/i.test(buffer.slice(open, open + 9))) throw this.#doctype(open);
      else this.#skipStray(open);
    } else if (next === 0x3f /* ? */) this.#enter('instruction', open + 2);
    else if (next === 0x2f /* / */ || isNameStart(next)) this.#enter('tag', open + 1);
    else this.#skipStray(open);
  }

  #enter(state: State, at: number): void {
    this.#state = state;
    this.#at = at;
    this.#runStart = at;
    this.#quote = '';
  }

  /** A `<` that begins nothing. Inside a testcase the parser reports it; before the root this is no report. */
  #skipStray(open: number): void {
    if (this.#captureStart < 0 && !this.#rootSeen) throw this.#notAReport('');
    this.#at = open + 1;
    this.#runStart = this.#at;
  }

  /**
   * Moves past the tag's `>`, ignoring those in quoted values; false when more text is needed. If a quote was lost, the
   * tag ends before the next test or suite, because no value can hold a `<`.
   */
  #findTagEnd(buffer: string): boolean {
    let at = this.#at;
    let open = 0;
    for (;;) {
      if (this.#quote !== '') {
        const close = buffer.indexOf(this.#quote, at);
        if (open >= 0 && open < at) open = buffer.indexOf('<', at);
        while (open >= 0 && (close < 0 || open < close)) {
          const next = buffer.slice(open, open + longestOwnTag);
          if (ownTag.test(next)) {
            this.#quote = '';
            this.#at = open;
            return true;
          }
          if (close < 0 && next.length < longestOwnTag) {
            this.#at = open;
            return false;
          }
          open = buffer.indexOf('<', open + 1);
        }
        if (close < 0) {
          this.#at = buffer.length;
          return false;
        }
        this.#quote = '';
        at = close + 1;
      }
      for (;;) {
        if (at >= buffer.length) {
          this.#at = at;
          return false;
        }
        const code = buffer.charCodeAt(at++);
        if (code === 0x3e /* > */) {
          this.#at = at;
          return true;
        }
        if (code === 0x22 || code === 0x27) {
          this.#quote = code === 0x22 ? '"' : "'";
          this.#runStart = at;
          break;
        }
      }
    }
  }

  #tag(tag: string): void {
    const isEnd = tag.charCodeAt(1) === 0x2f;
    const name = tagName(tag, isEnd ? 2 : 1);
    const selfClosing = !isEnd && tag.charCodeAt(tag.length - 2) === 0x2f;
    if (this.#captureStart >= 0) {
      if (name === this.#captureName) {
        if (isEnd) {
          this.#captureDepth--;
          if (this.#captureDepth === 0 || name === 'testcase') this.#emitCapture(this.#at);
          return;
        }
        // A testcase inside a testcase: the first one was never closed. The parser reports only that one.
        if (name === 'testcase') {
          this.#emitCapture(this.#tokenStart);
          this.#endless++;
        } else {
          if (!selfClosing) this.#captureDepth++;
          return;
        }
      } else if (name === 'testcase' && !isEnd) {
        // The suite's properties were never closed.
        this.#emitCapture(this.#tokenStart);
      } else if (isEnd && this.#open.at(-1) === name) this.#emitCapture(this.#tokenStart);
      // So they were where a test begins or ends that has lost its start.
      else if (this.#captureName === 'properties' && (name === 'testcase' || isFailure(name)))
        this.#emitCapture(this.#tokenStart);
      else return;
    }
    if (isEnd) this.#closeElement(name);
    else this.#openElement(name, tag, selfClosing);
  }

  #openElement(name: string, tag: string, selfClosing: boolean): void {
    const position = this.#positionOf(this.#tokenStart);
    if (!this.#rootSeen) {
      if (name !== 'testsuites' && name !== 'testsuite') throw this.#notAReport(name);
      this.#rootSeen = true;
      this.#frames.push({ kind: 'root', name, xml: tag, ...position });
    } else if (this.#open.length === 0) throw this.#trailing(this.#tokenStart);
    if (name === 'testcase' || name === 'properties') {
      this.#captureStart = this.#tokenStart;
      this.#captureName = name;
      this.#captureDepth = 1;
      this.#capturePosition = position;
      if (selfClosing) this.#emitCapture(this.#at);
      return;
    }
    if (name === 'testsuite') this.#frames.push({ kind: 'suite', xml: tag, ...position });
    else if (this.#stray < 0 && isOfTest(name, tag) && !this.#open.some(isOutput)) {
      this.#tellStray(tag, position);
      this.#endless++;
      if (!selfClosing) this.#stray = this.#open.length;
    }
    if (selfClosing) {
      if (name === 'testsuite') this.#frames.push({ kind: 'suite-end', ...position });
      return;
    }
    this.#open.push(name);
    if (this.#open.length > deepestNesting) {
      throw new ReportError({
        code: 'too-deep',
        message: `elements nest deeper than ${deepestNesting}`,
        fix: 'pytest nests testsuites, testsuite and testcase only; this is not a report that a test runner wrote.',
        place: { file: this.#file, ...position },
      });
    }
  }

  #closeElement(name: string): void {
    const position = this.#positionOf(this.#tokenStart);
    const own = this.#open.lastIndexOf(name);
    const ofTest = own < 0 && (name === 'testcase' || isFailure(name));
    if (ofTest && this.#endless === 0) {
      this.#tellStray(`</${name}>`, position);
      this.#endless++;
    }
    if (ofTest && name === 'testcase') this.#endless--;
    const depth = ofTest ? this.#stray : own;
    if (depth < 0) return;
    if (depth <= this.#stray) this.#stray = -1;
    for (const closed of this.#open.splice(depth)) {
      if (closed === 'testsuite') {
        this.#endless = 0;
        this.#frames.push({ kind: 'suite-end', ...position });
      }
    }
  }

  #tellStray(tag: string, position: Position): void {
    const shown = tag.length > longestStray ? `${tag.slice(0, longestStray)}…` : tag;
    this.#frames.push({ kind: 'stray', tag: shown, ...position });
  }

  #emitCapture(end: number): void {
    const xml = this.#buffer.slice(this.#captureStart, end);
    const position = this.#capturePosition;
    if (this.#captureName === 'testcase') {
      this.#frames.push({
        kind: 'testcase',
        xml,
        texts: this.#texts.length > 0 ? this.#texts : noTexts,
        shortened: this.#shortened,
        ...position,
      });
    } else this.#frames.push({ kind: 'properties', xml, ...position });
    this.#captureStart = -1;
    this.#cut.run = -1;
    if (this.#texts.length > 0) this.#texts = [];
    this.#shortened = false;
  }

  /** Only white space may stand before and after the root. */
  #requireBlank(end: number): void {
    if (this.#open.length > 0 || this.#captureStart >= 0) return;
    for (let i = this.#at; i < end; i++) {
      const code = this.#buffer.charCodeAt(i);
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0xfeff) continue;
      throw this.#rootSeen ? this.#trailing(i) : this.#notAReport('', i);
    }
  }

  /** Bounds the captured element: cuts the middle of the current text or value. */
  #bound(): void {
    if (this.#captureStart < 0) {
      if (this.#state !== 'tag' || this.#buffer.length - this.#tokenStart <= largestTag) return;
      throw new ReportError({
        code: 'element-too-large',
        message: `a tag is larger than ${largestTag >> 20} MiB`,
        fix: 'This is not a report that a test runner wrote, or it was damaged.',
        place: { file: this.#file, ...this.#positionOf(this.#tokenStart) },
      });
    }
    const size = this.#buffer.length - this.#captureStart;
    if (size <= keptHead) return;
    const inRun = this.#state === 'text' || this.#state === 'cdata' || this.#quote !== '';
    const head = this.#runStart + (size > fullElement ? keptTail : keptHead);
    const tail = this.#at - keptTail;
    if (inRun && tail > head + keptTail) {
      const run = this.#runStart - this.#captureStart;
      // Do not cut a reference or a surrogate pair in two.
      const kept =
        this.#cut.run === run
          ? this.#buffer.slice(this.#captureStart, this.#captureStart + this.#cut.at)
          : this.#buffer.slice(this.#captureStart, head).replace(/&[^;&]{0,12}$|[\ud800-\udbff]$/, '');
      this.#cut = { run, at: kept.length };
      const rest = this.#buffer.slice(tail).replace(/^[\udc00-\udfff]/, '');
      this.#countTo(tail);
      const removed = this.#buffer.length - this.#captureStart - kept.length - rest.length - cutMark.length;
      this.#buffer = this.#buffer.slice(0, this.#captureStart) + kept + cutMark + rest;
      this.#at -= removed;
      this.#counted -= removed;
      if (this.#nextFeed !== noFeed) this.#nextFeed -= removed;
      this.#shortened = true;
    } else if (size > largestElement) {
      throw new ReportError({
        code: 'element-too-large',
        message: `one test's element is larger than ${largestElement >> 20} MiB`,
        fix: 'Lower junit_logging, or look at what this test writes into its properties.',
        place: { file: this.#file, ...this.#capturePosition },
      });
    }
  }

  #dropConsumed(): void {
    const keepFrom =
      this.#captureStart >= 0 ? this.#captureStart : this.#state === 'tag' ? this.#tokenStart : this.#at;
    if (keepFrom === 0) return;
    this.#countTo(keepFrom);
    this.#buffer = this.#buffer.slice(keepFrom);
    this.#at -= keepFrom;
    this.#tokenStart -= keepFrom;
    this.#runStart -= keepFrom;
    this.#counted -= keepFrom;
    if (this.#nextFeed !== noFeed) this.#nextFeed -= keepFrom;
    if (this.#captureStart >= 0) this.#captureStart -= keepFrom;
  }

  #positionOf(index: number): Position {
    this.#countTo(index);
    return { line: this.#line, column: this.#column };
  }

  #countTo(index: number): void {
    let at = this.#counted;
    if (index <= at) return;
    const buffer = this.#buffer;
    let feed = this.#nextFeed;
    let lines = 0;
    while (feed < index) {
      lines++;
      at = feed + 1;
      feed = feedAfter(buffer, at, 0);
    }
    if (lines > 0) {
      this.#line += lines;
      this.#column = 1;
      this.#nextFeed = feed;
    }
    this.#column += index - at;
    this.#counted = index;
  }

  #doctype(at: number): ReportError {
    if (/^<!DOCTYPE\s+html\b/i.test(this.#buffer.slice(at, at + 40))) return this.#notAReport('html');
    return new ReportError({
      code: 'doctype',
      message:
        'the file has a DOCTYPE, which no test report needs and which can carry attacks; it is not read',
      fix: 'Remove the <!DOCTYPE …> declaration, or find out what put it there. pytest never writes one.',
      place: { file: this.#file, ...this.#positionOf(at) },
    });
  }

  #trailing(at: number): ReportError {
    return new ReportError({
      code: 'trailing-content',
      message: 'there is more after the end of the report',
      fix: 'Were two reports written into one file? Upload each as a file of its own.',
      place: { file: this.#file, ...this.#positionOf(at) },
    });
  }

  /** @param at where text was found instead of an element */
  #notAReport(rootName: string, at?: number): ReportError {
    const known = foreignRoots[rootName.toLowerCase()];
    const json = at !== undefined && '[{"'.includes(this.#buffer.charAt(at));
    // matches: Allure's result files, whose first members are these; not: coverage.json
    if (json && /"(?:historyId|testCaseId|fullName)"\s*:/.test(this.#buffer.slice(at, at + 65_536)))
      return new ReportError({
        code: 'json-not-xml',
        message: 'this is a result of Allure, where a JUnit XML report is meant',
        fix: 'Let pytest write one beside it: pytest --alluredir=allure-results --junitxml=results.xml',
        place: { file: this.#file },
      });
    return new ReportError({
      code: json ? 'json-not-xml' : 'not-a-report',
      message: json
        ? 'this is JSON, where a JUnit XML report is meant'
        : rootName === ''
          ? 'this is not XML'
          : `this is not a JUnit report: its root element is <${rootName.slice(0, 60)}>${known === undefined ? '' : `, ${known}`}`,
      fix: json
        ? (name) =>
            name('standardInput') === undefined
              ? `A coverage report goes into ${name('coverage')}.`
              : `A coverage report goes behind ${name('coverage')}: lukhas-upload results.xml ${name('coverage')} coverage.json`
        : 'Give the file that pytest writes with: pytest --junitxml=results.xml',
      place: { file: this.#file },
    });
  }
}

const noFrames: Frame[] = [];

const ends: Readonly<Record<string, string>> = {
  failure: '</failure></testcase>',
  error: '</error></testcase>',
  skipped: '</skipped></testcase>',
};

/** Shared by all elements without long texts. */
const noTexts: readonly number[] = [];

const cutMark = ' […shortened…] ';

/** Matches `<testcase `, `</testcase>`, `<testsuite>`, `</testsuites>`; not `<testcases>`. */
const ownTag = /^<\/?test(?:case|suites?)[\s>/]/;
/** So much of a stray tag is told. */
const longestStray = 60;
const longestOwnTag = '</testsuites>'.length;

/** Files often mistaken for a JUnit report. */
const foreignRoots: Readonly<Record<string, string>> = {
  coverage: 'a Cobertura coverage report (coverage xml); coverage is read from `coverage json`',
  report: 'a JaCoCo coverage report',
  'test-run': "NUnit 3's own format",
  'test-results': "NUnit 2's own format",
  assemblies: "xUnit.net's own format",
  testrun: "Visual Studio's TRX format",
  html: 'a web page',
  'testng-results': "TestNG's own format",
  robot: "Robot Framework's own format (use --xunit)",
};

/** Larger than any position. A small integer, as positions are, so that V8 need not compile for two kinds of numbers. */
const noFeed = 2 ** 30 - 1;

function feedAfter(text: string, from: number, shift: number): number {
  const feed = text.indexOf('\n', from);
  return feed < 0 ? noFeed : feed + shift;
}

/** Whether enough follows the `<` to tell what it opens: a tag, a comment, a section or a declaration. */
function isTold(text: string, open: number): boolean {
  const next = text.charCodeAt(open + 1);
  if (next === 0x2f || isNameStart(next)) return true;
  const start = text.slice(open, open + 15);
  return start.startsWith('<!--') || start.length >= (/^<!D[^>]*$/i.test(start) ? 15 : 9);
}

/** Whether a tag outside of a test is the trace of one whose start was lost or misspelt. */
function isOfTest(name: string, tag: string): boolean {
  return isFailure(name) || /^testcase[^\w:.-]/.test(name) || /\sclassname\s*=/.test(tag);
}

/** What a suite printed may hold anything. */
function isOutput(name: string): boolean {
  return name === 'system-out' || name === 'system-err';
}

function isFailure(name: string): boolean {
  return name === 'failure' || name === 'error';
}

/** The next `<`: text between tests belongs to nobody. -1 where there is none. */
function nextTag(buffer: string, at: number): number {
  return at < buffer.length && buffer.charCodeAt(at) === 0x3c ? at : buffer.indexOf('<', at);
}

function isNameStart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    code === 0x3a ||
    code >= 0x80
  );
}

function tagName(tag: string, from: number): string {
  let end = from;
  for (; end < tag.length; end++) {
    const code = tag.charCodeAt(end);
    if (code === 0x20 || code === 0x3e || code === 0x2f || code === 0x0a || code === 0x0d || code === 0x09)
      break;
  }
  const name = tag.slice(from, end);
  // Passed by, it might be the one that failed. testcase.ts reads none with a namespace in front, and tells it.
  return name.endsWith(':testcase') ? 'testcase' : name;
}
