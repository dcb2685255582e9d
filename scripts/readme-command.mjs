// Prints the n-th command of the README's first shell block: what a new machine is told to run is what CI runs.
//   node scripts/readme-command.mjs 1
import { readFileSync } from 'node:fs';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const block = /```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const commands = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const command = commands[Number(process.argv[2]) - 1];
if (command === undefined) throw new Error(`the README has no command number ${process.argv[2]}`);
console.log(command);
