// Work on hostile input of one size and of twice that size: the time may not grow faster than the input.
//   npm run bench:hostile -- [part of a name] [repeats=5] [characters]
// Measured is the processor's time, after a warm-up, of as many runs as take a while; both sizes run as often. V8 runs in one
// thread, collects its garbage before, and has room for new objects from the start: else its helpers' time and how its heap grows would be
// measured with the work. Both sizes lie on one side of the
// reader's bound for one text (1 MiB), beyond which the middle is cut out: 2 and 4 million characters, and where that takes long, as
// many elements do, 200,000 and 400,000. Between and beyond (`attributes 5 800000`) one start tag with very many attributes grows faster:
// 2.5 to 2.7 times for twice as many from 400,000 to 6.4 million characters, ill-formed ones 3.2 times from 800,000 to 1.6 million.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexCheckout } from '../src/read/checkout.ts';
import { readCoverage } from '../src/read/coverage/coverage.ts';
import { distinctReports, listFolder, readStart } from '../src/read/files.ts';
import { surveyReports } from '../src/read/report/survey.ts';
import { powershellWord, shellWord } from '../src/shell.ts';
import { signDrift } from '../src/sign/drift.ts';
import { scrub } from '../src/sign/scrub.ts';
import { signResults } from '../src/sign/signature.ts';
import { parseMemories } from '../src/store/healix/memory-file.ts';
import { startTally } from '../src/tally.ts';
import { pytestCommand } from '../src/tell/commands.ts';
import { renderAnnotations } from '../src/tell/github/annotations.ts';
import { parseComment } from '../src/tell/github/comment.ts';
import { renderJobSummary } from '../src/tell/github/job-summary.ts';
import { block, code, inline } from '../src/tell/github/markdown.ts';
import { logLines, workflowCommand } from '../src/tell/github/workflow-log.ts';
import { resultLine } from '../src/tell/json.ts';
import { safeLine, safeText } from '../src/tell/safe.ts';
import { renderSummary } from '../src/tell/terminal/summary.ts';
import { createPaint } from '../src/tell/terminal/terminal.ts';
import { hostileReports } from '../test/read/support/hostile.ts';
import { garbageCollector, readText, textReport } from '../test/read/support/reports.ts';
import { tellFigure } from './figures.ts';

const [only = '', repeats = '5', given] = process.argv.slice(2);
const sizes = { large: 2_000_000, small: 200_000 } as const;
/** What takes longer at the large size is measured at the small one; in milliseconds. */
const mostLarge = 120;
/** Twice the input may take this many times as long. */
const most = 2.5;
/** What is measured takes at least this; in milliseconds. */
const least = 50;
const mostRuns = 100;

/** Makes input of about `n` characters; what it gives is measured. */
type Prepare = (n: number) => () => unknown;

const folder = mkdtempSync(join(tmpdir(), 'lukhas-hostile-'));
const collectGarbage = garbageCollector();
const list = <T>(length: number, make: (i: number) => T) => Array.from({ length }, (_, i) => make(i));

const reports = Object.entries(hostileReports).map(([name, make]): [string, Prepare] => [
  name,
  (n) => {
    const report = make(n);
    return async () => signResults((await readText(report)).results);
  },
]);

const entry = '{"executed_lines":[1],"missing_lines":[2],"excluded_lines":[],"summary":{}}';
const coverageOf = (files: string, meta = '"version":"7.6.1","format":3') =>
  `{"meta":{${meta},"branch_coverage":false},"files":{${files}},"totals":{}}`;
const fileOf = (name: string, members = entry) => `${JSON.stringify(name)}:${members}`;
const lines = (length: number) => list(length, (i) => i + 1).join(',');
const coverage = Object.entries<(n: number) => string>({
  files: (n) => coverageOf(list(n / 90, (i) => fileOf(`src/a${i}.py`)).join(',')),
  'files in deep folders': (n) =>
    coverageOf(list(n / 4000, (i) => fileOf(`${'d/'.repeat(1900)}a${i}.py`)).join(',')),
  'files with equal ends': (n) => coverageOf(list(n / 110, (i) => fileOf(`/w${i}/src/pkg/a.py`)).join(',')),
  'lines of a file': (n) =>
    coverageOf(
      fileOf('a.py', entry.replace('[1]', `[${lines(n / 16)}]`).replace('[2]', `[${lines(n / 16)}]`)),
    ),
  'branches of a file': (n) =>
    coverageOf(
      fileOf(
        'a.py',
        entry.replace('}}', `},"executed_branches":[${list(n / 14, (i) => `[${i + 1},2]`).join(',')}]}`),
      ),
    ),
  'contexts of a file': (n) =>
    coverageOf(
      fileOf(
        'a.py',
        entry.replace(
          '}}',
          `},"contexts":{${list(n / 26, (i) => `"${i + 1}":["test_${i}|run"]`).join(',')}}}`,
        ),
      ),
    ),
  'functions of a file': (n) =>
    coverageOf(
      fileOf(
        'a.py',
        entry.replace('}}', `},"functions":{${list(n / 90, (i) => `"f${i}":${entry}`).join(',')}}}`),
      ),
    ),
  'a long member': (n) =>
    coverageOf(fileOf('a.py'), `"version":"7.6.1","format":3,"x":"${'\\\\u0041'.repeat(n / 6)}"`),
  'a long file name': (n) => coverageOf(fileOf('a'.repeat(n))),
  'files that cannot be used': (n) => coverageOf(list(n / 25, (i) => `"a${i}.py":{"x":1}`).join(',')),
}).map(([name, make]): [string, Prepare] => [
  `coverage: ${name}`,
  (n) => {
    const path = join(folder, `coverage-${n}.json`);
    writeFileSync(path, make(n));
    const trackedFiles = list(n / 100, (i) => `pkg${i % 97}/src/a${i}.py`);
    const options = { repositoryRoot: '/w', rootdir: undefined, workingDirectory: '/w', trackedFiles };
    return () => readCoverage([path], options).catch(() => undefined);
  },
]);

