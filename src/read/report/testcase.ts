// The only file that uses fast-xml-parser: whole elements in, plain values out. Parses elements in batches. If a batch is
// not well-formed, parses each element alone, so that a bad testcase affects no other.
import { createHash } from 'node:crypto';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { RawOutput } from './captured.ts';
import { withoutColour } from './failure-text.ts';
import type { Position } from './frames.ts';

/** A `failure`, `error` or `skipped` child; message and text without colour codes. */
export interface RawOutcome {
  readonly kind: 'failure' | 'error' | 'skipped';
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly text: string;
}

export interface RawTestcase extends Position {
  readonly classname: string | undefined;
  readonly name: string | undefined;
  /** xunit1's `file`, unchanged. */
  readonly file: string | undefined;
  /** xunit1's 0-based line of the function's definition. */
  readonly defLine: number | undefined;
  readonly time: string | undefined;
  /** Failures before errors before skips, each kind in document order. */
  readonly outcomes: readonly RawOutcome[];
  readonly properties: readonly (readonly [name: string, value: string])[];
  /** Of a failed test. */
  readonly output?: RawOutput;
  /** Attributes that are not well-formed were left out. */
  readonly lostAttribute?: boolean;
}

/** Longer addresses are kept by their start and a hash; in characters. */
const longestKey = 1000;

/** A test's address: two different tests can share it. */
export function addressKey(testcase: Pick<RawTestcase, 'classname' | 'name'>): string {
  const key = `${testcase.classname ?? ''}\n${testcase.name ?? ''}`;
  if (key.length <= longestKey) return key;
  return `${key.slice(0, longestKey)}\n${createHash('sha256').update(key, 'utf8').digest('hex')}`;
}

/**
 * After Ctrl-C, pytest.exit() or an internal error pytest writes the running test without a name; what it had recorded until
 * then (record_xml_attribute) may stand there.
 */
export function isUnnamed(testcase: RawTestcase): boolean {
  return testcase.name === undefined && testcase.outcomes.length === 0;
}

/** Finds a failed teardown in an element's text. pytest up to 5.4 wrote `test teardown failure`. */
export const teardownError = /<error message="(?:failed on teardown with |test teardown failure")/;

export type ParsedTestcase = RawTestcase | MalformedTestcase;

export interface MalformedTestcase extends Position {
  /** The parser's message. */
  readonly malformed: string;
  /** The start of the element, for messages. */
  readonly excerpt: string;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // We decode references below: the parser's limits reject honest reports, and it does not know numeric ones.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  jPath: false,
  isArray: (name) => repeatable.has(name),
});

const repeatable = new Set(['testcase', 'failure', 'error', 'skipped', 'properties', 'property']);

type Node = { readonly [key: string]: unknown };

/** Illegal in XML 1.0, but pytest writes them raw in property and attribute names. */
const illegal = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/** Excludes a testcase from `parsePlain`: the above, and line ends that XML normalises. */
const unusual = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/;

/**
 * Parses whole testcase elements.
 *
 * @returns one value for each element, in order, and how many illegal characters were replaced by U+FFFD
 */
export function parseTestcases(frames: readonly ElementFrame[]): {
  testcases: ParsedTestcase[];
  replacedCharacters: number;
} {
  let replacedCharacters = 0;
  const testcases: ParsedTestcase[] = [];
  const rest: { readonly frame: ElementFrame; readonly index: number }[] = [];
  for (const [index, frame] of frames.entries()) {
    const plain = parsePlain(frame);
    if (plain === undefined) rest.push({ frame, index });
    else testcases[index] = plain;
  }
  if (rest.length > 0) {
    const parsed = parseWhole(rest.map((r) => r.frame));
    replacedCharacters = parsed.replacedCharacters;
    for (const [i, { index }] of rest.entries()) {
      const testcase = parsed.testcases[i];
      if (testcase !== undefined) testcases[index] = testcase;
    }
  }
  return { testcases, replacedCharacters };
}

