// Every report in fixtures/junit with a truth file beside it: what is read is what pytest reported, test by test. A new
// pair of files is tested without a line here; what cannot be read right is named below.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TestResult } from '../../../src/model.ts';
import { checkoutOf, fixtureReport, fixtures, junit, readReports } from '../support/reports.ts';
import { type Comparison, compareWithTruth, readTruth, type TrueTest } from '../support/truth.ts';

const names = readdirSync(junit)
  .filter((entry) => entry.endsWith('.truth.jsonl.gz'))
  .map((entry) => entry.replace('.truth.jsonl.gz', ''))
  .sort();

const zoo = checkoutOf(join(fixtures, 'zoo'), '/home/runner/work/zoo/zoo');
const twins = checkoutOf(join(fixtures, 'zoo-twins'), '/home/runner/work/zoo-twins/zoo-twins');

/** What this run is known to be read wrong in, as `field nodeid`; the reason stands beside it. */
interface Exceptions {
  readonly always?: readonly string[];
  readonly withoutCheckout?: readonly string[];
  readonly missing?: readonly string[];
  readonly extra?: readonly string[];
}

/** pytest.fail(pytrace=False) shows no line; only the truth of whole reports says so. */
const noTrace = 'line tests/unit/test_errors.py::test_pytest_fail_notrace';
const noTraceOfFixture = 'line tests/unit/test_fixtures.py::test_request_missing';
/** The number 24 stands in the exception's words by chance; --tb=line and --tb=no show no location. */
const lineByChance = 'line tests/unit/test_hypo.py::TestHypo::test_two_bugs';
/** pytest 5.4 shows where the test is defined when its fixture is not found; truth takes it for no line of the failure. */
const definition = 'no line tests/unit/test_fixtures.py::test_missing_fixture';

const exceptions: Readonly<Record<string, Exceptions>> = {
  // Two tests of one address, of which one passed: nothing in the report tells which file that one is in. Both get the
  // id of the failed one, and the comparison pairs them the other way round.
  'twins-xunit2': {
    always: [
      'class tests/test_gate/LockUp.py::test_jam',
      'file tests/test_gate/LockUp.py::test_jam',
      'id tests/test_gate/LockUp.py::test_jam',
      'line tests/test_gate.py::LockUp::test_jam',
      'outcome tests/test_gate.py::LockUp::test_jam',
      'outcome tests/test_gate/LockUp.py::test_jam',
      'type tests/test_gate.py::LockUp::test_jam',
    ],
  },
  'zoo-default-pytest54': { always: [definition] },
  'zoo-truncated-in-tag': { always: [noTrace] },
  'zoo-truncated-mid': { always: [noTrace] },
  'zoo-truncated-in-utf8': { always: [noTrace, noTraceOfFixture] },
  'zoo-truncated-no-close': { always: [noTrace, noTraceOfFixture] },
  'zoo-xunit2-line': { always: [lineByChance] },
  'zoo-xunit2-no': { always: [lineByChance] },
  // No test, and yet the run's most important line.
  'zoo-xunit2-internal-error-xdist': { extra: ['pytest internal error'] },
  // record_xml_attribute overwrote the address: the report does not name this test.
  'zoo-xunit2-malformed': {
    missing: ['tests/unit/test_props.py::test_attribute_overrides'],
    extra: ['custom/class.py::Name::custom name'],
  },
};

function mistakesOf({ mistakes }: Comparison): string[] {
  return mistakes.map(({ field, test }) => `${field} ${test.nodeid}`).sort();
}

async function compare(name: string, checkout: ReturnType<typeof checkoutOf> | undefined) {
  const truth = readTruth(name) ?? [];
  const read = await readReports([fixtureReport(name)], {
    allowIncomplete: name.includes('truncated'),
    ...(checkout === undefined ? {} : { checkout }),
  });
  return { ...read, truth, comparison: compareWithTruth(read.results, truth) };
}

