// Large runs through temporary tables on PostgreSQL 18, whose reads pin more of a session's few local buffers: another project met
// SQLSTATE 53000 ("no empty local buffer available") there.
import { makeFailure, makeResult, sourceOf } from '../../test/support/runs.ts';
import { openWorld, type Part, upload } from './world.ts';

const major = Number(process.env.LUKHAS_TEST_MAJOR ?? 18);
const tests = 100_000;

export const staging: Part = {
  name: 'staging',
  count: 200,
  what: `uploads of ${tests} tests on PostgreSQL ${major}`,
  slice: ['test/store/runs/save.test.ts: a run of many batches is stored whole'],
  alone: true,
  async run(findings, count) {
    const world = await openWorld({ major, settings: { fsync: 'off', max_wal_size: '8GB' } });
    try {
      const results = Array.from({ length: tests }, (_, n) =>
        n % 20 === 0 ? makeFailure(n, 'x'.repeat(2000)) : makeResult(n),
      );
      const source = sourceOf(results);
      const before = process.cpuUsage();
      let rows = 0;
      const { outcomes } = await findings.uploads(`${tests} tests`, count, 2, async (n) => {
        const outcome = await upload(world, `staged ${n}`, world.team.url, { source });
        if ((n + 1) % 20 === 0) findings.say(`${n + 1} uploads`);
        return outcome;
      });
      const { user, system } = process.cpuUsage(before);
      rows = (await world.sql.query('SELECT count(*)::int AS n FROM test_results')).rows[0].n;
      const median = outcomes.map(({ ms }) => ms).sort((a, b) => a - b)[outcomes.length >> 1] ?? 0;
      findings.say(
        `${rows} rows; median ${(median / 1000).toFixed(1)} s an upload, two at a time; ${((user + system) / 1e6 / count).toFixed(2)} s of the client's processor time each`,
      );
      findings.check(rows === count * tests, `${rows} rows`);
      findings.check(
        outcomes.every(({ retries }) => retries.length === 0),
        'an upload had to be tried again',
      );
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};
