// Writes docs/schema.sql, and what a database is compared with: an empty database, the migrations, and a dump from the catalogues.
// Run by `npm run dump:schema`.
import { writeFile } from 'node:fs/promises';
import { openPostgres } from '../src/store/database/pg.ts';
import { beginIn } from '../src/store/database/search-path.ts';
import { dumpSchema, readCatalogue } from '../src/store/schema/catalogue.ts';
import { fingerprintsOf } from '../src/store/schema/fingerprints.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { startPostgres } from '../test/support/postgres.ts';

const server = await startPostgres({ external: false });
try {
  const db = await openPostgres(server.adminUrl);
  await migrate(db);
  const query = (sql) => db.transaction(() => db.query(sql), { begin: beginIn('public') });
  await writeFile('docs/schema.sql', await dumpSchema(query));
  await writeFile(
    'src/store/schema/catalogue.generated.ts',
    `// Made by scripts/dump-schema.mjs from a database that the migrations have made. Never edited: run \`npm run dump:schema\`.
import type { Fingerprints } from './fingerprints.ts';

export const expected: Fingerprints = ${JSON.stringify(fingerprintsOf(await readCatalogue(query), 'public'), null, 2)};
`,
  );
  await db.close();
} finally {
  await server.stop();
}
