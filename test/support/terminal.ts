// A terminal that keeps what is printed.
import { createPaint, type Terminal } from '../../src/tell/terminal/terminal.ts';

export function captureTerminal(columns: number): { terminal: Terminal; printed(): string } {
  let all = '';
  const print = (text: string) => {
    all += `${text}\n`;
  };
  const terminal: Terminal = {
    out: print,
    err: print,
    write: async (text) => {
      all += text;
    },
    draw: () => {},
    paint: createPaint(false),
    columns,
    interactive: false,
  };
  return { terminal, printed: () => all };
}
