// How a memory's failure signature is stored.

/** `md5:` and small hex digits for an MD5 in either form; anything else is left as it is. */
export function normaliseSignature(signature: string): string {
  const digits = /^(?:md5:)?([0-9a-f]{32})$/i.exec(signature.trim())?.[1];
  return digits === undefined ? signature.trim() : `md5:${digits.toLowerCase()}`;
}
