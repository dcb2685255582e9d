// Door 3: `lukhas <command>`. Words in, exit code out; what is heavy is loaded only after --help and --version were answered.
import { homedir } from 'node:os';
import { nearest } from '../../nearest.ts';
import { defaultDataDir } from '../../store/database/data-dir.ts';
import { flag, type ParsedArguments, parseCommandLine, text, usage } from '../arguments.ts';
import { type ExitCode, exitCodes, openTerminal, runDoor } from '../process.ts';
import { version } from '../version.generated.ts';

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
  run: { type: 'string' },
  test: { type: 'string' },
  signature: { type: 'string' },
  cause: { type: 'string' },
  'probable-cause': { type: 'string' },
  solution: { type: 'string' },
  type: { type: 'string' },
  'fix-file': { type: 'string' },
  confidence: { type: 'string' },
  limit: { type: 'string' },
  stale: { type: 'boolean' },
  'low-confidence': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  shared: { type: 'boolean' },
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
  /** The last of them may be left away. */
  readonly lastIsOptional?: boolean;
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
  url=$(lukhas db setup --team payments --json | jq -er '.database_url // empty') && printf %s "$url" | gh secret set DATABASE_URL
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
  'healix list': {
    usage: 'lukhas healix list [--test <text>] [--signature <signature>] [--stale] [--limit N]',
    what: 'list what the team knows about failures, best first',
    takes: ['team', 'test', 'signature', 'stale', 'limit', 'shared'],
    words: 0,
    more: `--test takes any part of a test's name, --signature a failure signature (with or without md5:) or a drift signature.
--stale shows only what was not used for half a year, or failed at least three times and as often as it worked.

Examples
  lukhas healix list
  lukhas healix list --test test_database --json | jq '.memories[] | {id, solution}'
`,
  },
  'healix show': {
    usage: 'lukhas healix show <id>',
    what: 'show one memory with everything that is known of it',
    takes: ['team', 'shared'],
    words: 1,
    more: `The id's first digits are enough where they tell it from all others. A suggested fix is shown as text and never run.

Examples
  lukhas healix show 3f2504e0
  lukhas healix show 3f2504e0 --json | jq -r .auto_fix_code
`,
  },
  'healix add': {
    usage:
      'lukhas healix add --test <node id> --solution <text> [--cause <text>] [--run <id> | --signature <signature>] ...',
    what: 'remember what a stored failure was and what fixes it',
    takes: [
      'team',
      'test',
      'run',
      'signature',
      'cause',
      'probable-cause',
      'solution',
      'type',
      'fix-file',
      'confidence',
    ],
    words: 0,
    more: `Signatures and error type come from the failure as it was uploaded: the test's latest, or the one named.

  --test <node id>         the test, by pytest's whole node id
  --run <id>               its failure in this run
  --signature <signature>  its latest failure with this signature, with or without md5:
  --solution <text>        what to do about it
  --cause <text>           what it was; --probable-cause <text> what is behind it
  --type <text>            env_var, dependency, code_fix, config, ... (your own words)
  --fix-file <path>        code to show beside the solution; text of at most 64 KB, never run
  --confidence <0..1>      how sure you are; default 0.5. Counts of what worked and failed move it.

Examples
  lukhas healix add --test 'tests/test_db.py::test_pool' --cause 'pool exhausted' --solution 'Raise max_connections to 200' --type config
  lukhas healix add --test 'tests/test_db.py::test_pool' --run 019ab2c4-5d00-7abc-8def-0123456789ab --solution 'See the patch' --fix-file fix.py
`,
  },
  'healix worked': {
    usage: 'lukhas healix worked <id>',
    what: 'count that a solution worked',
    takes: ['team', 'shared'],
    words: 1,
    more: `Confidence becomes (worked + 1) / (worked + failed + 2). A matched test that is green on a later commit of its branch counts by
itself; this is for what uploads cannot see.

Examples
  lukhas healix worked 3f2504e0
`,
  },
  'healix failed': {
    usage: 'lukhas healix failed <id>',
    what: 'count that a solution did not work',
    takes: ['team', 'shared'],
    words: 1,
    more: `Confidence becomes (worked + 1) / (worked + failed + 2).

Examples
  lukhas healix failed 3f2504e0
`,
  },
  'healix retire': {
    usage: 'lukhas healix retire <id> | --low-confidence [--dry-run]',
    what: 'retire a memory: it matches nothing any more',
    takes: ['team', 'low-confidence', 'dry-run', 'shared'],
    words: 1,
    lastIsOptional: true,
    more: `--low-confidence retires all memories of the team whose confidence is below 0.5 and that are older than six months, for instance
from a monthly job. Rows stay, because results refer to them.

Examples
  lukhas healix retire 3f2504e0
  lukhas healix retire --low-confidence --dry-run
`,
  },
  'healix import': {
    usage: 'lukhas healix import <file | ->',
    what: 'import memories: all of a file or none',
    takes: ['team', 'shared'],
    words: 1,
    more: `An array of memories, a single one, or JSON Lines, in the form of the schema document and of \`lukhas healix export\`. test_name,
failure_signature and solution are needed. An id that is a UUID is kept, any other is replaced; a memory that is there already
under its id is left as it is. With an administrator's connection --shared imports for all teams.

Examples
  lukhas healix import memories.json
  lukhas healix export --team payments | lukhas healix import - --team search
`,
  },
  'healix export': {
    usage: 'lukhas healix export',
    what: 'print all memories of the team as JSON that import takes',
    takes: ['team', 'shared'],
    words: 0,
    more: `Examples
  lukhas healix export > memories.json
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
  const isGroup = Object.keys(commands).some((known) => known.startsWith(`${positionals[0]} `));
  if (
    command === undefined &&
    positionals.length > 0 &&
    !(isGroup && positionals.length === 1 && flag(values, 'help'))
  )
    throw unknownCommand(positionals);
  if (flag(values, 'help') || command === undefined) {
    terminal.out((command === undefined ? helpOf(positionals[0]) : helpOfCommand(command)).trimEnd());
    return flag(values, 'help') ? exitCodes.ok : exitCodes.input;
  }
  const words = checkWords(command, parsed);
  if (positionals[0] === 'healix') {
    const { runHealix } = await import('./healix.ts');
    return runHealix(
      name,
      {
        ...connection(values),
        team: text(values, 'team') ?? nonEmpty(process.env.LUKHAS_TEAM),
        run: text(values, 'run'),
        test: text(values, 'test'),
        signature: text(values, 'signature'),
        cause: text(values, 'cause'),
        probableCause: text(values, 'probable-cause'),
        solution: text(values, 'solution'),
        type: text(values, 'type'),
        fixFile: text(values, 'fix-file'),
        confidence: text(values, 'confidence'),
        limit: text(values, 'limit'),
        stale: flag(values, 'stale'),
        lowConfidence: flag(values, 'low-confidence'),
        dryRun: flag(values, 'dry-run'),
        shared: flag(values, 'shared'),
        words,
      },
      { terminal, json: flag(values, 'json') },
    );
  }
  const { runCommand } = await import('./db.ts');
  return runCommand(
    name,
    {
      ...connection(values),
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

function connection(values: ParsedArguments['values']) {
  return {
    databaseUrl: text(values, 'database-url') ?? nonEmpty(process.env.DATABASE_URL),
    dataDir:
      text(values, 'data-dir') ??
      nonEmpty(process.env.LUKHAS_DATA_DIR) ??
      defaultDataDir(process.env, process.platform, homedir()),
    sslCa: text(values, 'ssl-ca') ?? nonEmpty(process.env.LUKHAS_SSL_CA),
  };
}

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
  return `Everything around an upload: the database, its teams and their credentials, and what is known about failures.

Usage
${lines.join('\n')}

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db status
  lukhas healix list --stale

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
  const near = nearest(given, Object.keys(commands)) ?? nearest(words[0] ?? '', ['db', 'team', 'healix']);
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
  const enough = words.length === command.words - 1 && command.lastIsOptional === true;
  if (words.length !== command.words && !enough) {
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
