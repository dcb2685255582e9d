// Reads a MATRIZ analysis: one JSON file of the schema document's shape. A trust edge: the file may come from anybody, so that size,
// depth and every field are checked before anything is taken. Knows nothing of what the analysis means.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { AnyNode, IdentifierNode, StringNode } from '@humanwhocodes/momoa';
import * as z from 'zod/mini';
import { InputError, ReportError } from '../errors.ts';
import type { MatrizAnalysis } from '../model.ts';
import { decodeText } from './decode.ts';

/** In bytes. The document's example has 1,100. */
export const largestMatriz = 1_048_576;
/** Arrays and objects within each other. */
const deepest = 32;
const mostStars = 100;
/** Of one star. */
const mostViolations = 1000;

export interface MatrizFile {
  readonly analysis: MatrizAnalysis;
  /** The file's JSON, unknown fields included, which PostgreSQL takes as jsonb. */
  readonly json: string;
}

/**
 * Reads and checks a whole file.
 *
 * @param path relative to the working directory, or absolute; named in errors as it is
 * @throws InputError `matriz-missing`, `matriz-unreadable`, `matriz-too-large`; ReportError `matriz-invalid` with the place
 */
export async function readMatriz(path: string, workingDirectory: string): Promise<MatrizFile> {
  const bytes = await readBytes(path, isAbsolute(path) ? path : join(workingDirectory, path));
  let text = '';
  try {
    for await (const chunk of decodeText(oneChunk(bytes), path)) text += chunk;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    // Its words are about reports.
    throw new ReportError({
      code: 'matriz-invalid',
      message:
        error.code === 'compressed'
          ? `no MATRIZ analysis, but ${error.message.replace(', not a report', '')}`
          : `no MATRIZ analysis: ${error.message}`,
      fix:
        error.code === 'compressed'
          ? 'Unpack it first.'
          : 'Is it another file? Name the JSON file that MATRIZ writes.',
      place: error.place,
    });
  }
  return parseMatriz(text, path);
}

/**
 * Checks the text of an analysis.
 *
 * @param file named in errors
 * @throws ReportError `matriz-invalid` with line and column of what is wrong
 */
export async function parseMatriz(text: string, file: string): Promise<MatrizFile> {
  const fail = (message: string, place: { line?: number; column?: number } = {}, fix = seeDocs) =>
    new ReportError({ code: 'matriz-invalid', message, fix, place: { file, ...place } });
  if (text.trim() === '') throw fail('the MATRIZ analysis is empty', {}, writeAgain);
  const tooDeep = findTooDeep(text);
  if (tooDeep !== undefined)
    throw fail(`the MATRIZ analysis nests values more than ${deepest} deep`, placeIn(text, tooDeep));
  const { parse } = await import('@humanwhocodes/momoa');
  let tree: AnyNode;
  let value: unknown;
  try {
    tree = parse(text, { mode: 'json' }).body;
    value = JSON.parse(text);
  } catch (error) {
    const { line, column, offset } = error as { line?: number; column?: number; offset?: number };
    const isCut = offset !== undefined && offset >= text.trimEnd().length - 1 && !/[}\]]\s*$/.test(text);
    if (isCut) throw fail('the MATRIZ analysis ends in the middle', placeOf(line, column), writeAgain);
    const isNumber = /^(?:NaN|-?Infinity)/.exec(text.slice(Math.max(0, offset ?? 0)));
    throw isNumber === null
      ? fail('the MATRIZ analysis is not valid JSON', placeOf(line, column), writeAgain)
      : fail(
          `the MATRIZ analysis is not valid JSON: ${isNumber[0]} is no JSON number`,
          placeOf(line, column),
          'Python writes it for a number that is none: json.dump(…, allow_nan=False) finds where it comes from.',
        );
  }
  const fault = findUnstorable(tree, text);
  if (fault !== undefined) throw fail(`the MATRIZ analysis ${fault.what}`, fault.at);
  const parsed = analysisSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path ?? [];
    const { node, isThere } = nodeAt(tree, where);
    const name = where.length === 0 ? '' : `${where.map(String).join('.').slice(0, 200)}: `;
    throw fail(
      `no MATRIZ analysis as the schema document has it: ${name}${wordsOf(issue)}${isThere ? '' : ', and is missing'}`,
      startOf(node),
    );
  }
  const { stars, consciousness_score, orchestrator_latency_ms, metadata } = parsed.data;
  return {
    analysis: {
      stars: Object.entries(stars).map(([star, { status, confidence, violations }]) => ({
        name: star,
        status,
        confidence,
        violations: (violations ?? []).map(({ rule, location, severity }) => ({
          rule,
          location: location ?? undefined,
          severity: severity ?? undefined,
        })),
      })),
      givenScore: consciousness_score ?? undefined,
      durationMs: orchestrator_latency_ms == null ? undefined : Math.round(orchestrator_latency_ms),
      activeComponents: metadata?.active_components ?? undefined,
    },
    // As it is written, so that no number loses a digit.
    json: text,
  };
}

