// Copies text that is kept for long. In V8 a substring shares its source's memory: a kept name would keep the whole
// chunk of the report alive. Any room may use it.

/** A copy with its own memory. V8 copies short substrings itself. */
export function owned(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}
