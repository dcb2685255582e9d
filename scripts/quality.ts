// How well failures are recognised: from real failures of a corpus, twins that drifted as test suites do (they must keep
// their drift signature) and near misses (they must not). Reports recall and false matches per kind and scrubber table.
//   npm run quality -- <corpus> [--examples N]
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { Failure } from '../src/model.ts';
import { locationInFile, readFailureText } from '../src/read/report/failure-text.ts';
import { readResults } from '../src/read/report/junit.ts';
import { findPlace } from '../src/read/report/place.ts';
import { findStatement } from '../src/read/report/statement.ts';
import { type ReportFile, surveyReports } from '../src/read/report/survey.ts';
import { normaliseStatement, signDrift } from '../src/sign/drift.ts';
import { signWords } from '../src/sign/words.ts';
import { judgeCauses } from './quality-causes.ts';
import { judgeRenames } from './quality-renames.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { examples: { type: 'string', default: '0' } },
});
const corpus = resolve(positionals[0] ?? '../shared/corpus');
const examples = Number(values.examples);

/** A failure as the report shows it. */
interface Shown {
  readonly run: string;
  readonly test: string;
  readonly file: string | undefined;
  readonly function: string | undefined;
  readonly isError: boolean;
  readonly text: string;
  readonly message: string;
}

const failures: Shown[] = [];
for (const entry of readdirSync(join(corpus, 'runs')).sort()) {
  if (!/\.xml(\.gz)?$/.test(entry)) continue;
  const path = join(corpus, 'runs', entry);
  const file: ReportFile = {
    name: entry,
    bytes: statSync(path).size,
    open: () =>
      entry.endsWith('.gz') ? createReadStream(path).pipe(createGunzip()) : createReadStream(path),
  };
  const survey = await surveyReports([file], { allowIncomplete: false });
  for await (const results of readResults([file], { survey, checkout: undefined, onWarning: () => {} })) {
    for (const { testName, testFile, testFunction, outcome, failure } of results) {
      if (failure === undefined || failure.traceback === undefined) continue;
      const shown = {
        run: entry,
        test: testName,
        file: testFile,
        function: testFunction,
        isError: outcome === 'error',
        text: failure.traceback,
        message: failure.message ?? '',
      };
      if (signDrift(failure) !== undefined) failures.push(shown);
    }
  }
}

function failureOf({ text, message, file, function: testFunction, isError }: Shown): Failure {
  const { locations, errorType } = readFailureText(text, message);
  const own = locationInFile(locations, file);
  const lines = text.split('\n');
  return {
    errorType,
    line: own?.line,
    lastFrameLine: locations.at(-1)?.line,
    message: message === '' ? undefined : message,
    traceback: text,
    statement: findStatement(lines, own ?? locations.at(-1)),
    place: findPlace({ lines, locations, errorType, testFile: file, testFunction, isCall: !isError }),
  };
}

type Sign = (shown: Shown) => string | undefined;
const sign: Sign = (shown) => signDrift(failureOf(shown));
const signedWords: Sign = (shown) => signWords(failureOf(shown));

function statementOf({ text, message, file }: Shown): string | undefined {
  const { locations } = readFailureText(text, message);
  return findStatement(text, locationInFile(locations, file) ?? locations.at(-1));
}

/** Numbers that always come out the same, so that two runs of this script compare. */
let seed = 12345;
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed % below;
}

type Edit = (failure: Shown) => Shown | undefined;
type Change = (failure: Shown) => Shown | { readonly before: Shown; readonly after: Shown } | undefined;

const both =
  (change: (text: string) => string): Edit =>
  (failure) => ({ ...failure, text: change(failure.text), message: change(failure.message) });

/** Lines that hold the exception's words, not source and not locations. */
const words =
  (change: (text: string) => string): Edit =>
  (failure) => ({
    ...failure,
    text: failure.text
      .split('\n')
      .map((line) => (/^E /.test(line) ? `${line.slice(0, 4)}${change(line.slice(4))}` : line))
      .join('\n'),
    message: failure.message.split('\n').map(change).join('\n'),
  });

