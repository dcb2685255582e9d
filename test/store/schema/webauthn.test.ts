// The sign count of a passkey: what WebAuthn takes and what says that it was cloned, from one session and from 16 at once.
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StoreError } from '../../../src/errors.ts';
import type { Database } from '../../../src/store/database/port.ts';
import { rowsOf } from '../../support/databases.ts';
import { rounds } from '../../support/long.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';
import { rowsIn } from '../../support/sql.ts';

/** SQLSTATEs: the count did not rise, the credential is revoked, its person is deactivated, no count at all. */
const [notRisen, revoked, deactivated, noCount] = ['LK012', 'LK010', 'LK011', '23514'];

/** What a use of the one session of 16 came to; `use`: as how manieth it was counted. */
interface Use {
  readonly count: number;
  readonly use: number | undefined;
  readonly error: StoreError | undefined;
}

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  let sessions: readonly Database[] = [];
  /** A passkey of all sessions. */
  let id: string;
  beforeAll(async () => {
    place = await createPlace(name);
    await place.look(
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('ada', '${place.team.id}', 'ada@example.com')`,
    );
    if (place.isEmbedded) return;
    sessions = await Promise.all(Array.from({ length: 16 }, () => place.administer({ stallMs: 30_000 })));
    const [row] = await place.look(
      `INSERT INTO webauthn_credentials (credential_id, public_key, lambda_id, sign_count)
       VALUES ('\\xfeedbeef', '\\x01', 'ada', 10) RETURNING id`,
    );
    id = String(row?.id);
  });
  afterAll(async () => {
    await Promise.all(sessions.map((db) => db.close()));
    await place.remove();
  });

  /** A passkey with this count. */
  const make = async (count: number | null) => {
    const [row] = await place.look(
      `INSERT INTO webauthn_credentials (credential_id, public_key, lambda_id, sign_count, last_used)
       VALUES (decode(md5(random()::text), 'hex'), '\\x01', 'ada', ${count}, now() - interval '1 day') RETURNING id`,
    );
    return String(row?.id);
  };
  const update = (id: string, set: string) =>
    place
      .look(
        `UPDATE webauthn_credentials SET ${set} WHERE id = '${id}'
         RETURNING use_count, last_used > now() - interval '1 hour' AS now`,
      )
      .then(
        ([row]) => row,
        (error: StoreError) => error.sqlstate,
      );

  test.each([
    [10, 11, undefined],
    [10, 4_294_967_295, undefined],
    [0, 1, undefined],
    [0, 0, undefined],
    [null, 0, undefined],
    [10, 10, notRisen],
    [10, 3, notRisen],
    [10, 0, notRisen],
    [10, 4_294_967_296, noCount],
    [10, -1, noCount],
    [10, null, noCount],
  ])('from %s to %s', async (from, to, refusal) => {
    const id = await make(from);
    const used = await update(id, `sign_count = ${to}, last_used = now() - interval '3 days'`);
    if (refusal === undefined) expect(used).toMatchObject({ use_count: 1, now: true });
    else expect(used).toBe(refusal);
    const [row] = await place.look(
      `SELECT sign_count, use_count FROM webauthn_credentials WHERE id = '${id}'`,
    );
    expect([row?.sign_count, row?.use_count].map((value) => (value === null ? null : Number(value)))).toEqual(
      refusal === undefined ? [to, 1] : [from, 0],
    );
  });

  test('a new name is no use; what is revoked, or of somebody deactivated, cannot be used', async () => {
    const id = await make(10);
    expect(await update(id, `device_name = 'phone'`)).toMatchObject({ use_count: 0, now: false });
    await place.look(`UPDATE users SET is_active = false WHERE lambda_id = 'ada'`);
    expect(await update(id, 'sign_count = 11')).toBe(deactivated);
    await place.look(`UPDATE users SET is_active = true WHERE lambda_id = 'ada'`);
    expect(await update(id, 'revoked_at = now()')).toMatchObject({ use_count: 0 });
    expect(await update(id, 'sign_count = 11')).toBe(revoked);
    expect(await update(id, 'revoked_at = NULL')).toBe(revoked);
    expect(await update(id, 'sign_count = 0, revoked_at = NULL')).toBe(revoked);
  });

  describe.skipIf(name !== 'PostgreSQL 15')('16 sessions at once', () => {
    const useAll = (counts: readonly number[]): Promise<Use[]> =>
      Promise.all(
        sessions.map(async (db, i) => {
          const count = counts[i] ?? 0;
          try {
            const [row] = await rowsIn(
              db,
              'UPDATE webauthn_credentials SET sign_count = $1 WHERE id = $2 RETURNING use_count',
              [String(count), id],
            );
            return { count, use: Number(row?.use_count), error: undefined };
          } catch (error) {
            return { count, use: undefined, error: error as StoreError };
          }
        }),
      );

    test('with one count: one of them passes', async () => {
      const uses = await useAll(Array(16).fill(11));
      expect(uses.filter(({ use }) => use !== undefined)).toHaveLength(1);
      for (const { error } of uses) if (error !== undefined) expect(error.sqlstate).toBe(notRisen);
    });

    test('no word of the server names the credential or its person: errors are logged', async () => {
      const [{ name: database = '' } = {}] = (await place.look(
        'SELECT current_database()::text AS name',
      )) as {
        name?: string;
      }[];
      const url = new URL(inject('postgresAdminUrl'));
      url.pathname = `/${database}`;
      const refused: pg.DatabaseError = await rowsOf(
        url.href,
        `UPDATE webauthn_credentials SET sign_count = 1 WHERE credential_id = '\\xfeedbeef'`,
      ).then(
        () => expect.unreachable(),
        (error) => error,
      );
      expect([refused.code, refused.message]).toEqual([
        notRisen,
        'the sign count did not rise: the credential may be cloned',
      ]);
      expect(JSON.stringify([refused.detail, refused.hint, refused.where])).not.toMatch(/feedbeef|ada|\\x01/);
    });

    test('with counts in any order: exactly those that rise pass, and each is counted', async () => {
      let top = 11;
      let used = 1;
      for (let round = 0; round < rounds(4, 40); round++) {
        const counts = Array.from({ length: 16 }, (_, i) => top + 1 + ((i * 7 + round) % 16));
        const uses = await useAll(counts);
        const passed = uses
          .filter(({ use }) => use !== undefined)
          .sort((a, b) => (a.use ?? 0) - (b.use ?? 0));
        // In the order in which they were counted they rise, from above the count before to the greatest of all.
        expect(passed.map(({ use }) => use)).toEqual(passed.map((_, i) => used + 1 + i));
        expect(passed.every(({ count }, i) => count > (passed[i - 1]?.count ?? top))).toBe(true);
        expect(passed.at(-1)?.count).toBe(Math.max(...counts));
        for (const { error } of uses) if (error !== undefined) expect(error.sqlstate).toBe(notRisen);
        top = Math.max(...counts);
        used += passed.length;
      }
      const rows = await place.look(
        `SELECT sign_count::text AS top, use_count AS used FROM webauthn_credentials WHERE id = '${id}'`,
      );
      expect(rows).toEqual([{ top: String(top), used }]);
    });
  });
});
