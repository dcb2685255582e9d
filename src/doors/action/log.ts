// The step's log: all that the Action prints goes through here. Data is printed by `log`, our own commands by `say`.
import type { Warning } from '../../model.ts';
import { logLines, workflowCommand } from '../../tell/github/workflow-log.ts';

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
