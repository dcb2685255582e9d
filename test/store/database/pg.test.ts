// What a connection to a server keeps, and for how long.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, inject, test } from 'vitest';
import { openPostgres } from '../../../src/store/database/pg.ts';
import { beginInCatalog } from '../../../src/store/database/search-path.ts';

test('a connection keeps nothing of the answers that it gave', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const db = await openPostgres(inject('postgresAdminUrl'));
  try {
    const ask = (n: number) => db.query(`SELECT n FROM generate_series(1, ${n}) AS n`);
    const answers = await db.transaction(
      async () => {
        const refs = [new WeakRef(await ask(1000)), new WeakRef(await ask(2000))];
        await ask(1);
        return refs;
      },
      { begin: beginInCatalog() },
    );
    // A weak reference holds until its job ends.
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    expect(answers.map((answer) => answer.deref() === undefined)).toEqual([true, true]);
  } finally {
    await db.close();
  }
});
