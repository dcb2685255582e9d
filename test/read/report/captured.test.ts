// The last lines of what a failed test printed, from real reports of `junit_logging=all` and from elements of other writers.
import { describe, expect, it } from 'vitest';
import { capturedOutput } from '../../../src/read/report/captured.ts';
import { parseTestcases } from '../../../src/read/report/testcase.ts';
import { fixtureReport, readReports } from '../support/reports.ts';

const outputOf = (children: string) => {
  const xml = `<testcase classname="a" name="b" time="0.1">${children}</testcase>`;
  const { testcases } = parseTestcases([{ xml, line: 1, column: 1 }]);
  const [testcase] = testcases;
  if (testcase === undefined || 'malformed' in testcase) throw new Error('malformed');
  return testcase.output;
};
const failed = '<failure message="no">text</failure>';

describe('what a failed test printed', () => {
  it('is read from the report of pytest, with the headings of parts that are not empty', async () => {
    const { results } = await readReports([fixtureReport('zoo-xunit2-logging-all')], { capturedLines: 20 });
    const captured = (name: string) =>
      results.find(({ testName }) => testName.endsWith(`::${name}`))?.failure?.captured;
    expect(captured('test_prints_and_fails')).toEqual([
      {
        stream: 'system-out',
        lines: [
          expect.stringContaining(' Captured Log '),
          'ERROR    app:test_output.py:18 log line é',
          expect.stringContaining(' Captured Out '),
          'out <b>&amp;</b> ]]> red #x00 nul',
        ],
        isCut: false,
      },
      { stream: 'system-err', lines: ['err 😀'], isCut: false },
    ]);
    expect(captured('test_surrogate')).toBeUndefined();
  });

  it('is nowhere unless it was asked for', async () => {
    const { results } = await readReports([fixtureReport('zoo-xunit2-logging-all')]);
    expect(results.filter(({ failure }) => failure?.captured !== undefined)).toEqual([]);
  });

  it.each([
    ['of plain text', `${failed}<system-out>a&lt;b\nc\n</system-out><system-err>e</system-err>`],
    ['before the failure', `<system-out>a&lt;b\nc\n</system-out>${failed}<system-err>e</system-err>`],
    [
      'in CDATA',
      `${failed}<system-out><![CDATA[a<b\nc]]></system-out><system-err><![CDATA[e]]></system-err>`,
    ],
    [
      'with attributes',
      `${failed}<system-out x="1"><![CDATA[a<b\nc]]></system-out><system-err y="2">e</system-err>`,
    ],
    [
      'from the last of two elements',
      `${failed}<system-out>first</system-out><system-out>a&lt;b\nc</system-out><system-err>e</system-err>`,
    ],
    [
      'from the last of two elements in CDATA',
      `${failed}<system-out>first</system-out><system-out><![CDATA[a<b\nc]]></system-out><system-err>e</system-err>`,
    ],
  ])('is read %s', (_, children) => {
    expect(capturedOutput(outputOf(children), 5)).toEqual([
      { stream: 'system-out', lines: ['a<b', 'c'], isCut: false },
      { stream: 'system-err', lines: ['e'], isCut: false },
    ]);
  });

  it('is not kept of a test that passed or was skipped', () => {
    expect(outputOf('<system-out>a</system-out>')).toBeUndefined();
    expect(outputOf('<skipped message="m"/><system-out>a</system-out>')).toBeUndefined();
  });

  it('is bounded: the last lines, none of them long, however much there is', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `line ${i} &amp;`).join('\n');
    const told = capturedOutput(outputOf(`${failed}<system-out>${many}</system-out>`), 3);
    expect(told).toEqual([
      { stream: 'system-out', lines: [99_997, 99_998, 99_999].map((i) => `line ${i} &`), isCut: true },
    ]);
    for (const element of [`<system-out>X</system-out>`, '<system-out><![CDATA[X]]></system-out>']) {
      const printed = element.replace('X', Array(15).fill('x'.repeat(5000)).join('\n'));
      const [few] = capturedOutput(outputOf(failed + printed), 20) ?? [];
      expect(few?.lines.map((line) => line.length)).toEqual([1, ...Array(11).fill(400)]);
      expect(few?.lines[0]).toBe('…');
    }
    const [wide] = capturedOutput({ out: 'x'.repeat(50_000), err: '' }, 3) ?? [];
    expect(wide?.lines).toEqual([`${'x'.repeat(399)}…`]);
    const [all] = capturedOutput({ out: `${'x'.repeat(399)}\n`.repeat(100), err: '' }, 100) ?? [];
    expect([all?.lines.length, all?.isCut]).toEqual([20, true]);
    expect(capturedOutput({ out: 'a', err: '' }, 0)).toBeUndefined();
    expect(capturedOutput({ out: ' \n\n', err: '' }, 5)).toBeUndefined();
  });
});
