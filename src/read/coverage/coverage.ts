// Reads coverage.py's JSON reports (6.5 to 7.16, formats none, 2 and 3) into one list of files with their counts.
// Streams and skips the parts that repeat others. Knows nothing of tests, signatures or the database.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod/mini';
import { InputError, ReportError } from '../../errors.ts';
import type { CoverageFile, Warning } from '../../model.ts';
import { decodeText } from '../decode.ts';
import {
  type CoverageEntry,
  entryMembers,
  listedBranches,
  mergeEntries,
  parseEntry,
  percentOf,
} from './entry.ts';
import { recogniseBytes, recogniseJson, recogniseText } from './foreign.ts';
import { JsonSyntaxError, JsonWalker } from './json.ts';
import { type PathOptions, resolvePaths } from './paths.ts';

/** Counts over all files; `percent` is computed from the counts, and undefined without files. */
export interface CoverageTotals {
  readonly files: number;
  readonly percent: number | undefined;
  readonly statements: number;
  readonly coveredStatements: number;
  readonly missingStatements: number;
  readonly branches: number;
  readonly coveredBranches: number;
}

export interface CoverageRead {
  /** Sorted by path, summed over all inputs. */
  readonly files: readonly CoverageFile[];
  readonly totals: CoverageTotals;
  readonly warnings: readonly Warning[];
  /** Hex, over the bytes of all inputs in order. */
  readonly sha256: string;
  /** coverage.py's version, from the first input that has it. */
  readonly coverageVersion: string | undefined;
}

export interface CoverageOptions extends PathOptions {
  /** Gets the error of each file that cannot be taken, and the others are read; absent: the first one is thrown. */
  onUnusable?(error: InputError | ReportError): void;
}

/**
 * Reads and sums coverage reports. Awaits `turn` before each chunk, so that the caller controls the pace.
 *
 * @throws InputError if a file cannot be opened; ReportError if `coverage json` did not write it or it is damaged, with the
 *   place
 */
export async function readCoverage(
  paths: readonly string[],
  options: CoverageOptions,
  turn?: () => Promise<void>,
): Promise<CoverageRead> {
  const hash = createHash('sha256');
  const merged = new Map<string, CoverageEntry>();
  const warnings: Warning[] = [];
  const outside = new Set<string>();
  const inexact = new Set<string>();
  let coverageVersion: string | undefined;
  for (const path of paths) {
    const input = await readInput(path, hash, turn).catch((error: unknown) => {
      const isUnusable = error instanceof InputError || error instanceof ReportError;
      if (!isUnusable || options.onUnusable === undefined) throw error;
      options.onUnusable(error);
    });
    if (input === undefined) continue;
    warnings.push(...input.warnings);
    coverageVersion ??= input.version;
    const resolved = resolvePaths([...input.entries.keys()], options);
    for (const [raw, entry] of input.entries) {
      const { path: filePath, inRepository } = resolved.get(raw) ?? { path: raw, inRepository: false };
      if (!inRepository) outside.add(filePath);
      const before = merged.get(filePath);
      if (before === undefined) {
        merged.set(filePath, entry);
      } else {
        const sum = mergeEntries(before, entry);
        if (!sum.branchesExact) inexact.add(filePath);
        merged.set(filePath, sum.entry);
      }
    }
  }
  if (outside.size > 0) warnings.push(outsideWarning(outside));
  if (inexact.size > 0) warnings.push(inexactWarning(inexact));
  const entries = [...merged].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    files: entries.map(([filePath, entry]) => coverageFile(filePath, entry)),
    totals: addUp(merged.values()),
    warnings,
    sha256: hash.digest('hex'),
    coverageVersion,
  };
}

/**
 * SHA-256 (hex) over the bytes of all inputs in order: the same as `readCoverage`'s, much faster. What cannot be read is
 * left out.
 */
export async function hashCoverage(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    try {
      const file = await openFile(path);
      try {
        for await (const _ of readBytes(file, path, hash));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!(error instanceof InputError || error instanceof ReportError)) throw error;
    }
  }
  return hash.digest('hex');
}

