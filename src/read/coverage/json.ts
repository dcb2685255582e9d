// Walks one JSON document as a stream of text: visits object members one at a time, takes or skips values, never holds the
// whole document. Knows JSON's grammar, nothing of coverage.

/** What is wrong with the document; `at` counts UTF-16 units of the text from 0. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly kind: 'truncated' | 'invalid' | 'not-an-object' | 'too-large';
  readonly at: number;
  constructor(kind: JsonSyntaxError['kind'], message: string, at: number) {
    super(message);
    this.kind = kind;
    this.at = at;
  }
}

/** Limits for hostile documents. */
const maxDepth = 200;
const maxTakenLength = 64 * 1024 * 1024;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

// The role of each character outside strings. Letters are those of true, false and null, and of NaN and Infinity, which
// Python's json writes.
const plain = 0;
const illegal = 1;
const opens = 2;
const closes = 3;
const quotes = 4;
const roles = new Uint8Array(128).fill(illegal);
for (const char of ' \t\r\n,:0123456789+-.eEtrufalsnNIity') roles[char.charCodeAt(0)] = plain;
roles[openBrace] = opens;
roles[openBracket] = opens;
roles[closeBrace] = closes;
roles[closeBracket] = closes;
roles[quote] = quotes;

/** A cursor over the text. Walk, take or skip each value before you ask for the next member. */
export class JsonWalker {
  readonly #chunks: AsyncIterator<string>;
  #chunk = '';
  #at = 0;
  #passed = 0;

