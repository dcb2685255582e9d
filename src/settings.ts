// The settings of an upload, checked once. Knows nothing of options or inputs, where they come from.
import * as z from 'zod';
import { InputError } from './errors.ts';

const empty = 'must not be empty';
const text = () => z.string().trim().min(1, empty);
const name = (max: number) => text().max(max, `must not be longer than ${max} characters`);
/** A number from 0 to 100, as text: options and inputs are words. */
const percent = () =>
  z
    .string()
    .trim()
    .regex(/^(?:\d{1,2}(?:\.\d{1,4})?|100)%?$/, 'must be a percentage from 0 to 100')
    .transform((value) => Number.parseFloat(value));

const settingsSchema = z.strictObject({
  reports: z.array(text()).min(1),
  coverage: z.array(text()),
  matriz: text().optional(),
  databaseUrl: text().optional(),
  dataDir: text(),
  sslCa: text().optional(),
  team: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$/,
      'a team is named by its slug: lower-case letters, digits and hyphens',
    )
    .optional(),
  lane: name(50).optional(),
  markers: z.array(name(100)).max(200),
  lambdaId: name(255).optional(),
  rootdir: text().optional(),
  baseBranch: name(255).optional(),
  /** A branch or commit. */
  diffBase: name(255).optional(),
  failOnPatchCoverage: percent().optional(),
  failOnCoverageDrop: percent().optional(),
  repository: name(255).optional(),
  uploadKey: name(500).optional(),
  createdAt: z.union(
    [
      z.literal('report'),
      z.literal('now'),
      z.iso.datetime({ offset: true, local: false }).transform((t) => new Date(t)),
    ],
    {
      error: 'must be report, now, or an ISO time with its zone, such as 2026-11-22T16:05:00Z',
    },
  ),
  set: z.array(z.string()),
  requireCoverage: z.boolean().default(false),
  /** Lines of what a failed test printed. */
  capturedOutput: z
    .string()
    .trim()
    .regex(/^(?:\d{1,2}|100)$/, 'must be a number of lines from 0 to 100')
    .default('0')
    .transform(Number),
  onEmpty: z.enum(['fail', 'warn', 'ignore'], { error: 'must be fail, warn or ignore' }).default('fail'),
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
