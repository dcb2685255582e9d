// Sources of files as a commit had them, for clones that are too shallow to tell. Knows nothing of tests.
import { type GithubEdges, GithubError, openApi } from './api.ts';

/** GitHub answers for so many in one request; of a change of more files nothing is asked. */
const mostFiles = 50;
/** In bytes, all together. */
const mostBytes = 6 * 1024 * 1024;

interface Blob {
  readonly text?: string | null;
  readonly isTruncated?: boolean;
}

interface Answer {
  readonly repository?: Readonly<Record<string, Blob | null>> | null;
}

/**
 * Reads files of a commit in one request, by their paths from the repository's root; large and binary ones and those that the commit
 * lacks are left out. undefined where there are more than 50, or the repository has no such commit.
 *
 * @throws GithubError
 */
export async function readFileSources(
  edges: GithubEdges,
  sha: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  if (paths.length === 0 || paths.length > mostFiles) return undefined;
  const api = openApi(edges, 'contents: read');
  const variables = paths.map((_, i) => `$f${i}: String!`).join(', ');
  const fields = paths.map(
    (_, i) => `f${i}: object(expression: $f${i}) { ... on Blob { text isTruncated } }`,
  );
  const query = `query ($owner: String!, $repo: String!, $sha: GitObjectID!, ${variables}) {
    repository(owner: $owner, name: $repo) { commit: object(oid: $sha) { oid } ${fields.join(' ')} }
  }`;
  const asked = Object.fromEntries(paths.map((path, i) => [`f${i}`, `${sha}:${path}`]));
  const answer = await api.repeat(async () => {
    try {
      return { data: await api.octokit.graphql<Answer | undefined>(query, { ...api.names, sha, ...asked }) };
    } catch (error) {
      // An error in a GraphQL answer with status 200 must not be repeated as a broken connection.
      const refused = (error as { readonly errors?: readonly { readonly message?: unknown }[] }).errors;
      if (refused === undefined) throw error;
      return { refused: String(refused[0]?.message ?? '').slice(0, 200) };
    }
  });
  if ('refused' in answer)
    throw new GithubError(
      `GitHub refused: ${answer.refused}; the job may need \`permissions: contents: read\``,
    );
  // What stands between may answer with anything.
  const repository = answer.data?.repository;
  if (repository?.commit == null) return undefined;
  const found = new Map<string, string>();
  let left = mostBytes;
  for (const [i, path] of paths.entries()) {
    const { text, isTruncated } = repository[`f${i}`] ?? {};
    if (typeof text !== 'string' || isTruncated === true || text.length > left) continue;
    left -= text.length;
    found.set(path, text);
  }
  return found;
}
