// What pytest's failure texts say: one case a style and a shape, cut from real reports; then texts made to mislead, and
// texts made to take long.
import { describe, expect, it } from 'vitest';
import {
  errorTypeOfMessage,
  firstCause,
  locationInFile,
  readFailureText,
  readSkipText,
  unwrapPhase,
} from '../../../src/read/report/failure-text.ts';
import { cpuMs } from '../../support/cpu.ts';

interface Case {
  readonly shape: string;
  readonly text: string;
  readonly message?: string;
  /** `path:line`, outermost first. */
  readonly locations: readonly string[];
  readonly type: string | undefined;
}

const rule = '_ '.repeat(39).trimEnd();
const direct = 'The above exception was the direct cause of the following exception:';
const during = 'During handling of the above exception, another exception occurred:';

const cases: readonly Case[] = [
  {
    shape: 'long: the last line names the exception',
    text: `    def test_zero_division():
>       assert div(1, 0) == 1
               ^^^^^^^^^

tests/unit/test_errors.py:14: 
${rule}

a = 1, b = 0

    def div(a, b):
>       return a / b
               ^^^^^
E       ZeroDivisionError: division by zero

src/app/calc.py:10: ZeroDivisionError`,
    message: 'ZeroDivisionError: division by zero',
    locations: ['tests/unit/test_errors.py:14', 'src/app/calc.py:10'],
    type: 'ZeroDivisionError',
  },
  {
    shape: 'auto: entries in the middle are short',
    text: `tests/unit/test_errors.py:31: 
${rule}
src/app/calc.py:31: in outer
    return middle(n)
           ^^^^^^^^^
${rule}

n = -5

>       raise ValueError("negative: %d" % n)
E       ValueError: negative: -5

src/app/calc.py:40: ValueError`,
    locations: ['tests/unit/test_errors.py:31', 'src/app/calc.py:31', 'src/app/calc.py:40'],
    type: 'ValueError',
  },
  {
    shape: 'short: the marked lines name the exception',
    text: `tests/unit/test_auth.py:15: in test_login
    assert login(user) is ok
           ^^^^^^^^^^^
tests/unit/test_auth.py:8: in login
    return USERS[name]
E   KeyError: 'bob'`,
    message: "KeyError: 'bob'",
    locations: ['tests/unit/test_auth.py:15', 'tests/unit/test_auth.py:8'],
    type: 'KeyError',
  },
  {
    shape: 'short: a rewritten assert',
    text: 'tests/test_root.py:7: in test_at_root_fails\n    assert 6 == 7\nE   assert 6 == 7',
    locations: ['tests/test_root.py:7'],
    type: 'AssertionError',
  },
  {
    shape: 'short: a class of another module',
    text: 'tests/x.py:39: in test_x\n    raise Outer.Inner("inside")\nE   app.errors.Outer.Inner: inside',
    locations: ['tests/x.py:39'],
    type: 'Inner',
  },
  {
    shape: 'short: a local class',
    text: 'tests/x.py:305: in test_x\n    raise E\nE   tests.x.test_x.<locals>.LocalError: here',
    locations: ['tests/x.py:305'],
    type: 'LocalError',
  },
  {
    shape: 'line and no: words without a location',
    text: "E   KeyError: 'bob'",
    message: "KeyError: 'bob'",
    locations: [],
    type: 'KeyError',
  },
  {
    shape: 'line: a chain',
    text: `E   KeyError: 'x'\n\n${direct}\n\nE   app.errors.AppError: chained`,
    message: 'app.errors.AppError: chained',
    locations: [],
    type: 'AppError',
  },
  {
    shape: 'native: absolute paths, words at column 0',
    text: `Traceback (most recent call last):
  File "/opt/python/site-packages/_pytest/python.py", line 167, in pytest_pyfunc_call
    result = testfunction(**testargs)
  File "/home/me/zoo/tests/unit/test_errors.py", line 14, in test_zero_division
    div(1, 0)
    ~~~^^^^^^
ZeroDivisionError: division by zero
`,
    message: 'ZeroDivisionError: division by zero',
    locations: [
      '/opt/python/site-packages/_pytest/python.py:167',
      '/home/me/zoo/tests/unit/test_errors.py:14',
    ],
    type: 'ZeroDivisionError',
  },
  {
    shape: 'native: a message that imitates a frame is no frame',
    text: 'Traceback (most recent call last):\n  File "/a/test_x.py", line 3, in test_x\n    boom()\nValueError: look\n  File "/a/other.py", line 99, in fake\n',
    locations: ['/a/test_x.py:3'],
    type: 'ValueError',
  },
  {
    shape: 'a chain: only what follows the last separator counts',
    text: `tests/unit/test_chain.py:15: in test_own_from\n    int("x")\nE   ValueError: invalid literal\n\n${direct}\ntests/unit/test_chain.py:18: in test_own_from\n    raise RuntimeError("outer: wrap") from e\nE   RuntimeError: outer: wrap`,
    locations: ['tests/unit/test_chain.py:18'],
    type: 'RuntimeError',
  },
  {
    shape: 'a chain while handling, three exceptions deep',
    text: `a/t.py:1: in f\nE   KeyError: 1\n\n${during}\na/t.py:2: in f\nE   ValueError: 2\n\n${during}\na/t.py:3: in f\nE   TypeError: 3`,
    locations: ['a/t.py:3'],
    type: 'TypeError',
  },
  {
    shape: 'a cause without a traceback',
    text: `ValueError: bare cause\n\n${direct}\ntests/unit/test_chain.py:39: in test_it\n    raise TypeError("top") from e\nE   TypeError: top`,
    locations: ['tests/unit/test_chain.py:39'],
    type: 'TypeError',
  },
  {
    shape: 'an exception group: the outermost block is the group',
    text: `  + Exception Group Traceback (most recent call last):
  |   File "/home/me/tests/test_groups.py", line 15, in test_group
  |     raise ExceptionGroup("many", found)
  | ExceptionGroup: many (3 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/home/me/tests/test_groups.py", line 8, in part
    | ValueError: one
    +---------------- 2 ----------------
    | KeyError: 'two'
    +------------------------------------`,
    message: 'ExceptionGroup: many (3 sub-exceptions)',
    locations: ['/home/me/tests/test_groups.py:15'],
    type: 'ExceptionGroup',
  },
  {
    shape: 'a group of one: the message is about the part',
    text: '  + Exception Group Traceback (most recent call last):\n  |   File "/me/t.py", line 19, in test_single\n  | ExceptionGroup: one (1 sub-exception)\n  +-+--- 1 ---\n    | KeyError: \'only\'\n    +---',
    message: "KeyError('only') [single exception in ExceptionGroup]",
    locations: ['/me/t.py:19'],
    type: 'ExceptionGroup',
  },
  {
    shape: 'a fixture that is not found: only the last line is a location (pytest up to 5.4)',
    text: "file /home/me/tests/test_f.py, line 21\n  def test_missing(nope):\nE       fixture 'nope' not found\n>       available fixtures: cache, capfd\n>       use 'pytest --fixtures [testpath]' for help on them.\n\n/home/me/tests/test_f.py:21",
    locations: ['/home/me/tests/test_f.py:21'],
    type: 'FixtureLookupError',
  },
  {
    shape: 'a recursive fixture',
    text: "file /home/me/tests/test_f.py, line 21\n  def test_it(a):\nfile /home/me/tests/conftest.py, line 3\n  def a(b):\nE       recursive dependency involving fixture 'a' detected\n",
    locations: [],
    type: 'FixtureLookupError',
  },
  {
    shape: 'an import error while collecting',
    text: "ImportError while importing test module '/home/me/tests/broken/test_import.py'.\nHint: make sure your test modules/packages have valid Python names.\nTraceback:\n/opt/python/importlib/__init__.py:126: in import_module\n    return _bootstrap._gcd_import(name[level:], package, level)\ntests/broken/test_import.py:3: in <module>\n    import nothing\nE   ModuleNotFoundError: No module named 'nothing'",
    message: 'collection failure',
    locations: ['/opt/python/importlib/__init__.py:126', 'tests/broken/test_import.py:3'],
    type: 'ModuleNotFoundError',
  },
  {
    shape: 'a module that cannot be parsed: the words say where',
    text: '/opt/python/ast.py:50: in parse\n    return compile(source, filename, mode, flags,\nE     File "/home/me/tests/broken/test_syntax.py", line 5\nE       def broken(:\nE                  ^\nE   SyntaxError: invalid syntax',
    message: 'collection failure',
    locations: ['/opt/python/ast.py:50', '/home/me/tests/broken/test_syntax.py:5'],
    type: 'SyntaxError',
  },
  {
    shape: 'a syntax error inside a test: generated source is no file of it',
    text: 'tests/t.py:182: in test_it\n    compile("x = = 1", "<generated>", "exec")\nE     File "<generated>", line 1\nE       x = = 1\nE           ^\nE   SyntaxError: invalid syntax',
    message: '  File "<generated>", line 1\n    x = = 1\n        ^\nSyntaxError: invalid syntax',
    locations: ['tests/t.py:182'],
    type: 'SyntaxError',
  },
  {
    shape: 'a sentence of pytest while collecting',
    text: "In tests/broken/test_arg.py::test_a: function uses no argument 'nope'",
    message: 'collection failure',
    locations: [],
    type: undefined,
  },
  {
    shape: 'a doctest: its message repeats the whole text',
    text: '001 Guide\n004     >>> 1 + 1\n006     >>> 2 * 3\nExpected:\n    7\nGot:\n    6\n\n/home/me/docs/guide.txt:6: DocTestFailure',
    message:
      '001 Guide\n004     >>> 1 + 1\n006     >>> 2 * 3\nExpected:\n    7\nGot:\n    6\n\n/home/me/docs/guide.txt:6: DocTestFailure',
    locations: ['/home/me/docs/guide.txt:6'],
    type: 'DocTestFailure',
  },
  {
    shape: "a doctest's unexpected exception: the native traceback in it is not the place",
    text: '024     >>> raising_doc()\nUNEXPECTED EXCEPTION: AppError(\'doc boom\')\nTraceback (most recent call last):\n  File "/opt/python/doctest.py", line 1353, in __run\n    exec(compile(example.source, filename, "single",\napp.errors.AppError: doc boom\n/home/me/src/app/calc.py:24: UnexpectedException',
    locations: ['/home/me/src/app/calc.py:24'],
    type: 'UnexpectedException',
  },
  {
    shape: 'pytest.fail(pytrace=False): no line of the message is a location',
    text: 'tests/a.py:99: in fake\nsecond line',
    message: 'Failed: tests/a.py:99: in fake\nsecond line',
    locations: [],
    type: 'Failed',
  },
  {
    shape: 'a strict xpass',
    text: '[XPASS(strict)] tests/a.py:3: ValueError',
    message: '[XPASS(strict)] tests/a.py:3: ValueError',
    locations: [],
    type: undefined,
  },
  {
    shape: 'failed subtests',
    text: 'contains 2 failed subtests',
    message: 'contains 2 failed subtests',
    locations: [],
    type: undefined,
  },
  {
    shape: 'a crashed worker',
    text: "worker 'gw1' crashed while running 'tests/a.py::test_x'",
    message: "failed on setup with \"worker 'gw1' crashed while running 'tests/a.py::test_x'\"",
    locations: [],
    type: undefined,
  },
  {
    shape: 'recursion that was detected',
    text: 'tests/t.py:214: in test_it\n    forever()\nsrc/calc.py:65: in forever\n    forever()\nE   RecursionError: maximum recursion depth exceeded\n!!! Recursion detected (same locals & position)',
    locations: ['tests/t.py:214', 'src/calc.py:65'],
    type: 'RecursionError',
  },
  {
    shape: 'locals between the words and the location',
    text: ">       assert a == b\nE       assert 1 == 2\n\na          = 1\npath       = 'tests/other.py:7: in f'\n\ntests/t.py:9: AssertionError",
    locations: ['tests/t.py:9'],
    type: 'AssertionError',
  },
  {
    shape: 'code without a file',
    text: 'tests/t.py:186: in test_exec\n    exec(SOURCE)\n<string>:3: in <module>\n    ???\nE   LookupError: from exec',
    locations: ['tests/t.py:186', '<string>:3'],
    type: 'LookupError',
  },
  {
    shape: 'Windows paths, relative and absolute',
    text: 'tests\\unit\\test_x.py:12: in test_it\n    f()\nC:\\work\\zoo\\src\\calc.py:7: in f\n    raise KeyError\nE   KeyError',
    locations: ['tests/unit/test_x.py:12', 'C:/work/zoo/src/calc.py:7'],
    type: 'KeyError',
  },
  {
    shape: 'a folder with a space in its name',
    text: 'my tests/test_x.py:12: in test_it\nE   KeyError',
    locations: ['my tests/test_x.py:12'],
    type: 'KeyError',
  },
  {
    shape: 'a message that imitates locations: its lines are marked',
    text: `tests/t.py:63: in test_it\n    raise ValueError(TEXT)\nE   ValueError: tests/unit/test_auth.py:999: in test_fake\nE   E   TypeError: fake\nE   tests/fake.py:7: KeyError`,
    locations: ['tests/t.py:63'],
    type: 'ValueError',
  },
  {
    shape: 'a source line that imitates a separator',
    text: `    def test_it():\n        """\n    ${direct}\n        """\n>       assert 0\nE       assert 0\n\ntests/t.py:4: AssertionError`,
    locations: ['tests/t.py:4'],
    type: 'AssertionError',
  },
  {
    shape: 'a name in letters beyond ASCII',
    text: 'tests/tëst_ñ.py:4: in test_ñ\nE   tests.fehler.ÄußererFehler: nein',
    locations: ['tests/tëst_ñ.py:4'],
    type: 'ÄußererFehler',
  },
  { shape: 'nothing at all', text: '', locations: [], type: undefined },
];

