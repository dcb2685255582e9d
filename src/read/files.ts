// Expands a user's paths and globs to reports that can be read twice. The only file that searches for files; knows
// nothing of their content.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  createWriteStream,
  type Dirent,
  fstatSync,
  openSync,
  readdir as readdirOf,
  readSync,
  realpath as realpathOf,
  type Stats,
  stat as statOf,
  statSync,
} from 'node:fs';
import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GlobOptions } from 'tinyglobby';
import { InputError, ReportError } from '../errors.ts';
import type { Warning } from '../model.ts';
import { distance } from '../nearest.ts';
import { shellPath } from '../shell.ts';
import { standardInput } from './decode.ts';
import type { ReportFile } from './report/survey.ts';

export interface FindOptions {
  /** Patterns and the names in messages are relative to it. */
  readonly workingDirectory: string;
  /** What users call these files: `report`, `coverage report`. */
  readonly what: string;
  /** Their usual extension, to find near misses: `.xml`, `.json`. */
  readonly extension: string;
}

export interface Found {
  /** Relative to the working directory where they are below it, each once, in the order of the patterns. */
  readonly paths: readonly string[];
  /** `no-match`, `not-a-file`: each names patterns, the folder and near misses. */
  readonly problems: readonly InputError[];
  /** What globs passed by: links out of the workspace, folders that could not be read. */
  readonly warnings: readonly Warning[];
}

/**
 * Expands paths and globs; `!old/**` takes files away from the globs. Globs follow symbolic links within the working directory
 * and the folder that a pattern begins with; a path without wildcards is taken wherever its links lead.
 */
export async function findFiles(patterns: readonly string[], options: FindOptions): Promise<Found> {
  const found = new Map<string, string>();
  const empty: string[] = [];
  const problems: InputError[] = [];
  const excluded: string[] = [];
  const wanted: string[] = [];
  for (const pattern of patterns) {
    // A file whose name begins with ! is a file.
    if (pattern.startsWith('!') && (await literalFile(pattern, options)) === undefined)
      excluded.push(...exclusions(pattern.slice(1)));
    else wanted.push(pattern);
  }
  if (wanted.length === 0) empty.push(...patterns);
  const passedBy = nothingPassedBy();
  for (const pattern of wanted) {
    const literal = await literalFile(pattern, options);
    if (literal instanceof InputError) {
      problems.push(literal);
      continue;
    }
    if (literal !== undefined) {
      await addFile(found, literal, options);
      continue;
    }
    // Loaded here: most uploads name their files.
    const { isDynamicPattern } = await import('tinyglobby');
    // Convert Windows separators first: in a glob a backslash quotes the next character.
    const slashed = pattern.replaceAll('\\', '/');
    const matches = isDynamicPattern(slashed) ? await expand(slashed, excluded, options, passedBy) : [];
    if (matches.length === 0) {
      const hidden = excluded.length > 0 && isDynamicPattern(slashed);
      const without = hidden ? await expand(slashed, [], options, nothingPassedBy()) : [];
      if (without.length === 0) empty.push(pattern);
      else problems.push(allExcluded(pattern, without, options));
    }
    for (const match of matches) await addFile(found, match, options);
  }
  if (passedBy.tooManyLinks)
    problems.unshift(
      new InputError({
        code: 'too-many-links',
        message: `more than ${mostLinks} symbolic links to folders in ${options.workingDirectory}: a ${options.what} may be behind one that was not followed`,
        fix: 'Begin the pattern with the folder that the files are in.',
      }),
    );
  if (empty.length > 0) problems.unshift(await noMatch(empty, options));
  return { paths: [...found.values()], problems, warnings: warningsOf(passedBy, options) };
}

/** Remembers a file by where it really is, so that one reached by two names is read once. */
async function addFile(found: Map<string, string>, path: string, options: FindOptions): Promise<void> {
  const real = await realpath(resolve(options.workingDirectory, path)).catch(() => path);
  if (!found.has(real)) found.set(real, path);
}

/** `old`, `./old/`, `old/**`: a folder is excluded with all that is in it, however it is written. */
function exclusions(pattern: string): string[] {
  const bare = pattern
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/+)+/, '')
    .replace(/\/+$/, '');
  return bare === '' ? [] : [bare, `${bare}/**`];
}

