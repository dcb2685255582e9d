// The streaming walker against JSON.parse: the same values, however the text is written and wherever it is cut.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSyntaxError, JsonWalker } from '../../../src/read/coverage/json.ts';

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<string> {
  let at = 0;
  for (let index = 0; at < text.length; index++) {
    const size = sizes.length === 0 ? text.length : (sizes[index % sizes.length] ?? 1);
    yield text.slice(at, at + size);
    at += size;
  }
}

/** Takes the members whose index is even and skips the others. */
async function walk(text: string, sizes: readonly number[]): Promise<[string, unknown][]> {
  const json = new JsonWalker(cut(text, sizes));
  const taken: [string, unknown][] = [];
  let index = 0;
  for await (const name of json.members()) {
    if (index++ % 2 === 0) taken.push([name, await json.take()]);
    else await json.skip();
  }
  await json.end();
  expect(json.position).toBe(text.length);
  return taken;
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
const document = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue()), { maxLength: 6 });
const indent = fc.constantFrom(undefined, 1, '\t');

function write(
  members: readonly (readonly [string, unknown])[],
  indent: string | number | undefined,
): string {
  // By hand, since an object would reorder and merge its members.
  const written = members.map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value, null, indent)}`,
  );
  return ` {${written.join(' ,\r\n')}}\n`;
}

describe('the walker', () => {
  it('takes what JSON.parse reads and skips the rest', async () => {
    await fc.assert(
      fc.asyncProperty(document, indent, sizes, async (members, space, chunks) => {
        const expected = members
          .filter((_, index) => index % 2 === 0)
          .map(([name, value]) => [name, JSON.parse(JSON.stringify(value))]);
        expect(await walk(write(members, space), chunks)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('calls every beginning of a document truncated, never anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        document,
        sizes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (members, chunks, part) => {
          const text = write(members, undefined).trim();
          const beginning = text.slice(0, Math.floor(part * (text.length - 1)));
          const error: unknown = await walk(beginning, chunks).catch((thrown: unknown) => thrown);
          expect(error).toBeInstanceOf(JsonSyntaxError);
          expect((error as JsonSyntaxError).kind).toBe('truncated');
          expect((error as JsonSyntaxError).at).toBe(beginning.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ends with a value or a JsonSyntaxError on any text at all', async () => {
    const noise = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        '\\',
        ',',
        ':',
        '1',
        '-',
        'e',
        'null',
        'NaN',
        ' ',
        '\n',
        'é',
        '\u0000',
      ),
    );
    await fc.assert(
      fc.asyncProperty(noise, sizes, async (parts, chunks) => {
        const outcome: unknown = await walk(`{${parts.join('')}`, chunks).catch((thrown: unknown) => thrown);
        expect(Array.isArray(outcome) || outcome instanceof JsonSyntaxError).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses to hold a value beyond its bound', async () => {
    async function* endless(): AsyncGenerator<string> {
      yield '{"a": [';
      for (;;) yield '1,'.repeat(500_000);
    }
    const json = new JsonWalker(endless());
    for await (const name of json.members()) {
      expect(name).toBe('a');
      await expect(json.take()).rejects.toMatchObject({ kind: 'too-large' });
      break;
    }
  });
});
