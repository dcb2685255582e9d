// Servers that crash, restart, run out of disk, and hand over to a standby, under uploads.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../src/errors.ts';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Connect } from '../../src/store/database/port.ts';
import { type OwnServer, startOwnPostgres } from '../../test/support/postgres.ts';
import { makeCoverage, makeFailure, sourceOf } from '../../test/support/runs.ts';
import {
  ask,
  type Findings,
  type Outcome,
  openWorld,
  type Part,
  poolTo,
  upload,
  type World,
} from './world.ts';

const faultTests = 'test/store/runs/faults.test.ts';
/** Losing a server must lose nothing that it has acknowledged. */
const durable = { fsync: 'on', synchronous_commit: 'on' };

/** Ten uploaders, as long as the trouble lasts, which waits between its strokes until some more are stored. */
async function uploadMeanwhile(
  findings: Findings,
  world: World,
  name: string,
  connect: Connect,
  trouble: (someStored: () => Promise<void>) => Promise<void>,
): Promise<void> {
  let over = false;
  const outcomes: Outcome[] = [];
  const work = async (worker: number): Promise<void> => {
    for (let n = 0; !over; n++) {
      await upload(world, `${name} ${worker} ${n}`, connect).then(
        (outcome) => void outcomes.push(outcome),
        (error) => findings.wrong(`${name} ${worker} ${n}: ${String(error)}`),
      );
      await sleep(50);
    }
  };
  const working = Promise.all(Array.from({ length: 10 }, (_, worker) => work(worker)));
  try {
    await trouble(async () => {
      const enough = outcomes.length + 10;
      while (outcomes.length < enough && findings.bad === 0) await sleep(50);
    });
  } finally {
    over = true;
  }
  await working;
  const retries = outcomes.reduce((sum, outcome) => sum + outcome.retries.length, 0);
  const met = [...new Set(outcomes.flatMap((outcome) => outcome.retries))].sort();
  const worst = Math.max(0, ...outcomes.map(({ ms }) => ms));
  findings.say(
    `${name}: ${outcomes.length} uploads stored once, ${retries} retries (${met.join(', ')}), the longest took ${(worst / 1000).toFixed(1)} s`,
  );
  findings.check(retries > 0, 'no upload met the trouble');
  await findings.noOrphans(world);
}

export const crashes: Part = {
  name: 'crashes',
  count: 30,
  what: 'ends of the server (a killed back end, an immediate shutdown, a restart in turn) under ten uploaders',
  slice: [`${faultTests}: a backend that is terminated while rows arrive costs a retry, nothing more`],
  run: async (findings, count) => {
    const world = await openWorld({ settings: durable });
    try {
      const connect: Connect = (limits) => openPostgres(world.team.url, limits);
      await uploadMeanwhile(findings, world, 'crashes', connect, async (someStored) => {
        for (let n = 0; n < count; n++) {
          await someStored();
          await sleep(findings.random.next() * 1500);
          if (n % 3 === 0) {
            const [backend] = await ask(
              world,
              `SELECT pid FROM pg_stat_activity WHERE usename = $1 ORDER BY random() LIMIT 1`,
              [world.team.role],
            );
            // The server ends all its sessions and recovers.
            if (backend !== undefined) spawnSync('kill', ['-9', String(backend.pid)]);
          } else {
            await world.server.halt(n % 3 === 1 ? 'QUIT' : 'INT');
            await sleep(findings.random.next() * 2000);
            await world.server.start();
          }
        }
      });
    } finally {
      await world.stop();
    }
  },
};

export const promotions: Part = {
  name: 'promotions',
  count: 10,
  what: 'crashes of a primary with a synchronous standby, which is promoted, under ten uploaders',
  slice: [`${faultTests}: a database that is read-only is tried again until the deadline, then named`],
  run: async (findings, count) => {
    const world = await openWorld({ settings: durable });
    const others: OwnServer[] = [];
    try {
      let adminUrl = world.server.adminUrl;
      // As a name does that is pointed to the new primary.
      const connect: Connect = (limits) => {
        const { port } = new URL(adminUrl);
        return openPostgres(Object.assign(new URL(world.team.url), { port }).href, limits);
      };
      await uploadMeanwhile(findings, world, 'promotions', connect, async (someStored) => {
        for (let n = 0; n < count; n++) {
          await someStored();
          const primary = world.server;
          const standby = await startOwnPostgres({ settings: durable, standbyOf: primary });
          others.push(standby);
          await ask(world, `ALTER SYSTEM SET synchronous_standby_names = 'standby'`);
          await ask(world, 'SELECT pg_reload_conf()');
          for (let tries = 0; ; tries++) {
            const [state] = await ask(world, `SELECT sync_state FROM pg_stat_replication`);
            if (state?.sync_state === 'sync') break;
            if (tries === 300) throw new Error('the standby does not follow');
            await sleep(100);
          }
          await someStored();
          await sleep(findings.random.next() * 1500);
          await primary.halt('QUIT');
          // A standby still, for a moment: read-only.
          adminUrl = standby.adminUrl;
          world.server = standby;
          await world.sql.end().catch(() => {});
          world.sql = poolTo(standby.adminUrl);
          await sleep(1000);
          await ask(world, 'SELECT pg_promote()');
        }
      });
    } finally {
      await world.stop();
      for (const server of others) await server.stop();
    }
  },
};