interface PassedBy {
  /** Links that lead out of the folders that are searched; as users write them. */
  readonly outside: Set<string>;
  readonly unreadable: Set<string>;
  tooManyLinks: boolean;
}

function nothingPassedBy(): PassedBy {
  return { outside: new Set(), unreadable: new Set(), tooManyLinks: false };
}

function allExcluded(pattern: string, files: readonly string[], options: FindOptions): InputError {
  const more = files.length > 1 ? ` and ${files.length - 1} more` : '';
  return new InputError({
    code: 'no-match',
    message: `no ${options.what} is left for '${pattern}' in ${options.workingDirectory}: what it matches is excluded (${files[0]}${more})`,
    fix: 'Take the pattern away, or exclude less.',
  });
}

/** The files that a glob matches, sorted, those reached without a link first. */
async function expand(
  pattern: string,
  excluded: readonly string[],
  options: FindOptions,
  passedBy: PassedBy,
): Promise<string[]> {
  const { workingDirectory } = options;
  const { glob, isDynamicPattern } = await import('tinyglobby');
  const roots = await Promise.all(
    [workingDirectory, resolve(workingDirectory, literalFolder(pattern, isDynamicPattern))].map((folder) =>
      realpath(folder).catch(() => folder),
    ),
  );
  const isInside = (real: string) => roots.some((root) => isBelow(real, root));
  const matches = await glob(pattern, {
    cwd: workingDirectory,
    onlyFiles: true,
    followSymbolicLinks: true,
    dot: true,
    expandDirectories: false,
    ignore: ['**/node_modules/**', '**/.git/**', ...excluded],
    fs: linkGuard(isInside, options, passedBy),
  });
  const direct: string[] = [];
  const linked: string[] = [];
  for (const match of matches.sort()) {
    const path = resolve(workingDirectory, match);
    // Same form as for literal names, so that a file named twice is read once.
    const name = shown(path, workingDirectory);
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) continue;
    if (!isInside(real)) passedBy.outside.add(name);
    else if ((await stat(real).catch(() => undefined))?.isFile() === true)
      (real === path ? direct : linked).push(name);
  }
  return [...direct, ...linked];
}

/** The folders at a pattern's start that are named without wildcards. */
function literalFolder(pattern: string, isDynamic: (part: string) => boolean): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => isDynamic(part));
  const folder = parts.slice(0, first < 0 ? -1 : first).join('/');
  return folder === '' && pattern.startsWith('/') ? '/' : folder;
}

function isBelow(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below === '' || (!isAbsolute(below) && below !== '..' && !below.startsWith(`..${sep}`));
}

/** Folders that link to each other have more paths than files: so many links to folders are followed. */
const mostLinks = 2000;

type FileSystem = NonNullable<GlobOptions['fs']>;

/** A file system for the glob in which links to folders outside have nothing in them. */
function linkGuard(
  isInside: (real: string) => boolean,
  { workingDirectory }: FindOptions,
  passedBy: PassedBy,
): FileSystem {
  let links = 0;
  /** Where a folder outside is linked from. */
  const linkOf = new Map<string, string>();
  const name = (path: string) => shown(resolve(workingDirectory, path), workingDirectory);
  const follow = (path: string, done: (error: Error | null, real: string) => void) => {
    if (passedBy.tooManyLinks) return done(new Error('too many links'), '');
    realpathOf.native(path, (error, real) => {
      if (error !== null) return done(error, '');
      if (!isInside(real) && !linkOf.has(real)) linkOf.set(real, name(path));
      // Folders of which one name begins with the other's are no circle: the library compares the beginnings.
      statOf(real, (_, info) => {
        if (info?.isDirectory() !== true) return done(null, real);
        if (++links <= mostLinks) return done(null, `${real}${sep}`);
        passedBy.tooManyLinks = true;
        done(new Error('too many links'), '');
      });
    });
  };
  const list = (
    path: string,
    settings: { withFileTypes: true },
    done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
  ) => {
    const link = linkOf.get(resolve(path));
    if (link !== undefined) {
      passedBy.outside.add(link);
      return done(null, []);
    }
    readdirOf(path, settings, (error, entries) => {
      if (error?.code === 'EACCES') passedBy.unreadable.add(name(path));
      done(error, entries);
    });
  };
  return { realpath: follow, readdir: list } as unknown as FileSystem;
}

