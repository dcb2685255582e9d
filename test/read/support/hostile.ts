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
};
