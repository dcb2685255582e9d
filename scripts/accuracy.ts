// Scores the reader against a corpus of real pytest runs with the truth about every test (its check_truth.py judges).
//   npm run accuracy -- <corpus> [--checkout <corpus>/zoo] [--only NAME] [--examples N]
// With --colour it compares instead: every run coloured by pytest's codes must give what the plain one gives.
import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type Checkout, indexCheckout } from '../src/read/checkout.ts';
import { readResults } from '../src/read/report/junit.ts';
import { type ReportFile, surveyReports } from '../src/read/report/survey.ts';
import { signResults } from '../src/sign/signature.ts';
import { colourReport } from '../test/read/support/colour.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    checkout: { type: 'string' },
    only: { type: 'string' },
    examples: { type: 'string', default: '1000' },
    colour: { type: 'boolean', default: false },
  },
});
const corpus = resolve(positionals[0] ?? '../shared/corpus');
const scratch = mkdtempSync(join(tmpdir(), 'lukhas-accuracy-'));

interface Score {
  tests: number;
  paired: number;
  missing: number;
  extra: number;
  fields: Record<string, { right: number; of: number }>;
  examples: Record<string, [string, unknown, unknown][]>;
  extra_names: string[];
}

const totals: Record<string, { right: number; of: number }> = {};
const columns = [
  'test_name',
  'test_file',
  'test_class',
  'test_function',
  'outcome',
  'error_type_lit',
  'line',
  'line_absent',
  'duration',
];
const short = ['ids', 'files', 'classes', 'functions', 'outcomes', 'types', 'lines', 'no line', 'durations'];
const wrong: { run: string; field: string; id: string; got: unknown; want: unknown }[] = [];
if (values.colour) {
  await compareColoured();
  process.exit();
}
console.log(
  `${'run'.padEnd(40)} ${'tests'.padStart(6)} ${'extra'.padStart(5)} ${short.map((c) => c.padStart(9)).join(' ')}`,
);
for (const folder of ['runs', 'truncated']) {
  for (const entry of readdirSync(join(corpus, folder)).sort()) {
    if (!/\.xml(\.gz)?$/.test(entry)) continue;
    const name = entry.replace(/\.xml(\.gz)?$/, '');
    if (values.only !== undefined && !name.includes(values.only)) continue;
    await scoreRun(folder, entry, name);
  }
}

