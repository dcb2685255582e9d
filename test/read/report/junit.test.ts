// Both passes over a report: what becomes one test, what becomes a warning, what is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readResults } from '../../../src/read/report/junit.ts';
import { surveyReports } from '../../../src/read/report/survey.ts';
import { signResults } from '../../../src/sign/signature.ts';
import { startTally } from '../../../src/tally.ts';
import { cpuMs } from '../../support/cpu.ts';
import { rounds } from '../../support/long.ts';
import { fuzzReader } from '../support/fuzz.ts';
import {
  escapeAttribute,
  fixtureReport,
  garbageCollector,
  generatedReport,
  type Read,
  readReports,
  readText,
  textReport,
  wrap,
} from '../support/reports.ts';

const failed = (name: string, classname = 'tests.test_a') =>
  `<testcase classname="${classname}" name="${name}" time="0.5"><failure message="assert 0">tests/test_a.py:3: AssertionError</failure></testcase>`;
const teardown = (name: string, classname = 'tests.test_a') =>
  `<testcase classname="${classname}" name="${name}" time="0.25"><error message="failed on teardown with &quot;OSError: gone&quot;">tests/conftest.py:9: OSError</error></testcase>`;
const passed = (name: string) => `<testcase classname="tests.test_a" name="${name}" time="0.001"/>`;

const shown = ({ results }: Read) => results.map((r) => `${r.testFunction} ${r.outcome}`);
const codes = ({ warnings }: Read) => warnings.map((warning) => warning.code);
const many = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join('');

