// The commands of docs/operations.md, run as they stand on servers of their own: the daily backup and its way back, and the three disasters.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { findPrograms } from '../../../src/store/keep/programs.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { runCli } from '../../support/cli.ts';
import { asAdmin, rowsOf } from '../../support/databases.ts';
import { long } from '../../support/long.ts';
import { testMajor } from '../../support/majors.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import {
  makeCoverage,
  makeFailure,
  makeOptions,
  makeResult,
  makeUpload,
  sourceOf,
} from '../../support/runs.ts';

const run = promisify(execFile);
const page = new URL('../../../docs/operations.md', import.meta.url);
const has = (program: string) =>
  run(program, ['--version']).then(
    ({ stdout }) => program === 'age' || / 15\./.test(stdout),
    () => false,
  );
const hasTools =
  testMajor === 15 &&
  (await has('pg_dump')) &&
  (await has('pg_restore')) &&
  (await has('psql')) &&
  (await findPrograms(['initdb', 'postgres'], [15], process.env)).some(({ major }) => major >= 15);
const hasAge = await has('age');

let home: string;
let server: PostgresServer;
let uploadUrl = '';
let name = '';
const keys = { recipient: '', file: '' };
const lukhasOf = (url: string) => url.replace(/\/postgres$/, '/lukhas');
const withoutPassword = (url: string) => url.replace(/:[^:@/]+@/, '@');

