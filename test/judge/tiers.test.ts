import { describe, expect, it } from 'vitest';
import { chooseMatch, isKnown } from '../../src/judge/tiers.ts';
import type { MemoryCandidate } from '../../src/model.ts';

type Words = boolean | undefined;
function candidate(
  isSameTest: boolean,
  isSameFailure: boolean,
  hasSameWords: Words,
  id = 'm',
): MemoryCandidate {
  const memory = {
    id,
    rootCause: undefined,
    solution: 's',
    solutionType: undefined,
    autoFixCode: undefined,
    confidence: undefined,
    successCount: 0,
    failureCount: 0,
    lastApplied: undefined,
  };
  return { memory, isSameTest, isSameFailure, hasSameWords };
}

describe('a memory', () => {
  it.each<[string, boolean, boolean, Words, boolean, string]>([
    ['of the same test, line and words', true, true, true, false, 'exact'],
    ['of the same test and line, without words', true, true, undefined, false, 'exact'],
    ['of the same test and line with other values', true, true, false, false, 'similar'],
    ['of the same test and words on another line', true, false, true, false, 'moved'],
    ['of another test with the same words in a helper', false, false, true, true, 'cause'],
    ['of another test with the same words of its own', false, false, true, false, 'similar'],
    ['of another test, only alike', false, false, undefined, true, 'similar'],
    ['of the same test, only alike', true, false, false, true, 'similar'],
  ])('%s', (_, isSameTest, isSameFailure, words, isOutside, tier) => {
    const match = chooseMatch([candidate(isSameTest, isSameFailure, words)], isOutside);
    expect(match?.tier).toBe(tier);
    expect(isKnown(match)).toBe(tier !== 'similar');
  });

  it('of a surer tier is chosen, whatever comes first; of one tier the first', () => {
    const [other, moved] = [
      candidate(true, true, false, 'other values'),
      candidate(true, false, true, 'moved'),
    ];
    expect(chooseMatch([other, moved], false)?.memory.id).toBe('moved');
    expect(chooseMatch([other, candidate(false, false, false, 'alike')], false)?.memory.id).toBe(
      'other values',
    );
  });

  it('that nobody found is no match', () => {
    expect(chooseMatch([], true)).toBeUndefined();
    expect(isKnown(undefined)).toBe(false);
  });
});
