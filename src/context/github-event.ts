// Reads the payload of the event that started a GitHub Actions workflow. It is other people's data: only a few fields are
// read, a wrong field is undefined, and a broken file is a warning.
import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Warning } from '../model.ts';

const text = z.string().max(1000).optional().catch(undefined);
const number = z.int().min(1).max(2_147_483_647).optional().catch(undefined);
const id = z.int().min(1).optional().catch(undefined);
/** Seconds since 1970, or ISO 8601: GitHub writes both. */
const time = z
  .union([z.number(), z.string().max(100)])
  .optional()
  .catch(undefined);
const repository = z.object({ id, full_name: text, pushed_at: time }).optional().catch(undefined);
const repositoryOfEvent = z
  .object({ id, full_name: text, default_branch: text, pushed_at: time })
  .optional()
  .catch(undefined);
const side = z.object({ ref: text, sha: text, repo: repository }).optional().catch(undefined);

// https://docs.github.com/webhooks/webhook-events-and-payloads
const eventSchema = z.object({
  number,
  repository: repositoryOfEvent,
  /** Of a push: the branch's commit before it. */
  before: text,
  /** Of a comment: `pull_request` is there where the comment is on one. */
  issue: z
    .object({ number, pull_request: z.object({}).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  pull_request: z.object({ number, updated_at: time, head: side, base: side }).optional().catch(undefined),
  workflow_run: z
    .object({
      id,
      name: text,
      created_at: time,
      path: text,
      run_attempt: number,
      event: text,
      head_sha: text,
      head_branch: text,
      head_repository: repository,
      pull_requests: z
        .array(z.object({ number, base: side }))
        .max(100)
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
  merge_group: z
    .object({
      head_sha: text,
      head_ref: text,
      base_sha: text,
      base_ref: text,
      head_commit: z.object({ timestamp: time }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

export type GithubEvent = z.infer<typeof eventSchema>;

/** GitHub's own limit for a payload is 25 MB. */
const maxBytes = 32 * 1024 * 1024;

/** The event of `GITHUB_EVENT_PATH`; an empty one with a warning where the file is missing or broken. */
export async function readGithubEvent(
  path: string | undefined,
): Promise<{ event: GithubEvent; warnings: readonly Warning[] }> {
  if (path === undefined || path === '') return { event: {}, warnings: [] };
  const problem = (message: string): { event: GithubEvent; warnings: readonly Warning[] } => ({
    event: {},
    warnings: [
      {
        code: 'github-event-unreadable',
        message: `the GitHub event ${message}; commit, branch and pull request are taken from the environment alone`,
        file: path,
      },
    ],
  });
  let content: string;
  try {
    const { size } = await stat(path);
    if (size > maxBytes) return problem('is too large');
    content = await readFile(path, 'utf8');
  } catch (error) {
    return problem(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  try {
    const parsed = eventSchema.safeParse(JSON.parse(content));
    return parsed.success ? { event: parsed.data, warnings: [] } : problem('is not an object');
  } catch {
    return problem('is not valid JSON');
  }
}
