// A progress line on a terminal, drawn once the work takes longer than a second. Draws nothing elsewhere.
import type { Terminal } from './terminal.ts';

export interface Progress {
  /** `fraction` is 0 to 1, undefined where it is not known. */
  update(what: string, fraction?: number): void;
  /** Removes the line before other output; the next update draws it again. */
  clear(): void;
  /** Removes the line for good. */
  done(): void;
}

const firstAfterMs = 1000;
const everyMs = 100;

/** @param clock monotonic milliseconds, e.g. performance.now */
export function startProgress(
  terminal: Pick<Terminal, 'interactive' | 'draw' | 'paint' | 'columns'>,
  clock: () => number,
): Progress {
  const started = clock();
  let last = started + firstAfterMs - everyMs;
  let drawn = false;
  let finished = !terminal.interactive;
  const clear = () => {
    if (drawn && !finished) terminal.draw('\r\u001b[2K');
    drawn = false;
  };
  return {
    update(what, fraction) {
      if (finished) return;
      const now = clock();
      if (now - last < everyMs) return;
      last = now;
      drawn = true;
      const percent =
        fraction === undefined ? '' : `${String(Math.min(99, Math.floor(fraction * 100))).padStart(3)} % `;
      const width = 24;
      const filled = fraction === undefined ? 0 : Math.min(width, Math.floor(fraction * width));
      const bar =
        fraction === undefined
          ? ''
          : `${'━'.repeat(filled)}${terminal.paint.dim('─'.repeat(width - filled))} `;
      terminal.draw(`\r\u001b[2K${bar}${percent}${what.slice(0, terminal.columns - 36)}`);
    },
    clear,
    done() {
      clear();
      finished = true;
    },
  };
}
