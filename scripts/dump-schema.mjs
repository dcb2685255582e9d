// Writes docs/schema.sql: an empty database, the migrations, and a dump from the catalogues. Run by `npm run dump:schema`.
import { writeFile } from 'node:fs/promises';
import { openPostgres } from '../src/store/database/pg.ts';
import { beginIn } from '../src/store/database/search-path.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { dumpSchema } from '../test/support/schema-dump.ts';

const server = await startPostgres({ external: false });
try {
  const db = await openPostgres(server.adminUrl);
  await migrate(db);
  await writeFile(
    'docs/schema.sql',
    await dumpSchema((sql) => db.transaction(() => db.query(sql), { begin: beginIn('public') })),
  );
  await db.close();
} finally {
  await server.stop();
}
