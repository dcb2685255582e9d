// Takes defences away, one at a time, in a copy of this tree, and runs the test that is to notice it: `npx tsx scripts/mutations.ts`,
// or some of them by number. Ends with 1 where a test passes without its defence.
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Mutation {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  readonly name: string;
}

const migration = (file: string) => `src/store/schema/migrations/${file}`;
const mutations: readonly Mutation[] = [
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
    find: 'marked.filter((comment) => sameLogin(comment.author, author))',
    replace: 'marked.slice()',
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
    find: "if (code === 'EEXIST') return false;",
    replace: "if (code === 'EEXIST') return true;",
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
    name: 'restored without',
  },
];

const chosen = process.argv.slice(2).map(Number);
const copy = await mkdtemp(path.join(tmpdir(), 'lukhas-mutations-'));
let unnoticed = 0;
try {
  for (const part of [
    'src',
    'test',
    'scripts',
    'fixtures',
    'docs',
    'dist',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'action.yml',
    'README.md',
  ])
    await cp(part, path.join(copy, part), { recursive: true });
  await symlink(path.resolve('node_modules'), path.join(copy, 'node_modules'));
  for (const [index, mutation] of mutations.entries()) {
    if (chosen.length > 0 && !chosen.includes(index + 1)) continue;
    const file = path.join(copy, mutation.file);
    const text = await readFile(file, 'utf8');
    if (!text.includes(mutation.find)) throw new Error(`${mutation.file} no longer holds: ${mutation.find}`);
    await writeFile(
      file,
      text.replace(mutation.find, () => mutation.replace),
    );
    const run = (command: string, args: string[]) =>
      spawnSync(command, args, { cwd: copy, encoding: 'utf8', timeout: 300_000 });
    run('node', ['scripts/generate-migrations.mjs']);
    const { stdout } = run('npx', ['vitest', 'run', mutation.test, '-t', mutation.name]);
    const failed = /Tests .*?(\d+) failed/.exec(stdout)?.[1];
    const noticed = failed !== undefined;
    if (!noticed) unnoticed++;
    console.log(
      `${noticed ? 'noticed' : 'NOT NOTICED'}  ${index + 1}. without ${mutation.what}: ${mutation.test}, ${failed ?? 0} failed`,
    );
    await writeFile(file, text);
    run('node', ['scripts/generate-migrations.mjs']);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
process.exitCode = unnoticed > 0 ? 1 : 0;
