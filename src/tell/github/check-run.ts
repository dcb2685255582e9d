// A check run on the commit, which branch rules can require. Knows nothing of reports or databases.
import { type GithubEdges, openApi } from './api.ts';

export interface CheckRunRequest {
  /** Its name in the pull request's list of checks. */
  readonly name: string;
  readonly sha: string;
  readonly conclusion: 'success' | 'failure' | 'neutral';
  /** One line of plain text. */
  readonly title: string;
  /** Markdown, at most 65,535 characters. */
  readonly summary: string;
}

/**
 * Adds a completed check run. Of several with one name GitHub uses the latest.
 *
 * @throws GithubError
 */
export async function addCheckRun(edges: GithubEdges, { sha, title, summary, ...run }: CheckRunRequest) {
  const api = openApi(edges, 'checks: write');
  await api.repeat(() =>
    api.octokit.request('POST /repos/{owner}/{repo}/check-runs', {
      ...api.names,
      ...run,
      head_sha: sha,
      status: 'completed',
      output: { title, summary },
    }),
  );
}
