// Expands a user's paths and globs to reports that can be read twice. The only file that searches for files; knows
// nothing of their content.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { glob, isDynamicPattern } from 'tinyglobby';
import { InputError } from '../errors.ts';
import { distance } from '../nearest.ts';
import { shellPath } from '../shell.ts';
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
}

/** Expands paths and globs; `!old/**` takes files away from the globs. Symbolic links are not followed while matching globs. */
export async function findFiles(patterns: readonly string[], options: FindOptions): Promise<Found> {
  const found = new Set<string>();
  const empty: string[] = [];
  const problems: InputError[] = [];
  const excluded: string[] = [];
  const wanted: string[] = [];
  for (const pattern of patterns) {
    // A file whose name begins with ! is a file.
    if (pattern.startsWith('!') && (await literalFile(pattern, options)) === undefined)
      excluded.push(pattern.slice(1).replaceAll('\\', '/'));
    else wanted.push(pattern);
  }
  if (wanted.length === 0) empty.push(...patterns);
  for (const pattern of wanted) {
    const literal = await literalFile(pattern, options);
    if (literal instanceof InputError) {
      problems.push(literal);
      continue;
    }
    if (literal !== undefined) {
      found.add(literal);
      continue;
    }
    // Convert Windows separators first: in a glob a backslash quotes the next character.
    const slashed = pattern.replaceAll('\\', '/');
    const matches = isDynamicPattern(slashed)
      ? await glob(slashed, {
          cwd: options.workingDirectory,
          onlyFiles: true,
          followSymbolicLinks: false,
          dot: true,
          expandDirectories: false,
          ignore: ['**/node_modules/**', '**/.git/**', ...excluded],
        })
      : [];
    if (matches.length === 0) empty.push(pattern);
    // Same form as for literal names, so that a file named twice is read once.
    for (const match of matches.sort())
      found.add(shown(resolve(options.workingDirectory, match), options.workingDirectory));
  }
  if (empty.length > 0) problems.unshift(await noMatch(empty, options));
  return { paths: [...found], problems };
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
    fix: 'Pipes and devices cannot be read twice; use - to read standard input.',
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

/** Bytes per read: large enough to be fast, small enough for memory. */
const chunkBytes = 128 * 1024;

/** A file on disk as a report that can be read more than once. */
export async function openReport(path: string, workingDirectory: string): Promise<ReportFile> {
  const full = resolve(workingDirectory, path);
  const info = await stat(full);
  return {
    name: path,
    bytes: info.size,
    open: () => readChunks(full, path),
  };
}

async function* readChunks(path: string, name: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes });
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new InputError({
      code: 'unreadable',
      message: `the report cannot be read (${code})`,
      fix: code === 'EACCES' ? 'Look at the rights of the file and of the folders it is in.' : undefined,
      place: { file: name },
      cause: error,
    });
  }
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
    if (error instanceof InputError) return undefined;
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
    return { report: { ...report, name: 'standard input' }, remove };
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