function coverageFile(filePath: string, entry: CoverageEntry): CoverageFile {
  const branches = listedBranches(entry);
  return {
    filePath,
    coveragePercent: percentOf(entry),
    totalStatements: entry.statements,
    coveredStatements: entry.covered,
    missingStatements: entry.statements - entry.covered,
    totalBranches: entry.branches,
    coveredBranches: entry.coveredBranches,
    coveredLines: entry.coveredLines,
    missingLines: entry.missingLines,
    ...(branches && { executedBranches: branches.executed, missingBranches: branches.missing }),
  };
}

function addUp(entries: Iterable<CoverageEntry>): CoverageTotals {
  let files = 0;
  const sum = { statements: 0, covered: 0, branches: 0, coveredBranches: 0 };
  for (const entry of entries) {
    files++;
    sum.statements += entry.statements;
    sum.covered += entry.covered;
    sum.branches += entry.branches;
    sum.coveredBranches += entry.coveredBranches;
  }
  return {
    files,
    percent: files === 0 ? undefined : percentOf(sum),
    statements: sum.statements,
    coveredStatements: sum.covered,
    missingStatements: sum.statements - sum.covered,
    branches: sum.branches,
    coveredBranches: sum.coveredBranches,
  };
}

interface Input {
  /** By path as written. A Map, because a file may be named `__proto__`. */
  readonly entries: ReadonlyMap<string, CoverageEntry>;
  readonly version: string | undefined;
  readonly warnings: readonly Warning[];
}

async function readInput(path: string, hash: Hash, turn?: () => Promise<void>): Promise<Input> {
  const file = await openFile(path);
  try {
    const head = { text: '' };
    const text = keepHead(decodeText(readBytes(file, path, hash, turn), path), head);
    try {
      return await readDocument(new JsonWalker(text), path, head);
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw await syntaxError(error, path, file, head.text);
      throw error;
    }
  } finally {
    await file.close();
  }
}

const metaSchema = z.object({
  version: z.catch(z.optional(z.string().check(z.maxLength(50))), undefined),
  // Other tools that write the same shape name themselves: slipcover.
  software: z.catch(z.optional(z.string().check(z.maxLength(50))), undefined),
});

async function readDocument(json: JsonWalker, path: string, head: { readonly text: string }): Promise<Input> {
  const entries = new Map<string, CoverageEntry>();
  const skipped = new Skipped();
  let version: string | undefined;
  let software: string | undefined;
  let listed = 0;
  let sawFiles = false;
  for await (const member of json.members()) {
    if (member === 'meta' && (await json.atObject())) {
      const meta = metaSchema.safeParse(await json.take());
      ({ version, software } = meta.success ? meta.data : { version: undefined, software: undefined });
    } else if (member === 'files' && (await json.atObject())) {
      sawFiles = true;
      for await (const name of json.members()) {
        listed++;
        const entry = await readEntry(json, name);
        if (typeof entry === 'string') skipped.add(name, entry);
        else entries.set(name, entry);
      }
    } else {
      await json.skip();
    }
  }
  await json.end();
  if (!sawFiles || (entries.size === 0 && listed > 0 && version === undefined)) {
    const { what, fix } = recogniseJson(head.text);
    throw notCoverage(path, what, fix);
  }
  const skips = entries.size === 0 ? skipped.unusable(path, software) : skipped.warnings(path);
  return { entries, version, warnings: [...skips, ...emptyWarning(listed, path)] };
}

/** Linux's PATH_MAX. */
const maxPathLength = 4096;

async function readEntry(json: JsonWalker, name: string): Promise<CoverageEntry | string> {
  if (!(await json.atObject())) {
    await json.skip();
    return 'not an object';
  }
  const members = new Map<string, unknown>();
  for await (const member of json.members()) {
    if (entryMembers.has(member)) members.set(member, await json.take());
    else await json.skip();
  }
  if (name.length > maxPathLength) return 'its path is too long';
  if (name.trim() === '') return 'it has no path';
  return parseEntry(members);
}

