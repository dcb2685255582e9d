// Many at once: uploaders of one key, of twenty teams through a pool of twenty, and uploads behind locks with time-outs of the login's own.
import { setTimeout as sleep } from 'node:timers/promises';
import { startPgBouncer } from '../../test/support/pgbouncer.ts';
import { ask, connectTo, inTurns, openWorld, type Part, upload } from './world.ts';

const saveTests = 'test/store/runs/save.test.ts';
const faultTests = 'test/store/runs/faults.test.ts';

export const racers: Part = {
  name: 'racers',
  count: 40,
  what: 'upload keys, each by 16 uploaders at once',
  slice: [`${saveTests}: sixteen uploads with one key at once store one copy and all succeed`],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      let won = 0;
      await inTurns(count, 4, async (n) => {
        const key = `race ${n}`;
        const all = await Promise.allSettled(
          Array.from({ length: 16 }, () => upload(world, key, world.team.url, { mayBeStored: true })),
        );
        for (const one of all) if (one.status === 'rejected') findings.wrong(`${key}: ${one.reason}`);
        won += all.filter(({ status }) => status === 'fulfilled').length;
      });
      const [row] = await ask(world, 'SELECT count(*)::int AS runs FROM test_runs');
      findings.say(`${won} of ${16 * count} uploaders succeeded, ${row?.runs} runs of ${count} keys`);
      findings.check(row?.runs === count, 'more or fewer runs than keys');
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};

export const poolers: Part = {
  name: 'poolers',
  count: 200,
  what: 'uploaders of 20 teams at once through PgBouncer with 20 connections, in transaction and in session mode',
  slice: [`${faultTests}: uploads are stored, repeated and raced as without it`],
  run: async (findings, count) => {
    const world = await openWorld({ teams: 20 });
    try {
      for (const mode of ['transaction', 'session'] as const) {
        const pooler = await startPgBouncer(world.team.url, {
          adminUrl: world.server.adminUrl,
          loginUrls: world.teams.slice(1).map(({ url }) => url),
          poolSize: 20,
          mostConnections: 20,
          mode,
        });
        if (pooler === undefined) {
          findings.say('skipped: pgbouncer is not installed');
          return;
        }
        try {
          await findings.uploads(`${mode} mode`, count, count, (n) => {
            const team = world.teams[n % world.teams.length] ?? world.team;
            return upload(world, `${mode} ${n}`, pooler.url(team.url));
          });
          const [most] = await ask(
            world,
            `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename LIKE 'soak%'`,
          );
          findings.check(Number(most?.n) <= 20, `${most?.n} connections`);
        } finally {
          await pooler.stop();
        }
      }
      const rows = await ask(world, 'SELECT team_id, count(*)::int AS n FROM test_runs GROUP BY 1');
      findings.check(
        rows.length === 20 && rows.every(({ n }) => Number(n) === count / 10),
        'a run is another team’s',
      );
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};

export const timeouts: Part = {
  name: 'timeouts',
  count: 60,
  what: 'uploads behind tables that are locked for up to 8 s, by a login whose lock_timeout and statement_timeout are 100 ms and whose idle time-outs are 10 s',
  slice: [
    'test/store/runs/lost-connections.test.ts: a statement that hangs on the server is ended there, and keeps no lock',
    'test/store/schema/tenants.test.ts: whatever a login takes and keeps, another team uploads, teaches and makes months as if alone',
  ],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      const limits = {
        lock_timeout: '100ms',
        statement_timeout: '100ms',
        // A client on a busy machine may well be silent for a second.
        idle_in_transaction_session_timeout: '10s',
        idle_session_timeout: '10s',
      };
      for (const [name, value] of Object.entries(limits))
        await ask(world, `ALTER ROLE ${world.team.role} SET ${name} = '${value}'`);
      const holder = await connectTo(world.server.adminUrl);
      let over = false;
      const holding = (async () => {
        for (let n = 0; !over; n++) {
          const table = ['test_runs', 'test_results', 'coverage_data', 'ingest_uploads'][n % 4];
          await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
          await sleep(findings.random.next() * 8000);
          await holder.query('ROLLBACK');
          await sleep(1000);
        }
      })();
      const { outcomes } = await findings.uploads('behind locks', count, 10, (n) =>
        upload(world, `locked ${n}`, world.team.url),
      );
      over = true;
      await holding;
      await holder.end();
      findings.check(
        outcomes.some(({ ms }) => ms > 2000),
        'no upload waited for a lock',
      );
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};
