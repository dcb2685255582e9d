import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseStatement, signDrift } from '../../src/sign/drift.ts';
import { scrub, scrubbers } from '../../src/sign/scrub.ts';
import { cpuMs } from '../support/cpu.ts';

describe('each scrubber', () => {
  const examples = scrubbers.flatMap((rule) =>
    rule.takes.map(([before, after]) => ({ name: rule.name, rule, before, after })),
  );
  it.each(examples)('$name makes $before into $after', ({ rule, before, after }) => {
    expect(rule.scrub(before)).toBe(after);
  });

  const left = scrubbers.flatMap((rule) => rule.leaves.map((text) => ({ name: rule.name, rule, text })));
  it.each(left)('$name leaves $text', ({ rule, text }) => {
    expect(rule.scrub(text)).toBe(text);
  });

  it('has examples, and a name of its own', () => {
    expect(scrubbers.every((rule) => rule.takes.length > 0 && rule.leaves.length > 0)).toBe(true);
    expect(new Set(scrubbers.map((rule) => rule.name)).size).toBe(scrubbers.length);
  });
});

describe('scrubbing', () => {
  it('of what is scrubbed changes nothing more', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const once = scrub(text);
        expect(scrub(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['slashes', '/'],
    ['folders', '/a'],
    ['backslashes', '\\a'],
    ['digits', '1'],
    ['dots', '1.'],
    ['commas', '1,'],
    ['hex', 'a1'],
    ['braces', '{'],
    ['pairs', '{}'],
    ['quotes', "'"],
    ['colons', '1:'],
    ['hyphens', '0-'],
    ['temp', '/tmp/'],
    ['addresses', 'at 0x'],
    ['dates', '2026-'],
    ['spaces', ' '],
  ])('takes time in proportion to its text, whatever it is made of: %s', (_, piece) => {
    // The text is capped at 4,000 characters; uncapped rules are compared with themselves on four times as much.
    for (const rule of scrubbers) {
      const time = (length: number) => {
        const text = piece.repeat(Math.ceil(length / piece.length));
        const started = cpuMs();
        for (let i = 0; i < 5; i++) rule.scrub(text);
        return cpuMs() - started;
      };
      time(1000);
      const small = time(4000);
      const large = time(16_000);
      expect(large, rule.name).toBeLessThan(Math.max(small * 24, 300));
    }
  });
});

describe('the drift signature', () => {
  const failure = (
    message: string | undefined,
    statement?: string,
    errorType: string | undefined = 'AssertionError',
  ) => ({
    errorType,
    line: 1,
    lastFrameLine: 1,
    message,
    traceback: undefined,
    statement,
  });
  const same = (a: ReturnType<typeof failure>, b: ReturnType<typeof failure>) =>
    signDrift(a) === signDrift(b);

  it.each([
    [
      'other lines',
      failure('assert 1 == 2', 'assert a == b'),
      { ...failure('assert 1 == 2', 'assert a == b'), line: 99, lastFrameLine: 7 },
    ],
    [
      'other numbers',
      failure('assert 6 == 7', 'assert total == limit'),
      failure('assert 61 == 7.5', 'assert total == limit'),
    ],
    [
      'other addresses',
      failure('<A object at 0x7f0012ab> is bad'),
      failure('<A object at 0x55aa0012cd> is bad'),
    ],
    ['a formatter', failure('boom', "f(a, b, c='x')"), failure('boom', 'f(\n    a,\n    b,\n    c="x",\n)')],
    ['parentheses', failure('boom', 'assert a == b'), failure('boom', 'assert (\n    a == b\n)')],
    ['comments', failure('boom', 'f(a)  # why'), failure('boom', 'f(a)')],
    [
      'verbosity',
      failure("assert 'a' == 'b'\n  \n  - b\n  + a", 'assert x == y'),
      failure("assert 'a' == 'b'", 'assert x == y'),
    ],
    [
      'the phase',
      failure('failed on setup with "ConnectionError: no"', 'connect()', 'ConnectionError'),
      failure('failed on teardown with "ConnectionError: no"', 'connect()', 'ConnectionError'),
    ],
    ['the order of a dictionary', failure("{'a': 1, 'b': 2} is bad"), failure("{'b': 3, 'a': 4} is bad")],
  ])('survives %s', (_, a, b) => {
    expect(same(a, b)).toBe(true);
  });

  it.each([
    [
      'another assertion of the same words',
      failure('assert 1 == 2', 'assert a == b'),
      failure('assert 1 == 2', 'assert a == c'),
    ],
    ['another exception', failure('boom', 'f()', 'ValueError'), failure('boom', 'f()', 'TypeError')],
    [
      'another key',
      failure("KeyError: 'name'", 'd[k]', 'KeyError'),
      failure("KeyError: 'title'", 'd[k]', 'KeyError'),
    ],
    ['another key with a number', failure("KeyError: 'user12'"), failure("KeyError: 'user13'")],
    [
      'another attribute',
      failure("AttributeError: 'A' object has no attribute 'x'"),
      failure("AttributeError: 'A' object has no attribute 'y'"),
    ],
    [
      'another number in the source',
      failure('assert False', 'assert f(1)'),
      failure('assert False', 'assert f(2)'),
    ],
    ['another string in the source', failure('boom', "f('a b')"), failure('boom', "f('ab')")],
  ])('tells apart %s', (_, a, b) => {
    expect(same(a, b)).toBe(false);
  });

  it('is absent where a failure says nothing', () => {
    expect(signDrift(failure(undefined))).toBeUndefined();
    expect(signDrift(failure(''))).toBeUndefined();
  });

  it('is the one it always was', () => {
    // Golden values: a change of any of them is a change of version.
    expect(
      signDrift(failure("AssertionError: assert 'a' == 'b'\n  \n  - b", "assert  x == 'b'")),
    ).toMatchInlineSnapshot(`"d1:03af91b89fa7fe88a91e083a4d376ab1"`);
    expect(signDrift(failure("KeyError: 'bob'", undefined, 'KeyError'))).toMatchInlineSnapshot(
      `"d1:666af770ee69325d3d46efb0f5d27cb4"`,
    );
    expect(
      signDrift(failure('timeout after 1.5s at 127.0.0.1:5432', 'connect()', 'TimeoutError')),
    ).toMatchInlineSnapshot(`"d1:a633f6136fae020745f68c9049a6f556"`);
  });
});

describe('a statement', () => {
  it.each([
    ['assert  a==b', 'assert a==b'],
    ['assert a == b', 'assert a==b'],
    ['return not  x', 'return not x'],
    ["f( 'it''s' , \"a 'b'\" )", 'f("it""s","a \'b\'")'],
    ['x = [\n  1,\n  2,\n]', 'x=[1,2]'],
    ['assert (a, b)', 'assert(a,b)'],
    ['f(a) + \\\n  g(b)', 'f(a)+g(b)'],
  ])('%j is kept as %j', (source, normal) => {
    expect(normaliseStatement(source)).toBe(normal);
  });
});
