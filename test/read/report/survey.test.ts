// The first pass: what a report as a whole tells, before any of its tests is read.
import { describe, expect, it } from 'vitest';
import { isCollected, isTeardownError, surveyReports } from '../../../src/read/report/survey.ts';
import { parseTestcases } from '../../../src/read/report/testcase.ts';
import { cpuMs } from '../../support/cpu.ts';
import { chunksOf, fixtureReport, textReport, wrap } from '../support/reports.ts';

const survey = (text: string) => surveyReports([textReport(text)], { allowIncomplete: false });

const failing = (classname: string, text: string, attributes = '') =>
  `<testcase classname="${classname}" name="t"${attributes}><failure message="KeyError">${text}</failure></testcase>`;

describe('the evidence of a report', () => {
  it('is the file attribute, where it agrees with the classname', async () => {
    const { evidence } = await survey(
      wrap(
        failing('v1.2.check.A', 'x', ' file="v1.2/check.py"') +
          failing('tests.child.B', 'x', ' file="tests/base.py"'),
      ),
    );
    expect([...evidence.modules]).toEqual([['v1.2.check', 'v1.2/check.py']]);
  });

  it('is what failures and skips pass through', async () => {
    const skip =
      '<testcase classname="checks.door" name="t"><skipped type="pytest.skip" message="no">/repo/checks/door.py:3: no</skipped></testcase>';
    const { evidence } = await survey(wrap(failing('checks.gate.Lock', 'checks/gate.py:3: KeyError') + skip));
    expect([...evidence.modules]).toEqual([
      ['checks.gate', 'checks/gate.py'],
      ['checks.door', 'checks/door.py'],
    ]);
  });

  it('is never what a test printed', async () => {
    const printed =
      '<testcase classname="checks.gate.Lock" name="t"><failure message="m">words</failure><system-out>checks/gate.py:3: KeyError</system-out></testcase>';
    expect((await survey(wrap(printed))).evidence.modules.size).toBe(0);
  });

  it('tells the prefix of --junitxml apart from a folder', async () => {
    const prefixed = await survey(
      wrap(
        failing('linux.tests.test_a', '/repo/tests/test_a.py:3: KeyError') +
          failing('linux.tests.test_b.T', '/repo/tests/test_b.py:3: KeyError'),
      ),
    );
    expect(prefixed.evidence.prefix).toBe('linux');
    expect([...prefixed.classnames]).toEqual(['tests.test_a', 'tests.test_b.T']);
    expect(prefixed.evidence.modules.get('tests.test_a')).toBe('tests/test_a.py');
    const folder = await survey(
      wrap(failing('linux.tests.test_a', '/repo/linux/tests/test_a.py:3: KeyError')),
    );
    expect(folder.evidence.prefix).toBe('');
  });

  it('of a real run with --junitprefix has its prefix', async () => {
    const found = await surveyReports([fixtureReport('zoo-xunit2-prefix-suite')], { allowIncomplete: false });
    expect(found.evidence.prefix).not.toBe('');
    expect([...found.classnames].some((name) => name.startsWith(found.evidence.prefix))).toBe(false);
  });
});

