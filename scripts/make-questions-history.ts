// Makes the history that questions are looked at and measured with, in a database that is set up: of a fixed seed.
//   npx tsx scripts/make-questions-history.ts --database-url <an administrator's> --team <slug>    20,000 tests, 1,000 runs, 2 million results
//   npx tsx scripts/make-questions-history.ts --data-dir <a new folder>                           a tenth of it, in the embedded database
import { parseArgs } from 'node:util';
import { openPostgres } from '../src/store/database/pg.ts';
import { openEmbedded } from '../src/store/schema/embedded.ts';
import { ensurePartitions } from '../src/store/schema/partitions.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { fillQuestions, smallHistory } from '../test/support/questions-history.ts';

const { values } = parseArgs({
  options: {
    'database-url': { type: 'string' },
    'data-dir': { type: 'string' },
    team: { type: 'string', default: 'local' },
    tests: { type: 'string' },
    runs: { type: 'string' },
  },
});
const url = values['database-url'];
const db =
  url === undefined
    ? await openEmbedded(values['data-dir'] ?? '')
    : await openPostgres(url, { stallMs: 3_600_000 });
try {
  const team = await addTeam(db, { slug: values.team });
  await ensurePartitions(db, { monthsAhead: 1, monthsBack: 4 });
  const part = url === undefined ? 10 : 1;
  const started = performance.now();
  await fillQuestions(db, team.id, {
    ...smallHistory,
    tests: Number(values.tests ?? 20_000 / part),
    runs: Number(values.runs ?? 1000),
    shards: 10,
    days: 90,
    files: 40 / part,
    memories: 1000 / part,
    reviews: 500 / part,
  });
  await db.outside('ANALYZE');
  console.log(`made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
} finally {
  await db.close();
}
