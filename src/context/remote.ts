// Where a repository lies, by what a remote, a CI system or a person calls it. Pure.

/** Where the hosts listen for SSH on a port that firewalls let through. */
const hostAliases: Readonly<Record<string, string>> = {
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
};

/** The host of a name that somebody gave: github.com of github.com/acme/shop. A name that says none: acme/shop, group/sub/shop. */
export function hostOfName(name: string | undefined): string | undefined {
  const host = /^([^/]+)\/[^/]+\/[^/]/.exec(name ?? '')?.[1]?.toLowerCase();
  return host !== undefined && /[.:]/.test(host) ? host : undefined;
}

/**
 * The host of a server, by its URL or its bare name, or of a remote's URL, in lower case.
 * matches: https://github.com, http://Git.example.com:3000/, gitlab.com, git@github.com:acme/shop.git; not: /srv/git/shop
 */
export function hostOf(server: string | undefined): string | undefined {
  const bare = /^(?:https?:\/\/)?(\[[0-9a-f:.]+\]|[^/:@?#\s]+)(?::\d+)?\/?$/i.exec(server ?? '')?.[1];
  return (bare ?? placeOf(server)?.split('/')[0])?.toLowerCase();
}

/**
 * Host and path of a remote's URL in lower case, without credentials and port.
 * matches: git@GitHub.com:Acme/Shop.git, https://user:p@ss@host/a/b, ssh://git@host:22/a/b; not: /srv/git/a, ../a, file:///a, C:\a
 */
export function placeOf(url: string | undefined): string | undefined {
  const match =
    /^(?!file:)[a-z+]{2,10}:\/\/(?:[^/?#]*@)?(?<host>\[[0-9a-f:.]+\]|[^/:@?#\s]+)(?::\d*)?\/(?<path>[^?#\s]+)/i.exec(
      url ?? '',
    ) ?? /^(?:[^/:\s]*@)?(?<host>[^/:@\s\\]{2,}):(?!\/\/)(?<path>[^?#\s\\]+)$/i.exec(url ?? '');
  const { host, path } = match?.groups ?? {};
  const parts = path
    ?.replace(/\/+$/, '')
    .replace(/\.git$/i, '')
    .split('/')
    .filter((part) => part !== '');
  return host === undefined || parts === undefined || parts.length === 0
    ? undefined
    : [hostAliases[host.toLowerCase()] ?? host, ...parts].join('/').toLowerCase();
}