describe('the exception that a failure was raised from', () => {
  const first = `shop/db.py:7: in connect
    raise OSError(f"no {name}")
E       OSError: no database
E        on any host`;
  const wrapped =
    'tests/test_a.py:3: in test_a\n    load()\nshop/load.py:9: in load\nE   ValueError: cannot load';
  const told = (text: string) => {
    const cause = firstCause(text);
    return (
      cause &&
      `${cause.locations.map(({ path, line }) => `${path}:${line}`).join(' ')} ${cause.errorType}: ${cause.message}`
    );
  };

  it.each<[string, string, string | undefined]>([
    ['is the first of a chain', `${first}\n\n${direct}\n${wrapped}\n\n${direct}\n${wrapped}`, first],
    ['is not what was handled', `${first}\n\n${during}\n${wrapped}`, undefined],
    [
      'is none where the newest was raised while another was handled',
      `${first}\n\n${direct}\n${wrapped}\n\n${during}\n${wrapped}`,
      undefined,
    ],
    [
      'is what ended a block of pytest.warns before it could warn',
      `${first}\n\n${during}\ntests/test_a.py:3: in test_a\nE   Failed: DID NOT WARN. No warnings of type (x,) were emitted.`,
      first,
    ],
    ['begins behind what was handled', `${wrapped}\n\n${during}\n${first}\n\n${direct}\n${wrapped}`, first],
    ['is none where there is no chain', wrapped, undefined],
  ])('%s', (_, text, cause) => {
    expect(told(text)).toBe(
      cause === undefined ? undefined : 'shop/db.py:7 OSError: OSError: no database\n on any host',
    );
  });

  it('is read in the native style too', () => {
    const native = (file: string, words: string) =>
      `Traceback (most recent call last):\n  File "${file}", line 7, in f\n    g()\n${words}\n`;
    expect(
      told(
        `${native('shop/db.py', 'OSError: no\ndatabase')}\n${direct}\n\n${native('shop/load.py', 'ValueError: x')}`,
      ),
    ).toBe('shop/db.py:7 OSError: OSError: no\ndatabase');
  });
});

