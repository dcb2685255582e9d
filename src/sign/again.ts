// Versions of the two signatures that memories are found by, and how a memory is signed again by a newer one. Pure.
import { hash } from 'node:crypto';

/** One version of a signature. Signatures of different versions are never equal. */
export interface SignatureRule {
  readonly version: string;
  /**
   * Takes out of a failure's words what differs between its runs. A newer version is also given words that an older one has
   * normalised, and must then return what it makes of the original.
   */
  normalise(words: string): string;
}

/** Version and 32 hex digits of SHA-256 over the error type and the other parts. */
export function seal(version: string, errorType: string | undefined, parts: readonly string[]): string {
  const text = [version, errorType ?? 'Unknown', ...parts].join('\n');
  let sealed = latest.get(text);
  if (sealed === undefined) {
    sealed = `${version}:${hash('sha256', text.slice(version.length + 1)).slice(0, 32)}`;
    if (latest.size >= mostLatest) latest.clear();
    if (text.length <= longestLatest) latest.set(text, sealed);
  }
  return sealed;
}

/** What was sealed lately: one fault makes many failures that are sealed alike. */
const latest = new Map<string, string>();
const mostLatest = 100;
/** In characters. */
const longestLatest = 10_000;

/** What a memory keeps. `metadata` holds `error_type`, `drift_words`, `drift_statement`, `words`, `statement` and `place`. */
export interface KeptSignatures {
  readonly driftSignature: string | undefined;
  readonly wordsSignature: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface SignedAgain extends KeptSignatures {
  readonly metadata: Readonly<Record<string, string>>;
  /** A signature is of an older version, and what it was made of is not kept. */
  readonly isOld: boolean;
}

/**
 * Signs a memory by the given rules. Only the texts that an older signature was made of are signed again: they prove it by giving that
 * signature. `metadata` has what changes in it.
 */
export function signAgain(
  { driftSignature, wordsSignature, metadata }: KeptSignatures,
  rules: { readonly drift: SignatureRule; readonly words: SignatureRule },
): SignedAgain {
  const kept = (name: string): string | undefined => {
    const value = metadata[name];
    return typeof value === 'string' ? value : undefined;
  };
  const errorType = kept('error_type');
  const renew = (
    signature: string | undefined,
    rule: SignatureRule,
    words: string | undefined,
    rest: readonly string[],
  ): { signature: string | undefined; words?: string; isOld: boolean } => {
    const version = signature?.split(':')[0];
    if (version === undefined || version === rule.version) return { signature, isOld: false };
    if (words === undefined || seal(version, errorType, [words, ...rest]) !== signature)
      return { signature, isOld: true };
    const normalised = rule.normalise(words);
    return {
      signature: seal(rule.version, errorType, [normalised, ...rest]),
      words: normalised,
      isOld: false,
    };
  };
  const place = kept('place');
  const drift = renew(driftSignature, rules.drift, kept('drift_words'), [kept('drift_statement') ?? '']);
  const words = renew(wordsSignature, rules.words, kept('words') ?? '', [
    kept('statement') ?? '',
    ...(place === undefined ? [] : [place]),
  ]);
  return {
    driftSignature: drift.signature,
    wordsSignature: words.signature,
    metadata: {
      ...(drift.words === undefined ? {} : { drift_words: drift.words }),
      ...(words.words === undefined ? {} : { words: words.words }),
    },
    isOld: drift.isOld || words.isOld,
  };
}