/** A change that counts only where the newest exception's own words are changed, and not an earlier one's. */
const onlyWhereItIsRaised =
  (change: (text: string) => string): Change =>
  (failure) => {
    const first = failure.message.split('\n', 1)[0] ?? '';
    return change(first) === first
      ? undefined
      : { ...failure, text: change(failure.text), message: change(failure.message) };
  };

const hex = (length: number) => Array.from({ length }, () => random(16).toString(16)).join('');

const drifts: Readonly<Record<string, Edit>> = {
  'lines inserted above': (failure) => {
    const by = 1 + random(400);
    const text = failure.text
      .replace(/^((?:[A-Za-z]:)?[^\s:]+\.\w+:)(\d+)(?=:|$)/gm, (_, head, n) => `${head}${Number(n) + by}`)
      .replace(/(File "[^"]+", line )(\d+)/g, (_, head, n) => `${head}${Number(n) + by}`);
    return { ...failure, text };
  },
  'other numbers': words((line) =>
    line.replace(/(?<![\w.'"-])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w'"])/g, (n) =>
      n.includes('.') ? `${random(999)}.${random(99)}` : String(random(99_999)),
    ),
  ),
  'other addresses': both((text) => text.replace(/\bat 0x[0-9a-fA-F]+/g, () => `at 0x7f${hex(10)}`)),
  'another checkout and machine': both((text) =>
    text
      .replaceAll('/home/runner/work/', '/builds/team/deep/er/')
      .replaceAll('/opt/hostedtoolcache/Python/3.11.7/x64/', '/usr/local/'),
  ),
  'other temporary paths': both((text) =>
    text
      .replace(/pytest-of-\w+\/pytest-\d+/g, () => `pytest-of-ci/pytest-${random(999)}`)
      .replace(/\/tmp\/tmp\w{6,}/g, () => `/tmp/tmp${hex(8)}`),
  ),
  'other times': words((line) =>
    line
      .replace(/\d{4}-\d\d-\d\d/g, () => `2031-0${1 + random(9)}-1${random(9)}`)
      .replace(/\d\d:\d\d:\d\d/g, () => `1${random(9)}:2${random(9)}:3${random(9)}`),
  ),
  'other ids': both((text) =>
    text.replace(
      /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
      () => `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`,
    ),
  ),
  'code indented further': (failure) => ({
    ...failure,
    text: failure.text
      .split('\n')
      .map((line) =>
        /^> {3}/.test(line)
          ? `>       ${line.slice(4)}`
          : /^ {4}\S| {8}/.test(line) && !/^E/.test(line)
            ? `    ${line}`
            : line,
      )
      .join('\n'),
  }),
  'statement wrapped': (failure) => rewrap(failure),
  'a formatter’s quotes': (failure) =>
    replaceStatement(failure, (line) =>
      // Quotes within quotes are for a real formatter; here they would be another program.
      /["\\]/.test(line) ? line : line.replace(/'([^']*)'/g, '"$1"'),
    ),
  'all of it': (failure) =>
    [
      'lines inserted above',
      'other numbers',
      'other addresses',
      'another checkout and machine',
      'other temporary paths',
      'code indented further',
      'statement wrapped',
    ].reduce<Shown>((drifted, name) => drifts[name]?.(drifted) ?? drifted, failure),
};

/** `f(a, b)` becomes one argument a line, as black does it. */
function rewrap(failure: Shown): Shown | undefined {
  return replaceStatement(failure, (line) => {
    const match = /^(>?\s*)(.*?\()(.+)(\)[^()]*)$/.exec(line);
    if (match === null || /["'#\\]|[([{]/.test(match[3] ?? '') || /["'#]/.test(match[4] ?? '')) return line;
    const indent = ' '.repeat((match[1] ?? '').length);
    const args = (match[3] ?? '').split(/, ?/);
    return [
      `${match[1]}${match[2]}`,
      ...args.map((arg) => `${indent}    ${arg},`),
      `${indent}${match[4]}`,
    ].join('\n');
  });
}

/** Changes the source line that pytest marks with `>`, where the statement is one line. */
function replaceStatement(failure: Shown, change: (line: string) => string): Shown | undefined {
  const statement = statementOf(failure);
  if (statement === undefined || statement.includes('\n')) return undefined;
  const lines = failure.text.split('\n');
  const at = lines.findLastIndex((line) => line.startsWith('>') && line.slice(1).trim() === statement);
  const found = lines[at];
  if (found === undefined) return undefined;
  // What does not balance on its own goes on in the next line: no formatter would touch half of it.
  if (found.split('(').length !== found.split(')').length) return undefined;
  lines[at] = change(found);
  return { ...failure, text: lines.join('\n') };
}

const byFile = new Map<string, string[]>();
for (const failure of failures) {
  const statement = statementOf(failure);
  if (statement === undefined || statement.includes('\n') || failure.file === undefined) continue;
  const list = byFile.get(failure.file) ?? [];
  if (list.length < 500) list.push(statement);
  byFile.set(failure.file, list);
}

const nearMisses: Readonly<Record<string, Change>> = {
  'another statement of the file': (failure) => {
    const own = statementOf(failure);
    if (own === undefined) return undefined;
    const others = (byFile.get(failure.file ?? '') ?? []).filter(
      (s) => normaliseStatement(s) !== normaliseStatement(own),
    );
    const other = others[random(Math.max(1, others.length))];
    if (other === undefined) return undefined;
    return replaceAnyStatement(failure, own, other);
  },
  'another exception': (failure) => {
    const type = readFailureText(failure.text, failure.message).errorType;
    if (type === undefined) return undefined;
    const other = type === 'LookupError' ? 'BufferError' : 'LookupError';
    const name = new RegExp(`(^|[\\s."])${type.replace(/[^\w]/g, '\\$&')}(?=:|$|\\s)`, 'gm');
    const message = /^assert\b/.test(failure.message)
      ? `${other}: ${failure.message}`
      : failure.message.replace(name, `$1${other}`);
    return { ...failure, text: failure.text.replace(name, `$1${other}`), message };
  },
  'another key, attribute or name': onlyWhereItIsRaised((text) =>
    text
      .replace(/(KeyError: ['"])([^'"\n]+)/g, '$1other_$2')
      .replace(/(has no attribute ['"])([^'"\n]+)/g, '$1other_$2')
      .replace(/(NameError: name ['"])([^'"\n]+)/g, '$1other_$2')
      .replace(/(No module named ['"])([^'"\n]+)/g, '$1other_$2')
      .replace(/(unexpected keyword argument ['"])([^'"\n]+)/g, '$1other_$2'),
  ),
  'another word in the message': (failure) => {
    const change = (text: string) =>
      text.replace(/\b(not|must|cannot|expected|invalid|missing|error|failed)\b/i, 'surely');
    const first = failure.message.split('\n', 1)[0] ?? '';
    return change(first) === first
      ? undefined
      : { ...failure, message: failure.message.replace(first, () => change(first)) };
  },
};

/** Changes what an assertion compared, wherever the report shows it. */
const compared =
  (change: (line: string) => string): Change =>
  (failure) => {
    if (readFailureText(failure.text, failure.message).errorType !== 'AssertionError') return undefined;
    const lines = failure.message.split('\n');
    const at = lines.findIndex((line) => /^(?:AssertionError: )?assert |^AssertionError: .* != /.test(line));
    const line = lines[at];
    if (line === undefined) return undefined;
    const other = change(line);
    return other === line
      ? undefined
      : {
          ...failure,
          message: lines.with(at, other).join('\n'),
          text: failure.text.replace(/^E .*$/gm, (shown) => shown.replace(line, () => other)),
        };
  };

const number = /(?<![\w.'"-])\d+(?![\w'".-])/;
/** Of the failure's place, where it has one: the words signature does not know from which line of the test it was called. */
const anotherStatement: Change = (failure) => {
  const { place } = failureOf(failure);
  if (place === undefined) return nearMisses['another statement of the file']?.(failure);
  return place.statement === undefined
    ? undefined
    : replaceAnyStatement(failure, place.statement, `other(${random(999)})`);
};

const otherValues: Readonly<Record<string, Change>> = {
  'another number compared': compared((line) =>
    line.replace(number, (n) => String(Number(n) + 1 + random(50))),
  ),
  'another text compared': compared((line) => line.replace(/(['"])([^'"\n]*)\1/, '$1other $2$1')),
  'another truth compared': compared((line) =>
    / (?:==|is|!=) /.test(line)
      ? line.replace(/\b(?:True|False|None)\b/, (word) => (word === 'None' ? 'True' : 'None'))
      : line,
  ),
  'another value behind assert False': (failure) => {
    if (!/^(?:AssertionError: )?assert (?:not )?\w+$/m.test(failure.message)) return undefined;
    const change = (text: string) =>
      text.replace(
        /^( \+ +where [^\n]* = (?:[^\n]*[^\w.'"-])?)(\d+)(?=[^\w.'"-])/m,
        (_, head, n) => `${head}${Number(n) + 1}`,
      );
    return change(failure.message) === failure.message
      ? undefined
      : { ...failure, message: change(failure.message) };
  },
  'another value where the assertion is cut': (failure) => {
    if (!/^(?:AssertionError: )?assert .*\.\.\./.test(failure.message)) return undefined;
    return {
      ...failure,
      message: failure.message.replace(/^( +(?:At index \d+ diff: |- |\+ |\? )?.*?)(\w)$/m, '$1$2x'),
    };
  },
};

function replaceAnyStatement(failure: Shown, own: string, other: string): Shown | undefined {
  const lines = failure.text.split('\n');
  const first = own.split('\n', 1)[0] ?? '';
  const at = lines.findLastIndex((line) => line.replace(/^>/, ' ').trim() === first.trim());
  const found = lines[at];
  if (found === undefined || own.includes('\n')) return undefined;
  lines[at] = found.replace(first.trim(), () => other);
  return { ...failure, text: lines.join('\n') };
}

function judge(
  title: string,
  changes: Readonly<Record<string, Change>>,
  mustBeSame: boolean,
  sign: Sign,
): { good: number; of: number } {
  console.log(`\n${title}`);
  let good = 0;
  let of = 0;
  for (const [name, change] of Object.entries(changes)) {
    let right = 0;
    let all = 0;
    const wrong: string[] = [];
    for (const failure of failures) {
      const made = change(failure);
      if (made === undefined) continue;
      const { before, after: changed } = 'after' in made ? made : { before: failure, after: made };
      if (changed.text === before.text && changed.message === before.message) continue;
      all++;
      if ((sign(changed) === sign(before)) === mustBeSame) right++;
      else if (wrong.length < examples)
        wrong.push(
          `${failure.run} ${failure.test}\n      ${JSON.stringify(failure.message.slice(0, 160))}\n      ${JSON.stringify(changed.message.slice(0, 160))}\n      ${JSON.stringify(statementOf(failure))}\n      ${JSON.stringify(statementOf(changed))}`,
        );
    }
    good += right;
    of += all;
    console.log(
      `  ${name.padEnd(34)} ${String(right).padStart(6)} of ${String(all).padStart(6)}  ${all === 0 ? '' : `${((100 * right) / all).toFixed(2)} %`}`,
    );
    for (const line of wrong) console.log(`    ${line}`);
  }
  return { good, of };
}

/**
 * Twins that nobody made: the same failing test in real runs that differ in family, workers, Python, pytest and machine
 * state, but show tracebacks in the same style.
 */
function judgeRealTwins(name: string, sign: Sign): void {
  const reference = new Map<string, Shown>();
  for (const failure of failures)
    if (failure.run.startsWith('zoo-xunit2-auto.')) reference.set(failure.test, failure);
  const runs = new Map<string, { right: number; all: number; wrong: string[] }>();
  for (const failure of failures) {
    const twin = reference.get(failure.test);
    const styled =
      /^zoo-.*(?:auto|plain|importlib|werror|cov\.|prefix|duration|logging|py31\d|pytest\d\d|reruns|maxfail\.)/.test(
        failure.run,
      );
    if (twin === undefined || twin === failure || !styled || /short|line|native|long/.test(failure.run))
      continue;
    const run = runs.get(failure.run) ?? { right: 0, all: 0, wrong: [] };
    runs.set(failure.run, run);
    run.all++;
    if (sign(failure) === sign(twin)) run.right++;
    else
      run.wrong.push(
        `${failure.test}\n      ${JSON.stringify(twin.message.slice(0, 200))}\n      ${JSON.stringify(failure.message.slice(0, 200))}\n      ${JSON.stringify(statementOf(twin))}\n      ${JSON.stringify(statementOf(failure))}`,
      );
  }
  console.log(`\n${name}, real twins: the same test in another real run (against zoo-xunit2-auto)`);
  let right = 0;
  let all = 0;
  for (const [name, run] of runs) {
    right += run.right;
    all += run.all;
    console.log(`  ${name.padEnd(48)} ${String(run.right).padStart(4)} of ${String(run.all).padStart(4)}`);
    for (const line of run.wrong.slice(0, examples)) console.log(`    ${line}`);
  }
  console.log(`  ${'all'.padEnd(48)} ${right} of ${all}  ${((100 * right) / all).toFixed(2)} %`);
}

const distinct = new Set(failures.map((f) => `${f.test}\n${f.message}\n${f.text}`)).size;
console.log(`scrubber table d1, ${failures.length} real failures (${distinct} distinct texts)`);
const twins = judge('drifted twins: keep their drift signature (similar)', drifts, true, sign);
const misses = judge('near misses: have another drift signature', nearMisses, false, sign);
console.log(
  `\nrecall of similar      ${((100 * twins.good) / twins.of).toFixed(3)} % of ${twins.of} twins (at least 99 %)`,
);
console.log(
  `false similar matches  ${((100 * (misses.of - misses.good)) / misses.of).toFixed(3)} % of ${misses.of} near misses (at most 0.1 %)`,
);
judgeRealTwins('drift signature', sign);

const { 'other numbers': _, 'all of it': __, 'other times': ___, ...sameWords } = drifts;
/** What differs between runs of one failure: each is put into the message twice, made anew. */
const volatile: Readonly<Record<string, () => string>> = {
  'an address': () => `<app.User object at 0x7f${hex(10)}>`,
  'a time': () =>
    `2026-1${random(3)}-1${random(10)} 1${random(10)}:2${random(10)}:3${random(10)}.${100_000 + random(900_000)}`,
  'a temporary path': () => `'/tmp/pytest-of-runner/pytest-${random(900)}/test_x0/out.txt'`,
  'a checkout’s path': () =>
    `'/home/${['runner/work/shop', 'ci', 'me/src'][random(3)]}/shop/data/prices.csv'`,
  'a port': () => `http://127.0.0.1:${33_000 + random(30_000)}/x`,
  'a duration': () => `took ${random(9)}.${10 + random(90)}s`,
  'an id': () => `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`,
};
const puttingIn =
  (make: () => string): Change =>
  (failure) => {
    const put = () => ({
      ...failure,
      message: failure.message.replace(/(?<=[^\s"])(?="?$|\n)/, ` ${make()}`),
    });
    return failure.message === '' ? undefined : { before: put(), after: put() };
  };
const moves: Readonly<Record<string, Change>> = {
  ...sameWords,
  'other counts in a sentence': (failure) => {
    const { errorType } = failureOf(failure);
    const isSentence = /\p{L}{2}/u.test(failure.message.replace(/^[\w.]*: /, ''));
    return errorType === 'AssertionError' || errorType === 'KeyError' || !isSentence
      ? undefined
      : drifts['other numbers']?.(failure);
  },
  ...Object.fromEntries(Object.entries(volatile).map(([name, make]) => [name, puttingIn(make)])),
};
const moved = judge('moved twins: keep their words signature', moves, true, signedWords);
const changed = judge(
  'changed: have another words signature',
  { ...nearMisses, 'another statement of the file': anotherStatement, ...otherValues },
  false,
  signedWords,
);
const others = judge('other compared values: have another words signature', otherValues, false, signedWords);
const similar = judge(
  'other compared numbers: keep their drift signature, told as similar',
  { 'another number': otherValues['another number compared'] as Change },
  true,
  sign,
);
console.log(
  `\nrecall of moved        ${((100 * moved.good) / moved.of).toFixed(3)} % of ${moved.of} twins (at least 99 %)`,
);
console.log(
  `moved, other values    ${others.of - others.good} of ${others.of} (0); ${similar.good} of ${similar.of} told as similar`,
);
console.log(`moved, other failures  ${changed.of - changed.good} of ${changed.of}`);
judgeRealTwins('words signature', signedWords);
await judgeCauses(corpus);
judgeRenames(corpus);
