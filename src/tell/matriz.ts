// What every surface says of a MATRIZ analysis. Pure; data in it is escaped by the surface.
import type { MatrizReview, MatrizStar, MatrizViolation, RunContext } from '../model.ts';
import { count } from './words.ts';

/** An analysis as it is shown. */
export interface ShownMatriz {
  readonly review: MatrizReview;
  /** It came with a change that is not the team's own: a stranger's words. */
  readonly isForeign: boolean;
}

/** A stranger's change brings its own analysis, and may say in it what it likes. */
export function isForeign({ origin }: Pick<RunContext, 'origin'>): boolean {
  return origin === 'stranger';
}

/** A rule that a star names, or that it names none. */
export interface ToldViolation {
  readonly star: MatrizStar;
  readonly violation: MatrizViolation | undefined;
}

/** `BLOCKED by guardian: score 48 of 100, 2 stars`; of a stranger that it is their own. Names of stars are data. */
export function matrizVerdict({ review: { status, score, stars }, isForeign }: ShownMatriz): string {
  const deciding = stars.filter((star) => star.status === status).map(({ name }) => name);
  const names =
    deciding.length > 3
      ? `${deciding.slice(0, 2).join(', ')} and ${deciding.length - 2} more`
      : deciding.join(', ');
  const by = status === 'APPROVED' ? '' : ` by ${names}`;
  return `${status}${by}: score ${scoreOf(score)} of 100, ${count(stars.length, 'star')}${isForeign ? ", by a stranger's own file" : ''}`;
}

/** At most two decimals, and no more than are needed. */
export function scoreOf(score: number): string {
  return String(Number(score.toFixed(2)));
}

/** What the stars that do not approve say, blocked ones first; one without a rule stands for itself. */
export function toldViolations({ stars }: MatrizReview): ToldViolation[] {
  return stars
    .filter(({ status }) => status !== 'APPROVED')
    .flatMap((star): ToldViolation[] =>
      star.violations.length === 0
        ? [{ star, violation: undefined }]
        : star.violations.map((violation) => ({ star, violation })),
    );
}

/** Number of stars that block. */
export function blockedStars(review: MatrizReview | undefined): number {
  return review?.stars.filter(({ status }) => status === 'BLOCKED').length ?? 0;
}

/**
 * File and line of a location as people and tools write it: `auth.ts:78`, `src/auth.ts:78:5`, `src/auth.ts`. undefined where it
 * names no file.
 */
export function placeOfLocation(
  location: string | undefined,
): { file: string; line: number | undefined } | undefined {
  const [, file, line] = /^(.+?)(?::(\d{1,9}))?(?::\d{1,9})?$/s.exec(location?.trim() ?? '') ?? [];
  if (file === undefined) return undefined;
  return {
    file: file.replaceAll('\\', '/').replace(/^(?:\.\/)+/, ''),
    line: line === undefined ? undefined : Number(line),
  };
}
