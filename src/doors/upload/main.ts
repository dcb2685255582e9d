// Door 2: `lukhas-upload`. Arguments in, exit code out; every rule lives behind it. What is heavy is loaded only after
// --help and --version were answered.
import { flag, parseCommandLine, text, texts, usage } from '../arguments.ts';
import { keepHeapSmall } from '../heap.ts';
import { type ExitCode, exitCodes, openTerminal, runDoor } from '../process.ts';
import { version } from '../version.generated.ts';

const help = `Reads pytest's JUnit XML (and coverage.py's JSON) and stores the run in your own PostgreSQL.

Usage
  lukhas-upload [options] <report.xml | glob ...>      (- reads standard input)

Examples
  pytest --junitxml=results.xml; lukhas-upload results.xml
  lukhas-upload 'reports/**/*.xml' --coverage coverage.json
  lukhas-upload results.xml --database-url "$DATABASE_URL" --team payments --lane integration
  lukhas-upload results.xml --dry-run --json | jq 'select(.kind == "result" and .outcome == "failed")'

What to read
  --coverage <coverage.json ...>  coverage.py JSON reports; several are added up
  --rootdir <dir>                 pytest's rootdir, relative to the repository root (found by itself where possible)
  --allow-incomplete              store what is whole of a truncated report

Where to store
  --database-url <url>            or DATABASE_URL; absent: the embedded database
  --data-dir <dir>                or LUKHAS_DATA_DIR; where the embedded database lives
  --ssl-ca <file | PEM>           or LUKHAS_SSL_CA; the certificate authority of the database server
  --team <slug>                   or LUKHAS_TEAM; needed only where the credential serves several teams
  --allow-privileged-role         store even as a superuser, owner or BYPASSRLS role (skips the tenant check)
  --dry-run                       read, sign and print; touch no database

What to store beside it
  --lane <name>  --marker <name ...>  --lambda-id <id>
  --upload-key <text>             tells uploads of one job apart (matrix legs)
  --created-at <report|now|time>  default report: pytest's own start time when it is plausible, else now
  --set <column=value ...>        override a detected value: git_sha, git_branch, ci_system, python_version, ...

What to compare with
  --base-branch <name>            the branch failures are compared with; default: what the CI says, else main or master

What to say
  --json                          JSON Lines on standard output, words for people on standard error
  --fail-on <never|any|new|unknown>
                                  exit with 4 when a test failed, when a failure is new, or when one is not known to
                                  Healix; default never
  --quiet  --verbose  --no-color  --version  --help

Exit codes
  0 stored, or already stored before   2 bad input or usage        4 --fail-on applies
  1 a bug of ours                      3 the database refused or was lost
`;

const options = {
  coverage: { type: 'string', multiple: true },
  rootdir: { type: 'string' },
  'allow-incomplete': { type: 'boolean' },
  'database-url': { type: 'string' },
  'data-dir': { type: 'string' },
  'ssl-ca': { type: 'string' },
  team: { type: 'string' },
  'allow-privileged-role': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  lane: { type: 'string' },
  marker: { type: 'string', multiple: true },
  'lambda-id': { type: 'string' },
  'upload-key': { type: 'string' },
  'base-branch': { type: 'string' },
  'created-at': { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  'fail-on': { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
  verbose: { type: 'boolean', short: 'v' },
  'no-color': { type: 'boolean' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Words behind these options belong to them unless they look like a report. */
const lists = {
  coverage: (word: string) => /\.json$/i.test(word),
  marker: (word: string) => /^[\w:.-]+$/.test(word) && !/\.(?:xml|json)$/i.test(word) && word !== '-',
  set: (word: string) => /^[a-z_]+=/.test(word),
};

const args = process.argv.slice(2);
const terminal = openTerminal({ noColor: args.includes('--no-color') });

await runDoor(terminal, async (): Promise<ExitCode> => {
  const { values, positionals } = parseCommandLine(args, options, lists);
  if (flag(values, 'help')) {
    terminal.out(help.trimEnd());
    return exitCodes.ok;
  }
  if (flag(values, 'version')) {
    terminal.out(`lukhas-upload ${version}`);
    return exitCodes.ok;
  }
  if (positionals.length === 0) {
    throw usage('no report named', 'Name what pytest wrote with --junitxml: lukhas-upload results.xml');
  }
  keepHeapSmall();
  const { upload } = await import('./upload.ts');
  return upload(
    {
      reports: [...positionals],
      coverage: texts(values, 'coverage'),
      databaseUrl: text(values, 'database-url') ?? nonEmpty(process.env.DATABASE_URL),
      dataDir: text(values, 'data-dir') ?? nonEmpty(process.env.LUKHAS_DATA_DIR),
      sslCa: text(values, 'ssl-ca') ?? nonEmpty(process.env.LUKHAS_SSL_CA),
      team: text(values, 'team') ?? nonEmpty(process.env.LUKHAS_TEAM),
      lane: text(values, 'lane'),
      markers: texts(values, 'marker')
        .flatMap((marker) => marker.split(','))
        .filter((marker) => marker !== ''),
      lambdaId: text(values, 'lambda-id'),
      rootdir: text(values, 'rootdir'),
      uploadKey: text(values, 'upload-key'),
      baseBranch: text(values, 'base-branch'),
      createdAt: text(values, 'created-at') ?? 'report',
      set: texts(values, 'set'),
      allowIncomplete: flag(values, 'allow-incomplete'),
      allowPrivilegedRole: flag(values, 'allow-privileged-role'),
      dryRun: flag(values, 'dry-run'),
      failOn: text(values, 'fail-on') ?? 'never',
    },
    { json: flag(values, 'json'), quiet: flag(values, 'quiet'), verbose: flag(values, 'verbose'), terminal },
  );
});

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