describe('a failed call and its failed teardown', () => {
  it('are one failed test with both times and both texts, in the place of the first', async () => {
    const read = await readText(wrap(passed('a') + failed('b') + teardown('b') + passed('c')));
    expect(shown(read)).toEqual(['a passed', 'b failed', 'c passed']);
    expect(read.results[1]).toMatchObject({
      durationSeconds: 0.75,
      failure: {
        errorType: 'AssertionError',
        line: 3,
        message: 'assert 0\nand then, on teardown: OSError: gone',
        traceback: expect.stringMatching(
          /^tests\/test_a.py:3: AssertionError\n\n_+ teardown failed as well _+\n\ntests\/conftest.py:9: OSError$/,
        ),
      },
    });
  });

  it('are one test where tests of other workers stand between them', async () => {
    const read = await readText(
      wrap(failed('a') + many(1000, (i) => passed(`p${i}`)) + failed('b') + teardown('b') + teardown('a')),
    );
    expect(shown(read).filter((line) => !line.startsWith('p'))).toEqual(['a failed', 'b failed']);
    expect(read.results).toHaveLength(1002);
  });

  it('are two tests where too many stand between them, and none is lost', async () => {
    const read = await readText(wrap(failed('a') + many(6000, (i) => passed(`p${i}`)) + teardown('a')));
    expect(shown(read).filter((line) => !line.startsWith('p'))).toEqual(['a failed', 'a error']);
    expect(read.results).toHaveLength(6002);
  });

  it('are one test each where two different tests share an address', async () => {
    const read = await readText(wrap(failed('a') + teardown('a') + failed('a') + teardown('a')));
    expect(shown(read)).toEqual(['a failed', 'a failed']);
  });

  it('are not joined with a failure of the same address behind them', async () => {
    expect(shown(await readText(wrap(teardown('a') + failed('a'))))).toEqual(['a error', 'a failed']);
  });

  it('are not joined with another test, nor in another file', async () => {
    expect(shown(await readText(wrap(failed('a') + teardown('b'))))).toEqual(['a failed', 'b error']);
    const apart = await readReports([
      textReport(wrap(failed('a')), { name: '1.xml' }),
      textReport(wrap(teardown('a')), { name: '2.xml' }),
    ]);
    expect(shown(apart)).toEqual(['a failed', 'a error']);
  });

  it('leave two failures of one address two tests', async () => {
    expect(shown(await readText(wrap(failed('a') + failed('a') + passed('a'))))).toEqual([
      'a failed',
      'a failed',
      'a passed',
    ]);
  });

  it('of pytest 5.4 are one test as well', async () => {
    const old =
      '<testcase classname="tests.test_a" name="b" time="0.25"><error message="test teardown failure">tests/conftest.py:9: OSError</error></testcase>';
    expect(shown(await readText(wrap(failed('b') + old)))).toEqual(['b failed']);
  });

  it('keep every test in order, whatever the order they are written in', async () => {
    const piece = fc.constantFrom(
      failed('a'),
      teardown('a'),
      failed('b'),
      teardown('b'),
      passed('c'),
      '<testcase time="0"/>',
      '<testcase name="m"><failure></testcase>',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (some) => {
        // Numbered: equal ones side by side would be attempts of one test.
        const pieces = some.map((one, i) => (one === passed('c') ? passed(`c${i}`) : one));
        // What becomes of them, told the slow way.
        const expected: string[] = [];
        const waiting = new Map<string, number>();
        for (const one of pieces) {
          const name = /name="(\w+)"/.exec(one.replace('classname', ''))?.[1] ?? '';
          if (one === passed(name)) expected.push(`${name} passed`);
          else if (one === failed(name)) waiting.set(name, expected.push(`${name} failed`));
          else if (one === teardown(name) && !waiting.delete(name)) expected.push(`${name} error`);
        }
        expect(shown(await readText(wrap(pieces.join(''))))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});

describe('several results in one testcase', () => {
  const of = async (children: string) => {
    const { results } = await readText(
      wrap(`<testcase classname="tests.test_a" name="t">${children}</testcase>`),
    );
    return results[0];
  };
  it.each([
    ['<skipped type="pytest.skip" message="a"/><skipped type="pytest.xfail" message="b"/>', 'xfailed', 'b'],
    ['<skipped type="pytest.skip" message="a"/><skipped type="pytest.skip" message="b"/>', 'skipped', 'a'],
    ['<skipped type="pytest.skip" message="a"/><error message="e"/>', 'error', undefined],
    ['<error message="e"/><failure message="f"/>', 'failed', undefined],
    ['<skipped message="xfail-marked test passes unexpectedly"/>', 'failed', undefined],
    ['<skipped type="pytest.xfail" message=""/>', 'xfailed', undefined],
    ['<skipped>reason in the text</skipped>', 'skipped', 'reason in the text'],
    ['<system-out>x</system-out>', 'passed', undefined],
  ])('%s is %s', async (children, outcome, reason) =>
    expect(await of(children)).toMatchObject({ outcome, reason }),
  );

  it('are decided by the first failure: subtests', async () => {
    const { failure } =
      (await of(
        '<failure message="assert 1">tests/test_a.py:10: AssertionError</failure><failure message="KeyError: 2">tests/test_a.py:20: KeyError</failure><failure message="contains 2 failed subtests">contains 2 failed subtests</failure>',
      )) ?? {};
    expect(failure).toMatchObject({ errorType: 'AssertionError', line: 10, message: 'assert 1' });
  });

  it('give the reason of a module skip without its wrapping', async () => {
    const skip = (text: string) => of(`<skipped message="collection skipped">${text}</skipped>`);
    expect((await skip(`('/a/t.py', 3, 'Skipped: not (here), 3, \\'x\\'')`))?.reason).toBe(
      "not (here), 3, \\'x\\'",
    );
    expect((await skip(`('/a/t.py', 3, "Skipped: it's")`))?.reason).toBe("it's");
    expect((await skip('Skipped: plain'))?.reason).toBe('plain');
  });
});

describe('what pytest writes besides tests', () => {
  it('is counted as interrupted where a testcase has no name', async () => {
    const read = await readReports([fixtureReport('zoo-xunit2-pytest-exit')]);
    expect(read.warnings).toMatchObject([
      { code: 'interrupted', message: expect.stringMatching(/^1 test was begun and never finished/) },
    ]);
  });

  it.each([
    '<testcase classname="mine" time="0.000"/>',
    '<testcase owner="mine" time="0.000"><properties><property name="a" value="b"/></properties></testcase>',
  ])('is counted as interrupted where a test had recorded something before: %s', async (begun) => {
    const { results, warnings } = await readText(wrap(`${begun}<testcase classname="t" name="u"/>`));
    expect(results.map((r) => r.testName)).toEqual(['t.py::u']);
    expect(warnings).toMatchObject([{ code: 'interrupted', severity: 'error' }]);
  });

  it('is a result of its own where pytest itself broke', async () => {
    const read = await readReports([fixtureReport('zoo-xunit2-internal-error-xdist')]);
    expect(read.results.filter((r) => r.testName === 'pytest internal error')).toMatchObject([
      { outcome: 'error', testFile: undefined },
    ]);
  });

  it('is a test where somebody only called it so', async () => {
    const { results } = await readText(
      wrap('<testcase classname="pytest" name="internal"><failure message="x"/></testcase>'),
    );
    expect(results[0]?.testName).not.toBe('pytest internal error');
  });

  it('is nothing in a report of no tests', async () => {
    const read = await readText(
      wrap('', 'name="pytest" tests="0" time="0.01" timestamp="2026-01-02T03:04:05+00:00" hostname="h"'),
    );
    expect(read).toMatchObject({
      results: [],
      warnings: [],
      survey: {
        testcases: 0,
        durationSeconds: 0.01,
        suites: [{ timestamp: '2026-01-02T03:04:05+00:00', hostname: 'h' }],
      },
    });
  });
});

describe('durations, properties, markers', () => {
  it.each([
    ['1,234.5', 1234.5],
    ['0.000', 0],
    ['-1', undefined],
    ['nan', undefined],
    ['1e3', 1000],
  ])('a time of %j is %s seconds', async (time, seconds) =>
    expect(
      (await readText(wrap(`<testcase classname="a" name="b" time="${time}"/>`))).results[0]?.durationSeconds,
    ).toBe(seconds),
  );

  it('markers are listed once, from either property', async () => {
    const property = (name: string, value: string) => `<property name="${name}" value="${value}"/>`;
    const { results } = await readText(
      wrap(
        `<testcase classname="a" name="b"><properties>${property('marker', 'slow')}${property('markers', 'unit, slow db')}${property('other', 'x')}</properties></testcase>`,
      ),
    );
    expect(results[0]?.markers).toEqual(['slow', 'unit', 'db']);
  });

  it("suites' own properties are kept, the first of a name, and their times added up", async () => {
    const suite = (value: string, time: string) =>
      `<testsuite time="${time}"><properties><property name="python" value="${value}"/></properties><testcase classname="a" name="b"/></testsuite>`;
    const { survey } = await readText(
      `<testsuites>${suite('3.12', '1.5')}${suite('3.13', '2')}${suite('', 'x')}</testsuites>`,
    );
    expect([...survey.properties]).toEqual([['python', '3.12']]);
    expect(survey.durationSeconds).toBe(3.5);
  });

  it('tests= of a suite is never believed', async () => {
    const { survey, results } = await readText(
      wrap(passed('a') + passed('b'), 'name="pytest" tests="99" failures="7"'),
    );
    expect([survey.testcases, results.length]).toEqual([2, 2]);
  });
});

describe('several files', () => {
  it('are one run: every test in order, one hash, each part of which counts, in any order', async () => {
    const hash = async (...texts: string[]) =>
      (await readReports(texts.map((text) => textReport(text)))).survey.sha256;
    const [one, two] = [wrap(passed('a')), wrap(passed('b'))];
    const both = await readReports([textReport(one), textReport(two)]);
    expect(shown(both)).toEqual(['a passed', 'b passed']);
    expect(both.survey.suites).toHaveLength(2);
    expect(await hash(one, two)).toBe(both.survey.sha256);
    expect(await hash(two, one)).toBe(both.survey.sha256);
    expect(new Set([both.survey.sha256, await hash(one), await hash(one, one)]).size).toBe(3);
  });

  it('may differ in what they are: one of them says where the other ones tests are', async () => {
    const xunit1 = wrap('<testcase classname="checks.gate.Lock" name="a" file="checks/gate.py" line="3"/>');
    const xunit2 = wrap('<testcase classname="checks.gate.helpers" name="b"/>');
    const { results } = await readReports([textReport(xunit2), textReport(xunit1)]);
    expect(results.map((r) => r.testName)).toEqual(['checks/gate.py::helpers::b', 'checks/gate.py::Lock::a']);
  });
});

describe('a report that is cut off', () => {
  const cut = `${wrap(passed('a') + failed('b')).replace(/<\/testsuite>.*/, '')}\n<testcase classname="tests.test_a" na`;

  it('is refused, with the last whole test and the place', async () => {
    await expect(readText(cut)).rejects.toMatchObject({
      code: 'truncated',
      message: expect.stringMatching(/2 tests are complete, the last one is tests\.test_a :: b$/),
      place: { file: 'results.xml', line: 2, column: 38 },
    });
    await expect(readText('<testsuites><testsuite>')).rejects.toMatchObject({
      message: expect.stringMatching(/Not one test in it is complete$/),
    });
  });

  it('gives what is whole where that is allowed, and says so', async () => {
    const read = await readText(cut, { allowIncomplete: true });
    expect(shown(read)).toEqual(['a passed', 'b failed']);
    expect(read.warnings).toMatchObject([
      { code: 'incomplete-report', file: 'results.xml', line: 2, column: 38 },
    ]);
  });
});

describe('a report that changes while it is read', () => {
  it('is refused', async () => {
    const survey = await surveyReports([textReport(wrap(passed('a')))], { allowIncomplete: false });
    const reading = readResults([textReport(wrap(passed('a') + passed('b')))], {
      survey,
      checkout: undefined,
      onWarning: () => {},
    });
    await expect(reading.next().then(() => reading.next())).rejects.toMatchObject({
      code: 'changed-while-reading',
      message: expect.stringContaining('1 tests at first, then 2'),
    });
  });
});

describe('elements with a namespace in front', () => {
  const prefixed = (kind: string) =>
    `<testcase classname="tests.test_a" name="b"><x:${kind} xmlns:x="urn:x" message="m">t</x:${kind}></testcase>`;

  it.each(['failure', 'error'])('%s: the test did not pass', async (kind) => {
    const outcome = kind === 'failure' ? 'failed' : 'error';
    const read = await readText(wrap(passed('a') + prefixed(kind)));
    expect(shown(read)).toEqual(['a passed', `b ${outcome}`]);
    expect(read.results[1]?.failure).toMatchObject({ message: 'm', traceback: 't' });
    const counted = await readText(
      `<testsuite name="pytest" tests="2" failures="1">${passed('a')}${prefixed(kind)}</testsuite>`,
    );
    expect(shown(counted)).toEqual(shown(read));
    expect(codes(counted)).toEqual([]);
  });

  it('an attribute of that name is no failure', async () => {
    const test = '<testcase classname="t" name="b" x:failure="n"><x:other>t</x:other></testcase>';
    expect(shown(await readText(wrap(test)))).toEqual(['b passed']);
  });

  it('a test is not read, and told', async () => {
    const test = '<x:testcase xmlns:x="urn:x" classname="t" name="b"><x:failure>t</x:failure></x:testcase>';
    const read = await readText(wrap(passed('a') + test + passed('c')));
    expect(shown(read)).toEqual(['a passed', 'c passed']);
    expect(codes(read)).toEqual(['malformed-testcase']);
  });
});

describe('what is left of a test whose start was lost', () => {
  const text = 'tests/test_a.py:3: AssertionError</failure></testcase>';
  it.each([
    ['its failure', `<failure message="assert 0">${text}`, '<failure message="assert 0">'],
    ['its failure, closed', '<error message="x"/></testcase>', '<error message="x"/>'],
    ['the end of its failure', text, '</failure>'],
    ['its end', '</testcase>', '</testcase>'],
    [
      'a misspelt start',
      `<testcas classname="t" name="x" time="0.1"><failure message="assert 0">${text}`,
      '<testcas classname=',
    ],
    ['a start behind a stray <', `<t<testcase classname="t" name="x"><failure>${text}`, '<t<testcase'],
    ['a passed test in capitals', '<TESTCASE classname="t" name="x" time="0.1" />', '<TESTCASE'],
    ['a start in properties without an end', `<properties><property name="p"/><failure>${text}`, '<failure>'],
    ['an end in properties without an end', `<properties></testcase>`, '</testcase>'],
    ['a start without its blank', `<testcase="0.1"/>`, '<testcase="0.1"/>'],
    ['a start that ends itself', `<testcase classname="t" name="y" /><failure>${text}`, '<failure>'],
  ])('is told where it stands, and counted once: %s', async (_, left, tag) => {
    const xml = wrap(`${passed('a')}\n${left}${passed('b')}${left}${passed('c')}`);
    const read = await readText(xml);
    const others = shown(read).filter((one) => !one.startsWith('y '));
    expect(others).toEqual(['a passed', 'b passed', 'c passed']);
    const strays = read.warnings.filter(({ code }) => code === 'stray-element');
    expect(strays).toHaveLength(2);
    expect(strays[0]).toMatchObject({ file: 'results.xml', line: 2, severity: 'error' });
    expect(strays[0]?.message).toContain(tag);
    expect(read.lost).toBe(2);
  });

  it('is nothing that a suite printed', async () => {
    const printed =
      '<system-out>a <error>b</error> <x classname="t"/></system-out><system-err><failure/></system-err>';
    const read = await readText(wrap(`${passed('a')}${printed}${passed('b')}`));
    expect(shown(read)).toEqual(['a passed', 'b passed']);
    expect(codes(read)).toEqual([]);
  });

  it('is no second damage behind a test that was never closed', async () => {
    const read = await readText(wrap(`<testcase name="x">${passed('a')}</testcase>${passed('b')}`));
    expect(shown(read)).toEqual(['a passed', 'b passed']);
    expect(codes(read)).toEqual(['malformed-testcase']);
  });

  it('is not counted again where the suite counts its failure', async () => {
    const read = await readText(
      wrap(`<failure>${text}${passed('a')}`).replace('<testsuite ', '<testsuite failures="1" '),
    );
    expect(codes(read).sort()).toEqual(['failures-missing', 'stray-element']);
    expect(read.lost).toBe(1);
  });
});

describe('testcases that are not well-formed', () => {
  it('are warnings with their places, and the others are kept', async () => {
    const read = await readText(
      wrap(`${passed('a')}\n<testcase name="x"><failure></testcase>\n${passed('b')}`),
    );
    expect(shown(read)).toEqual(['a passed', 'b passed']);
    expect(read.warnings).toMatchObject([
      { code: 'malformed-testcase', file: 'results.xml', line: 2, column: 1 },
    ]);
  });

  it('are told one by one up to twenty, then by their number', async () => {
    const read = await readText(
      wrap(many(25, () => '<testcase name="x"><failure></testcase>') + passed('a')),
    );
    expect(shown(read)).toEqual(['a passed']);
    expect(read.warnings).toHaveLength(21);
    expect(read.warnings.at(-1)?.message).toMatch(/^25 tests were left out in all/);
  });

  it('are none where only characters are forbidden: those are replaced and counted', async () => {
    const read = await readText(wrap('<testcase classname="tests.test_a" name="a\x01\x02"/>'));
    expect(read.results[0]?.testName).toBe('tests/test_a.py::a\ufffd\ufffd');
    expect(read.warnings).toMatchObject([
      { code: 'illegal-characters', message: expect.stringMatching(/^2 characters/) },
    ]);
  });
});

describe('reports of other programs', () => {
  const surefire =
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.CalcTest" time="0.05" tests="3" errors="1" skipped="1" failures="1">\n  <properties><property name="java.version" value="21"/></properties>\n  <testcase name="adds" classname="com.acme.CalcTest" time="0.01"/>\n  <testcase name="divides" classname="com.acme.CalcTest" time="0.02"><failure message="expected: &lt;1&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError"><![CDATA[org.opentest4j.AssertionFailedError: expected: <1> but was: <2>\n\tat com.acme.CalcTest.divides(CalcTest.java:17)\n]]></failure></testcase>\n  <testcase name="later" classname="com.acme.CalcTest"><skipped message="not yet"/></testcase>\n</testsuite>\n';
  const jest =
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="jest tests" tests="2" failures="1" errors="0" time="1.2">\n  <testsuite name="calc" errors="0" failures="1" skipped="0" timestamp="2026-01-02T03:04:05" time="0.5" tests="2">\n    <testcase classname="calc adds" name="calc adds" time="0.003">\n    </testcase>\n    <testcase classname="calc divides" name="calc divides" time="0.002">\n      <failure>Error: expect(received).toBe(expected)\n    at Object.&lt;anonymous&gt; (/src/calc.test.js:7:15)</failure>\n    </testcase>\n  </testsuite>\n</testsuites>';
  const gtest =
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="2" failures="1" time="0.002" name="AllTests">\n  <testsuite name="Calc" tests="2" failures="1" time="0.001" timestamp="2026-01-02T03:04:05.123">\n    <testcase name="Adds" file="calc_test.cc" line="4" status="run" result="completed" time="0." classname="Calc" />\n    <testcase name="Divides" status="run" result="completed" time="0." classname="Calc">\n      <failure message="calc_test.cc:9&#x0A;Expected equality" type=""><![CDATA[calc_test.cc:9\nExpected equality of these values:\n  1\n  2]]></failure>\n    </testcase>\n  </testsuite>\n</testsuites>';
  const goJunit =
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="2" failures="1">\n\t<testsuite name="example.com/calc" tests="2" failures="1" id="0" hostname="h" time="0.010" timestamp="2026-01-02T03:04:05Z">\n\t\t<testcase name="TestAdd" classname="example.com/calc" time="0.000"></testcase>\n\t\t<testcase name="TestDiv/by_zero" classname="example.com/calc" time="0.010">\n\t\t\t<failure message="Failed" type=""><![CDATA[    calc_test.go:12: want 1, got 2]]></failure>\n\t\t</testcase>\n\t</testsuite>\n</testsuites>';

  it.each([
    ['Surefire', surefire, ['adds passed', 'divides failed', 'later skipped']],
    ['jest-junit', jest, ['calc adds passed', 'calc divides failed']],
    ['GoogleTest', gtest, ['Adds passed', 'Divides failed']],
    ['go-junit-report', goJunit, ['TestAdd passed', 'TestDiv/by_zero failed']],
  ])('are taken as far as they go: %s', async (_, text, expected) => {
    const read = await readText(text);
    expect(shown(read)).toEqual(expected);
    expect(read.results.every((r) => r.outcome !== 'failed' || r.failure !== undefined)).toBe(true);
  });

  it('are named as they stand, their own type kept, and a warning says so', async () => {
    const read = await readText(surefire);
    expect(codes(read)).toEqual(['foreign-report']);
    expect(read.results[1]).toMatchObject({
      testName: 'com.acme.CalcTest::divides',
      nodeIdSource: 'unknown',
      failure: {
        errorType: 'AssertionFailedError',
        traceback: expect.stringContaining('expected: <1> but was: <2>'),
      },
    });
  });

  it('beside one that pytest wrote leave its names alone', async () => {
    const own =
      '<testsuites><testsuite name="pytest"><testcase classname="tests.test_a.TestA" name="test_b"/></testsuite></testsuites>';
    const read = await readReports([
      textReport(surefire, { name: 'surefire.xml' }),
      textReport(own, { name: 'results.xml' }),
    ]);
    expect(read.results.at(-1)?.testName).toBe('tests/test_a.py::TestA::test_b');
    expect(read.warnings).toMatchObject([{ code: 'foreign-report', file: 'surefire.xml' }]);
  });

  it('with nested suites are foreign as well', async () => {
    expect(
      codes(
        await readText(
          '<testsuites><testsuite><testsuite><testcase name="a" classname="b"/></testsuite></testsuite></testsuites>',
        ),
      ),
    ).toEqual(['foreign-report']);
  });
});

describe('memory', () => {
  it('does not grow with the report, which passes through it', async () => {
    const traceback = 'tests/unit/test_module.py:12: in test_it\n    assert value == other\n'.repeat(30);
    const block =
      many(200, (i) => passed(`p${i}`)) +
      many(10, (i) => failed(`f${i}`).replace('tests/test_a.py:3: AssertionError', traceback)) +
      failed('td') +
      teardown('td');
    const blocks = Math.ceil((rounds(30, 60) << 20) / block.length);
    const report = generatedReport(function* () {
      yield '<testsuites><testsuite>';
      for (let i = 0; i < blocks; i++) yield block.replaceAll('tests.test_a', `tests.test_m${i}`);
      yield '</testsuite></testsuites>';
    });
    const collectGarbage = garbageCollector();
    collectGarbage();
    const before = process.memoryUsage();
    let [tests, heap, rss] = [0, 0, 0];
    const survey = await surveyReports([report], { allowIncomplete: false });
    for await (const some of readResults([report], { survey, checkout: undefined, onWarning: () => {} })) {
      if (Math.floor(tests / 20_000) !== Math.floor((tests + some.length) / 20_000)) {
        rss = Math.max(rss, process.memoryUsage().rss - before.rss);
        collectGarbage();
        heap = Math.max(heap, process.memoryUsage().heapUsed - before.heapUsed);
      }
      tests += some.length;
    }
    expect(tests).toBe(blocks * 211);
    expect(heap).toBeLessThan(20 << 20);
    expect(rss).toBeLessThan(120 << 20);
  });

  it('does not grow with its modules: nothing that is kept keeps the text around it', async () => {
    // A tenth of a megabyte each.
    const modules = rounds(300, 600);
    const block = (i: number) => {
      const file = `tests/some_area/test_module_${i}.py`;
      const address = `classname="tests.some_area.test_module_${i}.TestClass" file="${file}"`;
      const failure = `<failure message="ConnectionRefusedError: no">${file}:12: in test_it\n    connect()\nE   ConnectionRefusedError: no</failure>`;
      return `<testcase ${address} name="test_it">${failure}</testcase>${`<testcase ${address} name="test_${'long_'.repeat(20)}"/>`.repeat(400)}`;
    };
    const report = generatedReport(function* () {
      yield '<testsuites><testsuite>';
      for (let i = 0; i < modules; i++) yield block(i);
      yield '</testsuite></testsuites>';
    });
    const collectGarbage = garbageCollector();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const survey = await surveyReports([report], { allowIncomplete: false });
    const tally = startTally();
    let heap = 0;
    for await (const some of readResults([report], { survey, checkout: undefined, onWarning: () => {} })) {
      tally.add(signResults(some));
      // Towards the end, while the reader still remembers what it has seen.
      if (heap > 0 || tally.failures.length < modules - 10) continue;
      collectGarbage();
      heap = process.memoryUsage().heapUsed - before;
    }
    expect(tally.failures).toHaveLength(modules);
    expect(heap).toBeGreaterThan(0);
    expect(heap).toBeLessThan(20 << 20);
  });

  it('and time do not grow with what one test says', async () => {
    const hostile = [
      `<testcase classname="${'a.'.repeat(50_000)}" name="n"><failure message="x">${'a/'.repeat(50_000)}b.py:1: X</failure></testcase>`,
      `<testcase classname="c" name="${'>'.repeat(100_000)}"><failure message="x">y</failure></testcase>`,
      `<testcase classname="c" name="n"><skipped message="collection skipped">(${`'x', 1, '`.repeat(20_000)}</skipped></testcase>`,
      `<testcase classname="c" name="n"><failure message="${escapeAttribute('a\n'.repeat(50_000))}">${'\n'.repeat(200_000)}</failure></testcase>`,
    ];
    const start = cpuMs();
    expect((await readText(wrap(hostile.join('')))).results).toHaveLength(4);
    expect(cpuMs() - start).toBeLessThan(15_000);
  });
});

describe('damaged reports', () => {
  it('are read or refused, soon, and no testcase is lost without a word', async () => {
    const { violations, read, refused } = await fuzzReader({ inputs: 200, seed: 20260101 });
    expect(violations).toEqual([]);
    expect(read).toBeGreaterThan(50);
    expect(refused.size).toBeGreaterThan(3);
  });
});

describe('one test name in several reports', () => {
  const report = (name: string, ...names: string[]) =>
    textReport(wrap(names.map((one) => passed(one)).join('')), { name });

  it('is kept twice, and a warning names it and the reports', async () => {
    const read = await readReports([
      report('a.xml', 'x', 'y'),
      report('b.xml', 'y', 'x'),
      report('c.xml', 'z'),
    ]);
    expect(read.results.map((r) => `${r.testFunction} ${r.report}`)).toEqual([
      'x a.xml',
      'y a.xml',
      'y b.xml',
      'x b.xml',
      'z c.xml',
    ]);
    expect(read.warnings).toMatchObject([
      {
        code: 'same-test-in-reports',
        message: expect.stringMatching(/^2 tests .*tests\/test_a\.py::y in a\.xml and b\.xml/),
      },
    ]);
    expect([...(read.survey.classnamesByFile.get('c.xml') ?? [])]).toEqual(['tests.test_a']);
  });

  it('is no warning within one report, nor where none is shared', async () => {
    expect((await readReports([report('a.xml', 'x', 'o', 'x')])).warnings).toEqual([]);
    const apart = await readReports([report('a.xml', 'x'), report('b.xml', 'y')]);
    expect(apart.warnings).toEqual([]);
    expect((await readReports([report('a.xml', 'x')])).results[0]).not.toHaveProperty('report');
  });
});

describe('a duration', () => {
  it.each([
    ['0.160', 0.16],
    ['1234.5', 1234.5],
    ['1,234.5', 1234.5],
    ['1,234,567.25', 1234567.25],
    ['0,160', 0.16],
    ['0,5', 0.5],
    ['12,50', 12.5],
    ['1.234,5', 1234.5],
    ['1,234,567', 1234567],
    // Thousands or thousandths: nobody can tell.
    ['1,234', undefined],
    ['12,345', undefined],
    ['1,23,4', undefined],
    ['1.2.3', undefined],
    ['-1', undefined],
    ['', undefined],
    ['1e400', undefined],
    ['1e-3', 0.001],
  ])('%s is %s', async (time, seconds) => {
    const { results, survey } = await readText(
      wrap(`<testcase classname="a" name="b" time="${time}"/>`, `name="pytest" time="${time}"`),
    );
    expect(results[0]?.durationSeconds).toBe(seconds);
    expect(survey.durationSeconds).toBe(seconds);
  });
});

describe('an attribute whose name pytest takes as it is (record_xml_attribute)', () => {
  const own = 'classname="tests.test_at" name="test_attr" file="tests/test_at.py" line="0"';
  const failing = (extra: string) =>
    `<testcase ${own} ${extra} time="0.004"><failure message="assert 0">tests/test_at.py:3: AssertionError</failure></testcase>`;
  it.each([
    ['a space', 'test id="T-1"'],
    ['a digit in front', '1st="T-1"'],
    ['an equals sign', 'a=b="T-1"'],
    ['a bracket', 'a>b="T-1"'],
    ['an opening bracket', 'a<b="T-1"'],
    ['a quote', 'a"b="T-1"'],
    ['two quotes', 'a "b" c="T-1"'],
    ['an ampersand', 'a&b="T-1"'],
    ['several', 'test id="T-1" 2="x>y" \u00e9 \u00fc="z"'],
    ['a control character', 'a\u0001b="T-1"'],
    ['the words of pytest’s own', 'test name="x" the time="5"'],
  ])('loses no test, and is a warning: %s', async (_, extra) => {
    for (const close of ['</testcase>', undefined]) {
      const one = close === undefined ? `<testcase ${own} ${extra} time="0.004" />` : failing(extra);
      const read = await readText(wrap(`${passed('before')}${one}${passed('after')}`));
      expect(shown(read)).toEqual([
        'before passed',
        `test_attr ${close === undefined ? 'passed' : 'failed'}`,
        'after passed',
      ]);
      expect(read.results[1]).toMatchObject({
        testName: 'tests/test_at.py::test_attr',
        durationSeconds: 0.004,
        failure: close === undefined ? undefined : { line: 3, errorType: 'AssertionError' },
      });
      expect(codes(read).filter((code) => code !== 'illegal-characters')).toEqual(
        extra.includes('\u0001') ? [] : ['malformed-attribute'],
      );
    }
  });

  it('is not taken for one where the element is damaged otherwise', async () => {
    const damaged = [
      '<testcase classname="tests.test_at" name="test_a time="0.1"/>',
      '<testcase classname="tests.test_at name="test_a" time="0.1"/>',
      `<testcase ${own} x y="1" time="0.1"><failure message="a>b</failure></testcase>`,
      `<testcase ${own} x y="1" time="0.1"><failure></testcase>`,
      `<testcase ${own} x y="1" />`,
    ];
    for (const one of damaged) {
      const read = await readText(wrap(passed('before') + one + passed('after')));
      expect(shown(read), one).toEqual(['before passed', 'after passed']);
      expect(codes(read), one).toEqual(['malformed-testcase']);
    }
  });
});
