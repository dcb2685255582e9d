// What a traceback shows, in lines that every surface shares. Pure; escaping is the surface's.
import type { CapturedOutput, ExceptionExcerpt, FailureExcerpt } from '../model.ts';
import { count, number } from './words.ts';

/** The exception's words as a diff: what pytest indents stands at the margin, where `+` and `-` mean something. */
export function errorLines({ error }: ExceptionExcerpt): string[] {
  return error.map((line, i) => (i > 0 && line.startsWith('  ') ? line.slice(2) : line));
}

/** `20 more lines, 300 more characters`; empty where all is shown. */
export function leftOut({ errorLeftOut: { lines, characters } }: ExceptionExcerpt): string {
  const parts = [
    ...(lines > 0 ? [`${number(lines)} more ${lines === 1 ? 'line' : 'lines'}`] : []),
    ...(characters > 0
      ? [`${number(characters)} more ${characters === 1 ? 'character' : 'characters'}`]
      : []),
  ];
  return parts.join(', ');
}

/** What stands beside the frames; empty where nothing was left out. */
export function otherFrames({ framesLeftOut, libraryFrames }: ExceptionExcerpt): string {
  return [
    ...(framesLeftOut > 0 ? [`${count(framesLeftOut, 'more frame')} between them`] : []),
    ...(libraryFrames > 0 ? [`${count(libraryFrames, 'frame')} of libraries`] : []),
  ].join(', ');
}

/** `3 older exceptions of the chain are not shown`; empty where all are. */
export function olderExceptions({ exceptionsLeftOut: n }: FailureExcerpt): string {
  return n === 0 ? '' : `${count(n, 'older exception')} of the chain ${n === 1 ? 'is' : 'are'} not shown`;
}

/** Whether the frames say more than the place that is told beside the failure. */
export function hasFrames({ frames, libraryFrames }: ExceptionExcerpt): boolean {
  return frames.length > 1 || libraryFrames > 0;
}

/** `The last 20 lines of system-out`, `system-err` */
export function capturedTitle({ stream, lines, isCut }: CapturedOutput): string {
  if (!isCut) return stream;
  return lines.length === 1 ? `The last line of ${stream}` : `The last ${lines.length} lines of ${stream}`;
}

/** What a test printed, as plain lines. */
export function plainCaptured(captured: readonly CapturedOutput[] = []): string[] {
  return captured.flatMap((output) => [
    `${capturedTitle(output)}:`,
    ...output.lines.map((line) => `  ${line}`.trimEnd()),
  ]);
}

/** All of it as plain lines, as a log shows it. */
export function plainExcerpt(excerpt: FailureExcerpt): string[] {
  const older = olderExceptions(excerpt);
  return [
    ...(older === '' ? [] : [older]),
    ...excerpt.exceptions.flatMap((exception, i) => {
      const more = leftOut(exception);
      const others = otherFrames(exception);
      return [
        ...(i === 0 ? [] : ['and then:']),
        ...exception.source,
        ...exception.error.map((line) => `E ${line}`.trimEnd()),
        ...(more === '' ? [] : [`… ${more}`]),
        ...exception.frames.map(
          ({ path, line, times, statement }) =>
            `${path}:${line}${times > 1 ? ` (${number(times)} times)` : ''}${statement === undefined ? '' : `  ${statement}`}`,
        ),
        ...(others === '' ? [] : [others]),
      ];
    }),
  ];
}
