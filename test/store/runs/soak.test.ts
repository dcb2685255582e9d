// A slice of the soak: the states that a server may answer with in the middle of an upload. And each part of the soak names its slice.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parts } from '../../../scripts/soak/parts.ts';
import { openPostgres } from '../../../src/store/database/pg.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { saveRun } from '../../../src/store/runs/save.ts';
import { asAdmin, createReadyDatabase, type ReadyDatabase, rowsOf } from '../../support/databases.ts';
import { raiseOnce } from '../../support/raise-once.ts';
import { makeCoverage, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

const root = new URL('../../../', import.meta.url);

test.each(parts.map(({ name, slice }) => ({ name, slice })))(
  'a slice of the soak’s part $name runs in npm test',
  ({ slice }) => {
    expect(slice).not.toEqual([]);
    for (const named of slice) {
      const [file = '', name = ''] = named.split(/: (.*)/s);
      expect(existsSync(new URL(file, root)), file).toBe(true);
      expect(readFileSync(new URL(file, root), 'utf8')).toContain(name);
    }
  },
);

describe('a server that is in trouble for a moment', () => {
  let database: ReadyDatabase;
  let db: Database;
  let admin: Database;
  beforeAll(async () => {
    database = await createReadyDatabase();
    await asAdmin(database.adminUrl, raiseOnce);
    db = await openPostgres(database.uploadUrl);
    admin = await openPostgres(database.adminUrl);
  });
  afterAll(async () => {
    await db.close();
    await admin.close();
    await database.drop();
  });
  const counts = () =>
    rowsOf(
      database.adminUrl,
      'SELECT count(*)::int AS results, count(DISTINCT test_run_id)::int AS runs FROM test_results',
    );

  test.each(
    ['25006', '55P03', '57014', '40P01', '40001', '53100', '53200'].map((state, n) => ({ state, n })),
  )(
    '%s, raised in the middle of an upload, is tried again: stored once, or not at all',
    async ({ state, n }) => {
      await admin.outside(
        `TRUNCATE soak_state; INSERT INTO soak_state VALUES ('${state}'); ALTER SEQUENCE soak_turn RESTART`,
      );
      const upload = (deadlineMs: number, onRetry: (state: string | undefined) => void) =>
        saveRun(
          async () => ({ ...db, close: async () => {} }),
          makeUpload(state),
          sourceOf([makeResult(1), makeResult(2)], [makeCoverage(1)]),
          makeOptions({ deadlineMs, onRetry: ({ reason }) => onRetry(reason.sqlstate) }),
        );
      const before = await counts();
      await expect(upload(0, () => {})).rejects.toMatchObject({ sqlstate: state });
      expect(await counts()).toEqual(before);
      await admin.outside('ALTER SEQUENCE soak_turn RESTART');
      const retries: (string | undefined)[] = [];
      expect(await upload(60_000, (met) => retries.push(met))).toMatchObject({ stored: 'new' });
      expect(retries).toEqual([state]);
      expect(await counts()).toEqual([{ results: 2 * (n + 1), runs: n + 1 }]);
    },
  );
});
