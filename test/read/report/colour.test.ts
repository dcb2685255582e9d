// Reports of runs with FORCE_COLOR, PY_COLORS or --color=yes: read and signed as the plain run's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signResults } from '../../../src/sign/signature.ts';
import { colourReport } from '../support/colour.ts';
import { fixtures, readText, reportBytes, wrap } from '../support/reports.ts';

async function read(xml: string) {
  const { results, survey } = await readText(xml);
  return { results: signResults(results), modules: [...survey.evidence.modules].sort() };
}

describe('a coloured report', () => {
  it('gives what the plain run gives, in every field (both written by pytest)', async () => {
    const file = (name: string) => readFileSync(join(fixtures, 'reading', `colour-${name}.xml`), 'utf8');
    expect(await read(file('forced'))).toEqual(await read(file('plain')));
  });

  it.each([
    'zoo-xunit2-auto',
    'zoo-xunit1-showlocals',
    'zoo-xunit2-short-xdist',
    'zoo-xunit2-line',
    'zoo-xunit2-collect-errors',
    'zoo-xunit2-native',
    'zoo-default-pytest54',
    'twins-xunit2',
  ])('gives what the plain run gives, in every field: %s', async (name) => {
    const plain = reportBytes(name).toString('utf8');
    const coloured = colourReport(plain);
    if (name !== 'zoo-xunit2-native') expect(coloured.length).toBeGreaterThan(plain.length);
    expect(await read(coloured)).toEqual(await read(plain));
  });

  it('keeps the type and the file of a module that cannot be imported', async () => {
    const text = `#x1B[1m#x1B[31mc/test_imp.py#x1B[0m:1: in &lt;module&gt;
    #x1B[0m#x1B[94mraise#x1B[39;49;00m #x1B[96mRuntimeError#x1B[39;49;00m(#x1B[33m"#x1B[39;49;00m#x1B[33mat import#x1B[39;49;00m#x1B[33m"#x1B[39;49;00m)#x1B[90m#x1B[39;49;00m
#x1B[1m#x1B[31mE   RuntimeError: at import#x1B[0m`;
    const { results } = await read(
      wrap(
        `<testcase classname="" name="c.test_imp" time="0.000"><error message="collection failure">${text}</error></testcase>`,
      ),
    );
    expect(results[0]).toMatchObject({
      testName: 'c/test_imp.py',
      nodeIdSource: 'traceback',
      failure: {
        errorType: 'RuntimeError',
        line: 1,
        message: 'RuntimeError: at import',
        statement: 'raise RuntimeError("at import")',
      },
    });
  });

  it('loses whole colour codes of pytest alone, and none in a name', async () => {
    const { results } = await read(
      wrap(
        `<testcase classname="tests.test_a" name="t[#x1B[31mred#x1B[0m]" time="0.1"><failure message="ValueError: #x1B[31mred#x1B[0m #x1B[2J #x1B[38;5;196m #x1B[3">tests/test_a.py:3: ValueError</failure></testcase>`,
      ),
    );
    expect(results[0]?.testName).toBe('tests/test_a.py::t[#x1B[31mred#x1B[0m]');
    expect(results[0]?.failure?.message).toBe('ValueError: red #x1B[2J #x1B[38;5;196m #x1B[3');
  });

  it('shows a skip its plain reason', async () => {
    const { results } = await read(
      wrap(
        `<testcase classname="tests.test_a" name="t" time="0.1"><skipped type="pytest.skip" message="#x1B[33mno backend#x1B[0m">#x1B[1m#x1B[31mtests/test_a.py#x1B[0m:3: no backend</skipped></testcase>`,
      ),
    );
    expect(results[0]).toMatchObject({ testName: 'tests/test_a.py::t', reason: 'no backend' });
  });
});
