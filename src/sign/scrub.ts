// Removes what differs between runs of one failure, by an ordered table of named rules. Pure; every rule is linear on
// capped text. Any change of a rule needs a new version of the drift signature (drift.ts).

export interface Scrubber {
  readonly name: string;
  /** Examples of text before and after, and of text it does not change; tests run all of them. */
  readonly takes: readonly (readonly [before: string, after: string])[];
  readonly leaves: readonly string[];
  scrub(text: string): string;
}

/** Only so many characters of a failure's words identify it. */
const longest = 4000;

export const scrubbers: readonly Scrubber[] = [
  {
    name: 'addresses',
    takes: [
      ['<app.User object at 0x7f01602a61d0>', '<app.User object at ADDRESS>'],
      ['<function f.<locals>.g at 0x7F49CA08DEE0>', '<function f.<locals>.g at ADDRESS>'],
      ["<MagicMock name='db.get' id='139934234324'>", "<MagicMock name='db.get' id='ADDRESS'>"],
    ],
    leaves: ['looked at 0x', "KeyError: '0xdead'", "<Order id='12'>"],
    scrub: (text) =>
      text.includes('0x') || text.includes("id='")
        ? text
            .replace(/\bat 0x[0-9a-fA-F]{4,16}\b/g, 'at ADDRESS')
            .replace(/(Mock\b[^<>\n]{0,200} id=')\d{6,20}'>/g, "$1ADDRESS'>")
        : text,
  },
  {
    name: 'uuids',
    takes: [['order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 not found', 'order UUID not found']],
    leaves: ['3f2504e0-4f89-11d3-9a0c', 'a-b-c-d-e'],
    scrub: (text) =>
      text.includes('-')
        ? text.replace(
            /\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b/g,
            'UUID',
          )
        : text,
  },
  {
    name: 'times',
    takes: [
      ['expired 2026-11-22T15:54:24.154864+00:00', 'expired TIME'],
      ['2026-11-22 15:54:24,123 ERROR', 'TIME ERROR'],
      ['due 2026-11-22', 'due TIME'],
      ['at 15:54:24.1', 'at TIME'],
      ['datetime.datetime(2026, 11, 22, 15, 54)', 'datetime.datetime(TIME)'],
      ['Sun Nov 22 16:36:27 2026', 'TIME'],
    ],
    leaves: ['version 2026-11', 'ratio 15:54', '1.2.3'],
    scrub: scrubTimes,
  },
  {
    name: 'temporary paths',
    takes: [
      ["'/tmp/pytest-of-runner/pytest-12/test_x0/out.txt'", "'TMP/out.txt'"],
      ["'/tmp/tmpab12_cd3/config.yml'", "'TMP/config.yml'"],
      ["'/private/var/folders/zz/x1y2z3/T/tmpq1w2e3r4/a'", "'TMP/a'"],
      ["'C:\\Users\\me\\AppData\\Local\\Temp\\pytest-of-me\\pytest-3\\test_y1\\a.txt'", "'TMP/a.txt'"],
      ['/tmp/tmpab12_cd3', 'TMP'],
    ],
    leaves: ["'/templates/a.txt'", 'a tmp of mine', '/tmp/settings missing'],
    scrub: (text) =>
      // Looked for first: most texts with a slash have none.
      !/[\\/](?:tmp|temp|T)[\\/]/i.test(text)
        ? text
        : text.replace(
            /(?:[A-Za-z]:)?(?:[\\/][^\\/\s'"<>:,;()[\]{}]{1,100}){0,8}?[\\/](?:tmp|temp|T)[\\/](?:pytest-of-[^\\/\s'"]{1,60}[\\/]+pytest-\d+(?:[\\/]+[^\\/\s'":,)]{1,120}\d)?|tmp[A-Za-z0-9_]{6,12}|[^\\/\s'":,)]{0,40}(?=[a-z_]{0,11}\d)[A-Za-z0-9_]{8,12})(?=[\\/\s'":,)\]]|$)(?:[\\/]+(?=[^\\/\s'"]))?/gi,
            (match) => (/[\\/]$/.test(match) ? 'TMP/' : 'TMP'),
          ),
  },
  {
    name: 'absolute paths',
    takes: [
      [
        "No such file or directory: '/home/runner/work/shop/shop/data/prices.csv'",
        "No such file or directory: 'PATH/prices.csv'",
      ],
      ['at C:\\Users\\me\\shop\\data\\prices.csv', 'at PATH/prices.csv'],
      ['../../usr/lib/python3/tmpdir.py:12', 'PATH/tmpdir.py:12'],
    ],
    leaves: ['GET /prices failed', "'data/prices.csv'", 'https://shop.example/a/b', '1/2/3'],
    scrub: (text) =>
      !hasSlash(text)
        ? text
        : text.replace(
            /(^|[\s'"(=[,])(?:(?:\.\.\/){1,20}[^\\/\s'"<>:,;()[\]{}]{1,100})?(?:\/[^\\/\s'"<>:,;()[\]{}]{1,100}){2,20}\/|(^|[\s'"(=[,])[A-Za-z]:(?:\\{1,2}[^\\/\s'"<>:,;()[\]{}]{1,100}){1,20}\\{1,2}/g,
            (_, unix: string | undefined, windows: string | undefined) => `${unix ?? windows ?? ''}PATH/`,
          ),
  },
  {
    name: 'xdist workers',
    takes: [["worker 'gw3' crashed while running 't.py::a'", "worker 'gwN' crashed while running 't.py::a'"]],
    leaves: ["no worker 'gwen'", "KeyError: 'gw3'"],
    scrub: (text) => (text.includes("'gw") ? text.replace(/\bworker 'gw\d{1,4}'/g, "worker 'gwN'") : text),
  },
  {
    name: 'long ids',
    takes: [
      ['commit 9fceb02d0ae598e95dc970b74767f19372d61af8', 'commit ID'],
      ['request 5f3a9c1be2d4 failed', 'request ID failed'],
    ],
    leaves: ['deadbeefcafe', 'accessibility', '1234567'],
    // Needs letters and digits; else it is a word or a number.
    scrub: (text) => text.replace(/\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{12,64}\b/g, 'ID'),
  },
  {
    name: 'numbers',
    takes: [
      ['assert 6 == 7', 'assert N == N'],
      ['took 1.53s, limit 0.30 seconds', 'took Ns, limit N seconds'],
      ['127.0.0.1:49152', 'N:N'],
      ['-1.5e-07 and 0x1f', 'N and N'],
      ['line 12, column 7', 'line N, column N'],
      ['1,234,567 rows', 'N rows'],
    ],
    leaves: ["KeyError: 'user12'", "no attribute 'field_7'", 'utf8', 'test_2fa', "KeyError: '12'"],
    // Keep a number that is part of a name or is a quoted name: it identifies something.
    scrub: (text) =>
      text.replace(
        /(['"]\d{1,40}['"])|(?<![\p{L}\p{N}_])[-+]?(?:0x[0-9a-fA-F]{1,40}|\d{1,40}(?:[.,]\d{1,40}){0,8}(?:[eE][-+]?\d{1,5})?)(?=(?:ns|us|µs|ms|s|m|h|[kKMGT]?i?B|%)?(?![\p{L}\p{N}_]))/gu,
        (_, quoted: string | undefined) => quoted ?? 'N',
      ),
  },
  {
    name: 'order of dictionaries and sets',
    takes: [
      ["{'b': N, 'a': N}", "{'a': N, 'b': N}"],
      ["assert {'b': [N, N], 'a': {'d', 'c'}} == x", "assert {'a': {'c', 'd'}, 'b': [N, N]} == x"],
    ],
    leaves: ["{'a': N}", '[b, a]', "{'a': N, "],
    scrub: sortBraces,
  },
  {
    name: 'white space',
    takes: [
      ['assert  a ==\n   b ', 'assert a == b'],
      ['a\tb\nc', 'a b c'],
    ],
    leaves: ['assert a == b'],
    scrub: (text) => withOneSpace(text).trim(),
  },
];

/** Applies all rules in order, to at most 4,000 characters. */
export function scrub(text: string): string {
  const taken = text.slice(0, longest);
  // Kept from the last call: all signatures of one failure ask for the same words in turn.
  if (taken !== last.taken) {
    let scrubbed = taken;
    for (const rule of scrubbers) scrubbed = rule.scrub(scrubbed);
    last = { taken, scrubbed };
  }
  return last.scrubbed;
}

let last = { taken: '', scrubbed: '' };

function hasSlash(text: string): boolean {
  return text.includes('/') || text.includes('\\');
}

/** Replaces each run of white space by one space; the first pattern finds quickly that there is none. */
export function withOneSpace(text: string): string {
  return /[^\S ]| {2}/.test(text) ? text.replace(/\s+/g, ' ') : text;
}

/** Each pattern is applied only where a character is there that it cannot do without. */
function scrubTimes(text: string): string {
  let scrubbed = text;
  if (/\d{4}\b/.test(text))
    scrubbed = scrubbed.replace(
      /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?[A-Z][a-z]{2}(?: \d{1,2})?,? [\d: ]{8,13}\d{4}\b/g,
      'TIME',
    );
  if (text.includes('-'))
    scrubbed = scrubbed.replace(
      /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?(?![\d-])/g,
      'TIME',
    );
  if (text.includes(':')) scrubbed = scrubbed.replace(/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\b/g, 'TIME');
  if (text.includes('('))
    scrubbed = scrubbed.replace(
      /\b((?:datetime\.)?(?:datetime|date|time)\()\d[\d, ]{0,60}(?=[),])/g,
      '$1TIME',
    );
  return scrubbed;
}

/** Sorts the items between braces, inner braces first; text with unbalanced brackets stays unchanged. */
function sortBraces(text: string): string {
  if (!text.includes('{')) return text;
  interface Open {
    readonly bracket: string;
    readonly parts: string[];
    part: string;
  }
  const stack: Open[] = [{ bracket: '', parts: [], part: '' }];
  const closing: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const top = stack[stack.length - 1];
    if (top === undefined) return text;
    if (char === "'" || char === '"') {
      const end = endOfQuoted(text, at);
      top.part += text.slice(at, end);
      at = end - 1;
    } else if (char in closing) stack.push({ bracket: char, parts: [], part: '' });
    else if (char === '}' || char === ']' || char === ')') {
      const outer = stack[stack.length - 2];
      if (outer === undefined || closing[top.bracket] !== char) return text;
      stack.pop();
      top.parts.push(top.part.trim());
      const parts = top.bracket === '{' ? top.parts.toSorted() : top.parts;
      outer.part +=
        top.bracket === '{' ? `{${parts.join(', ')}}` : `${top.bracket}${parts.join(', ')}${char}`;
    } else if (char === ',' && stack.length > 1) {
      top.parts.push(top.part.trim());
      top.part = '';
    } else top.part += char;
  }
  return stack.length === 1 ? (stack[0]?.part ?? text) : text;
}

/** The position after the closing quote; after `start` itself if it is an apostrophe. */
function endOfQuoted(text: string, start: number): number {
  const quote = text[start] ?? '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === '\n') break;
  }
  return start + 1;
}