  constructor(chunks: AsyncIterable<string>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Position in the text, in UTF-16 units from 0. */
  get position(): number {
    return this.#passed + this.#at;
  }

  /** Whether the next value is an object. */
  async atObject(): Promise<boolean> {
    return (await this.#next()) === openBrace;
  }

  /**
   * The member names of the next object, in document order, with duplicates.
   *
   * @throws JsonSyntaxError
   */
  async *members(): AsyncGenerator<string> {
    if ((await this.#next()) !== openBrace) {
      throw new JsonSyntaxError('not-an-object', 'an object is missing', this.position);
    }
    this.#at++;
    if ((await this.#next()) === closeBrace) {
      this.#at++;
      return;
    }
    for (;;) {
      if ((await this.#next()) !== quote) throw this.#invalid('a member name is missing');
      const name = await this.take();
      if ((await this.#next()) !== colon) throw this.#invalid('a colon is missing');
      this.#at++;
      yield String(name);
      const after = await this.#next();
      this.#at++;
      if (after === closeBrace) return;
      if (after !== comma) {
        this.#at--;
        throw this.#invalid('a comma or a closing brace is missing');
      }
    }
  }

  /**
   * Reads the next value. NaN and Infinity, which Python writes, become null.
   *
   * @throws JsonSyntaxError `too-large` beyond 64 Mi characters
   */
  async take(): Promise<unknown> {
    await this.#next();
    const start = this.position;
    const text = await this.#text(true);
    try {
      return JSON.parse(text);
    } catch {
      try {
        return JSON.parse(text.replace(/-?\b(?:NaN|Infinity)\b/g, 'null'));
      } catch {
        throw new JsonSyntaxError('invalid', 'a value is not valid JSON', start);
      }
    }
  }

  /** Skips the next value; inside it checks only brackets, strings and characters. */
  async skip(): Promise<void> {
    await this.#next();
    await this.#text(false);
  }

  /** Checks that nothing follows. */
  async end(): Promise<void> {
    do {
      while (this.#at < this.#chunk.length) {
        if (!isSpace(this.#chunk.charCodeAt(this.#at))) throw this.#invalid('something follows the end');
        this.#at++;
      }
    } while (await this.#fill());
  }

  #invalid(message: string): JsonSyntaxError {
    return new JsonSyntaxError('invalid', message, this.position);
  }

  async #fill(): Promise<boolean> {
    this.#passed += this.#chunk.length;
    this.#at = 0;
    const { value, done } = await this.#chunks.next();
    this.#chunk = done === true ? '' : value;
    return done !== true;
  }

  async #fillOrThrow(): Promise<void> {
    if (!(await this.#fill()))
      throw new JsonSyntaxError('truncated', 'the document ends early', this.position);
  }

  /** Moves to the next character that is not white space and returns it. */
  async #next(): Promise<number> {
    for (;;) {
      while (this.#at < this.#chunk.length) {
        const code = this.#chunk.charCodeAt(this.#at);
        if (!isSpace(code)) return code;
        this.#at++;
      }
      await this.#fillOrThrow();
    }
  }

  /** Moves past the value under the cursor; returns its text if `keep`. */
  async #text(keep: boolean): Promise<string> {
    const sweep = new ValueSweep();
    const parts: string[] = [];
    let length = 0;
    for (;;) {
      const from = this.#at;
      this.#at = sweep.run(this.#chunk, from);
      if (sweep.fault !== undefined) throw this.#invalid(sweep.fault);
      if (keep) {
        length += this.#at - from;
        if (length > maxTakenLength)
          throw new JsonSyntaxError('too-large', 'a value is too large', this.position);
        parts.push(this.#chunk.slice(from, this.#at));
      }
      if (sweep.done) return parts.length === 1 ? (parts[0] ?? '') : parts.join('');
      await this.#fillOrThrow();
    }
  }
}

/** Finds the end of one value across chunks. The only loop that touches every character. */
class ValueSweep {
  done = false;
  fault: string | undefined;
  #inString = false;
  #escaped = false;
  /** Neither string, array nor object: it ends before the next delimiter. */
  #scalar: boolean | undefined;
  readonly #closers: number[] = [];

  /** Returns where it stopped: after the value, at a fault, or at the end of the chunk. */
  run(chunk: string, from: number): number {
    let at = from;
    const end = chunk.length;
    if (this.#scalar === undefined && at < end) {
      const role = roles[chunk.charCodeAt(at)];
      this.#scalar = role !== opens && role !== quotes;
    }
    if (this.#scalar === true) return this.#runScalar(chunk, at);
    while (at < end) {
      if (this.#inString) {
        at = this.#runString(chunk, at);
        if (this.#inString) return at;
        if (this.#closers.length === 0) return this.#finish(at);
        continue;
      }
      const code = chunk.charCodeAt(at);
      const role = code < 128 ? roles[code] : illegal;
      if (role === plain) {
        at++;
      } else if (role === quotes) {
        this.#inString = true;
        at++;
      } else if (role === opens) {
        if (this.#closers.length >= maxDepth) return this.#fail('values are nested too deeply', at);
        this.#closers.push(code + 2);
        at++;
      } else if (role === closes) {
        if (this.#closers.pop() !== code) return this.#fail('brackets do not match', at);
        at++;
        if (this.#closers.length === 0) return this.#finish(at);
      } else {
        return this.#fail('a character is out of place', at);
      }
    }
    return at;
  }

  #runString(chunk: string, from: number): number {
    let at = from;
    if (this.#escaped && at < chunk.length) {
      this.#escaped = false;
      at++;
    }
    while (at < chunk.length) {
      const code = chunk.charCodeAt(at);
      if (code === quote) {
        this.#inString = false;
        return at + 1;
      }
      if (code === backslash) {
        if (at + 1 >= chunk.length) {
          this.#escaped = true;
          return chunk.length;
        }
        at++;
      }
      at++;
    }
    return at;
  }

  #runScalar(chunk: string, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const code = chunk.charCodeAt(at);
      if (code === comma || code === closeBrace || code === closeBracket || isSpace(code)) {
        return this.#finish(at);
      }
      if (code >= 128 || roles[code] !== plain || code === colon) {
        return this.#fail('a character is out of place', at);
      }
      at++;
    }
    return at;
  }

  #finish(at: number): number {
    this.done = true;
    return at;
  }

  #fail(fault: string, at: number): number {
    this.fault = fault;
    return at;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