/** An element's text; `texts` are the offsets of its long runs of plain text (see frames.ts). */
type ElementFrame = Position & { readonly xml: string; readonly texts?: readonly number[] };

const noChildren: Children = { outcomes: [] };

interface Children {
  readonly outcomes: readonly RawOutcome[];
  readonly output?: RawOutput | undefined;
}

/** How much of the end of what a test printed is read, in characters before references are decoded. */
const longestOutput = 60_000;

/** The end of a text; of a long one whole lines, below a first line that says that there is more. */
function endOfOutput(text: string): string {
  if (text.length <= longestOutput) return text;
  const end = text.slice(-longestOutput);
  // A reference may be cut in two before the first line end.
  return `…\n${end.slice(end.indexOf('\n') + 1)}`;
}

function hasFailed(outcomes: readonly RawOutcome[]): boolean {
  return outcomes.some(({ kind }) => kind !== 'skipped');
}

const noProperties: RawTestcase['properties'] = [];
const attribute =
  /\s+([A-Za-z_][\w.-]*)="([^"<&]*(?:&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});[^"<&]*)*)"/y;

const maybeSpace = /\s*/y;
/** The usual children. */
const childStart = /<(failure|error|skipped|system-out|system-err)(?=[\s/>])/y;

/**
 * Reads a testcase as pytest usually writes it: known attributes, and children with plain text. This is a regular
 * language: patterns read exactly what the parser would, several times faster (docs/decisions/0002). Undefined for
 * anything unusual, which the parser reads.
 */
function parsePlain({ xml, line, column }: ElementFrame): RawTestcase | undefined {
  if (!xml.startsWith('<testcase') || unusual.test(xml)) return undefined;
  const failed = parseFailed({ xml, line, column });
  if (failed !== undefined) return failed;
  const tag = readAttributes(xml, '<testcase'.length, testcaseAttributes);
  if (tag === undefined) return undefined;
  const children = tag.empty ? noChildren : readPlainChildren(xml, tag.end);
  if (children === undefined || (tag.empty && tag.end !== xml.length)) return undefined;
  const [classname, name, file, defLine, time] = tag.values;
  return {
    line,
    column,
    classname,
    name,
    file,
    defLine: readDefLine(defLine),
    time,
    outcomes: children.outcomes,
    properties: noProperties,
    ...(children.output && { output: children.output }),
  };
}

/**
 * A testcase that failed or was skipped, as pytest writes it by default: what `readAttributes` would read of its two tags, in one step.
 */
const failedTest =
  /<testcase classname="([^"<&]*)" name="([^"<&]*)" time="([^"<&]*)"><(failure|error|skipped)(?: type="([^"<&]*)")? message="([^"<&]*(?:&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});[^"<&]*)*)">/y;

/** Undefined for any other testcase. */
function parseFailed({ xml, line, column }: ElementFrame): RawTestcase | undefined {
  failedTest.lastIndex = 0;
  const match = failedTest.exec(xml);
  if (match === null) return undefined;
  const [, classname, name, time, kind = '', type, message = ''] = match;
  const start = failedTest.lastIndex;
  const end = xml.indexOf('<', start);
  const closer = `</${kind}></testcase>`;
  if (end < 0 || end + closer.length !== xml.length || !xml.endsWith(closer)) return undefined;
  const text = xml.slice(start, end);
  if (hasStrayAmpersand(text)) return undefined;
  const outcome = {
    kind: kind as RawOutcome['kind'],
    type,
    message: withoutColour(decodeReferences(message)),
    text: withoutColour(decodeReferences(text)),
  };
  return {
    line,
    column,
    classname,
    name,
    file: undefined,
    defLine: undefined,
    time,
    outcomes: [outcome],
    properties: noProperties,
  };
}

const testcaseAttributes = ['classname', 'name', 'file', 'line', 'time'];
const childAttributes = ['message', 'type'];

/**
 * Attributes from `at` on, in the order of `names`, and where the tag ends. Others (record_xml_attribute) are passed over.
 *
 * @returns undefined where one is not well-formed, or stands twice
 */
function readAttributes(
  xml: string,
  at: number,
  names: readonly string[],
): { values: (string | undefined)[]; end: number; empty: boolean } | undefined {
  const values: (string | undefined)[] = [];
  let others: Set<string> | undefined;
  let end = at;
  for (;;) {
    attribute.lastIndex = end;
    const match = attribute.exec(xml);
    if (match === null) break;
    const name = match[1] ?? '';
    const index = names.indexOf(name);
    if (index < 0) {
      others ??= new Set();
      if (others.has(name)) return undefined;
      others.add(name);
    } else {
      if (values[index] !== undefined) return undefined;
      values[index] = decodeReferences(match[2] ?? '');
    }
    end = attribute.lastIndex;
  }
  maybeSpace.lastIndex = end;
  maybeSpace.exec(xml);
  end = maybeSpace.lastIndex;
  const empty = xml.startsWith('/>', end);
  if (!empty && xml.charCodeAt(end) !== 0x3e) return undefined;
  return { values, end: end + (empty ? 2 : 1), empty };
}

/** Children up to the testcase's end; undefined if one is not plain text. */
function readPlainChildren(xml: string, start: number): Children | undefined {
  const byKind: Record<RawOutcome['kind'], RawOutcome[]> = { failure: [], error: [], skipped: [] };
  const printed = { 'system-out': '', 'system-err': '' };
  for (let at = start; ; ) {
    maybeSpace.lastIndex = at;
    maybeSpace.exec(xml);
    childStart.lastIndex = maybeSpace.lastIndex;
    const child = childStart.exec(xml);
    if (child === null) {
      const ends =
        xml.startsWith('</testcase>', maybeSpace.lastIndex) && maybeSpace.lastIndex + 11 === xml.length;
      if (!ends) return undefined;
      const outcomes = [...byKind.failure, ...byKind.error, ...byKind.skipped];
      const { 'system-out': out, 'system-err': err } = printed;
      return out + err === '' || !hasFailed(outcomes)
        ? { outcomes }
        : {
            outcomes,
            output: { out: decodeReferences(endOfOutput(out)), err: decodeReferences(endOfOutput(err)) },
          };
    }
    const kind = child[1] ?? '';
    const tag = readAttributes(xml, childStart.lastIndex, childAttributes);
    if (tag === undefined) return undefined;
    let text = '';
    at = tag.end;
    if (!tag.empty) {
      const end = xml.indexOf('<', at);
      const closer = `</${kind}>`;
      if (end < 0 || !xml.startsWith(closer, end)) return undefined;
      text = xml.slice(at, end);
      if (hasStrayAmpersand(text)) return undefined;
      at = end + closer.length;
    }
    if (kind === 'failure' || kind === 'error' || kind === 'skipped') {
      const [message, type] = tag.values;
      byKind[kind].push({
        kind,
        type,
        message: message === undefined ? undefined : withoutColour(message),
        text: withoutColour(decodeReferences(text)),
      });
    } else if (kind === 'system-out' || kind === 'system-err') printed[kind] = text;
  }
}

/**
 * Seconds. Some writers group thousands (`1,234.5`), some have a comma for the decimal point (`0,160`).
 *
 * @returns undefined for what is no duration, and for `1,234`, which may be either
 */
export function readDuration(time: string | undefined): number | undefined {
  if (time === undefined || time.length > 40) return undefined;
  let number: string | undefined;
  if (/^\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?$/.test(time)) number = time;
  else if (/^\d{1,3}(?:,\d{3})+\.\d+$|^\d{1,3}(?:,\d{3}){2,}$/.test(time)) number = time.replaceAll(',', '');
  else if (/^\d{1,3}(?:\.\d{3})+,\d+$|^0,\d+$|^\d+,(?:\d{1,2}|\d{4,})$/.test(time))
    number = time.replaceAll('.', '').replace(',', '.');
  const seconds = Number(number ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}

function readDefLine(line: string | undefined): number | undefined {
  return line !== undefined && /^\d{1,9}$/.test(line) ? Number(line) : undefined;
}

function parseWhole(frames: readonly ElementFrame[]): {
  testcases: ParsedTestcase[];
  replacedCharacters: number;
} {
  let replacedCharacters = 0;
  const clean = (xml: string): string =>
    joinLineEnds(xml).replace(illegal, () => {
      replacedCharacters++;
      return '\ufffd';
    });
  // The parser reads text character by character. Replace long plain texts by placeholders, and put them back after
  // parsing. Text that the parser would refuse stays in, so that it is refused.
  const texts: string[] = [];
  const pieces: string[] = [];
  for (const { xml, texts: offsets = [] } of frames) {
    let at = 0;
    for (let i = 0; i < offsets.length; i += 2) {
      pieces.push(escapeCdata(clean(xml.slice(at, offsets[i]))));
      at = offsets[i + 1] ?? xml.length;
      const long = clean(xml.slice(offsets[i], at));
      const isStray = hasStrayAmpersand(long);
      pieces.push(isStray ? long : placeholder(texts.length));
      if (!isStray) texts.push(long);
    }
    pieces.push(escapeCdata(clean(at === 0 ? xml : xml.slice(at))));
  }
  const parsed = tryParse(`<batch>${pieces.join('')}</batch>`);
  if (typeof parsed !== 'string') {
    const nodes = testcaseNodes(parsed);
    if (nodes.length === frames.length) {
      return {
        testcases: frames.map((frame, i) => readTestcase(nodes[i], frame, texts)),
        replacedCharacters,
      };
    }
  }
  replacedCharacters = 0;
  return {
    testcases: frames.map((frame) => parseAlone(escapeCdata(clean(frame.xml)), frame)),
    replacedCharacters,
  };
}

/** Colour codes between CR and LF would make one line end into two. */
function joinLineEnds(xml: string): string {
  return xml.includes('\r#x1B[') ? xml.replace(/\r(?:#x1B\[[\d;]{1,8}m)+\n/g, '\r\n') : xml;
}

/** As the parser's validator defines it: `& `, `&;`, `&amp`; not `&amp;`, `&#10;`, nor an unknown entity. */
const referenceOrName = /&(?:#\d*;|#x[\da-fA-F]*;|\w{1,20};)/y;

function hasStrayAmpersand(text: string): boolean {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    referenceOrName.lastIndex = at;
    if (!referenceOrName.test(text)) return true;
  }
  return false;
}

/**
 * Turns CDATA sections into escaped text: the parser would join them with the text around, and the meaning of a `&lt;`
 * would be lost.
 */
function escapeCdata(xml: string): string {
  if (!xml.includes('<![CDATA[')) return xml;
  let escaped = '';
  let done = 0;
  for (let at = xml.indexOf('<!'); at >= 0; at = xml.indexOf('<!', at)) {
    const isCdata = xml.startsWith('<![CDATA[', at);
    if (!isCdata && !xml.startsWith('<!--', at)) {
      at += 2;
      continue;
    }
    const end = xml.indexOf(isCdata ? ']]>' : '-->', at + (isCdata ? 9 : 4));
    if (end < 0) break;
    if (isCdata) {
      const text = xml
        .slice(at + 9, end)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;');
      escaped += xml.slice(done, at) + text;
      done = end + 3;
    }
    at = end + 3;
  }
  return escaped + xml.slice(done);
}

/** U+FFFF cannot come from a report: it is illegal in XML and was replaced before. */
function placeholder(index: number): string {
  return `\uffff${index}\uffff`;
}

const placeholders = /\uffff(\d+)\uffff/g;

function parseAlone(xml: string, position: Position): ParsedTestcase {
  const parsed = tryParse(`<batch>${xml}</batch>`);
  const nodes = typeof parsed === 'string' ? [] : testcaseNodes(parsed);
  if (nodes.length === 1) return readTestcase(nodes[0], position, []);
  const repaired = withoutForeignAttributes(xml);
  const again = repaired === undefined ? '' : tryParse(`<batch>${repaired}</batch>`);
  const [node, ...more] = typeof again === 'string' ? [] : testcaseNodes(again);
  if (node !== undefined && more.length === 0)
    return { ...readTestcase(node, position, []), lostAttribute: true };
  return {
    line: position.line,
    column: position.column,
    malformed: typeof parsed === 'string' ? parsed.slice(0, 200) : 'not one whole testcase element',
    excerpt: xml.slice(0, 120),
  };
}

/** Ends a testcase's start tag: pytest writes `time` last, and `>` in texts as `&gt;`. */
const lastAttribute = / time="[\d.,]+"\s*(\/?)>/;

/**
 * record_xml_attribute takes any name, and pytest writes it as it is. Leaves such attributes out of a start tag in which
 * pytest's own are whole; undefined where they are not.
 */
function withoutForeignAttributes(xml: string): string | undefined {
  const end = lastAttribute.exec(xml);
  if (end === null || !xml.startsWith('<testcase ')) return undefined;
  const own = new Map<string, string>();
  for (const [text, name = ''] of xml
    .slice(0, end.index)
    .concat(' ')
    .matchAll(/ (classname|name|file|line)="[^"<]*"(?=\s)/g)) {
    if (!own.has(name)) own.set(name, text);
  }
  if (!own.has('classname') || !own.has('name')) return undefined;
  return `<testcase${[...own.values()].join('')}${end[0]}${xml.slice(end.index + end[0].length)}`;
}

/** What the validator passes by and the parser reads otherwise: a failure behind it would be lost. Sections were escaped before. */
function isMisread(xml: string): boolean {
  return /<!(?!--|\[CDATA\[)|<\/[^<>]*\/>/.test(
    xml.includes('<!--') ? xml.replace(/<!--[\s\S]*?-->/g, '') : xml,
  );
}

/** The batch's node, or the parser's message. */
function tryParse(xml: string): Node | string {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) return valid.err.msg;
  if (isMisread(xml)) return 'an end tag that ends in />, or a declaration';
  try {
    const batch = (parser.parse(xml) as { batch?: unknown }).batch;
    return isNode(batch) ? batch : {};
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function testcaseNodes(batch: Node): unknown[] {
  return Array.isArray(batch.testcase) ? batch.testcase : [];
}

function readTestcase(node: unknown, position: Position, texts: readonly string[]): RawTestcase {
  const testcase = isNode(node) ? node : {};
  const line = text(testcase, '@line');
  const told = [
    ...outcomes(testcase, 'failure', texts),
    ...outcomes(testcase, 'error', texts),
    ...outcomes(testcase, 'skipped', texts),
  ];
  const output = hasFailed(told) ? readOutput(testcase, texts) : undefined;
  return {
    line: position.line,
    column: position.column,
    classname: text(testcase, '@classname'),
    name: text(testcase, '@name'),
    file: text(testcase, '@file'),
    defLine: readDefLine(line),
    time: text(testcase, '@time'),
    outcomes: told,
    properties: readPropertyNodes(testcase.properties, texts),
    ...(output && { output }),
  };
}

function readOutput(testcase: Node, texts: readonly string[]): RawOutput | undefined {
  const [out = '', err = ''] = ['system-out', 'system-err'].map((name) => {
    const child: unknown = [testcase[name]].flat().at(-1);
    const whole =
      typeof child === 'string'
        ? ownText({ '#text': child }, texts)
        : isNode(child)
          ? ownText(child, texts)
          : '';
    return whole ?? '';
  });
  return out + err === '' ? undefined : { out: endOfOutput(out), err: endOfOutput(err) };
}

/** Also those with a namespace in front: a failure is one by whatever name. */
function outcomes(testcase: Node, kind: RawOutcome['kind'], texts: readonly string[]): RawOutcome[] {
  const children = Object.entries(testcase).flatMap(([name, child]) =>
    name === kind || (!name.startsWith('@') && name.endsWith(`:${kind}`)) ? child : [],
  );
  return children.map((child) => {
    const node = isNode(child) ? child : { '#text': typeof child === 'string' ? child : '' };
    const message = text(node, '@message');
    return {
      kind,
      type: text(node, '@type'),
      message: message === undefined ? undefined : withoutColour(message),
      text: withoutColour(ownText(node, texts) ?? ''),
    };
  });
}

/** The text between an element's tags, with long parts put back. */
function ownText(node: Node, texts: readonly string[]): string | undefined {
  const raw = node['#text'];
  if (typeof raw !== 'string') return undefined;
  return decodeReferences(raw.replace(placeholders, (_, index) => withLineFeeds(texts[Number(index)] ?? '')));
}

/** Normalises line ends (XML 1.0, 2.11), as the parser does in what it reads. */
function withLineFeeds(value: string): string {
  return value.includes('\r') ? value.replace(/\r\n?/g, '\n') : value;
}

function readPropertyNodes(groups: unknown, texts: readonly string[]): [string, string][] {
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((group: unknown) => {
    const list = isNode(group) && Array.isArray(group.property) ? group.property : [];
    return list
      .filter(isNode)
      .map((p): [string, string] => [text(p, '@name') ?? '', text(p, '@value') ?? ownText(p, texts) ?? '']);
  });
}

/** Parses a suite's `properties` element; a malformed one gives none. */
export function parseProperties(xml: string): readonly (readonly [name: string, value: string])[] {
  const parsed = tryParse(`<batch>${escapeCdata(xml.replace(illegal, '\ufffd'))}</batch>`);
  return typeof parsed === 'string' ? [] : readPropertyNodes(parsed.properties, []);
}

/** Parses the attributes of a start tag, e.g. a testsuite's; skips malformed ones. */
export function parseStartTag(tag: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  // By hand: a pattern would look for a `=` from every letter of a long word anew.
  for (let equals = tag.indexOf('='); equals >= 0; ) {
    let end = equals;
    while (end > 0 && isBlank(tag.charCodeAt(end - 1))) end--;
    let start = end;
    while (start > 0 && isNameCharacter(tag.charCodeAt(start - 1))) start--;
    let value = equals + 1;
    while (isBlank(tag.charCodeAt(value))) value++;
    const quote = tag[value] ?? '';
    const close = quote === '"' || quote === "'" ? tag.indexOf(quote, value + 1) : -1;
    if (close >= 0 && start < end)
      attributes.set(tag.slice(start, end), decodeReferences(tag.slice(value + 1, close)));
    equals = tag.indexOf('=', close >= 0 ? close + 1 : Math.max(value, equals + 1));
  }
  return attributes;
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** Neither white space nor `=`, `<`, `>`, `/` or a quote. */
function isNameCharacter(code: number): boolean {
  return !isBlank(code) && !'=<>"\'/'.includes(String.fromCharCode(code));
}

function text(node: Node, key: string): string | undefined {
  const value = node[key];
  return typeof value === 'string' ? decodeReferences(value) : undefined;
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const reference = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/y;

/** Decodes the five predefined entities and numeric references (XML 1.0, 4.1 and 4.6); expands nothing else. */
export function decodeReferences(value: string): string {
  let at = value.indexOf('&');
  if (at < 0) return value;
  let decoded = '';
  let done = 0;
  // By hand: replacing by a function keeps all matches of a long text at once.
  for (; at >= 0; at = value.indexOf('&', at + 1)) {
    reference.lastIndex = at;
    const match = reference.exec(value);
    if (match === null) continue;
    decoded += value.slice(done, at) + characterOf(match);
    done = reference.lastIndex;
  }
  return decoded + value.slice(done);
}

function characterOf([, decimal, hex, name]: RegExpExecArray): string {
  if (name !== undefined) return named[name] ?? '';
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16);
  return code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)
    ? '\ufffd'
    : String.fromCodePoint(code);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
