// One team against another: every role, table, partition and verb, whatever the session sets; and everything that a login can take and
// keep, while the other team uploads.

import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../src/store/database/pg.ts';
import { grantUploads } from '../../src/store/schema/access.ts';
import { attack, holdEverything, layOut, otherRows } from '../../test/support/attacks.ts';
import { ask, install, openWorld, type Part, upload } from './world.ts';

const mostSlowerMs = 2_000;

export const tenants: Part = {
  name: 'tenants',
  count: 3,
  what: 'rounds of every role × table × (parent, leaf) × verb against another team, which uploads meanwhile',
  slice: [
    'test/store/schema/access.test.ts: reads no row of another team and writes none, through parents and partitions, whatever it sets',
    'test/store/schema/tenants.test.ts: no answer tells whether something of another team exists',
    'test/store/schema/tenants.test.ts: whatever a login takes and keeps, another team uploads, teaches and makes months as if alone',
  ],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      const { adminUrl } = world.server;
      const [red, blue] = await install(adminUrl, [{ slug: 'red' }, { slug: 'blue' }]);
      if (red === undefined || blue === undefined) throw new Error('no teams');
      const { outcomes: alone } = await findings.uploads('alone', 20, 1, (n) =>
        upload(world, `alone ${n}`, blue.url),
      );
      const siege = await layOut(adminUrl, { red: red.id, blue: blue.id });
      const as = (role: string) => Object.assign(new URL(adminUrl), { username: role, password: 'pw' }).href;
      for (const role of ['service', 'elsewhere', 'unbound', 'stranger'])
        await ask(world, `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
      await ask(world, 'GRANT lukhas_service TO service, elsewhere');
      await ask(world, 'GRANT lukhas_ingest TO unbound');
      await ask(world, `INSERT INTO service_credentials (role_name) VALUES ('service')`);
      const admin = await openPostgres(adminUrl);
      const { databaseUrl: reader } = await grantUploads(admin, {
        teamSlug: 'red',
        role: 'reader',
        adminUrl,
        readOnly: true,
      });
      await admin.close();
      // A back end names its team itself, and is trusted with all of them: it is attacked as where it is not named.
      const roles: readonly (readonly [name: string, url: string])[] = [
        ['a team’s login', red.url],
        ['a team’s login that reads', reader],
        ['a back end of another database', as('elsewhere')],
        ['a member of lukhas_ingest that is bound to no team', as('unbound')],
        ['a stranger', as('stranger')],
      ];
      const before = await otherRows(siege);
      // Whoever is slow for the machine's sake waits for no lock.
      const waits = { over: false, longest: 0 };
      const watching = (async () => {
        while (!waits.over) {
          const [row] = await ask(
            world,
            `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8 AS waited
             FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.usename = $1`,
            [world.team.role],
          );
          waits.longest = Math.max(waits.longest, Number(row?.waited));
          await sleep(50);
        }
      })();
      const uploads = { over: false, ms: [] as number[] };
      const team = world.team;
      // The third team's, so that the rows of the second stay as they are.
      const uploading = (async () => {
        for (let n = 0; !uploads.over; n++)
          await upload(world, `beside ${n}`, team.url).then(
            ({ ms }) => void uploads.ms.push(ms),
            (error) => findings.wrong(String(error)),
          );
      })();
      for (let round = 0; round < count; round++) {
        for (const [name, url] of roles) {
          const { breaches, statements } = await attack(siege, url);
          if (round === 0) findings.say(`${name}: ${statements} statements, ${breaches.length} got through`);
          for (const breach of breaches) findings.wrong(`${name}: ${breach}`);
        }
        const { held, refused, client } = await holdEverything(adminUrl, red.url, {
          mine: red.id,
          other: blue.id,
          otherRole: blue.role,
        });
        if (round === 0)
          findings.say(`everything that a login can take: ${held.length} held, ${refused.length} refused`);
        const done = uploads.ms.length;
        while (uploads.ms.length < done + 5 && findings.bad === 0) await sleep(20);
        await client.end();
      }
      uploads.over = true;
      await uploading;
      findings.check((await otherRows(siege)) === before, 'a row of the other team is another one');
      const { outcomes: after } = await findings.uploads('alone again', 20, 1, (n) =>
        upload(world, `again ${n}`, blue.url),
      );
      waits.over = true;
      await watching;
      const longest = (ms: readonly number[]) => Math.max(0, ...ms) / 1000;
      const [usual, beside] = [longest([...alone, ...after].map(({ ms }) => ms)), longest(uploads.ms)];
      findings.say(
        `${uploads.ms.length} uploads of another team beside them, the longest ${beside.toFixed(2)} s; alone ${usual.toFixed(2)} s; it waited for locks ${waits.longest.toFixed(2)} s at most`,
      );
      findings.check(waits.longest <= mostSlowerMs / 1000, 'another team waited for a lock of theirs');
      const isBusy = (loadavg()[0] ?? 0) > 2 * availableParallelism();
      if (isBusy) findings.say('the machine has other work: the times are not judged');
      else
        findings.check(
          beside - usual <= mostSlowerMs / 1000,
          'another team’s upload was slower by more than 2 s',
        );
    } finally {
      await world.stop();
    }
  },
};
