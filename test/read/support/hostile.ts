// Reports made to be slow or large to read, each of a size that can be chosen. Used by tests (too large for anything that
// is not linear) and by scripts/hostile.ts, which compares sizes.
const failure = '<failure message="assert 0">tests/test_a.py:1: AssertionError</failure>';
const testcase = (name = 't', inner = '', classname = 'tests.test_a', more = '') =>
  `<testcase classname="${classname}" name="${name}" time="0.1"${more}>${inner}</testcase>`;
const suite = (body: string, more = '') =>
  `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" tests="1"${more}>${body}</testsuite></testsuites>`;
const failing = (text: string, message = 'x') =>
  suite(testcase('t', `<failure message="${message}">${text}</failure>`));

/** By name: a report of about `n` characters. */
export const hostileReports: Readonly<Record<string, (n: number) => string>> = {
  'a word in a suite’s start tag': (n) => suite(testcase(), ` ${'a'.repeat(n)}`),
  'words in a suite’s start tag': (n) => suite(testcase(), ' a'.repeat(n / 2)),
  'equals signs in a suite’s start tag': (n) => suite(testcase(), ` ${'='.repeat(n)}`),
  'attributes of a suite': (n) => suite(testcase(), ' a="b"'.repeat(n / 6)),
  'a word in a testcase’s start tag': (n) => suite(testcase('t', '', 'tests.test_a', ` ${'a'.repeat(n)}`)),
  'nested starts of a child': (n) =>
    suite(testcase('t', `${'<error '.repeat(n / 7)}type="x">${'y'.repeat(100)}</error>`)),
  'starts of a child, with text': (n) =>
    suite(testcase('t', `<failure message="x">${'y'.repeat(100)}</failure>${'<error '.repeat(n / 7)}`)),
  'empty children': (n) => suite(testcase('t', '<skipped/>'.repeat(n / 10))),
  'spaces in a name': (n) => suite(testcase(`a${' '.repeat(n)}b`, failure)),
  'words in a name, with a group': (n) => suite(testcase(`test_a[${']@'.repeat(n / 2)}`, failure)),
  'dots in a classname': (n) => suite(testcase('t', failure, '.'.repeat(n))),
  'words in a classname': (n) => suite(testcase('t', failure, 'a b '.repeat(n / 4))),
  'spaces in a classname': (n) => suite(testcase('t', failure, `a${' '.repeat(n)}b`)),
  'a long type': (n) =>
    suite(testcase('t', `<failure type="${'A'.repeat(n)}" message="x">a.py:1: in t</failure>`)),
  'a long type in front of the message': (n) => failing(`E   ${'A'.repeat(n)}: x`, `${'A'.repeat(n)}: x`),
  'dotted types in front of the message': (n) => failing(`E   ${'A.'.repeat(n / 2)}`, 'A.'.repeat(n / 2)),
  'colour codes': (n) => failing('#x1B[31m'.repeat(n / 8)),
  'colour codes between the two halves of a line end': (n) => failing(`a\r${'#x1B[31m'.repeat(n / 8)}\n`),
  'references in a name': (n) => suite(testcase('&amp;'.repeat(n / 5), failure)),
  'references in a message': (n) => failing('x', '&lt;a'.repeat(n / 5)),
  'references in a text': (n) => failing('&lt;a'.repeat(n / 5)),
  'unfinished colour codes': (n) => failing('#x1B[3'.repeat(n / 6)),
  'fixtures that are not found': (n) =>
    failing('x', `failed on setup with &quot;${"E   fixture '&#10;".repeat(n / 19)}&quot;`),
  'places of a setup': (n) => failing('x', `failed on setup at ${':1'.repeat(n / 2)}`),
  'doctest lines': (n) =>
    failing(
      `${'001 >>> a\n'.repeat(n / 10)}Expected:\n    1\nGot:\n    2\n\na.py:1: DocTestFailure`,
      '001 >>> a',
    ),
  'lines of expected output': (n) =>
    failing(
      `001 >>> a\nExpected:\n${'    1\n'.repeat(n / 12)}Got:\n${'    2\n'.repeat(n / 12)}\na.py:1: DocTestFailure`,
      '001 >>> a',
    ),
  'locations of many frames': (n) => failing('tests/test_a.py:1: in f\n'.repeat(n / 24)),
  'one long location': (n) => failing(`${'a/'.repeat(n / 2)}:1: in f`),
  'colons of one location': (n) => failing(`a.py${':1'.repeat(n / 2)}`),
  'a time of commas': (n) => suite(`<testcase classname="a" name="b" time="1${',000'.repeat(n / 4)}"/>`),
  'attempts of one test': (n) => suite(testcase().repeat(n / 60)),
  'attempts of many tests, apart': (n) =>
    suite(
      Array.from({ length: n / 60 }, (_, i) => testcase(`t${i % Math.max(1, Math.floor(n / 120))}`)).join(''),
    ),
  'long ids': (n) =>
    suite(Array.from({ length: 10 }, (_, i) => testcase(`t${i}[${'x'.repeat(n / 10)}]`, failure)).join('')),
  'long classnames': (n) =>
    suite(Array.from({ length: n / 4000 }, (_, i) => testcase('t', '', `${'c'.repeat(3900)}${i}`)).join('')),
  'ill-formed attributes': (n) =>
    suite(`<testcase classname="a" name="b" ${'x y="1" '.repeat(n / 8)} time="0.1"></testcase>`),
  suites: (n) =>
    `<testsuites>${`<testsuite name="pytest" tests="1" hostname="h">${testcase()}</testsuite>`.repeat(n / 130)}</testsuites>`,
  'elements nested as deep as is read': (n) =>
    suite(testcase('t', `${'<a>'.repeat(50)}x${'</a>'.repeat(50)}`).repeat(n / 420)),
  'properties of a suite': (n) =>
    suite(
      `<properties>${Array.from({ length: n / 32 }, (_, i) => `<property name="p${i}" value="v"/>`).join('')}</properties>${testcase()}`,
    ),
  'properties of a testcase': (n) =>
    suite(
      testcase(
        't',
        `<properties>${Array.from({ length: n / 32 }, (_, i) => `<property name="p${i}" value="v"/>`).join('')}</properties>`,
      ),
    ),
  'attributes of a testcase': (n) =>
    suite(
      testcase('t', failure, 'tests.test_a', Array.from({ length: n / 9 }, (_, i) => ` a${i}="b"`).join('')),
    ),
  'character data sections': (n) => failing('<![CDATA[x]]>'.repeat(n / 13)),
  'comments between tests': (n) => suite(`<!--x-->${testcase()}`.repeat(n / 70)),
  'instructions in a text': (n) => failing('<?x y?>a'.repeat(n / 8)),
  'outputs of a testcase': (n) =>
    suite(testcase('t', `${failure}${'<system-out>x</system-out>'.repeat(n / 26)}`)),
  'a long output': (n) => suite(testcase('t', `${failure}<system-out>${'x y\n'.repeat(n / 4)}</system-out>`)),
  'frames with their source': (n) =>
    failing(
      `${'    def f(x):\n>       return g(x)\n\nx = 1\n\ntests/test_a.py:1: \n_ _ _ _ _ _\n'.repeat(n / 75)}E   KeyError: 1\n\ntests/test_a.py:2: KeyError`,
    ),
  'frames as Python writes them': (n) =>
    failing(
      `Traceback (most recent call last):\n${'  File "tests/test_a.py", line 1, in f\n    g()\n'.repeat(n / 48)}KeyError: 1`,
    ),
  'chained exceptions': (n) =>
    failing(
      `${'tests/test_a.py:1: KeyError\n\nDuring handling of the above exception, another exception occurred:\n\n'.repeat(n / 100)}tests/test_a.py:2: KeyError`,
    ),
  'lines of an exception group': (n) =>
    failing(
      `  + Exception Group Traceback (most recent call last):\n${'  |   File "a.py", line 1, in f\n'.repeat(n / 32)}  | ExceptionGroup: x (2 sub-exceptions)`,
    ),
  'lines of an assertion': (n) => failing(`${'E     - a 1 0x7f\n'.repeat(n / 16)}\na.py:1: AssertionError`),
  'words to scrub': (n) =>
    failing('x', `x at 0x7fdeadbeef /tmp/a/b.txt 2026-01-01 10:00:00 1.5s `.repeat(n / 58)),
  'failing tests': (n) =>
    suite(
      Array.from({ length: n / 150 }, (_, i) => testcase(`t${i}`, failure, `tests.test_${i % 50}`)).join(''),
    ),
  'tests of as many files': (n) =>
    suite(Array.from({ length: n / 70 }, (_, i) => testcase('t', '', `tests.test_${i}`)).join('')),
  'failures of one testcase': (n) => suite(testcase('t', failure.repeat(n / 75))),
  'failed subtests of one test': (n) =>
    suite(
      `${testcase('t', '<failure message="x">SUBFAIL</failure>').repeat(n / 120)}${testcase('t', '<failure message="contains 9 failed subtests">x</failure>')}`,
    ),
  'tests that fail and fail at teardown': (n) =>
    suite(
      Array.from(
        { length: n / 260 },
        (_, i) =>
          `${testcase(`t${i}`, failure)}${testcase(`t${i}`, '<error message="failed on teardown with &quot;x&quot;">x</error>')}`,
      ).join(''),
    ),
  'colour codes around every word': (n) =>
    failing(
      `${'#x1B[1m#x1B[31mE   a#x1B[0m#x1B[39;49;00m b\n'.repeat(n / 42)}a.py:1: AssertionError`,
      '#x1B[1mx#x1B[0m '.repeat(n / 16),
    ),
  'colour codes in a name': (n) => suite(testcase('#x1B[31m'.repeat(n / 8), failure)),
  'a long file attribute': (n) =>
    suite(testcase('t', failure, 'tests.test_a', ` file="${'a/'.repeat(n / 2)}t.py" line="1"`)),
  'a long host and time': (n) =>
    suite(testcase(), ` hostname="${'h'.repeat(n / 2)}" timestamp="${'2'.repeat(n / 2)}"`),
  'backslashes of a location': (n) => failing(`${'a\\'.repeat(n / 2)}b.py:1: KeyError`),
  'a reason of a skip': (n) =>
    suite(testcase('t', `<skipped type="pytest.skip" message="${'a:1: '.repeat(n / 5)}">x</skipped>`)),
  'characters of four bytes': (n) => failing('\u{1f600}'.repeat(n / 4), '\u{1f600}'.repeat(n / 4)),
  'parameters in brackets': (n) => suite(testcase(`t${'[a]'.repeat(n / 3)}`, failure)),
  'brackets of a statement': (n) =>
    failing(`${`    f(${'('.repeat(1000)}\n`.repeat(n / 1006)}>       g(\n\na.py:1: KeyError`),
  'a long line of source': (n) => failing(`>       f(${'( '.repeat(n / 2)}\n\na.py:1: KeyError`),
};