const seeDocs = 'docs/matriz.md shows the shape.';
const writeAgain = 'Something stopped before it was written. Write it again, as JSON.';

const filled = (max: number) =>
  z.string('must be text').check(
    z.maxLength(max, `must not be longer than ${max} characters`),
    z.refine((text) => text.trim() !== '', 'must not be empty'),
  );
const maxInt = 2_147_483_647;
const within = (most: number) =>
  [z.minimum(0, 'must not be below 0'), z.maximum(most, `must not be above ${most}`)] as const;
const amount = (most: number) => z.number('must be a number').check(...within(most));
const whole = z.int('must be a whole number').check(...within(maxInt));
const list = <T extends z.ZodMiniType>(of: T, most: number) =>
  z.nullish(
    z.array(of, 'must be an array').check(z.maxLength(most, `must not have more than ${most} elements`)),
  );
const object = 'must be an object';

const violationSchema = z.looseObject(
  { rule: filled(2000), location: z.nullish(filled(1000)), severity: z.nullish(filled(50)) },
  object,
);
const starSchema = z.looseObject(
  {
    status: z.enum(['APPROVED', 'CHANGES_REQUESTED', 'BLOCKED'], {
      error: 'must be APPROVED, CHANGES_REQUESTED or BLOCKED',
    }),
    confidence: amount(1),
    violations: list(violationSchema, mostViolations),
    insights: list(z.string('must be text'), 1000),
    duration_ms: z.nullish(amount(maxInt)),
  },
  object,
);
const analysisSchema = z.looseObject(
  {
    version: z.nullish(z.union([z.string(), z.number()], 'must be text')),
    orchestrator_latency_ms: z.nullish(amount(maxInt)),
    // A name is a word as people write it.
    stars: z
      .record(z.string().check(z.regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,99}$/u)), starSchema, object)
      .check(
        z.refine((stars) => Object.keys(stars).length > 0, 'must have a star'),
        z.refine(
          (stars) => Object.keys(stars).length <= mostStars,
          `must not have more than ${mostStars} stars`,
        ),
      ),
    consciousness_score: z.nullish(amount(100)),
    recommendations: list(z.looseObject({ type: filled(100) }, object), 1000),
    metadata: z.nullish(
      z.looseObject({ total_components: z.nullish(whole), active_components: z.nullish(whole) }, object),
    ),
  },
  object,
);

function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_key') return 'is no name for a star';
  return issue?.message ?? 'is not as it should be';
}

