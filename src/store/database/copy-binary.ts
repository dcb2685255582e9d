// Rows in the binary format of COPY, which the server reads with less work than text. Pure. Values must be storable already (storable.ts).

/**
 * A text or a decimal number as text, a whole number of 32 bits, or an array of texts or of such numbers; undefined is NULL. As JSON it is what
 * json_to_recordset reads.
 */
export type CopyValue = string | number | readonly string[] | readonly number[] | IntPairs | undefined;

/** An `integer[]` value of two dimensions: pairs, of which all numbers are given one after the other. */
export class IntPairs {
  readonly numbers: readonly number[];
  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }
  toJSON(): (number | undefined)[][] {
    const { numbers } = this;
    return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]);
  }
}

const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Room for one large row is given back. */
const mostKept = 1 << 22;
const firstBytes = 1 << 16;
const oids = { int4: 23, text: 25 } as const;
const int32 = 4;
const int16 = 2;
const uuidBytes = 16;

/** Rows of columns of these types, the first of them `uuid`; `integer`, `integer[]`, `text[]` and `numeric(…)` are themselves, all others text. */
export class CopyRows {
  readonly #types: readonly string[];
  #bytes = head;
  /** Holds the file before. */
  #other = head;
  #end = head.length;

  constructor([, ...types]: readonly string[]) {
    this.#types = types.map((type) => type.replace(/\(.*\)/, ''));
  }

  /** In bytes. */
  get size(): number {
    return this.#end;
  }

  /** The file that COPY takes. It is good until the file after it is asked for. */
  file(): Buffer {
    this.#reserve(int16);
    this.#bytes.writeInt16BE(-1, this.#end);
    return this.#bytes.subarray(0, this.#end + int16);
  }

  /** Begins the next file. */
  clear(): void {
    // Not where the last one lies, which may be on its way still. One row may have been large.
    [this.#bytes, this.#other] = [this.#other.length > mostKept ? head : this.#other, this.#bytes];
    this.#end = head.length;
  }

  /** `id`: 32 hexadecimal digits, of which the last eight are the number. */
  add(id: { readonly prefix: Uint8Array; readonly number: number }, values: readonly CopyValue[]): void {
    this.#reserve(int16 + int32 + uuidBytes);
    this.#int16(1 + values.length);
    this.#int32(uuidBytes);
    this.#bytes.set(id.prefix, this.#end);
    this.#end += id.prefix.length;
    this.#int32(id.number);
    for (let place = 0; place < values.length; place++) this.#add(values[place], this.#types[place]);
  }

  #add(value: CopyValue, type: string | undefined): void {
    if (value === undefined) {
      this.#reserve(int32);
      this.#int32(-1);
    } else if (typeof value === 'string') {
      if (type === 'numeric') this.#numeric(value);
      else this.#text(value);
    } else if (typeof value === 'number') {
      this.#reserve(2 * int32);
      this.#int32(int32);
      this.#int32(value);
    } else if (type === 'text[]') this.#texts(value as readonly string[]);
    else if (value instanceof IntPairs) this.#integers(value.numbers, [value.numbers.length / 2, 2]);
    else this.#integers(value as readonly number[], [value.length]);
  }

  #text(value: string): void {
    // Most are short: room for the longest that it can be costs less than looking.
    this.#reserve(int32 + (value.length < 1000 ? 3 * value.length : Buffer.byteLength(value)));
    const written = this.#bytes.write(value, this.#end + int32);
    this.#int32(written);
    this.#end += written;
  }

  /** Not negative, with at most four digits behind the point: groups of four digits. */
  #numeric(value: string): void {
    const point = value.indexOf('.');
    const whole = point < 0 ? value : value.slice(0, point);
    const fraction = point < 0 ? '' : value.slice(point + 1);
    const groups = Math.ceil(whole.length / 4);
    this.#reserve(int32 + (5 + groups) * int16);
    this.#int32((5 + groups) * int16);
    this.#int16(groups + 1);
    this.#int16(groups - 1);
    this.#int16(0);
    this.#int16(fraction.length);
    for (let end = whole.length - 4 * (groups - 1); end <= whole.length; end += 4)
      this.#int16(Number(whole.slice(Math.max(0, end - 4), end)));
    this.#int16(Number(fraction) * 10 ** (4 - fraction.length));
  }

  #texts(values: readonly string[]): void {
    const start = this.#startArray(oids.text, [values.length]);
    for (const value of values) this.#text(value);
    this.#bytes.writeInt32BE(this.#end - start, start - int32);
  }

  #integers(values: readonly number[], dimensions: readonly number[]): void {
    const start = this.#startArray(oids.int4, dimensions);
    this.#reserve(2 * int32 * values.length);
    for (const value of values) {
      this.#int32(int32);
      this.#int32(value);
    }
    this.#bytes.writeInt32BE(this.#end - start, start - int32);
  }

  /** Gives the place where the array begins; its size is written before that. */
  #startArray(type: number, dimensions: readonly number[]): number {
    const isEmpty = dimensions.includes(0);
    this.#reserve((4 + 2 * dimensions.length) * int32);
    this.#end += int32;
    const start = this.#end;
    this.#int32(isEmpty ? 0 : dimensions.length);
    this.#int32(0);
    this.#int32(type);
    for (const size of isEmpty ? [] : dimensions) {
      this.#int32(size);
      this.#int32(1);
    }
    return start;
  }

  #int32(value: number): void {
    this.#end = this.#bytes.writeInt32BE(value, this.#end);
  }

  #int16(value: number): void {
    this.#end = this.#bytes.writeInt16BE(value, this.#end);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length, firstBytes));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
