// The step's log: all that the Action prints goes through here. Data is printed by `log`, our own commands by `say`.
import { InputError, ReportError, StoreError } from '../../errors.ts';
import type { Warning } from '../../model.ts';
import { logLines, workflowCommand } from '../../tell/github/workflow-log.ts';
import { createPaint } from '../../tell/terminal/terminal.ts';
import { describeError } from '../process.ts';
import { asInputs } from './inputs.ts';

// The run must be stored even when nobody reads the log any more.
process.stdout.on('error', () => {});

export function log(text: string): void {
  process.stdout.write(logLines(text));
}

export function say(command: string): void {
  process.stdout.write(command);
}

export function warn({ file, line, column, message, severity }: Warning): void {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  say(workflowCommand(severity ?? 'warning', place === '' ? message : `${place}: ${message}`));
}

export function sayError(error: unknown): void {
  const expected = error instanceof InputError || error instanceof ReportError || error instanceof StoreError;
  const words = describeError(error, createPaint(false), asInputs).replace(/^error: /, '');
  const title = expected ? 'lukhas-ingest' : 'lukhas-ingest: internal error';
  say(workflowCommand('error', words, { title }));
}
