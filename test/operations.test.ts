// The recipes of docs/operations.md run as they are written there.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { asAdmin, createReadyDatabase, rowsOf } from './support/databases.ts';

const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );

test('the scheduled workflow has no rights, and runs the command without asking', () => {
  const workflow = blocks('yaml').find((text) => text.includes('db retain')) ?? '';
  expect(workflow).toContain('permissions: {}');
  expect(workflow).toContain('lukhas db retain --yes');
});

test.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)(
  'the systemd units are accepted',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lukhas-units-'));
    try {
      const files = blocks('ini').map((unit) => {
        const file = join(dir, /^# \/etc\/systemd\/system\/(\S+)/.exec(unit)?.[1] ?? '');
        writeFileSync(file, unit);
        return file;
      });
      expect(files.map((file) => file.split('/').at(-1))).toEqual([
        'lukhas-retain.service',
        'lukhas-retain.timer',
      ]);
      const { stdout, stderr } = await promisify(execFile)('systemd-analyze', ['verify', ...files]);
      expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('lukhas-retain'))).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);

test('what pg_cron is given runs, each statement by itself', async () => {
  const recipe = blocks('sql').find((sql) => sql.includes('cron.schedule')) ?? '';
  const question = blocks('sql').find((sql) => sql.includes('test_months')) ?? '';
  const database = await createReadyDatabase();
  try {
    // pg_cron's own function, as far as a schedule is taken.
    await asAdmin(
      database.adminUrl,
      `CREATE SCHEMA cron; CREATE TABLE cron.job (jobname text, schedule text, command text);
       CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE sql AS 'INSERT INTO cron.job VALUES ($1, $2, $3) RETURNING 1'`,
    );
    await asAdmin(
      database.adminUrl,
      `INSERT INTO sessions (session_token, expires_at) SELECT token, now() - ago FROM (VALUES ('old', interval '8 days'), ('young', '6 days')) AS s (token, ago);
       INSERT INTO consciousness_reviews (team_id, git_sha, matriz_analysis, created_at) SELECT '${database.team.id}', 'x', '{}', now() - interval '7 months'`,
    );
    await asAdmin(database.adminUrl, recipe);
    const jobs = await rowsOf<{ schedule: string; command: string }>(
      database.adminUrl,
      'SELECT schedule, command FROM cron.job',
    );
    expect(jobs).toHaveLength(5);
    for (const { schedule, command } of jobs) {
      expect(schedule).toMatch(/^\d+ \d+ (\*|1) \* \*$/);
      await asAdmin(database.adminUrl, command);
    }
    expect(await rowsOf(database.adminUrl, 'SELECT session_token FROM sessions')).toEqual([
      { session_token: 'young' },
    ]);
    expect(await rowsOf(database.adminUrl, 'SELECT FROM consciousness_reviews')).toEqual([]);
    expect(await rowsOf(database.uploadUrl, question)).toEqual([]);
  } finally {
    await database.drop();
  }
});
