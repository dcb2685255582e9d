// The direction of imports, and who may touch the outside world. Read CONTRIBUTING.md for the reasons.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

/** The rooms. They do not know each other: `ingest.ts` and the doors join them. */
const rooms = ['read', 'sign', 'judge', 'store', 'tell', 'context'];
/** Words that every room speaks; they import none of our files. */
const common = ['model.ts', 'errors.ts', 'health.ts', 'nearest.ts', 'report-counts.ts', 'shell.ts'];
/** What each folder of the store may import of the others: one way. */
const storeBelow: Readonly<Record<string, readonly string[]>> = {
  database: [],
  schema: ['database'],
  healix: ['database', 'schema'],
  runs: ['database', 'schema', 'healix'],
  history: ['database', 'schema', 'healix'],
  questions: ['database', 'schema', 'healix'],
  keep: ['database', 'schema', 'healix', 'questions'],
};
/** The use case and what it counts and is asked: below the doors, above the rooms. */
const useCase = [
  'asking.ts',
  'ingest.ts',
  'judging.ts',
  'patching.ts',
  'learning.ts',
  'passes.ts',
  'renaming.ts',
  'reporting.ts',
  'settings.ts',
  'storing.ts',
  'tally.ts',
];

/** `lukhas upload` is `lukhas-upload`: the one command that two doors share, by its declaration alone. */
const sharedCommand = { from: 'doors/lukhas/program.ts', to: 'doors/upload/command.ts' };

/** Each library has its owner. */
const owners: Readonly<Record<string, readonly string[]>> = {
  '@actions/core': ['doors/action/inputs.ts', 'doors/action/surfaces.ts'],
  '@actions/github/lib/utils': ['tell/github/api.ts'],
  '@electric-sql/pglite': ['store/database/engine.ts'],
  '@electric-sql/pglite/nodefs': ['store/database/engine.ts'],
  '@modelcontextprotocol/sdk/server/index.js': ['doors/lukhas/mcp.ts'],
  '@modelcontextprotocol/sdk/server/stdio.js': ['doors/lukhas/mcp.ts'],
  '@modelcontextprotocol/sdk/types.js': ['doors/lukhas/mcp.ts'],
  '@humanwhocodes/momoa': ['read/matriz.ts'],
  asciichart: ['tell/terminal/plot.ts'],
  'cli-table3': ['tell/terminal/table.ts'],
  commander: ['doors/arguments.ts', 'doors/help.ts'],
  'fast-xml-parser': ['read/report/testcase.ts'],
  'fastest-levenshtein': ['nearest.ts'],
  pg: ['store/database/pg.ts'],
  'pg-copy-streams': ['store/database/pg.ts'],
  pgpass: ['store/database/pg.ts'],
  picocolors: ['tell/terminal/terminal.ts'],
  tinyglobby: ['read/files.ts'],
  uplot: ['tell/page/client/trend.ts'],
  // What every upload loads takes the small part of it.
  'zod/mini': [
    'settings.ts',
    'read/coverage/coverage.ts',
    'read/coverage/entry.ts',
    'read/matriz.ts',
    'context/github-event.ts',
  ],
  zod: [
    'doors/lukhas/mcp.ts',
    'store/healix/memory-file.ts',
    'store/schema/users.ts',
    'store/keep/manifest.ts',
  ],
};

/** Who opens files, beside the doors. */
const fileOpeners = [
  'read/files.ts',
  'read/coverage/coverage.ts',
  'read/matriz.ts',
  'context/git.ts',
  'context/github-event.ts',
  'context/identity.ts',
  'context/python.ts',
  'store/database/pg.ts',
  'store/database/engine.ts',
  'store/database/pglite.ts',
  'store/database/data-dir.ts',
  'store/database/data-dir-lock.ts',
  'store/keep/backup.ts',
  'store/keep/programs.ts',
  'store/keep/scratch.ts',
  'store/keep/verify.ts',
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

function isDoor(file: string): boolean {
  return file.startsWith('doors/');
}

function room(file: string): string | undefined {
  const first = file.split('/')[0] ?? '';
  return rooms.includes(first) ? first : undefined;
}

describe('the direction of imports', () => {
  it('sees the source tree', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports('ingest.ts')).toContain('./read/report/survey.ts');
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
    expect(common.flatMap((file) => ours(file).map((path) => `${file} imports ${path}`))).toEqual([]);
  });

  it('has every file in a room, in a door, or in the use case', () => {
    const loose = files.filter((file) => room(file) === undefined && !isDoor(file));
    expect(loose.sort()).toEqual([...common, ...useCase].sort());
  });

  it('lets nothing below import a door, nor one door another', () => {
    const wrong = files.flatMap((file) =>
      ours(file)
        .filter((target) => {
          if (!isDoor(target)) return false;
          if (file === sharedCommand.from && target === sharedCommand.to) return false;
          const [, group = ''] = target.split('/');
          // What doors share lies loose in their folder.
          return !isDoor(file) || (group.includes('.') ? false : file.split('/')[1] !== group);
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps the Action's door thin: inputs, ingest, surfaces", () => {
    expect(source('doors/action/main.ts').split('\n').length).toBeLessThan(150);
  });

  it('lets the folders of the store import each other one way', () => {
    const folder = (file: string) => (file.startsWith('store/') ? (file.split('/')[1] ?? '') : undefined);
    const wrong = files.flatMap((file) => {
      const own = folder(file);
      if (own === undefined) return [];
      const below = storeBelow[own];
      if (below === undefined) return [`store/${own} has no place in the order`];
      return ours(file)
        .filter((target) => {
          const other = folder(target);
          return other !== undefined && other !== own && !below.includes(other);
        })
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('lets no surface import another: what two of them say lies loose in tell', () => {
    const surface = (file: string) => /^tell\/([^/.]+)\//.exec(file)?.[1];
    const wrong = files.flatMap((file) =>
      ours(file)
        .filter((target) => {
          const other = surface(target);
          return file.startsWith('tell/') && other !== undefined && other !== surface(file);
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps judging pure: facts in, verdicts out', () => {
    const wrong = files
      .filter((file) => room(file) === 'judge')
      .flatMap((file) =>
        imports(file)
          .filter((path) => !path.startsWith('.'))
          .map((path) => `${file} imports ${path}`),
      );
    expect(wrong).toEqual([]);
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
      .filter((file) => !isDoor(file))
      .flatMap((file) => [...code(file).matchAll(forbidden)].map((match) => `${file}: ${match[0]}`));
    expect(wrong).toEqual([]);
  });

  it('has its files opened in few places', () => {
    const wrong = files.filter(
      (file) =>
        imports(file).some((path) => /^node:fs/.test(path)) && !fileOpeners.includes(file) && !isDoor(file),
    );
    expect(wrong).toEqual([]);
  });

  it('is never asked to run what a report says', () => {
    const wrong = files.filter(
      (file) =>
        /\beval\(|new Function\(|\bexec\(`|execSync/.test(code(file)) ||
        (imports(file).includes('node:child_process') &&
          ![
            'context/git.ts',
            // The browser.
            'doors/lukhas/report.ts',
            'store/database/data-dir-lock.ts',
            // PostgreSQL's own programs.
            'store/keep/programs.ts',
            'store/keep/scratch.ts',
          ].includes(file)),
    );
    expect(wrong).toEqual([]);
  });
});
