// The reader before it was made faster (commit 4fd7b7a), as one file: its survey, its results and its signatures. Never edited: the
// reader of today must read the same. Made by esbuild from src/read/report and src/sign of that commit.
// src/read/report/junit.ts
import { posix } from "node:path";

// src/errors.ts
var asOptions = (setting) => {
  if (setting === "step") return void 0;
  return setting === "standardInput" ? "-" : `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
};
var ActionableError = class extends Error {
  code;
  place;
  #fix;
  constructor(details) {
    super(details.message, details.cause === void 0 ? void 0 : { cause: details.cause });
    this.code = details.code;
    this.#fix = details.fix;
    this.place = details.place;
  }
  /** In the words of the command line. */
  get fix() {
    return this.fixIn(asOptions);
  }
  fixIn(name) {
    return typeof this.#fix === "function" ? this.#fix(name) : this.#fix;
  }
};
var InputError = class extends ActionableError {
  name = "InputError";
};
var ReportError = class extends ActionableError {
  name = "ReportError";
};

// src/read/decode.ts
import { isUtf8 } from "node:buffer";

// src/shell.ts
var unprintable = new RegExp("[\\p{C}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]|(?! )\\p{Zs}", "u");
var live = /(?<![\w.])@(?=[A-Za-z0-9])|<(?=!--)|(?<=##\w{0,20})\[/g;
var parted = new RegExp(`'|${live.source}`, "g");
function shellWord(text2) {
  if (unprintable.test(text2)) {
    const quoted = [...text2].map(
      (char) => unprintable.test(char) || /['\\!@<#]/.test(char) ? octal(char) : char
    );
    return `$'${quoted.join("")}'`;
  }
  const pieces = [];
  let from = 0;
  for (const { index } of text2.matchAll(parted)) {
    if (index > from) pieces.push(`'${text2.slice(from, index)}'`);
    pieces.push(`\\${text2.charAt(index)}`);
    from = index + 1;
  }
  if (from < text2.length || text2 === "") pieces.push(`'${text2.slice(from)}'`);
  return pieces.join("");
}
function octal(char) {
  return [...Buffer.from(char, "utf8")].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
function shellPath(path) {
  return shellWord(plainPath(path));
}
function plainPath(path) {
  return /^[-@]/.test(path) ? `./${path}` : path;
}

// src/read/decode.ts
async function* decodeText(bytes, file) {
  let head = Buffer.alloc(0);
  let decoder;
  for await (const chunk of bytes) {
    if (decoder === void 0) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (head.length < sniffLength) continue;
      decoder = openDecoder(head, file);
      yield decoder.decode(head);
      continue;
    }
    yield decoder.decode(chunk);
  }
  if (decoder === void 0) {
    if (head.length === 0) return;
    decoder = openDecoder(head, file);
    yield decoder.decode(head);
  }
  yield decoder.end();
}
var sniffLength = 256;
var archives = [
  { start: "PK", what: "a zip archive", command: "unzip" },
  { start: "BZh", what: "a file compressed by bzip2", command: "bunzip2 -k" },
  { start: "ý7zXZ", what: "a file compressed by xz", command: "unxz -k" },
  { start: "(µ/ý", what: "a file compressed by zstd", command: "unzstd" },
  { start: "7z¼¯'", what: "a 7z archive", command: "7z x" }
];
function openDecoder(head, file) {
  if (head[0] === 31 && head[1] === 139)
    throw new ReportError({
      code: "compressed",
      message: "a file compressed by gzip, not a report",
      fix: (name) => {
        const input = name("standardInput");
        const piped = input === void 0 ? "" : `, or gunzip -c ${shellPath(file)} | lukhas-upload ${input}`;
        return `Decompress it first: gunzip -k ${shellPath(file)}${piped}`;
      },
      place: { file }
    });
  const archive = archives.find(({ start }) => head.subarray(0, start.length).toString("latin1") === start);
  if (archive !== void 0)
    throw new ReportError({
      code: "compressed",
      message: `${archive.what}, not a report`,
      fix: `Unpack it first: ${archive.command} ${shellPath(file)}`,
      place: { file }
    });
  if (head[0] === 239 && head[1] === 187 && head[2] === 191) return utf8Decoder(file, 3);
  if (head[0] === 255 && head[1] === 254) return utf16Decoder("UTF-16LE", file, 2);
  if (head[0] === 254 && head[1] === 255) return utf16Decoder("UTF-16BE", file, 2);
  if (head[0] === 60 && head[1] === 0) return utf16Decoder("UTF-16LE", file, 0);
  if (head[0] === 0 && head[1] === 60) return utf16Decoder("UTF-16BE", file, 0);
  const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(
    head.toString("latin1")
  )?.[1];
  if (declared === void 0 || /^(utf-?8|us-ascii|ascii|utf-?16(le|be)?)$/i.test(declared))
    return utf8Decoder(file, 0);
  return labelledDecoder(declared, file);
}
function utf8Decoder(file, skip) {
  let carry = Buffer.alloc(0);
  let offset = 0;
  let toSkip = skip;
  return {
    decode(chunk) {
      let bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
      if (toSkip > 0) {
        bytes = bytes.subarray(toSkip);
        offset += toSkip;
        toSkip = 0;
      }
      const whole = bytes.length - unfinishedTail(bytes);
      carry = Buffer.from(bytes.subarray(whole));
      const ready = bytes.subarray(0, whole);
      if (!isUtf8(ready)) throw invalidBytes(file, offset + firstInvalid(ready), "UTF-8");
      offset += whole;
      return ready.toString("utf8");
    },
    end: () => carry.length > 0 ? "�" : ""
  };
}
function unfinishedTail(bytes) {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 128) return 0;
    if (byte >= 192) {
      const needed = byte >= 240 ? 4 : byte >= 224 ? 3 : 2;
      return needed > back ? back : 0;
    }
  }
  return 0;
}
function firstInvalid(bytes) {
  let from = 0;
  let to = bytes.length;
  while (to - from > 8) {
    let middle = from + to >> 1;
    while (middle > from && ((bytes[middle] ?? 0) & 192) === 128) middle--;
    if (middle === from) break;
    if (isUtf8(bytes.subarray(from, middle))) from = middle;
    else to = middle;
  }
  for (let at = from; at < to; ) {
    let size = 1;
    while (size < 4 && at + size < bytes.length && !isUtf8(bytes.subarray(at, at + size))) size++;
    if (!isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return from;
}
function utf16Decoder(encoding, file, skip) {
  let carry = Buffer.alloc(0);
  let offset = 0;
  let toSkip = skip;
  return {
    decode(chunk) {
      let bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
      if (toSkip > 0) {
        bytes = bytes.subarray(toSkip);
        offset += toSkip;
        toSkip = 0;
      }
      let whole = bytes.length & ~1;
      const last = bytes[encoding === "UTF-16LE" ? whole - 1 : whole - 2] ?? 0;
      if (last >= 216 && last <= 219) whole -= 2;
      carry = Buffer.from(bytes.subarray(whole));
      const ready = bytes.subarray(0, whole);
      const text2 = (encoding === "UTF-16LE" ? ready : Buffer.from(ready).swap16()).toString("utf16le");
      const alone = text2.search(new RegExp("\\p{Surrogate}", "u"));
      if (alone >= 0) throw invalidBytes(file, offset + 2 * alone, encoding);
      offset += whole;
      return text2;
    },
    end: () => carry.length > 0 ? "�" : ""
  };
}
function labelledDecoder(label, file) {
  let decoder;
  let behind;
  try {
    decoder = new TextDecoder(label, { fatal: true });
    behind = new TextDecoder(label, { fatal: true });
  } catch {
    throw new ReportError({
      code: "unknown-encoding",
      message: `the XML declaration names an encoding that is not known: ${label}`,
      fix: "Save the report as UTF-8; pytest itself always writes UTF-8.",
      place: { file }
    });
  }
  let offset = 0;
  const firstRefused = (chunk) => {
    for (let at = 0; at < chunk.length; at++) {
      try {
        behind.decode(chunk.subarray(at, at + 1), { stream: true });
      } catch {
        return at;
      }
    }
    return 0;
  };
  return {
    decode(chunk) {
      let text2;
      try {
        text2 = decoder.decode(chunk, { stream: true });
      } catch {
        throw invalidBytes(file, offset + firstRefused(chunk), decoder.encoding);
      }
      behind.decode(chunk, { stream: true });
      offset += chunk.length;
      return text2;
    },
    end: () => {
      try {
        return decoder.decode();
      } catch {
        return "�";
      }
    }
  };
}
function invalidBytes(file, byte, encoding) {
  return new ReportError({
    code: "invalid-bytes",
    message: `bytes that are not valid ${encoding}`,
    fix: "pytest writes UTF-8; something rewrote or damaged the file. Re-encode it as UTF-8, or name its encoding in the XML declaration.",
    place: { file, byte }
  });
}

// src/read/owned.ts
function owned(text2) {
  return text2.length < 13 ? text2 : Buffer.from(text2).toString();
}

// src/read/report/testcase.ts
import { createHash } from "node:crypto";
import { XMLParser, XMLValidator } from "fast-xml-parser";

// src/read/report/failure-text.ts
var nothing = { locations: [], errorType: void 0 };
var colourCode = /#x1B\[(?:39;49;00|0?[0-7]|[34][0-7]|(?:9|10)[0-7])m/g;
function withoutColour(text2) {
  return text2.includes("#x1B[") ? text2.replace(colourCode, "") : text2;
}
var chainSeparator = /^(?:The above exception was the direct cause of the following exception:|During handling of the above exception, another exception occurred:)$/gm;
function readFailureText(text2, message) {
  const words = unwrapPhase(message ?? "");
  if (isMessageAlone(text2, words)) return { locations: [], errorType: errorTypeOfMessage(words) };
  const body = newestException(text2);
  const found = readGroup(body) ?? readNative(body) ?? readPytest(body);
  return { locations: found.locations, errorType: found.errorType ?? errorTypeOfMessage(words) };
}
var installedFrame = /(?:^|\/)(?:importlib|_pytest|pluggy|site-packages|dist-packages)\/|^</;
function unwrapPhase(message) {
  return /^failed on (?:setup|teardown)(?: at [^"\n]+:\d+)? with "([\s\S]*)"$/.exec(message)?.[1] ?? message;
}
var doctestEnd = /:\d+: (?:DocTestFailure|UnexpectedException)\s*$/;
function isMessageAlone(text2, message) {
  if (message === "" || text2.length > message.length || doctestEnd.test(text2)) return false;
  return text2 === message || message.endsWith(text2) && /^[\w.<>]+: $/.test(message.slice(0, message.length - text2.length));
}
var directCause = "The above exception was the direct cause of the following exception:";
var didNotWarn = /^(?:E +)?(?:_pytest\.outcomes\.)?(?:Failed: )?DID NOT WARN\. /m;
function firstCause(text2) {
  let found;
  let end = text2.length;
  for (const match of [...text2.matchAll(chainSeparator)].reverse()) {
    if (found !== void 0) found = text2.slice(match.index + match[0].length, end);
    if (match[0] !== directCause && (found !== void 0 || !didNotWarn.test(text2.slice(match.index)))) break;
    [found, end] = [text2.slice(0, match.index), match.index];
  }
  if (found === void 0) return void 0;
  const read = readNative(found.trimStart()) ?? readPytest(found);
  const message = wordsOf(found);
  return { ...read, errorType: read.errorType ?? errorTypeOfMessage(message), text: found, message };
}
function wordsOf(text2) {
  const lines = text2.trim().split("\n");
  if (lines[0] === "Traceback (most recent call last):") {
    const at = lines.findIndex((line, i) => i > 0 && line !== "" && !line.startsWith(" "));
    return at < 0 ? "" : lines.slice(at).join("\n");
  }
  const last = lines.findLastIndex((line) => /^E(?: |$)/.test(line));
  let first = last;
  while (first > 0 && /^E(?: |$)/.test(lines[first - 1] ?? "")) first--;
  if (last < 0) return "";
  const margin = /^E *(?=\S)/.exec(lines[first] ?? "")?.[0].length ?? 4;
  const words = lines.slice(first, last + 1).map((line) => line.replace(/^E/, " "));
  return words.map((line) => line.slice(Math.min(margin, line.search(/\S|$/)))).join("\n");
}
function newestException(text2) {
  let start = 0;
  for (const match of text2.matchAll(chainSeparator)) start = match.index + match[0].length;
  return start === 0 ? text2 : text2.slice(start);
}
function readGroup(body) {
  const start = /^ *\+ Exception Group Traceback \(most recent call last\):$/m.exec(body);
  if (start === null) return void 0;
  const locations = [];
  for (const line of body.slice(start.index).split("\n")) {
    const frame = /^\s*\|\s+File "(.+?)", line (\d+), in (.*)/.exec(line);
    if (frame !== null) locations.push(location(frame[1], frame[2], frame[3]));
    const type = /^\s*\| ((?:[\p{L}\p{N}_<>]+\.)*[\p{L}_][\p{L}\p{N}_]*): .*\(\d+ sub-exceptions?\)$/u.exec(
      line
    );
    if (type !== null) return { locations, errorType: bareName(type[1]) };
    if (/^\s*\+-\+---/.test(line)) break;
  }
  return { locations, errorType: void 0 };
}
function readNative(body) {
  const lines = body.split("\n");
  let at = lines.findIndex((line) => line !== "");
  if (lines[at] !== "Traceback (most recent call last):") return void 0;
  if (doctestEnd.test(body)) return void 0;
  const locations = [];
  for (at++; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const frame = /^ {2}File "(.+?)", line (\d+), in (.*)/.exec(line);
    if (frame !== null) locations.push(location(frame[1], frame[2], frame[3]));
    if (line !== "" && !line.startsWith(" ")) break;
  }
  return { locations, errorType: errorTypeOfMessage(lines.slice(at).join("\n")) };
}
var pytestLocation = /^((?:[A-Za-z]:[\\/])?[^\s:=>|][^:\n]*?|<[^<>\n]+>):(\d{1,9})(?:: ?(?:in (.+)|([\p{L}_][\p{L}\p{N}_.]*))?)?$/u;
var variable = /^[\p{L}_][\p{L}\p{N}_]* *= /u;
function readPytest(body) {
  const lines = body.split("\n");
  const locations = [];
  let lastLocation = -1;
  let errorType;
  const last = lines.findLastIndex((line) => line.trim() !== "");
  for (const [i, line] of lines.entries()) {
    const first = line.charCodeAt(0);
    if (first === 32 || first === 62 || Number.isNaN(first) || line.startsWith("E  ")) continue;
    const match = pytestLocation.exec(line);
    if (match === null || !looksLikePath(match[1] ?? "") || variable.test(line)) continue;
    if (i !== last && !line.includes(":", (match[1] ?? "").length + 1)) continue;
    locations.push(location(match[1], match[2], match[3]));
    lastLocation = i;
    errorType = match[4] === void 0 ? void 0 : bareName(match[4]);
  }
  const marked = lines.slice(lastLocation + 1);
  errorType ??= errorTypeOfMarkedLines(marked) ?? fixtureNotFound(lines);
  const unparsed = /^E +File "([^"<]+)", line (\d+)$/.exec(
    marked.find((line) => line.startsWith("E ")) ?? ""
  );
  if (unparsed !== null) locations.push(location(unparsed[1], unparsed[2]));
  return { locations, errorType };
}
function errorTypeOfMarkedLines(lines) {
  const from = lines.findIndex((line) => /^E(?: {3}|$)/.test(line));
  if (from < 0) return void 0;
  const words = [];
  for (const line of lines.slice(from)) {
    if (!/^E(?: |$)/.test(line)) break;
    words.push(line.slice(4));
  }
  return errorTypeOfMessage(words.join("\n"));
}
function fixtureNotFound(lines) {
  const from = lines.findIndex((line) => /^file .+, line \d+$/.test(line));
  return from >= 0 && lines.slice(from + 1).some((line) => /^E +(?:recursive dependency|fixture '.*' not found)/.test(line)) ? "FixtureLookupError" : void 0;
}
var sentences = /^(?:\[XPASS\(strict\)\]|contains \d+ failed subtests?$|worker '[^']*' crashed while running|collection (?:failure|skipped)$|internal error$|Unexpected success|Unexpected\(success\))/;
function errorTypeOfMessage(message) {
  if (message === "" || sentences.test(message)) return void 0;
  if (/^assert(?: |\()/.test(message)) return "AssertionError";
  if (/^file .+, line \d+\n|^fixture '[^']*' not found$/.test(message)) return "FixtureLookupError";
  if (/^ *File "/.test(message)) {
    const last = message.trimEnd().split("\n").findLast((line) => /^\S/.test(line.replace(/^ {2}(?=\S+Error: )/, ""))) ?? "";
    return nameInFront(last.trim());
  }
  const single = /\[single exception in ([\p{L}\p{N}_.]+)\]$/u.exec(message.split("\n", 1)[0] ?? "");
  if (single !== null) return bareName(single[1]);
  return nameInFront(message);
}
var longestTypeName = 1e3;
function nameInFront(words) {
  const front = words.slice(0, longestTypeName);
  const match = /^((?:[\p{L}\p{N}_<>]+\.)*)([\p{L}_][\p{L}\p{N}_]*)(?:: |:$|:\n|\n|$)/u.exec(front);
  if (match !== null && match[0].length === longestTypeName) return void 0;
  if (match === null) return void 0;
  const name = match[2] ?? "";
  return match[1] !== "" || new RegExp("^(?:_*\\p{Lu})", "u").test(name) ? name : void 0;
}
function bareName(name) {
  return name === void 0 ? void 0 : name.slice(name.lastIndexOf(".") + 1);
}
function looksLikePath(path) {
  return path.startsWith("<") || /[\\/]|\.\w+$/.test(path);
}
function location(path, line, name) {
  const at = { path: (path ?? "").replaceAll("\\", "/"), line: Number(line), function: name };
  return path?.includes("\\") === true ? { ...at, isWindows: true } : at;
}
function readSkipText(text2) {
  const tuple = /^\((?:'([^'\n]+)'|"([^"\n]+)"), (\d+), /.exec(text2);
  if (tuple !== null) return [location(tuple[1] ?? tuple[2], tuple[3])];
  const plain = /^((?:[A-Za-z]:[\\/])?[^:\n]+):(\d{1,9}): /.exec(text2);
  return plain !== null && looksLikePath(plain[1] ?? "") ? [location(plain[1], plain[2])] : nothing.locations;
}
function locationInFile(locations, file) {
  if (file === void 0) return void 0;
  let best;
  for (const location2 of locations) {
    const agreement = agreementOf(location2.path, file);
    if (agreement > 0 && (best === void 0 || agreement >= best.agreement)) best = { location: location2, agreement };
  }
  return best?.location;
}
function agreementOf(path, file) {
  if (path === file) return 3;
  const absolute = path.startsWith("/") || /^[A-Za-z]:\//.test(path);
  if (path.endsWith(`/${file}`)) return 2;
  const bare = path.replace(/^(?:\.{1,2}\/)+/, "");
  const bareFile = file.replace(/^(?:\.{1,2}\/)+/, "");
  if (absolute) return bareFile !== file && path.endsWith(`/${bareFile}`) ? 2 : 0;
  return bareFile === bare || bareFile.endsWith(`/${bare}`) || bare.endsWith(`/${bareFile}`) ? 1 : 0;
}

// src/read/report/testcase.ts
var longestKey = 1e3;
function addressKey(testcase) {
  const key = `${testcase.classname ?? ""}
${testcase.name ?? ""}`;
  if (key.length <= longestKey) return key;
  return `${key.slice(0, longestKey)}
${createHash("sha256").update(key, "utf8").digest("hex")}`;
}
function isUnnamed(testcase) {
  return testcase.name === void 0 && testcase.outcomes.length === 0;
}
var teardownError = /<error message="(?:failed on teardown with |test teardown failure")/;
var parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // We decode references below: the parser's limits reject honest reports, and it does not know numeric ones.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  jPath: false,
  isArray: (name) => repeatable.has(name)
});
var repeatable = /* @__PURE__ */ new Set(["testcase", "failure", "error", "skipped", "properties", "property"]);
var illegal = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
var unusual = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/;
function parseTestcases(frames) {
  let replacedCharacters = 0;
  const testcases = [];
  const rest = [];
  for (const [index, frame] of frames.entries()) {
    const plain = parsePlain(frame);
    if (plain === void 0) rest.push({ frame, index });
    else testcases[index] = plain;
  }
  if (rest.length > 0) {
    const parsed = parseWhole(rest.map((r) => r.frame));
    replacedCharacters = parsed.replacedCharacters;
    for (const [i, { index }] of rest.entries()) {
      const testcase = parsed.testcases[i];
      if (testcase !== void 0) testcases[index] = testcase;
    }
  }
  return { testcases, replacedCharacters };
}
var noOutcomes = [];
var noProperties = [];
var attribute = /\s+([A-Za-z_][\w.-]*)="([^"<&]*(?:&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});[^"<&]*)*)"/y;
var maybeSpace = /\s*/y;
var childStart = /<(failure|error|skipped|system-out|system-err)(?=[\s/>])/y;
function parsePlain({ xml, line, column }) {
  if (!xml.startsWith("<testcase") || unusual.test(xml)) return void 0;
  const tag = readAttributes(xml, "<testcase".length, testcaseAttributes);
  if (tag === void 0) return void 0;
  const outcomes2 = tag.empty ? noOutcomes : readPlainChildren(xml, tag.end);
  if (outcomes2 === void 0 || tag.empty && tag.end !== xml.length) return void 0;
  const [classname, name, file, defLine, time] = tag.values;
  return {
    line,
    column,
    classname,
    name,
    file,
    defLine: readDefLine(defLine),
    time,
    outcomes: outcomes2,
    properties: noProperties
  };
}
var testcaseAttributes = ["classname", "name", "file", "line", "time"];
var childAttributes = ["message", "type"];
function readAttributes(xml, at, names) {
  const values = [];
  let others;
  let end = at;
  for (; ; ) {
    attribute.lastIndex = end;
    const match = attribute.exec(xml);
    if (match === null) break;
    const name = match[1] ?? "";
    const index = names.indexOf(name);
    if (index < 0) {
      others ??= /* @__PURE__ */ new Set();
      if (others.has(name)) return void 0;
      others.add(name);
    } else {
      if (values[index] !== void 0) return void 0;
      values[index] = decodeReferences(match[2] ?? "");
    }
    end = attribute.lastIndex;
  }
  maybeSpace.lastIndex = end;
  maybeSpace.exec(xml);
  end = maybeSpace.lastIndex;
  const empty = xml.startsWith("/>", end);
  if (!empty && xml.charCodeAt(end) !== 62) return void 0;
  return { values, end: end + (empty ? 2 : 1), empty };
}
function readPlainChildren(xml, start) {
  const byKind = { failure: [], error: [], skipped: [] };
  for (let at = start; ; ) {
    maybeSpace.lastIndex = at;
    maybeSpace.exec(xml);
    childStart.lastIndex = maybeSpace.lastIndex;
    const child = childStart.exec(xml);
    if (child === null) {
      const ends = xml.startsWith("</testcase>", maybeSpace.lastIndex) && maybeSpace.lastIndex + 11 === xml.length;
      return ends ? [...byKind.failure, ...byKind.error, ...byKind.skipped] : void 0;
    }
    const kind = child[1] ?? "";
    const tag = readAttributes(xml, childStart.lastIndex, childAttributes);
    if (tag === void 0) return void 0;
    let text2 = "";
    at = tag.end;
    if (!tag.empty) {
      const end = xml.indexOf("<", at);
      const closer = `</${kind}>`;
      if (end < 0 || !xml.startsWith(closer, end)) return void 0;
      text2 = xml.slice(at, end);
      if (strayAmpersand.test(text2)) return void 0;
      at = end + closer.length;
    }
    if (kind === "failure" || kind === "error" || kind === "skipped") {
      const [message, type] = tag.values;
      byKind[kind].push({
        kind,
        type,
        message: message === void 0 ? void 0 : withoutColour(message),
        text: withoutColour(decodeReferences(text2))
      });
    }
  }
}
function readDuration(time) {
  if (time === void 0 || time.length > 40) return void 0;
  let number;
  if (/^\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?$/.test(time)) number = time;
  else if (/^\d{1,3}(?:,\d{3})+\.\d+$|^\d{1,3}(?:,\d{3}){2,}$/.test(time)) number = time.replaceAll(",", "");
  else if (/^\d{1,3}(?:\.\d{3})+,\d+$|^0,\d+$|^\d+,(?:\d{1,2}|\d{4,})$/.test(time))
    number = time.replaceAll(".", "").replace(",", ".");
  const seconds = Number(number ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : void 0;
}
function readDefLine(line) {
  return line !== void 0 && /^\d{1,9}$/.test(line) ? Number(line) : void 0;
}
function parseWhole(frames) {
  let replacedCharacters = 0;
  const clean = (xml) => joinLineEnds(xml).replace(illegal, () => {
    replacedCharacters++;
    return "�";
  });
  const texts = [];
  const pieces = [];
  for (const { xml, texts: offsets = [] } of frames) {
    let at = 0;
    for (let i = 0; i < offsets.length; i += 2) {
      pieces.push(escapeCdata(clean(xml.slice(at, offsets[i]))));
      at = offsets[i + 1] ?? xml.length;
      const long = clean(xml.slice(offsets[i], at));
      pieces.push(strayAmpersand.test(long) ? long : placeholder(texts.length));
      if (!strayAmpersand.test(long)) texts.push(long);
    }
    pieces.push(escapeCdata(clean(at === 0 ? xml : xml.slice(at))));
  }
  const parsed = tryParse(`<batch>${pieces.join("")}</batch>`);
  if (typeof parsed !== "string") {
    const nodes = testcaseNodes(parsed);
    if (nodes.length === frames.length) {
      return {
        testcases: frames.map((frame, i) => readTestcase(nodes[i], frame, texts)),
        replacedCharacters
      };
    }
  }
  replacedCharacters = 0;
  return {
    testcases: frames.map((frame) => parseAlone(escapeCdata(clean(frame.xml)), frame)),
    replacedCharacters
  };
}
function joinLineEnds(xml) {
  return xml.includes("\r#x1B[") ? xml.replace(/\r(?:#x1B\[[\d;]{1,8}m)+\n/g, "\r\n") : xml;
}
var strayAmpersand = /&(?!#\d*;|#x[\da-fA-F]*;|\w{1,20};)/;
function escapeCdata(xml) {
  if (!xml.includes("<![CDATA[")) return xml;
  let escaped = "";
  let done = 0;
  for (let at = xml.indexOf("<!"); at >= 0; at = xml.indexOf("<!", at)) {
    const isCdata = xml.startsWith("<![CDATA[", at);
    if (!isCdata && !xml.startsWith("<!--", at)) {
      at += 2;
      continue;
    }
    const end = xml.indexOf(isCdata ? "]]>" : "-->", at + (isCdata ? 9 : 4));
    if (end < 0) break;
    if (isCdata) {
      const text2 = xml.slice(at + 9, end).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
      escaped += xml.slice(done, at) + text2;
      done = end + 3;
    }
    at = end + 3;
  }
  return escaped + xml.slice(done);
}
function placeholder(index) {
  return `￿${index}￿`;
}
var placeholders = /\uffff(\d+)\uffff/g;
function parseAlone(xml, position) {
  const parsed = tryParse(`<batch>${xml}</batch>`);
  const nodes = typeof parsed === "string" ? [] : testcaseNodes(parsed);
  if (nodes.length === 1) return readTestcase(nodes[0], position, []);
  const repaired = withoutForeignAttributes(xml);
  const again = repaired === void 0 ? "" : tryParse(`<batch>${repaired}</batch>`);
  const [node, ...more] = typeof again === "string" ? [] : testcaseNodes(again);
  if (node !== void 0 && more.length === 0)
    return { ...readTestcase(node, position, []), lostAttribute: true };
  return {
    line: position.line,
    column: position.column,
    malformed: typeof parsed === "string" ? parsed.slice(0, 200) : "not one whole testcase element",
    excerpt: xml.slice(0, 120)
  };
}
var lastAttribute = / time="[\d.,]+"\s*(\/?)>/;
function withoutForeignAttributes(xml) {
  const end = lastAttribute.exec(xml);
  if (end === null || !xml.startsWith("<testcase ")) return void 0;
  const own = /* @__PURE__ */ new Map();
  for (const [text2, name = ""] of xml.slice(0, end.index).concat(" ").matchAll(/ (classname|name|file|line)="[^"<]*"(?=\s)/g)) {
    if (!own.has(name)) own.set(name, text2);
  }
  if (!own.has("classname") || !own.has("name")) return void 0;
  return `<testcase${[...own.values()].join("")}${end[0]}${xml.slice(end.index + end[0].length)}`;
}
function tryParse(xml) {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) return valid.err.msg;
  try {
    const batch = parser.parse(xml).batch;
    return isNode(batch) ? batch : {};
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
function testcaseNodes(batch) {
  return Array.isArray(batch.testcase) ? batch.testcase : [];
}
function readTestcase(node, position, texts) {
  const testcase = isNode(node) ? node : {};
  const line = text(testcase, "@line");
  return {
    line: position.line,
    column: position.column,
    classname: text(testcase, "@classname"),
    name: text(testcase, "@name"),
    file: text(testcase, "@file"),
    defLine: readDefLine(line),
    time: text(testcase, "@time"),
    outcomes: [
      ...outcomes(testcase, "failure", texts),
      ...outcomes(testcase, "error", texts),
      ...outcomes(testcase, "skipped", texts)
    ],
    properties: readPropertyNodes(testcase.properties, texts)
  };
}
function outcomes(testcase, kind, texts) {
  const children = testcase[kind];
  if (!Array.isArray(children)) return [];
  return children.map((child) => {
    const node = isNode(child) ? child : { "#text": typeof child === "string" ? child : "" };
    const message = text(node, "@message");
    return {
      kind,
      type: text(node, "@type"),
      message: message === void 0 ? void 0 : withoutColour(message),
      text: withoutColour(ownText(node, texts) ?? "")
    };
  });
}
function ownText(node, texts) {
  const raw = node["#text"];
  if (typeof raw !== "string") return void 0;
  return decodeReferences(raw.replace(placeholders, (_, index) => withLineFeeds(texts[Number(index)] ?? "")));
}
function withLineFeeds(value) {
  return value.includes("\r") ? value.replace(/\r\n?/g, "\n") : value;
}
function readPropertyNodes(groups, texts) {
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((group) => {
    const list = isNode(group) && Array.isArray(group.property) ? group.property : [];
    return list.filter(isNode).map((p) => [text(p, "@name") ?? "", text(p, "@value") ?? ownText(p, texts) ?? ""]);
  });
}
function parseProperties(xml) {
  const parsed = tryParse(`<batch>${escapeCdata(xml.replace(illegal, "�"))}</batch>`);
  return typeof parsed === "string" ? [] : readPropertyNodes(parsed.properties, []);
}
function parseStartTag(tag) {
  const attributes = /* @__PURE__ */ new Map();
  for (let equals = tag.indexOf("="); equals >= 0; ) {
    let end = equals;
    while (end > 0 && isBlank(tag.charCodeAt(end - 1))) end--;
    let start = end;
    while (start > 0 && isNameCharacter(tag.charCodeAt(start - 1))) start--;
    let value = equals + 1;
    while (isBlank(tag.charCodeAt(value))) value++;
    const quote = tag[value] ?? "";
    const close = quote === '"' || quote === "'" ? tag.indexOf(quote, value + 1) : -1;
    if (close >= 0 && start < end)
      attributes.set(tag.slice(start, end), decodeReferences(tag.slice(value + 1, close)));
    equals = tag.indexOf("=", close >= 0 ? close + 1 : Math.max(value, equals + 1));
  }
  return attributes;
}
function isBlank(code) {
  return code === 32 || code >= 9 && code <= 13;
}
function isNameCharacter(code) {
  return !isBlank(code) && !`=<>"'/`.includes(String.fromCharCode(code));
}
function text(node, key) {
  const value = node[key];
  return typeof value === "string" ? decodeReferences(value) : void 0;
}
var named = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
var reference = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/y;
function decodeReferences(value) {
  let at = value.indexOf("&");
  if (at < 0) return value;
  let decoded = "";
  let done = 0;
  for (; at >= 0; at = value.indexOf("&", at + 1)) {
    reference.lastIndex = at;
    const match = reference.exec(value);
    if (match === null) continue;
    decoded += value.slice(done, at) + characterOf(match);
    done = reference.lastIndex;
  }
  return decoded + value.slice(done);
}
function characterOf([, decimal, hex, name]) {
  if (name !== void 0) return named[name] ?? "";
  const code = decimal !== void 0 ? Number(decimal) : Number.parseInt(hex ?? "", 16);
  return code === 0 || code > 1114111 || code >= 55296 && code <= 57343 ? "�" : String.fromCodePoint(code);
}
function isNode(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/read/report/attempts.ts
var shortAddress = 900;
var usualStart = '<testcase classname="';
var RepeatHints = class {
  #counted = Number.POSITIVE_INFINITY;
  #elements = 0;
  #before = "";
  /** Suites of this file so far. */
  suites = 0;
  /** Whether this file may repeat addresses. */
  found = false;
  startFile() {
    this.endSuite();
    this.suites = 0;
    this.found = false;
  }
  /** @param tests the suite's own `tests` attribute */
  startSuite(tests) {
    this.endSuite();
    this.suites++;
    this.#counted = numberOf(tests);
  }
  endSuite() {
    if (this.#elements > this.#counted) this.found = true;
    this.#elements = 0;
    this.#counted = Number.POSITIVE_INFINITY;
    this.#before = "";
  }
  /** @param isTeardown whether the element is a failed teardown, which pytest counts with its call */
  add(xml, isTeardown) {
    if (!isTeardown && xml.startsWith(usualStart)) this.#elements++;
    const time = xml.indexOf(' time="');
    const start = time >= 0 ? xml.slice(0, time) : xml.slice(0, xml.indexOf(">")).replace(/\s*\/$/, "");
    if (start === this.#before) this.found = true;
    this.#before = start;
  }
};
function numberOf(tests) {
  return tests === void 0 || !/^\d{1,9}$/.test(tests) ? Number.POSITIVE_INFINITY : Number(tests);
}
var slots = 1 << 20;
var mostRepeated = 1e5;
var hashedLength = 100;
var RepeatFinder = class {
  #seen;
  #suite = 0;
  #addresses = /* @__PURE__ */ new Map();
  #elements = 0;
  #counted = Number.POSITIVE_INFINITY;
  #found = 0;
  /** By the suite's ordinal over all files; only suites that repeat an address. */
  repeats = /* @__PURE__ */ new Map();
  /** Passes over suites that are not searched. */
  skip(suites) {
    this.endSuite();
    this.#suite += suites;
  }
  startSuite(tests) {
    this.endSuite();
    this.#suite++;
    this.#counted = numberOf(tests);
  }
  endSuite() {
    if (this.#addresses.size > 0) {
      this.repeats.set(this.#suite, {
        addresses: this.#addresses,
        uncounted: this.#elements > this.#counted
      });
      this.#addresses = /* @__PURE__ */ new Map();
    }
    this.#elements = 0;
    this.#counted = Number.POSITIVE_INFINITY;
  }
  add(xml) {
    if (!xml.startsWith(usualStart)) return;
    const classnameEnd = xml.indexOf('"', usualStart.length);
    const name = classnameEnd < 0 ? 0 : xml.indexOf(' name="', classnameEnd) + 7;
    if (name < 7) return;
    const nameEnd = xml.indexOf('"', name);
    if (!teardownError.test(xml)) this.#elements++;
    let hash = this.#suite ^ classnameEnd << 10 ^ nameEnd - name << 20;
    for (let i = Math.max(usualStart.length, classnameEnd - hashedLength); i < classnameEnd; i++)
      hash = Math.imul(hash ^ xml.charCodeAt(i), 16777619);
    for (let i = Math.max(name, nameEnd - hashedLength); i < nameEnd; i++)
      hash = Math.imul(hash ^ xml.charCodeAt(i), 16777619);
    hash ||= 1;
    this.#seen ??= new Int32Array(slots);
    const slot = (hash ^ hash >>> 20) & slots - 1;
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return;
    }
    const key = addressKey({
      classname: decodeReferences(xml.slice(usualStart.length, classnameEnd)),
      name: decodeReferences(xml.slice(name, nameEnd))
    });
    const count2 = this.#addresses.get(key);
    if (count2 === void 0 && this.#found++ >= mostRepeated) return;
    this.#addresses.set(owned(key), (count2 ?? 1) + 1);
  }
};
var AttemptJoiner = class {
  #repeats;
  #suite = 0;
  #current;
  #index = 0;
  /** Of the repeated addresses, without the line feed between their parts. */
  #lengths = /* @__PURE__ */ new Set();
  #held = /* @__PURE__ */ new Map();
  #left = /* @__PURE__ */ new Map();
  constructor(repeats) {
    this.#repeats = repeats;
  }
  /** Returns attempts that wait in vain, as `add` does. */
  startSuite() {
    const rest = this.drain();
    this.#current = this.#repeats.get(++this.#suite);
    this.#lengths.clear();
    for (const key of this.#current?.addresses.keys() ?? []) this.#lengths.add(key.length - 1);
    this.#index = 0;
    return rest;
  }
  /** Attempts that wait for another one that never came. */
  drain() {
    const rest = [...this.#held.values()];
    this.#held.clear();
    this.#left.clear();
    return rest;
  }
  /** Counts the testcase; whether `add` has to see it. */
  isRepeated(testcase) {
    this.#index++;
    if (this.#current === void 0) return false;
    const length = (testcase.classname?.length ?? 0) + (testcase.name?.length ?? 0);
    if (length < shortAddress && !this.#lengths.has(length)) return false;
    return this.#current.addresses.has(addressKey(testcase));
  }
  /** Whether an earlier attempt waits for this address. */
  holds(testcase) {
    return this.#held.has(addressKey(testcase));
  }
  /**
   * @param maySplit whether the address may name tests of several files
   * @returns the results that are decided, in order; none while another attempt may follow
   */
  add(testcase, result, maySplit) {
    const key = addressKey(testcase);
    const left = (this.#left.get(key) ?? this.#current?.addresses.get(key) ?? 1) - 1;
    this.#left.set(key, left);
    const held = this.#held.get(key);
    this.#held.delete(key);
    const ready = [];
    let joined = result;
    if (held !== void 0) {
      const isNext = held.index === this.#index - 1 || this.#current?.uncounted === true;
      const isSame = held.result.testName === result.testName && held.testcase.file === testcase.file;
      if (isNext && isSame && !maySplit) joined = joinAttempts(held.result, result);
      else ready.push(held);
    }
    const one = { testcase, result: joined, index: this.#index };
    if (testcase.outcomes.length === 0 && left > 0) this.#held.set(key, one);
    else ready.push(one);
    return ready;
  }
};
function joinAttempts(earlier, later) {
  const { durationSeconds: before } = earlier;
  const { durationSeconds: after } = later;
  return {
    ...later,
    attempts: (earlier.attempts ?? 1) + 1,
    durationSeconds: before === void 0 ? after : before + (after ?? 0),
    markers: [.../* @__PURE__ */ new Set([...earlier.markers, ...later.markers])]
  };
}

// src/read/report/frames.ts
var keptHead = 1 << 20;
var keptTail = 1 << 16;
var fullElement = 8 << 20;
var largestElement = 32 << 20;
var largestTag = 8 << 20;
var longText = 80;
var patientLength = 1 << 18;
var deepestNesting = 64;
async function* readFrames(text2, file) {
  const framer = new Framer(file);
  for await (const chunk of text2) {
    const frames = framer.push(chunk);
    if (frames.length > 0) yield frames;
  }
  const rest = framer.flush();
  if (rest.length > 0) yield rest;
  return framer.end();
}
var closers = { comment: "-->", cdata: "]]>", instruction: "?>" };
var Framer = class {
  #file;
  /** Text not yet consumed; begins with the captured element, if there is one. */
  #buffer = "";
  /** Text gathered while the buffer is large: each scan copies the whole buffer. */
  #late = "";
  /** The scan position in the buffer. */
  #at = 0;
  #state = "text";
  /** Start of the tag, comment or section being scanned. */
  #tokenStart = 0;
  /** Start of the current text or attribute value, whose middle may be cut. */
  #runStart = 0;
  #quote = "";
  /** Start of the testcase or properties element being captured, or -1. */
  #captureStart = -1;
  #captureName = "";
  #captureDepth = 0;
  #capturePosition = { line: 1, column: 1 };
  #shortened = false;
  /** The last text or value that was cut, and the cut's place in the element: it may be cut there again. */
  #cut = { run: -1, at: 0 };
  /** Long texts of the captured element, as offsets from its start. */
  #texts = [];
  #open = [];
  #rootSeen = false;
  /** Lines and characters before the buffer's position `#counted`. */
  #line = 1;
  #column = 1;
  #counted = 0;
  /** The first line feed at or after `#counted`; infinite when the buffer has none. Keeps counting linear. */
  #nextFeed = Number.POSITIVE_INFINITY;
  #frames = [];
  constructor(file) {
    this.#file = file;
  }
  push(chunk) {
    const size = this.#buffer.length;
    this.#late += chunk;
    if (size > patientLength && this.#late.length < size / 4) return noFrames;
    return this.flush();
  }
  /** Scans what `push` has gathered. */
  flush() {
    const chunk = this.#late;
    if (chunk === "") return noFrames;
    this.#late = "";
    if (this.#nextFeed === Number.POSITIVE_INFINITY)
      this.#nextFeed = feedAfter(chunk, 0, this.#buffer.length);
    this.#buffer += chunk;
    this.#frames = [];
    this.#scan();
    this.#bound();
    this.#dropConsumed();
    return this.#frames;
  }
  end() {
    this.#countTo(this.#buffer.length);
    const position = { line: this.#line, column: this.#column };
    if (!this.#rootSeen) {
      if (this.#state === "text" && this.#buffer.trim() === "") {
        throw new ReportError({
          code: "empty-report",
          message: "the file is empty",
          fix: "pytest writes its report at the end of the session: was it killed, or was the file only created?",
          place: { file: this.#file }
        });
      }
      if (this.#state === "text") throw this.#notAReport("");
      return { complete: false, position };
    }
    if (this.#state === "text" && this.#open.length === 0 && this.#at < this.#buffer.length)
      throw this.#trailing(this.#at);
    return {
      complete: this.#open.length === 0 && this.#captureStart < 0 && this.#state === "text",
      position
    };
  }
  #scan() {
    const buffer = this.#buffer;
    for (; ; ) {
      switch (this.#state) {
        case "text": {
          const open = buffer.indexOf("<", this.#at);
          if (open < 0) {
            this.#requireBlank(buffer.length);
            this.#at = buffer.length;
            return;
          }
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
        case "tag": {
          if (!this.#findTagEnd(buffer)) return;
          this.#state = "text";
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
          this.#state = "text";
          this.#runStart = this.#at;
        }
      }
    }
  }
  #beginToken(buffer, open) {
    this.#tokenStart = open;
    const next = buffer.charCodeAt(open + 1);
    if (next === 33) {
      if (buffer.startsWith("<!--", open)) this.#enter("comment", open + 4);
      else if (buffer.startsWith("<![CDATA[", open)) this.#enter("cdata", open + 9);
      else if (/^<!DOCTYPE/i.test(buffer.slice(open, open + 9))) throw this.#doctype(open);
      else this.#skipStray(open);
    } else if (next === 63) this.#enter("instruction", open + 2);
    else if (next === 47 || isNameStart(next)) this.#enter("tag", open + 1);
    else this.#skipStray(open);
  }
  #enter(state, at) {
    this.#state = state;
    this.#at = at;
    this.#runStart = at;
    this.#quote = "";
  }
  /** A `<` that begins nothing. Inside a testcase the parser reports it; before the root this is no report. */
  #skipStray(open) {
    if (this.#captureStart < 0 && !this.#rootSeen) throw this.#notAReport("");
    this.#at = open + 1;
    this.#runStart = this.#at;
  }
  /**
   * Moves past the tag's `>`, ignoring those in quoted values; false when more text is needed. If a quote was lost, the
   * tag ends before the next test or suite, because no value can hold a `<`.
   */
  #findTagEnd(buffer) {
    let at = this.#at;
    let open = 0;
    for (; ; ) {
      if (this.#quote !== "") {
        const close = buffer.indexOf(this.#quote, at);
        if (open >= 0 && open < at) open = buffer.indexOf("<", at);
        while (open >= 0 && (close < 0 || open < close)) {
          const next = buffer.slice(open, open + longestOwnTag);
          if (ownTag.test(next)) {
            this.#quote = "";
            this.#at = open;
            return true;
          }
          if (close < 0 && next.length < longestOwnTag) {
            this.#at = open;
            return false;
          }
          open = buffer.indexOf("<", open + 1);
        }
        if (close < 0) {
          this.#at = buffer.length;
          return false;
        }
        this.#quote = "";
        at = close + 1;
      }
      for (; ; ) {
        if (at >= buffer.length) {
          this.#at = at;
          return false;
        }
        const code = buffer.charCodeAt(at++);
        if (code === 62) {
          this.#at = at;
          return true;
        }
        if (code === 34 || code === 39) {
          this.#quote = code === 34 ? '"' : "'";
          this.#runStart = at;
          break;
        }
      }
    }
  }
  #tag(tag) {
    const isEnd = tag.charCodeAt(1) === 47;
    const name = tagName(tag, isEnd ? 2 : 1);
    const selfClosing = !isEnd && tag.charCodeAt(tag.length - 2) === 47;
    if (this.#captureStart >= 0) {
      if (name === this.#captureName) {
        if (isEnd) {
          this.#captureDepth--;
          if (this.#captureDepth === 0 || name === "testcase") this.#emitCapture(this.#at);
          return;
        }
        if (name === "testcase") this.#emitCapture(this.#tokenStart);
        else {
          if (!selfClosing) this.#captureDepth++;
          return;
        }
      } else if (name === "testcase" && !isEnd) {
        this.#emitCapture(this.#tokenStart);
      } else if (isEnd && this.#open.at(-1) === name) this.#emitCapture(this.#tokenStart);
      else return;
    }
    if (isEnd) this.#closeElement(name);
    else this.#openElement(name, tag, selfClosing);
  }
  #openElement(name, tag, selfClosing) {
    const position = this.#positionOf(this.#tokenStart);
    if (!this.#rootSeen) {
      if (name !== "testsuites" && name !== "testsuite") throw this.#notAReport(name);
      this.#rootSeen = true;
      this.#frames.push({ kind: "root", name, xml: tag, ...position });
    } else if (this.#open.length === 0) throw this.#trailing(this.#tokenStart);
    if (name === "testcase" || name === "properties") {
      this.#captureStart = this.#tokenStart;
      this.#captureName = name;
      this.#captureDepth = 1;
      this.#capturePosition = position;
      if (selfClosing) this.#emitCapture(this.#at);
      return;
    }
    if (name === "testsuite") this.#frames.push({ kind: "suite", xml: tag, ...position });
    if (selfClosing) {
      if (name === "testsuite") this.#frames.push({ kind: "suite-end", ...position });
      return;
    }
    this.#open.push(name);
    if (this.#open.length > deepestNesting) {
      throw new ReportError({
        code: "too-deep",
        message: `elements nest deeper than ${deepestNesting}`,
        fix: "pytest nests testsuites, testsuite and testcase only; this is not a report that a test runner wrote.",
        place: { file: this.#file, ...position }
      });
    }
  }
  #closeElement(name) {
    const position = this.#positionOf(this.#tokenStart);
    const depth = this.#open.lastIndexOf(name);
    if (depth < 0) return;
    for (const closed of this.#open.splice(depth)) {
      if (closed === "testsuite") this.#frames.push({ kind: "suite-end", ...position });
    }
  }
  #emitCapture(end) {
    const xml = this.#buffer.slice(this.#captureStart, end);
    const position = this.#capturePosition;
    if (this.#captureName === "testcase") {
      this.#frames.push({
        kind: "testcase",
        xml,
        texts: this.#texts.length > 0 ? this.#texts : noTexts,
        shortened: this.#shortened,
        ...position
      });
    } else this.#frames.push({ kind: "properties", xml, ...position });
    this.#captureStart = -1;
    this.#cut.run = -1;
    if (this.#texts.length > 0) this.#texts = [];
    this.#shortened = false;
  }
  /** Only white space may stand before and after the root. */
  #requireBlank(end) {
    if (this.#open.length > 0 || this.#captureStart >= 0) return;
    for (let i = this.#at; i < end; i++) {
      const code = this.#buffer.charCodeAt(i);
      if (code === 32 || code === 10 || code === 13 || code === 9 || code === 65279) continue;
      throw this.#rootSeen ? this.#trailing(i) : this.#notAReport("", i);
    }
  }
  /** Bounds the captured element: cuts the middle of the current text or value. */
  #bound() {
    if (this.#captureStart < 0) {
      if (this.#state !== "tag" || this.#buffer.length - this.#tokenStart <= largestTag) return;
      throw new ReportError({
        code: "element-too-large",
        message: `a tag is larger than ${largestTag >> 20} MiB`,
        fix: "This is not a report that a test runner wrote, or it was damaged.",
        place: { file: this.#file, ...this.#positionOf(this.#tokenStart) }
      });
    }
    const size = this.#buffer.length - this.#captureStart;
    if (size <= keptHead) return;
    const inRun = this.#state === "text" || this.#state === "cdata" || this.#quote !== "";
    const head = this.#runStart + (size > fullElement ? keptTail : keptHead);
    const tail = this.#at - keptTail;
    if (inRun && tail > head + keptTail) {
      const run = this.#runStart - this.#captureStart;
      const kept2 = this.#cut.run === run ? this.#buffer.slice(this.#captureStart, this.#captureStart + this.#cut.at) : this.#buffer.slice(this.#captureStart, head).replace(/&[^;&]{0,12}$|[\ud800-\udbff]$/, "");
      this.#cut = { run, at: kept2.length };
      const rest = this.#buffer.slice(tail).replace(/^[\udc00-\udfff]/, "");
      this.#countTo(tail);
      const removed = this.#buffer.length - this.#captureStart - kept2.length - rest.length - cutMark.length;
      this.#buffer = this.#buffer.slice(0, this.#captureStart) + kept2 + cutMark + rest;
      this.#at -= removed;
      this.#counted -= removed;
      this.#nextFeed -= removed;
      this.#shortened = true;
    } else if (size > largestElement) {
      throw new ReportError({
        code: "element-too-large",
        message: `one test's element is larger than ${largestElement >> 20} MiB`,
        fix: "Lower junit_logging, or look at what this test writes into its properties.",
        place: { file: this.#file, ...this.#capturePosition }
      });
    }
  }
  #dropConsumed() {
    const keepFrom = this.#captureStart >= 0 ? this.#captureStart : this.#state === "tag" ? this.#tokenStart : this.#at;
    if (keepFrom === 0) return;
    this.#countTo(keepFrom);
    this.#buffer = this.#buffer.slice(keepFrom);
    this.#at -= keepFrom;
    this.#tokenStart -= keepFrom;
    this.#runStart -= keepFrom;
    this.#counted -= keepFrom;
    this.#nextFeed -= keepFrom;
    if (this.#captureStart >= 0) this.#captureStart -= keepFrom;
  }
  #positionOf(index) {
    this.#countTo(index);
    return { line: this.#line, column: this.#column };
  }
  #countTo(index) {
    let at = this.#counted;
    if (index <= at) return;
    while (this.#nextFeed < index) {
      this.#line++;
      this.#column = 1;
      at = this.#nextFeed + 1;
      this.#nextFeed = feedAfter(this.#buffer, at, 0);
    }
    this.#column += index - at;
    this.#counted = index;
  }
  #doctype(at) {
    if (/^<!DOCTYPE\s+html\b/i.test(this.#buffer.slice(at, at + 40))) return this.#notAReport("html");
    return new ReportError({
      code: "doctype",
      message: "the file has a DOCTYPE, which no test report needs and which can carry attacks; it is not read",
      fix: "Remove the <!DOCTYPE …> declaration, or find out what put it there. pytest never writes one.",
      place: { file: this.#file, ...this.#positionOf(at) }
    });
  }
  #trailing(at) {
    return new ReportError({
      code: "trailing-content",
      message: "there is more after the end of the report",
      fix: "Were two reports written into one file? Upload each as a file of its own.",
      place: { file: this.#file, ...this.#positionOf(at) }
    });
  }
  /** @param at where text was found instead of an element */
  #notAReport(rootName, at) {
    const known2 = foreignRoots[rootName.toLowerCase()];
    const json = at !== void 0 && '[{"'.includes(this.#buffer.charAt(at));
    if (json && /"(?:historyId|testCaseId|fullName)"\s*:/.test(this.#buffer.slice(at, at + 65536)))
      return new ReportError({
        code: "json-not-xml",
        message: "this is a result of Allure, where a JUnit XML report is meant",
        fix: "Let pytest write one beside it: pytest --alluredir=allure-results --junitxml=results.xml",
        place: { file: this.#file }
      });
    return new ReportError({
      code: json ? "json-not-xml" : "not-a-report",
      message: json ? "this is JSON, where a JUnit XML report is meant" : rootName === "" ? "this is not XML" : `this is not a JUnit report: its root element is <${rootName.slice(0, 60)}>${known2 === void 0 ? "" : `, ${known2}`}`,
      fix: json ? (name) => name("standardInput") === void 0 ? `A coverage report goes into ${name("coverage")}.` : `A coverage report goes behind ${name("coverage")}: lukhas-upload results.xml ${name("coverage")} coverage.json` : "Give the file that pytest writes with: pytest --junitxml=results.xml",
      place: { file: this.#file }
    });
  }
};
var noFrames = [];
var noTexts = [];
var cutMark = " […shortened…] ";
var ownTag = /^<\/?test(?:case|suites?)[\s>/]/;
var longestOwnTag = "</testsuites>".length;
var foreignRoots = {
  coverage: "a Cobertura coverage report (coverage xml); coverage is read from `coverage json`",
  report: "a JaCoCo coverage report",
  "test-run": "NUnit 3's own format",
  "test-results": "NUnit 2's own format",
  assemblies: "xUnit.net's own format",
  testrun: "Visual Studio's TRX format",
  html: "a web page",
  "testng-results": "TestNG's own format",
  robot: "Robot Framework's own format (use --xunit)"
};
function feedAfter(text2, from, shift) {
  const feed = text2.indexOf("\n", from);
  return feed < 0 ? Number.POSITIVE_INFINITY : feed + shift;
}
function isTold(text2, open) {
  const next = text2.charCodeAt(open + 1);
  if (next === 47 || isNameStart(next)) return true;
  const start = text2.slice(open, open + 15);
  return start.length >= (/^<!D[^>]*$/i.test(start) ? 15 : 9);
}
function isNameStart(code) {
  return code >= 97 && code <= 122 || code >= 65 && code <= 90 || code === 95 || code === 58 || code >= 128;
}
function tagName(tag, from) {
  let end = from;
  for (; end < tag.length; end++) {
    const code = tag.charCodeAt(end);
    if (code === 32 || code === 62 || code === 47 || code === 10 || code === 13 || code === 9)
      break;
  }
  return tag.slice(from, end);
}

// src/read/report/message.ts
function readMessage(outcome, own, locations) {
  const { message, text: text2 } = outcome;
  if (message === void 0 || message === "" || message === "collection failure" || message === "internal error")
    return exceptionWords(text2) ?? message;
  const phase2 = /^failed on (setup|teardown) with "([\s\S]*)"$/.exec(message);
  if (phase2 === null)
    return (message.startsWith(text2.slice(0, 20)) ? doctestWords(text2) : void 0) ?? message;
  const missing = /^E +(fixture '[^'\n]*' not found|recursive dependency [^\n]*)$/m.exec(phase2[2] ?? "")?.[1];
  if (missing !== void 0) return `failed on ${phase2[1]} with "${missing}"`;
  const place = own === void 0 ? locations.findLast((l) => !installedFrame.test(l.path)) ?? locations.at(-1) : void 0;
  return place === void 0 ? message : `failed on ${phase2[1]} at ${place.path}:${place.line} with "${phase2[2]}"`;
}
function exceptionWords(text2) {
  const lines = newestException(text2).split("\n");
  const marked = lines.filter((line) => /^E +\S/.test(line)).map((line) => line.slice(1).trim());
  const [first] = marked;
  if (first !== void 0) {
    const isNamedLast = first.startsWith('File "') || first.includes("Traceback (most recent call last)");
    return (isNamedLast ? marked.findLast((line) => exceptionName.test(line)) : void 0) ?? first;
  }
  const native = lines.findIndex((line) => line.startsWith("Traceback (most recent call last)"));
  const words = native < 0 ? -1 : lines.findIndex((line, i) => i > native && /^\S/.test(line));
  return (words < 0 ? lines.find((line) => line.trim() !== "") : lines.slice(words).join("\n"))?.trim();
}
var exceptionName = /^[\w.]{0,200}(?:Error|Exception|Exit|Interrupt|Warning)(?::|$)/;
var doctestEnd2 = /^.*:\d+: (?:DocTestFailure|UnexpectedException)$/m;
function doctestWords(text2) {
  if (!/^\d{3,} /.test(text2) || !/:\d+: (?:DocTestFailure|UnexpectedException)\s*$/.test(text2.slice(-5e3)))
    return void 0;
  const end = doctestEnd2.exec(text2)?.index ?? text2.length;
  const lines = text2.slice(0, end).trimEnd().split("\n");
  const at = lines.findIndex((line) => /^(?:Expected|Got|Differences|UNEXPECTED EXCEPTION)\b/.test(line));
  const shown = at < 0 ? [] : lines.slice(0, at).map((line) => line.replace(/^\d{3,} {0,5}/, "").trim());
  const start = shown.findLastIndex((line) => line.startsWith(">>>"));
  if (start < 0) return void 0;
  const example = `${shown[start]}${shown[start + 1]?.startsWith("...") === true ? " …" : ""}`;
  const raised = /^UNEXPECTED EXCEPTION: (.*)$/.exec(lines[at] ?? "")?.[1];
  if (raised !== void 0) return `${example}: ${raised}`;
  return `${example}: ${difference(lines.slice(at))}

${lines.slice(at).join("\n")}`;
}
function difference(block) {
  if (/^Differences/.test(block[0] ?? "")) return "the output differs";
  const got = block.findIndex((line) => /^Got(?: nothing|:)$/.test(line));
  const of = (part) => part.slice(1).map((line) => line.replace(/^ {4}/, ""));
  const expected = of(got < 0 ? block : block.slice(0, got));
  const actual = of(got < 0 ? [] : block.slice(got));
  const most = Math.max(expected.length, actual.length);
  const at = [...new Array(most).keys()].find((i) => expected[i] !== actual[i]) ?? 0;
  const place = most > 1 ? ` (line ${at + 1})` : "";
  return `expected ${expected[at] ?? "nothing"}, got ${actual[at] ?? "nothing"}${place}`;
}

// src/read/checkout.ts
var mostSegments = 200;
var testModule = /(?:^|\/)(?:test_[^/]*|[^/]*_test|tests)\.py$/;

// src/read/report/node-id.ts
function mangle(path) {
  return path.replace(/\.py$/, "").replaceAll("/", ".");
}
function splitDotted(dotted) {
  if (dotted === "") return [];
  let up = 0;
  while (dotted.startsWith("...", up * 3)) up++;
  const rest = dotted.slice(up * 3);
  return [...new Array(up).fill(".."), ...rest === "" ? [] : rest.split(".")];
}
var rememberedClassnames = 1e4;
var longestRemembered = 1e3;
var rememberedFiles = 200;
function createNodeIds(evidence, checkout) {
  const remembered = /* @__PURE__ */ new Map();
  const files = /* @__PURE__ */ new Map();
  const declared = (file) => {
    const known2 = files.get(file);
    if (known2 !== void 0) return known2;
    if (files.size >= rememberedFiles) files.clear();
    const names = declaredNames(checkout?.readText(file) ?? "");
    files.set(file, names);
    return names;
  };
  let byFunction;
  const declaring = (classes, functionName) => {
    byFunction ??= indexFunctions(checkout);
    const found = (byFunction.get(functionName) ?? []).filter(
      ({ names }) => classes.every((name) => names.classes.has(name))
    );
    return found.length === 1 ? found[0]?.file : void 0;
  };
  const remember = (dotted) => {
    const known2 = remembered.get(dotted);
    if (known2 !== void 0) return known2;
    const key = owned(dotted);
    const segments = splitDotted(key);
    const words = isWords(segments);
    const found = segments.length > mostSegments ? { segments, candidates: [], module: void 0, isWords: words } : {
      segments,
      candidates: checkoutCandidates(segments, checkout),
      module: fromModules(segments, evidence.modules),
      isWords: words
    };
    if (key.length > longestRemembered) return found;
    if (remembered.size >= rememberedClassnames) remembered.clear();
    remembered.set(key, found);
    return found;
  };
  return {
    rebuild: (address, locations) => rebuildNodeId(address, locations, evidence, checkout, remember, declared, declaring),
    isAmbiguous: (address) => {
      if (address.file !== void 0 && address.file !== "") return false;
      const dotted = withoutPrefix(address, evidence.prefix);
      const { segments, candidates } = remember(dotted);
      if (namesNoFile(dotted, segments) || segments.length > mostSegments) return true;
      if (candidates.length === 0) return moduleCandidates(segments, evidence.modules).length > 1;
      if (candidates.length === 1) return false;
      const functionName = withoutParameters(address.name);
      const declaring2 = candidates.filter((c) => declared(c.file).functions.has(functionName));
      return declaring2.length !== 1;
    }
  };
}
var mostFunctions = 5e5;
function indexFunctions(checkout) {
  const byName = /* @__PURE__ */ new Map();
  let count2 = 0;
  for (const file of checkout?.testModules ?? []) {
    const names = declaredNames(checkout?.readText(file) ?? "");
    count2 += names.functions.size;
    if (count2 > mostFunctions) return /* @__PURE__ */ new Map();
    for (const name of names.functions) {
      const same = byName.get(name);
      if (same === void 0) byName.set(name, [{ file, names }]);
      else same.push({ file, names });
    }
  }
  return byName;
}
function declaredNames(text2) {
  const classes = /* @__PURE__ */ new Set();
  const functions = /* @__PURE__ */ new Set();
  for (const [, keyword, name = ""] of text2.matchAll(/(class|def)\s+([\p{L}_][\p{L}\p{N}_]*)/gu))
    (keyword === "class" ? classes : functions).add(owned(name));
  return { classes, functions };
}
function rebuildNodeId(address, locations, evidence, checkout, remember, declared, declaring) {
  const dotted = withoutPrefix(address, evidence.prefix);
  if (address.collected) return collectedModule(dotted, address, locations, evidence, checkout);
  if (dotted === "" && isBracketedPath(address.name)) return bracketedPath(address.name);
  const { segments, candidates, module, isWords: isWords2 } = remember(dotted);
  const withoutGroup = withoutXdistGroup(address.name);
  if (namesNoFile(dotted, segments))
    return withFile(
      unknownId(segments.slice(1).join("::"), withoutGroup),
      address,
      locations,
      checkout,
      declaring
    );
  const bareName2 = withoutParameters(withoutGroup);
  const found = fromFileAttribute(address.file, dotted) ?? fromCheckout(segments, candidates, bareName2, locations, declared) ?? fromLocations(segments, locations) ?? module ?? (isWords2 ? void 0 : fromConvention(segments, address.name));
  if (found === void 0) {
    return isWords2 ? withFile(unknownId(dotted, address.name), address, locations, checkout) : unknownId(dotted, withoutGroup);
  }
  const classes = collectorNames(segments.slice(found.segments), checkout);
  const testClass = classes.length > 1 ? classes.join("::") : classes[0];
  const name = found.file.endsWith(".py") ? withoutGroup : address.name;
  return {
    testName: testClass === void 0 ? `${found.file}::${name}` : `${found.file}::${testClass}::${name}`,
    testFile: found.file,
    testClass,
    testFunction: name === withoutGroup ? bareName2 : withoutParameters(name),
    source: found.source
  };
}
function withoutParameters(name) {
  const parameters = name.indexOf("[");
  return parameters < 0 ? name : name.slice(0, parameters);
}
function unknownId(dotted, name) {
  const functionName = withoutParameters(name);
  return {
    testName: dotted === "" ? name : `${dotted}::${name}`,
    testFile: void 0,
    testClass: dotted === "" ? void 0 : dotted,
    testFunction: functionName === "" ? void 0 : functionName,
    source: "unknown"
  };
}
function withoutXdistGroup(name) {
  if (!name.includes("@")) return name;
  const match = /^([\p{L}_][\p{L}\p{N}_]*)(?:@|(\[.*\])@[^\]]*$)/su.exec(name);
  return match === null ? name : `${match[1]}${match[2] ?? ""}`;
}
function namesNoFile(dotted, segments) {
  return dotted === "" || segments[0] === "" && (segments.length === 2 || segments.slice(1).every(isClassName));
}
function withFile(id, address, locations, checkout, declaring) {
  const attribute2 = address.file?.replaceAll("\\", "/") || void 0;
  const file = attribute2 ?? ownFile(locations, checkout, address.skipped === true);
  if (attribute2 === void 0 && isTestFunction(id)) {
    const declared = declaring?.(id.testClass?.split("::") ?? [], id.testFunction ?? "");
    if (declared !== void 0 && (file === void 0 || agreementOf(file, declared) > 0))
      return { ...id, testName: `${declared}::${id.testName}`, testFile: declared, source: "checkout" };
  }
  if (file === void 0) return id;
  return {
    ...id,
    // Words are the same test with and without a failure; a function's name is in many files. An absolute or installed path
    // is another one on the next machine.
    testName: attribute2 !== void 0 || isTestFunction(id) && !isAbsolute(file) && !isInstalled(file, locations) ? `${file}::${id.testName}` : id.testName,
    testFile: file,
    source: attribute2 === void 0 ? "traceback" : "file-attribute"
  };
}
function isTestFunction({ testFunction = "" }) {
  return /^test/.test(testFunction) && !/\s/.test(testFunction);
}
function isAbsolute(path) {
  return /^(?:\/|[A-Za-z]:\/)/.test(path);
}
function isInstalled(file, locations) {
  return locations.some(({ path }) => path.endsWith(`/${file}`) && installedFrame.test(path));
}
var runnerCheckout = /^(?:\/home\/runner\/work|\/Users\/runner\/work|[A-Za-z]:\/a|\/__w)\/([^/]+)\/\1\/(.+)$/;
function ownFile(locations, checkout, skipped) {
  const own = locations.filter(({ path: path2 }) => !installedFrame.test(path2));
  const isTest = ({ path: path2 }) => testModule.test(path2);
  const path = (own.find(isTest) ?? own.find((l) => !/(?:^|\/)conftest\.py$/.test(l.path)))?.path;
  if (path === void 0)
    return own.length > 0 ? void 0 : belowPackages.exec(locations.find(isTest)?.path ?? "")?.[1];
  if (!isAbsolute(path)) return path;
  return checkout?.inside(path) ?? runnerCheckout.exec(path)?.[2] ?? (skipped ? void 0 : path);
}
var belowPackages = /(?:^|\/)(?:site|dist)-packages\/(.+)$/;
function isWords(segments) {
  return segments.some((s) => /\S\s+\S+\s+\S/.test(s)) && !segments.some(isTestModule);
}
function collectorNames(segments, checkout) {
  if (segments.length < 2) return segments;
  const names = [];
  for (let at = 0; at < segments.length; ) {
    let taken = 1;
    for (let n = Math.min(segments.length - at, mostDots); n > 1 && taken === 1; n--) {
      if (checkout?.isFileName(segments.slice(at, at + n).join(".")) === true) taken = n;
    }
    const name = segments.slice(at, at + taken).join(".");
    const before = names.at(-1);
    if (before !== void 0 && taken === 1 && continues(before, name))
      names[names.length - 1] = `${before}.${name}`;
    else names.push(name);
    at += taken;
  }
  return names;
}
var mostDots = 6;
function continues(before, segment) {
  if (segment === "" || /^\d/.test(segment)) return true;
  const isFileName = !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(before) && !/\s/.test(before);
  return isFileName ? /^[a-z][a-z0-9]{0,5}$/.test(segment) : !isClassName(before) && isExtension(segment);
}
function withoutPrefix(address, prefix) {
  if (address.collected) return address.name;
  if (prefix === "") return address.classname;
  if (address.classname === prefix) return "";
  return address.classname.startsWith(`${prefix}.`) ? address.classname.slice(prefix.length + 1) : address.classname;
}
function collectedModule(dotted, address, locations, evidence, checkout) {
  const segments = splitDotted(dotted);
  if (namesNoFile(dotted, segments)) {
    const file2 = address.file?.replaceAll("\\", "/") || ownFile(locations, checkout, address.skipped === true);
    const source = address.file ? "file-attribute" : file2 === void 0 ? "unknown" : "traceback";
    const testName = [file2 ?? "a file that could not be collected", ...segments.slice(1)].join("::");
    return { testName, testFile: file2, testClass: void 0, testFunction: void 0, source };
  }
  const whole = (module) => module?.segments === segments.length ? module : void 0;
  const found = whole(fromFileAttribute(address.file, dotted)) ?? checkoutWhole(dotted, checkout) ?? whole(fromLocations(segments, locations)) ?? whole(segments.length > mostSegments ? void 0 : fromModules(segments, evidence.modules));
  const other = found === void 0 ? otherFile(segments, "test") : void 0;
  const file = found?.file ?? (other?.segments === segments.length ? other.file : conventionalFile(segments));
  return {
    testName: file,
    testFile: file,
    testClass: void 0,
    testFunction: void 0,
    source: found?.source ?? "convention"
  };
}
function checkoutWhole(dotted, checkout) {
  const file = checkout?.files(dotted)[0] ?? (checkout?.isFolder(dotted) === true ? dotted.replaceAll(".", "/") : void 0);
  return file === void 0 ? void 0 : { segments: splitDotted(dotted).length, file, source: "checkout" };
}
function isBracketedPath(name) {
  const file = name.search(/\.py(?:::|$)/);
  if (file < 0) return false;
  const open = name.indexOf("[");
  const close = name.indexOf("]", open);
  return open < 0 || open > file || !/\](?:@[^\]]*)?$/.test(name) || close >= 0 && close < file;
}
function bracketedPath(name) {
  const cut = name.indexOf("[");
  const id = cut < 0 ? name : name.slice(0, cut).replaceAll(".", "/") + name.slice(cut);
  const [file = id, ...rest] = id.split("::");
  const last = rest.at(-1);
  return {
    testName: id,
    testFile: file,
    testClass: rest.length > 1 ? rest.slice(0, -1).join("::") : void 0,
    testFunction: last?.split("[", 1)[0],
    source: "traceback"
  };
}
function fromFileAttribute(file, dotted) {
  if (file === void 0 || file === "") return void 0;
  const path = file.replaceAll("\\", "/");
  const module = mangle(path);
  if (dotted !== module && !dotted.startsWith(`${module}.`)) return void 0;
  return { segments: splitDotted(module).length, file: path, source: "file-attribute" };
}
function checkoutCandidates(segments, checkout) {
  const candidates = [];
  if (checkout === void 0) return candidates;
  for (let n = segments.length; n > 0; n--) {
    for (const file of checkout.files(segments.slice(0, n).join("."))) {
      if (n === segments.length || /\.[^/.]+$/.test(file)) candidates.push({ segments: n, file });
    }
  }
  const certain = candidates.filter((c) => c.segments === segments.length || c.file.endsWith(".py"));
  return certain.length > 0 ? certain : candidates;
}
function fromCheckout(segments, candidates, functionName, locations, declared) {
  if (candidates.length === 0) return void 0;
  const source = "checkout";
  const only = candidates[0];
  if (candidates.length === 1 && only !== void 0) return { ...only, source };
  const seen = candidates.filter(
    (c) => locations.some((l) => l.path === c.file || l.path.endsWith(`/${c.file}`))
  );
  if (seen.length === 1 && seen[0] !== void 0) return { ...seen[0], source };
  const className = (module) => segments[module.segments];
  const scored = (seen.length > 0 ? seen : candidates).map((module) => {
    const names = declared(module.file);
    const name = className(module);
    const hasClass = name === void 0 || names.classes.has(name);
    const hasFunction = names.functions.has(functionName);
    return { module, score: (hasClass ? 2 : 0) + (hasFunction ? 1 : 0) };
  });
  const best = Math.max(...scored.map((s) => s.score));
  const winner = preferred(
    segments,
    scored.filter((s) => s.score === best).map((s) => s.module)
  );
  return winner === void 0 ? void 0 : { ...winner, source };
}
function fromLocations(segments, locations) {
  let best;
  for (const [index, { path }] of locations.entries()) {
    const match = matchPath(segments, path);
    if (match === void 0) continue;
    if (best === void 0 || match.matched > best.matched || match.matched === best.matched && index > best.index) {
      best = { ...match, index };
    }
  }
  return best === void 0 ? void 0 : { segments: best.segments, file: best.file, source: "traceback" };
}
function matchPath(segments, path) {
  if (segments.length > mostSegments) return void 0;
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  let best;
  let tail = [];
  for (let used = 1; used <= parts.length; used++) {
    const part = parts[parts.length - used] ?? "";
    tail = [...(used === 1 ? part.replace(/\.py$/, "") : part).split("."), ...tail];
    if (tail.length > segments.length) break;
    const leading = runAt(segments, tail);
    if (leading < 0) {
      if (used > 1 || !segments.includes(tail[0] ?? "")) break;
      continue;
    }
    if (!isPlausible(segments.slice(leading + tail.length), used)) continue;
    const file = [...segments.slice(0, leading), ...parts.slice(parts.length - used)].join("/");
    best = { segments: leading + tail.length, file, matched: used, leading };
  }
  return best;
}
function isPlausible(rest, matched) {
  return !rest.some(isTestModule) && (matched > 1 || rest.every(isClassName));
}
function runAt(segments, run) {
  for (let at = 0; at + run.length <= segments.length; at++) {
    if (run.every((segment, i) => segments[at + i] === segment)) return at;
  }
  return -1;
}
function moduleCandidates(segments, modules) {
  const candidates = [];
  for (let n = segments.length; n > 0; n--) {
    const file = modules.get(segments.slice(0, n).join("."));
    if (file !== void 0) candidates.push({ segments: n, file });
  }
  return candidates;
}
function fromModules(segments, modules) {
  const winner = preferred(segments, moduleCandidates(segments, modules));
  return winner === void 0 ? void 0 : { ...winner, source: "traceback" };
}
function preferred(segments, candidates) {
  return candidates.find((c) => isTestModule(segments[c.segments - 1] ?? "")) ?? candidates[0];
}
function isTestModule(segment) {
  return /^test_|_test$/.test(segment);
}
function isClassName(segment) {
  return new RegExp("^(?:Test|\\p{Lu})", "u").test(segment);
}
function fromConvention(segments, name) {
  if (segments.length === 0) return void 0;
  const source = "convention";
  const ownName = name.split(".");
  if (ownName.length > 1 && segments.length >= ownName.length && segments.slice(-ownName.length).join(".") === name) {
    return {
      segments: segments.length,
      file: [...segments.slice(0, -ownName.length), name].join("/"),
      source
    };
  }
  const other = otherFile(segments, name);
  if (other !== void 0) return { ...other, source };
  const last = segments.findLastIndex(isTestModule);
  if (last >= 0) {
    let end2 = last + 1;
    while (/^tests?$|_tests$|^tests_/.test(segments[end2] ?? "")) end2++;
    return { segments: end2, file: conventionalFile(segments.slice(0, end2)), source };
  }
  const firstClass = segments.findIndex((segment, i) => i > 0 && isClassName(segment));
  const end = firstClass < 0 ? segments.length : firstClass;
  return { segments: end, file: conventionalFile(segments.slice(0, end)), source };
}
function conventionalFile(segments) {
  return `${conventionalPath(segments)}.py`;
}
function conventionalPath(segments) {
  const path = segments.join("/");
  return path.startsWith("/") || path.includes("//") ? path.replace(/(^|\/)\//g, "$1.") : path;
}
var extensions = new Set("ipynb yaml yml md rst txt feature robot toml".split(" "));
var neverModules = /* @__PURE__ */ new Set(["ipynb", "feature", "robot"]);
var rarerExtensions = new Set(
  "json sql html xml csv cfg ini sh bats graphql proto http j2 js ts c cc cpp rs go rb test".split(" ")
);
function isExtension(segment) {
  return extensions.has(segment) || rarerExtensions.has(segment);
}
function otherFile(segments, name) {
  const at = segments.findLastIndex((segment, i) => i > 0 && isExtension(segment));
  const extension = segments[at];
  if (extension === void 0) return void 0;
  if (!neverModules.has(extension)) {
    const rest = segments.slice(at + 1);
    if (rest.some(isTestModule) || rest.some(isClassName) || isDoctestOf(segments, name)) return void 0;
    const isPython = (segment) => isTestModule(segment) || isClassName(segment);
    if (!extensions.has(extension) && (/^test\w*(?:\[|$)/i.test(name) || segments.slice(0, at).some(isPython)))
      return void 0;
  }
  let start = at;
  while (start > 1 && /^\d|^tavern$/.test(segments[start - 1] ?? "")) start--;
  const file = [conventionalPath(segments.slice(0, start)), ...segments.slice(start, at + 1)].join(".");
  return { segments: at + 1, file };
}
function isDoctestOf(segments, name) {
  const last = segments.at(-1) ?? "";
  const before = name.split(".");
  const at = before.lastIndexOf(last);
  return at >= 0 && segments.slice(-at - 1).join(".") === before.slice(0, at + 1).join(".");
}

// src/read/report/statement.ts
var longest = 2e3;
var mostLines = 40;
function findStatement(text2, location2) {
  if (location2 === void 0) return void 0;
  const lines = typeof text2 === "string" ? text2.split("\n") : text2;
  const at = lines.findLastIndex((line2) => isLocationLine(line2, location2));
  if (at < 0) return void 0;
  const line = lines[at] ?? "";
  const native = /^[\s|]*File "/.test(line);
  const statement = native || /: in \S/.test(line) ? sourceBelow(lines, at, native) : sourceAbove(lines, at);
  const trimmed = statement?.trim().slice(0, longest);
  return trimmed === void 0 || trimmed === "" || trimmed === "???" ? void 0 : trimmed;
}
function isLocationLine(line, { path, line: number }) {
  const slashed = line.includes("\\") ? line.replaceAll("\\", "/") : line;
  if (slashed.startsWith(`${path}:${number}:`) || slashed === `${path}:${number}`) return true;
  return slashed.includes(`File "${path}", line ${number}, in `) && /^[\s|]*File "/.test(slashed);
}
function sourceBelow(lines, at, native) {
  const source = [];
  const bar = native ? /^\s*\|/ : void 0;
  const margin = native ? (/^[\s|]*/.exec(lines[at] ?? "")?.[0].length ?? 0) + 2 : 4;
  for (let i = at + 1; i < lines.length && source.length < mostLines; i++) {
    const raw = lines[i] ?? "";
    const line = bar === void 0 ? raw : raw.replace(bar, (m) => " ".repeat(m.length));
    if (line.trim() === "" || line.slice(0, margin).trim() !== "" || /^\s*File "/.test(line)) break;
    if (!isCarets(line)) source.push(line.slice(margin));
  }
  return source.length === 0 ? void 0 : source.join("\n");
}
function sourceAbove(lines, at) {
  let mark = at - 1;
  while (mark >= 0 && !/^>(?: |$)/.test(lines[mark] ?? "")) {
    if (/^(?:_ ){10}/.test(lines[mark] ?? "")) return void 0;
    mark--;
  }
  if (mark < 0 || /^> +(?:available fixtures: |use 'pytest --fixtures)/.test(lines[mark] ?? ""))
    return void 0;
  const bare = (line) => line.replace(/^>/, " ");
  const statement = [bare(lines[mark] ?? "")];
  for (let i = mark + 1; i < at && statement.length < mostLines; i++) {
    const line = lines[i] ?? "";
    if (/^E(?: |$)/.test(line) || line.trim() === "") break;
    if (!isCarets(line)) statement.push(line);
  }
  for (let i = mark - 1; i >= 0 && balance(statement.join("\n")) < 0 && statement.length < mostLines; i--) {
    const line = lines[i] ?? "";
    if (line.trim() === "" || !line.startsWith(" ")) break;
    statement.unshift(line);
  }
  return statement.join("\n");
}
function balance(source) {
  let depth = 0;
  for (const char of source) {
    if (char === "(" || char === "[" || char === "{") depth++;
    else if (char === ")" || char === "]" || char === "}") depth--;
  }
  return depth;
}
function isCarets(line) {
  return /^\s*[~^]+\s*$/.test(line);
}

// src/read/report/place.ts
function findPlace(query) {
  const { lines, locations, errorType } = query;
  const raised = locations.at(-1);
  if (raised === void 0 || errorType === "FixtureLookupError") return void 0;
  const cycle = errorType === "RecursionError" ? placeInCycle(query) : void 0;
  if (cycle !== void 0) return placeAt(cycle, nameOf(cycle, query), lines);
  const at = locations.findLastIndex((location2) => !isLibrary(location2, query.testFile));
  const deepest = locations[at] ?? raised;
  const name = nameOf(deepest, query);
  if (at < 0 || !isOwn(deepest, at, name, query)) return placeAt(deepest, name, lines);
  if (deepest === raised || errorType === "AssertionError" || errorType === "Failed") return void 0;
  return placeAt(raised, nameOf(raised, query), lines);
}
function placeInCycle(query) {
  const { locations, testFile } = query;
  const places = placesInCycle(locations);
  const least = [...places].sort(([a], [b]) => a < b ? -1 : 1).slice(0, mostOfCycle);
  let ofLibrary;
  for (const [, at] of least) {
    const location2 = locations[at];
    if (location2 === void 0 || isOwn(location2, at, nameOf(location2, query), query)) continue;
    if (!isLibrary(location2, testFile)) return location2;
    ofLibrary ??= location2;
  }
  return ofLibrary;
}
function placesInCycle(locations) {
  const counts = /* @__PURE__ */ new Map();
  const keys = locations.map(({ path, line }) => `${path}:${line}`);
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const rounds = Math.max(...counts.values());
  const isIn = (key) => 4 * (counts.get(key) ?? 0) > rounds;
  const last = keys.findLastIndex((key) => (counts.get(key) ?? 0) > 1);
  const from = last < 0 ? keys.length : keys.indexOf(keys[last] ?? "");
  return new Map(
    [...keys.entries()].flatMap(([at, key]) => (rounds < 10 ? at >= from : isIn(key)) ? [[key, at]] : [])
  );
}
var mostOfCycle = 50;
function placeAt(location2, name, lines) {
  return {
    file: location2.path,
    line: location2.line,
    function: name === void 0 || name.startsWith("<") ? void 0 : name,
    statement: findStatement(lines, location2)
  };
}
var standardLibrary = /(?:^|\/)(?:lib(?:64)?\/(?:python|pypy)\d[^/]*|Lib)\//;
function isLibrary({ path }, testFile) {
  if (!installedFrame.test(path) && !standardLibrary.test(path)) return false;
  return testFile === void 0 || agreementOf(path, testFile) === 0;
}
function isOwn(location2, at, name, query) {
  const { testFile, testFunction, isCall } = query;
  const inOwnFile = testFile !== void 0 && agreementOf(location2.path, testFile) > 0;
  if (testFunction === void 0) return inOwnFile;
  if (!isCall) return false;
  if (name === void 0 || name.startsWith("<")) return inOwnFile;
  if (name !== testFunction) return false;
  return inOwnFile || at === query.locations.findIndex((outer) => !isLibrary(outer, testFile));
}
function nameOf(location2, { lines, testFunction }) {
  if (location2.function !== void 0) return location2.function.split(".").at(-1);
  if (testFunction === void 0) return void 0;
  const at = lines.findLastIndex((line) => isLocationLine(line, location2));
  let margin = Number.POSITIVE_INFINITY;
  for (let i = at - 1; i >= 0; i--) {
    const line = lines[i] ?? "";
    if (line.startsWith("_ _ _ _ ")) return void 0;
    if (margin === Number.POSITIVE_INFINITY && !line.startsWith(">")) continue;
    const indent = line.search(/[^> ]/);
    if (indent < 0 || indent >= margin) continue;
    margin = indent;
    const name = /^[> ]\s*(?:async )?def ([\p{L}_][\p{L}\p{N}_]*)/u.exec(line)?.[1];
    if (name !== void 0) return name;
  }
  return void 0;
}

// src/read/report/survey.ts
import { createHash as createHash2 } from "node:crypto";

// src/read/report/written-by.ts
var modern = "name errors failures skipped tests time timestamp hostname";
var sorted = "errors failures hostname name skipped tests time timestamp";
var oldest = "errors failures name skipped tests time";
var known = new Set(modern.split(" "));
function isPytestSuite(root, suite, depth) {
  if (suite?.get("name") === "pytest" || root.attributes.get("name") === "pytest tests") return true;
  if (suite === void 0 || depth > 1) return false;
  const isBare = root.name === "testsuite";
  if (!isBare && root.attributes.size > 0) return false;
  if (suite.size === 0) return true;
  if (suite.has("package")) return false;
  const order = [...suite.keys()].filter((attribute2) => known.has(attribute2)).join(" ");
  return isBare ? order === oldest : order === modern || order === sorted;
}

// src/read/report/survey.ts
async function surveyReports(files, options) {
  const bad = /* @__PURE__ */ new Map();
  const first = await surveyOnce(files, options, bad);
  const { cut } = first;
  if (!options.allowIncomplete && bad.size + cut.size === files.length)
    for (const [file, { place, collected }] of cut) bad.set(file, truncated(place, collected));
  if (files.length > 0 && bad.size === files.length) throw noneTaken([...bad.values()]);
  const taken = files.filter((file) => !bad.has(file));
  const survey = bad.size === 0 ? first : await surveyOnce(taken, { allowIncomplete: true });
  const problems = files.flatMap((file) => {
    const half = cut.get(file);
    const error = half === void 0 || options.allowIncomplete ? void 0 : halfTaken(half.place, half.collected);
    return bad.get(file) ?? error ?? [];
  });
  const incomplete = options.allowIncomplete ? [...cut.values()].map(({ place }) => place) : [];
  return { ...survey, files: taken, problems, incomplete };
}
async function surveyOnce(files, options, bad) {
  const hashes = [];
  const collector = new Collector();
  const cut = /* @__PURE__ */ new Map();
  let bytes = 0;
  for (const file of files) {
    const hash = createHash2("sha256").update(`${file.bytes}
`);
    collector.startFile(file.name);
    const counted = countBytes(file, hash, (count2) => {
      bytes += count2;
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
          collected: { testcases: collector.testcasesOfFile, last: collector.lastTestcase }
        });
      }
      collector.endFile();
      await collector.findRepeats(file);
    } catch (error) {
      if (bad === void 0 || !(error instanceof InputError || error instanceof ReportError)) throw error;
      bad.set(file, error);
    }
    hashes.push(hash.digest("hex"));
  }
  return { ...collector.finish(), sha256: hashInAnyOrder(hashes), cut };
}
function hashInAnyOrder(hashes) {
  const [only = "", ...others] = [...hashes].sort();
  return others.length === 0 ? only : createHash2("sha256").update([only, ...others].join("\n")).digest("hex");
}
function noneTaken([first, ...others]) {
  if (first === void 0 || others.length === 0) return first;
  const names = others.slice(0, 5).map((error) => error.place?.file ?? "another one");
  const more = others.length > names.length ? ` and ${others.length - names.length} more` : "";
  return new ReportError({
    code: first.code,
    message: `${first.message}. The other reports cannot be taken either: ${names.join(", ")}${more}`,
    fix: (name) => first.fixIn(name),
    place: first.place
  });
}
async function* countBytes(file, hash, onBytes) {
  for await (const chunk of file.open()) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
}
var wholeFile = "Upload the whole file (was the disk full, or the copy interrupted?)";
function truncated(place, collected) {
  return new ReportError({
    code: "truncated",
    message: cutOff(collected),
    fix: (name) => {
      const allow = name("allowIncomplete");
      return `${wholeFile}${allow === void 0 ? "" : `, or store what is whole of it with ${allow}`}.`;
    },
    place
  });
}
function halfTaken(place, collected) {
  const message = `${cutOff(collected)}${collected.last === void 0 ? "" : "; what is complete was taken"}`;
  return new ReportError({ code: "truncated", message, fix: `${wholeFile}.`, place });
}
function cutOff({ testcases, last }) {
  return `the report is cut off: it ends before its root element does. ${last === void 0 ? "Not one test in it is complete" : `${testcases} ${testcases === 1 ? "test is" : "tests are"} complete, the last one is ${last}`}`;
}
var mostClassnames = 2e4;
var mostClassnamesOfFiles = 1e5;
var mostModules = 2e5;
var longestName = 1e3;
var longestPath = 4096;
var longestValue = 1e4;
var searchesPerClassname = 3;
var Collector = class {
  testcasesOfFile = 0;
  #file = "";
  #testcases = 0;
  #lastXml;
  #root = { name: "", attributes: /* @__PURE__ */ new Map() };
  /** The suites around the next testcase, outermost first. */
  #open = [];
  #isWriterKnown = false;
  #suites = [];
  #duration;
  #properties = /* @__PURE__ */ new Map();
  /** Searched failures per classname. Cleared when large: searching again does no harm. */
  #searches = /* @__PURE__ */ new Map();
  #classnames = /* @__PURE__ */ new Set();
  #classnamesByFile = /* @__PURE__ */ new Map();
  #classnamesOfFiles = 0;
  /** Modules that failed or were skipped during collection, without the prefix: as good as classnames. */
  #collected = /* @__PURE__ */ new Set();
  /** The dotted start that all classnames share; undefined before the first. */
  #common;
  #modules = /* @__PURE__ */ new Map();
  /** Modules found after leading segments that may be the prefix; `finish` decides. */
  #behindLeading = [];
  #prefixVotes = /* @__PURE__ */ new Map();
  #foreign = /* @__PURE__ */ new Set();
  #teardownErrors = /* @__PURE__ */ new Set();
  #hints = new RepeatHints();
  #repeats = new RepeatFinder();
  #isReadable = false;
  #empty = [];
  /** Of the root and the open suites, outermost first. */
  #counts = [];
  #unseen = [];
  startFile(name) {
    this.#file = name;
    this.#hints.startFile();
    this.#open = [];
    this.#counts = [];
    this.#isReadable = false;
    this.#isWriterKnown = false;
    this.#searches.clear();
    this.testcasesOfFile = 0;
    this.#lastXml = void 0;
  }
  endFile() {
    while (this.#counts.length > 0) this.#endCount();
    if (!this.#isReadable) this.#empty.push(this.#file);
  }
  /** Ends the file: reads it once more where it may hold several attempts of one test. */
  async findRepeats(file) {
    const { suites } = this.#hints;
    this.#hints.endSuite();
    if (!this.#hints.found) {
      this.#repeats.skip(suites);
      return;
    }
    for await (const frames of readFrames(decodeText(file.open(), file.name), file.name)) {
      for (const frame of frames) {
        if (frame.kind === "suite") this.#repeats.startSuite(parseStartTag(frame.xml).get("tests"));
        else if (frame.kind === "testcase") this.#repeats.add(frame.xml);
      }
    }
    this.#repeats.endSuite();
  }
  /** The last complete test's address, for messages. */
  get lastTestcase() {
    if (this.#lastXml === void 0) return void 0;
    const attributes = parseStartTag(startTag(this.#lastXml));
    return [attributes.get("classname"), attributes.get("name")].filter((part) => part).join(" :: ").slice(0, 300);
  }
  take(frames) {
    const candidates = [];
    for (const frame of frames) {
      switch (frame.kind) {
        case "root":
          this.#root = { name: frame.name, attributes: parseStartTag(frame.xml) };
          if (frame.name === "testsuites") this.#counts = [countOf(this.#root.attributes)];
          break;
        case "suite":
          this.#takeSuite(parseStartTag(frame.xml));
          break;
        case "suite-end":
          this.#open.pop();
          this.#endCount();
          this.#isWriterKnown = false;
          break;
        case "properties":
          for (const [name, value] of parseProperties(frame.xml)) {
            if (!this.#properties.has(name) && this.#properties.size < 1e3)
              this.#properties.set(owned(name.slice(0, longestName)), owned(value.slice(0, longestValue)));
          }
          break;
        case "testcase":
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
    const unusual2 = [];
    for (const frame of candidates) {
      const read = readFirstText(frame);
      if (read === void 0) unusual2.push(frame);
      else this.#takeEvidence(read);
    }
    if (unusual2.length === 0) return;
    for (const testcase of parseTestcases(unusual2).testcases) {
      if (!("malformed" in testcase)) this.#takeEvidence(testcase);
    }
  }
  finish() {
    let prefix = "";
    let most = this.#prefixVotes.get("") ?? 0;
    for (const [candidate, votes] of this.#prefixVotes) {
      if (votes > most && isDottedStart(candidate, this.#common ?? "")) [prefix, most] = [candidate, votes];
    }
    for (const { leading, dotted, file } of this.#behindLeading) {
      if (leading === prefix)
        addModule(this.#modules, dotted.slice(prefix.length + 1), file.slice(prefix.length + 1));
      else addModule(this.#modules, dotted, file);
    }
    const withoutPrefix2 = (names) => {
      const bare = /* @__PURE__ */ new Set();
      for (const name of names) {
        if (name === prefix) continue;
        bare.add(prefix !== "" && name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : name);
      }
      return bare;
    };
    const classnames = /* @__PURE__ */ new Set([...this.#collected, ...withoutPrefix2(this.#classnames)]);
    const classnamesByFile = /* @__PURE__ */ new Map();
    for (const [file, names] of this.#classnamesByFile) classnamesByFile.set(file, withoutPrefix2(names));
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
      unseen: this.#unseen
    };
  }
  #countFailure(frame) {
    const { xml } = frame;
    if (xml.endsWith("/>")) return;
    const suite = this.#counts.findLast(({ failures }) => failures > 0);
    if (suite === void 0 || suite.seen || !/<(?:failure|error)\b/.test(xml)) return;
    suite.seen = parseTestcases([frame]).testcases.some(
      (testcase) => (
        // A malformed one is told by itself.
        "malformed" in testcase || testcase.outcomes.some(({ kind }) => kind !== "skipped")
      )
    );
  }
  #endCount() {
    const suite = this.#counts.pop();
    if (suite === void 0) return;
    const isMissing = suite.failures > 0 && !suite.seen;
    if (isMissing && this.#unseen.length < mostUnseen)
      this.#unseen.push({ file: this.#file, failures: suite.failures });
    const outer = this.#counts.at(-1);
    if (outer !== void 0 && (suite.seen || isMissing)) outer.seen = true;
  }
  #takeSuite(attributes) {
    this.#open.push(attributes);
    this.#counts.push(countOf(attributes));
    this.#isWriterKnown = false;
    this.#hints.startSuite(attributes.get("tests"));
    if (this.#open.length > 1) return;
    if (this.#suites.length < 1e3) {
      this.#suites.push({
        file: this.#file,
        timestamp: attributes.get("timestamp")?.slice(0, longestName),
        hostname: attributes.get("hostname")?.slice(0, longestName)
      });
    }
    const time = readDuration(attributes.get("time"));
    if (time !== void 0) this.#duration = (this.#duration ?? 0) + time;
  }
  #findWriter() {
    this.#isWriterKnown = true;
    if (!isPytestSuite(this.#root, this.#open.at(-1), this.#open.length)) this.#foreign.add(this.#file);
  }
  /** Whether a testcase may name its module's file and that file is not known yet. */
  #mayHaveEvidence(xml) {
    const hasContent = !xml.endsWith("/>");
    const classname = this.#classnameOf(xml);
    const isTeardown = hasContent && xml.includes("teardown") && teardownError.test(xml);
    this.#hints.add(xml, isTeardown);
    if (!hasContent && !xml.includes(' file="')) return false;
    if (isTeardown) return true;
    const searches = this.#searches.get(classname) ?? 0;
    if (classname !== "" && (searches >= searchesPerClassname || this.#isModuleKnown(classname)))
      return false;
    if (!/ file="|<(?:failure|error|skipped)\b/.test(xml)) return false;
    if (classname.length <= longestName) this.#searches.set(owned(classname), searches + 1);
    return true;
  }
  #classnameOf(xml) {
    const at = xml.indexOf(' classname="') + 12;
    const end = at > 11 ? xml.indexOf('"', at) : -1;
    const classname = end < 0 ? "" : xml.slice(at, end);
    if (!this.#searches.has(classname)) this.#addClassname(owned(classname));
    return classname;
  }
  #isModuleKnown(classname) {
    if (this.#modules.size === 0) return false;
    for (let end = classname.length; end > 0; end = classname.lastIndexOf(".", end - 1)) {
      if (this.#modules.has(classname.slice(0, end))) return true;
    }
    return false;
  }
  #takeEvidence(testcase) {
    const { classname = "", name = "" } = testcase;
    if (isTeardownError(testcase) && this.#teardownErrors.size < mostModules) {
      this.#teardownErrors.add(owned(addressKey(testcase)));
    }
    const collected = isCollected(testcase) && (classname === "" || !new RegExp("^(?:Test|\\p{Lu})", "u").test(name));
    const dotted = collected ? name : classname;
    if (collected) {
      this.#vote(classname);
      if (this.#collected.size < mostClassnames && name.length <= longestName)
        this.#collected.add(owned(name));
    }
    const byFile = fromFileAttribute(testcase.file, dotted);
    if (byFile !== void 0) {
      this.#vote("");
      addModule(this.#modules, splitDotted(dotted).slice(0, byFile.segments).join("."), byFile.file);
      return;
    }
    const segments = splitDotted(dotted);
    for (const outcome of testcase.outcomes.slice(0, 3)) {
      const locations = outcome.kind === "skipped" ? readSkipText(outcome.text) : readFailureText(outcome.text, outcome.message).locations;
      for (const { path } of locations) {
        const match = matchPath(segments, path);
        if (match === void 0) continue;
        const leading = segments.slice(0, match.leading).join(".");
        if (path.startsWith("/") || /^[A-Za-z]:\//.test(path)) this.#vote(leading);
        const module = segments.slice(0, match.segments).join(".");
        if (leading === "") addModule(this.#modules, module, match.file);
        else if (this.#behindLeading.length < mostModules && dotted.length <= longestName) {
          this.#behindLeading.push({
            leading: owned(leading),
            dotted: owned(module),
            file: owned(match.file)
          });
        }
      }
    }
  }
  #vote(prefix) {
    const votes = this.#prefixVotes.get(prefix);
    if (prefix.length > longestName || votes === void 0 && this.#prefixVotes.size >= mostClassnames)
      return;
    this.#prefixVotes.set(owned(prefix), (votes ?? 0) + 1);
  }
  #addClassname(classname) {
    if (classname.length > longestName) return;
    if (this.#searches.size >= mostClassnames) this.#searches.clear();
    this.#searches.set(classname, 0);
    if (this.#classnames.size < mostClassnames) this.#classnames.add(classname);
    if (this.#classnamesOfFiles++ < mostClassnamesOfFiles) {
      const names = this.#classnamesByFile.get(this.#file);
      if (names === void 0) this.#classnamesByFile.set(this.#file, /* @__PURE__ */ new Set([classname]));
      else names.add(classname);
    }
    if (classname !== "")
      this.#common = this.#common === void 0 ? classname : commonStart(this.#common, classname);
  }
};
var mostUnseen = 20;
function countOf(attributes) {
  return { failures: amount(attributes, "failures") + amount(attributes, "errors"), seen: false };
}
function amount(attributes, name) {
  const text2 = attributes.get(name)?.trim() ?? "";
  return /^\d{1,9}$/.test(text2) ? Number(text2) : 0;
}
function isReadable(testcase) {
  return !("malformed" in testcase) && !isUnnamed(testcase);
}
function commonStart(a, b) {
  if (isDottedStart(a, b)) return a;
  let end = 0;
  for (let i = 0; i < Math.min(a.length, b.length) && a[i] === b[i]; i++) if (a[i] === ".") end = i;
  const shorter = a.length < b.length ? a : b;
  return isDottedStart(shorter, a) && isDottedStart(shorter, b) ? shorter : a.slice(0, end);
}
function isDottedStart(start, name) {
  return start === name || name.startsWith(`${start}.`);
}
function readFirstText({ xml, texts, line, column }) {
  const [start, end] = texts;
  if (start === void 0) return void 0;
  const head = xml.slice(0, start);
  const child = /^<(failure|error|skipped)\b[^>]*>$/.exec(head.slice(Math.max(0, head.lastIndexOf("<"))));
  if (child === null || /message="(?:collection |failed on teardown|test teardown|internal error)/.test(head))
    return void 0;
  const attributes = parseStartTag(startTag(xml));
  return {
    line,
    column,
    classname: attributes.get("classname"),
    name: attributes.get("name"),
    file: attributes.get("file"),
    defLine: void 0,
    time: void 0,
    outcomes: [
      {
        kind: child[1],
        type: void 0,
        message: void 0,
        text: withoutColour(decodeReferences(xml.slice(start, end)))
      }
    ],
    properties: []
  };
}
function addModule(modules, dotted, file) {
  if (modules.size < mostModules && dotted.length <= longestName && !modules.has(dotted))
    modules.set(owned(dotted), owned(file.slice(-longestPath)));
}
function isCollected(testcase) {
  return testcase.outcomes.some(
    (o) => o.message === "collection failure" || o.message === "collection skipped"
  );
}
function isTeardownError(testcase) {
  const message = testcase.outcomes.find((o) => o.kind === "error")?.message ?? "";
  return message.startsWith("failed on teardown with ") || message === "test teardown failure";
}
function startTag(xml) {
  let at = 0;
  for (; ; ) {
    const end = xml.indexOf(">", at);
    const quote = xml.indexOf('"', at);
    if (end < 0) return xml;
    if (quote < 0 || quote > end) return xml.slice(0, end + 1);
    const close = xml.indexOf('"', quote + 1);
    if (close < 0) return xml;
    at = close + 1;
  }
}

// src/read/report/junit.ts
var batchLength = 64 * 1024;
var mostMalformedWarnings = 20;
async function* readResults(files, options) {
  const reader = new ResultReader(options);
  const names = files.length > 1 ? new SharedNames(files) : void 0;
  let testcases = 0;
  let bytes = 0;
  for (const file of files) {
    reader.startFile(file.name);
    const counted = count(file.open(), (n) => {
      bytes += n;
      options.onProgress?.(bytes);
    });
    let batch = [];
    let length = 0;
    for await (const frames of readFrames(decodeText(counted, file.name), file.name)) {
      for (const frame of frames) {
        if (frame.kind === "suite") {
          testcases += batch.length;
          const rest = [...reader.take(batch), ...reader.startSuite()];
          names?.add(file.name, rest);
          if (rest.length > 0) yield rest;
          [batch, length] = [[], 0];
        }
        if (frame.kind !== "testcase") continue;
        batch.push(frame);
        length += frame.xml.length;
        if (length < batchLength) continue;
        testcases += batch.length;
        const ready = reader.take(batch);
        names?.add(file.name, ready);
        yield ready;
        [batch, length] = [[], 0];
      }
    }
    testcases += batch.length;
    const last = [...reader.take(batch), ...reader.endFile()];
    names?.add(file.name, last);
    yield last;
  }
  if (testcases !== options.survey.testcases) {
    throw new ReportError({
      code: "changed-while-reading",
      message: `${files.length === 1 ? "the report" : "a report"} changed while it was read: ${options.survey.testcases} tests at first, then ${testcases}`,
      fix: "Upload after pytest has ended.",
      place: { file: files.length === 1 ? files[0]?.name : void 0 }
    });
  }
  reader.summarise();
  const shared = names?.warning(options.naming ?? asOptions);
  if (shared !== void 0) options.onWarning(shared);
}
var nameSlots = 1 << 20;
var SharedNames = class {
  #files;
  #hashes = new Int32Array(nameSlots);
  #owners = new Uint32Array(nameSlots);
  #count = 0;
  #example;
  constructor(files) {
    this.#files = files;
  }
  add(report, results) {
    const owner = this.#files.findIndex((file) => file.name === report) + 1;
    for (const result of results) {
      result.report = report;
      const { testName } = result;
      let hash = testName.length;
      for (let i = 0; i < testName.length && i < 1e4; i++)
        hash = Math.imul(hash ^ testName.charCodeAt(i), 16777619);
      const slot = (hash ^ hash >>> 20) & nameSlots - 1;
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
  warning(name) {
    if (this.#count === 0) return void 0;
    return {
      code: "same-test-in-reports",
      message: `${this.#count} ${this.#count === 1 ? "test stands" : "tests stand"} in several reports under one name, for example ${this.#example}; each is kept. If the reports are of different projects, upload each by itself, with ${name("rootdir")} and ${name("uploadKey")}`
    };
  }
};
async function* count(chunks, onBytes) {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}
var ResultReader = class {
  #options;
  #window;
  #attempts;
  #nodeIds;
  /** Written before the ids of the report. */
  #folder = "";
  #file = "";
  #malformed = new Counter();
  #replaced = new Counter();
  #shortened = new Counter();
  #interrupted = new Counter();
  #lostAttributes = new Counter();
  constructor(options) {
    this.#options = options;
    this.#window = new TeardownWindow(options.survey.teardownErrors);
    this.#attempts = new AttemptJoiner(options.survey.repeats);
    this.#nodeIds = createNodeIds(options.survey.evidence, options.checkout);
  }
  startFile(name) {
    this.#file = name;
    const project = this.#options.projects?.get(name);
    this.#folder = project?.folder ?? "";
    if (project !== void 0) this.#nodeIds = createNodeIds(this.#options.survey.evidence, project.checkout);
  }
  take(frames) {
    if (frames.length === 0) return [];
    const { testcases, replacedCharacters } = parseTestcases(frames);
    this.#replaced.add(replacedCharacters, this.#file);
    for (const frame of frames) if (frame.shortened) this.#shortened.add(1, this.#file);
    const ready = [];
    for (const testcase of testcases) {
      if ("malformed" in testcase) {
        this.#malformed.add(1, this.#file);
        if (this.#malformed.count <= mostMalformedWarnings) {
          this.#warn({
            code: "malformed-testcase",
            message: `one test is not well-formed XML and was left out (${testcase.malformed}): ${testcase.excerpt}`,
            file: this.#file,
            line: testcase.line,
            column: testcase.column,
            severity: "error"
          });
        }
        continue;
      }
      if (testcase.lostAttribute === true) this.#lostAttributes.add(1, this.#file);
      if (isUnnamed(testcase)) {
        this.#interrupted.add(1, this.#file);
        continue;
      }
      if (this.#attempts.isRepeated(testcase)) this.#addAttempt(testcase, ready);
      else this.#window.add(testcase, (earlier) => this.#result(testcase, earlier), ready);
    }
    return ready;
  }
  /** Attempts never go from one suite to the next: those are different runs. */
  startSuite() {
    const ready = [];
    for (const joined of this.#attempts.startSuite()) this.#release(joined, ready);
    return ready;
  }
  #addAttempt(testcase, ready) {
    if (isTeardownError(testcase) && !this.#attempts.holds(testcase)) {
      this.#window.add(testcase, (earlier) => this.#result(testcase, earlier), ready);
      return;
    }
    const result = this.#result(testcase, void 0);
    const { classname = "", name = "", file } = testcase;
    const maySplit = this.#nodeIds.isAmbiguous({ classname, name, file, collected: false });
    for (const joined of this.#attempts.add(testcase, result, maySplit)) this.#release(joined, ready);
  }
  #release({ testcase, result }, ready) {
    this.#window.add(
      testcase,
      (earlier) => earlier === void 0 ? result : withTeardownError(earlier, testcase),
      ready
    );
  }
  endFile() {
    const ready = [];
    for (const joined of this.#attempts.drain()) this.#release(joined, ready);
    return [...ready, ...this.#window.drain()];
  }
  summarise() {
    const { survey } = this.#options;
    if (this.#malformed.count > mostMalformedWarnings) {
      this.#warn({
        code: "malformed-testcase",
        message: `${this.#malformed.count} tests were left out in all because they are not well-formed XML`,
        file: this.#malformed.file,
        severity: "error"
      });
    }
    if (this.#replaced.count > 0) {
      this.#warn({
        code: "illegal-characters",
        message: `${this.#replaced.of("character")} that XML forbids ${this.#replaced.count === 1 ? "was" : "were"} replaced by U+FFFD; pytest writes them where a property's name has a control character`,
        file: this.#replaced.file
      });
    }
    if (this.#lostAttributes.count > 0) {
      this.#warn({
        code: "malformed-attribute",
        message: `${this.#lostAttributes.of("test")} ${this.#lostAttributes.count === 1 ? "has" : "have"} an attribute whose name is not well-formed XML (record_xml_attribute writes any name): the attribute was left out, the test kept`,
        file: this.#lostAttributes.file
      });
    }
    if (this.#shortened.count > 0) {
      this.#warn({
        code: "text-shortened",
        message: `${this.#shortened.of("test")} had more than a megabyte of text in one place; its middle was left out`,
        file: this.#shortened.file
      });
    }
    if (this.#interrupted.count > 0) {
      const one = this.#interrupted.count === 1;
      this.#warn({
        code: "interrupted",
        message: `${this.#interrupted.of("test")} ${one ? "was" : "were"} begun and never finished (interrupted, pytest.exit() or an internal error); the report does not name ${one ? "it" : "them"}`,
        file: this.#interrupted.file,
        severity: "error"
      });
    }
    for (const { file, failures } of survey.unseen) {
      this.#warn({
        code: "failures-missing",
        message: `a suite counts ${failures} ${failures === 1 ? "failure or error" : "failures and errors"}, and none of its tests has one: ${failures === 1 ? "a test is" : "tests are"} missing from the report`,
        file,
        severity: "error"
      });
    }
    const unseen = survey.unseen.reduce((sum, { failures }) => sum + failures, 0);
    this.#options.onLost?.(this.#malformed.count + this.#interrupted.count + unseen);
    for (const file of survey.foreign) {
      this.#warn({
        code: "foreign-report",
        message: "this report was not written by pytest: names are taken as they stand, and failing lines may be missing",
        file
      });
    }
    for (const place of survey.incomplete) {
      this.#warn({
        code: "incomplete-report",
        message: "the report is cut off; only the tests that are whole were taken",
        file: place.file,
        line: place.line,
        column: place.column
      });
    }
  }
  #warn(warning) {
    this.#options.onWarning(warning);
  }
  #result(testcase, earlier) {
    if (earlier !== void 0) return withTeardownError(earlier, testcase);
    const verdict = decideOutcome(testcase.outcomes);
    const read = verdict.deciding === void 0 || verdict.outcome === "xfailed" ? { locations: [], errorType: void 0 } : verdict.outcome === "skipped" ? { locations: readSkipText(verdict.deciding.text), errorType: void 0 } : readFailureText(verdict.deciding.text, verdict.deciding.message);
    const id = this.#identify(testcase, read.locations, verdict.outcome === "skipped");
    const failed = verdict.outcome === "failed" || verdict.outcome === "error";
    return {
      testName: this.#folder === "" ? id.testName : belowFolder(this.#folder, id),
      testFile: this.#folder === "" || id.testFile === void 0 || posix.isAbsolute(id.testFile) ? id.testFile : posix.join(this.#folder, id.testFile),
      testClass: id.testClass,
      testFunction: id.testFunction,
      nodeIdSource: id.source,
      outcome: verdict.outcome,
      durationSeconds: readDuration(testcase.time),
      failure: failed && verdict.deciding !== void 0 ? readFailure(verdict.deciding, read, id) : void 0,
      reason: failed || verdict.deciding === void 0 ? void 0 : readReason(verdict.deciding),
      markers: testcase.properties.length === 0 ? noMarkers : readMarkers(testcase.properties)
    };
  }
  #identify(testcase, locations, skipped) {
    const { classname = "", name = "" } = testcase;
    const { survey } = this.#options;
    if (classname === "pytest" && name === "internal" && isInternalError(testcase)) return internalError;
    if (survey.foreign.has(this.#file)) return foreignId(testcase);
    const collected = isCollected(testcase) && (classname === "" || classname === survey.evidence.prefix);
    return this.#nodeIds.rebuild({ classname, name, file: testcase.file, collected, skipped }, locations);
  }
};
function belowFolder(folder, { testName, testFile }) {
  return testFile !== void 0 && !posix.isAbsolute(testFile) && testName.startsWith(testFile) ? posix.join(folder, testFile) + testName.slice(testFile.length) : testName;
}
var Counter = class {
  count = 0;
  #files = /* @__PURE__ */ new Set();
  add(count2, file) {
    if (count2 === 0) return;
    this.count += count2;
    this.#files.add(file);
  }
  /** Undefined where there are several. */
  get file() {
    return this.#files.size === 1 ? [...this.#files][0] : void 0;
  }
  of(noun) {
    return `${this.count} ${noun}${this.count === 1 ? "" : "s"}`;
  }
};
var noMarkers = [];
var internalError = {
  testName: "pytest internal error",
  testFile: void 0,
  testClass: void 0,
  testFunction: void 0,
  source: "unknown"
};
function foreignId({ classname = "", name = "", file }) {
  return {
    testName: classname === "" ? name : `${classname}::${name}`,
    testFile: file,
    testClass: classname === "" ? void 0 : classname,
    testFunction: name,
    source: "unknown"
  };
}
function isInternalError(testcase) {
  return testcase.outcomes.some((o) => o.kind === "error" && o.message === "internal error");
}
function decideOutcome(outcomes2) {
  const failure = outcomes2.find((o) => o.kind === "failure" || isOldStrictXpass(o));
  if (failure !== void 0) return { outcome: "failed", deciding: failure };
  const error = outcomes2.find((o) => o.kind === "error");
  if (error !== void 0) return { outcome: "error", deciding: error };
  const xfailed = outcomes2.find((o) => o.type === "pytest.xfail");
  if (xfailed !== void 0) return { outcome: "xfailed", deciding: xfailed };
  const skipped = outcomes2[0];
  return { outcome: skipped === void 0 ? "passed" : "skipped", deciding: skipped };
}
function isOldStrictXpass(outcome) {
  return outcome.kind === "skipped" && outcome.message === "xfail-marked test passes unexpectedly";
}
var phase = /^failed on (?:setup|teardown)\b/;
var longestErrorType = 200;
function readFailure(outcome, { locations, errorType: readType }, { testFile, testFunction }) {
  const own = locationInFile(locations, testFile);
  const ownType = outcome.type?.slice(outcome.type.lastIndexOf(".") + 1);
  const errorType = (readType ?? (ownType === "" ? void 0 : ownType))?.slice(0, longestErrorType);
  const lines = outcome.text.split("\n");
  const isCall = outcome.kind === "failure" && !phase.test(outcome.message ?? "");
  const test = { testFile, testFunction, isCall };
  const cause = locations.length === 0 ? void 0 : readCause(outcome.text, test);
  return {
    errorType,
    line: own?.line,
    lastFrameLine: locations.at(-1)?.line,
    message: readMessage(outcome, own, locations),
    traceback: outcome.text === "" ? void 0 : outcome.text,
    statement: findStatement(lines, own ?? locations.at(-1)),
    place: findPlace({ ...test, lines, locations, errorType }),
    ...cause === void 0 ? {} : { raisedFrom: cause },
    ...locations.some(({ isWindows }) => isWindows) ? { isFromWindows: true } : {}
  };
}
function readCause(text2, test) {
  const cause = firstCause(text2);
  if (cause === void 0) return void 0;
  const { locations, message } = cause;
  const errorType = cause.errorType?.slice(0, longestErrorType);
  const place = findPlace({ ...test, lines: cause.text.split("\n"), locations, errorType });
  return place && { errorType, message, place };
}
function readStoredFailure(stored) {
  const text2 = withoutColour(stored.traceback ?? "");
  const message = stored.message === void 0 ? void 0 : withoutColour(stored.message);
  const read = readFailureText(text2, message);
  const outcome = { kind: "failure", type: void 0, message, text: text2 };
  return readFailure(outcome, read, { testFile: stored.testFile, testFunction: stored.testFunction });
}
function readReason(outcome) {
  if (outcome.message === "collection skipped") {
    const tuple = outcome.text.trim();
    const before = /^\((?:'[^'\n]*'|"[^"\n]*"), \d+, (['"])/.exec(tuple);
    const reason = before !== null && tuple.endsWith(`${before[1]})`) ? tuple.slice(before[0].length, -2) : outcome.text;
    return reason.replace(/^Skipped: /, "");
  }
  return outcome.message === "" ? void 0 : outcome.message ?? outcome.text;
}
function readMarkers(properties) {
  const found = /* @__PURE__ */ new Set();
  for (const [name, value] of properties) {
    if (name !== "marker" && name !== "markers") continue;
    for (const marker of value.split(/[\s,]+/)) if (marker !== "") found.add(marker);
  }
  return [...found];
}
function withTeardownError(failed, teardown) {
  const error = teardown.outcomes.find((o) => o.kind === "error");
  const time = readDuration(teardown.time);
  const { failure } = failed;
  return {
    ...failed,
    durationSeconds: time === void 0 ? failed.durationSeconds : (failed.durationSeconds ?? 0) + time,
    failure: failure === void 0 ? void 0 : {
      ...failure,
      message: `${failure.message ?? ""}
and then, on teardown: ${unwrapPhase(error?.message ?? "")}`,
      traceback: `${failure.traceback ?? ""}

${teardownRule}

${error?.text ?? ""}`
    }
  };
}
var teardownRule = `${"_".repeat(20)} teardown failed as well ${"_".repeat(20)}`;
var windowTests = 5e3;
var windowLength = 4 << 20;
var TeardownWindow = class {
  /** Held tests from `#head` on; `waitsFor` is set while the teardown may still fail. */
  #held = [];
  #head = 0;
  /** Address -> index in `#held` of the latest failed test that waits. */
  #waiting = /* @__PURE__ */ new Map();
  #length = 0;
  /** Addresses with a failed teardown somewhere in the reports: only these wait. */
  #teardownErrors;
  constructor(teardownErrors) {
    this.#teardownErrors = teardownErrors;
  }
  add(testcase, make, ready) {
    if (isTeardownError(testcase)) {
      const address2 = addressKey(testcase);
      const failed = this.#held[this.#waiting.get(address2) ?? -1];
      if (failed !== void 0) {
        failed.result = make(failed.result);
        failed.waitsFor = void 0;
        this.#waiting.delete(address2);
        this.#release(ready);
        return;
      }
    }
    const result = make(void 0);
    const key = result.outcome === "failed" && this.#teardownErrors.size > 0 ? addressKey(testcase) : void 0;
    const address = key !== void 0 && this.#teardownErrors.has(key) ? key : void 0;
    if (address === void 0 && this.#waiting.size === 0) {
      ready.push(result);
      return;
    }
    if (address !== void 0) {
      const earlier = this.#held[this.#waiting.get(address) ?? -1];
      if (earlier !== void 0) earlier.waitsFor = void 0;
      this.#waiting.set(address, this.#held.length);
    }
    const length = (result.failure?.traceback?.length ?? 0) + (result.failure?.message?.length ?? 0);
    this.#held.push({ waitsFor: address, length, result });
    this.#length += length;
    this.#release(ready);
  }
  drain() {
    const rest = this.#held.slice(this.#head).map((held) => held.result);
    this.#clear();
    return rest;
  }
  #release(ready) {
    for (let held = this.#held[this.#head]; held !== void 0; held = this.#held[this.#head]) {
      const full = this.#held.length - this.#head > windowTests || this.#length > windowLength;
      if (held.waitsFor !== void 0) {
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
  #clear() {
    this.#held = [];
    this.#head = 0;
    this.#length = 0;
    this.#waiting.clear();
  }
};

// src/sign/signature.ts
import { createHash as createHash5 } from "node:crypto";

// src/sign/cause.ts
import { createHash as createHash4 } from "node:crypto";

// src/sign/again.ts
import { createHash as createHash3 } from "node:crypto";
function seal(version4, errorType, parts) {
  const text2 = [errorType ?? "Unknown", ...parts].join("\n");
  return `${version4}:${createHash3("sha256").update(text2, "utf8").digest("hex").slice(0, 32)}`;
}

// src/sign/scrub.ts
var longest2 = 4e3;
var scrubbers = [
  {
    name: "addresses",
    takes: [
      ["<app.User object at 0x7f01602a61d0>", "<app.User object at ADDRESS>"],
      ["<function f.<locals>.g at 0x7F49CA08DEE0>", "<function f.<locals>.g at ADDRESS>"],
      ["<MagicMock name='db.get' id='139934234324'>", "<MagicMock name='db.get' id='ADDRESS'>"]
    ],
    leaves: ["looked at 0x", "KeyError: '0xdead'", "<Order id='12'>"],
    scrub: (text2) => text2.replace(/\bat 0x[0-9a-fA-F]{4,16}\b/g, "at ADDRESS").replace(/(Mock\b[^<>\n]{0,200} id=')\d{6,20}'>/g, "$1ADDRESS'>")
  },
  {
    name: "uuids",
    takes: [["order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 not found", "order UUID not found"]],
    leaves: ["3f2504e0-4f89-11d3-9a0c", "a-b-c-d-e"],
    scrub: (text2) => text2.replace(
      /\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b/g,
      "UUID"
    )
  },
  {
    name: "times",
    takes: [
      ["expired 2026-11-22T15:54:24.154864+00:00", "expired TIME"],
      ["2026-11-22 15:54:24,123 ERROR", "TIME ERROR"],
      ["due 2026-11-22", "due TIME"],
      ["at 15:54:24.1", "at TIME"],
      ["datetime.datetime(2026, 11, 22, 15, 54)", "datetime.datetime(TIME)"],
      ["Sun Nov 22 16:36:27 2026", "TIME"]
    ],
    leaves: ["version 2026-11", "ratio 15:54", "1.2.3"],
    scrub: (text2) => text2.replace(
      /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?[A-Z][a-z]{2}(?: \d{1,2})?,? [\d: ]{8,13}\d{4}\b/g,
      "TIME"
    ).replace(
      /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?(?![\d-])/g,
      "TIME"
    ).replace(/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\b/g, "TIME").replace(/\b((?:datetime\.)?(?:datetime|date|time)\()\d[\d, ]{0,60}(?=[),])/g, "$1TIME")
  },
  {
    name: "temporary paths",
    takes: [
      ["'/tmp/pytest-of-runner/pytest-12/test_x0/out.txt'", "'TMP/out.txt'"],
      ["'/tmp/tmpab12_cd3/config.yml'", "'TMP/config.yml'"],
      ["'/private/var/folders/zz/x1y2z3/T/tmpq1w2e3r4/a'", "'TMP/a'"],
      ["'C:\\Users\\me\\AppData\\Local\\Temp\\pytest-of-me\\pytest-3\\test_y1\\a.txt'", "'TMP/a.txt'"],
      ["/tmp/tmpab12_cd3", "TMP"]
    ],
    leaves: ["'/templates/a.txt'", "a tmp of mine", "/tmp/settings missing"],
    scrub: (text2) => text2.replace(
      /(?:[A-Za-z]:)?(?:[\\/][^\\/\s'"<>:,;()[\]{}]{1,100}){0,8}?[\\/](?:tmp|temp|T)[\\/](?:pytest-of-[^\\/\s'"]{1,60}[\\/]+pytest-\d+(?:[\\/]+[^\\/\s'":,)]{1,120}\d)?|tmp[A-Za-z0-9_]{6,12}|[^\\/\s'":,)]{0,40}(?=[a-z_]{0,11}\d)[A-Za-z0-9_]{8,12})(?=[\\/\s'":,)\]]|$)(?:[\\/]+(?=[^\\/\s'"]))?/gi,
      (match) => /[\\/]$/.test(match) ? "TMP/" : "TMP"
    )
  },
  {
    name: "absolute paths",
    takes: [
      [
        "No such file or directory: '/home/runner/work/shop/shop/data/prices.csv'",
        "No such file or directory: 'PATH/prices.csv'"
      ],
      ["at C:\\Users\\me\\shop\\data\\prices.csv", "at PATH/prices.csv"],
      ["../../usr/lib/python3/tmpdir.py:12", "PATH/tmpdir.py:12"]
    ],
    leaves: ["GET /prices failed", "'data/prices.csv'", "https://shop.example/a/b", "1/2/3"],
    scrub: (text2) => text2.replace(
      /(^|[\s'"(=[,])(?:(?:\.\.\/){1,20}[^\\/\s'"<>:,;()[\]{}]{1,100})?(?:\/[^\\/\s'"<>:,;()[\]{}]{1,100}){2,20}\/|(^|[\s'"(=[,])[A-Za-z]:(?:\\{1,2}[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\\{1,2}/g,
      (_, unix, windows) => `${unix ?? windows ?? ""}PATH/`
    )
  },
  {
    name: "xdist workers",
    takes: [["worker 'gw3' crashed while running 't.py::a'", "worker 'gwN' crashed while running 't.py::a'"]],
    leaves: ["no worker 'gwen'", "KeyError: 'gw3'"],
    scrub: (text2) => text2.replace(/\bworker 'gw\d{1,4}'/g, "worker 'gwN'")
  },
  {
    name: "long ids",
    takes: [
      ["commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit ID"],
      ["request 5f3a9c1be2d4 failed", "request ID failed"]
    ],
    leaves: ["deadbeefcafe", "accessibility", "1234567"],
    // Needs letters and digits; else it is a word or a number.
    scrub: (text2) => text2.replace(/\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{12,64}\b/g, "ID")
  },
  {
    name: "numbers",
    takes: [
      ["assert 6 == 7", "assert N == N"],
      ["took 1.53s, limit 0.30 seconds", "took Ns, limit N seconds"],
      ["127.0.0.1:49152", "N:N"],
      ["-1.5e-07 and 0x1f", "N and N"],
      ["line 12, column 7", "line N, column N"],
      ["1,234,567 rows", "N rows"]
    ],
    leaves: ["KeyError: 'user12'", "no attribute 'field_7'", "utf8", "test_2fa", "KeyError: '12'"],
    // Keep a number that is part of a name or is a quoted name: it identifies something.
    scrub: (text2) => text2.replace(
      /(['"]\d{1,40}['"])|(?<![\p{L}\p{N}_])[-+]?(?:0x[0-9a-fA-F]{1,40}|\d{1,40}(?:[.,]\d{1,40}){0,8}(?:[eE][-+]?\d{1,5})?)(?=(?:ns|us|µs|ms|s|m|h|[kKMGT]?i?B|%)?(?![\p{L}\p{N}_]))/gu,
      (_, quoted) => quoted ?? "N"
    )
  },
  {
    name: "order of dictionaries and sets",
    takes: [
      ["{'b': N, 'a': N}", "{'a': N, 'b': N}"],
      ["assert {'b': [N, N], 'a': {'d', 'c'}} == x", "assert {'a': {'c', 'd'}, 'b': [N, N]} == x"]
    ],
    leaves: ["{'a': N}", "[b, a]", "{'a': N, "],
    scrub: sortBraces
  },
  {
    name: "white space",
    takes: [["assert  a ==\n   b ", "assert a == b"]],
    leaves: ["assert a == b"],
    scrub: (text2) => text2.replace(/\s+/g, " ").trim()
  }
];
function scrub(text2) {
  let scrubbed = text2.slice(0, longest2);
  for (const rule of scrubbers) scrubbed = rule.scrub(scrubbed);
  return scrubbed;
}
function sortBraces(text2) {
  if (!text2.includes("{")) return text2;
  const stack = [{ bracket: "", parts: [], part: "" }];
  const closing = { "{": "}", "[": "]", "(": ")" };
  for (let at = 0; at < text2.length; at++) {
    const char = text2[at] ?? "";
    const top = stack[stack.length - 1];
    if (top === void 0) return text2;
    if (char === "'" || char === '"') {
      const end = endOfQuoted(text2, at);
      top.part += text2.slice(at, end);
      at = end - 1;
    } else if (char in closing) stack.push({ bracket: char, parts: [], part: "" });
    else if (char === "}" || char === "]" || char === ")") {
      const outer = stack[stack.length - 2];
      if (outer === void 0 || closing[top.bracket] !== char) return text2;
      stack.pop();
      top.parts.push(top.part.trim());
      const parts = top.bracket === "{" ? top.parts.toSorted() : top.parts;
      outer.part += top.bracket === "{" ? `{${parts.join(", ")}}` : `${top.bracket}${parts.join(", ")}${char}`;
    } else if (char === "," && stack.length > 1) {
      top.parts.push(top.part.trim());
      top.part = "";
    } else top.part += char;
  }
  return stack.length === 1 ? stack[0]?.part ?? text2 : text2;
}
function endOfQuoted(text2, start) {
  const quote = text2[start] ?? "";
  for (let at = start + 1; at < text2.length; at++) {
    if (text2[at] === "\\") at++;
    else if (text2[at] === quote) return at + 1;
    else if (text2[at] === "\n") break;
  }
  return start + 1;
}

// src/sign/drift.ts
var version = "d1";
var driftRule = { version, normalise: scrub };
function signDrift(failure, rule = driftRule) {
  const { words, statement } = driftOf(failure, rule);
  if (words === "" && statement === "") return void 0;
  return seal(rule.version, failure.errorType, [words, statement]);
}
function driftOf(failure, rule = driftRule) {
  return {
    words: rule.normalise(withoutType(leadingWords(failure.message ?? ""), failure.errorType)),
    statement: failure.statement === void 0 ? "" : normaliseStatement(failure.statement)
  };
}
function leadingWords(message) {
  const lines = exceptionWords2(message).split("\n");
  const leading = [];
  for (const line of lines) {
    if (leading.length > 0 && (/^\s/.test(line) || line === "")) break;
    if (line.trim() !== "") leading.push(line);
    if (leading.length === 5) break;
  }
  return leading.join("\n");
}
function exceptionWords2(message) {
  const inner = /^failed on (?:setup|teardown)(?: at [^"\n]+:\d+)? with "([\s\S]*)"$/.exec(message)?.[1] ?? message;
  return inner.split("\nand then, on teardown: ", 1)[0] ?? "";
}
function withoutType(words, errorType) {
  const name = /^(?:[\p{L}\p{N}_<>]+\.)*([\p{L}\p{N}_]+): /u.exec(words.slice(0, 1e3));
  return name !== null && name[1] === errorType ? words.slice(name[0].length) : words;
}
function normaliseStatement(statement) {
  let normal = "";
  for (let at = 0; at < statement.length; at++) {
    const char = statement[at] ?? "";
    if (char === "#") {
      const end = statement.indexOf("\n", at);
      at = end < 0 ? statement.length : end;
    } else if (char === '"' || char === "'") {
      const end = endOfLiteral(statement, at);
      const content = statement.slice(at + 1, Math.max(at + 1, end - 1));
      normal += content.includes('"') ? statement.slice(at, end) : `"${content}"`;
      at = end - 1;
    } else if (/\s/.test(char)) {
      if (/[\p{L}\p{N}_]$/u.test(normal.slice(-2)) && /^\s*[\p{L}\p{N}_"']/u.test(statement.slice(at, at + 200)))
        normal += " ";
      while (/\s/.test(statement[at + 1] ?? "")) at++;
    } else if (char !== "\\" || statement[at + 1] !== "\n") normal += char;
  }
  return normal.replace(/,(?=[)\]}])/g, "").replace(/^(assert|return|raise|yield|await)\((.*)\)$/s, unwrapped).trim();
}
function unwrapped(whole, keyword, inner) {
  let depth = 0;
  for (const char of inner) {
    if (char === "(") depth++;
    if (char === ")" && --depth < 0) return whole;
    if (char === "," && depth === 0) return whole;
  }
  return `${keyword} ${inner}`;
}
function endOfLiteral(text2, start) {
  const quote = text2[start] ?? "";
  for (let at = start + 1; at < text2.length; at++) {
    if (text2[at] === "\\") at++;
    else if (text2[at] === quote) return at + 1;
  }
  return text2.length;
}

// src/sign/words.ts
var version2 = "w1";
function signWords(failure) {
  const { words, statement, place } = wordsOf2(failure);
  if (words === "" && statement === "") return void 0;
  const parts = [words, statement, ...place === void 0 ? [] : [place]];
  return seal(version2, failure.errorType, parts);
}
function wordsOf2(failure) {
  const statement = failure.place === void 0 ? failure.statement : failure.place.statement;
  return {
    words: normaliseWords(failure.message ?? "", failure.errorType),
    statement: statement === void 0 ? "" : normaliseStatement(statement),
    place: failure.place && placeFile(failure.place)
  };
}
function placeFile({ file }) {
  return file.split("/").slice(-2).join("/");
}
function normaliseWords(message, errorType) {
  const words = withoutType(leadingWords(message), errorType);
  return errorType === "AssertionError" ? normaliseAssertion(message, words, errorType) : normaliseSentence(words, errorType);
}
function normaliseSentence(words, errorType) {
  if (errorType === "RecursionError")
    return scrub(words.replace(/^(maximum recursion depth exceeded) .*/, "$1"));
  return errorType === "KeyError" || !new RegExp("\\p{L}{2}", "u").test(words) ? scrubValues(words) : scrub(words);
}
var longest3 = { read: 8e3, kept: 4e3 };
function normaliseAssertion(message, words, errorType) {
  if (showsValues(words)) {
    const asserted = words.search(/^assert /m);
    return asserted <= 0 ? scrubValues(words) : `${scrub(words.slice(0, asserted))}
${scrubValues(words.slice(asserted))}`;
  }
  const lines = scrubValues(withoutType(exceptionWords2(message).trimStart(), errorType)).split("\n");
  return lines.sort().join("\n").slice(0, longest3.kept);
}
function showsValues(words) {
  if (words.includes("...")) return false;
  const asserted = /^assert (.*)$/m.exec(words)?.[1];
  return asserted === void 0 ? / != /.test(words) : !/^(?:not )?[\w.]*$/.test(asserted);
}
var harmless = /* @__PURE__ */ new Set([
  "addresses",
  "uuids",
  "temporary paths",
  "xdist workers",
  "order of dictionaries and sets"
]);
var kept = scrubbers.filter((rule) => harmless.has(rule.name));
var machinePaths = /(^|[\s'"(=[,])(?:\/(?:home|Users|builds|root|opt|usr|var|private|github|__w|workspaces?|mnt)(?=\/)(?:\/[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\/|[A-Za-z]:(?:\\{1,2}[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\\{1,2})/g;
var clockTimes = /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.,](?!0+\b)\d{3,9}(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?|\b\d{1,2}:\d{2}:\d{2}[.,](?!0+\b)\d{3,9}\b/g;
var clockDatetimes = /\b((?:datetime\.)?datetime\()\d{4}(?:, ?\d{1,6}){6}(?=[),])/g;
var freePorts = /\b(localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]{2,40}\]):(?:3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\b/g;
var durations = /(?<![\w.])\d{1,12}\.\d{1,12}(?= ?(?:ns|us|µs|ms|s|secs?|seconds?|minutes?)\b)/g;
function scrubValues(text2) {
  let scrubbed = text2.slice(0, longest3.read);
  for (const rule of kept) scrubbed = rule.scrub(scrubbed);
  return scrubbed.replace(machinePaths, (_, before) => `${before}PATH/`).replace(clockTimes, "TIME").replace(clockDatetimes, "$1TIME").replace(freePorts, "$1:PORT").replace(durations, "DURATION").split("\n").map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "").join("\n");
}

// src/sign/cause.ts
var version3 = "c1";
function signCause(failure) {
  const raised = failure.raisedFrom ?? failure;
  const { errorType = "Unknown", place } = raised;
  const missing = missingOf(raised);
  if (missing === void 0 && place === void 0) return void 0;
  const where = missing ?? `${place?.file}:${place?.line}`;
  const text2 = [errorType, missing === void 0 ? causeWords(raised) : "", where].join("\n");
  return `${version3}:${createHash4("sha256").update(text2, "utf8").digest("hex").slice(0, 32)} ${shortened(where)}`;
}
function shortened(where) {
  return where.length <= 400 ? where : `…${[...where].slice(-399).join("")}`;
}
function causeWords({ message = "", errorType }) {
  const words = withoutType(leadingWords(message), errorType);
  if (errorType !== "AssertionError") return normaliseSentence(words, errorType);
  const asserted = words.search(/^assert /m);
  return asserted < 0 ? scrub(words) : `${scrub(words.slice(0, asserted))}
${scrubValues(words.slice(asserted))}`;
}
function missingOf({ errorType, message = "" }) {
  if (errorType === "ModuleNotFoundError" || errorType === "ImportError") {
    const [, module, name, from] = /^(?:\w+: )?(?:No module named '([^'\n]{1,200})'|cannot import name '([^'\n]{1,200})' from (?:partially initialized module )?'([^'\n]{1,200})')/.exec(
      exceptionWords2(message)
    ) ?? [];
    return module ?? (name === void 0 ? void 0 : `${from}.${name}`);
  }
  if (errorType !== "FixtureLookupError") return void 0;
  const fixture = /fixture '([^'\n]{1,200})' not found/.exec(message)?.[1];
  return fixture === void 0 ? void 0 : `fixture '${fixture}'`;
}

// src/sign/signature.ts
function signFailure(testFile, failure) {
  const line = failure.line ?? failure.lastFrameLine ?? 0;
  const text2 = `${testFile ?? ""}:${line}:${failure.errorType ?? "Unknown"}`;
  return `md5:${createHash5("md5").update(text2, "utf8").digest("hex")}`;
}
function signResults(results) {
  return results.map((result) => {
    const signed = result;
    const { failure } = result;
    signed.failureSignature = failure === void 0 ? void 0 : signFailure(result.testFile, failure);
    signed.driftSignature = failure === void 0 ? void 0 : signDrift(failure);
    signed.wordsSignature = failure === void 0 ? void 0 : signWords(failure);
    signed.causeKey = failure === void 0 ? void 0 : signCause(failure);
    return signed;
  });
}
export {
  readResults,
  readStoredFailure,
  signResults,
  surveyReports
};
