// The pages say what is there: files, commands and links that they name exist, and the README's first example is real output.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { uploadCommand } from '../src/doors/upload/command.ts';
import { migrations } from '../src/store/schema/migrations.generated.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = find('*.md', 'docs/**/*.md', 'fixtures/**/README.md').sort();

function find(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, onlyFiles: false, expandDirectories: false, dot: true });
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** A page without its fenced blocks, which show other people's paths and output. */
function prose(page: string): string {
  return read(page).replace(/^```[\s\S]*?^```/gm, '');
}

/** GitHub's anchors of a page's headings. */
function anchors(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  it('are found', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/action.md']));
    expect(pages.length).toBeGreaterThan(10);
  });

  it.each(pages)('%s names files of this repository that exist', (page) => {
    const named = [...prose(page).matchAll(/`((?:src|test|scripts|docs|fixtures|\.ci)\/[^`\s]+)`/g)];
    const missing = named
      .map(([, path = '']) => path)
      // `<name>` stands for any name.
      .filter((path) => find(path.replace(/<[^>]*>/g, '*')).length === 0);
    expect(missing).toEqual([]);
  });

  it.each(pages)('%s names npm scripts that package.json has', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run (?:-s |--silent )?([\w:-]+)/g)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it.each(pages)('%s links to pages and headings that exist', (page) => {
    const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g)]
      .map(([, link, picture]) => link ?? picture ?? '')
      .filter((target) => !/^[a-z]+:/.test(target));
    const broken = targets.filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return true;
      if (anchor === undefined || statSync(join(root, file)).isDirectory()) return false;
      return !anchors(file).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('the number of migrations', () => {
  it('is the same wherever a page shows it', () => {
    const text = ['README.md', 'docs/database.md']
      .map((page) => readFileSync(join(root, page), 'utf8'))
      .join('\n');
    const shown = [...text.matchAll(/(\d+) migrations applied|version (\d+) of (\d+)/g)].flatMap((found) =>
      found.slice(1).filter((one) => one !== undefined),
    );
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(new Set(shown)).toEqual(new Set([String(migrations.length)]));
  });
});

describe("the README's table of options", () => {
  it('names each option of lukhas-upload', () => {
    const table = read('README.md').split('| Option | |')[1]?.split('| Exit code | |')[0] ?? '';
    const options = Object.values(uploadCommand().options).map(({ option }) => option.long ?? option.flags);
    expect(options).toContain('--diff-base');
    expect(options.filter((option) => !table.includes(`\`${option}`))).toEqual([]);
  });
});

describe("the README's first command", () => {
  const sample = /```sh\n[\s\S]*?```[\s\S]*?```text\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
  const steady = (text: string) =>
    text
      .replace(/run [\da-f-]{36}/, 'run ID')
      .replace(/(embedded database in ).*/g, '$1HOME')
      // Whatever branch is checked out.
      .replace(/(?: {3}|\n {2})\S+ @ [\da-f]{8}(?: \(\d+ files? uncommitted\))?/, '')
      .replace(/no earlier run(?: of \S+)?: /, 'no earlier run: ');

  it('prints what the README shows, on one screen of 24 lines by 100 columns', () => {
    const printed = spawnSync(process.execPath, ['scripts/readme-command.mjs', '1'], {
      cwd: root,
      encoding: 'utf8',
    }).stdout;
    const [install, command = ''] = printed.trim().split(' && ');
    expect(install).toBe('npm ci');
    const home = mkdtempSync(join(tmpdir(), 'lukhas-readme-'));
    try {
      const env = { PATH: process.env.PATH ?? '', HOME: home };
      const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
        cwd: root,
        encoding: 'utf8',
        env,
      });
      expect(status, stderr).toBe(0);
      expect(steady(`${stderr}${stdout}`)).toBe(steady(sample));
      const lines = `${stderr}${stdout}`.replaceAll(home, '/home/ann').trimEnd().split('\n');
      const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil([...line].length / 100)), 0);
      expect(rows).toBeLessThanOrEqual(24);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
