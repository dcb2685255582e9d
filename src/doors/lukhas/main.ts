// Entry point of `lukhas`. Loads heavy modules only after handling --help and --version.
import { openTerminal, runDoor } from '../process.ts';
import { lukhas } from './program.ts';

const args = process.argv.slice(2);
const terminal = openTerminal(args);

await runDoor(terminal, () => lukhas(terminal).run(args));
