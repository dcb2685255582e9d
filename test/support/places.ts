// The two databases as places to test in: a limited login on PostgreSQL 15 and the embedded database, both under row-level
// security, with a second team beside the first and a way to look at everything.

import { openPostgres } from '../../src/store/database/pg.ts';
import type { Connect, Database } from '../../src/store/database/port.ts';
import { grantUploads } from '../../src/store/schema/access.ts';
import { addTeam } from '../../src/store/schema/teams.ts';
import { createEmbedded, createReadyDatabase, uniqueRole } from './databases.ts';
import { rowsIn } from './sql.ts';

export interface Place {
  readonly isEmbedded: boolean;
  readonly connect: Connect;
  /** An administrator's connection. */
  readonly administer: Connect;
  /** Looks at everything, past row-level security. */
  look(sql: string, params?: readonly string[]): Promise<Record<string, unknown>[]>;
  readonly team: { readonly id: string; readonly slug: string };
  /** Named where the login serves several teams. */
  readonly teamSlug: string | undefined;
  readonly other: { readonly id: string; readonly connect: Connect; readonly teamSlug: string | undefined };
  remove(): Promise<void>;
}

export const placeNames = ['PostgreSQL 15', 'the embedded database'] as const;

export async function createPlace(name: (typeof placeNames)[number]): Promise<Place> {
  if (name === 'PostgreSQL 15') {
    const ready = await createReadyDatabase();
    const admin = await openPostgres(ready.adminUrl);
    const other = await addTeam(admin, { slug: 'rival' });
    const role = uniqueRole();
    const grant = await grantUploads(admin, { teamSlug: 'rival', role, adminUrl: ready.adminUrl });
    return {
      isEmbedded: false,
      connect: (limits) => openPostgres(ready.uploadUrl, limits),
      administer: (limits) => openPostgres(ready.adminUrl, limits),
      look: (sql, params) => rowsIn(admin, sql, params),
      team: ready.team,
      teamSlug: undefined,
      other: {
        id: other.id,
        connect: (limits) => openPostgres(grant.databaseUrl, limits),
        teamSlug: undefined,
      },
      remove: async () => {
        await admin.close();
        await ready.drop();
      },
    };
  }
  const embedded = await createEmbedded();
  const team = await addTeam(embedded.db, { slug: 'local' });
  const other = await addTeam(embedded.db, { slug: 'rival' });
  // What connects closes, and one process opens the directory once: the connection is handed out one caller at a time.
  let last: Promise<void> = Promise.resolve();
  const connect: Connect = async () => {
    const before = last;
    let free: () => void = () => {};
    last = new Promise((resolve) => {
      free = resolve;
    });
    await before;
    const db: Database = { ...embedded.db, close: async () => free() };
    return db;
  };
  return {
    isEmbedded: true,
    connect,
    administer: connect,
    look: (sql, params) => rowsIn(embedded.db, sql, params),
    team,
    teamSlug: 'local',
    other: { id: other.id, connect, teamSlug: 'rival' },
    remove: embedded.remove,
  };
}

/** The place with connections that are used again, as a pool's are: a new one costs a server as much as an upload. */
export function keepConnections(place: Place): Place {
  // It has one connection, which is kept anyway.
  if (place.isEmbedded) return place;
  const all: Database[] = [];
  const idle: Database[] = [];
  return {
    ...place,
    connect: async () => {
      let db = idle.pop();
      if (db === undefined) {
        db = await place.connect();
        all.push(db);
      }
      const taken = db;
      return { ...taken, close: async () => void idle.push(taken) };
    },
    remove: async () => {
      await Promise.all(all.map((db) => db.close()));
      await place.remove();
    },
  };
}