function warningsOf({ outside, unreadable }: PassedBy, options: FindOptions): Warning[] {
  const listed = (names: ReadonlySet<string>) => {
    const more = names.size > 5 ? ` and ${names.size - 5} more` : '';
    return `${[...names].slice(0, 5).join(', ')}${more}`;
  };
  const warnings: Warning[] = [];
  if (outside.size > 0)
    warnings.push({
      code: 'link-outside',
      message: `${outside.size === 1 ? 'a link leads' : `${outside.size} links lead`} out of ${options.workingDirectory}, and globs do not follow ${outside.size === 1 ? 'it' : 'them'}: ${listed(outside)}. To read a ${options.what} behind it, name the file or begin the pattern with the link: link/**/*${options.extension}`,
    });
  if (unreadable.size > 0)
    warnings.push({
      code: 'folder-unreadable',
      message: `${unreadable.size === 1 ? 'a folder' : `${unreadable.size} folders`} could not be searched for a ${options.what} (EACCES): ${listed(unreadable)}`,
    });
  return warnings;
}

/** A path that exists literally, even if it looks like a glob. */
async function literalFile(pattern: string, options: FindOptions): Promise<string | InputError | undefined> {
  const path = resolve(options.workingDirectory, pattern);
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  if (info.isFile()) return shown(path, options.workingDirectory);
  if (info.isDirectory()) return await notAFolder(pattern, path, options);
  return new InputError({
    code: 'not-a-file',
    message: 'this is not a regular file',
    fix: (name) => {
      const input = options.extension === '.xml' ? name('standardInput') : undefined;
      return `Pipes and devices cannot be read twice${input === undefined ? '' : `; use ${input} to read standard input`}.`;
    },
    place: { file: pattern },
  });
}

async function notAFolder(pattern: string, path: string, options: FindOptions): Promise<InputError> {
  const details = (message: string, fix: string) =>
    new InputError({ code: 'not-a-file', message, fix, place: { file: pattern } });
  const inside = await nearMisses([], { ...options, workingDirectory: path });
  if (inside.length > 0)
    return details(
      'this is a folder',
      `Name the files in it: ${shellPath(join(pattern, `**/*${options.extension}`))}`,
    );
  const names = await readdir(path).catch(() => []);
  if (options.extension === '.xml' && names.some((name) => name.endsWith('-result.json')))
    return details(
      'this is a folder of Allure results, which are no JUnit reports',
      'Let pytest write one beside them: pytest --alluredir=allure-results --junitxml=results.xml',
    );
  return details(
    `this is a folder without a ${options.extension} file, also three folders deep`,
    `Name the ${options.what}'s file.`,
  );
}

/** “ ” „ ‘ ’ ‚ « »: what word processors make of straight quotes. */
const typesetQuotes = /[\u2018-\u201e\u00ab\u00bb]/;

async function noMatch(patterns: readonly string[], options: FindOptions): Promise<InputError> {
  const near = await nearMisses(patterns, options);
  const quoted = patterns.map((pattern) => `'${pattern}'`).join(', ');
  const list = patterns.find((pattern) => /,/.test(pattern) && !/\{[^}]*,/.test(pattern));
  const typeset = patterns.find((pattern) => typesetQuotes.test(pattern));
  if (typeset !== undefined)
    return new InputError({
      code: 'no-match',
      message: `no ${options.what} found for ${quoted} in ${options.workingDirectory}`,
      fix: `These quotes come from a word processor, and a shell does not know them. Write ${shellPath(typeset.replace(new RegExp(typesetQuotes, 'g'), ''))}`,
    });
  return new InputError({
    code: 'no-match',
    message: `no ${options.what} found for ${quoted} in ${options.workingDirectory}`,
    fix:
      list !== undefined
        ? 'Commas do not part names: name each file or pattern by itself, each on a line of its own where it is an input.'
        : near.length > 0
          ? `Did you mean ${near.length === 1 ? 'this one' : 'one of these'}?\n${near.map((path) => `  ${path}`).join('\n')}`
          : `There is no ${options.extension} file in this folder or three folders below it. ${
              options.extension === '.xml'
                ? 'Did pytest run with --junitxml=results.xml, and in this folder?'
                : 'Did `coverage json` run, and in this folder?'
            }`,
  });
}

const skippedFolders = new Set([
  'node_modules',
  '.git',
  '__pycache__',
  '.venv',
  'venv',
  '.tox',
  'site-packages',
]);
const mostEntries = 20_000;

/** Files with the expected extension nearby: those with a similar name first, then the newest. */
async function nearMisses(patterns: readonly string[], options: FindOptions): Promise<string[]> {
  const candidates: string[] = [];
  let folders = [options.workingDirectory];
  let entriesSeen = 0;
  for (let depth = 0; depth <= 3 && entriesSeen < mostEntries; depth++) {
    const next: string[] = [];
    for (const folder of folders) {
      for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
        if (++entriesSeen > mostEntries) break;
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !skippedFolders.has(entry.name)) next.push(path);
        else if (entry.isFile() && entry.name.toLowerCase().endsWith(options.extension))
          candidates.push(path);
      }
    }
    folders = next;
  }
  const wanted = patterns.map((pattern) => stemOf(pattern, options.extension));
  const scored = await Promise.all(
    candidates.slice(0, 500).map(async (path) => {
      const stem = stemOf(path, options.extension);
      return {
        path: shown(path, options.workingDirectory),
        // First typing mistakes, then longer names, then anything else.
        rank: Math.min(
          ...wanted.map((name) =>
            distance(name, stem) <= 2 ? 0 : name.length > 2 && stem.includes(name) ? 1 : 2,
          ),
        ),
        changed: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0,
      };
    }),
  );
  scored.sort((a, b) => a.rank - b.rank || b.changed - a.changed);
  return scored.slice(0, 5).map((candidate) => candidate.path);
}

