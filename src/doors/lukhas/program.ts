// The commands of `lukhas`, by group. A command's words are an entry in words/<group>.ts; its action is loaded when it runs.
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { type CommandDeclaration, type CommandLine, createProgram, type Declarations } from '../arguments.ts';
import { uploadCommand } from '../upload/command.ts';
import { askCommands } from './words/ask.ts';
import { briefCommands } from './words/brief.ts';
import { dbCommands } from './words/db.ts';
import { doctorCommands } from './words/doctor.ts';
import { generalCommands } from './words/general.ts';
import { healixCommands } from './words/healix.ts';
import { pageCommands } from './words/page.ts';
import { teamCommands } from './words/team.ts';
import { userCommands } from './words/user.ts';

// biome-ignore lint/suspicious/noExplicitAny: each command has options of its own
type Commands = Readonly<Record<string, CommandDeclaration<any & Declarations>>>;

const groups: readonly [name: string, heading: string, summary: string, commands: () => Commands][] = [
  ['db', 'Database', 'the database: schema, months, credentials', dbCommands],
  ['team', 'Teams', 'the teams of a database', teamCommands],
  ['user', 'People', 'the people of a team', userCommands],
  [
    'healix',
    'What is known about failures',
    'what is known about failures, and what fixes them',
    healixCommands,
  ],
];

const examples = [
  'lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas',
  'lukhas upload results.xml',
  'lukhas run last',
  'lukhas healix list --stale',
];
const closing =
  '`lukhas help <command>` tells more. Exit codes: 0 done; 1 a bug of ours; 2 usage; 3 the database refused or was lost; 4 of doctor: something to mend; of upload: see its help.';

/** The program with all its commands; nothing runs yet. */
export function lukhas(terminal: Terminal): CommandLine {
  const program = createProgram('lukhas', terminal)
    .usage('<command> [options]')
    .description('Stores pytest runs in your own PostgreSQL, and keeps what belongs to them.')
    .addVersion()
    .endHelp(examples, closing, terminal);
  const add = (parent: CommandLine, heading: string, commands: Commands) => {
    for (const [name, declaration] of Object.entries(commands)) {
      for (const word of [name, ...(declaration.aliases ?? [])]) {
        const hidden = name.startsWith('_') || word !== name;
        const child = parent.command(word, { hidden }).helpGroup(`${heading}:`) as CommandLine;
        child.isAlias = word !== name;
        child.declare(declaration, terminal);
      }
    }
  };
  add(program, 'Reports', { upload: uploadCommand() });
  add(program, 'Ask', { ...askCommands(), ...briefCommands(), ...pageCommands() });
  for (const [name, heading, summary, commands] of groups) {
    const group = program.command(name).usage('<command> [options]').helpGroup(`${heading}:`);
    group.description(`Commands for ${summary}.`);
    add(group as CommandLine, heading, commands());
  }
  add(program, 'Health', doctorCommands());
  add(program, 'This program', generalCommands());
  return program;
}