const checkoutOf = (paths: readonly string[], classnames: readonly string[]) => () => {
  const checkout = indexCheckout({ root: '/w', paths, readText: () => undefined }, classnames, undefined);
  for (const name of classnames) checkout.files(name);
};
const files: [string, Prepare][] = [
  [
    'checkout: files',
    (n) =>
      checkoutOf(
        list(n / 30, (i) => `src/p${i % 100}/tests/test_${i}.py`),
        list(n / 30, (i) => `tests.test_${i}`),
      ),
  ],
  [
    'checkout: files with one name',
    (n) =>
      checkoutOf(
        list(n / 30, (i) => `src/p${i}/tests/test_a.py`),
        list(n / 30, (i) => `p${i}.tests.test_a`),
      ),
  ],
  [
    'checkout: paths of 4096 characters',
    (n) =>
      checkoutOf(
        list(n / 4096, (i) => `${'a/'.repeat(2040)}test_${i}.py`),
        ['a.test_1', 'a.'.repeat(150)],
      ),
  ],
  [
    'checkout: links to devices, pipes, huge files',
    (n) => {
      const names = list(n / 200, (i) => join(folder, `odd-${n}`, `${i}.py`));
      mkdirSync(join(folder, `odd-${n}`), { recursive: true });
      const target = (i: number) =>
        ['/dev/zero', join(folder, 'pipe'), join(folder, 'huge'), '/nowhere'][i % 4] ?? '';
      for (const [i, name] of names.entries()) {
        rmSync(name, { force: true });
        symlinkSync(target(i), name);
      }
      return async () => {
        await listFolder(join(folder, `odd-${n}`));
        for (const name of names) readStart(name);
      };
    },
  ],
  [
    'many small reports',
    (n) => {
      const small = list(n / 300, (i) =>
        textReport(
          `<testsuites><testsuite name="pytest"><testcase classname="a" name="t${i}"/></testsuite></testsuites>`,
          { name: `${i}.xml` },
        ),
      );
      return async () => surveyReports((await distinctReports(small)).reports, { allowIncomplete: false });
    },
  ],
];

