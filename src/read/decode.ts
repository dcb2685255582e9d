// Decodes bytes to text: finds a file's encoding and its first invalid byte. Of XML it knows only the declaration's
// `encoding`.
import { isAscii, isUtf8 } from 'node:buffer';
import { ReportError } from '../errors.ts';
import { shellPath } from '../shell.ts';

/**
 * Decodes a byte stream chunk by chunk. The byte order mark names the encoding, else the XML declaration, else it is
 * UTF-8 (XML 1.0, appendix F). The mark itself is dropped.
 *
 * @param file named in errors
 * @throws ReportError `invalid-bytes` with the offset of the first byte that is not valid; `unknown-encoding`
 */
export async function* decodeText(bytes: AsyncIterable<Buffer>, file: string): AsyncGenerator<string> {
  let head: Buffer = Buffer.alloc(0);
  let decoder: Decoder | undefined;
  for await (const chunk of bytes) {
    if (decoder === undefined) {
      // Copied where it has to wait: chunks may be read into the same memory.
      head = head.length === 0 && chunk.length >= sniffLength ? chunk : Buffer.concat([head, chunk]);
      if (head.length < sniffLength) continue;
      decoder = openDecoder(head, file);
      yield decoder.decode(head);
      continue;
    }
    yield decoder.decode(chunk);
  }
  if (decoder === undefined) {
    if (head.length === 0) return;
    decoder = openDecoder(head, file);
    yield decoder.decode(head);
  }
  yield decoder.end();
}

/** What a report is called that has no file. */
export const standardInput = 'standard input';

/** Enough for a byte order mark and any sensible XML declaration. */
const sniffLength = 256;

interface Decoder {
  decode(chunk: Buffer): string;
  /** Returns U+FFFD if the last character was cut off, so that the text's reader sees the cut. */
  end(): string;
}

interface Archive {
  readonly start: string;
  readonly what: string;
  readonly command: string;
  /** Without it in a name the command does not take the file. */
  readonly ending?: string;
}

/** What reports are packed in, by the first bytes. GitHub gives artifacts as zip archives. */
const archives: readonly Archive[] = [
  { start: '\x1f\x8b', what: 'a file compressed by gzip', command: 'gunzip -k', ending: '.gz' },
  { start: 'PK\x03\x04', what: 'a zip archive', command: 'unzip' },
  { start: 'BZh', what: 'a file compressed by bzip2', command: 'bunzip2 -k', ending: '.bz2' },
  { start: '\xfd7zXZ', what: 'a file compressed by xz', command: 'unxz -k', ending: '.xz' },
  { start: '\x28\xb5\x2f\xfd', what: 'a file compressed by zstd', command: 'unzstd', ending: '.zst' },
  { start: '7z\xbc\xaf\x27\x1c', what: 'a 7z archive', command: '7z x' },
];

function openDecoder(head: Buffer, file: string): Decoder {
  const archive = archives.find(({ start }) => head.subarray(0, start.length).toString('latin1') === start);
  if (archive !== undefined) throw compressed(archive, file);
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return utf8Decoder(file, 3);
  if (head[0] === 0xff && head[1] === 0xfe) return utf16Decoder('UTF-16LE', file, 2);
  if (head[0] === 0xfe && head[1] === 0xff) return utf16Decoder('UTF-16BE', file, 2);
  // UTF-16 without a mark: `<?` or `<t` with every other byte zero.
  if (head[0] === 0x3c && head[1] === 0) return utf16Decoder('UTF-16LE', file, 0);
  if (head[0] === 0 && head[1] === 0x3c) return utf16Decoder('UTF-16BE', file, 0);
  const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(
    head.toString('latin1'),
  )?.[1];
  // A declaration of UTF-16 that is readable byte by byte is wrong: .NET writes it into UTF-8 files.
  if (declared === undefined || /^(utf-?8|us-ascii|ascii|utf-?16(le|be)?)$/i.test(declared))
    return utf8Decoder(file, 0);
  return labelledDecoder(declared, file);
}

function compressed({ what, command, ending }: Archive, file: string): ReportError {
  return new ReportError({
    code: 'compressed',
    message: `${what}, not a report`,
    fix: (name) => {
      const input = name('standardInput');
      const [program] = command.split(' ');
      if (file === standardInput)
        return ending === undefined
          ? 'Unpack it, and name the file.'
          : `Unpack it on its way: … | ${program} -c | lukhas-upload ${input}`;
      const word = shellPath(file);
      if (ending === undefined) return `Unpack it first: ${command} ${word}`;
      if (!file.endsWith(ending)) {
        const renamed = shellPath(file + ending);
        return `Unpack it first: mv ${word} ${renamed} && ${command} ${renamed}`;
      }
      const piped = input === undefined ? '' : `, or ${program} -c ${word} | lukhas-upload ${input}`;
      return `Unpack it first: ${command} ${word}${piped}`;
    },
    place: { file },
  });
}

