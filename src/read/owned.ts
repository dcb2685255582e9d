// Text that outlives what it was cut from. V8 lets a piece of a text share the whole one's memory: a name that is kept
// keeps the chunk of the report alive that it stood in. Any room may use it.

/** A copy of its own. V8 copies short pieces by itself. */
export function owned(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}
