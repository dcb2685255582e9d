// What an installation finds: the files of the package, programs that can be run, and words where a part is missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const report = join(root, 'fixtures/bookshop/results.xml');

describe('the package', () => {
  let files: string[] = [];
  beforeAll(() => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: root, encoding: 'utf8' });
    // npm 11 gives a list, later ones an object by name.
    const parsed = Object.values(JSON.parse(packed) as Record<string, { files: { path: string }[] }>);
    files = (parsed[0]?.files ?? []).map((file) => file.path);
  });

  it('holds the programs, the licences and the pages, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'dist/licenses.txt',
        'dist/cli/upload.js',
        'dist/cli/lukhas.js',
        'dist/cli/embedded.tar.gz',
        'docs/database.md',
      ]),
    );
    const other = files.filter(
      (file) =>
        !/^(LICENSE|README\.md|package\.json|dist\/licenses\.txt|dist\/cli\/((chunks\/)?[^/]+\.js|embedded\.tar\.gz))$/.test(
          file,
        ) &&
        !/^docs\/([^/]+\.(md|sql)|decisions\/[^/]+\.md|examples\/.+\.(yml|groovy)|grafana\/.+\.(json|yaml))$/.test(
          file,
        ),
    );
    expect(other).toEqual([]);
  });

  it('has programs with their run bit in git, so that npm does not change the clone it links', () => {
    const staged = execFileSync('git', ['ls-files', '-s', 'dist/cli/upload.js', 'dist/cli/lukhas.js'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(staged.match(/^\d+/gm)).toEqual(['100755', '100755']);
  });
});

describe('a clone that npm has linked, without node_modules', () => {
  let home = '';
  let clone = '';
  beforeAll(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'lukhas-install-')));
    clone = join(home, 'clone');
    cpSync(join(root, 'dist'), join(clone, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(clone, 'package.json'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function run(program: string, ...args: string[]) {
    return spawnSync(process.execPath, [join(clone, 'dist/cli', program), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', HOME: home, LUKHAS_DATA_DIR: join(home, 'data') },
    });
  }

  it.each([
    ['upload.js', [report]],
    ['lukhas.js', ['healix', 'list']],
  ])('says what to run where %s needs the embedded database', (program, args) => {
    const { status, stderr } = run(program, ...args);
    expect(status).toBe(3);
    expect(stderr).toContain(
      `error: the embedded database is not installed: the package @electric-sql/pglite is missing\n` +
        `  Run \`npm ci\` in ${clone}, or use a PostgreSQL server: --database-url or DATABASE_URL.\n`,
    );
    expect(stderr).not.toMatch(/^\s+at |internal error/m);
    expect(existsSync(join(home, 'data'))).toBe(false);
  });

  it('reads and tells a report all the same with --dry-run', () => {
    const { status, stdout } = run('upload.js', report, '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('failed');
  });
});