const nothing = Buffer.alloc(0);

/** Uses Node's own UTF-8 validator and decoder: several times faster than a streaming TextDecoder. */
function utf8Decoder(file: string, skip: number): Decoder {
  let carry: Buffer = nothing;
  let offset = 0;
  let toSkip = skip;
  return {
    decode(chunk) {
      let bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
      if (toSkip > 0) {
        bytes = bytes.subarray(toSkip);
        offset += toSkip;
        toSkip = 0;
      }
      // Several times faster, and most reports are nothing else.
      if (isAscii(bytes)) {
        carry = nothing;
        offset += bytes.length;
        return bytes.toString('latin1');
      }
      const whole = bytes.length - unfinishedTail(bytes);
      carry = Buffer.from(bytes.subarray(whole));
      const ready = bytes.subarray(0, whole);
      if (!isUtf8(ready)) throw invalidBytes(file, offset + firstInvalid(ready), 'UTF-8');
      offset += whole;
      return ready.toString('utf8');
    },
    end: () => (carry.length > 0 ? '\ufffd' : ''),
  };
}

/** The number of bytes at the end that begin an unfinished character. */
function unfinishedTail(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? back : 0;
    }
  }
  return 0;
}

/** Finds the first byte that is not part of valid UTF-8, by binary search. */
function firstInvalid(bytes: Buffer): number {
  let from = 0;
  let to = bytes.length;
  while (to - from > 8) {
    let middle = (from + to) >> 1;
    while (middle > from && ((bytes[middle] ?? 0) & 0xc0) === 0x80) middle--;
    if (middle === from) break;
    if (isUtf8(bytes.subarray(from, middle))) from = middle;
    else to = middle;
  }
  for (let at = from; at < to; ) {
    let size = 1;
    while (size < 4 && at + size < bytes.length && !isUtf8(bytes.subarray(at, at + size))) size++;
    if (!isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return from;
}

function utf16Decoder(encoding: 'UTF-16LE' | 'UTF-16BE', file: string, skip: number): Decoder {
  let carry: Buffer = Buffer.alloc(0);
  let offset = 0;
  let toSkip = skip;
  return {
    decode(chunk) {
      let bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
      if (toSkip > 0) {
        bytes = bytes.subarray(toSkip);
        offset += toSkip;
        toSkip = 0;
      }
      let whole = bytes.length & ~1;
      // The first half of a surrogate pair waits for the second.
      const last = bytes[encoding === 'UTF-16LE' ? whole - 1 : whole - 2] ?? 0;
      if (last >= 0xd8 && last <= 0xdb) whole -= 2;
      carry = Buffer.from(bytes.subarray(whole));
      const ready = bytes.subarray(0, whole);
      const text = (encoding === 'UTF-16LE' ? ready : Buffer.from(ready).swap16()).toString('utf16le');
      const alone = text.search(/\p{Surrogate}/u);
      if (alone >= 0) throw invalidBytes(file, offset + 2 * alone, encoding);
      offset += whole;
      return text;
    },
    end: () => (carry.length > 0 ? '\ufffd' : ''),
  };
}

/** Any other encoding, by its WHATWG label. */
function labelledDecoder(label: string, file: string): Decoder {
  let decoder: InstanceType<typeof TextDecoder>;
  /** Stays one chunk behind, to find the exact byte that `decoder` refuses. */
  let behind: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(label, { fatal: true });
    behind = new TextDecoder(label, { fatal: true });
  } catch {
    throw new ReportError({
      code: 'unknown-encoding',
      message: `the XML declaration names an encoding that is not known: ${label}`,
      fix: 'Save the report as UTF-8; pytest itself always writes UTF-8.',
      place: { file },
    });
  }
  let offset = 0;
  const firstRefused = (chunk: Buffer): number => {
    for (let at = 0; at < chunk.length; at++) {
      try {
        behind.decode(chunk.subarray(at, at + 1), { stream: true });
      } catch {
        return at;
      }
    }
    return 0;
  };
  return {
    decode(chunk) {
      let text: string;
      try {
        text = decoder.decode(chunk, { stream: true });
      } catch {
        throw invalidBytes(file, offset + firstRefused(chunk), decoder.encoding);
      }
      behind.decode(chunk, { stream: true });
      offset += chunk.length;
      return text;
    },
    end: () => {
      try {
        return decoder.decode();
      } catch {
        return '\ufffd';
      }
    },
  };
}

function invalidBytes(file: string, byte: number, encoding: string): ReportError {
  return new ReportError({
    code: 'invalid-bytes',
    message: `bytes that are not valid ${encoding}`,
    fix: 'pytest writes UTF-8; something rewrote or damaged the file. Re-encode it as UTF-8, or name its encoding in the XML declaration.',
    place: { file, byte },
  });
}
