// What a new embedded database is made from, on standard output: the files that `initdb` leaves (of PGlite's makers, from npm) with
// our schema in them, as a tar archive. The same bytes on each machine and with each Node: the clock stands still meanwhile, and
// nothing else of the surroundings gets into PostgreSQL's files.
//   node --import tsx scripts/embedded-archive.ts > embedded.tar
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const fixed = Date.UTC(2026, 0, 1);
Date.now = () => fixed;
const { openPglite } = await import('../src/store/database/pglite.ts');
const { beginInCatalog } = await import('../src/store/database/search-path.ts');
const { migrate } = await import('../src/store/schema/migrate.ts');

const clean = 'node_modules/@electric-sql/pglite-prepopulatedfs/dist/prepopulatedfs.tgz';
/** A segment of the log of writes. */
const segment = /^pg_wal\/[0-9A-F]{24}$/;

const home = await mkdtemp(path.join(tmpdir(), 'lukhas-archive-'));
try {
  process.stdout.write(await pack(path.join(home, 'database'), await make()));
} finally {
  await rm(home, { recursive: true, force: true });
}

/** Makes the database; returns the name of the only segment that it needs. */
async function make(): Promise<string> {
  const db = await openPglite(home, { archive: await readFile(clean) });
  try {
    await migrate(db);
    // Patterns for other databases, which nobody makes here: two thirds of the files.
    await db.outside(
      `UPDATE pg_database SET datistemplate = false WHERE datname IN ('template0', 'template1')`,
    );
    for (const statement of [
      'DROP DATABASE template0',
      'DROP DATABASE template1',
      'VACUUM FREEZE',
      'CHECKPOINT',
    ])
      await db.outside(statement);
    // What was written so far need not be packed: closing writes one record more, into a segment of its own.
    await db.outside('SELECT pg_switch_wal()');
    const [log] = await db.transaction(
      () => db.query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name'),
      { begin: beginInCatalog() },
    );
    return `pg_wal/${log?.name}`;
  } finally {
    await db.close();
  }
}

/** A tar archive of a folder in the order of names, without times and owners, and without what PostgreSQL makes anew at each start. */
async function pack(folder: string, log: string): Promise<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = found
    .map((entry) => {
      const name = path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      return entry.isDirectory() ? `${name}/` : name;
    })
    .filter((name) => !/pg_internal\.init$|^postmaster\.pid$/.test(name))
    .filter((name) => !segment.test(name) || name === log)
    .sort();
  const parts: Buffer[] = [];
  for (const name of names) {
    const isFolder = name.endsWith('/');
    const bytes = isFolder ? Buffer.alloc(0) : await readFile(path.join(folder, name));
    // Unpacking gives it its size again.
    const kept = segment.test(name)
      ? bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1)
      : bytes;
    const head = Buffer.alloc(512);
    head.write(name);
    head.write(`${kept.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write(isFolder ? '5' : '0', 156);
    parts.push(head, kept, Buffer.alloc(-kept.length & 511));
  }
  return Buffer.concat(parts);
}
