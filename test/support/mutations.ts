// Defences, as the change of a source that takes each away, and the test that is to notice it. `npm run mutations` runs them.

export interface Mutation {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  readonly name: string;
}

const migration = (file: string) => `src/store/schema/migrations/${file}`;
export const mutations: readonly Mutation[] = [
  {
    what: "the upload's key",
    file: 'src/store/runs/upload-key.ts',
    find: "return digest(['lukhas team upload 1', teamId, uploadKey]);",
    replace: "return digest(['lukhas team upload 1', teamId, uploadKey, String(Math.random())]);",
    test: 'test/store/runs/save.test.ts',
    name: 'the same upload again is known already and adds no row',
  },
  {
    what: 'the author check of the comment',
    file: 'src/tell/github/github.ts',
    find: 'sameLogin(comment.author, author) && isTitled(',
    replace: 'isTitled(',
    test: 'test/tell/github/github.test.ts',
    name: "takes nobody else's comment for its own",
  },
  {
    what: 'one escape of Markdown',
    file: 'src/tell/github/markdown.ts',
    find: '`*_{}[\\]()#+!|~:@$\\\\=^-]/g',
    replace: '`*_{}[\\]()#+!~:@$\\\\=^-]/g',
    test: 'test/tell/github/markdown.test.ts',
    name: 'makes no cell of a table',
  },
  {
    what: "the connection's error handler",
    file: 'src/store/database/pg.ts',
    find: "client.on('error', (error) => giveUp(storeErrorOf(error, target)));",
    replace: '',
    test: 'test/store/runs/lost-connections.test.ts',
    name: 'a connection that ends while nothing is asked',
  },
  {
    what: "the embedded folder's lock",
    file: 'src/store/database/data-dir-lock.ts',
    find: "if (code === 'EEXIST') return undefined;",
    replace: "if (code === 'EEXIST') { await rm(file); await link(aside, file); return opened; }",
    test: 'test/store/database/pglite.test.ts',
    name: 'keeps a second one out',
  },
  {
    what: 'the lock of months that nobody waits for',
    file: migration('0014-tenants.sql'),
    find: 'FOR UPDATE SKIP LOCKED',
    replace: 'FOR UPDATE',
    test: 'test/store/schema/tenants.test.ts',
    name: 'whatever a login takes and keeps',
  },
  {
    what: 'rights by column',
    file: migration('0014-tenants.sql'),
    find: 'REVOKE UPDATE ON healix_matches FROM lukhas_ingest, lukhas_service;',
    replace: '',
    test: 'test/store/schema/tenants.test.ts',
    name: 'whatever a login takes and keeps',
  },
  {
    what: 'no reference to people',
    file: migration('0014-tenants.sql'),
    find: 'ALTER TABLE test_runs DROP CONSTRAINT test_runs_lambda_id_fkey;',
    replace: 'SELECT 1;',
    test: 'test/store/schema/tenants.test.ts',
    name: 'no answer tells',
  },
  {
    what: 'the binding of back ends to a database',
    file: migration('0014-tenants.sql'),
    find: 'AND EXISTS (SELECT FROM service_credentials c WHERE c.role_name = session_user))',
    replace: ')',
    test: 'test/store/schema/tenants.test.ts',
    name: 'is nobody here',
  },
  {
    what: 'pg_temp last',
    file: 'src/store/database/search-path.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: '`SET LOCAL search_path = ${quoteName(schema)}, pg_temp`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    replace: '`SET LOCAL search_path = ${quoteName(schema)}`',
    test: 'test/store/schema/search-path.test.ts',
    name: 'temporary objects of our names',
  },
  {
    what: 'the statement time-out',
    file: 'src/store/runs/save.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: '`SET LOCAL statement_timeout = ${Math.round(stallMs * 0.9)}`,',
    replace: '',
    test: 'test/store/runs/lost-connections.test.ts',
    name: 'a statement that hangs on the server',
  },
  {
    what: 'the question for row-level security',
    file: 'src/store/schema/access.ts',
    find: 'if (privilege === undefined && session.open_tables.length > 0)',
    replace: 'if (session.open_tables.length > 1_000)',
    test: 'test/store/schema/access.test.ts',
    name: 'an upload is refused where row-level security is off',
  },
  {
    what: 'names that ran together are two tests',
    file: 'src/judge/renames.ts',
    find: 'const followed = end < 0 ? names : names.slice(0, end);',
    replace: 'const followed = names;',
    test: 'test/asking.test.ts',
    name: 'no run of another test that took its former name',
  },
  {
    what: 'a former name has no later runs than the name now',
    file: 'src/store/questions/tests.ts',
    find: ' AND x.created_at <= f.until',
    replace: '',
    test: 'test/asking.test.ts',
    name: 'no later run of its former name',
  },
  {
    what: 'a repair by a later test of the former name',
    file: 'src/judge/episodes.ts',
    find: 'if (next >= 0) place = next;',
    replace: '',
    test: 'test/judge/episodes.test.ts',
    name: 'is not repaired by a later test of the former name',
  },
  {
    what: "strangers' runs are nobody's evidence",
    file: 'src/judge/judge.ts',
    find: 'const facts = withoutStrangers(given);',
    replace: 'const facts = given;',
    test: 'test/judge/stories.test.ts',
    name: 'the order of commits',
  },
  {
    what: 'the search for other heads in the workspace',
    file: 'src/context/context.ts',
    find: 'const other = await findTestedElsewhere(edges, { ci, checkout, head: here });',
    replace:
      'const other = await findTestedElsewhere(edges, { ci: { ...ci, mayTest: undefined }, checkout, head: here });',
    test: 'test/context/commits.test.ts',
    name: 'anywhere in the workspace',
  },
  {
    what: 'what is lost stops a set-up',
    file: 'src/store/schema/mend.ts',
    find: 'if (lost.length + slower.length > 0) throw',
    replace: 'if (lost.length + slower.length > 1_000) throw',
    test: 'test/store/schema/restore.test.ts',
    name: 'it is refused by name',
  },
  {
    what: 'a star that blocks',
    file: 'src/judge/matriz.ts',
    find: "['BLOCKED', 'CHANGES_REQUESTED', 'APPROVED']",
    replace: "['APPROVED', 'CHANGES_REQUESTED', 'BLOCKED']",
    test: 'test/judge/matriz.test.ts',
    name: 'one of three blocks',
  },
  {
    what: 'names that stand twice in an analysis',
    file: 'src/read/matriz.ts',
    find: 'if (seen.has(name))',
    replace: 'if (seen.has(name) && seen.size < 0)',
    test: 'test/read/matriz.test.ts',
    name: 'with equal names',
  },
  {
    what: 'the turn of those who delete owners',
    file: 'src/store/schema/users.ts',
    find: "await db.query('SELECT lukhas_lock_team()');",
    replace: '',
    test: 'test/store/schema/users.test.ts',
    name: 'the last owner stays',
  },
  {
    what: 'the cut to 500 told memories',
    file: 'src/store/healix/credits.ts',
    find: 'const mostMemories = 500;',
    replace: 'const mostMemories = 5000;',
    test: 'test/store/healix/credits.test.ts',
    name: 'of more than 500 memories told in one run',
  },
  {
    what: 'what is left of a damaged test',
    file: 'src/read/report/frames.ts',
    find: "    this.#frames.push({ kind: 'stray', tag: shown, ...position });\n",
    replace: '',
    test: 'test/read/report/junit.test.ts',
    name: 'is told where it stands, and counted once',
  },
];
