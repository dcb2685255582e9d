// The reader against the one before it was made faster (test/oracle): no field of any test may differ.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareReaders } from '../../oracle/compare.ts';
import { rounds } from '../../support/long.ts';
import { damaged } from '../support/fuzz.ts';
import { checkoutOf, fixtures, reportBytes, textReport, wrap } from '../support/reports.ts';

/** What suites of passed tests are made of, and what must not be taken for one. */
const elements = [
  '<testcase classname="tests.a.test_x.TestX" name="test_a" time="0.001" />',
  '<testcase classname="tests.a.test_x.TestX" name="test_b[1-2]" time="12.345"/>',
  '<testcase classname="tests.a.test_x.TestX" name="test_b[1-2]" time="12.345"/>',
  '<testcase classname="tests.a.test_x" name="test_q@group" time="0.000" />\n',
  '<testcase classname="docs.guide.txt" name="guide.txt" time="0.000" />',
  '<testcase classname="docs.guide.txt" name="test_a" time="0.000" />',
  '<testcase classname="docs.notes.en" name="notes.en" time="0.000" />',
  '<testcase classname="docs.notes.en" name="test_a" time="0.000" />',
  '<testcase classname="" name="tests/[a]/test_x.py::test_a" time="0.000" />',
  '<testcase classname=".TestX" name="test_a" time="0.000" />',
  '<testcase classname="pytest" name="internal" time="0.000" />',
  '<testcase classname="a user logs in" name="with a password" time="0.000" />',
  '<testcase classname="tests.test_é" name="test_😀" time="0.000" />',
  '<testcase classname="tests.test_x" name="a &amp; b" time="0.000" />',
  '<testcase classname="tests.test_x" name="a > b" time="0.000" />',
  "<testcase classname='tests.test_x' name='a' time='0.000' />",
  '<testcase classname="tests.test_x" name="a" time="1,234.5" />',
  '<testcase classname="tests.test_x" name="a" time="999999999.999" />',
  '<testcase classname="tests.test_x" name="a" time="0.1" />',
  '<testcase classname="tests.test_x" name="a" time="0.100"></testcase>',
  '<testcase classname="tests.test_x" name="a" file="tests/test_x.py" line="1" time="0.100" />',
  '<testcase classname="tests.test_x" name="a" time="0.100" own="1" />',
  '<testcase classname="tests.test_x" name="a\u0001" time="0.100" />',
  '<testcase classname="tests.test_x" name="a\nb" time="0.100" />',
  '<testcase classname="tests.test_x" name="a" time="0.100">',
  '<testcase classname="tests.test_x',
  '<testcase classname="tests.a.test_x.TestX" name="test_a" time="0.002"><failure message="assert 0">tests/a/test_x.py:3: AssertionError</failure></testcase>',
  '<testcase classname="tests.a.test_x.TestX" name="test_a" time="0.002"><error message="failed on teardown with &quot;no&quot;">tests/a/test_x.py:9: ValueError</error></testcase>',
  '<testcase classname="tests.a.test_x.TestX" name="test_c" time="0.002"><skipped type="pytest.skip" message="no">tests/a/test_x.py:5: no</skipped></testcase>',
  '</testsuite><testsuite name="pytest" tests="1" failures="0">',
  '<properties><property name="a" value="b"/></properties>',
  '<!-- ',
  ' --> ',
  'text',
];

describe('every field of every test', () => {
  it('is as before where reports are damaged', async () => {
    for (let n = 0; n < rounds(15, 1000); n++) {
      const { report, options } = damaged(16, n);
      expect((await compareReaders([report], options)).differences, `damaged(16, ${n})`).toEqual([]);
    }
  });

  it('is as before in any order of passed and other tests, in any chunks, with a checkout and without', async () => {
    const checkout = checkoutOf(join(fixtures, 'zoo'));
    const content = fc.array(fc.constantFrom(...elements), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.integer({ min: 1, max: 900 }),
        fc.boolean(),
        async (parts, chunkBytes, has) => {
          const report = textReport(wrap(parts.join(''), 'name="pytest" tests="3"'), { chunkBytes });
          const options = { allowIncomplete: true, checkout: has ? checkout : undefined };
          expect((await compareReaders([report], options)).differences).toEqual([]);
        },
      ),
      { numRuns: rounds(40, 3000) },
    );
  });

  it.each(['zoo-xunit2-short-xdist', 'zoo-xunit2-reruns', 'zoo-xunit1-auto'])(
    'is as before in %s',
    async (name) => {
      const report = textReport(reportBytes(name), { name });
      const { tests, differences } = await compareReaders([report, textReport(reportBytes('twins-xunit1'))]);
      expect(tests).toBeGreaterThan(5);
      expect(differences).toEqual([]);
    },
  );
});