describe('a failure text', () => {
  it.each(cases)('$shape', ({ text, message, locations, type }) => {
    const read = readFailureText(text, message);
    expect(read.locations.map(({ path, line }) => `${path}:${line}`)).toEqual(locations);
    expect(read.errorType).toBe(type);
  });
});

describe('the exception in a message', () => {
  it.each([
    ['ValueError', 'ValueError'],
    ['ValueError: x: y', 'ValueError'],
    ['app.errors.Outer.Inner: inside', 'Inner'],
    ['tests.t.f.<locals>.Local: x', 'Local'],
    ['assert 1 == 2', 'AssertionError'],
    ['AssertionError: ValueError: not really\nassert False', 'AssertionError'],
    ["KeyError('only') [single exception in ExceptionGroup]", 'ExceptionGroup'],
    ['  File "x.py", line 1\n    x = = 1\n        ^\nSyntaxError: invalid syntax', 'SyntaxError'],
    ['file /a/t.py, line 3\n  def test(nope):', 'FixtureLookupError'],
    ['_Private: p', '_Private'],
    ['socket.timeout: timed out', 'timeout'],
    ['a sentence: with a colon', undefined],
    ['timeout', undefined],
    ['internal error', undefined],
    ['collection failure', undefined],
    ['', undefined],
  ])('%j is %s', (message, type) => expect(errorTypeOfMessage(message)).toBe(type));

  it.each([
    ['failed on setup with "KeyError: "x""', 'KeyError: "x"'],
    ['failed on teardown with "two\nlines"', 'two\nlines'],
    ['failed on setup with KeyError', 'failed on setup with KeyError'],
  ])('is inside the phase that pytest wraps around it: %j', (message, words) =>
    expect(unwrapPhase(message)).toBe(words),
  );
});

