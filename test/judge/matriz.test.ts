// One status and one score of all stars: a red star is never outvoted.
import { describe, expect, it } from 'vitest';
import { reviewMatriz } from '../../src/judge/matriz.ts';
import type { MatrizAnalysis, MatrizStatus } from '../../src/model.ts';

const analysis = (
  stars: readonly (readonly [status: MatrizStatus, confidence: number])[],
  givenScore?: number,
): MatrizAnalysis => ({
  stars: stars.map(([status, confidence], i) => ({ name: `star${i}`, status, confidence, violations: [] })),
  givenScore,
  durationMs: undefined,
  activeComponents: undefined,
});

describe('the review of an analysis', () => {
  it.each([
    ['one approves', [['APPROVED', 0.9]], undefined, 'APPROVED', 90],
    [
      'all approve',
      [
        ['APPROVED', 1],
        ['APPROVED', 0.5],
      ],
      undefined,
      'APPROVED',
      75,
    ],
    [
      'one of three asks for changes',
      [
        ['APPROVED', 1],
        ['CHANGES_REQUESTED', 0.5],
        ['APPROVED', 1],
      ],
      undefined,
      'CHANGES_REQUESTED',
      83.33,
    ],
    [
      'one of three blocks',
      [
        ['CHANGES_REQUESTED', 0.5],
        ['BLOCKED', 0.01],
        ['APPROVED', 1],
      ],
      undefined,
      'BLOCKED',
      50,
    ],
    [
      "the document's example",
      [
        ['APPROVED', 0.96],
        ['BLOCKED', 0.99],
      ],
      undefined,
      'BLOCKED',
      48,
    ],
    [
      'all block',
      [
        ['BLOCKED', 1],
        ['BLOCKED', 1],
      ],
      undefined,
      'BLOCKED',
      0,
    ],
    ['a score is given', [['APPROVED', 0.2]], 99.999, 'APPROVED', 100],
    ['a score is given beside a block', [['BLOCKED', 1]], 97, 'BLOCKED', 97],
    ['there is no star', [], undefined, 'BLOCKED', 0],
  ] as const)('where %s', (_, stars, given, status, score) => {
    expect(reviewMatriz(analysis(stars, given))).toMatchObject({ status, score });
  });

  it('has the gravest stars first, those alike in the order of the file', () => {
    const { stars } = reviewMatriz(
      analysis([
        ['APPROVED', 1],
        ['BLOCKED', 1],
        ['CHANGES_REQUESTED', 1],
        ['BLOCKED', 0.5],
      ]),
    );
    expect(stars.map(({ name }) => name)).toEqual(['star1', 'star3', 'star2', 'star0']);
  });
});
