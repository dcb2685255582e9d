// Which failures become annotations, in which order, and on which line.
import { describe, expect, it } from 'vitest';
import type { Novelty } from '../../../src/model.ts';
import { renderAnnotations, renderTroubles, renderUncovered } from '../../../src/tell/github/annotations.ts';
import { runnerCommands } from '../../support/runner.ts';
import { makeFailureHistory, makeRunHistory } from '../../support/runs.ts';

const failure = (name: string) => ({
  testName: `tests/test_a.py::${name}`,
  testFile: 'tests/test_a.py',
  outcome: 'failed',
  line: 7,
  errorType: 'KeyError',
  message: "KeyError: 'x'",
  failureSignature: `md5:${name}`,
});

const past = (name: string, novelty: Novelty) =>
  makeFailureHistory({
    testName: `tests/test_a.py::${name}`,
    failureSignature: `md5:${name}`,
    class: novelty,
  });

describe('annotations', () => {
  it('show ten at most, new ones first, and say how many are left', () => {
    const names = Array.from({ length: 30 }, (_, i) => `test_${i}`);
    const history = makeRunHistory({
      failures: names.map((name, i) => past(name, i === 29 ? 'new' : i === 28 ? 'flaky' : 'pre-existing')),
    });
    const request = { failures: names.map(failure), all: 45, history, hideSolutions: false };
    const commands = runnerCommands(renderAnnotations({ ...request, locate: (file) => file }).join(''));
    expect(commands).toHaveLength(10);
    expect(commands[0]).toMatchObject({
      name: 'error',
      properties: { file: 'tests/test_a.py', line: '7', title: 'new: tests/test_a.py::test_29' },
      message: "KeyError: 'x'\nnot a test of 55555555",
    });
    expect(commands[1]?.properties.title).toContain('flaky: ');
    expect(commands[9]?.message).toContain('35 more failures are not annotated');
  });

  it('name no file that is not in the checkout', () => {
    const request = { failures: [failure('test_a')], all: 1, history: undefined, hideSolutions: false };
    const [command] = runnerCommands(renderAnnotations({ ...request, locate: () => undefined }).join(''));
    expect(command?.properties).toEqual({ title: 'tests/test_a.py::test_a' });
  });
});

describe('lines without a test', () => {
  const patch = (uncovered: readonly (readonly [number, number])[], runs = 1) => ({
    baseSha: 'a'.repeat(40),
    runs,
    coverage: {
      changedStatements: 9,
      coveredStatements: 1,
      percent: 11.1,
      files: ['src/a.py', 'gone.py'].map((filePath) => ({
        filePath,
        changedStatements: 9,
        coveredStatements: 1,
        uncovered,
      })),
      lost: [],
      unreported: [],
    },
  });
  const notices = (...args: Parameters<typeof patch>) =>
    runnerCommands(renderUncovered(patch(...args), (path) => path === 'src/a.py').join(''));

  it('are notices on them, of files that are in the tree', () => {
    expect(
      notices(
        [
          [7, 7],
          [10, 15],
        ],
        3,
      ),
    ).toEqual([
      {
        name: 'notice',
        properties: { file: 'src/a.py', line: '10', endLine: '15', title: 'Not covered' },
        message:
          'Lines 10 to 15 are new or changed, and no test ran them, by the 3 runs of this commit so far.',
      },
      {
        name: 'notice',
        properties: { file: 'src/a.py', line: '7', title: 'Not covered' },
        message: 'Line 7 is new or changed, and no test ran it, by the 3 runs of this commit so far.',
      },
    ]);
  });

  it('are ten at most, and say how many are left', () => {
    const told = notices(Array.from({ length: 14 }, (_, i) => [i * 10, i * 10] as const));
    expect(told).toHaveLength(10);
    expect(told[9]?.message).toContain('4 more places');
  });
});

describe('troubles', () => {
  const trouble = (code: string, line?: number) => ({ code, message: `it is ${code}`, file: 'a.xml', line });
  const words = (...troubles: ReturnType<typeof trouble>[]) =>
    runnerCommands(renderTroubles(troubles).join('')).map(({ message }) => message);

  it('are at most two errors, each kind told once', () => {
    expect(words()).toEqual([]);
    expect(words(trouble('cut'))).toEqual(['a.xml: it is cut']);
    expect(words(trouble('cut', 1), trouble('cut', 2), trouble('empty'))).toEqual([
      'a.xml:1: it is cut\n\n1 more like it. See the log of this step.',
      'a.xml: it is empty',
    ]);
    expect(words(trouble('x', 1), trouble('x', 2), trouble('x'))[0]).toContain('a.xml: it is x.');
    const many = words(...Array.from({ length: 30 }, (_, i) => trouble(`kind-${i}`)));
    expect(many).toHaveLength(2);
    expect(many[1]).toContain('21 other kinds of trouble');
  });
});
