// Databases with the schema, made once for a test run by the product's own migrations and copied wherever a test file needs
// one: a database of the test server and a directory of the embedded one.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { openPostgres } from '../../src/store/database/pg.ts';
import { openEmbedded } from '../../src/store/schema/embedded.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { ensurePartitions } from '../../src/store/schema/partitions.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of a database of the test server with the schema and the months around now. */
    templateDatabase: string;
    /** A directory of this run: the embedded database in it is made by the first test file that asks for one. */
    templateDir: string;
  }
}

/** vitest's globalSetup, after the server's. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { postgresAdminUrl } = project.getProvidedContext();
  const name = `template_${randomBytes(6).toString('hex')}`;
  const server = new pg.Client({ connectionString: postgresAdminUrl });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgresAdminUrl);
  url.pathname = `/${name}`;
  const db = await openPostgres(url.href);
  try {
    await migrate(db);
    await ensurePartitions(db, { monthsAhead: 2, monthsBack: 1 });
  } finally {
    await db.close();
  }
  project.provide('templateDatabase', name);
  const dir = await mkdtemp(path.join(tmpdir(), 'lukhas-template-'));
  project.provide('templateDir', dir);
  return async () => {
    await rm(dir, { recursive: true, force: true });
    // The server may be one that outlives this run.
    await server.query(`DROP DATABASE ${name}`);
    await server.end();
  };
}

/** What `initdb` leaves, without our schema: for `openPglite`. */
export const bareArchive = (): Promise<Buffer> =>
  readFile('node_modules/@electric-sql/pglite-prepopulatedfs/dist/prepopulatedfs.tgz');

/** Puts an embedded database with the schema into `dir`, which may not be there yet and holds nothing. */
export async function copyEmbedded(dir: string): Promise<void> {
  const template = path.join(inject('templateDir'), 'embedded');
  while (!existsSync(template)) {
    const making = `${template}-making`;
    const isMine = await mkdir(making).then(
      () => true,
      () => false,
    );
    // Making one takes seconds: the other test files wait for the first.
    if (!isMine) await setTimeout(50);
    else {
      try {
        await (await openEmbedded(making)).close();
        await rename(making, template);
      } catch (error) {
        await rm(making, { recursive: true, force: true });
        throw error;
      }
    }
  }
  await rm(dir, { recursive: true, force: true });
  await copyFolder(template, dir);
}

/** Of two thousand files: Node's own copying takes several times as long. */
async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-R', from, to]);
}
