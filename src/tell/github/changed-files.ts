// The changed files of a pull request, for clones that are too shallow to tell. Knows nothing of coverage.
import type { PulledFile } from '../../model.ts';
import { type GithubEdges, openApi } from './api.ts';

const filesOfPage = 100;
/** A change of more files is not read. */
const mostPages = 20;

/**
 * Reads the changed files of a pull request; undefined where there are more than 2,000.
 *
 * @throws GithubError
 */
export async function readChangedFiles(
  edges: GithubEdges,
  number: number,
): Promise<readonly PulledFile[] | undefined> {
  const api = openApi(edges, 'pull-requests: read');
  const files: PulledFile[] = [];
  for (let page = 1; page <= mostPages; page++) {
    const { data } = await api.repeat(() =>
      api.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', {
        ...api.names,
        pull_number: number,
        per_page: filesOfPage,
        page,
      }),
    );
    for (const { filename, previous_filename: former, status, sha, patch } of data) {
      const formerPath = status === 'added' ? undefined : (former ?? filename);
      const isDeleted = status === 'removed';
      // Without a change of lines there is no patch, as where it would be too long.
      const isMoved = patch === undefined && status === 'renamed';
      files.push({ path: filename, formerPath, isDeleted, blob: sha ?? '', patch: isMoved ? '' : patch });
    }
    if (data.length < filesOfPage) return files;
  }
  return undefined;
}