/**
 * Files below a folder that is no git checkout, relative to it; nothing when there are too many to be a project.
 */
export async function listFolder(root: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !skippedFolders.has(entry.name) && !entry.name.startsWith('.'))
        folders.push(path);
      else if (entry.isFile()) files.push(path);
      if (files.length + folders.length > mostEntries) return [];
    }
  }
  return files;
}

/** So much of a checkout's file is read, in bytes. */
const startBytes = 1 << 20;

/**
 * The start of a checkout's file as text. Undefined for what cannot be read and for anything but a regular file: a link to
 * a device has no end, and a pipe never answers.
 */
export function readStart(path: string): string | undefined {
  let file: number | undefined;
  try {
    if (!statSync(path).isFile()) return undefined;
    // Asked again of what was opened, without waiting: it may have become a pipe meanwhile.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const info = fstatSync(file);
    if (!info.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(info.size, startBytes));
    const bytes = readSync(file, buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytes);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function stemOf(path: string, extension: string): string {
  const name = basename(path).toLowerCase();
  return name.endsWith(extension) ? name.slice(0, -extension.length) : name;
}

function shown(path: string, workingDirectory: string): string {
  const below = relative(workingDirectory, path);
  return below === '' || below.startsWith('..') ? path : below.replaceAll('\\', '/');
}

/** Bytes that are worked on at once. Texts of more than 128 KB, and characters may take two bytes, would outlive V8's young generation. */
const chunkBytes = 48 * 1024;
/** Bytes per read. */
const blockBytes = 4 * chunkBytes;

/** A file on disk as a report that can be read more than once. One that is gone meanwhile fails when it is read. */
export async function openReport(path: string, workingDirectory: string): Promise<ReportFile> {
  const full = resolve(workingDirectory, path);
  const info = await stat(full).catch(() => undefined);
  return {
    name: path,
    bytes: info?.size ?? 0,
    open: () => readChunks(full, path, info),
  };
}

/** A file as it was when it was written last. */
type Written = Pick<Stats, 'ino' | 'size' | 'mtimeMs'>;

async function* readChunks(path: string, name: string, written: Written | undefined): AsyncGenerator<Buffer> {
  try {
    yield* readBlocks(path, (now) => {
      if (
        written === undefined ||
        now.ino !== written.ino ||
        now.size !== written.size ||
        now.mtimeMs !== written.mtimeMs
      )
        throw changedWhileReading(name);
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new InputError({
      code: 'unreadable',
      message: `the report cannot be read (${code})`,
      fix:
        code === 'EACCES'
          ? 'Look at the rights of the file and of the folders it is in.'
          : code === 'ENOENT'
            ? 'It was there when it was looked for: upload after pytest has ended.'
            : undefined,
      place: { file: name },
      cause: error,
    });
  }
}

/**
 * Reads without threads: waking one takes longer than to copy what the system has read ahead. Signals, timers and sockets have their turn
 * between two blocks. A chunk is good until the next one is asked for.
 *
 * @param check is told of the file before the first block and after the last one
 */
async function* readBlocks(path: string, check: (file: Stats) => void): AsyncGenerator<Buffer> {
  const file = openSync(path, 'r');
  try {
    check(fstatSync(file));
    const block = Buffer.allocUnsafe(blockBytes);
    for (;;) {
      const bytesRead = readSync(file, block, 0, blockBytes, null);
      if (bytesRead === 0) break;
      for (let at = 0; at < bytesRead; at += chunkBytes)
        yield block.subarray(at, Math.min(at + chunkBytes, bytesRead));
      await new Promise((resolve) => setImmediate(resolve));
    }
    check(fstatSync(file));
  } finally {
    closeSync(file);
  }
}

/** A report is read twice: what was counted first would not be what is stored and told. */
function changedWhileReading(name: string): ReportError {
  return new ReportError({
    code: 'changed-while-reading',
    message: 'the report was written again while it was read',
    fix: 'Upload after pytest has ended.',
    place: { file: name },
  });
}

/**
 * Reports without those that equal an earlier one byte for byte: one report that was found at two places. Only files of one
 * length are read for it; what cannot be read is kept.
 */
export async function distinctReports(reports: readonly ReportFile[]): Promise<{
  readonly reports: readonly ReportFile[];
  readonly copies: readonly { readonly file: string; readonly of: string }[];
}> {
  const lengths = new Map<number, number>();
  for (const { bytes } of reports) lengths.set(bytes, (lengths.get(bytes) ?? 0) + 1);
  const seen = new Map<string, string>();
  const copies: { file: string; of: string }[] = [];
  const kept: ReportFile[] = [];
  for (const report of reports) {
    const sha256 =
      (lengths.get(report.bytes) ?? 0) > 1 && report.bytes > 0 ? await hashOf(report) : undefined;
    const of = sha256 === undefined ? undefined : seen.get(sha256);
    if (of === undefined) kept.push(report);
    else copies.push({ file: report.name, of });
    if (sha256 !== undefined && of === undefined) seen.set(sha256, report.name);
  }
  return { reports: kept, copies };
}

async function hashOf(report: ReportFile): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of report.open()) hash.update(chunk);
  } catch (error) {
    if (error instanceof InputError || error instanceof ReportError) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** The operating system's error code: `EACCES`, `ENOSPC`. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}

/** The report, whose reading fails with `reason()` once the signal is given. */
export function cancellable(
  report: ReportFile,
  signal: AbortSignal | undefined,
  reason: () => Error,
): ReportFile {
  if (signal === undefined) return report;
  async function* open() {
    for await (const chunk of report.open()) {
      if (signal?.aborted === true) throw reason();
      yield chunk;
    }
  }
  return { ...report, open };
}

/**
 * Copies standard input into a temporary file, because a report is read twice and once more for each retry.
 *
 * @returns the report, and how to remove the copy
 */
export async function spoolInput(
  input: Readable,
  signal?: AbortSignal,
): Promise<{ report: ReportFile; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lukhas-')).catch((error) => {
    throw notSpooled(error, signal);
  });
  const path = join(folder, 'standard-input.xml');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(input, createWriteStream(path, { mode: 0o600 }), { signal });
    const report = await openReport(path, folder);
    return { report: { ...report, name: standardInput }, remove };
  } catch (error) {
    await remove();
    throw notSpooled(error, signal);
  }
}

function notSpooled(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) {
    return new InputError({ code: 'cancelled', message: 'cancelled while standard input was read' });
  }
  const code = codeOf(error);
  if (code === undefined) return error;
  return new InputError({
    code: 'not-spooled',
    message: `standard input cannot be kept in a temporary file (${code}); a report is read twice`,
    fix: `Set TMPDIR to a folder with enough room (it is ${tmpdir()}), or name the report's file.`,
    cause: error,
  });
}
