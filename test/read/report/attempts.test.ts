// Rerun plugins that write one testcase per attempt: one test with the last verdict, and only where nothing red is lost.
// The reports were made with pytest-rerunfailures 16.7 and flaky 3.8.1 (`--reruns 2`; `--force-flaky --max-runs=3`).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexCheckout } from '../../../src/read/checkout.ts';
import { fixtures, readReports, readText, reportBytes, textReport, wrap } from '../support/reports.ts';

const empty = (name: string, classname = 'tests.test_r', more = '') =>
  `<testcase classname="${classname}" name="${name}"${more} time="0.25" />`;
const failed = (name: string, classname = 'tests.test_r', more = '', file = 'tests/test_r.py') =>
  `<testcase classname="${classname}" name="${name}"${more} time="0.25"><failure message="assert 0">${file}:3: AssertionError</failure></testcase>`;
const error = (name: string, phase = 'setup', classname = 'tests.test_r') =>
  `<testcase classname="${classname}" name="${name}" time="0.25"><error message="failed on ${phase} with &quot;OSError: gone&quot;">tests/conftest.py:9: OSError</error></testcase>`;

type Checkout = NonNullable<Parameters<typeof readReports>[1]>['checkout'];
const disk =
  (files: Readonly<Record<string, string>>): Checkout =>
  (survey) =>
    indexCheckout(
      { root: '/w', paths: Object.keys(files), readText: (path) => files[path] },
      survey.classnames,
      undefined,
    );

async function shown(xml: string, checkout?: Checkout): Promise<string[]> {
  const { results } = await readText(xml, checkout === undefined ? {} : { checkout });
  return results.map((r) => `${r.testName} ${r.outcome} ${r.attempts ?? 1} ${r.durationSeconds}`);
}

const fixture = (name: string) => readFileSync(join(fixtures, 'reading', `reruns-${name}.xml`), 'utf8');

describe('a rerun test', () => {
  it.each(['xunit2', 'xunit1', 'xunit2-xdist'])(
    'is one test with its last verdict: rerunfailures, %s',
    async (name) => {
      const { results } = await readText(fixture(name));
      const told = results
        .map((r) => `${r.testName.replace('tests/unit/', '')} ${r.outcome} ${r.attempts ?? 1}`)
        .sort();
      expect(told).toEqual([
        'test_more.py::test_q passed 1',
        'test_more.py::test_slow failed 3',
        'test_r.py::TestK::test_p[1] passed 1',
        'test_r.py::TestK::test_p[2] failed 3',
        'test_r.py::test_always_fails failed 3',
        // Errors in earlier attempts' teardown are written, and never lost.
        'test_r.py::test_both error 1',
        'test_r.py::test_both error 1',
        'test_r.py::test_both failed 1',
        'test_r.py::test_flaky_passes passed 3',
        'test_r.py::test_ok passed 1',
        'test_r.py::test_setup passed 2',
        'test_r.py::test_su_always error 3',
        'test_r.py::test_td_always error 3',
        'test_r.py::test_teardown passed 2',
      ]);
      const slow = results.find((r) => r.testFunction === 'test_slow');
      expect(slow?.durationSeconds).toBeGreaterThan(0.15);
      expect(slow?.failure?.errorType).toBe('AssertionError');
    },
  );

  it.each(['flaky', 'flaky2'])('is one test with its last verdict: %s', async (name) => {
    const { results, survey } = await readText(fixture(name));
    const red = (name: string) => results.filter((r) => r.testFunction === name).map((r) => r.outcome);
    expect(red('test_always_fails')).toEqual(['failed']);
    expect(red('test_su_always')).toEqual(['error']);
    expect(red('test_setup')).toEqual(['passed']);
    expect(red('test_teardown')).toEqual(name === 'flaky' ? ['error'] : ['error', 'passed']);
    const attempts = results.reduce((sum, r) => sum + (r.attempts ?? 1), 0);
    expect(attempts + 1).toBe(survey.testcases);
  });

  it('adds times, counts attempts, and keeps what only the last attempt says', async () => {
    expect(await shown(wrap(empty('t') + empty('t') + failed('t') + empty('u')))).toEqual([
      'tests/test_r.py::t failed 3 0.75',
      'tests/test_r.py::u passed 1 0.25',
    ]);
    expect(await shown(wrap(empty('t') + empty('t') + empty('t')))).toEqual([
      'tests/test_r.py::t passed 3 0.75',
    ]);
  });

  it('keeps a call and its teardown that failed in the last attempt together', async () => {
    expect(await shown(wrap(empty('t') + failed('t') + error('t', 'teardown')))).toEqual([
      'tests/test_r.py::t failed 2 0.75',
    ]);
    expect(await shown(wrap(empty('t') + error('t', 'teardown')))).toEqual([
      'tests/test_r.py::t error 2 0.5',
    ]);
  });

  it('may have other workers’ tests between its attempts where the suite counts fewer tests than elements', async () => {
    const cases = empty('t') + empty('o') + empty('t') + empty('p') + failed('t');
    expect(await shown(wrap(cases, 'name="pytest" tests="3"'))).toEqual([
      'tests/test_r.py::o passed 1 0.25',
      'tests/test_r.py::p passed 1 0.25',
      'tests/test_r.py::t failed 3 0.75',
    ]);
    expect(await shown(wrap(cases, 'name="pytest" tests="5"'))).toHaveLength(5);
  });

  it('may have output and properties in its empty attempts', async () => {
    const noise = `<testcase classname="tests.test_r" name="t" time="0.25"><properties><property name="a" value="b"/></properties><system-out>x</system-out></testcase>`;
    expect(await shown(wrap(noise + failed('t')))).toEqual(['tests/test_r.py::t failed 2 0.5']);
  });
});