async function readBytes(path: string, absolute: string): Promise<Buffer> {
  let file: FileHandle;
  try {
    // A named pipe without a writer would hold the opening up; Windows has neither.
    file = await open(absolute, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw unreadable(path, undefined);
    if (found.size > largestMatriz) throw tooLarge(path, found.size);
    const buffer = Buffer.alloc(largestMatriz + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size, null);
      size += bytesRead;
      if (bytesRead === 0) return buffer.subarray(0, size);
      // It grew since it was looked at.
      if (size > largestMatriz) throw tooLarge(path, size);
    }
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, error);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, error: unknown): InputError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  return new InputError({
    code: isMissing ? 'matriz-missing' : 'matriz-unreadable',
    message: isMissing
      ? 'the MATRIZ analysis does not exist'
      : error === undefined
        ? 'no file, but something else was given as MATRIZ analysis'
        : `the MATRIZ analysis cannot be read (${code ?? 'an unknown error'})`,
    fix: (name) => `Name the JSON file that MATRIZ writes in ${name('matriz') ?? 'matriz'}.`,
    place: { file: path },
    cause: error,
  });
}

function tooLarge(path: string, size: number): InputError {
  return new InputError({
    code: 'matriz-too-large',
    message: `the MATRIZ analysis has ${Math.ceil(size / 1_048_576)} MB; at most ${largestMatriz / 1_048_576} MB are taken`,
    fix: 'Is it another file? Name the JSON file that MATRIZ writes.',
    place: { file: path },
  });
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function placeOf(line: number | undefined, column: number | undefined): { line?: number; column?: number } {
  return { ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
}

function startOf(node: AnyNode): { line: number; column: number } {
  const { line, column } = node.loc.start;
  return { line, column };
}

function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Where a bracket opens deeper than is taken; parsers work by recursion. */
function findTooDeep(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (char === '{' || char === '[') {
      if (++depth > deepest) return at;
    } else if (char === '}' || char === ']') depth--;
  }
  return undefined;
}

/** What jsonb refuses, or would change: it keeps the last of two equal names, where a reader sees the first. */
function findUnstorable(
  node: AnyNode,
  text: string,
): { what: string; at: { line: number; column: number } } | undefined {
  switch (node.type) {
    case 'Object': {
      const seen = new Set<string>();
      for (const member of node.members) {
        const name = nameOf(member.name);
        // Parsers take it for something else.
        if (name === '__proto__') return { what: 'has a member called __proto__', at: startOf(member) };
        if (seen.has(name))
          return {
            what: `has ${JSON.stringify(name.slice(0, 100))} twice in one object`,
            at: startOf(member),
          };
        seen.add(name);
        const fault = findUnstorable(member.name, text) ?? findUnstorable(member.value, text);
        if (fault !== undefined) return fault;
      }
      return undefined;
    }
    case 'Array':
      for (const element of node.elements) {
        const fault = findUnstorable(element.value, text);
        if (fault !== undefined) return fault;
      }
      return undefined;
    case 'String':
      return /\u0000|\p{Surrogate}/u.test(node.value)
        ? { what: 'holds U+0000 or half of a surrogate pair, which cannot be stored', at: startOf(node) }
        : undefined;
    case 'Number':
      return isOrdinary(node.value, text.slice(node.loc.start.offset, node.loc.end.offset))
        ? undefined
        : { what: 'has a number that is too large, too small or too long', at: startOf(node) };
    default:
      return undefined;
  }
}

/** PostgreSQL's numbers have fewer digits than JSON can write. */
function isOrdinary(value: number, written: string): boolean {
  const size = Math.abs(value);
  return (
    written.length <= 100 && (size === 0 ? !/^-?[0.]*[1-9]/.test(written) : size > 1e-200 && size < 1e200)
  );
}

/** The node of a value, or the nearest one around what is missing. */
function nodeAt(node: AnyNode, path: readonly PropertyKey[]): { node: AnyNode; isThere: boolean } {
  const [first, ...rest] = path;
  if (first === undefined) return { node, isThere: true };
  const next =
    node.type === 'Object'
      ? node.members.find(({ name }) => nameOf(name) === first)?.value
      : node.type === 'Array' && typeof first === 'number'
        ? node.elements[first]?.value
        : undefined;
  return next === undefined ? { node, isThere: false } : nodeAt(next, rest);
}

function nameOf(name: StringNode | IdentifierNode): string {
  return name.type === 'String' ? name.value : name.name;
}