describe('a skip text', () => {
  it.each([
    ['tests/unit/test_skips.py:12: not today', 'tests/unit/test_skips.py:12'],
    ['C:\\work\\tests\\test_skips.py:12: not today', 'C:/work/tests/test_skips.py:12'],
    ["('/home/me/tests/test_mod.py', 3, 'Skipped: no')", '/home/me/tests/test_mod.py:3'],
    ["(\"/home/me/it's/test_mod.py\", 3, 'Skipped: no')", "/home/me/it's/test_mod.py:3"],
    ['see: http://x', undefined],
    ['', undefined],
  ])('%j names %s', (text, place) => {
    const [first] = readSkipText(text);
    expect(first && `${first.path}:${first.line}`).toBe(place);
  });
});

describe("the line in the test's own file", () => {
  const at = (...places: [string, number][]) => places.map(([path, line]) => ({ path, line }));
  it.each([
    [
      'the last frame in the file',
      at(['t/a.py', 1], ['lib.py', 2], ['t/a.py', 3], ['lib.py', 4]),
      't/a.py',
      3,
    ],
    ['an absolute path that ends with it', at(['/home/me/t/a.py', 7]), 't/a.py', 7],
    ['a Windows path that ends with it', at(['C:/me/t/a.py', 7]), 't/a.py', 7],
    ['a path seen from a subfolder', at(['../t/a.py', 7]), 't/a.py', 7],
    ['a part of it, seen from inside its folder', at(['a.py', 7]), 't/a.py', 7],
    ['not a file of the same name elsewhere', at(['/opt/other/a.py', 7]), 't/a.py', undefined],
    ['not a file whose name ends alike', at(['t/extra_a.py', 7]), 'a.py', undefined],
    ['the closest agreement, not the last', at(['t/a.py', 7], ['a.py', 9]), 't/a.py', 7],
    ['nothing where the file is not known', at(['t/a.py', 7]), undefined, undefined],
  ])('is %s', (_, locations, file, line) => expect(locationInFile(locations, file)?.line).toBe(line));
});

