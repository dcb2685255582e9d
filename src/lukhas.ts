// Door 3: `lukhas <command>`. Words in, exit code out; what is heavy is loaded only after --help and --version were answered.
import { homedir } from 'node:os';
import { flag, type ParsedArguments, parseCommandLine, text, usage } from './arguments.ts';
import { type ExitCode, exitCodes, openTerminal, runDoor } from './door.ts';
import { nearest } from './nearest.ts';
import { defaultDataDir } from './store/data-dir.ts';
import { version } from './version.generated.ts';

const everywhere = `Options
  --database-url <url>   or DATABASE_URL; absent: the embedded database
  --data-dir <dir>       or LUKHAS_DATA_DIR; where the embedded database lives
  --ssl-ca <file | PEM>  or LUKHAS_SSL_CA; the certificate authority of the database server
  --json                 one JSON object on standard output
  --no-color  --help
`;

const options = {
  'database-url': { type: 'string' },
  'data-dir': { type: 'string' },
  'ssl-ca': { type: 'string' },
  team: { type: 'string' },
  role: { type: 'string' },
  name: { type: 'string' },
  'new-password': { type: 'boolean' },
  'months-ahead': { type: 'string' },
  json: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Option = keyof typeof options;

interface Command {
  readonly usage: string;
  readonly what: string;
  /** Beyond those of every command. */
  readonly takes: readonly Option[];
  /** How many words follow the command. */
  readonly words: number;
  readonly more: string;
}

const commands: Readonly<Record<string, Command>> = {
  'db setup': {
    usage: 'lukhas db setup --team <slug> [--role <login>]',
    what: 'from an empty database to a credential for CI: schema, months, team, login',
    takes: ['team', 'role'],
    words: 0,
    more: `Takes an administrator's connection: a superuser, or the database's owner with CREATEROLE. Prints the connection
string of the new login once, and a workflow to paste. Run again it changes nothing that is there.

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db setup --team payments --json | jq -r .database_url | gh secret set DATABASE_URL
`,
  },
  'db migrate': {
    usage: 'lukhas db migrate',
    what: 'bring the schema up to date',
    takes: [],
    words: 0,
    more: `Takes an administrator's connection. Forward only, one transaction a migration, safe to run from many jobs at once.

Examples
  DATABASE_URL=postgres://postgres:secret@db.example.com/lukhas lukhas db migrate
`,
  },
  'db status': {
    usage: 'lukhas db status',
    what: 'show schema version, login, team and months',
    takes: ['team'],
    words: 0,
    more: `Examples
  lukhas db status
  lukhas db status --json | jq .schema_version
`,
  },
  'db partitions': {
    usage: 'lukhas db partitions [--months-ahead N]',
    what: 'make the months ahead (default 2)',
    takes: ['months-ahead'],
    words: 0,
    more: `Uploads make the month they need themselves; this makes more of them, for instance from a monthly job.

Examples
  lukhas db partitions --months-ahead 12
`,
  },
  'db grant': {
    usage: 'lukhas db grant --team <slug> --role <login> [--new-password]',
    what: 'make a login that may upload for one team, and print its connection string once',
    takes: ['team', 'role', 'new-password'],
    words: 0,
    more: `A login works for one team and can neither read nor write another's rows, whatever it sets. A login that exists keeps its
password unless --new-password is given.

Examples
  lukhas db grant --team payments --role payments_ci
  lukhas db grant --team payments --role payments_ci --new-password --json | jq -r .database_url
`,
  },
  'team add': {
    usage: 'lukhas team add <slug> [--name <text>]',
    what: 'add a team',
    takes: ['name'],
    words: 1,
    more: `Examples
  lukhas team add payments --name 'Payments and billing'
`,
  },
  'team list': {
    usage: 'lukhas team list',
    what: 'list the teams and their logins',
    takes: [],
    words: 0,
    more: `Examples
  lukhas team list --json | jq -r '.teams[].slug'
`,
  },
};

const args = process.argv.slice(2);
const terminal = openTerminal({ noColor: args.includes('--no-color') });

await runDoor(terminal, async (): Promise<ExitCode> => {
  const parsed = parseCommandLine(args, options);
  const { values, positionals } = parsed;
  if (flag(values, 'version')) {
    terminal.out(`lukhas ${version}`);
    return exitCodes.ok;
  }
  const name = positionals.slice(0, 2).join(' ');
  const command = commands[name];
  if (flag(values, 'help') || positionals.length === 0) {
    terminal.out((command === undefined ? helpOf(positionals[0]) : helpOfCommand(command)).trimEnd());
    return flag(values, 'help') ? exitCodes.ok : exitCodes.input;
  }
  if (command === undefined) throw unknownCommand(positionals);
  const words = checkWords(command, parsed);
  const { runCommand } = await import('./lukhas-command.ts');
  return runCommand(
    name,
    {
      databaseUrl: text(values, 'database-url') ?? nonEmpty(process.env.DATABASE_URL),
      dataDir:
        text(values, 'data-dir') ??
        nonEmpty(process.env.LUKHAS_DATA_DIR) ??
        defaultDataDir(process.env, process.platform, homedir()),
      sslCa: text(values, 'ssl-ca') ?? nonEmpty(process.env.LUKHAS_SSL_CA),
      team: text(values, 'team') ?? nonEmpty(process.env.LUKHAS_TEAM),
      role: text(values, 'role'),
      name: text(values, 'name'),
      newPassword: flag(values, 'new-password'),
      monthsAhead: text(values, 'months-ahead'),
      words,
    },
    { terminal, json: flag(values, 'json') },
  );
});

function helpOf(group: string | undefined): string {
  const listed = Object.entries(commands).filter(
    ([name]) => group === undefined || name.startsWith(`${group} `),
  );
  const shown = listed.length > 0 ? listed : Object.entries(commands);
  const width = Math.max(...shown.map(([, command]) => command.usage.length));
  const lines = shown.map(([, command]) =>
    width > 60
      ? `  ${command.usage}\n      ${command.what}`
      : `  ${command.usage.padEnd(width)}  ${command.what}`,
  );
  return `Everything around an upload: the database, its teams and their credentials.

Usage
${lines.join('\n')}

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db status
  lukhas team list

${everywhere}
\`lukhas <command> --help\` tells more. Exit codes: 0 done, 1 a bug of ours, 2 usage, 3 the database refused or was lost.
`;
}

function helpOfCommand(command: Command): string {
  return `${command.usage}\n\n${command.what[0]?.toUpperCase()}${command.what.slice(1)}.\n\n${command.more}\n${everywhere}`;
}

function unknownCommand(words: readonly string[]): Error {
  const given = words.slice(0, 2).join(' ');
  const group = Object.keys(commands).filter((name) => name.startsWith(`${words[0]} `));
  if (group.length > 0 && words.length === 1) {
    return usage(
      `\`lukhas ${given}\` needs one word more`,
      `One of: ${group.map((name) => `lukhas ${name}`).join(', ')}.`,
    );
  }
  const near = nearest(given, Object.keys(commands)) ?? nearest(words[0] ?? '', ['db', 'team']);
  return usage(
    `there is no command \`lukhas ${given}\``,
    near === undefined ? 'See lukhas --help.' : `Did you mean lukhas ${near}? See lukhas --help.`,
  );
}

/** The words behind the command; options and words that it does not know are refused rather than ignored. */
function checkWords(command: Command, { values, positionals }: ParsedArguments): string[] {
  const common: readonly string[] = [
    'database-url',
    'data-dir',
    'ssl-ca',
    'json',
    'no-color',
    'version',
    'help',
  ];
  for (const option of Object.keys(values)) {
    if (!common.includes(option) && !command.takes.some((name) => name === option)) {
      throw usage(`--${option} means nothing here`, `Usage: ${command.usage}`);
    }
  }
  const words = positionals.slice(2);
  if (words.length !== command.words) {
    throw usage(
      words.length > command.words
        ? `too many words: ${words.slice(command.words).join(' ')}`
        : 'a word is missing',
      `Usage: ${command.usage}`,
    );
  }
  return words;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