/** Unusable entries that a warning names. */
const mostNamed = 5;

/** Unusable entries: one warning for all, however many a hostile file has. */
class Skipped {
  #count = 0;
  readonly #examples: string[] = [];

  add(name: string, reason: string): void {
    if (this.#examples.length < mostNamed) this.#examples.push(`${shorten(name)} (${reason})`);
    this.#count++;
  }

  get #named(): string {
    const more = this.#count - this.#examples.length;
    return this.#examples.join(', ') + (more === 0 ? '' : ` and ${more} more`);
  }

  /** Not one entry is usable: the file is none of coverage.py's, or it was damaged. */
  unusable(path: string, software: string | undefined): Warning[] {
    if (this.#count === 0) return [];
    const writer = software === undefined ? 'another program than coverage.py' : shorten(software);
    return [
      {
        code: 'coverage-unusable',
        message: `no entry of the coverage report can be used, and nothing of it was taken; ${writer} seems to have written it: ${this.#named}. Run \`coverage json\` (or pytest with \`--cov-report=json\`) and pass the coverage.json that it writes`,
        file: path,
      },
    ];
  }

  warnings(path: string): Warning[] {
    if (this.#count === 0) return [];
    const which =
      this.#count === 1
        ? `skipped the entry of ${this.#named}`
        : `skipped ${this.#count} entries: ${this.#named}`;
    return [{ code: 'coverage-entry-skipped', message: `${which}: its numbers cannot be right`, file: path }];
  }
}

function emptyWarning(listed: number, path: string): Warning[] {
  if (listed > 0) return [];
  return [
    {
      code: 'coverage-empty',
      message: 'the coverage report lists no files: was anything measured? (see --cov and [run] source)',
      file: path,
    },
  ];
}

function outsideWarning(outside: ReadonlySet<string>): Warning {
  const [example = ''] = outside;
  const one = outside.size === 1;
  const isInstalled = /(?:^|\/)(?:site|dist)-packages\//.test(example);
  const files = one ? 'one covered file lies' : `${outside.size} covered files lie`;
  return {
    code: 'coverage-outside-repository',
    message: `${files} outside the repository or could not be found in it, and ${one ? 'keeps' : 'keep'} the path as it was written: ${one ? '' : 'for example '}${shorten(example)}${isInstalled ? '; for installed packages, map them to their source with [paths]' : ''}`,
  };
}

function inexactWarning(inexact: ReadonlySet<string>): Warning {
  const [example = ''] = inexact;
  const files = inexact.size === 1 ? 'one file' : `${inexact.size} files`;
  return {
    code: 'coverage-branches-approximate',
    message: `the reports do not list the branches of ${files} (${shorten(example)}): the largest number of covered branches was taken`,
  };
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new InputError({
    code: 'coverage-is-a-folder',
    message: 'a folder was given as coverage report',
    fix: 'Pass the coverage.json inside it.',
    place: { file: path },
  });
}

function unreadable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new InputError({
      code: 'coverage-missing',
      message: 'the coverage report does not exist',
      fix: 'Run pytest with `--cov --cov-report=json`, or `coverage json` after it, and pass the coverage.json that it writes.',
      place: { file: path },
      cause: error,
    });
  }
  if (code === undefined) return error;
  return new InputError({
    code: 'coverage-unreadable',
    message: `the coverage report cannot be read (${code})`,
    place: { file: path },
    cause: error,
  });
}

const chunkBytes = 64 * 1024;
const keptWhole = 4096;