describe.each(names)('%s', (name) => {
  const { always = [], withoutCheckout = [], missing = [], extra = [] } = exceptions[name] ?? {};

  it('is read as pytest reported it, without a checkout', async () => {
    const { comparison, truth } = await compare(name, undefined);
    expect(mistakesOf(comparison)).toEqual([...always, ...withoutCheckout].sort());
    expect(comparison.missing.map((test) => test.nodeid)).toEqual(missing);
    expect(comparison.extra.map((result) => result.testName)).toEqual(extra);
    expect(comparison.compared.get('outcome') ?? 0).toBe(truth.length - missing.length);
  });

  const checkout = name.includes('twins') ? twins : name.startsWith('zoo') ? zoo : undefined;
  it.runIf(checkout !== undefined)('is read as pytest reported it, with the checkout on disk', async () => {
    const { comparison, results } = await compare(name, checkout);
    expect(mistakesOf(comparison)).toEqual([...always].sort());
    expect(comparison.missing.map((test) => test.nodeid)).toEqual(missing);
    expect(comparison.extra.map((result) => result.testName)).toEqual(extra);
    // What is right must not be right by luck: the files are there, so that nothing is left to convention.
    const known = results.filter((result) => !extra.includes(result.testName));
    const guessed = known.filter(
      ({ nodeIdSource: source }) => source === 'convention' || source === 'traceback',
    );
    expect(guessed.map((result) => `${result.testName} ${result.nodeIdSource}`)).toEqual([]);
  });
});

describe('the comparison itself', () => {
  const truth: TrueTest[] = [
    {
      nodeid: 'a/t.py::A::f[x]',
      file: 'a/t.py',
      cls: 'A',
      function: 'f',
      param: 'x',
      outcome: 'failed',
      exc_type: 'KeyError',
      line: 5,
      duration: 0.5,
    },
    { nodeid: 'a/t.py::g', file: 'a/t.py', function: 'g', outcome: 'passed' },
    { nodeid: 'b/t.py::g', file: 'b/t.py', function: 'g', outcome: 'passed' },
    {
      nodeid: 'b/t.py::h[\x1b]',
      file: 'b/t.py',
      function: 'h',
      param: '\x1b',
      outcome: 'error',
      exc_type: 'E',
      outcome_accept: ['failed'],
    },
  ];
  const result = (test: TrueTest, changes: Partial<TestResult> = {}): TestResult => ({
    testName: test.nodeid,
    testFile: test.file,
    testClass: test.cls,
    testFunction: test.function,
    nodeIdSource: 'convention',
    outcome: test.outcome as TestResult['outcome'],
    durationSeconds: test.duration,
    failure: failure(test.exc_type, test.line),
    reason: undefined,
    markers: [],
    ...changes,
  });
  const failure = (errorType: string | undefined, line: number | undefined): TestResult['failure'] => ({
    errorType,
    line,
    lastFrameLine: undefined,
    message: undefined,
    traceback: undefined,
  });
  const [f, g, g2, h] = truth as [TrueTest, TrueTest, TrueTest, TrueTest];

  it('finds nothing wrong with perfect results, escaped characters and tolerated outcomes', () => {
    expect(
      compareWithTruth(
        truth.map((t) => result(t)),
        truth,
      ),
    ).toMatchObject({ mistakes: [], missing: [], extra: [] });
    const tolerated = [
      result(f),
      result(g),
      result(g2),
      result(h, { testName: 'b/t.py::h[#x1B]', outcome: 'failed' }),
    ];
    expect(mistakesOf(compareWithTruth(tolerated, truth))).toEqual([]);
  });

  it('judges the other fields of a test whose node id is wrong', () => {
    const wrong = [result(f), result(g, { testName: 't.py::g', testFile: 't.py' }), result(g2), result(h)];
    expect(mistakesOf(compareWithTruth(wrong, truth))).toEqual(['file a/t.py::g', 'id a/t.py::g']);
  });

  it('sees wrong lines and types, missing and extra tests', () => {
    const comparison = compareWithTruth(
      [result(f, { failure: failure(undefined, 6) }), result(g), { ...result(g), testName: 'zzz' }],
      [f, g, h],
    );
    expect(mistakesOf(comparison)).toEqual(['line a/t.py::A::f[x]', 'type a/t.py::A::f[x]']);
    expect(comparison.missing).toEqual([h]);
    expect(comparison.extra.map((r) => r.testName)).toEqual(['zzz']);
  });

  it('demands no line that is not in the report', () => {
    const test = { ...f, line_literal: false };
    expect(
      compareWithTruth([result(test, { failure: failure('KeyError', undefined) })], [test]).compared.has(
        'line',
      ),
    ).toBe(false);
  });
});
