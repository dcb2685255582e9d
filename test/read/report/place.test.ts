import { describe, expect, it } from 'vitest';
import { readFailureText } from '../../../src/read/report/failure-text.ts';
import { findPlace } from '../../../src/read/report/place.ts';

const separator = '_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _';

function placeOf(
  text: string,
  options: { function?: string | undefined; isCall?: boolean; message?: string } = {},
) {
  const { locations, errorType } = readFailureText(text, options.message);
  const place = findPlace({
    lines: text.split('\n'),
    locations,
    errorType,
    testFile: 'tests/test_cart.py',
    testFunction: 'function' in options ? options.function : 'test_total',
    isCall: options.isCall ?? true,
  });
  return place && `${place.file}:${place.line} in ${place.function}: ${place.statement}`;
}

const own = `    def test_total(cart):
>       assert cart.total() == 3
E       assert 4 == 3

tests/test_cart.py:12: AssertionError`;

const called = (rest: string) => `    def test_total(cart):
>       assert total(cart) == 3

tests/test_cart.py:12: 
${separator}
${rest}`;

describe('the place of a failure', () => {
  it('is unknown where the test itself failed', () => {
    expect(placeOf(own)).toBeUndefined();
  });

  it('is the helper that raised, in the test’s own file too', () => {
    const helper = (file: string) =>
      called(`
cart = {}

    def total(cart):
        # sum of all
>       return cart['sum']
E       KeyError: 'sum'

${file}:7: KeyError`);
    expect(placeOf(helper('src/shop/cart.py'))).toBe("src/shop/cart.py:7 in total: return cart['sum']");
    expect(placeOf(helper('tests/test_cart.py'))).toBe("tests/test_cart.py:7 in total: return cart['sum']");
  });

  it('is the fixture that raised', () => {
    const fixture = `    @pytest.fixture
    def cart():
>       return connect()
E       ConnectionError: no

tests/test_cart.py:4: ConnectionError`;
    expect(placeOf(fixture, { isCall: false })).toBe('tests/test_cart.py:4 in cart: return connect()');
  });

  it('is the project’s frame above a library, and the library’s where the test called it', () => {
    const library =
      '/opt/venv/lib/python3.11/site-packages/requests/adapters.py:9: in send\n    raise E\nE   ConnectionError: no';
    expect(
      placeOf(
        `tests/test_cart.py:12: in test_total\n    total()\nsrc/shop/cart.py:7: in total\n    get()\n${library}`,
      ),
    ).toBe('src/shop/cart.py:7 in total: get()');
    expect(placeOf(`tests/test_cart.py:12: in test_total\n    get()\n${library}`)).toBe(
      '/opt/venv/lib/python3.11/site-packages/requests/adapters.py:9 in send: raise E',
    );
  });

  it('of calls that go round is one frame of them, wherever the stack ended', () => {
    const at = (line: number) => `src/shop/tree.py:${line}: in f${line}`;
    const entry = 'tests/test_cart.py:12: in test_total\nsrc/shop/cart.py:3: in total';
    const end = 'E   RecursionError: maximum recursion depth exceeded';
    const oneRound = (...lines: number[]) => placeOf([entry, ...lines.map(at), end].join('\n'));
    expect(oneRound(8, 2, 5, 8)).toBe('src/shop/tree.py:2 in f2: undefined');
    expect(oneRound(5, 8, 2, 5)).toBe('src/shop/tree.py:2 in f2: undefined');
    expect(oneRound(8, 2, 5)).toBe('src/shop/tree.py:5 in f5: undefined');

    const native = (file: string, line: number) => `  File "${file}", line ${line}, in f`;
    const rounds = Array.from({ length: 40 }, () =>
      [2, 5, 5, 8].map((line) => native('src/shop/tree.py', line)),
    );
    const ended = (...last: string[]) =>
      placeOf(
        [
          'Traceback (most recent call last):',
          native('tests/test_cart.py', 12).replace('in f', 'in test_total'),
          ...rounds.flat(),
          ...last,
          'RecursionError: maximum recursion depth exceeded in comparison',
        ].join('\n'),
      );
    expect(ended()).toBe('src/shop/tree.py:2 in f: undefined');
    expect(ended(native('src/shop/core.py', 1), native('src/shop/core.py', 1))).toBe(
      'src/shop/tree.py:2 in f: undefined',
    );
  });

  it('is unknown for assertions that a library makes for the test', () => {
    const mock =
      'tests/test_cart.py:12: in test_total\n    m.assert_called_once()\n/usr/lib/python3.11/unittest/mock.py:928: in assert_called_once\n    raise AssertionError(msg)\nE   AssertionError: Expected';
    expect(placeOf(mock)).toBeUndefined();
  });

  it('is unknown for an inherited test that failed itself', () => {
    expect(
      placeOf('tests/base_checks.py:5: in test_total\n    assert x == 2\nE   assert 1 == 2'),
    ).toBeUndefined();
  });

  it('is unknown for the lines of a module, and known for what it imports', () => {
    const module = 'tests/test_cart.py:1: in <module>\n    import shop';
    expect(placeOf(`${module}\nE   NameError: x`, { function: undefined, isCall: false })).toBeUndefined();
    expect(
      placeOf(`${module}\nsrc/shop/__init__.py:3: in <module>\n    CONFIG['a']\nE   KeyError: 'a'`, {
        function: undefined,
        isCall: false,
      }),
    ).toBe("src/shop/__init__.py:3 in undefined: CONFIG['a']");
  });

  it('is taken from native tracebacks', () => {
    const native = `Traceback (most recent call last):
  File "/ci/lib/python3.11/site-packages/_pytest/python.py", line 167, in pytest_pyfunc_call
    result = testfunction(**testargs)
  File "/ci/shop/tests/test_cart.py", line 12, in test_total
    assert total(cart) == 3
  File "/ci/shop/src/shop/cart.py", line 7, in total
    return cart['sum']
KeyError: 'sum'`;
    expect(placeOf(native)).toBe("/ci/shop/src/shop/cart.py:7 in total: return cart['sum']");
  });

  it('is unknown where a fixture is missing or nothing is shown', () => {
    expect(
      placeOf(
        "file /ci/tests/test_cart.py, line 12\n  def test_total(car):\nE       fixture 'car' not found\n\n/ci/tests/test_cart.py:12",
        {
          isCall: false,
        },
      ),
    ).toBeUndefined();
    expect(placeOf('')).toBeUndefined();
  });
});
