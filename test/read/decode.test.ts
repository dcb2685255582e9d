// Which encoding a report is in, and where its bytes are not valid: the same whatever the chunks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReportError } from '../../src/errors.ts';
import { decodeText } from '../../src/read/decode.ts';
import { chunksOf } from './support/reports.ts';

async function* listed(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function decode(chunks: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const part of decodeText(chunks, 'results.xml')) text += part;
  return text;
}

const decodeAll = (bytes: Buffer, size = 1 << 16) => decode(chunksOf(bytes, size));

/** The text, or the error's code and place. */
async function outcomeOf(chunks: AsyncIterable<Buffer>): Promise<unknown> {
  try {
    return await decode(chunks);
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    return [error.code, error.place?.byte, error.message];
  }
}

const report = '<?xml version="1.0"?><testsuites><testsuite name="ä€😀"/></testsuites>';
const bytesOf = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
/** Longer than what is looked at to tell the encoding. */
const padding = ' '.repeat(1000);

describe('the encoding of a report', () => {
  it.each([
    ['UTF-8', Buffer.from(report)],
    ['UTF-8 with a byte order mark', bytesOf([0xef, 0xbb, 0xbf], report)],
    ['UTF-16 little-endian with a mark', bytesOf([0xff, 0xfe], [...Buffer.from(report, 'utf16le')])],
    ['UTF-16 big-endian with a mark', bytesOf([0xfe, 0xff], [...bigEndian(report)])],
    ['UTF-16 little-endian without a mark', Buffer.from(report, 'utf16le')],
    ['UTF-16 big-endian without a mark', bigEndian(report)],
  ])('is recognised: %s', async (_, bytes) => {
    for (const size of [1, 2, 3, 255, 256, 257, 5000]) expect(await decodeAll(bytes, size)).toBe(report);
  });

  it.each([
    ['ISO-8859-1', 'é'],
    ['windows-1252', 'é€“'],
    ['iso-8859-15', 'é€'],
  ])('is what the declaration names: %s', async (encoding, letters) => {
    const head = `<?xml version="1.0" encoding="${encoding}"?><testsuites name="`;
    const codes: Record<string, number[]> = {
      é: [0xe9],
      '€': [encoding === 'iso-8859-15' ? 0xa4 : 0x80],
      '“': [0x93],
    };
    const bytes = bytesOf(head, ...[...letters].map((letter) => codes[letter] ?? []), padding);
    expect(await decodeAll(bytes)).toBe(head + letters + padding);
    expect(await decodeAll(bytes, 7)).toBe(head + letters + padding);
  });

  it.each(['UTF-8', 'utf8', 'us-ascii', "UTF-8' standalone='yes"])(
    'is UTF-8 where %s is declared',
    async (name) => {
      const text = `<?xml version='1.0' encoding='${name}'?><a>é</a>`;
      expect(await decodeAll(Buffer.from(text))).toBe(text);
    },
  );

  it('is UTF-8 where a declaration of UTF-16 stands in bytes, as .NET writes it', async () => {
    const text = '<?xml version="1.0" encoding="utf-16"?><testsuites name="é"/>';
    expect(await decodeAll(Buffer.from(text))).toBe(text);
  });

  it('is refused by its name when nobody knows it', async () => {
    const bytes = Buffer.from('<?xml version="1.0" encoding="x-klingon"?><testsuites/>');
    await expect(decodeAll(bytes)).rejects.toMatchObject({
      code: 'unknown-encoding',
      message: expect.stringContaining('x-klingon'),
      place: { file: 'results.xml' },
    });
  });

  it('is not looked for in the text behind the declaration', async () => {
    const text = '<?xml version="1.0"?><a b=" encoding=&quot;x&quot;" encoding="x-klingon"/>';
    expect(await decodeAll(Buffer.from(text))).toBe(text);
  });

  it('of an empty file does not matter', async () => expect(await decodeAll(Buffer.alloc(0))).toBe(''));
});