describe('a text made to take long', () => {
  const mebi = 1 << 20;
  const times = (piece: string, length = mebi) =>
    piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
  const hostile: Readonly<Record<string, (length: number) => string>> = {
    'of lines that begin like a location': (n) => times('a:1: \n', n),
    'of one line of locations': (n) => times('a:1: ', n),
    'of locations without an end': (n) => times('a/b.py:1\n', n),
    'of marked lines': (n) => times('E   \n', n),
    'of one line without an end': (n) => times('x', n),
    'of one long name': (n) => times('a.', n),
    'of one long marked name': (n) => `E   ${times('A.b', n)}`,
    'of line feeds': (n) => times('\n', n),
    'of spaces': (n) => times(' ', n),
    'of lines of spaces': (n) => times('   \n', n),
    'of separators': (n) => times(`${direct}\n`, n),
    'of fixture headers': (n) => times('file a, line 1\n', n),
    'of fixture headers and E': (n) => times('file a, line 1\nE\n\n\n', n),
    'of group beginnings': (n) => times('  + Exception Group Traceback (most recent call last):\n', n),
    'of one group line': (n) =>
      `  + Exception Group Traceback (most recent call last):\n  | ${times('a.', n)}`,
    'of group frames without an end': (n) =>
      `  + Exception Group Traceback (most recent call last):\n  |  File "${times('x", line 1', n)}`,
    'of native frames without an end': (n) =>
      `Traceback (most recent call last):\n  File "${times('", line 1', n)}`,
    'of digits': (n) => `a/b.py:${times('1', n)}`,
    'of doctest ends': (n) => `${times(':1: DocTestFailure    ', n)}x`,
    'of quotes': (n) => `E     File "${times('a', n)}`,
  };

  it.each(Object.keys(hostile))('%s takes time in proportion to its length', (name) => {
    const make = hostile[name] ?? (() => '');
    const once = (length: number) => {
      const text = make(length);
      const message = `Failed: ${text}`;
      const start = cpuMs();
      readFailureText(text, 'x');
      readFailureText(text, message);
      errorTypeOfMessage(text);
      firstCause(text);
      unwrapPhase(`failed on setup with "${text}`);
      readSkipText(text);
      readSkipText(`('${text}`);
      return cpuMs() - start;
    };
    // The best of three: other work on the machine only ever adds.
    const measure = (length: number) => Math.min(once(length), once(length), once(length));
    measure(1000);
    // Twice the quadratic time of the smaller text would be 16 times; what takes under 150 ms is fast enough.
    const small = Math.max(measure(mebi / 4), 25);
    expect(measure(mebi)).toBeLessThan(Math.max(small * 10, 500));
  });
});