export const disk: Part = {
  name: 'disk',
  count: 20,
  what: 'uploads while the disk of the whole server (a tmpfs) is full: every other time room is made within the deadline',
  slice: [
    'test/store/runs/soak.test.ts: %s, raised in the middle of an upload, is tried again: stored once, or not at all',
  ],
  run: async (findings, count) => {
    const place = await mkdtemp(path.join(tmpdir(), 'lukhas-disk-'));
    const mounted =
      userInfo().uid === 0 &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=0711', 'lukhas-soak', place]).status === 0;
    if (!mounted) {
      findings.say('skipped: a tmpfs of its own takes root');
      await rm(place, { recursive: true, force: true });
      return;
    }
    const under = path.join(place, 'server');
    await mkdir(under, { mode: 0o711 });
    const world = await openWorld({
      under,
      settings: { max_wal_size: '48MB', min_wal_size: '32MB', shared_buffers: '32MB' },
    });
    const filler = path.join(place, 'filler');
    const text = () => Array.from({ length: 180 }, () => findings.random.next().toString(36)).join('');
    let [stored, refused, deaths] = [0, 0, 0];
    const met = new Set<string>();
    try {
      for (let n = 0; n < count; n++) {
        // Of text that cannot be compressed.
        const results = Array.from({ length: 800 }, (_, i) => makeFailure(i, text()));
        const source = sourceOf(results, [makeCoverage(1)]);
        const key = `disk ${n}`;
        const before = await ask(
          world,
          `SELECT (SELECT count(*) FROM test_runs)::int AS runs, (SELECT count(*) FROM test_results)::int AS results`,
        );
        const { bavail, bsize } = await statfs(place);
        const room = Math.floor(findings.random.next() * 1_500_000);
        await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - room)));
        const isMended = n % 2 === 0;
        const mending = isMended ? sleep(1500).then(() => mend()) : undefined;
        const tried = await upload(world, key, world.team.url, {
          source,
          deadlineMs: isMended ? 120_000 : 3_000,
        }).catch((error) => error);
        await mending;
        if (tried instanceof Error) {
          const code =
            tried instanceof StoreError ? `${tried.code} ${tried.sqlstate ?? ''}`.trim() : String(tried);
          met.add(code);
          refused++;
          findings.check(!isMended && tried instanceof StoreError, `${key}: ${code}`);
          await mend();
          const after = await ask(
            world,
            `SELECT (SELECT count(*) FROM test_runs)::int AS runs, (SELECT count(*) FROM test_results)::int AS results`,
          );
          const isKnown = tried instanceof StoreError && tried.code === 'upload-outcome-unknown';
          findings.check(
            isKnown || JSON.stringify(after) === JSON.stringify(before),
            `${key}: rows of an upload that was refused`,
          );
          await upload(world, key, world.team.url, { source, mayBeStored: isKnown });
        } else {
          stored++;
          for (const reason of tried.retries) met.add(reason);
          await mend();
        }
        // The next round has room to fill.
        await ask(
          world,
          'DELETE FROM test_results; DELETE FROM coverage_data; DELETE FROM test_runs; DELETE FROM ingest_uploads',
        );
        await ask(world, 'VACUUM FULL test_results');
        await ask(world, 'CHECKPOINT');
      }
    } finally {
      await world.stop();
      spawnSync('umount', [place]);
      await rm(place, { recursive: true, force: true });
    }
    findings.say(
      `${stored} stored at the first go, ${refused} refused with nothing stored and stored later; met ${[...met].sort().join(', ')}; the server died ${deaths} times`,
    );
    findings.check(met.size > 0, 'no upload met a full disk');

    /** Makes room, and starts the server where the lack of it has ended it. */
    async function mend(): Promise<void> {
      await rm(filler, { force: true });
      const isThere = await openPostgres(world.server.adminUrl, { stallMs: 5000 }).then(
        async (db) => {
          await db.close();
          return true;
        },
        (error) => error instanceof StoreError && error.code !== 'database-unreachable',
      );
      if (isThere) return;
      deaths++;
      await world.server.halt('INT');
      await world.server.start();
    }
  },
};
