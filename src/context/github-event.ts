// Reads the payload of the event that started a GitHub Actions workflow. It is other people's data: only a few fields are
// read, a wrong field is undefined, and a broken file is a warning.
import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { Warning } from '../model.ts';

/** A wrong field is an absent one. */
const lenient = <T extends z.ZodMiniType>(type: T) => z.catch(z.optional(type), undefined);
const text = lenient(z.string().check(z.maxLength(1000)));
const number = lenient(z.int().check(z.minimum(1), z.maximum(2_147_483_647)));
const id = lenient(z.int().check(z.minimum(1)));
/** Seconds since 1970, or ISO 8601: GitHub writes both. */
const time = lenient(z.union([z.number(), z.string().check(z.maxLength(100))]));
const repository = lenient(z.object({ id, full_name: text, pushed_at: time }));
const repositoryOfEvent = lenient(z.object({ id, full_name: text, default_branch: text, pushed_at: time }));
const side = lenient(z.object({ ref: text, sha: text, repo: repository }));

// https://docs.github.com/webhooks/webhook-events-and-payloads
const eventSchema = z.object({
  number,
  repository: repositoryOfEvent,
  /** Of a push: the branch's commit before it. */
  before: text,
  /** Of a comment: `pull_request` is there where the comment is on one. */
  issue: lenient(z.object({ number, pull_request: lenient(z.object({})) })),
  pull_request: lenient(z.object({ number, updated_at: time, head: side, base: side })),
  workflow_run: lenient(
    z.object({
      id,
      name: text,
      created_at: time,
      path: text,
      run_attempt: number,
      event: text,
      head_sha: text,
      head_branch: text,
      head_repository: repository,
      pull_requests: lenient(z.array(z.object({ number, base: side })).check(z.maxLength(100))),
    }),
  ),
  merge_group: lenient(
    z.object({
      head_sha: text,
      head_ref: text,
      base_sha: text,
      base_ref: text,
      head_commit: lenient(z.object({ timestamp: time })),
    }),
  ),
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
