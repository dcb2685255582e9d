// A map for keys that come again and again in one order, as the classnames of tests do: one class for a while, or some classes in
// turn where a plugin mixes them.

interface Entry<T> {
  readonly key: string;
  value: T;
  /** What came after it the last time. */
  next: Entry<T> | undefined;
}

/** Guesses the next key by what followed the latest one before: comparing takes a third of looking up. Values are not undefined. */
export class TurnMap<T> {
  readonly #entries = new Map<string, Entry<T>>();
  #latest: Pick<Entry<T>, 'next'> = { next: undefined };

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const guess = this.#latest.next;
    if (guess !== undefined && guess.key === key) {
      this.#latest = guess;
      return guess.value;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#latest.next = entry;
    this.#latest = entry;
    return entry.value;
  }

  /** Keeps a key that is not there yet; it should own its memory. */
  add(key: string, value: T): void {
    const entry = { key, value, next: undefined };
    this.#entries.set(key, entry);
    this.#latest.next = entry;
    this.#latest = entry;
  }

  clear(): void {
    this.#entries.clear();
    this.#latest = { next: undefined };
  }
}
