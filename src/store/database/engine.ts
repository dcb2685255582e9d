// The embedded database's engine: loads PGlite and starts PostgreSQL in a directory. The only file that knows the package.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { PGlite } from '@electric-sql/pglite';
import type { NodeFS as PgliteFiles } from '@electric-sql/pglite/nodefs';
import { StoreError } from '../../errors.ts';

export type Engine = PGlite;

/** Starts PostgreSQL on the files in a directory; runs `initdb` where there are none. */
export type Start = (files: string) => Promise<Engine>;

/** Three folders above this file, and above its chunk in dist. */
export const root = path.resolve(import.meta.dirname, '../../..');

let loading: Promise<Start> | undefined;

/**
 * Loads PGlite and compiles it beside other work; opens nothing, and fails without a word: whoever opens a database is told.
 */
export function prepareEngine(): void {
  loadEngine().catch(() => {});
}

/** @throws StoreError `pglite-missing`: it is not in our bundle. A clone that was linked by `npm install --global` has no node_modules before `npm ci`. */
export function loadEngine(): Promise<Start> {
  loading ??= load().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new StoreError({
      code: 'pglite-missing',
      message: 'the embedded database is not installed: the package @electric-sql/pglite is missing',
      fix: `Run \`npm ci\` in ${root}, or use a PostgreSQL server: --database-url or DATABASE_URL.`,
      cause: error,
    });
  });
  return loading;
}

/** PostgreSQL clears its shared memory when it starts. There is one session here, and the operating system caches the files too. */
const forOneProcess = ['-c', 'shared_buffers=4MB', '-c', 'max_connections=5', '-c', 'TimeZone=UTC'];

/** Node has it, and the types of Node not yet. */
const { WebAssembly: compiler } = globalThis as unknown as {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
};

async function load(): Promise<Start> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
  // V8's second compiler costs more than it saves here: a command takes half the time without it, an upload of 50,000 tests two
  // thirds. What the first flag means for the others counts at start alone: said later, Node 24 compiles all twice beside the work.
  for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'])
    setFlagsFromString(flag);
  // At once, so that V8's threads have work while this one reads the report.
  const program = compiler.compile(readFileSync(path.join(folder, 'pglite.wasm')));
  const [{ PGlite, types }, { NodeFS }, pgliteWasmModule, shared] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite/nodefs'),
    program,
    readFile(path.join(folder, 'pglite.data')),
  ]);

  /** PGlite asks the database for all its types of arrays at each start. */
  class Quick extends PGlite {
    override async _initArrayTypes(): Promise<void> {
      for (const [element, array] of arrayTypes) {
        this.serializers[array] = (value) => types.arraySerializer(value, this.serializers[element], array);
        this.parsers[array] = (text) =>
          types.arrayParser(text, this.parsers[element] as (value: string) => unknown, array);
      }
    }
  }

  class Files extends NodeFS {
    override async init(...[engine, given]: Parameters<PgliteFiles['init']>) {
      const { emscriptenOpts } = await super.init(engine, given);
      return {
        emscriptenOpts: { ...emscriptenOpts, preRun: [layOutAtOnce, ...(emscriptenOpts.preRun ?? [])] },
      };
    }
  }

  return async (files) => {
    const engine = new Quick({
      fs: new Files(files),
      pgliteWasmModule,
      // Of a Blob, PGlite asks for its bytes alone.
      fsBundle: { arrayBuffer: async () => shared.buffer } as unknown as Blob,
      startParams: [...PGlite.defaultStartParams, ...forOneProcess],
    });
    await engine.waitReady;
    return engine;
  };
}

/** Types that our tables and statements have arrays of, with the type of the array: object ids of PostgreSQL's own, which never change. */
export const arrayTypes: readonly (readonly [element: number, array: number])[] = [
  [16, 1000],
  [17, 1001],
  [18, 1002],
  [19, 1003],
  [20, 1016],
  [21, 1005],
  [23, 1007],
  [25, 1009],
  [26, 1028],
  [114, 199],
  [700, 1021],
  [701, 1022],
  [869, 1041],
  [1042, 1014],
  [1043, 1015],
  [1082, 1182],
  [1114, 1115],
  [1184, 1185],
  [1186, 1187],
  [1700, 1231],
  [2205, 2210],
  [2950, 2951],
  [3802, 3807],
];

/** What Emscripten's program has of its files in memory, as far as it is used here. */
interface Program {
  readonly FS: { lookupPath(path: string): { readonly node: object } };
  readonly MEMFS: {
    createNode(
      parent: object,
      name: string,
      mode: number,
      device: number,
    ): { contents: Uint8Array; usedBytes: number };
  };
  FS_createDataFile: (name: string, parent: null, bytes: Uint8Array) => void;
}

/**
 * PostgreSQL's own files (time zones, dictionaries, its language), a thousand of them: Emscripten would look up, open, write and
 * close each.
 */
function layOutAtOnce(given: object): void {
  const program = given as Program;
  const { FS, MEMFS } = program;
  const folders = new Map<string, object>();
  program.FS_createDataFile = (name, _, bytes) => {
    const folder = path.posix.dirname(name);
    const parent = folders.get(folder) ?? FS.lookupPath(folder).node;
    folders.set(folder, parent);
    const node = MEMFS.createNode(parent, path.posix.basename(name), 0o100777, 0);
    node.contents = bytes;
    node.usedBytes = bytes.length;
  };
}
