// Messages worth reading, where pytest's own says little: doctests, collection and internal errors, fixtures.
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/read/report/message.ts';
import { signDrift } from '../../../src/sign/drift.ts';
import { escapeAttribute, fixtureReport, readReports, readText, wrap } from '../support/reports.ts';

const doctest = (rest: string, example = '016     >>> broken_doc(1)') =>
  `014 Wrong on purpose.\n015 \n${example}\n${rest}\n\n/w/src/app/calc.py:16: DocTestFailure`;
const messageOf = (text: string, message: string | undefined = text) =>
  readMessage({ message, text }, undefined, []);

describe('the message of a doctest', () => {
  it.each([
    ['Expected:\n    3\nGot:\n    2', '>>> broken_doc(1): expected 3, got 2'],
    ['Expected nothing\nGot:\n    2', '>>> broken_doc(1): expected nothing, got 2'],
    ['Expected:\n    3\nGot nothing', '>>> broken_doc(1): expected 3, got nothing'],
    ['Expected:\n    a\n    b\nGot:\n    a\n    c', '>>> broken_doc(1): expected b, got c (line 2)'],
    ['Expected:\n    a\n    b\nGot:\n    a', '>>> broken_doc(1): expected b, got nothing (line 2)'],
    [
      'Differences (ndiff with -expected +actual):\n    - 3\n    + 2',
      '>>> broken_doc(1): the output differs',
    ],
  ])('names the failing example, what was expected and what came: %j', (rest, head) => {
    const text = doctest(rest);
    expect(messageOf(text)).toBe(`${head}\n\n${rest}`);
  });

  it('names an exception that was not expected', () => {
    const text =
      '023 \n024     >>> raising_doc()\nUNEXPECTED EXCEPTION: AppError(\'doc boom\')\nTraceback (most recent call last):\n  File "x", line 1, in f\napp.errors.AppError: doc boom\n/w/src/app/calc.py:24: UnexpectedException';
    expect(messageOf(text)).toBe(">>> raising_doc(): AppError('doc boom')");
  });

  it('has examples of several lines, and the first of several failures', () => {
    const text = doctest('Expected:\n    3\nGot:\n    2', '016     >>> for i in x:\n017     ...     f(i)');
    expect(messageOf(text)?.split('\n')[0]).toBe('>>> for i in x: …: expected 3, got 2');
    expect(messageOf(`${text}\n${doctest('Expected:\n    8\nGot:\n    9')}`)?.split('\n')[0]).toContain(
      'expected 3',
    );
  });

  it('is no doctest’s where a message only ends like one', () => {
    expect(messageOf('E   x\n\na.py:3: DocTestFailure', 'app.DocTestFailure: x')).toBe(
      'app.DocTestFailure: x',
    );
  });

  it('is read from what pytest wrote', async () => {
    const { results } = await readReports([fixtureReport('zoo-xunit2-auto')]);
    const found = results
      .filter((r) => /broken_doc|raising_doc/.test(r.testName))
      .map((r) => r.failure?.message?.split('\n')[0]);
    expect(found.sort()).toEqual([
      '>>> broken_doc(1): expected 3, got 2',
      ">>> raising_doc(): AppError('doc boom')",
    ]);
  });
});

describe('the message of what says only where it happened', () => {
  it.each([
    ["E   ModuleNotFoundError: No module named 'x'", "ModuleNotFoundError: No module named 'x'"],
    [
      'a.py:1: in <module>\nE     File "/w/a.py", line 1\nE       def f(:\nE             ^\nE   SyntaxError: invalid syntax',
      'SyntaxError: invalid syntax',
    ],
    [
      'Traceback (most recent call last):\n  File "/w/a.py", line 1, in <module>\n    raise E\nRuntimeError: plugin says: no database',
      'RuntimeError: plugin says: no database',
    ],
    [
      'E   KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\nE   OSError: gone',
      'OSError: gone',
    ],
    [
      'E   AssertionError: Traceback (most recent call last):\nE       File "g.py", line 9, in save\nE         raise DumpError("no")\nE     execnet.gateway_base.DumpError: no\nE   assert False',
      'execnet.gateway_base.DumpError: no',
    ],
    ['a plain sentence', 'a plain sentence'],
  ])('is the exception’s own: %j', (text, message) => {
    expect(messageOf(text, 'collection failure')).toBe(message);
    expect(messageOf(text, 'internal error')).toBe(message);
  });

  it('of a crash of pytest stays as it is where nothing else is said', () => {
    expect(messageOf('', 'internal error')).toBe('internal error');
  });
});

describe('the message of a setup or teardown', () => {
  const setup = (reason: string, text: string, phase = 'setup') =>
    readText(
      wrap(
        `<testcase classname="tests.test_a" name="t" time="0.1"><error message="${escapeAttribute(`failed on ${phase} with "${reason}"`)}">${escapeAttribute(text)}</error></testcase>`,
      ),
    ).then(({ results }) => results[0]?.failure);

  it.each(['setup', 'teardown'])(
    'names the fixture’s place, which does not change its identity: %s',
    async (phase) => {
      const gone = await setup('OSError: gone', 'tests/conftest.py:9: OSError', phase);
      expect(gone).toMatchObject({
        message: `failed on ${phase} at tests/conftest.py:9 with "OSError: gone"`,
        errorType: 'OSError',
        line: undefined,
        lastFrameLine: 9,
      });
      const moved = await setup('OSError: gone', 'tests/conftest.py:12: OSError', phase);
      expect(gone !== undefined && moved !== undefined && signDrift(gone) === signDrift(moved)).toBe(true);
      const plain =
        gone === undefined ? undefined : { ...gone, message: `failed on ${phase} with "OSError: gone"` };
      expect(gone !== undefined && plain !== undefined && signDrift(gone) === signDrift(plain)).toBe(true);
    },
  );

  it('names the project’s own frame before a library’s', async () => {
    const text =
      'tests/conftest.py:9: in db\n    connect()\n/usr/lib/python3/site-packages/pg/core.py:3: OSError';
    expect((await setup('OSError: gone', text))?.message).toBe(
      'failed on setup at tests/conftest.py:9 with "OSError: gone"',
    );
  });

  it('has no place but the line where the test’s own file has one', async () => {
    expect(await setup('OSError: gone', 'tests/test_a.py:9: OSError')).toMatchObject({
      message: 'failed on setup with "OSError: gone"',
      line: 9,
    });
  });

  it('says which fixture was not found', async () => {
    const words =
      "file /w/tests/test_a.py, line 11\n  def test_nofx(nofx): pass\nE       fixture 'nofx' not found\n>       available fixtures: a, b\n>       use 'pytest --fixtures [testpath]' for help on them.";
    expect(await setup(words, `${words}\n\n/w/tests/test_a.py:11`)).toMatchObject({
      message: `failed on setup with "fixture 'nofx' not found"`,
      errorType: 'FixtureLookupError',
    });
  });
});
