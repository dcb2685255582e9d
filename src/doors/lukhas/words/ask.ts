// The questions: `lukhas runs`, `lukhas flaky`, …
import { command, flag, number, text, under } from '../../arguments.ts';
import { color, database, output, team } from '../../options.ts';

const limit = (what: string, usual: number, to = 10_000) =>
  number('--limit <number>', `how many ${what} at most, 1 to ${to}; default ${usual}`, {
    from: 1,
    to,
    whole: true,
  });
const since = (usual: string) =>
  text('--since <when>', `12h, 30d, 2w, 6mo, 1y, or a date; default: ${usual}`);
const place = () => ({
  repository: text('--repository <name>', "acme/shop; default: the checkout's that you stand in, else all"),
  all: flag('--all', 'all repositories of the team, also inside a checkout'),
});
const job = () => text('--job <name>', "only the job of this name, such as 'test (3.13)'");
const lane = () => text('--lane <name>', 'only this lane');
const branch = () => text('--branch <name>', 'only this branch');
const which = () => under('Which runs', { ...place(), branch: branch(), lane: lane(), job: job() });
const common = () => ({
  team: team('needed only where the login serves several teams'),
  ...database(),
  ...output(),
});

export const askCommands = () => ({
  runs: command({
    summary: 'list the newest runs',
    aliases: ['history'],
    options: { limit: limit('runs', 20), since: since('all'), ...which(), ...common() },
    examples: [
      'lukhas runs',
      'lukhas runs --branch main --since 7d',
      'lukhas runs --json | jq -r ".runs[].id"',
    ],
    run: async (options, _, terminal) => (await import('../ask.ts')).runs(options, terminal),
  }),
  run: command({
    summary: 'show one run: what failed in it, new or not, with tracebacks and coverage',
    details:
      "The run's first digits are enough; `last` is the one that was stored last. It is judged as its upload was, by what is stored now.",
    aliases: ['show'],
    words: '<id>',
    usage: '[options] <id | last>',
    options: { limit: limit('failures', 10, 1000), ...which(), ...common() },
    examples: ['lukhas run last', 'lukhas run 01a21c34 --json | jq ".failures[].test_name"'],
    run: async (options, [id = ''], terminal) =>
      (await import('../ask.ts')).run({ ...options, id }, terminal),
  }),
  test: command({
    summary: 'show how a test went: a cell a run, durations, failures, since when',
    details: 'A part of the node id is enough where no other test has it.',
    words: '<test>',
    usage: '[options] <node id | part of it>',
    options: {
      limit: limit('runs', 100),
      since: since('90 days; of --months 3 years'),
      months: flag('--months', 'month by month, also those whose results are gone (lukhas db retain)'),
      ...which(),
      ...common(),
    },
    examples: ['lukhas test test_login', "lukhas test 'tests/test_auth.py::test_login[bob]' --branch main"],
    run: async ({ months, ...options }, [id = ''], terminal) =>
      months
        ? (await import('../months.ts')).months({ ...options, id }, terminal)
        : (await import('../ask.ts')).test({ ...options, id }, terminal),
  }),
  failures: command({
    summary: 'list what failed, by what made it',
    details:
      "Failures of one cause (a fixture, a helper, an import) are one line, and so are those that are alike. Forks' runs are left out.",
    options: { limit: limit('groups', 20), since: since('30 days'), ...which(), ...common() },
    examples: ['lukhas failures', 'lukhas failures --since 1d --branch main'],
    run: async (options, _, terminal) => (await import('../ask.ts')).failures(options, terminal),
  }),
  flaky: command({
    summary: 'list flaky tests with the evidence, how often they fail and what they cost',
    details:
      'A test stands here where a failure like its last one would be called flaky in a change that is made now: by the same rules, runs and 30 days as the comment on a pull request. The cost is the time of red runs in which nothing but flaky tests failed.',
    options: {
      limit: limit('tests', 20),
      ...under('Which runs', { ...place(), lane: lane(), job: job() }),
      ...common(),
    },
    examples: ['lukhas flaky', 'lukhas flaky --json | jq ".flaky[] | {test_name, rate}"'],
    run: async (options, _, terminal) => (await import('../ask.ts')).flaky(options, terminal),
  }),
  slow: command({
    summary: 'list the tests on which most time is spent, and whether they get slower',
    details:
      'It looks at the newest runs of the time that is asked for, up to 50,000 results, and says how many those are.',
    options: { limit: limit('tests', 20), since: since('30 days'), ...which(), ...common() },
    examples: ['lukhas slow', 'lukhas slow --branch main --json | jq ".slow[0]"'],
    run: async (options, _, terminal) => (await import('../trends.ts')).slow(options, terminal),
  }),
  trend: command({
    summary: 'plot how many tests pass, how long runs take, and coverage',
    options: { since: since('90 days'), ...which(), ...common() },
    examples: ['lukhas trend --branch main', 'lukhas trend --since 1y'],
    run: async (options, _, terminal) => (await import('../trends.ts')).trend(options, terminal),
  }),
  coverage: command({
    summary: 'show coverage over time, and the lines of one file',
    details: 'A file is named by its path, or by its end. Of the newest run that has coverage.',
    words: '[file]',
    options: { limit: limit('files', 20), since: since('90 days'), ...which(), ...common() },
    examples: ['lukhas coverage', 'lukhas coverage src/shop/cart.py'],
    run: async (options, [file], terminal) =>
      (await import('../trends.ts')).coverage({ ...options, file }, terminal),
  }),
  regressions: command({
    summary: 'find tests that fail more often this week than in the month before',
    details:
      "By Fisher's exact test over the commits of the base branch; of those that are named, at most 5 % are expected to be false. Failures of one cause count for the cause, and outages for nothing.",
    options: {
      limit: limit('tests', 20),
      ...which(),
      ...common(),
    },
    examples: ['lukhas regressions', "lukhas regressions --json | jq -r '.regressions[].name'"],
    run: async (options, _, terminal) => (await import('../trends.ts')).regressions(options, terminal),
  }),
  usage: command({
    summary: 'count runs, results and hours by month',
    options: { since: since('a year'), ...which(), ...common() },
    examples: ['lukhas usage', 'lukhas usage --all --since 2026-01-01'],
    run: async (options, _, terminal) => (await import('../team-questions.ts')).usage(options, terminal),
  }),
  activity: command({
    summary: 'list who logged in and ran tests',
    options: { limit: limit('people', 20), since: since('7 days'), ...common() },
    examples: ['lukhas activity', 'lukhas activity --since 30d'],
    run: async (options, _, terminal) => (await import('../team-questions.ts')).activity(options, terminal),
  }),
  guardian: command({
    summary: 'list the pull requests that Guardian blocks',
    options: {
      limit: limit('reviews', 50),
      since: since('all'),
      ...under('Which runs', { branch: branch() }),
      ...common(),
    },
    examples: ['lukhas guardian', 'lukhas guardian --since 7d'],
    run: async (options, _, terminal) => (await import('../team-questions.ts')).guardian(options, terminal),
  }),
  sql: command({
    summary: 'ask in SQL: one statement that reads, within your team’s rows',
    details:
      'It runs as your login in a transaction that only reads, under row-level security. docs/schema.sql has the tables. `-` reads the statement from standard input.',
    words: '<statement>',
    usage: '[options] <statement | ->',
    options: {
      timeout: number('--timeout <seconds>', 'how long it may take, 1 to 3600; default 30', {
        from: 1,
        to: 3600,
      }),
      limit: number('--limit <number>', 'rows at most; default: 1000 in a table, all in CSV and JSON', {
        from: 1,
        to: 1_000_000_000,
        whole: true,
      }),
      team: team('needed only where the login serves several teams'),
      ...database(),
      ...under('Output', {
        json: flag('--json', 'an array with an object a row'),
        csv: flag('--csv', 'comma-separated values as RFC 4180 has them'),
      }),
      ...color(),
    },
    examples: [
      "lukhas sql 'SELECT git_branch, count(*) FROM test_runs GROUP BY 1 ORDER BY 2 DESC'",
      "lukhas sql --csv 'TABLE coverage_data' > coverage.csv",
    ],
    run: async (options, [statement = ''], terminal) =>
      (await import('../sql.ts')).sql({ ...options, sql: statement }, terminal),
  }),
});
