// Writes a pytest report of any size as pytest itself writes it by default (xunit2, `--tb=long`), as a stream, and a
// coverage.json to go with it. Made up, yet with the shapes of real suites; the same arguments give the same bytes.
//   node scripts/make-report.mjs --tests 100000 --out report.xml [--coverage-files 2000 --coverage-out coverage.json]

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const areas = ['orders', 'billing', 'search', 'accounts', 'catalog', 'shipping', 'reports', 'api'];
const verbs = [
  'accepts',
  'rejects',
  'returns',
  'keeps',
  'rounds',
  'orders_by',
  'falls_back_to',
  'never_loses',
];
const nouns = [
  'empty_cart',
  'discount',
  'unicode_names',
  'expired_token',
  'large_page',
  'time_zone',
  'null_price',
  'retry',
];
const errors = [
  (n) => ['KeyError', `'sku-${n}'`, `>       return self.prices[sku]`],
  (n) => [
    'AssertionError',
    `assert ${n} == ${n + 1}\n +  where ${n} = total(Cart(items=${n % 9}))`,
    `>       assert total(cart) == ${n + 1}`,
  ],
  (n) => ['ValueError', `invalid literal for int() with base 10: 'x${n}'`, `>       return int(text)`],
  (n) => [
    'TimeoutError',
    `no answer from http://127.0.0.1:${10000 + (n % 50000)}/v1 after ${n % 30} s`,
    `>       response = client.get(url, timeout=limit)`,
  ],
];

/** The tests of a made-up suite: `failureShare` of them fail, with tracebacks of about `tracebackBytes`. */
export function* makeTests({ tests, failureShare = 0.05, tracebackBytes = 2048 }) {
  const every = failureShare > 0 ? Math.round(1 / failureShare) : Number.POSITIVE_INFINITY;
  for (let n = 0; n < tests; n++) {
    const area = areas[n % areas.length];
    const module = `test_${area}_${String(Math.floor(n / 400)).padStart(4, '0')}`;
    const file = `tests/${area}/${module}.py`;
    const cls = `Test${area[0].toUpperCase()}${area.slice(1)}`;
    const fn = `test_${verbs[(n >> 3) % verbs.length]}_${nouns[(n >> 6) % nouns.length]}`;
    const id = n % 3 === 0 ? `[${n}-${nouns[n % nouns.length]}]` : `_${n}`;
    const name = `${fn}${id}`;
    const time = ((n * 7919) % 2000) / 1000;
    const line = 20 + (n % 300);
    const failure =
      n % every === every - 1
        ? makeFailure(n, { file, cls, fn, module, area, line, tracebackBytes })
        : undefined;
    const skipped =
      failure === undefined && n % 50 === 7 ? `${file}:${line}: needs ${area} sandbox` : undefined;
    yield {
      file,
      cls,
      module,
      name,
      time,
      line,
      failure,
      skipped,
      function: id.startsWith('[') ? fn : name,
      classname: `tests.${area}.${module}.${cls}`,
    };
  }
}

function makeFailure(n, { file, cls, fn, module, area, line, tracebackBytes }) {
  const [type, message, source] = errors[n % errors.length](n);
  const head = `self = <tests.${area}.${module}.${cls} object at 0x7f${((n * 2654435761) % 2 ** 40).toString(16).padStart(10, '0')}>\n\n    def ${fn}(self):\n`;
  const tail = `${source}\nE       ${`${type}: ${message}`.replace(/\n/g, '\nE       ')}\n\n${file}:${line}: ${type}`;
  let body = '';
  for (let i = 0; head.length + body.length + tail.length < tracebackBytes; i++) {
    body += `        item_${i} = self.cart.add("sku-${(n * 31 + i) % 9973}", count=${i % 7}, price=Decimal("${i}.99"))\n`;
  }
  return { type, line, message: `${type}: ${message}`, traceback: `${head}${body}${tail}` };
}

/** Files of a made-up coverage report: `covered` covered and `missing` missing lines each. */
export function* makeCoverageFiles({ files, covered = 500, missing = 100 }) {
  for (let n = 0; n < files; n++) {
    const total = covered + missing;
    const missingLines = Array.from(
      { length: missing },
      (_, i) => (i + 1) * Math.floor(total / missing) + (n % 3),
    );
    const gone = new Set(missingLines);
    const coveredLines = [];
    for (let line = 1; coveredLines.length < covered; line++) if (!gone.has(line)) coveredLines.push(line);
    yield {
      path: `src/${areas[n % areas.length]}/module_${String(n).padStart(5, '0')}.py`,
      coveredLines,
      missingLines,
    };
  }
}

