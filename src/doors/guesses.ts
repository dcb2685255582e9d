// What people type who know other programs, and what it is called here. Words only; test/doors/guesses.test.ts checks that
// every answer exists.

/** Options that would name the report; here it needs none. */
export const reportGuesses: readonly string[] = [
  ...[
    '--junitxml',
    '--junit-xml',
    '--junit',
    '--xml',
    '--report',
    '--reports',
    '--results',
    '--file',
    '--files',
  ],
  ...['--input', '--path', '-f', '-i', '-r'],
];
export const reportGuess = 'A report is named without an option: lukhas-upload results.xml.';

/** By guess: the options to use, those of the command at hand are told. */
export const optionGuesses: Readonly<Record<string, readonly string[]>> = spread({
  '--database-url <url>':
    '--url --db --database --db-url --dburl --dsn --postgres --postgres-url --connection --connection-string --host --port --user --password --dbname -d -u -U',
  '--data-dir <dir>': '--dir --data --datadir --db-dir',
  '--ssl-ca <file>': '--ca --cacert --ca-cert --ca-file --sslrootcert --ssl-root-cert --tls-ca --sslmode',
  '--team <slug>': '-t --tenant --org --organization --team-id --team-slug --project',
  '--set git_branch=<name>': '--branch --git-branch -b',
  '--base-branch <name>': '--branch --base --target-branch --main-branch --compare-with --compare',
  '--set git_sha=<commit>': '--sha --git-sha --commit --commit-sha --git-commit --revision --rev',
  '--set git_commit_message=<text>': '--message --commit-message',
  '--set ci_system=<name>': '--ci --ci-system',
  '--set python_version=<version>': '--python --python-version',
  '--set pytest_version=<version>': '--pytest-version',
  '--set pull_request=<number>': '--pr --pull-request --pr-number',
  '--repository <name>': '--repo --slug --repo-name',
  '--set job=<name>': '--job --job-name',
  '--coverage <coverage.json...>': '--cov --cov-report --coverage-file --coverage-json --cov-file -c',
  '--rootdir <dir>': '--root --root-dir --cwd',
  '--lane <name>': '--env --environment --suite --kind -l',
  '--marker <name...>': '--markers --mark --tag --tags --label --labels --flag --flags -m',
  '--upload-key <text>': '--key --build --build-id --matrix --leg',
  '--created-at <when>': '--date --time --timestamp --created',
  '--allow-incomplete': '--partial --truncated --ignore-errors',
  '--allow-privileged-role': '--allow-superuser --superuser --force',
  '--dry-run': '--dry --dryrun --no-upload --no-store --check --pretend -n',
  '--fail-on <when>': '--fail --strict --exit-code --fail-on-failure --error-on',
  '--json': '--format --output --output-format -o -j',
  '--out <path>': '--output --file --html -o',
  '--open': '--browser --show --view',
  '--days <number>': '--since --from',
  '--runs <number>': '--limit --max --last -n',
  '--quiet': '--silent --no-output -s',
  '--verbose': '--debug --trace -vv',
  '--no-color': '--no-colour --nocolor --plain --no-ansi',
  '--color <when>': '--colour --colors --ansi',
  '--role <login>': '--login --user --username',
  '--new-password': '--reset-password --rotate --rotate-password --password',
  '--name <text>': '--title --display-name',
  '--months-ahead <number>': '--months --ahead -n',
  '--test <text>': '--test-name --node --nodeid --node-id -k',
  '--run <id>': '--run-id',
  '--signature <signature>': '--sig --hash --md5 --failure-signature --failure',
  '--solution <text>': '--fix --resolution --solve',
  '--cause <text>': '--root-cause --reason --why',
  '--type <text>': '--solution-type --kind',
  '--fix-file <file>': '--patch --code --auto-fix-code --file',
  '--limit <number>': '--max --count --top -n',
  '--shared': '--global --all-teams --everyone',
});

/** By group (empty: none) and guess: the command to use. */
export const commandGuesses: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '': spread({
    upload: 'push send ingest store publish submit',
    runs: 'list ls results builds',
    run: 'last',
    failures: 'failed fails errors broken',
    flaky: 'flakes flakiness unstable',
    slow: 'slowest durations',
    trend: 'trends',
    coverage: 'cov',
    usage: 'stats statistics',
    activity: 'users people',
    sql: 'query psql',
    report: 'page html dashboard site',
    'db setup': 'init install',
    'db migrate': 'migrations upgrade',
    'db status': 'info',
    doctor: 'check health diagnose verify',
    'db partitions': 'months',
    'db retain': 'prune purge cleanup vacuum age retention',
    'db grant': 'login credential credentials',
    'team list': 'teams tenants list',
    'user list': 'users people members',
    'healix list': 'memories knowledge list',
    'healix show': 'memory',
    'healix add': 'remember learn',
    'healix retire': 'forget',
    completion: 'completions autocomplete',
    db: 'database',
    healix: 'knowledge-base',
  }),
  db: spread({
    'db setup': 'init create install bootstrap new',
    'db migrate': 'upgrade update migration migrations up',
    'db status': 'info check version show state ping',
    'db partitions': 'months partition',
    'db retain': 'prune purge cleanup clean vacuum age expire retention gc',
    'db backup': 'dump save export',
    'db verify-backup': 'verify test-backup check-backup',
    'db grant': 'login role user credential credentials password',
    'db revoke': 'ungrant deny unbind',
  }),
  team: spread({
    'team add': 'new create make',
    'team list': 'ls all show',
    'team remove': 'rm delete del drop',
    'team restore': 'undelete unremove back',
  }),
  user: spread({
    'user add': 'new create make invite',
    'user list': 'ls all',
    'user show': 'get view info describe',
    'user deactivate': 'disable suspend block lock',
    'user delete': 'rm remove del drop',
    'user restore': 'activate reactivate enable undelete unblock',
  }),
  healix: spread({
    'healix list': 'ls all search find',
    'healix show': 'get view info describe cat',
    'healix add': 'new create remember learn teach',
    'healix worked': 'success succeeded ok works fixed solved',
    'healix failed': 'fail fails broken wrong',
    'healix retire': 'rm remove delete del forget archive drop',
    'healix import': 'load restore read',
    'healix export': 'dump save backup write',
  }),
};

/** By answer to by guess. */
function spread(table: Readonly<Record<string, string>>): Record<string, string[]> {
  const guesses: Record<string, string[]> = Object.create(null);
  for (const [answer, words] of Object.entries(table)) {
    for (const guess of words.split(' ')) guesses[guess] = [...(guesses[guess] ?? []), answer];
  }
  return guesses;
}