/** The page's commands under a heading; the password is in the environment alone. */
async function follow(heading: string, serverUrl: string, only?: number): Promise<string> {
  const section = (await readFile(page, 'utf8')).split(/^### /m).find((text) => text.startsWith(heading));
  const commands = [...(section ?? '').matchAll(/^```bash\n([\s\S]*?)^```/gm)].map((match) => match[1]);
  expect(commands.length).toBeGreaterThan(0);
  const { stdout } = await run(
    'bash',
    ['-euo', 'pipefail', '-c', only === undefined ? commands.join('\n') : (commands[only] ?? 'false')],
    {
      cwd: home,
      maxBuffer: 1e8,
      env: {
        ...process.env,
        PATH: `${path.join(home, 'bin')}:${process.env.PATH}`,
        NO_COLOR: '1',
        SERVER_URL: withoutPassword(serverUrl),
        ADMIN_URL: withoutPassword(lukhasOf(serverUrl)),
        PGPASSWORD: decodeURIComponent(new URL(serverUrl).password),
        BACKUPS: path.join(home, 'backups'),
        OFFSITE: path.join(home, 'offsite'),
        NAME: name,
        AGE_RECIPIENT: keys.recipient,
        AGE_KEY: keys.file,
      },
    },
  ).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ''}`);
  });
  return stdout;
}
const upload = (url: string, key: string) =>
  saveRun(
    (limits) => openPostgres(url, limits),
    makeUpload(key),
    sourceOf([makeResult(1), makeFailure(2)], [makeCoverage(1)]),
    makeOptions(),
  );
const counts = (url: string) =>
  rowsOf(
    url,
    `SELECT (SELECT count(*)::int FROM test_runs) AS runs, (SELECT count(*)::int FROM test_results) AS results,
       (SELECT count(*)::int FROM coverage_data) AS coverage`,
  );
const full = [{ runs: 2, results: 4, coverage: 2 }];

describe.runIf(long && hasTools)('the recipes of docs/operations.md', () => {
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'lukhas-recipes-'));
    server = await startPostgres({ external: false });
    for (const folder of ['bin', 'backups', 'offsite']) await mkdir(path.join(home, folder));
    await writeFile(
      path.join(home, 'bin/lukhas'),
      `#!/bin/sh\nexec "${process.execPath}" "${path.join(process.cwd(), 'dist/cli/lukhas.js')}" "$@"\n`,
      { mode: 0o755 },
    );
    if (hasAge) {
      keys.file = path.join(home, 'lukhas.key');
      await run('age-keygen', ['-o', keys.file]);
      keys.recipient = (await run('age-keygen', ['-y', keys.file])).stdout.trim();
    } else {
      // The pipe is what is tried; without age nothing is encrypted.
      await writeFile(
        path.join(home, 'bin/age'),
        '#!/bin/sh\ncase "$*" in *--decrypt*) for last; do :; done; cat "$last";; *) while [ "$1" != --output ]; do shift; done; cat > "$2";; esac\n',
        { mode: 0o755 },
      );
    }
    await asAdmin(server.adminUrl, 'CREATE DATABASE lukhas');
    const made = await runCli('lukhas', [
      'db',
      'setup',
      '--team',
      'payments',
      '--database-url',
      lukhasOf(server.adminUrl),
    ]);
    uploadUrl = /^postgres:\S+$/m.exec(made.stdout)?.[0] ?? '';
    await upload(uploadUrl, 'one');
    await upload(uploadUrl, 'two');
    const old = path.join(home, 'offsite/lukhas-2020-01-01T00.tar.age');
    await writeFile(old, '');
    await utimes(old, new Date(2020, 0, 1), new Date(2020, 0, 1));
    await follow('Every day', server.adminUrl, 0);
    const [written] = (await readdir(path.join(home, 'backups'))).filter((file) => file.endsWith('.dump'));
    name = written?.replace(/\.dump$/, '') ?? '';
  });
  afterAll(async () => {
    await server?.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('what went off-site comes back and is verified, and what is too old is gone', async () => {
    expect(await readdir(path.join(home, 'offsite'))).toEqual([`${name}.tar.age`]);
    if (hasAge) {
      const bytes = await readFile(path.join(home, 'offsite', `${name}.tar.age`));
      expect(bytes.toString('latin1')).toMatch(/^age-encryption\.org/);
      expect(bytes.includes('PGDMP')).toBe(false);
    }
    await rm(path.join(home, 'backups'), { recursive: true });
    await mkdir(path.join(home, 'backups'));
    expect(await follow('Every day', server.adminUrl, 1)).toContain('\u2713 the backup is whole');
  });

  test('rows that were deleted by mistake come back, and nothing else changes', async () => {
    const url = lukhasOf(server.adminUrl);
    await asAdmin(
      url,
      `DELETE FROM test_results; DELETE FROM coverage_data; DELETE FROM test_runs WHERE id IN (SELECT id FROM test_runs LIMIT 1);
       UPDATE teams SET name = 'kept'`,
    );
    await follow('Disaster 1', server.adminUrl);
    expect(await counts(url)).toEqual(full);
    expect(await rowsOf(url, 'SELECT name FROM teams')).toEqual([{ name: 'kept' }]);
  });

  test('a damaged database is replaced, and its logins go on', async () => {
    const url = lukhasOf(server.adminUrl);
    await asAdmin(url, 'DELETE FROM test_results');
    expect(await follow('Disaster 2', server.adminUrl)).toContain('\u2713 nothing to mend');
    expect(await counts(url)).toEqual(full);
    expect(await upload(uploadUrl, 'two')).toMatchObject({ stored: 'already' });
    expect(await upload(uploadUrl, 'three')).toMatchObject({ stored: 'new' });
  });

  test('a lost server is replaced by an empty one', async () => {
    const other = await startPostgres({ external: false });
    try {
      const told = await follow('Disaster 3', other.adminUrl);
      expect(told).toContain('\u2713 nothing to mend');
      expect(await counts(lukhasOf(other.adminUrl))).toEqual(full);
      const login = /^postgres:\S+$/m.exec(told)?.[0] ?? '';
      expect(await upload(login, 'two')).toMatchObject({ stored: 'already' });
      expect(await upload(login, 'four')).toMatchObject({ stored: 'new' });
    } finally {
      await other.stop();
    }
  });
});

test.skipIf(hasTools)(
  'the recipes are not tested: pg_dump, pg_restore, psql and postgres of PostgreSQL 15 are not installed (Debian: postgresql-15)',
  () => {},
);
