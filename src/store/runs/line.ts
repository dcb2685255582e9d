// Names the line that a run is one of: what must be equal for two runs to be compared as the same tests. Pure.
import { createHash } from 'node:crypto';
import type { RunContext } from '../../model.ts';

export type LineIdentity = Pick<RunContext, 'repository' | 'project' | 'lane' | 'jobName' | 'step'>;

/**
 * A UUID for team, repository, project, lane, job and step. The job's name holds the upload key and the values of a matrix. A step
 * counts only where the workflow gave it an id: the names that GitHub makes (`__run_5`, `__owner_repo_2`) move when a step is
 * inserted, and no id of a workflow begins so.
 */
export function makeLineId(teamId: string, line: LineIdentity): string {
  const step = line.step?.startsWith('__') === true ? undefined : line.step;
  const parts = [
    'lukhas line 1',
    teamId,
    // Hosts do not tell repositories apart by case.
    line.repository?.toLowerCase() ?? null,
    line.project ?? null,
    line.lane ?? null,
    line.jobName ?? null,
    step ?? null,
  ];
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  // Version 8: made by an own rule.
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
