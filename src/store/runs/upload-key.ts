// Makes the key that tells uploads apart, and ids from it. Pure.
import { createHash, randomBytes } from 'node:crypto';

export interface UploadIdentity {
  /** `owner/name` on the CI's host. */
  readonly repository: string | undefined;
  readonly workflowRunId: string | undefined;
  readonly runAttempt: number | undefined;
  readonly job: string | undefined;
  /** `--upload-key`: tells uploads of one job apart. */
  readonly discriminator: string | undefined;
  readonly lane: string | undefined;
  /** GitHub: tells the uploads of a job apart. */
  readonly step?: string | undefined;
  /** GitHub: tells jobs of one attempt apart that have one name. */
  readonly checkRunId?: number | undefined;
  /** Decides where no CI run does, beside the content: the same report for another commit is another run. */
  readonly gitSha?: string | undefined;
  /** SHA-256 over the bytes of all reports, in hex; decides where no CI run does. */
  readonly payloadSha256: string;
}

/**
 * The upload's key, SHA-256 in hex, without the team (saveRun adds it). Inside a CI run it is the run, attempt, job, check run,
 * step, lane and discriminator, so that a retry with other bytes is a conflict and not a second run; outside it is the commit and the content.
 * Where the system names neither step nor check run, the key is the one that programs before them made.
 */
export function makeUploadKey(identity: UploadIdentity): string {
  const inCi = identity.workflowRunId !== undefined;
  const { step, checkRunId, gitSha } = identity;
  const isPlain = !inCi || (step === undefined && checkRunId === undefined);
  return digest([
    isPlain ? 'lukhas upload 1' : 'lukhas upload 2',
    identity.repository,
    identity.workflowRunId,
    inCi ? String(identity.runAttempt ?? 1) : undefined,
    identity.job,
    identity.discriminator,
    identity.lane,
    inCi ? undefined : identity.payloadSha256,
    ...(isPlain ? [] : [step, checkRunId?.toString()]),
    ...(inCi || gitSha === undefined ? [] : [gitSha]),
  ]).toString('hex');
}

/** SHA-256 in hex over the hashes of the reports and of the coverage. */
export function hashPayload(...sha256: readonly string[]): string {
  return createHash('sha256').update(sha256.join('\n')).digest('hex');
}

/** The key as it is stored: the team is part of it, so that equal uploads of two teams share no id. */
export function teamUploadKey(teamId: string, uploadKey: string): Buffer {
  return digest(['lukhas team upload 1', teamId, uploadKey]);
}

/** A run's id, shaped like a UUIDv7: 48 bits of created_at in milliseconds, then bits of the stored key. */
export function makeRunId(createdAt: Date, teamKey: Buffer): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(createdAt.getTime(), 0, 6);
  teamKey.copy(bytes, 6, 0, 10);
  return uuidOf(shaped(bytes));
}

/** The time in a run's id: what `lukhas_run_ts` gives in SQL. */
export function runIdTime(runId: string): Date {
  return new Date(Number.parseInt(runId.replaceAll('-', '').slice(0, 12), 16));
}

/**
 * First 24 hex digits, with hyphens, of the ids of one attempt's rows; the row's number as 8 hex digits completes them.
 * Random, so that nothing an unfinished attempt wrote can stand in the way of the next one; rising with time and row, so that
 * rows enter the primary key's index side by side.
 */
export function makeRowIdPrefix(createdAt: Date): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(createdAt.getTime(), 0, 6);
  randomBytes(6).copy(bytes, 6);
  return uuidOf(shaped(bytes)).slice(0, 28);
}

/** Joins parts with their lengths, so that no two lists give one text. */
function digest(parts: readonly (string | undefined)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part === undefined ? '-;' : `${Buffer.byteLength(part)}:${part};`, 'utf8');
  }
  return hash.digest();
}

function shaped(bytes: Buffer): Buffer {
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
