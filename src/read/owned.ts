// Copies text that is kept for long. In V8 a substring shares its source's memory: a kept name would keep the whole
// chunk of the report alive. Any room may use it.

const room = Buffer.allocUnsafe(1024);

/** A copy with its own memory. V8 copies short substrings itself. */
export function owned(text: string): string {
  if (text.length < 13) return text;
  if (text.length <= room.length) {
    // Several times faster; right where no character is beyond Latin-1, as in almost all names.
    const copy = room.toString('latin1', 0, room.write(text, 0, 'latin1'));
    if (copy === text) return copy;
  }
  return Buffer.from(text).toString();
}