describe('a survey', () => {
  it('counts the bytes as they pass, over all files', async () => {
    const text = wrap('<testcase classname="a" name="b"/>');
    const seen: number[] = [];
    const files = [textReport(text, { chunkBytes: 50 }), textReport(text, { chunkBytes: 1000 })];
    await surveyReports(files, { allowIncomplete: false, onProgress: (bytes) => seen.push(bytes) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen[0]).toBe(50);
    expect(seen.at(-1)).toBe(2 * Buffer.byteLength(text));
  });

  it('has the same hash whatever the chunks, and another for other bytes', async () => {
    const bytes = Buffer.from(wrap('<testcase classname="a" name="b"/>'));
    const hash = async (size: number, content = bytes) =>
      (
        await surveyReports([{ name: 'x', bytes: content.length, open: () => chunksOf(content, size) }], {
          allowIncomplete: false,
        })
      ).sha256;
    expect(await hash(1)).toBe(await hash(1000));
    expect(await hash(1000, Buffer.concat([bytes, Buffer.from('\n')]))).not.toBe(await hash(1000));
  });

  it('is done soon, whatever addresses the report holds', async () => {
    const known = failing('a', 'x', ' file="a.py"');
    const parts = failing('a.'.repeat(100_000), `${'a/'.repeat(100_000)}a.py:1: KeyError`);
    const brackets = `<testcase classname="${'b>'.repeat(100_000)}" name="${'>'.repeat(100_000)}"><failure message="x">y</failure></testcase>`;
    const start = cpuMs();
    expect((await survey(wrap(known + parts + brackets + parts))).testcases).toBe(4);
    expect(cpuMs() - start).toBeLessThan(10_000);
  });
});

describe('what pytest says in words of its own', () => {
  const parse = (children: string) => {
    const [testcase] = parseTestcases([
      { xml: `<testcase name="t">${children}</testcase>`, line: 1, column: 1 },
    ]).testcases;
    if (testcase === undefined || 'malformed' in testcase) throw new Error('malformed');
    return testcase;
  };

  it.each([
    ['<error message="collection failure">x</error>', true],
    ['<skipped message="collection skipped">x</skipped>', true],
    ['<error message="a collection failure">x</error>', false],
    ['', false],
  ])('was it collected? %j: %s', (children, expected) => expect(isCollected(parse(children))).toBe(expected));

  it.each([
    ['<error message="failed on teardown with &quot;x&quot;"/>', true],
    ['<error message="test teardown failure"/>', true],
    ['<failure message="failed on teardown with &quot;x&quot;"/>', false],
    ['<error message="failed on setup with &quot;x&quot;"/>', false],
  ])('is it a teardown? %j: %s', (children, expected) =>
    expect(isTeardownError(parse(children))).toBe(expected),
  );
});

describe('a suite that counts failures', () => {
  const test = (children = '') => `<testcase classname="tests.test_a" name="t">${children}</testcase>`;
  const suite = (counts: string, tests: string) => `<testsuite name="pytest" ${counts}>${tests}</testsuite>`;
  const unseenIn = async (suites: string, root = '', allowIncomplete = false) =>
    (await surveyReports([textReport(`<testsuites ${root}>${suites}`)], { allowIncomplete })).unseen;
  const failure = '<failure message="x">y</failure>';

  it.each([
    ['holds a passed test alone', suite('failures="1"', test())],
    [
      'has the word in CDATA alone',
      suite('errors="1"', test('<system-out><![CDATA[<error>]]></system-out>')),
    ],
    ['has the word in a comment alone', suite('failures="1"', test('<!-- <failure/> -->'))],
    ['has the element in another one', suite('failures="1"', test(`<properties>${failure}</properties>`))],
    ['has the element beside its tests', suite('failures="1"', failure + test())],
    ['has blanks around the number', suite('failures=" 1 "', test())],
    ['lies in another suite', suite('', suite('failures="1"', test()))],
    ['is around the one that holds tests', suite('failures="1"', suite('failures="0"', test()))],
  ])('and %s is missing one', async (_, text) => {
    expect(await unseenIn(`${text}</testsuites>`)).toEqual([{ file: 'results.xml', failures: 1 }]);
    // Told once, wherever it is counted.
    expect(await unseenIn(`${text}</testsuites>`, 'failures="1" errors="0"')).toHaveLength(1);
  });

  it('is missing one where the root alone counts, and where the report is cut off', async () => {
    const cut = suite('failures="1"', test()).replace('</testsuite>', '');
    expect(await unseenIn(`${suite('', test())}</testsuites>`, 'errors="2"')).toMatchObject([
      { failures: 2 },
    ]);
    expect(await unseenIn(cut, '', true)).toMatchObject([{ failures: 1 }]);
  });

  it.each([
    ['holds one', suite('failures="1"', test(failure))],
    ['counts more than it holds (subtests, reruns)', suite('failures="3"', test(failure))],
    ['holds one in an inner suite', suite('failures="1"', suite('', test(failure)))],
    [
      'holds one that is malformed, which is told by itself',
      suite('failures="1"', test('<failure message="<"/>')),
    ],
  ])('and %s is missing none', async (_, text) =>
    expect(await unseenIn(`${text}</testsuites>`, 'failures="1"')).toEqual([]),
  );
});
