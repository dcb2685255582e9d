// MATRIZ analyses with their runs, on both databases: stored with the run and once, reviews of pull requests, and who reads them how.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunContext, SavedRun, Warning } from '../../../src/model.ts';
import { saveRun, type Upload } from '../../../src/store/runs/save.ts';
import { inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import { emptyContext, makeOptions, makeResult, makeUpload, sourceOf } from '../../support/runs.ts';

const example = readFileSync('fixtures/matriz/document.json', 'utf8');
const matriz = {
  json: example,
  status: 'BLOCKED',
  score: 48,
  durationMs: 187,
  activeComponents: 68,
} as const;
const approved = {
  json: '{"stars":{"guardian":{"status":"APPROVED","confidence":1}}}',
  status: 'APPROVED',
  score: 100,
  durationMs: undefined,
  activeComponents: undefined,
} as const;
const sha = 'abcd'.repeat(10);

/** The schema document's query, word for word. */
const blockedByGuardian = `SELECT
    pr_number,
    git_branch,
    created_at,
    matriz_analysis->'stars'->'guardian' AS guardian_review
FROM consciousness_reviews
WHERE team_id = $1
  AND matriz_analysis @> '{"stars": {"guardian": {"status": "BLOCKED"}}}'
ORDER BY created_at DESC
LIMIT 50`;

/** What docs/matriz.md gives for the answer of the cache. */
const answerOfCache =
  /```sql\n(SELECT overall_status[\s\S]*?)```/.exec(readFileSync('docs/matriz.md', 'utf8'))?.[1] ?? '';

const ofPull = (number: number, changes: Partial<RunContext> = {}): RunContext => ({
  ...emptyContext,
  repository: 'acme/shop',
  workflowRunId: '77',
  runAttempt: 1,
  job: 'test',
  gitSha: sha,
  gitBranch: 'feature',
  pullRequest: number,
  kind: 'merge',
  origin: 'team',
  ...changes,
});

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
  });
  afterAll(() => place.remove());

  async function save(
    key: string,
    changes: Partial<Upload>,
    { warnings = [], by = place }: { warnings?: Warning[]; by?: Pick<Place, 'connect' | 'teamSlug'> } = {},
  ): Promise<SavedRun> {
    const upload = makeUpload(key, { matriz, teamSlug: by.teamSlug, ...changes });
    const options = makeOptions({ onWarning: (warning) => void warnings.push(warning) });
    return saveRun(by.connect, upload, sourceOf([makeResult(1)]), options);
  }
  const reviewsOf = (pull: number) =>
    place.look(
      `SELECT git_sha, git_branch, overall_status, consciousness_score::text AS score, analysis_duration_ms AS ms, active_components AS components,
         guardian_status, repository, origin, run_id, matriz_analysis = $1::text::jsonb AS whole
       FROM consciousness_reviews WHERE pr_number = ${pull} ORDER BY created_at`,
      [example],
    );

  test('a run keeps its whole analysis, and a pull request a review; the same upload again adds nothing', async () => {
    const [saved] = await Promise.all([1, 2, 3].map(() => save('once', { context: ofPull(7) })));
    expect((await save('once', { context: ofPull(7) })).stored).toBe('already');
    expect(
      await place.look(
        `SELECT consciousness_score::text AS score, matriz_analysis = $1::text::jsonb AS whole FROM test_runs WHERE id = '${saved?.runId}'`,
        [example],
      ),
    ).toEqual([{ score: '48.00', whole: true }]);
    expect(await reviewsOf(7)).toEqual([
      {
        git_sha: sha,
        git_branch: 'feature',
        overall_status: 'BLOCKED',
        score: '48.00',
        ms: 187,
        components: 68,
        guardian_status: 'BLOCKED',
        repository: 'acme/shop',
        origin: 'team',
        run_id: saved?.runId,
        whole: true,
      },
    ]);
  });

  test('a run that is of no pull request or of no commit keeps its analysis alone', async () => {
    const before = await place.look('SELECT FROM consciousness_reviews');
    const runs = await Promise.all([
      save('push', { context: ofPull(1, { pullRequest: undefined }) }),
      save('no commit', { context: ofPull(1, { gitSha: undefined }) }),
    ]);
    for (const { runId } of runs)
      expect(
        await place.look(`SELECT FROM test_runs WHERE id = '${runId}' AND matriz_analysis IS NOT NULL`),
      ).toHaveLength(1);
    expect(await place.look('SELECT FROM consciousness_reviews')).toHaveLength(before.length);
  });

  test('a stored run stays as it is where another analysis comes, and that is said', async () => {
    const context = ofPull(8);
    const warnings: Warning[] = [];
    await save('kept', { context });
    await save('kept', { context, matriz: approved }, { warnings });
    await save('bare', { context: ofPull(9), matriz: undefined });
    await save('bare', { context: ofPull(9) }, { warnings });
    expect(warnings.map(({ code, message }) => `${code}: ${message.replace(/\(run .*?\)/, '')}`)).toEqual([
      'matriz-kept: the run is stored with another MATRIZ analysis , and stays as it is: this one was not stored',
      'matriz-kept: the run is stored with no MATRIZ analysis , and stays as it is: this one was not stored',
    ]);
    expect((await reviewsOf(8)).map((row) => row.overall_status)).toEqual(['BLOCKED']);
    expect(await reviewsOf(9)).toEqual([]);
  });

  test('a team that has it turned off keeps no analysis, and is told so', async () => {
    const off = `UPDATE teams SET features = '{"matriz_enabled": false}' WHERE id = '${place.other.id}'`;
    await place.look(off);
    const warnings: Warning[] = [];
    const saved = await save('off', { context: ofPull(10) }, { warnings, by: place.other });
    expect(saved.matrizIsOff).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(['matriz-off']);
    expect(await reviewsOf(10)).toEqual([]);
    expect(
      await place.look(
        `SELECT matriz_analysis, consciousness_score FROM test_runs WHERE id = '${saved.runId}'`,
      ),
    ).toEqual([{ matriz_analysis: null, consciousness_score: null }]);
    await place.look(`UPDATE teams SET features = '{"matriz_enabled": true}' WHERE id = '${place.other.id}'`);
    expect((await save('on', { context: ofPull(11) }, { by: place.other })).matrizIsOff).toBeUndefined();
    expect(await reviewsOf(11)).toHaveLength(1);
  });

  test("the cache answers with the newest review of a commit, and never with a fork's", async () => {
    const gitSha = 'beef'.repeat(10);
    await save('old', { context: ofPull(12, { gitSha }) });
    await save('newest', { context: ofPull(12, { gitSha, job: 'again' }), matriz: approved });
    await save('fork', { context: ofPull(13, { gitSha, origin: 'stranger', gitBranch: 'mallory:feature' }) });
    await save('laptop', { context: ofPull(13, { gitSha, origin: 'local' }) });
    const db = await place.connect({ stallMs: 30_000 });
    try {
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      const rows = await inTeam(db, access, () => db.query(answerOfCache, [access.team.id, gitSha]));
      expect(rows).toMatchObject([{ overall_status: 'APPROVED', consciousness_score: '100.00' }]);
    } finally {
      await db.close();
    }
  });

  test("the document's query finds what Guardian blocked, for the team's login, by an index", async () => {
    // Reviews of two teams; a fifth of them is blocked.
    await place.look(
      `INSERT INTO consciousness_reviews (team_id, pr_number, git_sha, matriz_analysis, created_at)
       SELECT t.id, n, md5(n::text), jsonb_build_object('stars', jsonb_build_object('guardian',
         jsonb_build_object('status', CASE WHEN n % 5 = 0 THEN 'BLOCKED' ELSE 'APPROVED' END))), now() - n * interval '1 hour'
       FROM teams t, generate_series(100, 4100) AS n
       WHERE t.id = '${place.other.id}' OR (t.id = '${place.team.id}' AND n <= 350)`,
    );
    await place.look('ANALYZE consciousness_reviews');
    const db = await place.connect({ stallMs: 30_000 });
    try {
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      const explained = async (sql: string): Promise<string> => {
        const rows = await inTeam(db, access, () => db.query(`EXPLAIN ${sql}`, [access.team.id]));
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      const found = await inTeam(db, access, () => db.query(blockedByGuardian, [access.team.id]));
      expect(found[0]).toMatchObject({ pr_number: 13, guardian_review: JSON.parse(example).stars.guardian });
      expect(found).toHaveLength(50);
      const others = await inTeam(db, access, () => db.query(blockedByGuardian, [place.other.id]));
      expect(others).toEqual([]);
      expect(await explained(blockedByGuardian)).toMatch(/Scan (?:using|on) idx_consciousness_\w+/);
      expect(await explained(blockedByGuardian)).not.toMatch(/Seq Scan on consciousness_reviews/);
      // By the column, whose comparison is leakproof, the index finds the blocked ones alone.
      const byColumn = blockedByGuardian.replace(/matriz_analysis @> '.*'/, "guardian_status = 'BLOCKED'");
      expect(await explained(byColumn)).toMatch(
        /idx_consciousness_guardian[\s\S]*guardian_status = 'BLOCKED'/,
      );
    } finally {
      await db.close();
    }
  });
});