/** Yields and hashes the file's bytes. Checks the first chunk for other binary formats. */
async function* readBytes(
  file: FileHandle,
  path: string,
  hash: Hash,
  turn?: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let first = true;
  for (;;) {
    await turn?.();
    const chunk = await readChunk(file, path, buffer);
    if (first) {
      if (chunk.length === 0) throw emptyFile(path);
      const foreign = recogniseBytes(chunk);
      if (foreign !== undefined) throw notCoverage(path, foreign.what, foreign.fix);
      first = false;
    }
    if (chunk.length === 0) return;
    hash.update(chunk);
    // The buffer is reused: copy short chunks (of a pipe), which the decoder gathers.
    yield chunk.length < keptWhole ? Buffer.from(chunk) : chunk;
  }
}

async function readChunk(file: FileHandle, path: string, buffer: Buffer): Promise<Buffer> {
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const headLength = 8192;

/** Passes the text on and keeps its beginning, to recognise other formats. */
async function* keepHead(chunks: AsyncIterable<string>, head: { text: string }): AsyncGenerator<string> {
  for await (const chunk of chunks) {
    if (head.text.length < headLength) head.text += chunk.slice(0, headLength - head.text.length);
    yield chunk;
  }
}

function emptyFile(path: string): ReportError {
  return new ReportError({
    code: 'coverage-empty-file',
    message: 'the coverage report is empty',
    fix: 'Something stopped before it was written. Run `coverage json` again and look at its output.',
    place: { file: path },
  });
}

function notCoverage(path: string, what: string, fix: string): ReportError {
  return new ReportError({
    code: 'not-coverage-json',
    message: `this looks like ${what}`,
    fix,
    place: { file: path },
  });
}

async function syntaxError(
  error: JsonSyntaxError,
  path: string,
  file: FileHandle,
  head: string,
): Promise<ReportError> {
  if (head.trim() === '') return emptyFile(path);
  const foreign = recogniseText(head);
  if (foreign !== undefined) return notCoverage(path, foreign.what, foreign.fix);
  if (error.kind === 'not-an-object') {
    const { what, fix } = recogniseJson(head);
    return notCoverage(path, what, fix);
  }
  const place = { file: path, ...(await placeOf(error.at, path, file)) };
  if (error.kind === 'truncated') {
    return new ReportError({
      code: 'coverage-truncated',
      message: 'the coverage report ends in the middle: it was not written or copied as a whole',
      fix: 'Write it again with `coverage json`, and upload it only after that has finished.',
      place,
      cause: error,
    });
  }
  return new ReportError({
    code: 'coverage-invalid-json',
    message: `the coverage report is not valid JSON: ${error.message}`,
    fix: 'Something rewrote or damaged the file. Write it again with `coverage json`.',
    place,
    cause: error,
  });
}

/** Line, column and byte of a position in the text. Reads the file again; empty if that is not possible. */
async function placeOf(
  at: number,
  path: string,
  file: FileHandle,
): Promise<{ line?: number; column?: number; byte?: number }> {
  if (!(await file.stat()).isFile()) return {};
  let passed = 0;
  let byte = 0;
  let line = 1;
  let lineStart = 0;
  let isUtf8 = true;
  const reopened = await open(path, 'r');
  try {
    for await (const chunk of decodeText(
      rereadBytes(reopened, (first) => (isUtf8 = startsUtf8(first))),
      path,
    )) {
      const text = chunk.slice(0, at - passed);
      for (let feed = text.indexOf('\n'); feed !== -1; feed = text.indexOf('\n', feed + 1)) {
        line++;
        lineStart = passed + feed + 1;
      }
      byte += Buffer.byteLength(text);
      passed += text.length;
      if (passed >= at) break;
    }
  } finally {
    await reopened.close();
  }
  return { line, column: at - lineStart + 1, ...(isUtf8 ? { byte } : {}) };
}

async function* rereadBytes(file: FileHandle, onFirst: (first: Buffer) => void): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let first = true; ; first = false) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    if (first) onFirst(buffer);
    yield buffer.subarray(0, bytesRead);
  }
}

function startsUtf8(first: Buffer): boolean {
  return !(first[0] === 0xff && first[1] === 0xfe) && !(first[0] === 0xfe && first[1] === 0xff);
}
