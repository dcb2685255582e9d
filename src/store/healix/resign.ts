// Signs memories again after a signature got a new version, of all teams and shared ones. How one is signed is told from outside.
import type { Database } from '../database/port.ts';
import { asOwner } from '../schema/teams.ts';

/** The signatures of a memory, and what they were made of. */
export interface MemorySignatures {
  readonly driftSignature: string | undefined;
  readonly wordsSignature: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ResignOptions {
  /** The versions that uploads sign with: `d1`, `w1`. */
  readonly versions: { readonly drift: string; readonly words: string };
  /** Returns new signatures, and what changes in the metadata; old ones where it cannot. */
  sign(memory: MemorySignatures): MemorySignatures & { readonly isOld: boolean };
}

/** How many memories. */
export interface Resigned {
  /** Have both signatures of the current versions now. */
  readonly signed: number;
  /** Keep a signature of an older version. Retired ones are not counted. */
  readonly old: number;
}

/** Memories of one transaction: uploads wait for a row's lock no longer than for these. */
const batch = 500;

/**
 * Signs all memories again that have a signature of another version. Each batch is a transaction of its own; a run that was cut off is
 * taken up by the next one. Needs an administrator's connection.
 */
export async function resignMemories(db: Database, options: ResignOptions): Promise<Resigned> {
  let signed = 0;
  let old = 0;
  for (const table of ['healix_memories', 'shared_memories'] as const) {
    let after: Key | undefined;
    do {
      const done = await resignBatch(db, table, after, options);
      signed += done.signed;
      old += done.old;
      after = done.last;
    } while (after !== undefined);
  }
  return { signed, old };
}

/** Where a batch ended: ids of two teams may be equal. */
interface Key {
  readonly team: string;
  readonly id: string;
}

type Row = {
  readonly team: string;
  readonly id: string;
  readonly drift_signature: string | null;
  readonly words_signature: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly retired: boolean;
};

const noTeam = '00000000-0000-0000-0000-000000000000';

function resignBatch(
  db: Database,
  table: 'healix_memories' | 'shared_memories',
  after: Key | undefined,
  { versions, sign }: ResignOptions,
): Promise<Resigned & { readonly last: Key | undefined }> {
  const team = table === 'healix_memories' ? 'h.team_id' : `'${noTeam}'::uuid`;
  return asOwner(db, async () => {
    // Locked in the order in which uploads lock them, which count what worked.
    const rows = await db.query<Row>(
      `SELECT ${team} AS team, h.id, h.drift_signature, h.words_signature, h.metadata, h.deleted_at IS NOT NULL AS retired
       FROM ${table} h
       WHERE (split_part(h.drift_signature, ':', 1) <> $1 OR split_part(h.words_signature, ':', 1) <> $2)
         AND ($3::uuid IS NULL OR (${team}, h.id) > ($3::uuid, $4::uuid))
       ORDER BY ${team}, h.id LIMIT ${batch} FOR NO KEY UPDATE`,
      [versions.drift, versions.words, after?.team ?? null, after?.id ?? null],
    );
    const results = rows.map((row) => ({
      row,
      again: sign({
        driftSignature: row.drift_signature ?? undefined,
        wordsSignature: row.words_signature ?? undefined,
        metadata: row.metadata ?? {},
      }),
    }));
    const changed = results.filter(
      ({ row, again }) =>
        (again.driftSignature ?? null) !== row.drift_signature ||
        (again.wordsSignature ?? null) !== row.words_signature,
    );
    if (changed.length > 0) {
      await db.run(
        `UPDATE ${table} h SET drift_signature = m.drift, words_signature = m.words, metadata = coalesce(h.metadata, '{}') || m.metadata
         FROM json_to_recordset($1::text::json) AS m (team uuid, id uuid, drift text, words text, metadata jsonb)
         WHERE ${team} = m.team AND h.id = m.id`,
        [
          JSON.stringify(
            changed.map(({ row, again }) => ({
              team: row.team,
              id: row.id,
              drift: again.driftSignature ?? null,
              words: again.wordsSignature ?? null,
              metadata: again.metadata,
            })),
          ),
        ],
      );
    }
    const last = rows.at(-1);
    return {
      signed: results.filter(({ again }) => !again.isOld).length,
      old: results.filter(({ row, again }) => again.isOld && !row.retired).length,
      // Fewer than a batch may also be left by somebody who signs at the same time.
      last: last && { team: last.team, id: last.id },
    };
  });
}
