// Entry point of `lukhas-upload`. Loads heavy modules only after handling --help and --version.
import { createProgram } from '../arguments.ts';
import { openTerminal, runDoor } from '../process.ts';
import { uploadCommand } from './command.ts';

const args = process.argv.slice(2);
const terminal = openTerminal(args);

await runDoor(terminal, () =>
  createProgram('lukhas-upload', terminal).declare(uploadCommand(), terminal).run(args),
);