/** Reads each report as it is and coloured; counts the results that differ in any field or signature. */
async function compareColoured(): Promise<void> {
  let [results, coloured, differing] = [0, 0, 0];
  for (const folder of ['runs', 'truncated']) {
    for (const entry of readdirSync(join(corpus, folder)).sort()) {
      if (!/\.xml(\.gz)?$/.test(entry) || !entry.includes(values.only ?? '')) continue;
      const bytes = readFileSync(join(corpus, folder, entry));
      const plain = (entry.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      const painted = colourReport(plain);
      const [a, b] = [await signedResults(entry, folder, plain), await signedResults(entry, folder, painted)];
      const wrongHere = a.filter((result, i) => result !== b[i]);
      results += a.length;
      if (painted !== plain) coloured += a.length;
      differing += wrongHere.length + Math.abs(a.length - b.length);
      for (const result of wrongHere.slice(0, 3)) console.log(`${entry} differs: ${result.slice(0, 300)}`);
    }
  }
  console.log(
    `${results} results, ${coloured} of coloured reports; ${differing} differ from the plain run's`,
  );
  process.exitCode = differing === 0 && coloured > 0 ? 0 : 1;
}

async function signedResults(name: string, folder: string, text: string): Promise<string[]> {
  const content = Buffer.from(text);
  const file: ReportFile = { name, bytes: content.length, open: () => Readable.from([content]) };
  const survey = await surveyReports([file], { allowIncomplete: folder === 'truncated' });
  const signed: string[] = [];
  for await (const some of readResults([file], { survey, checkout: undefined, onWarning: () => {} }))
    signed.push(...signResults(some).map((result) => JSON.stringify(result)));
  return signed;
}

async function scoreRun(folder: string, entry: string, name: string): Promise<void> {
  const path = join(corpus, folder, entry);
  const file: ReportFile = {
    name: entry,
    bytes: statSync(path).size,
    open: () =>
      entry.endsWith('.gz') ? createReadStream(path).pipe(createGunzip()) : createReadStream(path),
  };
  const survey = await surveyReports([file], { allowIncomplete: folder === 'truncated' });
  const checkout =
    values.checkout === undefined ? undefined : openCheckout(resolve(values.checkout), survey.classnames);
  const rows: string[] = [];
  for await (const results of readResults([file], { survey, checkout, onWarning: () => {} })) {
    for (const r of results) {
      rows.push(
        JSON.stringify({
          test_name: r.testName,
          test_file: r.testFile ?? null,
          test_class: r.testClass ?? null,
          test_function: r.testFunction ?? null,
          outcome: r.outcome,
          error_type: r.failure?.errorType ?? null,
          line: r.failure?.line ?? null,
          duration: r.durationSeconds ?? null,
          source: r.nodeIdSource,
        }),
      );
    }
  }
  const ingested = join(scratch, `${name}.jsonl`);
  writeFileSync(ingested, `${rows.join('\n')}\n`);
  const truth = [`${name}.truth.jsonl`, `${name}.truth.jsonl.gz`]
    .map((t) => join(corpus, folder, t))
    .find((t) => existsSync(t));
  if (truth === undefined) return;
  const score = judge(ingested, truth);
  const cells = columns.map((column) => {
    const field = score.fields[column];
    if (field === undefined) return '-'.padStart(9);
    const total = totals[column] ?? { right: 0, of: 0 };
    totals[column] = total;
    total.right += field.right;
    total.of += field.of;
    return (field.right === field.of ? String(field.of) : `${field.right}/${field.of}`).padStart(9);
  });
  console.log(
    `${name.padEnd(40)} ${String(score.tests).padStart(6)} ${String(score.extra).padStart(5)} ${cells.join(' ')}`,
  );
  for (const [field, examples] of Object.entries(score.examples)) {
    if (!columns.includes(field)) continue;
    for (const [id, got, want] of examples) wrong.push({ run: name, field, id, got, want });
  }
  for (const extra of score.extra_names)
    wrong.push({ run: name, field: 'extra', id: extra, got: 'a record', want: 'none' });
}

/** Why something cannot come out right: what pytest writes does not hold it. */
const causes: readonly {
  readonly cause: string;
  readonly when: (run: string, field: string, id: string) => boolean;
}[] = [
  {
    cause: 'the test overwrote its own address (record_xml_attribute): the XML does not hold it',
    when: (_, __, id) => id.includes('test_attribute_overrides') || id.includes('custom name'),
  },
  {
    cause: 'two tests have one address; where one of them passed, nothing but xunit1 tells which',
    when: (run) => run.startsWith('twins-xunit2'),
  },
  {
    cause: 'an internal error of pytest is no test, and yet told as a result',
    when: (_, field) => field === 'extra',
  },
  {
    cause:
      'the failure shows its message alone (pytrace=False, --tb=line, --tb=no): no line stands in it as a location',
    when: (_, field, id) => field === 'line' && /notrace|request_missing|test_two_bugs/.test(id),
  },
  {
    cause: 'a fixture that is not found is shown at the line of the definition, which is no frame',
    when: (_, field, id) => field === 'line_absent' && id.includes('missing_fixture'),
  },
];

function tellWhatIsWrong(): void {
  const rest = new Set(wrong);
  for (const { cause, when } of causes) {
    const of = [...rest].filter(({ run, field, id }) => when(run, field, id));
    for (const one of of) rest.delete(one);
    tellCause(cause, of);
  }
  tellCause('no cause known', [...rest]);
}

function tellCause(cause: string, of: typeof wrong): void {
  if (of.length === 0) return;
  console.log(`\n${cause}: ${of.length}`);
  for (const { run, field, id, got, want } of of) {
    console.log(`  ${run} ${field} ${id}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  }
}

function judge(ingested: string, truth: string): Score {
  const args = [join(corpus, 'check_truth.py'), ingested, truth, '--json', '--examples', values.examples];
  try {
    return JSON.parse(execFileSync('python3', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
  } catch (error) {
    // Exit status 1 says that some test of the truth was not found; the score is printed all the same.
    return JSON.parse((error as { stdout: string }).stdout);
  }
}

function openCheckout(root: string, classnames: ReadonlySet<string>): Checkout {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((p) =>
    statSync(join(root, p)).isFile(),
  );
  const readText = (p: string) => readFileSync(join(root, p), 'utf8');
  return indexCheckout({ root, paths, readText }, classnames, undefined);
}

console.log(
  `\n${'total'.padEnd(53)} ${columns.map((c) => `${((100 * (totals[c]?.right ?? 0)) / (totals[c]?.of ?? 1)).toFixed(3)}%`.padStart(9)).join(' ')}`,
);
for (const [i, column] of columns.entries())
  console.log(`  ${(short[i] ?? '').padEnd(10)} ${totals[column]?.right} of ${totals[column]?.of}`);
tellWhatIsWrong();
