// The file format of `lukhas healix import` and `export`: JSON as in the schema document. A trust edge: checks every field. Pure.
import * as z from 'zod';
import { InputError } from '../../errors.ts';
import { normaliseSignature } from './stored-signature.ts';

/** Longest text of one field, in characters. */
const longestText = 100_000;
export const mostMemories = 100_000;

/** U+0000 and halves of surrogate pairs, which PostgreSQL cannot store. */
const unstorable = /\u0000|\p{Surrogate}/u;

const textOf = (max: number) =>
  z
    .string()
    .max(max, `at most ${max} characters`)
    .refine(
      (value) => !unstorable.test(value),
      'holds U+0000 or half of a surrogate pair, which cannot be stored',
    );
const nullable = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? null);
const name = (max: number) => textOf(max).refine((value) => value.trim() !== '', 'is empty');
const count = nullable(
  z.int('a whole number from 0 on').min(0, 'at least 0').max(2_147_483_647, 'too large'),
);
const time = nullable(z.iso.datetime({ offset: true, error: 'a time like 2026-11-22T15:54:24Z' }));

const memorySchema = z.strictObject(
  {
    id: nullable(textOf(255)),
    test_name: name(500),
    failure_signature: name(255).transform(normaliseSignature),
    drift_signature: nullable(name(255)),
    words_signature: nullable(name(255)),
    /** Absent: the memory matches in every repository and project. */
    repository: nullable(name(500)),
    repository_host: nullable(name(255)),
    project: nullable(name(500)),
    state: nullable(z.enum(['active', 'proposed'], 'active or proposed')),
    root_cause: nullable(textOf(longestText)),
    probable_cause: nullable(textOf(longestText)),
    confidence: nullable(z.number('a number from 0 to 1').min(0, 'at least 0').max(1, 'at most 1')),
    solution: name(longestText).refine(
      (value) => !isPlaceholder(value),
      'stands for words that are still to be written',
    ),
    solution_type: nullable(textOf(50)),
    auto_fix_code: nullable(textOf(longestText)),
    success_count: count,
    failure_count: count,
    last_applied: time,
    matriz_star: nullable(textOf(50)),
    metadata: nullable(
      z
        .record(z.string(), z.unknown())
        .refine((value) => JSON.stringify(value).length <= longestText, `at most ${longestText} characters`)
        .refine(
          (value) => isStorable(value),
          'holds U+0000 or half of a surrogate pair, which cannot be stored',
        ),
    ),
    created_at: time,
    // Written by `list` and by dumps of the table; they follow from the rest, or from where the row is imported.
    team_id: z.unknown().optional(),
    error_type: z.unknown().optional(),
    test_family: z.unknown().optional(),
    updated_at: z.unknown().optional(),
    deleted_at: z.null('a retired memory').optional(),
    shared: z.unknown().optional(),
    stale: z.unknown().optional(),
  },
  'an object with at least test_name, failure_signature and solution',
);

/** One memory of a file, its values as they are stored. */
export type FileMemory = Omit<
  z.output<typeof memorySchema>,
  'team_id' | 'error_type' | 'test_family' | 'updated_at' | 'deleted_at' | 'shared' | 'stale'
>;

/** `…` or `...`, as help and suggestions write it for a text of one's own. */
export function isPlaceholder(text: string): boolean {
  return /^[\s.\u2026]+$/.test(text);
}

/**
 * Reads an array of memories, a single one, or JSON Lines.
 *
 * @throws InputError `memory-file` naming the first bad memory and its field; nothing is to be imported then
 */
export function parseMemories(text: string, file: string): FileMemory[] {
  const entries = splitEntries(text.replace(/^\ufeff/, ''), file);
  if (entries.length > mostMemories) {
    throw bad(file, undefined, `holds ${entries.length} memories; at most ${mostMemories} are taken at once`);
  }
  const ids = new Map<string, number>();
  return entries.map(({ value, line }, index) => {
    const parsed = memorySchema.safeParse(value);
    const what = `memory ${index + 1}${isNamed(value) ? ` (${JSON.stringify(value.test_name.slice(0, 120))})` : ''}`;
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.map(String).join('.') ?? '';
      const words =
        issue?.code === 'unrecognized_keys'
          ? `unknown field ${JSON.stringify(issue.keys[0]?.slice(0, 60))}`
          : issue?.code === 'invalid_type' && issue.input === undefined && field !== ''
            ? 'is missing'
            : (issue?.message ?? 'is no memory');
      throw bad(file, line, `${what}: ${field === '' ? '' : `${field}: `}${words}; nothing was imported`);
    }
    const {
      team_id: _,
      error_type: __,
      test_family: ___,
      updated_at: ____,
      deleted_at: _____,
      shared: ______,
      stale: _______,
      ...memory
    } = parsed.data;
    const twin = memory.id === null ? undefined : ids.get(memory.id.toLowerCase());
    if (twin !== undefined) {
      throw bad(file, line, `${what}: id: the same as memory ${twin}; nothing was imported`);
    }
    if (memory.id !== null) ids.set(memory.id.toLowerCase(), index + 1);
    return memory;
  });
}

function splitEntries(text: string, file: string): { value: unknown; line: number | undefined }[] {
  try {
    const whole: unknown = JSON.parse(text);
    return (Array.isArray(whole) ? whole : [whole]).map((value) => ({ value, line: undefined }));
  } catch {
    const lines = text.split('\n').map((content, index) => ({ content: content.trim(), line: index + 1 }));
    const filled = lines.filter(({ content }) => content !== '');
    if (filled.length === 0) throw bad(file, undefined, 'is empty');
    return filled.map(({ content, line }, index) => {
      try {
        return { value: JSON.parse(content) as unknown, line };
      } catch {
        // A document over several lines is no list of lines: its first line alone is not JSON either.
        throw index === 0
          ? bad(file, undefined, 'is neither JSON nor JSON Lines; nothing was imported')
          : bad(file, line, `memory ${index + 1}: is not JSON; nothing was imported`);
      }
    });
  }
}

function bad(file: string, line: number | undefined, message: string): InputError {
  return new InputError({
    code: 'memory-file',
    message,
    fix: '`lukhas healix export` shows the form. Mend the memory and import the file again: it is taken as a whole or not at all.',
    place: { file, line },
  });
}

function isNamed(value: unknown): value is { test_name: string } {
  return (
    typeof value === 'object' && value !== null && 'test_name' in value && typeof value.test_name === 'string'
  );
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !unstorable.test(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, part]) => isStorable(key) && isStorable(part));
}
