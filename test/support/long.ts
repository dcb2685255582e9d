// Tests of chance and of many rounds: `npm test` takes some of the rounds, `npm run test:long` all of them.

/** True in `npm run test:long`. */
export const long = process.env.LUKHAS_TESTS === 'long';

/** How many rounds to take. */
export function rounds(few: number, all: number): number {
  return long ? all : few;
}

/** `few` of a list, spread over it, or all of it. In steps that no list's own pattern has: many alternate. */
export function some<T>(list: readonly T[], few: number): T[] {
  if (long) return [...list];
  const step = list.length % 7 === 0 ? 5 : 7;
  return Array.from({ length: few }, (_, i) => list[(i * step) % list.length] as T);
}
