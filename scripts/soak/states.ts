// SQLSTATEs that pass: as the server, a pooler or an administrator makes them.
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Connect } from '../../src/store/database/port.ts';
import { type Refusal, startFaultProxy } from '../../test/support/fault-proxy.ts';
import { raiseOnce } from '../../test/support/raise-once.ts';
import { connectTo, type Findings, openWorld, type Part, upload, type World } from './world.ts';

export const states: Part = {
  name: 'states',
  count: 10,
  what: 'times each SQLSTATE that passes',
  slice: [
    'test/store/runs/soak.test.ts: %s, raised in the middle of an upload, is tried again: stored once, or not at all',
    'test/store/runs/faults.test.ts: is tried again until it takes the connection, whatever it said before',
    'test/store/runs/faults.test.ts: a database that is read-only is tried again until the deadline, then named',
    'test/store/runs/faults.test.ts: no free connection is waited for',
  ],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      await runStates(findings, world, count);
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};

/** Each state so many times, as the server, a pooler or an administrator makes it. */
async function runStates(findings: Findings, world: World, times: number): Promise<void> {
  const { sql, team } = world;
  const { url: databaseUrl, role } = team;
  const runAll = findings.uploads.bind(findings);
  await sql.query(raiseOnce);
  for (const state of ['25006', '55P03', '57014', '40P01', '40001', '53100', '53200']) {
    await sql.query(`TRUNCATE soak_state; ALTER SEQUENCE soak_turn RESTART`);
    await sql.query('INSERT INTO soak_state VALUES ($1)', [state]);
    const { outcomes } = await runAll(`${state} raised in an upload`, times, 1, (n) =>
      upload(world, `${state} ${n}`, databaseUrl),
    );
    if (!outcomes.every(({ retries }) => retries.join() === state))
      findings.wrong(`${state} was not met once an upload`);
  }
  await sql.query('DROP TRIGGER soak ON coverage_data');
  for (const [state, verb] of [
    ['57P01', 'pg_terminate_backend'],
    ['57014', 'pg_cancel_backend'],
  ] as const) {
    await runAll(`${state} by ${verb}`, times, 1, (n) => {
      let sent = 0;
      const connect: Connect = async (limits) => {
        const db = await openPostgres(databaseUrl, limits);
        return {
          ...db,
          copyIn: async (text, rows, onSent) => {
            if (sent++ > 0) return db.copyIn(text, rows, onSent);
            const [{ pid } = { pid: 0 }] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
            const copying = db.copyIn(`${text}; DO $do$ BEGIN PERFORM pg_sleep(5); END $do$`, rows, onSent);
            copying.catch(() => {});
            await sleep(50);
            await sql.query(`SELECT ${verb}($1)`, [pid]);
            return copying;
          },
        };
      };
      return upload(world, `${verb} ${n}`, connect);
    });
  }
  await runAll('25006 by a database that is read-only for a moment', times, 1, async (n) => {
    await sql.query('ALTER DATABASE postgres SET default_transaction_read_only = on');
    const writable = sleep(300).then(() =>
      sql.query(
        'SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only',
      ),
    );
    const outcome = await upload(world, `read-only ${n}`, databaseUrl);
    await writable;
    return outcome;
  });
  await runAll('53300 by a login without a free connection', times, 1, async (n) => {
    await sql.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`);
    await sql.query(`ALTER ROLE ${role} CONNECTION LIMIT 1`);
    const holder = await connectTo(databaseUrl);
    const uploading = upload(world, `full ${n}`, databaseUrl);
    await sleep(300);
    await holder.end();
    const outcome = await uploading;
    await sql.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
    return outcome;
  });
  const refusals: Refusal[] = [
    { code: '57P03', message: 'the database system is starting up' },
    { code: '53300', message: 'sorry, too many clients already' },
    { code: '08P01', message: 'no more connections allowed (max_client_conn)' },
    { code: '08P01', message: 'query_wait_timeout' },
    { code: '08P01', message: 'server login has been failing, try again later (server_login_retry)' },
    { code: 'XX000', message: 'Max client connections reached' },
    { code: 'XX000', message: "Couldn't connect to compute node", severity: 'ERROR' },
  ];
  const { hostname, port } = new URL(databaseUrl);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  for (const refusal of refusals) {
    await runAll(`${refusal.code} at start-up: ${refusal.message}`, times, 1, (n) => {
      proxy.refuse([refusal, refusal]);
      return upload(world, `${refusal.message} ${n}`, proxy.url(databaseUrl));
    });
  }
  await proxy.close();
}
