// Names the repository outside CI, where no system does: by its remote, else by its first commit, else by its folder.
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import type { Naming } from '../errors.ts';
import type { Warning } from '../model.ts';
import type { Env } from './ci.ts';
import { fitColumn } from './columns.ts';
import { type Checkout, type GitSettings, runGit } from './git.ts';

export interface Identity {
  /** `github.com/acme/shop`, `first-commit:<40 digits>` or `folder:<32 digits>`. */
  readonly repository: string | undefined;
  /** Where only the folder's path tells repositories apart, and containers have equal paths. */
  readonly unsure: Warning | undefined;
}

/**
 * The repository that a folder is in. `upstream` is asked before `origin`, so that a fork's clone counts for what it was forked from.
 *
 * @param settings of git, where it gave any
 */
export async function identifyRepository(
  folder: string,
  { root, isShallow }: Pick<Checkout, 'root' | 'isShallow'>,
  settings: GitSettings | undefined,
  { env, naming }: { readonly env: Env; readonly naming: Naming },
): Promise<Identity> {
  if (root !== undefined) {
    const first = async () => (isShallow ? undefined : firstCommitOf(root, env));
    const repository = remoteOf(settings?.remotes ?? new Map()) ?? (await first());
    if (repository !== undefined)
      return { repository: fitColumn('repository', repository), unsure: undefined };
  }
  return identifyFolder(root ?? folder, env, naming);
}

function remoteOf(remotes: GitSettings['remotes']): string | undefined {
  const known = ['upstream', 'origin'].filter((name) => remotes.has(name));
  for (const name of known.length > 0 ? known : remotes.size === 1 ? remotes.keys() : []) {
    const place = placeOf(remotes.get(name));
    if (place !== undefined) return place;
  }
  return undefined;
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
    : [host, ...parts].join('/').toLowerCase();
}

/** The first commit of the first-parent line. A shallow clone does not know it. */
async function firstCommitOf(root: string, env: Env): Promise<string | undefined> {
  const { stdout, problem } = await runGit(
    root,
    ['rev-list', '--first-parent', '--max-parents=0', 'HEAD', '--'],
    env,
  );
  const sha = /^[0-9a-f]{40}/.exec(stdout)?.[0];
  return problem === undefined && sha !== undefined ? `first-commit:${sha}` : undefined;
}

function identifyFolder(folder: string, env: Env, naming: Naming): Identity {
  let real: string;
  try {
    real = realpathSync.native(folder);
  } catch {
    return { repository: undefined, unsure: undefined };
  }
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 32);
  return {
    repository: `folder:${hash}`,
    unsure: isContainer(env) ? containerWarning(real, naming) : undefined,
  };
}

function isContainer(env: Env): boolean {
  return (
    existsSync('/.dockerenv') ||
    existsSync('/run/.containerenv') ||
    (env.KUBERNETES_SERVICE_HOST ?? '') !== '' ||
    (env.container ?? '') !== ''
  );
}

function containerWarning(folder: string, name: Naming): Warning {
  const option = name('repository');
  return {
    code: 'repository-by-folder',
    message: `git names no repository here: the run is stored for this folder, and equal folders of other containers are taken for it${option === undefined ? '' : `; name it with ${option}`}`,
    file: folder,
  };
}
