// The context's columns: the form and length of their values. Knows nothing of where values come from.
import { createHash } from 'node:crypto';

/** Longest value of each text column in code points, as VARCHAR counts. */
const maxLengths = {
  git_sha: 40,
  git_branch: 255,
  git_commit_message: 10_000,
  ci_system: 50,
  python_version: 20,
  pytest_version: 20,
  lambda_id: 255,
  lane: 50,
  base_branch: 255,
  repository: 255,
  workflow_run_id: 255,
  job: 255,
  job_name: 255,
  workflow: 255,
  step: 255,
} as const;

export type TextColumn = keyof typeof maxLengths;

export function maxLengthOf(column: TextColumn): number {
  return maxLengths[column];
}

// C0 and C1 controls and DEL; the message keeps its tabs and line feeds.
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
const controlsOfMessage = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Half characters: neither UTF-8 nor PostgreSQL can hold them. */
export const loneSurrogates = /\p{Surrogate}/gu;

/**
 * Fits a detected value to its column: removes control characters, trims, and cuts a long value with a hash at its end, so
 * that two long values stay different. undefined when nothing is left.
 */
export function fitColumn(column: TextColumn, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const isMessage = column === 'git_commit_message';
  // Bounds the work below; no column is nearly as long.
  const text = value
    .slice(0, 100_000)
    .replace(loneSurrogates, '\ufffd')
    .replace(isMessage ? /\r\n?/g : /$^/, '\n')
    .replace(isMessage ? controlsOfMessage : controls, '')
    .trim();
  if (text === '') return undefined;
  const points = Array.from(text);
  const max = maxLengths[column];
  if (points.length <= max) return text;
  if (isMessage) return `${points.slice(0, max - 1).join('')}…`;
  const mark = `~${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return points.slice(0, max - mark.length).join('') + mark;
}

/**
 * A full commit id in lower case.
 * matches: 40 or 64 hex digits; not: HEAD, abbreviations, all zeros
 */
export function commitId(value: string | undefined): string | undefined {
  const text = value?.trim().toLowerCase() ?? '';
  return /^(?!0+$)(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : undefined;
}

/** A number from 1 that fits PostgreSQL's integer. */
export function positiveInteger(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value.trim())) return undefined;
  const number = Number(value);
  return number >= 1 && number <= 2_147_483_647 ? number : undefined;
}

/**
 * A version as Python writes it.
 * matches: 3.12, 3.12.4, 3.14.0rc2, 8.4.2, 3.13.0+, 9.0.0.dev3; not: x64, 3, 3.12-slim
 */
export function version(value: string | undefined): string | undefined {
  const text = value?.trim() ?? '';
  return text.length <= 20 && /^\d+\.\d+(\.\d+)*((a|b|rc)\d+)?(\.(dev|post)\d+)?\+?$/.test(text)
    ? text
    : undefined;
}
