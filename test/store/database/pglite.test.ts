// The embedded database's directory: one process at a time, ours or nobody's, whole or a clear error.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDataDir } from '../../../src/store/database/data-dir-lock.ts';
import { beginIn } from '../../../src/store/database/search-path.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { openEmbedded } from '../../../src/store/schema/embedded.ts';
import { runCli } from '../../support/cli.ts';
import { createEmbedded, temporaryDir } from '../../support/databases.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';

let dir: string;
beforeEach(async () => {
  dir = await temporaryDir();
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const holder = (changes: Record<string, unknown>): string =>
  JSON.stringify({ pid: process.pid, host: hostname(), token: 'x', ...changes });

describe('the lock', () => {
  test('keeps a second one out until the first is released, and says for whom it waits', async () => {
    const first = await lockDataDir(dir, { waitMs: 0 });
    const said: string[] = [];
    const waiting = lockDataDir(dir, { waitMs: 5000, onWait: (message) => said.push(message) });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await first.release();
    await (await waiting).release();
    expect(said).toEqual([expect.stringContaining(`process ${process.pid}`)]);
    expect(existsSync(path.join(dir, 'lock'))).toBe(false);
  });

  test('is refused in words where it cannot be written', async () => {
    await expect(lockDataDir(path.join(dir, 'gone'), { waitMs: 0 })).rejects.toMatchObject({
      code: 'data-dir-unusable',
      message: expect.stringContaining('cannot be written to'),
    });
  });

  test('ends in a clear error when the other does not let go', async () => {
    const first = await lockDataDir(dir, { waitMs: 0 });
    await expect(lockDataDir(dir, { waitMs: 200 })).rejects.toMatchObject({
      code: 'data-dir-busy',
      fix: expect.stringContaining('--data-dir'),
    });
    await first.release();
  });

  test.each([
    ['a process that is gone', holder({ pid: 2 ** 22 + 12345 })],
    ['a process id that was given again', holder({ pid: process.pid, started: '1' })],
    ['a file cut off by a full disk', '{"pid": 12'],
    ['an empty file', ''],
  ])('of %s is taken over', async (_, text) => {
    await writeFile(path.join(dir, 'lock'), text);
    const lock = await lockDataDir(dir, { waitMs: 0 });
    expect(JSON.parse(await readFile(path.join(dir, 'lock'), 'utf8')).pid).toBe(process.pid);
    await lock.release();
  });

  test('of another machine is believed', async () => {
    await writeFile(path.join(dir, 'lock'), holder({ host: 'another-machine', pid: 1 }));
    await expect(lockDataDir(dir, { waitMs: 0 })).rejects.toMatchObject({
      message: expect.stringContaining('another-machine'),
    });
  });

  test('left by a dead process is taken over by one of many waiters at a time', async () => {
    await writeFile(path.join(dir, 'lock'), holder({ pid: 2 ** 22 + 12345 }));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const lock = await lockDataDir(dir, { waitMs: 20_000 });
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
  });
});

describe('the directory', () => {
  test('is made with a word about it on first use, and reopened without one', async () => {
    const place = path.join(dir, 'deep', 'er');
    const said: string[] = [];
    const onMessage = (message: string) => said.push(message);
    await (await openEmbedded(place, { onMessage })).close();
    expect(said).toEqual([expect.stringContaining('first use')]);
    const again = await openEmbedded(place, { onMessage });
    expect(said).toHaveLength(1);
    await again.close();
    expect(existsSync(path.join(place, 'lock'))).toBe(false);
  });

  test('that holds something else is left alone', async () => {
    await writeFile(path.join(dir, 'thesis.doc'), 'precious');
    await expect(openEmbedded(dir)).rejects.toMatchObject({ code: 'data-dir-foreign' });
    expect(await readFile(path.join(dir, 'thesis.doc'), 'utf8')).toBe('precious');
  });

  test('that is a file, or lies below one, is a clear error', async () => {
    const file = path.join(dir, 'file');
    await writeFile(file, '');
    for (const place of [file, path.join(file, 'below')]) {
      await expect(openEmbedded(place)).rejects.toMatchObject({ code: 'data-dir-unusable' });
    }
  });

  test('with damaged files is a clear error and not an abort, and the lock is free again', async () => {
    await mkdir(path.join(dir, 'database', 'global'), { recursive: true });
    await writeFile(path.join(dir, 'database', 'PG_VERSION'), '18\n');
    await expect(openEmbedded(dir)).rejects.toMatchObject({
      code: 'data-dir-unusable',
      fix: expect.stringContaining('--data-dir'),
    });
    expect(existsSync(path.join(dir, 'lock'))).toBe(false);
  });
});

test('row-level security is in force in the embedded database, too', async () => {
  const { db, remove } = await createEmbedded();
  const kept = { ...db, close: async () => {} };
  await saveRun(async () => kept, makeUpload('mine'), sourceOf([makeResult(1)]), makeOptions());
  const seen = (team: string) =>
    db.transaction(() => db.query('SELECT count(*) AS n FROM test_results'), {
      begin: beginIn(
        'public',
        'SET LOCAL ROLE lukhas_service',
        `SELECT set_config('lukhas.team_id', '${team}', true)`,
      ),
    });
  const [team] = await rowsIn<{ id: string }>(db, 'SELECT id FROM teams');
  expect(await seen(team?.id ?? '')).toEqual([{ n: 1 }]);
  expect(await seen('00000000-0000-0000-0000-000000000000')).toEqual([{ n: 0 }]);
  await expect(
    saveRun(async () => kept, makeUpload('x', { teamSlug: 'unknown' }), sourceOf([]), makeOptions()),
  ).rejects.toMatchObject({ code: 'team-unknown' });
  await remove();
});

test('six processes that write into one new directory at once lose nothing', async () => {
  const report = path.join(dir, 'report.xml');
  const cases = Array.from({ length: 200 }, (_, i) => `<testcase classname="tests.t" name="test_${i}"/>`);
  await writeFile(report, `<testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`);
  const place = path.join(dir, 'new');
  const written = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((n) =>
      runCli('lukhas-upload', [report, '--data-dir', place, '--upload-key', `writer ${n}`]),
    ),
  );
  expect(written.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  const db = await openEmbedded(place);
  expect(
    await rowsIn(db, 'SELECT count(*) AS results, count(DISTINCT test_run_id) AS runs FROM test_results'),
  ).toEqual([{ results: 1200, runs: 6 }]);
  await db.close();
});
