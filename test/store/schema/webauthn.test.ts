// The sign count of a passkey: what WebAuthn takes and what says that it was cloned, from one session and from 16 at once.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreError } from '../../../src/errors.ts';
import { createReadyDatabase, type ReadyDatabase } from '../../support/databases.ts';
import { createPlace, type Place, placeNames } from '../../support/places.ts';

/** SQLSTATEs: the count did not rise, the credential is revoked, its person is deactivated, no count at all. */
const [notRisen, revoked, deactivated, noCount] = ['LK012', 'LK010', 'LK011', '23514'];

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  beforeAll(async () => {
    place = await createPlace(name);
    await place.look(
      `INSERT INTO users (lambda_id, team_id, email) VALUES ('ada', '${place.team.id}', 'ada@example.com')`,
    );
  });
  afterAll(() => place.remove());

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
});

describe('16 sessions at once', () => {
  let ready: ReadyDatabase;
  let sessions: pg.Client[];
  let id: string;
  beforeAll(async () => {
    ready = await createReadyDatabase();
    sessions = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const client = new pg.Client({ connectionString: ready.adminUrl });
        await client.connect();
        return client;
      }),
    );
    const { rows } = await (sessions[0] as pg.Client).query(
      `WITH u AS (INSERT INTO users (lambda_id, team_id, email) VALUES ('ada', '${ready.team.id}', 'ada@example.com') RETURNING lambda_id)
       INSERT INTO webauthn_credentials (credential_id, public_key, lambda_id, sign_count)
       SELECT '\\xfeedbeef', '\\x01', lambda_id, 10 FROM u RETURNING id`,
    );
    id = rows[0].id;
  });
  afterAll(async () => {
    await Promise.all(sessions.map((client) => client.end()));
    await ready.drop();
  });

  type Use = {
    readonly count: number;
    readonly use: number | undefined;
    readonly error: pg.DatabaseError | undefined;
  };
  const useAll = (counts: readonly number[]): Promise<Use[]> =>
    Promise.all(
      counts.map((count, i) =>
        (sessions[i] as pg.Client)
          .query('UPDATE webauthn_credentials SET sign_count = $1 WHERE id = $2 RETURNING use_count', [
            count,
            id,
          ])
          .then(
            ({ rows }) => ({ count, use: rows[0].use_count as number, error: undefined }),
            (error: pg.DatabaseError) => ({ count, use: undefined, error }),
          ),
      ),
    );

  test('with one count: one of them passes', async () => {
    const uses = await useAll(Array(16).fill(11));
    expect(uses.filter(({ use }) => use !== undefined)).toHaveLength(1);
    for (const { error } of uses) {
      if (error === undefined) continue;
      expect([error.code, error.message]).toEqual([
        notRisen,
        'the sign count did not rise: the credential may be cloned',
      ]);
      // Errors are logged.
      expect(JSON.stringify(error)).not.toMatch(/feedbeef|ada|\\x01/);
    }
  });

  test('with counts in any order: exactly those that rise pass, and each is counted', async () => {
    let top = 11;
    let used = 1;
    for (let round = 0; round < 10; round++) {
      const counts = Array.from({ length: 16 }, (_, i) => top + 1 + ((i * 7 + round) % 16));
      const uses = await useAll(counts);
      const passed = uses.filter(({ use }) => use !== undefined).sort((a, b) => (a.use ?? 0) - (b.use ?? 0));
      // In the order in which they were counted they rise, from above the count before to the greatest of all.
      expect(passed.map(({ use }) => use)).toEqual(passed.map((_, i) => used + 1 + i));
      expect(passed.every(({ count }, i) => count > (passed[i - 1]?.count ?? top))).toBe(true);
      expect(passed.at(-1)?.count).toBe(Math.max(...counts));
      // What was refused came after a greater one.
      for (const { error } of uses) if (error !== undefined) expect(error.code).toBe(notRisen);
      top = Math.max(...counts);
      used += passed.length;
    }
    const { rows } = await (sessions[0] as pg.Client).query(
      'SELECT sign_count, use_count FROM webauthn_credentials WHERE id = $1',
      [id],
    );
    expect(rows).toEqual([{ sign_count: String(top), use_count: used }]);
  });
});
