// Keeps that a CI step found no report to read, so that the commit's other jobs can tell it. No run is made of it: there is
// nothing to count, to compare with, or to be credited.
import { createHash } from 'node:crypto';
import type { RunContext } from '../../model.ts';
import type { Connect, Database } from '../database/port.ts';
import { withRetries } from '../database/retry.ts';
import { createStorable } from '../database/storable.ts';
import { inTeam, openAccess } from '../schema/access.ts';
import { makeUploadKey, teamUploadKey } from './upload-key.ts';

export interface MissingReport {
  /** undefined: the credential's own team. */
  readonly teamSlug: string | undefined;
  readonly context: RunContext;
  /** As in UploadIdentity. */
  readonly discriminator: string | undefined;
  /** One sentence; its first 1,000 characters are kept. */
  readonly reason: string;
}

export interface SavedMissing {
  /** The stored upload key in hex. */
  readonly key: string;
  readonly team: string;
}

/** As for a run. */
const deadlineMs = 120_000;

/**
 * Saves that this step of this attempt had no report; again is nothing new.
 *
 * @throws StoreError
 */
export function saveMissing(connect: Connect, missing: MissingReport): Promise<SavedMissing> {
  return withRetries(async (limits) => saveOnce(await connect(limits), missing), { deadlineMs });
}

async function saveOnce(db: Database, missing: MissingReport): Promise<SavedMissing> {
  try {
    const access = await openAccess(db, { teamSlug: missing.teamSlug, allowPrivilegedRole: false });
    const { context } = missing;
    const payloadSha256 = createHash('sha256').digest('hex');
    const uploadKey = makeUploadKey({ ...context, discriminator: missing.discriminator, payloadSha256 });
    const teamKey = teamUploadKey(access.team.id, uploadKey);
    const storable = createStorable();
    const text = (value: string | undefined) => storable.text(value) ?? null;
    await inTeam(db, access, () =>
      db.run(
        `INSERT INTO missing_reports (team_id, upload_key, reason, repository, workflow, workflow_run_id, run_attempt, job,
           job_name, lane, step, check_run_id, pull_request, git_sha, git_branch)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (team_id, upload_key) DO NOTHING`,
        [
          access.team.id,
          teamKey,
          text(missing.reason.slice(0, 1000)) ?? '',
          text(context.repository),
          text(context.workflow),
          text(context.workflowRunId),
          context.runAttempt ?? null,
          text(context.job),
          text(context.jobName),
          storable.short(context.lane, 50) ?? null,
          text(context.step),
          context.checkRunId ?? null,
          context.pullRequest ?? null,
          storable.short(context.gitSha, 40) ?? null,
          storable.name(context.gitBranch, 255) ?? null,
        ],
      ),
    );
    return { key: teamKey.toString('hex'), team: access.team.slug };
  } finally {
    await db.close();
  }
}
