// `lukhas db retain` as people and scripts meet it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from '../../src/store/database/pg.ts';
import { createReadyDatabase, type ReadyDatabase } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { fillMonths, makeMonths } from '../support/old-months.ts';

let server: ReadyDatabase;
const retain = (args: string, env: Record<string, string> = { DATABASE_URL: server.adminUrl }) =>
  runInProcess('lukhas', ['db', 'retain', ...args.split('|').filter((word) => word !== '')], { env });

beforeAll(async () => {
  server = await createReadyDatabase();
  const db = await openPostgres(server.adminUrl);
  await makeMonths(db, [14]);
  await fillMonths(db, { teamId: server.team.id, back: [14], runs: 6, tests: 3, files: 1 });
  await db.close();
});
afterAll(async () => {
  await server.drop();
});

test.each([
  [
    '',
    'nobody can be asked here whether months are to be dropped',
    '`lukhas db retain --dry-run` shows what would go, --yes lets it go.',
  ],
  ['--json', 'nobody can be asked here', '--yes lets it go.'],
  [
    '--yes|--keep|test_results=4 weeks',
    'test_results cannot be kept for 4 weeks only: it is kept at least 5 months',
    'Nothing was changed.',
  ],
  [
    '--yes|--keep|test_result=1 year',
    'there is no table "test_result" that is kept for a time',
    'Did you mean test_results?',
  ],
  ['--yes|--keep|sessions=soon', 'not a time to keep sessions for: "soon"', "--keep 'sessions=7 days'"],
  ['--yes|--keep|users', 'not a table and a time: "users"', "Such as --keep 'test_results=18 months'."],
  ['--yes|--table|users', 'users is kept for no time of its own: its rows stay', 'Tables with a time'],
  ['--dry-run|--table|ingest_uploads', 'ingest_uploads is kept for no time of its own', 'Name test_runs.'],
])('%j is refused before anything is looked at', async (args, message, fix) => {
  // Nobody listens there.
  const refused = await retain(args, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr.split('\n')[0]).toContain(`error: ${message}`);
  expect(refused.stderr).toContain(fix);
});

test('a dry run says what would go, a longer time keeps it, and nothing is changed', async () => {
  const said = await retain('--dry-run');
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toMatch(
    /^test_results {10}1 month, \d{4}-\d\d: (?:about \d+ rows, )?\S+ [kM]B \(kept for 1 year\)$/m,
  );
  expect(said.stdout).toMatch(/^test_runs {13}no month is due \(kept for 3 years\)$/m);
  expect(said.stdout).toMatch(/\nNothing was changed\.\n$/);
  const json = JSON.parse((await retain('--dry-run|--json|--table|test_results|coverage_data')).stdout);
  expect(json).toMatchObject({ dry_run: true, keep: { test_results: '1 year', coverage_data: '1 year' } });
  expect(json.months.map(({ table }: { table: string }) => table)).toEqual(['test_results', 'coverage_data']);
  const longer = JSON.parse(
    (await retain('--dry-run|--json|--keep|test_results=18 months|coverage_data=18 months')).stdout,
  );
  expect(longer).toMatchObject({
    months: [],
    keep: { test_results: '18 months', coverage_data: '18 months' },
  });
});

test('with --yes months go, and it says how many rows became how many sums', async () => {
  const done = await retain('--yes');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(
    /^test_results {10}1 month, \d{4}-\d\d dropped: 18 rows in \d+ sums, \S+ [kM]B free$/m,
  );
  expect(done.stdout).toMatch(/^coverage_data {9}1 month, \d{4}-\d\d dropped: 6 rows in \d+ sums/m);
  expect(done.stdout).toMatch(/^vacuumed {14}sessions webauthn_credentials test_months coverage_months$/m);
  const again = JSON.parse((await retain('--yes|--json')).stdout);
  expect(again).toMatchObject({ dry_run: false, months: [], stays: [], left: [] });
});

test('a test whose results are gone is told month by month, to its team', async () => {
  const ask = (...args: string[]) =>
    runInProcess(
      'lukhas',
      [
        'test',
        'tests/unit/some_package/test_module_000.py::TestSomething::test_what_it_does_2',
        '--months',
        '--all',
        ...args,
      ],
      {
        env: { DATABASE_URL: server.uploadUrl, NO_COLOR: '1' },
      },
    );
  const told = await ask();
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toMatch(/^\d{4}-\d\d +2 +\d? +4 /m);
  const { months } = JSON.parse((await ask('--json', '--job', 'tests (0)')).stdout);
  expect(months).toMatchObject([
    { on_base: true, repository: 'acme/shop', job: 'tests (0)', lane: 'unit', runs: 1 },
    { on_base: false, runs: 2 },
  ]);
  expect(await ask('--branch', 'main')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--branch does not go with --months'),
  });
});

test("a team's login is refused with whom to ask", async () => {
  const refused = await retain('--yes', { DATABASE_URL: server.uploadUrl });
  expect(refused).toMatchObject({ code: 3, stdout: '' });
  expect(refused.stderr).toContain('lukhas db` and `lukhas team` take an administrator');
});
