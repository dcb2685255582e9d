import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TurnMap } from '../../../src/read/report/turn-map.ts';

describe('a map that guesses the next key', () => {
  it('answers as any map does, in whatever order keys come and however often it is cleared', () => {
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'ab', 'clear'), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (keys) => {
        const guessing = new TurnMap<{ count: number }>();
        const plain = new Map<string, { count: number }>();
        for (const key of keys) {
          if (key === 'clear') {
            guessing.clear();
            plain.clear();
            continue;
          }
          // A part of another text, as keys are.
          const part = `<${key}>`.slice(1, -1);
          const known = guessing.get(part);
          expect(known).toEqual(plain.get(key));
          if (known === undefined) {
            guessing.add(part, { count: 1 });
            plain.set(key, { count: 1 });
          } else {
            known.count++;
            plain.set(key, { count: (plain.get(key)?.count ?? 0) + 1 });
          }
          expect(guessing.size).toBe(plain.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
