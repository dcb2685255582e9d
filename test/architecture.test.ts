// The direction of imports, and who may touch the outside world. Read CONTRIBUTING.md for the reasons.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

const rooms = ['read', 'sign', 'store', 'match', 'tell', 'context'];
/** Words that every room speaks. */
const common = ['model.ts', 'errors.ts', 'nearest.ts', 'owned.ts'];
/** The only files that meet the process: arguments, environment, clock, streams, exit codes. */
const doors = [
  'action.ts',
  'upload.ts',
  'upload-command.ts',
  'lukhas.ts',
  'lukhas-command.ts',
  'healix-command.ts',
  'door.ts',
];

/** Each library has its owner. */
const owners: Readonly<Record<string, readonly string[]>> = {
  '@actions/core': ['action.ts', 'action/inputs.ts'],
  '@actions/github/lib/utils': ['tell/github-api.ts'],
  '@electric-sql/pglite': ['store/pglite.ts'],
  'fast-xml-parser': ['read/testcase.ts'],
  pg: ['store/pg.ts'],
  'pg-copy-streams': ['store/pg.ts'],
  picocolors: ['tell/terminal.ts'],
  tinyglobby: ['read/files.ts'],
  zod: [
    'settings.ts',
    'read/coverage.ts',
    'read/coverage-entry.ts',
    'context/github-event.ts',
    'store/memory-file.ts',
  ],
};

/** Who opens files. */
const fileOpeners = [
  'read/files.ts',
  'read/coverage.ts',
  'context/git.ts',
  'context/github-event.ts',
  'context/python.ts',
  'store/pg.ts',
  'store/pglite.ts',
  'store/data-dir-lock.ts',
];

function source(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function imports(file: string): string[] {
  const text = source(file);
  return [
    ...text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s+'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function ours(file: string): string[] {
  return imports(file)
    .filter((path) => path.startsWith('.'))
    .map((path) => relative(root, join(root, dirname(file), path)).replaceAll('\\', '/'));
}

function code(file: string): string {
  return source(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function room(file: string): string | undefined {
  const first = file.split('/')[0] ?? '';
  return rooms.includes(first) ? first : file === 'context.ts' ? 'context' : undefined;
}

describe('the direction of imports', () => {
  it('sees the source tree', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports('ingest.ts')).toContain('./read/junit.ts');
  });

  it('lets a room import itself and the common words, and no other room', () => {
    const wrong = files
      .filter((file) => room(file) !== undefined)
      .flatMap((file) =>
        ours(file)
          .filter((target) => room(target) !== room(file) && !common.includes(target))
          .map((target) => `${file} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('keeps the words free of everything', () => {
    expect(common.flatMap((file) => imports(file).map((path) => `${file} imports ${path}`))).toEqual([]);
  });

  it('lets nothing import a door', () => {
    const entries = ['upload.ts', 'lukhas.ts', 'action.ts'];
    expect(files.flatMap((file) => ours(file).filter((target) => entries.includes(target)))).toEqual([]);
  });

  it('has no cycle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const target of ours(file)) visit(target, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('gives each library to its owner', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((path) => !path.startsWith('.') && !path.startsWith('node:'))
        .filter((path) => !(owners[path] ?? []).includes(file))
        .map((path) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the outside world', () => {
  it('is met by the doors alone: environment, clock, console, exit', () => {
    const forbidden =
      /\bprocess\.(?:env|exit|argv|stdout|stderr|stdin|cwd)\b|\bDate\.now\(|\bnew Date\(\)|\bconsole\./g;
    const wrong = files
      .filter((file) => !doors.includes(file))
      .flatMap((file) => [...code(file).matchAll(forbidden)].map((match) => `${file}: ${match[0]}`));
    expect(wrong).toEqual([]);
  });

  it('has its files opened in few places', () => {
    const wrong = files.filter(
      (file) =>
        imports(file).some((path) => /^node:fs/.test(path)) &&
        !fileOpeners.includes(file) &&
        !doors.includes(file),
    );
    expect(wrong).toEqual([]);
  });

  it('is never asked to run what a report says', () => {
    const wrong = files.filter(
      (file) =>
        /\beval\(|new Function\(|\bexec\(`|execSync/.test(code(file)) ||
        (imports(file).includes('node:child_process') &&
          !['context/git.ts', 'store/data-dir-lock.ts'].includes(file)),
    );
    expect(wrong).toEqual([]);
  });
});
