// Whether pytest wrote a report: told by the root and the suites, which are the same whatever becomes of the tests.
import { describe, expect, it } from 'vitest';
import { readText } from '../support/reports.ts';

const counts = 'errors="0" failures="0" skipped="0" tests="2" time="0.1"';
const start = 'timestamp="2026-11-26T21:00:00" hostname="x"';
const passing = '<testcase classname="app.tests.LoginCase" name="test_in" file="app/tests.py" time="0.1"/>';
const failing = (type = ' type="AssertionError"') =>
  `<testcase classname="app.tests.LoginCase" name="test_in" file="app/tests.py" time="0.1"><failure${type} message="1 != 2">Traceback (most recent call last):\n  File "/w/app/tests.py", line 9, in test_in\n    self.assertEqual(1, 2)\nAssertionError: 1 != 2</failure></testcase>`;
const skipped =
  '<testcase classname="app.tests.LoginCase" name="test_in" file="app/tests.py"><skipped type="skip" message="no"/></testcase>';

async function readAs(open: string, close: string) {
  const found = [];
  for (const testcase of [passing, failing(), failing(''), skipped]) {
    const { results, warnings } = await readText(`${open}${testcase}${close}`);
    found.push(
      `${results[0]?.testName} ${warnings.some((w) => w.code === 'foreign-report') ? 'foreign' : 'own'}`,
    );
  }
  return [...new Set(found)];
}

describe('a report of pytest stays pytest’s, with and without failures, whatever a plugin adds', () => {
  it.each([
    [
      'since 8.4',
      `<testsuites name="pytest tests"><testsuite name="pytest" ${counts} ${start}>`,
      '</testsuite></testsuites>',
    ],
    [
      'with a suite name of its own',
      `<testsuites name="pytest tests"><testsuite name="api" ${counts} ${start}>`,
      '</testsuite></testsuites>',
    ],
    [
      'before 8.4, with a suite name',
      `<testsuites><testsuite name="api" ${counts} ${start}>`,
      '</testsuite></testsuites>',
    ],
    [
      '5.4, with a suite name',
      `<testsuites><testsuite errors="0" failures="0" hostname="x" name="api" skipped="0" tests="2" time="0.1" timestamp="2026-11-26T21:00:00">`,
      '</testsuite></testsuites>',
    ],
    [
      '5.0',
      '<testsuite errors="0" failures="0" name="api" skipped="0" tests="2" time="0.1">',
      '</testsuite>',
    ],
    [
      'with attributes of a plugin on the suite',
      `<testsuites><testsuite name="api" ${counts} ${start} shard="2">`,
      '</testsuite></testsuites>',
    ],
    [
      'put into one file by a merging tool',
      `<testsuites tests="2" time="0.1"><testsuite name="all" file="x"><testsuite name="pytest" ${counts}>`,
      '</testsuite></testsuite></testsuites>',
    ],
  ])('%s', async (_, open, close) => {
    expect(await readAs(open, close)).toEqual(['app/tests.py::LoginCase::test_in own']);
  });
});

describe('a report of another program is told with and without failures, and its ids never change', () => {
  it.each([
    [
      'unittest-xml-reporting',
      `<testsuites><testsuite name="app.tests.LoginCase-20261126" tests="2" file="app/tests.py" time="0.002" timestamp="2026-11-26T21:00:00" failures="0" errors="0">`,
      '</testsuite></testsuites>',
    ],
    [
      'an older one of it',
      '<testsuites><testsuite errors="0" failures="0" name="app.tests.LoginCase" skipped="0" tests="2" time="0.1" timestamp="2026-11-26T21:00:00">',
      '</testsuite></testsuites>',
    ],
    ['nose', '<testsuite name="nosetests" tests="2" errors="0" failures="0" skip="0">', '</testsuite>'],
    [
      'nose2',
      '<testsuite name="nose2-junit" errors="0" failures="0" skipped="0" tests="2" time="0.1" timestamp="2026-11-26T21:00:00">',
      '</testsuite>',
    ],
    [
      'Gradle',
      '<testsuite name="com.x.FooTest" tests="2" skipped="0" failures="0" errors="0" timestamp="2026-11-26T21:00:00" hostname="x" time="0.1">',
      '</testsuite>',
    ],
    [
      'Ant',
      `<testsuite errors="0" failures="0" hostname="x" name="FooTest" skipped="0" tests="2" time="0.1" timestamp="2026-11-26T21:00:00">`,
      '</testsuite>',
    ],
    [
      'Ant’s junitreport',
      '<testsuites><testsuite errors="0" failures="0" hostname="x" id="0" name="FooTest" package="com.x" skipped="0" tests="2" time="0.1" timestamp="2026-11-26T21:00:00">',
      '</testsuite></testsuites>',
    ],
    [
      'Vitest',
      `<testsuites name="vitest tests" tests="2"><testsuite name="a.test.ts" ${start} tests="2" failures="0" errors="0" skipped="0" time="0.1">`,
      '</testsuite></testsuites>',
    ],
    ['Node.js', '<testsuites>', '</testsuites>'],
    [
      'PHPUnit',
      '<testsuites><testsuite name="All"><testsuite name="LoginCase" file="x.php" tests="2">',
      '</testsuite></testsuite></testsuites>',
    ],
  ])('%s', async (_, open, close) => {
    expect(await readAs(open, close)).toEqual(['app.tests.LoginCase::test_in foreign']);
  });
});

it('a type attribute leaves pytest’s file and line', async () => {
  const { results } = await readText(
    `<testsuites name="pytest tests"><testsuite name="pytest" ${counts} ${start}><testcase classname="tests.test_a" name="test_a" time="0.001"><failure type="AssertionError" message="assert 0">tests/test_a.py:1: AssertionError</failure></testcase></testsuite></testsuites>`,
  );
  expect(results[0]).toMatchObject({
    testName: 'tests/test_a.py::test_a',
    failure: { line: 1, errorType: 'AssertionError' },
  });
});
