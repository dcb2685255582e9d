// What a MATRIZ analysis comes to: one status and one score of all its stars.
import type { MatrizAnalysis, MatrizReview, MatrizStatus } from '../model.ts';

/** The gravest first: one star decides for all. */
const gravity: readonly MatrizStatus[] = ['BLOCKED', 'CHANGES_REQUESTED', 'APPROVED'];

/**
 * The status is the gravest of any star. The score is the file's own, else the mean of the stars' confidence times 100, to which a
 * blocked star adds 0; with two decimals, as its column has.
 */
export function reviewMatriz({ stars, givenScore }: MatrizAnalysis): MatrizReview {
  const sum = stars.reduce((total, star) => total + (star.status === 'BLOCKED' ? 0 : star.confidence), 0);
  const score = givenScore ?? (stars.length === 0 ? 0 : (sum / stars.length) * 100);
  return {
    status: gravity.find((status) => stars.some((star) => star.status === status)) ?? 'BLOCKED',
    score: Math.round(score * 100) / 100,
    stars: stars.toSorted((a, b) => gravity.indexOf(a.status) - gravity.indexOf(b.status)),
  };
}