describe('bytes that are not valid', () => {
  const declared = (name: string) => `<?xml version="1.0" encoding="${name}"?>`;
  it.each([
    ['a lone continuation byte', bytesOf('abc', [0x80], 'def'), 3],
    ['a byte that UTF-8 never has', bytesOf(padding, [0xff], 'def'), 1000],
    ['an overlong slash', bytesOf(padding, 'ab', [0xc0, 0xaf], 'def'), 1002],
    ['a surrogate', bytesOf('ab', [0xed, 0xa0, 0x80], padding), 2],
    ['a character cut short by another one', bytesOf('ä', [0xe2, 0x82], 'a', padding), 2],
    ['a code point beyond Unicode', bytesOf('é'.repeat(600), [0xf4, 0x90, 0x80, 0x80], padding), 1200],
    ['Latin-1 in UTF-8', bytesOf(report, [0xe9], padding), Buffer.byteLength(report)],
    ['behind a byte order mark', bytesOf([0xef, 0xbb, 0xbf], 'ab', [0xff], padding), 5],
    [
      'half a surrogate pair in UTF-16',
      bytesOf([0xff, 0xfe], [...Buffer.from(`<a\udc00${padding}`, 'utf16le')]),
      6,
    ],
    [
      'an unfinished pair in UTF-16',
      bytesOf([0xfe, 0xff], [...bigEndian(`${padding}\ud83d<${padding}`)]),
      2002,
    ],
    ['a byte that Shift-JIS lacks', bytesOf(declared('shift_jis'), padding, [0xfd], padding), 42 + 1000],
    [
      'a byte that windows-1253 lacks',
      bytesOf(declared('windows-1253'), padding, [0xd2], padding),
      45 + 1000,
    ],
  ])('are found where they are, whatever the chunks: %s', async (_, bytes, offset) => {
    for (const size of [1, 2, 3, 64, 1001, 5000]) {
      await expect(decodeAll(bytes, size), `chunks of ${size}`).rejects.toMatchObject({
        code: 'invalid-bytes',
        place: { file: 'results.xml', byte: offset },
      });
    }
  });

  it('at the very end, where a character was cut off, leave a mark for the reader of the text', async () => {
    for (const cut of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98]]) {
      for (const size of [1, 2, 1000]) expect(await decodeAll(bytesOf('abc', cut), size)).toBe('abc\ufffd');
    }
    expect(await decodeAll(bytesOf([0xff, 0xfe], [0x61, 0, 0x62]))).toBe('a\ufffd');
    expect(await decodeAll(bytesOf([0xff, 0xfe], [0x61, 0, 0x3d, 0xd8]))).toBe('a\ufffd');
    expect(await decodeAll(bytesOf(declared('shift_jis'), [0x81]))).toBe(`${declared('shift_jis')}\ufffd`);
  });
});

describe('chunks', () => {
  const text = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', '<', 'é', '€', '😀', '\n', 'padding '.repeat(40)) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    ),
    { maxLength: 40 },
  );
  const encoded = fc.oneof(
    text.map((parts) => Buffer.from(parts.join(''))),
    text.map((parts) => bytesOf([0xff, 0xfe], [...Buffer.from(parts.join(''), 'utf16le')])),
    text.map((parts) => bytesOf([0xfe, 0xff], [...bigEndian(parts.join(''))])),
    text.map((parts) =>
      bytesOf('<?xml version="1.0" encoding="shift_jis"?>', [...Buffer.from(parts.join(''), 'latin1')]),
    ),
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  );

  it('never matter: neither for the text nor for what is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(encoded, fc.array(fc.nat(2000), { maxLength: 8 }), async (bytes, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(await outcomeOf(listed(chunks))).toEqual(await outcomeOf(listed([bytes])));
      }),
      { numRuns: 500 },
    );
  });
});
