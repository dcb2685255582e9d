// Sums up which tests a run ran, so that runs which ran the same ones are known without their rows. Pure.
import type { Outcome } from '../../model.ts';

export interface TestsSignature {
  /** Adds one stored row, in any order. */
  add(testName: string, outcome: Outcome, attempts: number | undefined): void;
  /** 16 hex digits. */
  text(): string;
}

/**
 * Equal for two runs with the same rows but for tests that passed at once in one and failed in the other: those tell a failure apart
 * by their own rows, which are few. A sum over the rows of a hash of 64 bits each (two of FNV-1a with 32 bits, mixed at the end as
 * MurmurHash3 does), since runners in parallel report tests in any order. No secret: who can make two sets of tests equal can also
 * upload what he likes to his team.
 */
export function startTestsSignature(): TestsSignature {
  let [first, second] = [0, 0];
  return {
    add(testName, outcome, attempts) {
      const isPlain =
        outcome === 'failed' || outcome === 'error' || (outcome === 'passed' && attempts === undefined);
      const text = isPlain ? testName : `${testName}\u0000${outcome}\u0000${attempts ?? ''}`;
      let [a, b] = [0x811c9dc5, 0x9747b28c];
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        a = Math.imul(a ^ unit, 0x01000193);
        b = Math.imul(b ^ unit, 0x85ebca6b);
      }
      first = (first + mixed(a)) >>> 0;
      second = (second + mixed(b)) >>> 0;
    },
    text: () => first.toString(16).padStart(8, '0') + second.toString(16).padStart(8, '0'),
  };
}

/** The end of MurmurHash3 with 32 bits: each bit of the input reaches each one of the output. */
function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
