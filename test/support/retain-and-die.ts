// A program: lets go what is past its time, and kills itself at one of its calls to the database.
//   node --import tsx retain-and-die.ts <url> <call, or a word of it> <milliseconds after it>
// Prints each call's verb as it begins; call 0 never comes, so that all are made.
import { writeSync } from 'node:fs';
import { openPostgres } from '../../src/store/database/pg.ts';
import type { Database } from '../../src/store/database/port.ts';
import { documented, keptTables } from '../../src/store/keep/policy.ts';
import { retain } from '../../src/store/keep/retain.ts';

const [url = '', at = '', after = ''] = process.argv.slice(2);
let calls = 0;

function call(verb: string): void {
  calls++;
  // At once: what a pipe holds back would be lost.
  writeSync(1, `${verb}\n`);
  if (calls === Number(at) || (at.length > 4 && verb.includes(at)))
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(after));
}

const db = await openPostgres(url);
const counted: Database = {
  ...db,
  query: (sql, params) => {
    call('query');
    return db.query(sql, params);
  },
  run: (sql, params) => {
    call('run');
    return db.run(sql, params);
  },
  script: (sql) => {
    call('script');
    return db.script(sql);
  },
  outside: (sql) => {
    call(`outside ${/CONCURRENTLY|FINALIZE|VACUUM/.exec(sql)?.[0] ?? ''}`);
    return db.outside(sql);
  },
  transaction: async (work, edges) => {
    call('begin');
    return db.transaction(async () => {
      const result = await work();
      call('commit');
      return result;
    }, edges);
  },
};
await retain(counted, {
  policy: documented,
  tables: keptTables,
  connect: (limits) => openPostgres(url, limits),
});
await db.close();
