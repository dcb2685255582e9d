// What of the data may stand in an address: a commit or a path. Pure.

/** A commit's whole name, for an address. */
export function isCommit(sha: string | undefined): sha is string {
  return sha !== undefined && /^[0-9a-f]{40}$/.test(sha);
}

/** A path inside a repository, for an address: each part escaped. undefined where it is none. */
export function addressOfPath(path: string): string | undefined {
  const parts = path.split('/');
  if (path === '' || path.length > 1000 || /[\p{C}\\]/u.test(path)) return undefined;
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return parts.map(encodeURIComponent).join('/');
}