/** What somebody's text may be made of: each of them as often as it fits. */
const pieces = [
  ...[
    ' ',
    '\n',
    '\t',
    '\r',
    ' \n ',
    '`',
    '``` ',
    '@a',
    '<',
    '<!--',
    '##[',
    '::',
    '\u202e',
    '\u200b',
    'a',
    'a ',
    '0',
    '0x',
  ],
  ...[
    'abcdef1 ',
    '"',
    "'",
    '\\',
    '#',
    '#1',
    'GH-',
    'www.',
    '://',
    'a:',
    'a/',
    'a.',
    '[',
    '](',
    '(',
    ')',
    '&lt;',
    '😀',
    '\ud800',
  ],
  ...[
    'E   a\n',
    'a.py:1: ',
    'assert a == ',
    '1 != ',
    '-',
    '+',
    '2026-01-01T',
    '1.5s ',
    "'a' ",
    '{',
    '_',
    '::a',
    '%0A',
  ],
];
const failureOf = (text: string, bounded = text.slice(0, 100_000)) => ({
  testName: bounded,
  testFile: bounded,
  outcome: 'failed' as const,
  line: 1,
  errorType: bounded.slice(0, 200),
  message: text,
  failureSignature: 'md5:0',
});
const totals = {
  total: 1,
  passed: 0,
  failed: 1,
  skipped: 0,
  errors: 0,
  durationSeconds: 1,
  coveragePercent: 1,
};
const told: [string, Prepare][] = pieces.map((piece) => [
  `told: ${JSON.stringify(piece)}`,
  (n) => {
    const text = piece.repeat(n / piece.length);
    const failures = [failureOf(text)];
    const section = {
      ...{ totals, lost: 0, incomplete: false, troubles: [text], xfailed: 0, failures, history: undefined },
      ...{
        leastCovered: [],
        stored: { ok: false, text: 'Not stored.' },
        hideSolutions: false,
        label: text,
        slowest: [],
      },
      ...{ warnings: [{ code: 'x', message: text }], reports: [text], coveredFiles: 0 },
    };
    const failure = {
      ...{
        errorType: 'E',
        line: 1,
        lastFrameLine: 1,
        message: text,
        traceback: text,
        statement: text.slice(0, 2000),
      },
    };
    const result = {
      ...{
        testName: text,
        testFile: text,
        testClass: text,
        testFunction: text,
        nodeIdSource: 'convention' as const,
      },
      ...{
        outcome: 'failed' as const,
        durationSeconds: 1,
        failure,
        reason: text,
        markers: [text],
        failureSignature: 'md5:0' as const,
      },
    };
    return () => {
      for (const tell of [
        safeText,
        safeLine,
        inline,
        code,
        block,
        logLines,
        shellWord,
        powershellWord,
        scrub,
      ])
        tell(text);
      workflowCommand('error', text, { title: text, file: text });
      renderJobSummary(section);
      renderSummary(section, { paint: createPaint(false), columns: 80, mostFailures: 9 });
      renderAnnotations({ ...section, all: 1, locate: () => undefined });
      pytestCommand(failureOf(text));
      resultLine(result);
      signDrift(failure);
      startTally().add([result]);
      parseComment(`<!-- lukhas-ingest ${text}`);
      parseComment(`<!-- lukhas-ingest eyJzaGEiOiIxIn0= -->\n<!-- lukhas-job ${text}`);
      try {
        parseMemories(`${text}`, 'm.json');
      } catch {}
    };
  },
]);
const memories: [string, Prepare][] = [
  [
    'memories of a file',
    (n) => {
      const text = JSON.stringify(
        list(n / 80, (i) => ({ id: `m${i}`, test_name: `t${i}`, failure_signature: 's', solution: 'x' })),
      );
      return () => parseMemories(text, 'm.json');
    },
  ],
];

/** The processor's milliseconds of so many runs. */
async function measure(work: () => unknown, runs: number): Promise<number> {
  collectGarbage();
  const start = process.cpuUsage();
  for (let run = 0; run < runs; run++) await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** How often the work has to run to take long enough. Warms it up. */
async function runsOf(work: () => unknown): Promise<number> {
  let last = 0;
  for (let spent = 0, run = 0; run < 3 || (spent < least && run < 20); run++) {
    last = await measure(work, 1);
    spent += last;
  }
  return Math.min(mostRuns, Math.max(1, Math.ceil(least / Math.max(last, 0.01))));
}

async function sizeOf(prepare: Prepare): Promise<number> {
  const work = prepare(sizes.large);
  const times = [await measure(work, 1), await measure(work, 1)];
  return Math.min(...times) > mostLarge ? sizes.small : sizes.large;
}

const middle = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

execFileSync('mkfifo', [join(folder, 'pipe')]);
writeFileSync(join(folder, 'huge'), 'x');
truncateSync(join(folder, 'huge'), 2 ** 36);
const slow: string[] = [];
let worst = 0;
for (const [name, prepare] of [...reports, ...coverage, ...files, ...memories, ...told]) {
  if (!name.includes(only)) continue;
  const size = given === undefined ? await sizeOf(prepare) : Number(given);
  const [one, two] = [prepare(size), prepare(2 * size)];
  const runs = await runsOf(one);
  await two();
  const pairs: { one: number; two: number }[] = [];
  for (let i = 0; i < Number(repeats); i++)
    pairs.push({ one: await measure(one, runs), two: await measure(two, runs) });
  const ratio = middle(pairs.map((pair) => pair.two / pair.one));
  worst = Math.max(worst, ratio);
  if (ratio > most) slow.push(name);
  const [ones, twos] = [middle(pairs.map((pair) => pair.one)), middle(pairs.map((pair) => pair.two))];
  console.log(
    `${name.padEnd(50)} ${String(size).padStart(8)} ${(ones / runs).toFixed(1).padStart(8)} ms ${(twos / runs).toFixed(1).padStart(8)} ms  ${ratio.toFixed(2)}`,
  );
}
rmSync(folder, { recursive: true, force: true });
tellFigure({
  what: 'the kind of hostile input whose time grows most at twice its size, processor time, median',
  value: `${worst.toFixed(2)}${slow.length === 0 ? '' : `; over: ${slow.join('; ')}`}`,
  bound: `${most}`,
});
process.exitCode = slow.length === 0 ? 0 : 1;
