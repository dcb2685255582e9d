// The settings of an upload, checked once. Knows nothing of options or inputs, where they come from.
// The whole of zod takes 17 ms to load, this part of it 5.
import * as z from 'zod/mini';
import { InputError } from './errors.ts';

const empty = 'must not be empty';
const text = () => z.string().check(z.trim(), z.minLength(1, empty));
const name = (max: number) => text().check(z.maxLength(max, `must not be longer than ${max} characters`));
/** A number from 0 to 100, as text: options and inputs are words. */
const percent = () =>
  z.pipe(
    z
      .string()
      .check(z.trim(), z.regex(/^(?:\d{1,2}(?:\.\d{1,4})?|100)%?$/, 'must be a percentage from 0 to 100')),
    z.transform((value: string) => Number.parseFloat(value)),
  );

const settingsSchema = z.strictObject({
  reports: z.array(text()).check(z.minLength(1, 'must name at least one')),
  coverage: z.array(text()),
  matriz: z.optional(text()),
  databaseUrl: z.optional(text()),
  dataDir: z.optional(text()),
  sslCa: z.optional(text()),
  team: z.optional(
    z
      .string()
      .check(
        z.regex(
          /^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$/,
          'a team is named by its slug: lower-case letters, digits and hyphens',
        ),
      ),
  ),
  lane: z.optional(name(50)),
  markers: z.array(name(100)).check(z.maxLength(200, 'must not be more than 200')),
  lambdaId: z.optional(name(255)),
  rootdir: z.optional(text()),
  baseBranch: z.optional(name(255)),
  /** A branch or commit. */
  diffBase: z.optional(name(255)),
  failOnPatchCoverage: z.optional(percent()),
  failOnCoverageDrop: z.optional(percent()),
  repository: z.optional(name(255)),
  uploadKey: z.optional(name(500)),
  createdAt: z.union(
    [
      z.literal('report'),
      z.literal('now'),
      z.pipe(
        z.iso.datetime({ offset: true, local: false }),
        z.transform((t: string) => new Date(t)),
      ),
    ],
    {
      error: 'must be report, now, or an ISO time with its zone, such as 2026-11-22T16:05:00Z',
    },
  ),
  set: z.array(z.string()),
  requireCoverage: z._default(z.boolean(), false),
  /** How many lines of what a failed test printed are shown. */
  capturedOutput: z.pipe(
    z._default(
      z.string().check(z.trim(), z.regex(/^(?:\d{1,2}|100)$/, 'must be a number of lines from 0 to 100')),
      '0',
    ),
    z.transform(Number),
  ),
  onEmpty: z._default(z.enum(['fail', 'warn', 'ignore'], { error: 'must be fail, warn or ignore' }), 'fail'),
  allowIncomplete: z.boolean(),
  allowPrivilegedRole: z.boolean(),
  dryRun: z.boolean(),
  /** Empty: never. */
  failOn: z.array(
    z.enum(['any', 'new', 'no-history', 'unknown', 'blocked'], {
      error: 'must be any, new, no-history, unknown or blocked',
    }),
  ),
});

export type Settings = z.infer<typeof settingsSchema>;

/** The command line's name of each setting, for messages. */
const optionNames: Readonly<Record<string, string>> = {
  reports: 'report',
  coverage: '--coverage',
  matriz: '--matriz',
  databaseUrl: '--database-url',
  dataDir: '--data-dir',
  sslCa: '--ssl-ca',
  team: '--team',
  lane: '--lane',
  markers: '--marker',
  lambdaId: '--lambda-id',
  rootdir: '--rootdir',
  baseBranch: '--base-branch',
  diffBase: '--diff-base',
  failOnPatchCoverage: '--fail-on-patch-coverage',
  failOnCoverageDrop: '--fail-on-coverage-drop',
  repository: '--repository',
  uploadKey: '--upload-key',
  createdAt: '--created-at',
  set: '--set',
  failOn: '--fail-on',
  onEmpty: '--on-empty',
  capturedOutput: '--captured-output',
};

/**
 * Checks an upload's settings.
 *
 * @throws InputError `invalid-setting` naming the first wrong option and what it takes
 */
export function parseSettings(raw: z.input<typeof settingsSchema>): Settings {
  const parsed = settingsSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = String(issue?.path[0] ?? '');
  throw new InputError({
    code: 'invalid-setting',
    message: `${optionNames[key] ?? key}: ${issue?.message ?? 'not valid'}`,
    fix: 'See lukhas-upload --help.',
  });
}
