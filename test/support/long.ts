// Tests of chance and of many rounds: `npm test` takes some of the rounds, `npm run test:long` all of them.

/** True in `npm run test:long`. */
export const long = process.env.LUKHAS_TESTS === 'long';

/** How many rounds to take. */
export function rounds(few: number, all: number): number {
  return long ? all : few;
}

/** Some of a list, spread over it, or all of it. `few` is less than the length, which 7 does not divide. */
export function some<T>(list: readonly T[], few: number): T[] {
  if (long) return [...list];
  return Array.from({ length: few }, (_, i) => list[(i * 7) % list.length] as T);
}