describe('what is no rerun', () => {
  it.each([
    ['a failure before a pass', failed('t') + empty('t')],
    ['an error before a pass', error('t') + empty('t')],
    ['a failed teardown before a pass', error('t', 'teardown') + empty('t')],
    [
      'a skip before a pass',
      '<testcase classname="tests.test_r" name="t" time="0.25"><skipped message="no">x</skipped></testcase>' +
        empty('t'),
    ],
    ['two failures', failed('t') + failed('t')],
  ])('stays two results: %s', async (_, cases) => {
    expect(await shown(wrap(cases))).toHaveLength(2);
  });

  it('a failure between attempts ends them: what comes later is another result', async () => {
    expect(await shown(wrap(empty('t') + failed('t') + empty('t')))).toEqual([
      'tests/test_r.py::t failed 2 0.5',
      'tests/test_r.py::t passed 1 0.25',
    ]);
  });

  it('two suites of one file, and two files, are not joined', async () => {
    const suite = `<testsuite name="pytest">${empty('t')}</testsuite>`;
    expect(await shown(`<testsuites>${suite}${suite}</testsuites>`)).toHaveLength(2);
    const files = ['a.xml', 'b.xml'].map((name) => textReport(wrap(empty('t')), { name }));
    expect((await readReports(files)).results).toHaveLength(2);
  });

  it.each(['', '.TestX'])('an address without a module is not joined: %j', async (classname) => {
    expect(await shown(wrap(empty('test_main', classname) + empty('test_main', classname)))).toHaveLength(2);
    const file = (name: string) => ` file="../tests/${name}.py" line="0"`;
    const same =
      empty('test_main', classname, file('test_a')) + empty('test_main', classname, file('test_a'));
    expect(await shown(wrap(same))).toHaveLength(1);
    const other =
      empty('test_main', classname, file('test_a')) + empty('test_main', classname, file('test_b'));
    expect(await shown(wrap(other))).toHaveLength(2);
  });

  it('twin tests of two files stay two, with the checkout, with xunit1, and by their failures', async () => {
    const twins = empty('test_jam', 'tests.test_gate.LockUp') + empty('test_jam', 'tests.test_gate.LockUp');
    const files = {
      'tests/test_gate.py': 'class LockUp:\n  def test_jam(self): pass',
      'tests/test_gate/LockUp.py': 'def test_jam(): pass',
    };
    expect(await shown(wrap(twins), disk(files))).toHaveLength(2);
    expect(
      await shown(wrap(twins), disk({ 'tests/test_gate.py': files['tests/test_gate.py'] })),
    ).toHaveLength(1);
    for (const name of ['twins-xunit1', 'twins-xunit2']) {
      expect(await shown(reportBytes(name).toString('utf8')), name).toHaveLength(4);
    }
    const failing =
      empty('test_jam', 'tests.test_gate.LockUp') +
      failed('test_jam', 'tests.test_gate.LockUp', '', 'tests/test_gate.py') +
      failed('test_turn', 'tests.test_gate.LockUp', '', 'tests/test_gate/LockUp.py');
    expect(await shown(wrap(failing))).toHaveLength(3);
  });

  it('no result is lost where attempts end with the report', async () => {
    const cut = wrap(empty('t') + empty('t')).replace(/ <\/testsuite>.*$/, '');
    expect((await readText(cut, { allowIncomplete: true })).results).toHaveLength(1);
  });
});
