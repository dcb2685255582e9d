// The embedded database's directory: one process at a time, ours or nobody's, whole or a clear error.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  defaultDataDir,
  makeDataDir,
  makeFilesDir,
  whyUnsafe,
} from '../../../src/store/database/data-dir.ts';
import { lockDataDir } from '../../../src/store/database/data-dir-lock.ts';
import { arrayTypes } from '../../../src/store/database/engine.ts';
import { openPglite } from '../../../src/store/database/pglite.ts';
import { beginIn } from '../../../src/store/database/search-path.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { openEmbedded } from '../../../src/store/schema/embedded.ts';
import { runCli } from '../../support/cli.ts';
import { createEmbedded, temporaryDir } from '../../support/databases.ts';
import { rounds } from '../../support/long.ts';
import { node24 } from '../../support/node24.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';
import { rowsIn } from '../../support/sql.ts';

let dir: string;
beforeEach(async () => {
  dir = await temporaryDir();
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Of this system, as far as one may tell: what a process of the same container writes. */
const here = {
  pid: process.pid,
  host: hostname(),
  boot: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  namespace: readOr(() => readlinkSync('/proc/self/ns/pid')),
  token: 'x',
};
const holder = (changes: Record<string, unknown>): string => JSON.stringify({ ...here, ...changes });
const gone = 2 ** 22 + 12345;

function readOr(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

describe('the lock', () => {
  test('keeps a second one out until the first is released, and says for whom it waits', async () => {
    const first = await lockDataDir(dir, { waitMs: 0 });
    const said: string[] = [];
    const waiting = lockDataDir(dir, { waitMs: 60_000, onWait: (message) => said.push(message) });
    await expect.poll(() => said.length, { timeout: 60_000 }).toBe(1);
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
    ['a process that is gone', holder({ pid: gone })],
    ['a process id that was given again', holder({ pid: process.pid, started: '1' })],
  ])('of %s is taken over', async (_, text) => {
    await writeFile(path.join(dir, 'lock'), text);
    const lock = await lockDataDir(dir, { waitMs: 0 });
    expect(JSON.parse(await readFile(path.join(dir, 'lock'), 'utf8')).pid).toBe(process.pid);
    await lock.release();
  });

  test.each([
    ['of another machine', holder({ host: 'another-machine', pid: 1 }), 'process 1 on another-machine'],
    ['of another container', holder({ namespace: 'pid:[1]', pid: gone }), 'of another container'],
    ['of the system before it was started again', holder({ boot: 'another', pid: gone }), `process ${gone}`],
    ['of a program that wrote no more than its id', holder({ boot: undefined, pid: gone }), `${gone}`],
    ['cut off by a full disk', '{"pid": 12', 'somebody'],
    ['still empty', '', 'somebody'],
  ])('%s is believed, until it has stood still for long enough', async (_, text, name) => {
    const file = path.join(dir, 'lock');
    await writeFile(file, text);
    await expect(lockDataDir(dir, { waitMs: 0 })).rejects.toMatchObject({
      code: 'data-dir-busy',
      message: expect.stringContaining(name),
    });
    expect(await readFile(file, 'utf8')).toBe(text);
    await (await lockDataDir(dir, { waitMs: 60_000, stillMs: 150 })).release();
  });

  test('that beats is never taken over, however long it is waited for', async () => {
    const file = path.join(dir, 'lock');
    let beats = 0;
    const beat = () => writeFileSync(file, holder({ beats: beats++, namespace: 'pid:[1]', pid: gone }));
    beat();
    const timer = setInterval(beat, 50);
    try {
      await expect(lockDataDir(dir, { waitMs: 3000, stillMs: 2000 })).rejects.toMatchObject({
        code: 'data-dir-busy',
      });
    } finally {
      clearInterval(timer);
    }
  });

  test('beats while its process is busy with something else', async () => {
    const lock = await lockDataDir(dir, { waitMs: 0 });
    const file = path.join(dir, 'lock');
    const before = readFileSync(file, 'utf8');
    // As PGlite does for as long as a statement takes.
    const until = performance.now() + 60_000;
    while (performance.now() < until && readFileSync(file, 'utf8') === before);
    const beating = readFileSync(file, 'utf8');
    expect(beating).not.toBe(before);
    expect(JSON.parse(beating)).toEqual({ ...JSON.parse(before), beats: expect.any(String) });
    await lock.release();
  });

  test('that somebody took over is told to the one who held it, and theirs stays', async () => {
    const lock = await lockDataDir(dir, { waitMs: 0 });
    await lock.check();
    const theirs = holder({ token: 'theirs' });
    await rm(path.join(dir, 'lock'));
    await writeFile(path.join(dir, 'lock'), theirs);
    await expect(lock.check()).rejects.toMatchObject({ code: 'data-dir-taken' });
    await lock.release();
    expect(await readFile(path.join(dir, 'lock'), 'utf8')).toBe(theirs);
  });

  test('left by a dead process is taken over by one of many waiters at a time', async () => {
    await writeFile(path.join(dir, 'lock'), holder({ pid: gone }));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const lock = await lockDataDir(dir, { waitMs: 100_000 });
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
  });
});

/** Puts something that is no plain file at a place. */
const oddities: Readonly<Record<string, (place: string) => Promise<unknown> | unknown>> = {
  'a named pipe': (place) => execFileSync('mkfifo', [place]),
  'a symbolic link to a device': (place) => symlink('/dev/zero', place),
  'a symbolic link to a lock of nobody': async (place) => {
    await writeFile(`${place}.elsewhere`, holder({ pid: gone }));
    await symlink(`${place}.elsewhere`, place);
  },
  'a symbolic link to nowhere': (place) => symlink(`${place}.elsewhere`, place),
  'a folder': (place) => mkdir(place),
  'a file of another program': (place) => writeFile(place, 'x'.repeat(10_000)),
};

describe('the lock that is', () => {
  test.each(Object.keys(oddities))(
    '%s is named, never waited for, followed or removed',
    async (name) => {
      const lock = path.join(dir, 'lock');
      await oddities[name]?.(lock);
      const before = await lstat(lock);
      const refused = lockDataDir(dir, { waitMs: 0 });
      await expect(refused).rejects.toMatchObject({
        code: 'data-dir-unusable',
        message: expect.stringContaining(lock),
        fix: expect.stringContaining('--data-dir'),
      });
      expect((await lstat(lock)).ino).toBe(before.ino);
      const left = ['lock', ...(existsSync(`${lock}.elsewhere`) ? ['lock.elsewhere'] : [])];
      expect(await readdir(dir)).toEqual(left);
    },
    60_000,
  );

  test('left by a dead process is not taken over by way of a link or a pipe', async () => {
    for (const name of ['a named pipe', 'a symbolic link to nowhere']) {
      const broom = path.join(dir, 'lock.takeover');
      await writeFile(path.join(dir, 'lock'), holder({ pid: gone }));
      await oddities[name]?.(broom);
      await expect(lockDataDir(dir, { waitMs: 0 })).rejects.toMatchObject({
        code: 'data-dir-unusable',
        message: expect.stringContaining(broom),
      });
      await rm(broom);
    }
  }, 60_000);

  test.each([1e300, 1.5, -1, Number.MAX_SAFE_INTEGER])(
    'of process %d, which cannot be, is taken over',
    async (pid) => {
      await writeFile(path.join(dir, 'lock'), holder({ pid }));
      await (await lockDataDir(dir, { waitMs: 0 })).release();
    },
  );
});

describe('who may have the directory', () => {
  const root = 0;
  const user = 1000;
  const mallory = 1001;
  const closed = (uid: number) => ({ uid, mode: 0o40700 });
  const shared = { uid: root, mode: 0o41777 };
  const system = { uid: root, mode: 0o40755 };
  test.each<
    [string, { uid: number; mode: number }, { uid: number; mode: number }, number, RegExp | undefined]
  >([
    ['own', closed(user), system, user, undefined],
    ['own, readable by others', { uid: user, mode: 0o40755 }, shared, user, undefined],
    [
      'own, writable by its group',
      { uid: user, mode: 0o40770 },
      system,
      user,
      /written to by others \(mode 770\)/,
    ],
    ['own, writable by all', { uid: user, mode: 0o40707 }, system, user, /written to by others \(mode 707\)/],
    ['own, sticky, writable by all', { uid: user, mode: 0o41777 }, system, user, /mode 1777/],
    ['somebody else’s', closed(mallory), shared, user, /belongs to another user \(user id 1001\)/],
    ['the system’s', system, system, user, /belongs to another user \(user id 0\)/],
    ['root’s own', closed(root), shared, root, undefined],
    ['root’s own, writable by all', { uid: root, mode: 0o40777 }, system, root, /mode 777/],
    ['a user’s, for root, where all can make folders', closed(mallory), shared, root, /user id 1001/],
    ['a user’s, for root, in a folder of that user', closed(mallory), closed(mallory), root, /user id 1001/],
    ['a user’s, for root, where root alone makes folders: a volume', closed(user), system, root, undefined],
  ])('%s', (_, folder, parent, me, why) => {
    if (why === undefined) expect(whyUnsafe(folder, parent, me)).toBeUndefined();
    else expect(whyUnsafe(folder, parent, me)).toMatch(why);
  });
});

describe('the directory', () => {
  test('is closed to others when it is made, with the folders above it that were missing', async () => {
    const place = path.join(dir, 'deep', 'er');
    const files = await makeFilesDir(await makeDataDir(place));
    for (const made of [path.dirname(place), place, files])
      expect((await stat(made)).mode & 0o777).toBe(0o700);
  });

  test.each([0o777, 0o1777, 0o770])(
    'that others can write to is refused with the command that closes it: %o',
    async (mode) => {
      await chmod(dir, mode);
      await expect(makeDataDir(dir)).rejects.toMatchObject({
        code: 'data-dir-unsafe',
        message: `others could change the embedded database: ${dir} can be written to by others (mode ${mode.toString(8)})`,
        fix: expect.stringContaining(`chmod go-w '${dir}'`),
      });
      expect(await readdir(dir)).toEqual([]);
    },
  );

  test('that belongs to another user is refused', async () => {
    let place = '/usr';
    if (process.getuid?.() === 0) {
      // In a folder that all can write to, as /tmp is.
      const parent = path.join(dir, 'shared');
      place = path.join(parent, 'mallory');
      await mkdir(place, { recursive: true });
      await chmod(parent, 0o1777);
      await chown(place, 12_345, 12_345);
    }
    await expect(makeDataDir(place)).rejects.toMatchObject({
      code: 'data-dir-unsafe',
      message: expect.stringContaining('belongs to another user'),
    });
  });

  test('in a folder that all can write to is safe where nobody can rename it, else that is said', async () => {
    const parent = path.join(dir, 'shared');
    await mkdir(parent);
    for (const [mode, said] of [
      [0o1777, []],
      [0o777, [expect.stringContaining(`${parent} (mode 777)`)]],
    ] as const) {
      await chmod(parent, mode);
      const messages: string[] = [];
      await makeDataDir(path.join(parent, 'mine'), (message) => messages.push(message));
      expect(messages).toEqual(said);
    }
  });

  test('may be a link of its user’s to a folder of theirs; what is in it may not', async () => {
    const there = path.join(dir, 'there');
    await mkdir(there, { mode: 0o700 });
    await symlink(there, path.join(dir, 'link'));
    expect(await makeDataDir(path.join(dir, 'link'))).toBe(there);
    const files = path.join(there, 'database');
    await symlink(dir, files);
    await expect(makeFilesDir(there)).rejects.toMatchObject({
      code: 'data-dir-unsafe',
      message: expect.stringContaining(`${files} is a symbolic link`),
    });
  });

  test.runIf(process.getuid?.() === 0)('may not be a link that another user made', async () => {
    const there = path.join(dir, 'there');
    await mkdir(there, { mode: 0o700 });
    await symlink(there, path.join(dir, 'link'));
    execFileSync('chown', ['-h', '12345', path.join(dir, 'link')]);
    await expect(makeDataDir(path.join(dir, 'link'))).rejects.toMatchObject({
      code: 'data-dir-unsafe',
      message: expect.stringContaining('is a symbolic link of another user'),
    });
    expect(await readdir(there)).toEqual([]);
  });

  test.each([
    'a named pipe',
    'a symbolic link to a device',
    'a symbolic link to nowhere',
    'a file of another program',
  ])(
    'that is %s is a clear error',
    async (name) => {
      const place = path.join(dir, 'place');
      await oddities[name]?.(place);
      await expect(openEmbedded(place)).rejects.toMatchObject({
        code: 'data-dir-unusable',
        message: expect.stringContaining(place),
        fix: expect.stringContaining('--data-dir'),
      });
    },
    60_000,
  );

  test('by default is below XDG_DATA_HOME where that is a whole path, as its specification says', () => {
    expect(defaultDataDir({ XDG_DATA_HOME: '/d' }, 'linux', () => '/h')).toBe('/d/lukhas');
    expect(defaultDataDir({ XDG_DATA_HOME: 'd' }, 'linux', () => '/h')).toBe('/h/.local/share/lukhas');
  });

  test('is made with a word about it on first use, also where that was cut off before, and reopened without one', async () => {
    const place = path.join(dir, 'deep', 'er');
    // What a process left that was killed while it made one.
    await mkdir(path.join(place, 'database', 'base'), { recursive: true, mode: 0o700 });
    await writeFile(path.join(place, 'unfinished'), '');
    const said: string[] = [];
    const onMessage = (message: string) => said.push(message);
    await (await openEmbedded(place, { onMessage })).close();
    expect(said).toEqual([expect.stringContaining('first use')]);
    // Unpacked, and not made by initdb, which would find UTC here.
    expect(await readFile(path.join(place, 'database', 'postgresql.conf'), 'utf8')).toContain(
      "timezone = 'Etc/GMT0'",
    );
    const again = await openEmbedded(place, { onMessage });
    expect(said).toHaveLength(1);
    await again.close();
    expect(await readdir(place)).toEqual(['database']);
  });

  test('is never left by the files of an archive, and an archive that is none is a clear error', async () => {
    const place = path.join(dir, 'inner', 'place');
    const head = Buffer.alloc(1024);
    head.write('../../../escaped');
    head.write('00000000001', 124);
    head.write('0', 156);
    for (const archive of [Buffer.from('none'), gzipSync(head).subarray(0, 20), gzipSync(head)])
      await expect(openPglite(place, { archive })).rejects.toMatchObject({
        code: 'data-dir-unusable',
        message: expect.stringContaining('archive that it is made from is damaged'),
      });
    const found = await readdir(dir, { recursive: true });
    expect(found.filter((name) => name.endsWith('escaped'))).toEqual(['inner/place/database/escaped']);
    head.write('none/inside\0');
    await expect(openPglite(place, { archive: gzipSync(head) })).rejects.toThrow(
      `cannot be written to: ${place} (ENOENT)`,
    );
  });

  test('that holds something else is left alone', async () => {
    await writeFile(path.join(dir, 'thesis.doc'), 'precious');
    await expect(openEmbedded(dir)).rejects.toMatchObject({ code: 'data-dir-foreign' });
    expect(await readFile(path.join(dir, 'thesis.doc'), 'utf8')).toBe('precious');
    expect(await readdir(dir)).toEqual(['thesis.doc']);
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

test('the engine that is told its arrays and is given its files at once has what PostgreSQL has', async () => {
  const { db, remove } = await createEmbedded();
  const told = arrayTypes.map(([element, array]) => ({ element, array }));
  expect(
    await rowsIn(
      db,
      'SELECT oid::int AS element, typarray::int AS array FROM pg_type WHERE oid = ANY ($1) ORDER BY oid',
      [arrayTypes.map(([element]) => element)],
    ),
  ).toEqual(told);
  // Columns of arrays, and of what is compared with arrays.
  expect(
    await rowsIn(
      db,
      `SELECT DISTINCT a.atttypid::regtype::text AS type FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
         AND a.atttypid <> ALL ($1) AND a.atttypid <> ALL ($2)`,
      [arrayTypes.map(([element]) => element), arrayTypes.map(([, array]) => array)],
    ),
  ).toEqual([]);
  expect(
    await rowsIn(
      db,
      `SELECT ARRAY['a,b', NULL, 'c"'] AS texts, ARRAY[[1, 2], [3, 4]] AS numbers, $1::uuid[] AS ids, ARRAY[true] AS flags,
         '2026-07-01 12:00+00'::timestamptz AT TIME ZONE 'Asia/Kathmandu' AS there, to_tsvector('english', 'running tests') AS words`,
      [['00000000-0000-0000-0000-000000000001']],
    ),
  ).toEqual([
    {
      texts: ['a,b', null, 'c"'],
      numbers: [
        [1, 2],
        [3, 4],
      ],
      ids: ['00000000-0000-0000-0000-000000000001'],
      flags: [true],
      there: expect.any(Date),
      words: "'run':1 'test':2",
    },
  ]);
  await remove();
});

test.each([process.execPath, node24()])('the engine is compiled once, in little memory: %s', async (node) => {
  const tellsPeak = `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))`;
  const { code, stderr } = await runCli('lukhas-upload', ['-', '--data-dir', path.join(dir, 'new')], {
    node,
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellsPeak)}` },
    input: '<testsuites><testsuite name="pytest"><testcase classname="t" name="a"/></testsuite></testsuites>',
  });
  expect(code).toBe(0);
  // In kilobytes. V8's second compiler takes 600,000 beside what is needed.
  expect(Number(/^peak (\d+)$/m.exec(stderr)?.[1])).toBeLessThan(400_000);
});

test('processes that write into one new directory at once lose nothing', async () => {
  const report = path.join(dir, 'report.xml');
  const cases = Array.from({ length: 200 }, (_, i) => `<testcase classname="tests.t" name="test_${i}"/>`);
  await writeFile(report, `<testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`);
  const place = path.join(dir, 'new');
  const writers = [1, 2, 3, 4, 5, 6].slice(0, rounds(2, 6));
  const written = await Promise.all(
    writers.map((n) => runCli('lukhas-upload', [report, '--data-dir', place, '--upload-key', `writer ${n}`])),
  );
  expect(written.map(({ code }) => code)).toEqual(writers.map(() => 0));
  const db = await openEmbedded(place);
  expect(
    await rowsIn(db, 'SELECT count(*) AS results, count(DISTINCT test_run_id) AS runs FROM test_results'),
  ).toEqual([{ results: 200 * writers.length, runs: writers.length }]);
  await db.close();
});

test('the first signal ends an upload that waits for another process', async () => {
  const lock = await lockDataDir(dir, { waitMs: 0 });
  const uploading = runCli('lukhas-upload', ['-', '--data-dir', dir], {
    input: '<testsuites><testsuite name="pytest"><testcase classname="t" name="a"/></testsuite></testsuites>',
    kill: { when: (stderr) => stderr.includes('waiting for'), signal: 'SIGINT' },
  });
  expect(await uploading).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('cancelled; nothing was stored'),
  });
  await lock.check();
  await lock.release();
});