/** Writes the report and resolves to its size in bytes. */
export async function writeReport(
  path,
  { tests, failureShare = 0.05, timestamp = '2026-01-01T00:00:00.000000+00:00' },
) {
  const all = { tests, failureShare };
  let failed = 0;
  let skipped = 0;
  for (const test of makeTests({ ...all, tracebackBytes: 0 })) {
    if (test.failure) failed++;
    if (test.skipped) skipped++;
  }
  return writeStream(
    path,
    (function* () {
      yield `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="${failed}" skipped="${skipped}" tests="${tests}" time="${(tests / 1000).toFixed(3)}" timestamp="${timestamp}" hostname="runner">`;
      for (const test of makeTests(all)) {
        const open = `<testcase classname="${attribute(test.classname)}" name="${attribute(test.name)}" time="${test.time.toFixed(3)}"`;
        if (test.failure)
          yield `${open}><failure message="${attribute(test.failure.message)}">${content(test.failure.traceback)}</failure></testcase>`;
        else if (test.skipped)
          yield `${open}><skipped type="pytest.skip" message="needs sandbox">${content(test.skipped)}</skipped></testcase>`;
        else yield `${open} />`;
      }
      yield '</testsuite></testsuites>';
    })(),
  );
}

/** Writes a coverage.json of coverage.py's format 3 and resolves to its size in bytes. */
export async function writeCoverage(path, { files, covered = 500, missing = 100 }) {
  const summary = (times) => ({
    covered_lines: covered * times,
    num_statements: (covered + missing) * times,
    percent_covered: (100 * covered) / (covered + missing),
    percent_covered_display: ((100 * covered) / (covered + missing)).toFixed(0),
    missing_lines: missing * times,
    excluded_lines: 0,
  });
  return writeStream(
    path,
    (function* () {
      yield '{"meta": {"format": 3, "version": "7.6.1", "timestamp": "2026-01-01T00:00:00.000000", "branch_coverage": false, "show_contexts": false}, "files": {';
      let first = true;
      for (const file of makeCoverageFiles({ files, covered, missing })) {
        const entry = {
          executed_lines: file.coveredLines,
          summary: summary(1),
          missing_lines: file.missingLines,
          excluded_lines: [],
        };
        yield `${first ? '' : ', '}${JSON.stringify(file.path)}: ${JSON.stringify(entry)}`;
        first = false;
      }
      yield `}, "totals": ${JSON.stringify(summary(files))}}`;
    })(),
  );
}

async function writeStream(path, pieces) {
  const out = createWriteStream(path);
  let bytes = 0;
  let pending = '';
  const flush = async () => {
    const chunk = Buffer.from(pending);
    bytes += chunk.length;
    pending = '';
    if (!out.write(chunk)) await once(out, 'drain');
  };
  for (const piece of pieces) {
    pending += piece;
    if (pending.length > 1 << 18) await flush();
  }
  await flush();
  out.end();
  await once(out, 'finish');
  return bytes;
}

function attribute(text) {
  return content(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#09;');
}

function content(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      tests: { type: 'string', default: '1000' },
      out: { type: 'string', default: 'report.xml' },
      'failure-share': { type: 'string', default: '0.05' },
      timestamp: { type: 'string' },
      'coverage-files': { type: 'string', default: '2000' },
      'coverage-out': { type: 'string' },
    },
  });
  const bytes = await writeReport(values.out, {
    tests: Number(values.tests),
    failureShare: Number(values['failure-share']),
    ...(values.timestamp === undefined ? {} : { timestamp: values.timestamp }),
  });
  console.log(`${values.out}: ${values.tests} tests, ${bytes} bytes`);
  if (values['coverage-out'] !== undefined) {
    const size = await writeCoverage(values['coverage-out'], { files: Number(values['coverage-files']) });
    console.log(`${values['coverage-out']}: ${values['coverage-files']} files, ${size} bytes`);
  }
}
