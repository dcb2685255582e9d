// Asks a person at the terminal for what no option says.
import { createInterface } from 'node:readline';
import { InputError } from '../../errors.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';

export interface Question {
  /** Words before the answer. */
  readonly text: string;
  /** Why an answer is not taken; undefined where it is. Answers come without blanks around them. */
  refuse(answer: string): string | undefined;
}

/** Whether somebody can answer: questions are written to standard error. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks in order, each question until its answer is taken.
 *
 * @throws InputError `cancelled` where the person ends it: Ctrl-C or Ctrl-D
 */
export async function ask(
  questions: readonly Question[],
  terminal: Terminal,
  cancelled = 'cancelled; nothing was added',
): Promise<string[]> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Keeps what is typed or pasted ahead; ends with the input.
  const typed = lines[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const { text, refuse } of questions) {
      let problem: string | undefined;
      do {
        if (problem !== undefined) terminal.err(terminal.paint.yellow(problem));
        lines.setPrompt(`${text} `);
        lines.prompt();
        const line = await typed.next();
        if (line.done === true) {
          terminal.err('');
          throw new InputError({ code: 'cancelled', message: cancelled });
        }
        const answer = line.value.trim();
        problem = refuse(answer);
        if (problem === undefined) answers.push(answer);
      } while (problem !== undefined);
    }
    return answers;
  } finally {
    lines.close();
  }
}
