// `lukhas db resign` on both databases, with a made-up next version of the rules: each memory once, beside others' work.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignatureRule, seal, signAgain } from '../../../src/sign/again.ts';
import { countOutcome } from '../../../src/store/healix/memories.ts';
import { resignMemories } from '../../../src/store/healix/resign.ts';
import { openAccess } from '../../../src/store/schema/access.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';

const drift: SignatureRule = { version: 'd2', normalise: (words) => words.replace(/queue-\w+/g, 'QUEUE') };
const words: SignatureRule = { ...drift, version: 'w2' };
const options = {
  versions: { drift: 'd2', words: 'w2' },
  sign: (memory: Parameters<typeof signAgain>[0]) => signAgain(memory, { drift, words }),
};

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  beforeAll(async () => {
    place = await createPlace(name);
  });
  afterAll(() => place.remove());

  const resign = async () => {
    const db = await place.administer();
    try {
      return await resignMemories(db, options);
    } finally {
      await db.close();
    }
  };

  test('signs what can be, counts what cannot, and leaves counts, shared and other teams’ rows right', async () => {
    const old = seal('d1', 'E', ['queue-a', 's']);
    const signed = [
      old,
      seal('w1', 'E', ['queue-a', '']),
      JSON.stringify({
        error_type: 'E',
        drift_words: 'queue-a',
        drift_statement: 's',
        words: 'queue-a',
        note: 'kept',
      }),
    ];
    const insert = (team: string, amount: number, more: string, [d, w, metadata]: readonly string[]) =>
      place.look(
        `INSERT INTO healix_memories (team_id, test_name, failure_signature, solution, drift_signature, words_signature, metadata, deleted_at)
         SELECT '${team}', 't' || n, 'md5:' || n, 'x', $1, $2, $3::text::jsonb, ${more} FROM generate_series(1, ${amount}) AS n`,
        [d ?? '', w ?? '', metadata ?? '{}'],
      );
    await insert(place.team.id, 1200, 'NULL', signed);
    await insert(place.other.id, 3, 'NULL', signed);
    await insert(place.team.id, 2, 'now()', signed);
    await insert(place.team.id, 4, 'NULL', [old, 'w2:current', '{}']);
    await insert(place.team.id, 1, 'now()', [old, 'w2:current', '{}']);
    await insert(place.team.id, 5, 'NULL', ['d2:current', 'w2:current', '{}']);
    await place.look(
      `INSERT INTO shared_memories (test_name, failure_signature, solution, drift_signature, words_signature, metadata)
       VALUES ('t', 'md5:s', 'x', $1, $2, $3::text::jsonb)`,
      signed,
    );
    const [one] = await place.look(
      `SELECT min(id::text) AS id FROM healix_memories WHERE team_id = '${place.team.id}' AND test_name = 't7' AND deleted_at IS NULL`,
    );

    // Somebody counts while two sign at once.
    const count = async () => {
      const db = await place.connect();
      try {
        const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
        for (let i = 0; i < 10; i++) await countOutcome(db, access, String(one?.id), 'worked');
      } finally {
        await db.close();
      }
    };
    const [a, b] = await Promise.all([resign(), resign(), count()]);
    expect(a.signed + b.signed).toBe(1200 + 3 + 2 + 1);
    expect([a.old, b.old]).toEqual([4, 4]);
    expect(await resign()).toEqual({ signed: 0, old: 4 });

    const [now] = await place.look(
      `SELECT count(*) FILTER (WHERE drift_signature = '${seal('d2', 'E', ['QUEUE', 's'])}' AND words_signature = '${seal('w2', 'E', ['QUEUE', ''])}'
           AND metadata ->> 'drift_words' = 'QUEUE' AND metadata ->> 'words' = 'QUEUE' AND metadata ->> 'note' = 'kept')::int AS signed,
         count(*) FILTER (WHERE drift_signature = '${old}')::int AS old, count(*) FILTER (WHERE drift_signature = 'd2:current')::int AS current,
         sum(success_count)::int AS worked
       FROM healix_memories`,
    );
    expect(now).toEqual({ signed: 1205, old: 5, current: 5, worked: 10 });
    const [shared] = await place.look('SELECT drift_signature FROM shared_memories');
    expect(shared?.drift_signature).toBe(seal('d2', 'E', ['QUEUE', 's']));
  });
});
