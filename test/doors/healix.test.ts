// `lukhas healix` as people and scripts meet it, on both databases: what is added, shown, counted, retired, carried over, and
// every mistake told clearly with nothing half-written.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SavedRun } from '../../src/model.ts';
import { openPostgres } from '../../src/store/database/pg.ts';
import { saveAliases } from '../../src/store/history/aliases.ts';
import { saveRun } from '../../src/store/runs/save.ts';
import { inTeam, openAccess } from '../../src/store/schema/access.ts';
import { openEmbedded } from '../../src/store/schema/embedded.ts';
import { readRunHistory } from '../../src/storing.ts';
import { runCli } from '../support/cli.ts';
import { createReadyDatabase, rowsOf, temporaryDir } from '../support/databases.ts';
import { runInProcess } from '../support/in-process.ts';
import { long } from '../support/long.ts';
import { emptyContext, makeFailure, makeOptions, makeResult, makeUpload, sourceOf } from '../support/runs.ts';
import { copyEmbedded } from '../support/templates.ts';

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const example = fileURLToPath(new URL('../../fixtures/healix/document-example.json', import.meta.url));
const signature = `md5:${'1'.repeat(32)}` as const;
const testName = 'tests/unit/test_database.py::test_connection_pool';

describe.each(['PostgreSQL 15', 'the embedded database'])('on %s', (kind) => {
  // Every command is tested on both databases; what says nothing else of the database on one.
  const story = test.runIf(long || kind === 'PostgreSQL 15');
  let env: Record<string, string>;
  let adminEnv: Record<string, string> | undefined;
  let connect: Parameters<typeof saveRun>[0];
  let remove: () => Promise<void>;
  let dir: string;
  let first: SavedRun;

  beforeAll(async () => {
    dir = await temporaryDir();
    if (kind === 'PostgreSQL 15') {
      const ready = await createReadyDatabase();
      env = { DATABASE_URL: ready.uploadUrl };
      adminEnv = { DATABASE_URL: ready.adminUrl };
      connect = (limits) => openPostgres(ready.uploadUrl, limits);
      await rowsOf(ready.adminUrl, `INSERT INTO teams (name, slug) VALUES ('Rival', 'rival')`);
      await rowsOf(
        ready.adminUrl,
        `INSERT INTO healix_memories (id, team_id, test_name, failure_signature, solution)
         SELECT '99999999-0000-4000-8000-000000000000', id, 't', 's', 'rival secret' FROM teams WHERE slug = 'rival'`,
      );
      remove = ready.drop;
    } else {
      const data = path.join(dir, 'data');
      await copyEmbedded(data);
      env = { LUKHAS_DATA_DIR: data };
      connect = () => openEmbedded(data);
      remove = async () => {};
    }
    first = await upload('first', [
      makeResult(1, {
        testName,
        outcome: 'failed',
        failure: {
          errorType: 'OperationalError',
          line: 7,
          lastFrameLine: 7,
          message: 'sqlalchemy.exc.OperationalError: too many clients',
          traceback: undefined,
        },
        failureSignature: signature,
        driftSignature: `d1:${'2'.repeat(32)}`,
        wordsSignature: `w1:${'4'.repeat(32)}`,
      }),
      makeResult(2),
    ]);
  });
  afterAll(async () => {
    await remove();
    await rm(dir, { recursive: true, force: true });
  });

  const upload = (key: string, results: Parameters<typeof sourceOf>[0]) =>
    saveRun(
      connect,
      makeUpload(key, { context: { ...emptyContext, gitSha: key, gitBranch: 'main' } }),
      sourceOf(results),
      makeOptions(),
    );

  async function healix(
    args: readonly string[],
    options: { env?: Record<string, string>; input?: string; process?: true } = {},
  ): Promise<Outcome> {
    const all = ['healix', ...args];
    const where = { NO_COLOR: '1', ...(options.env ?? env) };
    const { code, stdout, stderr } =
      options.process === undefined
        ? await runInProcess('lukhas', all, { env: where, input: options.input ?? '' })
        : await runCli('lukhas', all, { env: where });
    return { code, out: stdout, err: stderr };
  }

  const json = async (
    args: readonly string[],
    options: { env?: Record<string, string>; input?: string } = {},
  ) => {
    const done = await healix([...args, '--json'], options);
    expect(done).toMatchObject({ code: 0, err: '' });
    return JSON.parse(done.out);
  };
  const refused = async (args: readonly string[], code: number, ...words: string[]) => {
    const done = await healix(args);
    expect(done).toMatchObject({ code, out: '' });
    expect(done.err).toMatch(/^error: /);
    expect(done.err).not.toContain('    at ');
    for (const word of words) expect(done.err).toContain(word);
    return done;
  };

  test('a memory of a renamed test is found by the name that it has now, and says so', async () => {
    const before = 'tests/test_r.py::test_before';
    const run = (repository: string, tests: readonly string[]) =>
      saveRun(
        connect,
        makeUpload(`renamed ${repository} ${tests}`, {
          context: { ...emptyContext, repository, origin: 'team', gitSha: 'c'.repeat(40), gitBranch: 'main' },
        }),
        sourceOf(tests.map((name) => ({ ...makeFailure(1), testName: name }))),
        makeOptions(),
      );
    const seen = async (at: SavedRun, to: string) => {
      const db = await connect({ stallMs: 30_000 });
      const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
      await inTeam(db, access, () => saveAliases(db, access, at, [{ from: before, to }]));
      await db.close();
    };
    const [own, other] = [await run('acme/renamed', [`${before}[1]`]), await run('acme/elsewhere', [before])];
    const { id } = await json([
      ...['add', '--test', `${before}[1]`, '--run', own.runId],
      ...['--cause', 'a renamed cause', '--solution', 'a renamed solution'],
    ]);
    await seen(own, 'tests/test_r.py::TestR::test_after');
    await seen(other, 'tests/test_r.py::test_elsewhere');
    const found = async (part: string) =>
      (await json(['list', '--test', part])).memories.map((memory: { id: string }) => memory.id);
    expect(await found('test_after')).toEqual([id]);
    expect(await found('TestR::test_after[1]')).toEqual([id]);
    expect(await found('test_before')).toEqual([id]);
    for (const part of ['test_after[2]', 'test_elsewhere']) expect(await found(part)).toEqual([]);
    expect((await healix(['show', id])).out).toMatch(
      /^test +tests\/test_r\.py::test_before\[1\]\nrenamed to +tests\/test_r\.py::TestR::test_after, first seen on cccccccc \d{4}-\d\d-\d\d$/m,
    );
    expect((await json(['show', id])).renamed_to).toMatchObject([
      { to: 'tests/test_r.py::TestR::test_after', seen_git_sha: 'c'.repeat(40) },
    ]);
    await healix(['retire', id]);
  });

  test('knowing nothing, it says how to begin', async () => {
    expect(await healix(['list'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('lukhas healix add'),
    });
  });

  let id: string;
  test('a memory is made from the latest failure of a test', async () => {
    const fix = path.join(dir, 'fix.py');
    await writeFile(fix, 'import os\nos.system("\u001b[31mred")\n');
    const added = await json([
      'add',
      ...['--test', testName, '--cause', 'max_connections exceeded', '--probable-cause', 'pool leaks'],
      ...[
        '--solution',
        'Raise max_connections',
        '--type',
        'config',
        '--fix-file',
        fix,
        '--confidence',
        '0.7',
      ],
    ]);
    expect(added).toMatchObject({
      test_name: testName,
      failure_signature: signature,
      drift_signature: `d1:${'2'.repeat(32)}`,
      words_signature: `w1:${'4'.repeat(32)}`,
      repository: null,
      repository_host: null,
      state: 'active',
      root_cause: 'max_connections exceeded',
      probable_cause: 'pool leaks',
      solution: 'Raise max_connections',
      solution_type: 'config',
      confidence: 0.7,
      success_count: 0,
      // What the words signature is made of, so that it can be signed again.
      metadata: { error_type: 'OperationalError', words: 'too many clients' },
      shared: false,
      stale: false,
    });
    id = added.id;
    const shown = await healix(['show', id.slice(0, 8)]);
    expect(shown.code).toBe(0);
    for (const word of [
      'OperationalError',
      'pool leaks',
      '0.70, never tried',
      'never run unseen',
      'import os',
      '\u241b[31mred',
    ])
      expect(shown.out).toContain(word);
    expect(shown.out).not.toContain('\u001b');
  });

  story('the same by run and by signature, with or without its prefix; untried it is worth 0.5', async () => {
    const byRun = await json(['add', '--test', testName, '--run', first.runId, '--solution', 'a']);
    const bySignature = await json([
      'add',
      '--test',
      testName,
      '--signature',
      signature.slice(4).toUpperCase(),
      '--solution',
      'b',
    ]);
    expect([byRun, bySignature]).toMatchObject([
      { confidence: 0.5, failure_signature: signature },
      { confidence: 0.5, failure_signature: signature },
    ]);
    for (const memory of [byRun, bySignature]) await json(['retire', memory.id]);
  });

  test('the next failure is known by it', async () => {
    const told = await readRunHistory(connect, {
      saved: first,
      teamSlug: undefined,
      allowPrivilegedRole: false,
      baseBranch: undefined,
    });
    expect(told.failures).toMatchObject([{ known: true, match: { tier: 'exact', memory: { id } } }]);
  });

  test('what worked and what failed move the confidence', async () => {
    expect(await json(['worked', id])).toMatchObject({
      success_count: 1,
      failure_count: 0,
      confidence: 0.67,
    });
    expect(await json(['failed', id.slice(0, 13)])).toMatchObject({
      success_count: 1,
      failure_count: 1,
      confidence: 0.5,
    });
    const shown = await json(['show', id]);
    expect(Date.now() - Date.parse(shown.last_applied)).toBeLessThan(60_000);
  });

  story('counting at the same moment loses nothing', async () => {
    await Promise.all(Array.from({ length: 6 }, () => healix(['worked', id], { process: true })));
    expect(await json(['show', id])).toMatchObject({ success_count: 7, failure_count: 1, confidence: 0.8 });
  });

  test('the schema document\u2019s example is imported as it stands, once, and shown with its 0.92 and 47/3', async () => {
    expect(await healix(['import', example])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('1 added'),
    });
    expect(await json(['import', example])).toEqual({ added: 0, already: 1 });
    const { memories } = await json(['list', '--signature', 'md5:a7f3c89d...']);
    expect(memories).toMatchObject([
      { test_name: testName, confidence: 0.92, success_count: 47, failure_count: 3, matriz_star: 'bio' },
    ]);
    const listed = await healix(['list', '--test', 'CONNECTION']);
    expect(listed.out.split('\n')[0]).toContain('0.92  worked 47 of 50 times');
    const saved = await upload('document', [
      makeResult(1, {
        testName,
        outcome: 'failed',
        failure: {
          errorType: 'OperationalError',
          line: 7,
          lastFrameLine: 7,
          message: 'x',
          traceback: undefined,
        },
        failureSignature: 'md5:a7f3c89d...',
      }),
    ]);
    const told = await readRunHistory(connect, {
      saved,
      teamSlug: undefined,
      allowPrivilegedRole: false,
      baseBranch: undefined,
    });
    expect(told.failures[0]?.match).toMatchObject({
      tier: 'exact',
      memory: {
        rootCause: 'PostgreSQL max_connections=100 exceeded during load test',
        solution: 'Increase max_connections to 200 and add connection pool timeout',
        confidence: 0.92,
        successCount: 47,
        failureCount: 3,
      },
    });
  });

  test('an export imports again unchanged, here and elsewhere', async () => {
    const exported = await healix(['export']);
    expect(exported.code).toBe(0);
    const count = JSON.parse(exported.out).length;
    expect(await json(['import', '-'], { input: exported.out })).toEqual({ added: 0, already: count });
    const elsewhere = { LUKHAS_DATA_DIR: path.join(dir, 'elsewhere') };
    const lines = JSON.parse(exported.out)
      .map((memory: unknown) => JSON.stringify(memory))
      .join('\n');
    await copyEmbedded(elsewhere.LUKHAS_DATA_DIR);
    expect(await json(['import', '-'], { input: lines, env: elsewhere })).toEqual({
      added: count,
      already: 0,
    });
    expect((await healix(['export'], { env: elsewhere })).out).toBe(exported.out);
    if (kind !== 'PostgreSQL 15') return;
    // What a terminal or a CI system's log acts on is escaped in the JSON, and reads back as it was.
    const solution = 'a\u009b31m\u202eb\u001b[2J\u2028##[add-mask]x\n::add-mask::y##vso[a]b';
    const hostile = { test_name: 't.py::\u202eevil', failure_signature: 's', solution };
    await json(['import', '-'], { input: JSON.stringify(hostile), env: elsewhere });
    const { out } = await healix(['export'], { env: elsewhere });
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]|^\s*::|##\w*\[/m);
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining(hostile));
  });

  story('what is old and doubtful is retired, and can be looked at before', async () => {
    const memory = (changes: object) => ({
      test_name: 'tests/t.py::old',
      failure_signature: 'f',
      solution: 's',
      ...changes,
    });
    const old = '2020-01-01T00:00:00Z';
    const file = [
      memory({ confidence: 0.4, created_at: old }),
      memory({ solution: 'sure', confidence: 0.5, created_at: old }),
      memory({ solution: 'young', confidence: 0.1 }),
      memory({ solution: 'unrated', created_at: old }),
    ];
    expect(await json(['import', '-'], { input: JSON.stringify(file) })).toEqual({ added: 4, already: 0 });
    const stale = await json(['list', '--stale', '--test', 't.py::old']);
    expect(stale.memories.map((m: { solution: string }) => m.solution).sort()).toEqual([
      's',
      'sure',
      'unrated',
    ]);
    expect((await json(['retire', '--low-confidence', '--dry-run'])).retired).toMatchObject([
      { solution: 's' },
    ]);
    expect((await json(['retire', '--low-confidence'])).retired).toMatchObject([{ solution: 's' }]);
    expect((await json(['retire', '--low-confidence'])).retired).toEqual([]);
    expect((await json(['list', '--test', 't.py::old'])).total).toBe(3);
  });

  test('what a memory says is changed, and the rest of it stays', async () => {
    const before = await json(['show', id]);
    const changed = await json(['edit', id, '--solution', 'Raise it to 400', '--confidence', '0.6']);
    expect(changed).toEqual({ ...before, solution: 'Raise it to 400', confidence: 0.6 });
    expect(await json(['show', id])).toEqual(changed);
  });

  story('the same words about the same failure are refused, and other words are not', async () => {
    const about = ['--test', testName, '--signature', signature];
    const again = ['add', ...about, '--cause', 'max_connections exceeded', '--solution'];
    await refused([...again, 'Raise it to 400'], 2, id, 'lukhas healix edit');
    await json(['retire', (await json([...again, 'Raise it to 500'])).id]);
  });

  story('a retired memory is found by its id alone, matches nothing, and can be brought back', async () => {
    await json(['retire', id]);
    for (const command of ['worked', 'failed', 'retire', 'edit'])
      await refused([command, id, ...(command === 'edit' ? ['--cause', 'x'] : [])], 2, 'no memory');
    const listed = async () =>
      (await json(['list', '--limit', '1000'])).memories.map((m: { id: string }) => m.id);
    expect(await listed()).not.toContain(id);
    expect(await json(['show', id])).toMatchObject({ id, retired_at: expect.any(String) });
    expect((await healix(['show', id])).out).toContain('retired');
    expect(await json(['unretire', id])).toMatchObject({ id, retired_at: null });
    expect(await listed()).toContain(id);
    await refused(['unretire', id], 2, 'no retired memory');
    await json(['retire', id]);
  });

  test('what older programs signed is counted by `lukhas db resign`', async () => {
    const old = {
      test_name: 't',
      failure_signature: 's',
      solution: 'x',
      drift_signature: 'd0:a',
      words_signature: 'w0:a',
    };
    await json(['import', '-'], { input: JSON.stringify(old) });
    const run = async (...args: string[]) =>
      (await runCli('lukhas', ['db', 'resign', ...args], { env: { NO_COLOR: '1', ...(adminEnv ?? env) } }))
        .stdout;
    expect(JSON.parse(await run('--json'))).toEqual({
      drift_version: 'd1',
      words_version: 'w1',
      signed: 0,
      old: 1,
    });
    expect(await run()).toContain('still old     1 memory: what they were signed from is not kept');
    await json(['retire', (await json(['list', '--signature', 'd0:a'])).memories[0].id]);
    expect(await run()).toContain('nothing: all are of these versions');
  });

  // Words and files do not depend on the database, and each start of the embedded one takes a second.
  describe.runIf(kind === 'PostgreSQL 15')('mistakes', () => {
    let before: string;
    test('before them', async () => {
      before = (await healix(['export'])).out;
    });
    const words = ['--solution', 's'];

    test.each([
      [
        'an unknown test',
        ['add', '--test', 'tests/unit/test_databse.py::test_connection_pool', ...words],
        `Did you mean ${testName}?`,
      ],
      [
        'a test without its file',
        ['add', '--test', 'test_connection_pool', ...words],
        `Did you mean ${testName}?`,
      ],
      [
        'a slip in a test without its file',
        ['add', '--test', 'test_conection_pool', ...words],
        `Did you mean ${testName}?`,
      ],
      ['a test unlike any', ['add', '--test', 'x', ...words], 'no stored failure'],
      [
        'an unknown signature',
        ['add', '--test', testName, '--signature', `md5:${'3'.repeat(32)}`, ...words],
        signature,
      ],
      [
        'a run in which it did not fail',
        ['add', '--test', testName, '--run', '019ab2c4-5d00-7abc-8def-0123456789ab', ...words],
        'did not fail',
      ],
      ['no id of a run', ['add', '--test', testName, '--run', 'latest', ...words], 'not the id of a run'],
      ['no solution', ['add', '--test', testName], '--solution <text> is missing'],
      [
        'a solution still to be written',
        ['add', '--test', testName, '--solution', '…'],
        "--solution 'what you",
      ],
      [
        'a cause still to be written',
        ['add', '--test', testName, '--cause', '…', ...words],
        '--cause says nothing yet',
      ],
      [
        'quotes of a word processor',
        ['add', '--test', testName, '--solution', '“use', 'the', 'cache”'],
        'come from a word processor',
      ],
      ['an empty solution', ['add', '--test', testName, '--solution', ' '], '--solution is empty'],
      ['a confidence above 1', ['add', '--test', testName, ...words, '--confidence', '1.5'], 'from 0 to 1'],
      ['a confidence below 0', ['add', '--test', testName, ...words, '--confidence=-0.1'], 'from 0 to 1'],
      [
        'a confidence that is no number',
        ['add', '--test', testName, ...words, '--confidence', 'high'],
        'from 0 to 1',
      ],
      [
        'a fix file that is not there',
        ['add', '--test', testName, ...words, '--fix-file', '/nowhere/fix.py'],
        'does not exist',
      ],
      ['a fix file that is a folder', ['add', '--test', testName, ...words, '--fix-file', '.'], 'is no file'],
      [
        'a fix file that is no text',
        ['add', '--test', testName, ...words, '--fix-file', process.execPath],
        'larger than 64 KB',
      ],
      ['no id', ['show', 'xyz'], 'not the id of a memory'],
      ['an edit of nothing', ['edit', '12345678'], 'at least one option'],
      ['an edit still to be written', ['edit', '12345678', '--solution', '...'], '--solution says nothing'],
      ['an unknown id', ['worked', '00000000-0000-4000-8000-000000000000'], 'no memory'],
      ['another team\u2019s memory', ['show', '99999999-0000-4000-8000-000000000000'], 'no memory'],
      ['counting for another team', ['failed', '99999999'], 'no memory'],
      ['retiring nothing named', ['retire'], '--low-confidence'],
      ['a limit of nothing', ['list', '--limit', '0'], '--limit does not take'],
      ['an import that is not there', ['import', '/nowhere/m.json'], 'does not exist'],
      ['a command that is none', ['forget', 'x'], 'lukhas healix'],
    ])('%s', async (_, args, words_) => {
      const done = await refused(args, 2, words_);
      expect(done.err).not.toContain('rival secret');
    });

    test('a small fix file that is no text', async () => {
      const file = path.join(dir, 'fix.bin');
      await writeFile(file, Buffer.from([0x69, 0xff, 0xfe]));
      await refused(['add', '--test', testName, ...words, '--fix-file', file], 2, 'is not text in UTF-8');
    });

    test.each([
      [
        '[{"test_name":"a","failure_signature":"b","solution":"c"},{"test_name":"d","failure_signature":"e","solution":"f","confidence":1.2}]',
        'memory 2 ("d"): confidence: at most 1',
      ],
      [
        '{"test_name":"a","failure_signature":"b","solution":"c"}\n\n{"test_name":"a","failure_signature":"b"}',
        '<stdin>:3: memory 2 ("a"): solution: is missing',
      ],
      [
        '{"test_name":"a","failure_signature":"b","solution":"c"}\n{"test',
        '<stdin>:2: memory 2: is not JSON',
      ],
      [
        '[{"test_name":"a","failure_signature":"b","solution":"c","confidnce":1}]',
        'unknown field "confidnce"',
      ],
      [
        '[{"test_name":"a","failure_signature":"b","solution":"c","metadata":{"x":"\\u0000"}}]',
        'metadata: holds U+0000',
      ],
      ['[{"test_name":"a","failure_signature":"b","solution":"\\ud800"}]', 'solution: holds U+0000 or half'],
      [
        '[{"test_name":"a","failure_signature":"b","solution":"c","success_count":-1}]',
        'success_count: at least 0',
      ],
      [
        '[{"test_name":"a","failure_signature":"b","solution":"c","last_applied":"soon"}]',
        'last_applied: a time like',
      ],
      [
        `[{"test_name":"${'x'.repeat(501)}","failure_signature":"b","solution":"c"}]`,
        'test_name: at most 500',
      ],
      [
        '[{"test_name":"a","failure_signature":"b","solution":"…"}]',
        'solution: stands for words that are still to be written',
      ],
      ['[3]', 'memory 1: an object'],
      ['', 'is empty'],
      ['not json', 'neither JSON nor JSON Lines'],
    ])('an import with a bad row imports nothing: %s', async (input, words_) => {
      const done = await healix(['import', '-'], { input });
      expect(done).toMatchObject({ code: 2, out: '' });
      expect(done.err).toContain(words_.replace('<stdin>', 'standard input'));
    });

    test('none of them changed anything', async () => {
      expect((await healix(['export'])).out).toBe(before);
    });
  });

  test.runIf(kind === 'PostgreSQL 15')(
    'memories for all teams are the owner\u2019s: a team cannot change them',
    async () => {
      if (adminEnv === undefined) throw new Error('no administrator');
      const row = JSON.stringify({
        id: '77777777-0000-4000-8000-000000000000',
        test_name: 'tests/shared.py::t',
        failure_signature: 'f',
        solution: 'for all',
      });
      const denied = await healix(['import', '--shared', '-'], { input: row });
      expect(denied).toMatchObject({ code: 3, out: '', err: expect.stringContaining('owner only') });
      expect(await json(['import', '--shared', '-'], { input: row, env: adminEnv })).toEqual({
        added: 1,
        already: 0,
      });
      expect((await json(['list', '--test', 'shared.py'])).memories).toMatchObject([
        { solution: 'for all', shared: true },
      ]);
      for (const command of ['worked', 'failed', 'retire']) {
        await refused([command, '77777777'], 2, 'shared by all teams', '--shared');
      }
      expect(await json(['worked', '77777777', '--shared'], { env: adminEnv })).toMatchObject({
        success_count: 1,
      });
      expect((await json(['retire', '77777777', '--shared'], { env: adminEnv })).retired).toHaveLength(1);
    },
  );

  test.runIf(kind === 'PostgreSQL 15')(
    'an administrator works for the team that is named, and for no other',
    async () => {
      if (adminEnv === undefined) throw new Error('no administrator');
      const listed = await json(['list', '--team', 'rival'], { env: adminEnv });
      expect(listed.memories.map((m: { solution: string }) => m.solution)).toEqual(['rival secret']);
      const acme = await json(['list', '--team', 'acme', '--limit', '1000'], { env: adminEnv });
      expect(JSON.stringify(acme)).not.toContain('rival secret');
      const exported = await healix(['export', '--team', 'rival'], { env: adminEnv });
      // The id is another team's here: the memory gets one of its own, and the same one again.
      expect(await json(['import', '-'], { input: exported.out })).toEqual({ added: 1, already: 0 });
      expect(await json(['import', '-'], { input: exported.out })).toEqual({ added: 0, already: 1 });
    },
  );

  test.runIf(kind === 'PostgreSQL 15')('help tells by example', async () => {
    for (const command of [
      ...['list', 'show', 'add', 'edit', 'worked', 'failed'],
      ...['retire', 'unretire', 'import', 'export'],
    ]) {
      const help = await healix([command, '--help']);
      expect(help).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining(`lukhas healix ${command}`),
      });
      expect(help.out).toContain('Examples');
    }
  });
});

test('the example is the schema document\u2019s, letter for letter', async () => {
  expect(JSON.parse(await readFile(example, 'utf8'))).toMatchObject({
    id: 'a1b2c3d4-...',
    failure_signature: 'md5:a7f3c89d...',
  });
});
